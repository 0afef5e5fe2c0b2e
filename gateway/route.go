package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// route is a route of any kind, or one host of an Ingress, reduced to what
// decides about a request.
type route struct {
	object *model.Object
	// at is where it stands: the object, or a rule of an Ingress.
	at        model.Origin
	kind      string
	namespace string
	name      string
	created   time.Time
	parents   []gatewayapi.ParentReference
	// gateway is set for an Ingress, in place of parents.
	gateway *Gateway
	// secured is true where an Ingress sends clients from http to https.
	secured   bool
	hostnames []string
	rules     []rule
}

// rule is one rule of a route.
type rule struct {
	at       model.Origin
	matches  []match
	filters  []gatewayapi.HTTPRouteFilter
	backends []backendRef
	// conditions say what of the rule netsim does not read.
	conditions []string
}

// backendRef is one of the backends of a rule.
type backendRef struct {
	at model.Origin
	gatewayapi.BackendRef
	filters []gatewayapi.HTTPRouteFilter
	// portName names the port where an Ingress does so.
	portName string
}

func newRoute(o *model.Object, created time.Time, spec gatewayapi.CommonRouteSpec, hostnames []gatewayapi.Hostname) *route {
	r := &route{
		object: o, at: o.Origin, kind: o.Origin.Kind, namespace: o.Origin.Namespace, name: o.Origin.Name,
		created: created, parents: spec.ParentRefs,
	}
	for _, h := range hostnames {
		r.hostnames = append(r.hostnames, strings.ToLower(string(h)))
	}
	return r
}

func httpRoute(o *model.Object, in *gatewayapi.HTTPRoute) *route {
	r := newRoute(o, in.CreationTimestamp.Time, in.Spec.CommonRouteSpec, in.Spec.Hostnames)
	for i, in := range in.Spec.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		out := rule{at: at(o, path), filters: in.Filters}
		for j, m := range in.Matches {
			out.matches = append(out.matches, httpMatch(at(o, fmt.Sprintf("%s.matches[%d]", path, j)), m))
		}
		if len(in.Matches) == 0 { // the CRD's default
			out.matches = []match{httpMatch(out.at, gatewayapi.HTTPRouteMatch{})}
		}
		for j, b := range in.BackendRefs {
			out.backends = append(out.backends, backendRef{at: at(o, fmt.Sprintf("%s.backendRefs[%d]", path, j)), BackendRef: b.BackendRef, filters: b.Filters})
		}
		r.rules = append(r.rules, out)
	}
	if len(r.rules) == 0 { // the CRD's default: one rule, which answers 500
		r.rules = []rule{{at: o.Origin, matches: []match{httpMatch(o.Origin, gatewayapi.HTTPRouteMatch{})}}}
	}
	return r
}

func grpcRoute(o *model.Object, in *gatewayapi.GRPCRoute) *route {
	r := newRoute(o, in.CreationTimestamp.Time, in.Spec.CommonRouteSpec, in.Spec.Hostnames)
	for i, in := range in.Spec.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		out := rule{at: at(o, path)}
		for _, f := range in.Filters {
			out.filters = append(out.filters, gatewayapi.HTTPRouteFilter{Type: gatewayapi.HTTPRouteFilterType(f.Type), RequestHeaderModifier: f.RequestHeaderModifier, ExtensionRef: f.ExtensionRef})
		}
		for j, m := range in.Matches {
			out.matches = append(out.matches, grpcMatch(at(o, fmt.Sprintf("%s.matches[%d]", path, j)), m))
		}
		if len(in.Matches) == 0 {
			out.matches = []match{grpcMatch(out.at, gatewayapi.GRPCRouteMatch{})}
		}
		for j, b := range in.BackendRefs {
			out.backends = append(out.backends, backendRef{at: at(o, fmt.Sprintf("%s.backendRefs[%d]", path, j)), BackendRef: b.BackendRef})
		}
		r.rules = append(r.rules, out)
	}
	return r
}

func tlsRoute(o *model.Object, in *gatewayapi.TLSRoute) *route {
	r := newRoute(o, in.CreationTimestamp.Time, in.Spec.CommonRouteSpec, in.Spec.Hostnames)
	for i, rule := range in.Spec.Rules {
		r.rules = append(r.rules, streamRule(o, i, rule.BackendRefs))
	}
	return r
}

func tcpRoute(o *model.Object, in *gatewayapi.TCPRoute) *route {
	r := newRoute(o, in.CreationTimestamp.Time, in.Spec.CommonRouteSpec, nil)
	for i, rule := range in.Spec.Rules {
		r.rules = append(r.rules, streamRule(o, i, rule.BackendRefs))
	}
	return r
}

// streamRule takes every connection.
func streamRule(o *model.Object, i int, backends []gatewayapi.BackendRef) rule {
	path := fmt.Sprintf("rules[%d]", i)
	out := rule{at: at(o, path)}
	out.matches = []match{{at: out.at, path: anyPath()}}
	for j, b := range backends {
		out.backends = append(out.backends, backendRef{at: at(o, fmt.Sprintf("%s.backendRefs[%d]", path, j)), BackendRef: b})
	}
	return out
}

// compareRoutes puts the older route first, and then goes by namespace and
// name. One without a creation time is not in a cluster yet, and so the newer.
func compareRoutes(a, b *route) int {
	if a.created.IsZero() != b.created.IsZero() {
		if b.created.IsZero() {
			return -1
		}
		return 1
	}
	return cmp.Or(a.created.Compare(b.created), strings.Compare(a.namespace+"/"+a.name, b.namespace+"/"+b.name), strings.Compare(a.kind, b.kind))
}

// Backends are the Services that the routes of a Gateway name, without asking
// whether they may, in the order of the routes.
func (t *Table) Backends(g *Gateway) []Backend {
	var out []Backend
	for _, r := range t.routes {
		if !r.refersTo(g) {
			continue
		}
		for _, rule := range r.rules {
			for _, ref := range rule.backends {
				b := Backend{
					Namespace: string(deref(ref.Namespace, gatewayapi.Namespace(r.namespace))), Service: string(ref.Name),
					Port: uint16(deref(ref.Port, 0)), At: ref.at,
				}
				svc := t.index.Service(b.Namespace, b.Service)
				if svc == nil || string(deref(ref.Kind, "Service")) != "Service" {
					continue
				}
				if b.findPort(svc, ref); b.Status == 0 && !slices.ContainsFunc(out, func(o Backend) bool { return o.Ref() == b.Ref() }) {
					out = append(out, b)
				}
			}
		}
	}
	return out
}
