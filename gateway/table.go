package gateway

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	networking "k8s.io/api/networking/v1"
	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// Table is everything in a cluster that says how gateways route. It is made
// once and only read afterwards.
type Table struct {
	index    *model.Index
	settings Settings
	classes  map[string]string // the controllerName of each class by its name
	gateways []*Gateway
	routes   []*route
	grants   []grant
	// unread are the objects that could not be decoded: whatever they say is
	// missing from every decision.
	unread []model.Origin
}

const (
	gatewayGroup = gatewayapi.GroupName
	ingressGroup = "networking.k8s.io"
)

// Settings are what the configuration of Cilium's operator says of Ingresses;
// the zero value is its defaults. Source: cilium v1.20.2 operator/pkg/ingress/cell.go.
type Settings struct {
	// SharedIngress is true where Ingresses share one Service unless they say
	// otherwise (ingress-default-lb-mode).
	SharedIngress bool
	// SharedService is that Service's name, "" for cilium-ingress.
	SharedService string
	// PlainIngress is true where hosts with TLS are served over http as well
	// (enforce-ingress-https).
	PlainIngress bool
}

// New reads the routing objects of a cluster. One that cannot be decoded is an
// Issue, and every Decision says that it is missing.
func New(ix *model.Index, settings Settings) (*Table, []model.Issue) {
	t := &Table{index: ix, settings: settings, classes: map[string]string{}}
	r := reader{table: t}
	for _, o := range ix.Cluster.Others {
		r.object(o)
	}
	slices.SortFunc(t.routes, compareRoutes)
	t.addIngresses(r.ingresses, r.ingressClasses)
	for _, g := range t.gateways {
		if g.Controller == nil {
			g.Controller = t.controllerOf(g)
		}
		g.validate(t)
	}
	return t, r.issues
}

// Gateways are all Gateways, and after them one for each class of Ingresses
// that has any.
func (t *Table) Gateways() []*Gateway { return t.gateways }

// reader takes the objects apart.
type reader struct {
	table          *Table
	ingresses      []ingress
	ingressClasses []*networking.IngressClass
	issues         []model.Issue
}

func (r *reader) object(o *model.Object) {
	group, _, _ := strings.Cut(o.APIVersion, "/")
	switch group + "/" + o.Origin.Kind {
	case gatewayGroup + "/GatewayClass":
		if class := decode[gatewayapi.GatewayClass](r, o); class != nil {
			r.table.classes[o.Origin.Name] = string(class.Spec.ControllerName)
		}
	case gatewayGroup + "/Gateway":
		if in := decode[gatewayapi.Gateway](r, o); in != nil {
			r.table.gateways = append(r.table.gateways, newGateway(o, in))
		}
	case gatewayGroup + "/HTTPRoute":
		if in := decode[gatewayapi.HTTPRoute](r, o); in != nil {
			r.table.routes = append(r.table.routes, httpRoute(o, in))
		}
	case gatewayGroup + "/GRPCRoute":
		if in := decode[gatewayapi.GRPCRoute](r, o); in != nil {
			r.table.routes = append(r.table.routes, grpcRoute(o, in))
		}
	case gatewayGroup + "/TLSRoute":
		if in := decode[gatewayapi.TLSRoute](r, o); in != nil {
			r.table.routes = append(r.table.routes, tlsRoute(o, in))
		}
	case gatewayGroup + "/TCPRoute":
		if in := decode[gatewayapi.TCPRoute](r, o); in != nil {
			r.table.routes = append(r.table.routes, tcpRoute(o, in))
		}
	case gatewayGroup + "/ReferenceGrant":
		if in := decode[gatewayapi.ReferenceGrant](r, o); in != nil {
			r.table.grants = append(r.table.grants, grant{o, in.Spec})
		}
	case ingressGroup + "/Ingress":
		if in := decode[networking.Ingress](r, o); in != nil {
			r.ingresses = append(r.ingresses, ingress{o, in})
		}
	case ingressGroup + "/IngressClass":
		if in := decode[networking.IngressClass](r, o); in != nil {
			r.ingressClasses = append(r.ingressClasses, in)
		}
	}
}

// decode is nil, with an Issue, where a field has another type than the API's.
func decode[T any](r *reader, o *model.Object) *T {
	in := new(T)
	err := json.Unmarshal(o.JSON, in)
	if err == nil {
		return in
	}
	r.table.unread = append(r.table.unread, o.Origin)
	r.issues = append(r.issues, model.Issue{
		Severity: model.Error, File: o.Origin.File, Line: o.Origin.Line,
		Message: fmt.Sprintf("%s is no good: %v", o.Origin.ID(), err),
		Remedy:  "correct the field: an API server refuses the object, and no request is routed by it",
	})
	return nil
}

// at is the origin of a field of an object, with its line. Rule is the path
// below the spec.
func at(o *model.Object, path string) model.Origin {
	origin := o.Origin
	origin.Line = o.Line("spec." + path)
	origin.Rule = path
	return origin
}

func deref[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
