package gateway

import (
	"slices"

	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// grant is a ReferenceGrant: whose objects may refer to which of its namespace.
type grant struct {
	object *model.Object
	spec   gatewayapi.ReferenceGrantSpec
}

// reference is one object's reference to another.
type reference struct {
	fromGroup, fromKind, fromNamespace   string
	toGroup, toKind, toNamespace, toName string
}

// granted says whether a reference needs no grant or has one. Source:
// gateway-api v1.6.1 apis/v1 referencegrant_types.go.
func (t *Table) granted(r reference) bool {
	return r.fromNamespace == r.toNamespace || slices.ContainsFunc(t.grants, func(g grant) bool { return g.covers(r) })
}

func (g grant) covers(r reference) bool {
	from := slices.ContainsFunc(g.spec.From, func(f gatewayapi.ReferenceGrantFrom) bool {
		return string(f.Group) == r.fromGroup && string(f.Kind) == r.fromKind && string(f.Namespace) == r.fromNamespace
	})
	to := slices.ContainsFunc(g.spec.To, func(to gatewayapi.ReferenceGrantTo) bool {
		return string(to.Group) == r.toGroup && string(to.Kind) == r.toKind && (deref(to.Name, "") == "" || string(*to.Name) == r.toName)
	})
	return g.object.Origin.Namespace == r.toNamespace && from && to
}
