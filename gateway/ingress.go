package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	networking "k8s.io/api/networking/v1"
	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// ingress is an Ingress with the lines of its fields.
type ingress struct {
	object *model.Object
	*networking.Ingress
}

const (
	classAnnotation   = "kubernetes.io/ingress.class"
	defaultAnnotation = "ingressclass.kubernetes.io/is-default-class"
	nginxAnnotation   = "nginx.ingress.kubernetes.io/"
	ciliumAnnotation  = "ingress.cilium.io/"
	lbModeAnnotation  = ciliumAnnotation + "loadbalancer-mode"
	portAnnotation    = ciliumAnnotation + "host-listener-port"
	httpsAnnotation   = ciliumAnnotation + "force-https"
)

// addIngresses makes a Gateway of each class of Ingresses, or of each Ingress
// where it has a data plane's address of its own, and a route of each host in an
// Ingress.
func (t *Table) addIngresses(list []ingress, classes []*networking.IngressClass) {
	known := map[string]*Gateway{}
	for _, in := range list {
		class := classOf(in, classes)
		if class == "" {
			continue // no controller looks at it
		}
		g := t.ingressGateway(class, classes)
		if g.Controller.OnNode && t.dedicated(in) {
			port, _ := strconv.ParseUint(in.Annotations[portAnnotation], 10, 16)
			g.Name, g.Origin, g.HostPort = in.object.Origin.Namespace+"/"+in.object.Origin.Name, in.object.Origin, uint16(port)
			for _, l := range g.listeners {
				l.origin = g.Origin
			}
		}
		if known[g.Name] == nil {
			known[g.Name] = g
			t.gateways = append(t.gateways, g)
		}
		t.routes = append(t.routes, t.ingressRoutes(in, known[g.Name])...)
	}
}

// dedicated says whether Cilium gives an Ingress a Service of its own. Source:
// cilium v1.20.2 operator/pkg/ingress/ingress.go isEffectiveLoadbalancerModeDedicated.
func (t *Table) dedicated(in ingress) bool {
	switch in.Annotations[lbModeAnnotation] {
	case "dedicated":
		return true
	case "shared":
		return false
	}
	return !t.settings.SharedIngress
}

// classOf is the class by its field, by its annotation, or by default; "" for
// none.
func classOf(in ingress, classes []*networking.IngressClass) string {
	if class := cmp.Or(deref(in.Spec.IngressClassName, ""), in.Annotations[classAnnotation]); class != "" {
		return class
	}
	for _, c := range classes {
		if c.Annotations[defaultAnnotation] == "true" {
			return c.Name
		}
	}
	return ""
}

// ingressGateway has the two listeners that every Ingress controller has.
func (t *Table) ingressGateway(class string, classes []*networking.IngressClass) *Gateway {
	g := &Gateway{Name: class, Class: class, Origin: model.Origin{Kind: "IngressClass", Name: class}}
	name := map[string]string{"nginx": "k8s.io/ingress-nginx", "cilium": "cilium.io/ingress-controller"}[class]
	for i, o := range t.index.Cluster.Others {
		if o.Origin.Kind == "IngressClass" && o.Origin.Name == class {
			g.Origin = t.index.Cluster.Others[i].Origin
		}
	}
	for _, c := range classes {
		if c.Name == class {
			name = c.Spec.Controller
		}
	}
	g.Controller = anyController(name)
	for _, c := range controllers() {
		if slices.Contains(c.names, name) {
			g.Controller = c
		}
	}
	for _, l := range []listener{{name: "http", port: 80, protocol: gatewayapi.HTTPProtocolType}, {name: "https", port: 443, protocol: gatewayapi.HTTPSProtocolType}} {
		l.hostname, l.origin = anyHost, g.Origin
		g.listeners = append(g.listeners, &l)
	}
	return g
}

