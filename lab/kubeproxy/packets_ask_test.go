package kubeproxy_test

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// client is who asks: a host of the network, and what dnat knows of it.
type client struct {
	name  string
	party model.Party
	// via is the node by which an outside host sends.
	via *model.Node
	// speaks is true for one client of each kind. These ask over UDP too, whose
	// rules are those of TCP, and for the others about unusual settings.
	speaks bool
}

// clients are pods, nodes and outside hosts of a cluster, with their addresses
// of one family: those with and without backends beside them.
func clients(ix *model.Index, is6 bool) []client {
	var all []client
	for _, name := range []string{"a", "d"} {
		all = append(all, client{name: name, party: ix.PodParty(ix.Pod("lab", name), is6)})
	}
	for _, node := range ix.Cluster.Nodes {
		all = append(all, client{name: node.Name, party: ix.NodeParty(node, is6)})
	}
	for _, host := range outsiders(ix.Cluster) {
		all = append(all, client{name: host.name, party: model.Party{Addr: ofFamily(host.addrs, is6)}, via: host.via})
	}
	for i, c := range all {
		all[i].speaks = slices.Contains([]string{"a", "n1", "outside-n2"}, c.name)
	}
	return all
}

// question is what both the kernel and dnat are asked.
type question struct {
	client   client
	service  *model.Service
	frontend model.Frontend
	to       netip.AddrPort
	protocol model.Protocol
	// port is nil for a port that the Service does not have.
	port *model.ServicePort
	// via is the node that the packet of an outside host meets first.
	via *model.Node
}

func (q question) String() string {
	return fmt.Sprintf("%s asks the %s %s/%s of %s", q.client.name, q.frontend, q.to, q.protocol, q.service.Name)
}

// questions are all that a client can ask of a Service in its family.
func (c client) questions(ix *model.Index, s *model.Service) []question {
	var all []question
	add := func(q question, addr netip.Addr, port uint16) {
		if addr.Is6() == c.party.Addr.Is6() && port != 0 {
			q.client, q.service, q.to, q.via = c, s, netip.AddrPortFrom(addr, port), c.entry(ix, addr)
			all = append(all, q)
		}
	}
	addresses := virtualAddresses(s)
	for i := range s.Ports {
		port := &s.Ports[i]
		if port.Protocol == model.UDP && !c.speaks {
			continue
		}
		for _, v := range addresses {
			add(question{frontend: v.frontend, protocol: port.Protocol, port: port}, v.addr, port.Port)
		}
		for _, addr := range c.nodePortAddresses(ix) {
			add(question{frontend: model.FrontendNodePort, protocol: port.Protocol, port: port}, addr, port.NodePort)
		}
	}
	for _, v := range addresses {
		if v.frontend != model.FrontendExternalIP && ix.Party(v.addr).Outside() {
			add(question{frontend: v.frontend, protocol: model.TCP}, v.addr, undefinedPort)
		}
	}
	return all
}

// entry is the node that an outside host's packet to an address meets first: the
// one that has the address, since that is on the wire, else the host's own
// choice. It is nil for other clients.
func (c client) entry(ix *model.Index, addr netip.Addr) *model.Node {
	if party := ix.Party(addr); c.via != nil && party.Kind == model.PartyNode {
		return party.Node
	}
	return c.via
}

// virtual is an address of a Service's own.
type virtual struct {
	frontend model.Frontend
	addr     netip.Addr
}

func virtualAddresses(s *model.Service) []virtual {
	var all []virtual
	for _, addr := range s.ClusterIPs {
		all = append(all, virtual{model.FrontendClusterIP, addr})
	}
	for _, addr := range s.ExternalIPs {
		all = append(all, virtual{model.FrontendExternalIP, addr})
	}
	for _, ip := range s.LoadBalancerIPs {
		all = append(all, virtual{model.FrontendLoadBalancer, ip.Addr})
	}
	return all
}

// nodePortAddresses are those on which a client can ask for a NodePort: every
// node's own, the external one of n2, and loopback on a node. A pod's loopback is
// its own.
func (c client) nodePortAddresses(ix *model.Index) []netip.Addr {
	var all []netip.Addr
	for _, node := range ix.Cluster.Nodes {
		all = append(all, node.InternalIPs...)
	}
	all = append(all, ix.Node("n2").ExternalIPs...)
	if c.party.Kind == model.PartyNode {
		all = append(all, loopback...)
	}
	return all
}

var loopback = addrs("127.0.0.1", "127.0.0.5", "::1")
