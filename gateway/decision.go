package gateway

import (
	"fmt"
	"slices"
	"strings"

	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// Decision is what a gateway does with a request. Where it answers by itself,
// Status says how; where it passes the request on, Status is 0 and Backends
// says to whom; where TLS or the connection ends before there is a request,
// Sees says what the client notices.
type Decision struct {
	// Status is the HTTP status of the gateway's own answer, 0 for none.
	Status int
	Sees   model.ClientSees
	// Location is where a redirect points.
	Location string
	// Unknown says why netsim cannot tell, "" if it can.
	Unknown string
	// Listener, Route and Rule are what decided, as far as the request came;
	// Route is the whole object, Rule the match in it.
	Listener, Route, Rule *model.Origin
	// Hostname is the route's or listener's hostname under which the rule was
	// found, "*" for any.
	Hostname string
	// Backends are those with a weight, in the order of the rule. One with a
	// Status is no backend: its share of the requests gets that status.
	Backends []Backend
	// Forward is the request as the backend gets it.
	Forward Request
	// Raw is true where the gateway passes on bytes of which it reads none.
	Raw bool
	// Why says it in words, one sentence without a stop; By names what is to
	// blame beyond the rule.
	Why        string
	By         []model.Origin
	Hint       string
	Conditions []string
}

// Backend is a Service that a rule sends requests to.
type Backend struct {
	Namespace, Service string
	Port               uint16
	// Weight is its share, of the sum of all weights.
	Weight int
	At     model.Origin
	// Status is what the gateway answers in its place, 0 where it serves; Why
	// and Hint go with it.
	Status    int
	Why, Hint string
	// Forward is the request as this backend gets it.
	Forward Request
}

// Ref is the backend as a reference of the command line.
func (b Backend) Ref() string { return fmt.Sprintf("%s/svc/%s:%d", b.Namespace, b.Service, b.Port) }

// Decide follows a request through a Gateway.
func (t *Table) Decide(g *Gateway, r Request) Decision {
	d := Decision{Forward: r, Conditions: t.missing()}
	l := g.listenerFor(r, &d)
	if l == nil {
		return d
	}
	d.Listener = &l.origin
	if l.invalid != "" {
		d.Sees, d.Why, d.Hint, d.By = model.SeesReset, l.invalid, l.hint, []model.Origin{l.origin}
		if !overTLS(l) {
			d.Sees = model.SeesRefused
		}
		return d
	}
	d.Raw = l.protocol == gatewayapi.TCPProtocolType || l.protocol == gatewayapi.TLSProtocolType
	c := t.choose(g, l, r)
	if c.found == nil {
		d.notFound(g, l, r, c)
		return d
	}
	d.Hostname = c.host
	d.Route, d.Rule = &c.found.route.at, &c.found.match.at
	if c.unreadable != "" {
		d.Unknown = c.unreadable
		return d
	}
	t.apply(&d, g, l, r, *c.found)
	return d
}

// missing are the conditions that every decision has.
func (t *Table) missing() []string {
	var list []string
	for _, o := range t.unread {
		list = append(list, fmt.Sprintf("%s (%s), which cannot be read, says nothing of this request", o.ID(), o.Position()))
	}
	for _, o := range t.index.Cluster.Others {
		if o.Origin.Kind == "ListenerSet" || o.Origin.Kind == "XListenerSet" {
			list = append(list, fmt.Sprintf("%s (%s), which netsim does not read, changes nothing for this request", o.Origin.ID(), o.Origin.Position()))
		}
	}
	return list
}

// listenerFor finds the listener: by port, then by what the client speaks, then
// by the most specific hostname. Each request belongs to one listener, even if
// that serves nothing: gateway-api v1.6.1 apis/v1 gateway_types.go
// GatewaySpec.Listeners.
func (g *Gateway) listenerFor(r Request, d *Decision) *listener {
	var onPort, speaking []*listener
	for _, l := range g.listeners {
		if l.port != r.Port || isUDP(l) {
			continue
		}
		onPort = append(onPort, l)
		if l.speaks(r.Scheme) {
			speaking = append(speaking, l)
		}
	}
	host := canonicalHost(r.Host)
	if r.Scheme == HTTPS {
		host = r.serverName()
	}
	var found *listener
	for _, l := range speaking {
		if matchHost(l.hostname, host) && (found == nil || moreSpecific(l.hostname, found.hostname)) {
			found = l
		}
	}
	if found == nil {
		g.noListener(r, d, onPort, speaking)
	}
	return found
}

// speaks says whether a client with a scheme understands the listener. A TCP
// listener passes on whatever comes.
func (l *listener) speaks(scheme string) bool {
	switch l.protocol {
	case gatewayapi.HTTPProtocolType:
		return scheme == HTTP
	case gatewayapi.HTTPSProtocolType, gatewayapi.TLSProtocolType:
		return scheme == HTTPS
	default:
		return l.protocol == gatewayapi.TCPProtocolType
	}
}

// noListener says what a client sees that no listener takes.
func (g *Gateway) noListener(r Request, d *Decision, onPort, speaking []*listener) {
	d.By = []model.Origin{g.Origin}
	names := func(list []*listener, show func(*listener) string) string {
		words := make([]string, len(list))
		for i, l := range list {
			words[i] = show(l)
		}
		return strings.Join(words, ", ")
	}
	switch {
	case len(onPort) == 0:
		d.Sees = model.SeesRefused
		d.Why = fmt.Sprintf("no listener of Gateway %s has port %d: it has %s", g.Ref(), r.Port, names(g.listeners, func(l *listener) string { return fmt.Sprintf("%s on %d", l.name, l.port) }))
	case len(speaking) == 0:
		d.Sees = model.SeesReset
		d.Why = fmt.Sprintf("on port %d Gateway %s speaks %s, and the client %s", r.Port, g.Ref(), names(onPort, func(l *listener) string { return string(l.protocol) }), r.Scheme)
	case r.Scheme == HTTPS:
		d.Sees = model.SeesReset
		d.Why = fmt.Sprintf("no listener on port %d has a hostname for %s: %s", r.Port, r.serverName(), names(speaking, func(l *listener) string { return l.name + " serves " + l.hostname }))
	default:
		d.Status = 404
		d.Why = fmt.Sprintf("no listener on port %d has a hostname for %s: %s", r.Port, canonicalHost(r.Host), names(speaking, func(l *listener) string { return l.name + " serves " + l.hostname }))
	}
	for _, l := range slices.Concat(speaking, onPort) {
		if !slices.Contains(d.By, l.origin) {
			d.By = append(d.By, l.origin)
		}
	}
}
