package gateway

import (
	"fmt"
	"slices"
	"strings"

	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// Gateway is a Gateway, or all Ingresses of one class, or one Ingress to which
// Cilium gives a data plane's address of its own.
type Gateway struct {
	Origin    model.Origin
	Namespace string
	Name      string
	// Class is the name of its GatewayClass or IngressClass.
	Class string
	// Controller is who makes it work, nil where that is not known.
	Controller *Controller
	// Addresses are the addresses in its spec and status, as they are written.
	Addresses []string
	// HostPort is the port of the nodes that the annotation of such an Ingress
	// asks for, 0 for none.
	HostPort uint16

	object    *model.Object
	listeners []*listener
}

// Ref names the Gateway as "namespace/name"; that of a class of Ingresses is
// the class's name, that of one Ingress like that of a Gateway.
func (g *Gateway) Ref() string {
	if g.Namespace == "" {
		return g.Name
	}
	return g.Namespace + "/" + g.Name
}

// Ports are the ports of its listeners, sorted.
func (g *Gateway) Ports() []uint16 {
	var ports []uint16
	for _, l := range g.listeners {
		ports = append(ports, l.port)
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// listener is one listener of a Gateway.
type listener struct {
	origin   model.Origin
	name     string
	port     uint16
	protocol gatewayapi.ProtocolType
	// passthrough is true where TLS ends at the backend.
	passthrough bool
	hostname    string
	allowed     gatewayapi.AllowedRoutes
	secrets     []gatewayapi.SecretObjectReference
	// invalid says why it does not serve, "" if it does.
	invalid string
	// hint is what would make it serve.
	hint string
}

func newGateway(o *model.Object, in *gatewayapi.Gateway) *Gateway {
	g := &Gateway{
		Origin: o.Origin, object: o, Namespace: o.Origin.Namespace, Name: o.Origin.Name,
		Class: string(in.Spec.GatewayClassName),
	}
	for _, a := range in.Status.Addresses {
		g.Addresses = append(g.Addresses, a.Value)
	}
	for _, a := range in.Spec.Addresses {
		g.Addresses = append(g.Addresses, a.Value)
	}
	for i, in := range in.Spec.Listeners {
		l := &listener{
			origin: at(o, fmt.Sprintf("listeners[%d]", i)), name: string(in.Name), port: uint16(in.Port),
			protocol: in.Protocol, hostname: strings.ToLower(string(deref(in.Hostname, ""))),
			allowed: deref(in.AllowedRoutes, gatewayapi.AllowedRoutes{}),
		}
		if l.hostname == "" {
			l.hostname = anyHost
		}
		if in.TLS != nil {
			l.passthrough = deref(in.TLS.Mode, gatewayapi.TLSModeTerminate) == gatewayapi.TLSModePassthrough
			l.secrets = in.TLS.CertificateRefs
		}
		g.listeners = append(g.listeners, l)
	}
	return g
}

// validate finds the listeners that do not serve. Source: gateway-api v1.6.1
// apis/v1 gateway_types.go GatewaySpec.Listeners (distinct listeners) and
// ListenerTLSConfig.CertificateRefs.
func (g *Gateway) validate(t *Table) {
	for _, l := range g.listeners {
		l.invalid, l.hint = g.conflict(l)
		for i, ref := range l.secrets {
			namespace := string(deref(ref.Namespace, gatewayapi.Namespace(g.Namespace)))
			if l.invalid != "" || t.granted(reference{gatewayGroup, "Gateway", g.Namespace, "", "Secret", namespace, string(ref.Name)}) {
				continue
			}
			l.invalid = fmt.Sprintf("listener %s takes its certificate (tls.certificateRefs[%d]) from Secret %s/%s, and no ReferenceGrant in namespace %s lets Gateways of %s do so", l.name, i, namespace, ref.Name, namespace, g.Namespace)
			l.hint = fmt.Sprintf("add a ReferenceGrant in namespace %s, from Gateways in %s to Secrets, or keep the Secret in namespace %s", namespace, g.Namespace, g.Namespace)
		}
	}
}

// conflict says what another listener on the same port has against one. HTTPS
// and TLS may share a port, told apart by the server's name.
func (g *Gateway) conflict(l *listener) (why, hint string) {
	for _, other := range g.listeners {
		switch {
		case other == l || other.port != l.port || isUDP(other) != isUDP(l):
		case overTLS(other) != overTLS(l) || other.protocol == gatewayapi.TCPProtocolType && l.protocol != other.protocol:
			return fmt.Sprintf("listener %s (%s) and listener %s (%s) both want port %d: their protocols conflict", l.name, l.protocol, other.name, other.protocol, l.port), "give one of them another port"
		case other.hostname == l.hostname:
			return fmt.Sprintf("listener %s and listener %s have the same port %d and hostname %s: they conflict", l.name, other.name, l.port, l.hostname), "give one of them another hostname or port"
		}
	}
	return "", ""
}

func isUDP(l *listener) bool { return l.protocol == gatewayapi.UDPProtocolType }

func overTLS(l *listener) bool {
	return l.protocol == gatewayapi.HTTPSProtocolType || l.protocol == gatewayapi.TLSProtocolType
}