// ingressRoutes are one route for each host. The default backend of an Ingress
// takes whatever its paths leave of its hosts, and all hosts that nobody has.
func (t *Table) ingressRoutes(in ingress, g *Gateway) []*route {
	routes := map[string]*route{}
	var hosts []string
	of := func(host string) *route {
		if routes[host] == nil {
			hosts = append(hosts, host)
			routes[host] = &route{
				object: in.object, at: in.object.Origin, kind: "Ingress", namespace: in.object.Origin.Namespace, name: in.object.Origin.Name,
				created: in.CreationTimestamp.Time, gateway: g, hostnames: []string{host},
			}
		}
		return routes[host]
	}
	for i, r := range in.Spec.Rules {
		host := strings.ToLower(cmp.Or(r.Host, anyHost))
		if r.HTTP == nil {
			of(host)
			continue
		}
		for j, p := range r.HTTP.Paths {
			of(host).addIngressRule(in, fmt.Sprintf("rules[%d].http.paths[%d]", i, j), ingressPath(p, g.Controller), p.Backend)
		}
	}
	if b := in.Spec.DefaultBackend; b != nil {
		of(anyHost)
		for _, host := range hosts {
			routes[host].addIngressRule(in, "defaultBackend", pathMatch{value: "/"}, *b)
		}
	}
	out := make([]*route, len(hosts))
	for i, host := range hosts {
		out[i] = routes[host]
		out[i].secured = in.secures(host, g.Controller.OnNode && t.settings.PlainIngress)
	}
	return out
}

// secures says whether clients of a host are sent from http to https: where it
// has TLS, unless an annotation says otherwise, or the controller's setting if
// there is none.
func (in ingress) secures(host string, plain bool) bool {
	switch in.Annotations[httpsAnnotation] {
	case "enabled", "true":
		plain = false
	case "disabled", "false":
		plain = true
	}
	return !plain && in.Annotations[nginxAnnotation+sslRedirect] != "false" && slices.ContainsFunc(in.Spec.TLS, func(tls networking.IngressTLS) bool {
		return slices.ContainsFunc(tls.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
	})
}

// ingressPath is a path by its type. ImplementationSpecific is a prefix of
// characters to nginx, and an expression to Cilium. Sources: k8s.io/api v0.36
// networking/v1 types.go PathType; ingress-nginx's documentation of path types;
// cilium v1.20.2 operator/pkg/model/ingestion/ingress.go.
func ingressPath(p networking.HTTPIngressPath, c *Controller) pathMatch {
	value := cmp.Or(p.Path, "/")
	out := pathMatch{value: value, weight: len(strings.TrimRight(value, "/")) + 1}
	switch deref(p.PathType, networking.PathTypeImplementationSpecific) {
	case networking.PathTypeExact:
		out.kind = exactPath
	case networking.PathTypeImplementationSpecific:
		out.plain = true
		if c.OnNode {
			out.kind, out.weight = regexPath, len(value)
		}
	}
	return out
}

func (r *route) addIngressRule(in ingress, path string, m pathMatch, b networking.IngressBackend) {
	place := at(in.object, path)
	out := rule{at: place, matches: []match{{at: place, path: m}}}
	ref := backendRef{at: at(in.object, path+".backend")}
	switch {
	case b.Service != nil:
		ref.Name, ref.portName = gatewayapi.ObjectName(b.Service.Name), b.Service.Port.Name
		if b.Service.Port.Number > 0 {
			port := gatewayapi.PortNumber(b.Service.Port.Number)
			ref.Port = &port
		}
	case b.Resource != nil:
		kind, group := gatewayapi.Kind(b.Resource.Kind), gatewayapi.Group(deref(b.Resource.APIGroup, ""))
		ref.Name, ref.Kind, ref.Group = gatewayapi.ObjectName(b.Resource.Name), &kind, &group
	}
	out.backends = []backendRef{ref}
	for key := range in.Annotations {
		name, ofNginx := strings.CutPrefix(key, nginxAnnotation)
		ofCilium := strings.HasPrefix(key, ciliumAnnotation) && !slices.Contains([]string{lbModeAnnotation, httpsAnnotation, portAnnotation}, key)
		if ofNginx && name != sslRedirect || ofCilium {
			out.conditions = append(out.conditions, fmt.Sprintf("the annotation %s of Ingress %s/%s, which netsim does not read, changes nothing for this request", key, r.namespace, r.name))
		}
	}
	slices.Sort(out.conditions)
	r.rules = append(r.rules, out)
}

const sslRedirect = "ssl-redirect"
