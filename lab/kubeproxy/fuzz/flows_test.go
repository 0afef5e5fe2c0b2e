package fuzz

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// flow is one question: who sends what to which frontend.
type flow struct {
	dnat.Request
	// is6 is the family of the frontend.
	is6 bool
	// tag says what the flow is an example of.
	tag string
}

func (f flow) String() string {
	via := ""
	if f.Via != nil {
		via = " via " + f.Via.Name
	}
	from := f.Source.Addr.String()
	switch {
	case f.Source.Pod != nil:
		from = "pod " + f.Source.Pod.Name
	case f.Source.Node != nil:
		from = "node " + f.Source.Node.Name
	}
	name := ""
	if f.Service != nil {
		name = " of " + f.Service.Name
	}
	return fmt.Sprintf("%s%s to %s%s %s/%s (%s)", from, via, f.Frontend, name, netip.AddrPortFrom(f.Addr, f.PortNumber), f.Protocol, f.tag)
}

const undefinedPort = 7777

// flows are all questions about a world.
func (w *world) flows() []flow {
	var all []flow
	for _, s := range w.cluster.Services {
		for _, is6 := range w.families {
			for i := range s.Ports {
				for _, f := range w.frontends(s, &s.Ports[i], is6) {
					all = append(all, w.sent(f)...)
				}
			}
		}
	}
	return append(all, w.healthChecks()...)
}

// frontends are the addresses at which a port of a Service can be asked for, and
// those of its virtual addresses on a port that it has not.
func (w *world) frontends(s *model.Service, p *model.ServicePort, is6 bool) []flow {
	var all []flow
	ask := func(frontend model.Frontend, to netip.Addr, port uint16, tag string) {
		if to.Is6() == is6 {
			all = append(all, flow{dnat.Request{Service: s, Port: p, Frontend: frontend, Addr: to, PortNumber: port, Protocol: p.Protocol}, is6, tag})
		}
	}
	virtual := func(frontend model.Frontend, to netip.Addr) {
		onNode := w.nodeWith(to) != nil
		ask(frontend, to, p.Port, map[bool]string{true: "VIP of a node", false: "VIP"}[onNode])
		// A node's address with a port of nobody is no frontend.
		if to.Is6() == is6 && !onNode {
			ask(frontend, to, undefinedPort, "undefined port")
			all[len(all)-1].Port = nil
		}
	}
	for _, a := range s.ClusterIPs {
		virtual(model.FrontendClusterIP, a)
	}
	for _, a := range s.ExternalIPs {
		virtual(model.FrontendExternalIP, a)
	}
	for _, ip := range s.LoadBalancerIPs {
		virtual(model.FrontendLoadBalancer, ip.Addr)
	}
	if p.NodePort == 0 {
		return all
	}
	for _, n := range w.cluster.Nodes {
		for _, a := range slices.Concat(n.InternalIPs, n.ExternalIPs) {
			ask(model.FrontendNodePort, a, p.NodePort, "NodePort")
		}
	}
	for _, a := range []string{"127.0.0.1", "127.0.0.5", "::1"} {
		ask(model.FrontendNodePort, netip.MustParseAddr(a), p.NodePort, "localhost")
	}
	return all
}

// nodeWith is the node that has an address, nil if none has.
func (w *world) nodeWith(a netip.Addr) *model.Node {
	for _, n := range w.cluster.Nodes {
		if slices.Contains(n.InternalIPs, a) || slices.Contains(n.ExternalIPs, a) {
			return n
		}
	}
	return nil
}

// sent is a frontend as all kinds of clients ask for it.
func (w *world) sent(f flow) []flow {
	var all []flow
	from := func(source model.Party, via *model.Node) {
		f.Source, f.Via = source, via
		if w.belongsToKubeProxy(f) {
			all = append(all, f)
		}
	}
	for _, n := range w.cluster.Nodes {
		if node := w.ix.NodeParty(n, f.is6); node.Addr.IsValid() {
			from(node, nil)
		}
		for _, pod := range w.podsOn(n.Name) {
			from(w.ix.PodParty(pod, f.is6), nil)
		}
		for _, client := range []netip.Addr{addr(f.is6, "clients", 5), addr(f.is6, "clients", 6), addr(f.is6, "nodes", 99)} {
			from(model.Party{Addr: client}, n)
		}
	}
	from(model.Party{Addr: addr(f.is6, "clients", 5)}, nil)
	return all
}

// belongsToKubeProxy: pods' packets to ClusterIPs are Cilium's, and with some of
// its versions those to external and load balancer IPs; nobody but the node has
// its loopback. Source: dnat/datapaths.go besideKubeProxy.
func (w *world) belongsToKubeProxy(f flow) bool {
	version := w.datapath.Version()
	switch {
	case f.Addr.IsLoopback():
		return f.Source.Kind == model.PartyNode
	case f.Source.Kind != model.PartyPod:
		return true
	case f.Port == nil && version.AtLeast(1, 19, 0):
		return false // some versions of Cilium answer for every port of a Service
	}
	switch f.Frontend {
	case model.FrontendClusterIP:
		return f.Port == nil
	case model.FrontendExternalIP:
		return !version.AtLeast(1, 19, 0)
	case model.FrontendLoadBalancer:
		return !version.AtLeast(1, 19, 0) || version.AtLeast(1, 20, 0)
	}
	return true
}

// healthChecks ask every node's address for the Services' healthCheckNodePorts.
func (w *world) healthChecks() []flow {
	var all []flow
	for _, s := range w.cluster.Services {
		if s.HealthCheckNodePort == 0 {
			continue
		}
		for _, n := range w.cluster.Nodes {
			for _, a := range slices.Concat(n.InternalIPs, n.ExternalIPs) {
				all = append(all, flow{dnat.Request{
					Source: model.Party{Addr: addr(a.Is6(), "clients", 5)}, Frontend: model.FrontendNone, Addr: a,
					PortNumber: s.HealthCheckNodePort, Protocol: model.TCP,
				}, a.Is6(), "health check of " + s.Name})
			}
		}
	}
	return all
}
