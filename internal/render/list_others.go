package render

import (
	"cmp"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

func otherRows(c *model.Cluster) []row {
	var rows []row
	for _, o := range others(c) {
		rows = append(rows, row{
			cells:  []string{orDash(o.Origin.Namespace), orDash(o.Origin.Name), orDash(o.Origin.Kind)},
			origin: o.Origin,
			object: func() map[string]any { return rawObject(o) },
		})
	}
	return rows
}

// others are the objects that no other table shows, sorted by kind and name.
// The kind config, Cilium's ConfigMap and its chart's values are read into types
// of their own and are added where they do not stand among the raw objects too.
func others(c *model.Cluster) []*model.Object {
	var found []*model.Object
	for _, o := range slices.Concat(c.Policies, c.Others) {
		if !hasPolicyTable(o.Origin.Kind) {
			found = append(found, o)
		}
	}
	add := func(origin model.Origin, version string) {
		if !slices.ContainsFunc(found, func(o *model.Object) bool { return o.Origin == origin }) {
			found = append(found, &model.Object{Origin: origin, APIVersion: version})
		}
	}
	if c.CiliumConfig != nil {
		add(c.CiliumConfig.Origin, "v1")
	}
	for _, v := range c.CiliumValues {
		add(v.Origin, "")
	}
	if c.Kind != nil {
		add(c.Kind.Origin, "kind.x-k8s.io/v1alpha4")
	}
	slices.SortStableFunc(found, func(a, b *model.Object) int {
		return cmp.Or(cmp.Compare(a.Origin.Kind, b.Origin.Kind), model.CompareOrigins(a.Origin, b.Origin))
	})
	return found
}

func hasPolicyTable(kind string) bool {
	for _, k := range policyKinds {
		if k.kind == kind {
			return true
		}
	}
	return false
}
