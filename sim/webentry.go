package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/model"
)

// entryPoint is where a client's packet for a gateway goes.
type entryPoint struct {
	to       reference
	requests []dnat.Request
	via      *model.Node
	// published is the hop over a port that kind publishes, nil for none.
	published *Hop
	// stopped is the hop that ends the request before it reaches any Service.
	stopped    *Hop
	why        string
	conditions []string
	// direct is what the client connects to, as a reference, where no gateway is
	// behind it; "" otherwise.
	direct string
}

// findEntry finds the address that the client connects to, and the Gateway
// behind it. The error is a *RefError where no Gateway can be told.
func (w *web) findEntry() (entryPoint, error) {
	host := w.target.host()
	if svc, _ := parseReference(host, ""); svc.kind == "Service" && w.index.Service(svc.name.namespace, svc.name.name) != nil {
		return w.serviceEntry(svc)
	}
	addrs := w.addresses(host)
	if len(addrs) == 0 {
		return w.assumedEntry()
	}
	e := entryPoint{to: w.lookup(addrs[0])}
	for _, addr := range addrs {
		if err := w.addAddress(&e, addr); err != nil {
			return e, err
		}
	}
	w.settle(&e, netip.AddrPortFrom(addrs[0], w.target.request.Port).String())
	if len(w.dns[model.CanonicalName(host)]) > 0 && !w.from.world && e.direct != "" {
		e.direct = w.target.String() // the lookup is part of it
	}
	return e, nil
}

// serviceEntry is for a Service's own name.
func (w *web) serviceEntry(svc reference) (entryPoint, error) {
	svc.port = portRef{number: w.target.request.Port, protocol: model.TCP}
	svc.text = w.target.text
	requests, err := w.serviceRequests(svc)
	e := entryPoint{to: svc, requests: requests}
	w.settle(&e, w.target.String())
	return e, err
}

// settle takes the Gateway behind an entry, or else says what the client
// connects to directly.
func (w *web) settle(e *entryPoint, direct string) {
	if len(e.requests) == 0 {
		return
	}
	w.behind(e.requests[0])
	if w.gateway == nil {
		e.direct = direct
		return
	}
	if w.service != nil {
		w.chooseByRoute()
	}
}

// assumedEntry is for a host whose address no file gives: it is taken to be that
// of the Gateway that has a route for the request.
func (w *web) assumedEntry() (entryPoint, error) {
	g, err := w.servingGateway()
	switch {
	case err != nil:
		return entryPoint{}, err
	case g == nil:
		return entryPoint{direct: w.target.String()}, nil
	}
	w.gateway, w.port = g, w.target.request.Port
	e := entryPoint{to: w.lookup(netip.Addr{})}
	e.conditions = []string{fmt.Sprintf("%s is the address of Gateway %s: no file says so", w.target.host(), g.Ref())}
	if w.onHost(g) {
		return e, w.toHosts(&e)
	}
	plane := w.gateways.DataPlane(g)
	if w.service = plane.Service; w.service == nil {
		e.stopped = &Hop{
			Name: HopEntry, From: w.from.text, To: "Gateway " + g.Ref(), By: []model.Origin{g.Origin},
			Why:  fmt.Sprintf("where %s serves Gateway %s is in no file: %s", g.Controller.Name, g.Ref(), plane.Why),
			Hint: "load the data plane too: kubectl get deploy,svc,pods -o yaml, from the Gateway's namespace",
		}
		return e, nil
	}
	e.why = plane.Why
	return e, w.toService(&e)
}

// toHosts goes to the ports of nodes on which Cilium's Envoy listens.
func (w *web) toHosts(e *entryPoint) error {
	asked := w.target.request.Port
	port := w.hostPort(w.gateway, asked)
	w.port = w.listenerPort(w.gateway, port)
	if port != asked {
		e.conditions = append(e.conditions, fmt.Sprintf("something outside the cluster leads from port %d to port %d of the nodes, where Envoy listens: no file says so", asked, port))
	}
	if p, found := w.publishedAt(netip.Addr{}, asked, model.TCP); found && w.from.world {
		return w.throughPublished(e, p)
	}
	for _, n := range w.listeningNodes(w.gateway) {
		to := reference{text: w.target.text, node: n.Name, port: portRef{number: port, protocol: model.TCP}}
		requests, err := w.addressRequest(to, w.index.NodeParty(n, false))
		if err != nil {
			return err
		}
		e.requests = append(e.requests, requests...)
	}
	return nil
}

