package gateway

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"
)

// refersTo says whether a route names a Gateway as a parent.
func (r *route) refersTo(g *Gateway) bool {
	if r.gateway != nil {
		return r.gateway == g
	}
	return slices.ContainsFunc(r.parents, func(p gatewayapi.ParentReference) bool { return r.isParent(p, g) })
}

func (r *route) isParent(p gatewayapi.ParentReference, g *Gateway) bool {
	return deref(p.Group, gatewayGroup) == gatewayGroup && deref(p.Kind, "Gateway") == "Gateway" && g.Namespace != "" &&
		string(p.Name) == g.Name && string(deref(p.Namespace, gatewayapi.Namespace(r.namespace))) == g.Namespace
}

// attach gives the hostnames under which a route that refers to a Gateway is
// served by one of its listeners; where it is not, why says so. Source:
// gateway-api v1.6.1 apis/v1 shared_types.go ParentReference, gateway_types.go
// AllowedRoutes.
func (t *Table) attach(r *route, g *Gateway, l *listener) (hosts []string, why string) {
	switch {
	case r.gateway != nil:
		return hostsOf(r, l), ""
	case !slices.ContainsFunc(r.parents, func(p gatewayapi.ParentReference) bool {
		section, port := string(deref(p.SectionName, "")), deref(p.Port, 0)
		return r.isParent(p, g) && (section == "" || section == l.name) && (port == 0 || uint16(port) == l.port)
	}):
		return nil, fmt.Sprintf("its parentRefs name no listener %s on port %d", l.name, l.port)
	case !l.takesKind(r.kind):
		return nil, fmt.Sprintf("listener %s takes no %s (protocol %s, allowedRoutes.kinds)", l.name, r.kind, l.protocol)
	}
	if why := t.admits(l, g, r.namespace); why != "" {
		return nil, why
	}
	if hosts = hostsOf(r, l); len(hosts) == 0 {
		return nil, fmt.Sprintf("none of its hostnames lies within %s, the hostname of listener %s", l.hostname, l.name)
	}
	return hosts, ""
}

// hostsOf are the hostnames that a route and a listener share.
func hostsOf(r *route, l *listener) []string {
	if len(r.hostnames) == 0 {
		return []string{l.hostname}
	}
	var hosts []string
	for _, h := range r.hostnames {
		if shared := intersect(h, l.hostname); shared != "" {
			hosts = append(hosts, shared)
		}
	}
	return hosts
}

// takesKind goes by the protocol, and by allowedRoutes.kinds where given.
func (l *listener) takesKind(kind string) bool {
	var able []string
	switch l.protocol {
	case gatewayapi.HTTPProtocolType, gatewayapi.HTTPSProtocolType:
		able = []string{"HTTPRoute", "GRPCRoute"}
	case gatewayapi.TLSProtocolType:
		able = []string{"TLSRoute"}
		if !l.passthrough {
			able = append(able, "TCPRoute")
		}
	case gatewayapi.TCPProtocolType:
		able = []string{"TCPRoute"}
	}
	listed := len(l.allowed.Kinds) == 0 || slices.ContainsFunc(l.allowed.Kinds, func(k gatewayapi.RouteGroupKind) bool {
		return deref(k.Group, gatewayGroup) == gatewayGroup && string(k.Kind) == kind
	})
	return listed && slices.Contains(able, kind)
}

// admits says why a listener takes no routes of a namespace, "" if it does.
func (t *Table) admits(l *listener, g *Gateway, namespace string) string {
	allowed := deref(l.allowed.Namespaces, gatewayapi.RouteNamespaces{})
	switch from := deref(allowed.From, gatewayapi.NamespacesFromSame); from {
	case gatewayapi.NamespacesFromAll:
		return ""
	case gatewayapi.NamespacesFromSame:
		if namespace == g.Namespace {
			return ""
		}
		return fmt.Sprintf("listener %s takes routes of its own namespace %s only (allowedRoutes.namespaces.from: Same), and the route is in %s", l.name, g.Namespace, namespace)
	case gatewayapi.NamespacesFromSelector:
		if t.selected(allowed.Selector, namespace) {
			return ""
		}
		return fmt.Sprintf("the labels of namespace %s do not satisfy the selector of listener %s (allowedRoutes.namespaces)", namespace, l.name)
	default:
		return fmt.Sprintf("listener %s takes routes of no namespace (allowedRoutes.namespaces.from: %s)", l.name, from)
	}
}

func (t *Table) selected(selector *metav1.LabelSelector, namespace string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	ns := t.index.Namespace(namespace)
	return err == nil && ns != nil && parsed.Matches(labels.Set(ns.Labels))
}
