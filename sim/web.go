package sim

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/model"
)

// web is a web request on its way through a gateway.
type web struct {
	*Sim
	query   Query
	target  webTarget
	from    reference
	sources []model.Party
	answer  *Answer
	// gateway serves the request, by the listener on port.
	gateway *gateway.Gateway
	port    uint16
	service *model.Service
	// arrived are the clients that Cilium's Envoy takes, where it is the gateway.
	arrived []arrived
}

// askURL answers a Query whose To is a URL: hop by hop from the client to the
// last backend.
func (s *Sim) askURL(q Query, from reference, sources []model.Party) (*Answer, error) {
	target, err := parseURL(q)
	if err != nil {
		return nil, err
	}
	q.asks = target.asks()
	w := &web{Sim: s, query: q, target: target, from: from, sources: sources}
	return w.follow()
}

// follow walks the hops.
func (w *web) follow() (*Answer, error) {
	entry, err := w.findEntry()
	switch {
	case err != nil:
		return nil, err
	case entry.direct != "":
		return w.direct(entry.direct)
	}
	w.answer = &Answer{
		APIVersion: APIVersion, Kind: "Answer", ID: w.query.ID,
		From: w.source(w.from, w.sources), To: Target{Ref: w.target.text, Frontend: model.FrontendNone, Port: w.target.request.Port, Protocol: model.TCP},
		Datapath: w.datapathInfo(), Paths: []Path{}, Conditions: []string{}, Issues: w.Issues(),
	}
	w.answer.Conditions = append(w.answer.Conditions, entry.conditions...)
	if entry.published != nil {
		w.answer.add(*entry.published, nil)
	}
	if w.gateway != nil && w.gateway.Controller.OnNode {
		stopped, conditions := w.unserved()
		w.answer.Conditions = append(w.answer.Conditions, conditions...)
		if stopped != nil {
			entry.stopped, entry.requests = stopped, nil
		}
	}
	w.enter(entry)
	if w.gateway != nil {
		w.route()
	}
	w.answer.foldHops()
	return w.answer, nil
}

// direct answers for a URL behind which there is no gateway: it is one
// connection, with a request on it.
func (w *web) direct(to string) (*Answer, error) {
	q := Query{ID: w.query.ID, From: w.query.From, To: to, Via: w.query.Via}
	if r := w.target.request; r.Scheme == gateway.HTTP {
		q.HTTP, q.Headers = r.Method+" "+r.Path, []string{"Host: " + r.Host}
		for _, h := range r.Headers {
			q.Headers = append(q.Headers, h.Name+": "+h.Value)
		}
	} else {
		q.SNI = r.SNI
	}
	a, err := w.ask(q, w.from, w.sources)
	if err == nil {
		a.To.Ref = w.target.text
	}
	return a, err
}

// enter is the hop from the client to the data plane.
func (w *web) enter(e entryPoint) {
	if len(e.requests) == 0 {
		if e.stopped != nil {
			w.answer.add(*e.stopped, nil)
		}
		return
	}
	first := e.requests[0]
	w.answer.To = w.Sim.target(reference{text: w.target.text}, first)
	w.meet(w.answer, e.requests)
	if w.gateway != nil && w.gateway.Controller.OnNode {
		w.enterEnvoy(e)
		return
	}
	hop := Hop{Name: HopEntry, From: w.from.text, To: w.entryRef(first), Why: e.why}
	q := w.query
	q.name = lookedUp(e.to)
	if e.via != nil {
		q.via = e.via
	}
	var paths []Path
	for _, g := range w.groups(w.sources, e.requests) {
		paths = append(paths, w.groupPaths(q, e.to, g, e.requests)...)
	}
	conditions := hop.judged(paths, nil)
	w.answer.add(hop, conditions)
}

// entryRef names what the client connects to.
func (w *web) entryRef(r dnat.Request) string {
	switch {
	case r.Service != nil:
		return fmt.Sprintf("%s/svc/%s:%d", r.Service.Namespace, r.Service.Name, servicePortNumber(r))
	case r.Destination.Node != nil && r.Destination.Kind == model.PartyNode:
		return fmt.Sprintf("node/%s:%d", r.Destination.Node.Name, r.PortNumber)
	default:
		return netip.AddrPortFrom(r.Addr, r.PortNumber).String()
	}
}

// servicePortNumber is the Service's own port that a request means.
func servicePortNumber(r dnat.Request) uint16 {
	if r.Port != nil {
		return r.Port.Port
	}
	return r.PortNumber
}

// route is the gateway's decision and all that follows from it.
func (w *web) route() {
	request := w.target.request
	request.Port = w.port
	d := w.gateways.Decide(w.gateway, request)
	if w.gateway.Controller.OnNode {
		w.throughEnvoy(d)
		return
	}
	pods, why := w.dataPlanePods()
	w.agent(pods)
	w.answer.add(w.routeHop(d), d.Conditions)
	if d.Status != 0 || d.Sees != "" || d.Unknown != "" {
		return
	}
	for _, b := range d.Backends {
		w.backend(d, b, pods, why)
	}
}

// throughEnvoy is what follows where Cilium's Envoy is the data plane.
func (w *web) throughEnvoy(d gateway.Decision) {
	if d.Route != nil && d.Route.Kind == "TCPRoute" {
		// cilium v1.20.2 Documentation/network/servicemesh/gateway-api/host-network-mode.rst
		d.Unknown = "a TCPRoute passes Cilium's Envoy by, since 1.20, which serves none before: its Service leads to the backends directly, and netsim does not follow that"
	}
	w.answer.add(w.routeHop(d), d.Conditions)
	if d.Status != 0 || d.Sees != "" || d.Unknown != "" || len(w.arrived) == 0 {
		return
	}
	w.envoyHop(d)
	for _, b := range d.Backends {
		w.backend(d, b, nil, "")
	}
}

// routeHop is the decision as a hop.
func (w *web) routeHop(d gateway.Decision) Hop {
	hop := Hop{
		Name: HopRoute, From: "Gateway " + w.gateway.Ref(), To: w.target.text, Verdict: model.Allowed, By: d.By, Why: d.Why, Hint: d.Hint,
		Route: &Route{
			Gateway: w.gateway.Ref(), Controller: w.gateway.Controller.Name, Listener: d.Listener, Route: d.Route, Rule: d.Rule,
			Status: d.Status, Location: d.Location, Backends: []RouteBackend{},
		},
	}
	for _, b := range d.Backends {
		hop.Route.Backends = append(hop.Route.Backends, RouteBackend{b.Ref(), b.Weight, b.Status})
	}
	if !d.Raw && len(d.Backends) > 0 && d.Status == 0 {
		hop.Route.Host, hop.Route.Path = d.Forward.Host, d.Forward.Path
	}
	if d.Rule != nil {
		hop.By = append([]model.Origin{*d.Rule}, hop.By...)
	}
	if d.Listener != nil {
		hop.By = append([]model.Origin{*d.Listener}, hop.By...)
	}
	hop.By = slices.CompactFunc(hop.By, func(a, b model.Origin) bool { return a == b })
	switch {
	case d.Unknown != "":
		hop.Verdict, hop.Why = model.Undetermined, d.Unknown
	case d.Sees != "":
		hop.Verdict, hop.ClientSees = model.Denied, d.Sees
	case d.Status != 0:
		hop.ClientSees = model.SeesHTTP(d.Status)
		if d.Status >= 400 {
			hop.Verdict = model.Denied
		}
	}
	return hop
}
