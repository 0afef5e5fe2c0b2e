package sim

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/model"
)

// lookup is the destination as what a pod looks up: nothing where the URL holds
// the address.
func (w *web) lookup(addr netip.Addr) reference {
	r := reference{text: w.target.text, kind: "URL", port: portRef{number: w.target.request.Port, protocol: model.TCP}}
	if host := w.target.host(); host != "localhost" && host != addr.String() {
		r.host = host
	}
	return r
}

// addAddress adds what answers at one address.
func (w *web) addAddress(e *entryPoint, addr netip.Addr) error {
	port := w.target.request.Port
	if w.from.world && (addr.IsLoopback() || w.from.laptop) {
		p, found := w.publishedAt(addr, port, model.TCP)
		switch {
		case found:
			return w.throughPublished(e, p)
		case addr.IsLoopback():
			hop := Hop{Name: HopPublished, From: w.from.text, To: netip.AddrPortFrom(addr, port).String(), Verdict: model.Denied, ClientSees: model.SeesRefused, Why: w.unpublished(addr, port)}
			hop.Hint = "publish a node's port there: extraPortMappings of a node in the kind config"
			if kind := w.index.Cluster.Kind; kind != nil {
				hop.By = []model.Origin{kind.Origin}
			}
			e.stopped = &hop
			return nil
		}
	}
	if addr.IsLoopback() {
		hop := Hop{Name: HopEntry, From: w.from.text, To: netip.AddrPortFrom(addr, port).String(), Verdict: model.Denied, ClientSees: model.SeesRefused}
		hop.Why = fmt.Sprintf("%s is %s, which to %s is itself and not the gateway", w.target.host(), addr, w.from.text)
		hop.Hint = "ask for the gateway by an address or name that means it inside the cluster, such as its Service's"
		e.stopped = &hop
		return nil
	}
	requests, err := w.addressRequest(reference{text: w.target.text, addr: addr, port: portRef{number: port, protocol: model.TCP}}, w.index.Party(addr))
	e.requests = append(e.requests, requests...)
	return err
}

// throughPublished enters a node by the port that kind publishes.
func (w *web) throughPublished(e *entryPoint, p published) error {
	kind := w.index.Cluster.Kind.Origin
	kind.Rule = p.rule
	e.published = &Hop{
		Name: HopPublished, From: w.from.text, Verdict: model.Allowed, By: []model.Origin{kind},
		To:  fmt.Sprintf("node/%s:%d", p.node.Name, p.mapping.ContainerPort),
		Why: fmt.Sprintf("kind publishes port %d of %s as port %d of the laptop", p.mapping.ContainerPort, p.node.Name, p.mapping.HostPort),
	}
	e.via = p.node
	to := reference{text: w.target.text, node: p.node.Name, port: portRef{number: p.mapping.ContainerPort, protocol: model.TCP}}
	requests, err := w.addressRequest(to, w.index.NodeParty(p.node, false))
	e.requests = append(e.requests, requests...)
	return err
}

// behind takes the Gateway that a request's Service serves, or the pods at a
// host port.
func (w *web) behind(r dnat.Request) {
	for _, g := range w.gateways.Gateways() {
		svc := w.gateways.DataPlane(g).Service
		switch {
		case w.atEnvoyPort(g, r):
			return
		case svc == nil:
		case r.Service == svc:
			w.gateway, w.service, w.port = g, svc, servicePortNumber(r)
			return
		case r.Service == nil && w.atHostPort(r, g, svc):
			return
		}
	}
}

// atHostPort takes a Gateway whose data plane publishes the port of a node that
// a request goes to.
func (w *web) atHostPort(r dnat.Request, g *gateway.Gateway, svc *model.Service) bool {
	for _, slice := range w.index.Slices(svc) {
		for _, e := range slice.Endpoints {
			pod := w.index.Pod(e.PodNamespace, e.PodName)
			if pod == nil || r.Destination.Node == nil || pod.Node != r.Destination.Node.Name {
				continue
			}
			for _, p := range pod.Ports {
				if p.HostPort == r.PortNumber && p.Protocol == model.TCP || pod.HostNetwork && p.Port == r.PortNumber {
					w.gateway, w.service, w.port = g, svc, w.servicePortOf(svc, p)
					return true
				}
			}
		}
	}
	return false
}

// atEnvoyPort takes a Gateway for which Cilium's Envoy listens on a node's own
// port.
func (w *web) atEnvoyPort(g *gateway.Gateway, r dnat.Request) bool {
	node, port := r.Destination.Node, w.listenerPort(g, r.PortNumber)
	listens := w.onHost(g) && r.PortNumber == w.hostPort(g, r.PortNumber) && slices.Contains(g.Ports(), port)
	if r.Service != nil || node == nil || !listens || !slices.Contains(w.listeningNodes(g), node) {
		return false
	}
	w.gateway, w.port = g, port
	return true
}

// servicePortOf is the port by which a Service leads to a container's port: the
// listener's, which the container may serve under another number.
func (w *web) servicePortOf(svc *model.Service, container model.ContainerPort) uint16 {
	for _, p := range svc.Ports {
		if p.TargetPort.Number == container.Port || p.TargetPort.Name != "" && p.TargetPort.Name == container.Name {
			return p.Port
		}
	}
	return container.Port
}

// chooseByRoute tells several Gateways on one data plane apart by who routes the
// request.
func (w *web) chooseByRoute() {
	for _, g := range w.gateways.Gateways() {
		request := w.target.request
		request.Port = w.port
		if w.gateways.DataPlane(g).Service == w.service && w.gateways.Decide(g, request).Route != nil {
			w.gateway = g
			return
		}
	}
}