// servingGateway finds the Gateway by the host: the one with a route for the
// request, else the one that listens for it. To a client inside the cluster a host
// that no Gateway has by name is one outside, and the Gateway nil.
func (w *web) servingGateway() (*gateway.Gateway, error) {
	var routing, listening []*gateway.Gateway
	for _, g := range w.gateways.Gateways() {
		d := w.gateways.Decide(g, w.target.request)
		switch {
		case !w.from.world && (d.Route == nil || d.Hostname == "*"):
		case d.Route != nil:
			routing = append(routing, g)
		case d.Listener != nil || len(w.gateways.Gateways()) == 1:
			listening = append(listening, g)
		}
	}
	for _, found := range [][]*gateway.Gateway{routing, listening} {
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return nil, refErrorf("TO %s: several gateways listen for %s: %s; say which it is by --dns %s=ADDRESS", w.target.text, w.target, gatewayRefs(found), w.target.host())
		}
	}
	if !w.from.world {
		return nil, nil
	}
	if all := w.gateways.Gateways(); len(all) > 0 {
		return nil, refErrorf("TO %s: no Gateway or Ingress in these files listens for %s; there is %s", w.target.text, w.target, gatewayRefs(all))
	}
	return nil, refErrorf("TO %s: these files hold no Gateway and no Ingress; name what is to be reached in another way, as in NAMESPACE/svc/NAME:PORT, with --http for the request", w.target.text)
}

func gatewayRefs(list []*gateway.Gateway) string {
	names := make([]string, len(list))
	for i, g := range list {
		names[i] = g.Ref()
	}
	slices.Sort(names)
	return listFew(names)
}

// toService goes to the data plane's Service by the frontend that a client of
// this kind would be given.
func (w *web) toService(e *entryPoint) error {
	svc, port := w.service, portRef{number: w.target.request.Port, protocol: model.TCP}
	ref := reference{text: w.target.text, kind: "Service", name: objectName{svc.Namespace, svc.Name}, port: port}
	if w.from.world {
		if p, found := w.publishedAt(netip.Addr{}, port.number, model.TCP); found {
			return w.throughPublished(e, p)
		}
	}
	var err error
	switch {
	case svc.Type == model.LoadBalancerService:
		ref.frontend = "loadbalancer"
	case len(svc.ExternalIPs) > 0:
		ref.frontend = "externalip"
	case !w.from.world:
	case svc.Type == model.NodePortService:
		return w.everyNodePort(e, ref)
	default:
		e.stopped = &Hop{
			Name: HopEntry, From: w.from.text, To: fmt.Sprintf("%s/svc/%s:%d", svc.Namespace, svc.Name, port.number), Verdict: model.Denied, By: []model.Origin{svc.Origin},
			Why:  fmt.Sprintf("Service %s/%s is of type %s and has no address outside the cluster", svc.Namespace, svc.Name, svc.Type),
			Hint: "give it type LoadBalancer or NodePort",
		}
		return nil
	}
	e.requests, err = w.serviceRequests(ref)
	return err
}

// everyNodePort is for a NodePort that something outside leads to: it may choose
// any node.
func (w *web) everyNodePort(e *entryPoint, ref reference) error {
	nodes := w.index.Cluster.Nodes
	if w.query.via != nil {
		nodes = []*model.Node{w.query.via}
	}
	e.conditions = append(e.conditions, fmt.Sprintf("something outside the cluster leads from port %d to the NodePort of Service %s/%s: no file says so", ref.port.number, w.service.Namespace, w.service.Name))
	for _, n := range nodes {
		ref.frontend, ref.frontendArg = "nodeport", n.Name
		requests, err := w.serviceRequests(ref)
		if err != nil {
			return &RefError{strings.Replace(err.Error(), "; it has", ", which its Gateway listens on; it has", 1)}
		}
		e.requests = append(e.requests, requests...)
	}
	return nil
}
