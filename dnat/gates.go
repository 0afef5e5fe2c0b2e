package dnat

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// The gates answer a Request before any datapath does. Each returns nil where
// it has nothing to say.

// unplacedSource answers for a source of which the files do not say enough.
func unplacedSource(q *query) []Path {
	source := q.Source
	if q.Addr.IsValid() {
		source = q.sourceFor(q.Addr)
	}
	if why := q.unreachable(source); why != "" {
		return q.undetermined(why)
	}
	if source.Outside() && q.Addr.IsLoopback() {
		return q.undetermined(fmt.Sprintf("%s is every host's own loopback address: nobody outside reaches a node by it", q.Addr))
	}
	if source.Outside() && source.Addr.IsValid() && q.Addr.IsValid() && source.Addr.Is6() != q.Addr.Is6() {
		return q.undetermined(fmt.Sprintf("%s is no address that sends to %s: the two are of different families", source.Addr, q.Addr))
	}
	return nil
}

// unknownProtocol answers for what netsim has no rules of.
func unknownProtocol(q *query) []Path {
	if q.Protocol.HasPorts() || q.Protocol == model.ICMP || q.Protocol == model.ICMPv6 {
		return nil
	}
	return q.undetermined(fmt.Sprintf("netsim does not model protocol %q: write TCP, UDP, SCTP, ICMP or ICMPv6", q.Protocol))
}

// unnamedService answers for a Service's frontend without the Service.
func unnamedService(q *query) []Path {
	if q.Frontend == model.FrontendNone || q.Frontend == model.FrontendHostPort || q.Service != nil {
		return nil
	}
	return q.undetermined(fmt.Sprintf("netsim does not know which Service has %s", q.Addr))
}

// unplaced says what is missing before a packet could leave from or arrive at a
// Party, "" if nothing is.
func unplaced(p model.Party) string {
	switch {
	case p.Kind == model.PartyPod && p.Pod == nil:
		return "netsim does not know which pod is meant"
	case p.Pod != nil && p.Pod.Finished:
		return fmt.Sprintf("pod %s has finished: it has no address any more", podRef(p.Pod))
	case p.Pod != nil && p.Pod.Node == "":
		return fmt.Sprintf("pod %s is not scheduled on a node, so netsim does not know its way: give it spec.nodeName", podRef(p.Pod))
	case p.Pod != nil && p.Node == nil:
		return fmt.Sprintf("pod %s is on node %s, which no file holds", podRef(p.Pod), p.Pod.Node)
	case p.Kind == model.PartyNode && p.Node == nil:
		return fmt.Sprintf("no file holds the node that has %s", p.Addr)
	case p.Pod != nil && !p.Addr.IsValid():
		return fmt.Sprintf("pod %s has no IP address of this family in the files", podRef(p.Pod))
	case p.Kind == model.PartyNode && !p.Addr.IsValid():
		return fmt.Sprintf("node %s has no IP address of this family in the files", p.Node.Name)
	case p.Kind != model.PartyWorld && !p.Addr.IsValid():
		return "netsim does not know the address"
	}
	return ""
}

// toItself answers for a pod that sends to its own address, or to loopback: the
// kernel delivers it inside the pod and no BPF program sees it. A node's
// frontends are translated on the way to itself.
func toItself(q *query) []Path {
	if !q.Addr.IsValid() || q.Source.Outside() || (!q.Addr.IsLoopback() && q.Addr != q.sourceFor(q.Addr).Addr) {
		return nil
	}
	published := q.Frontend != model.FrontendHostPort || len(q.holders(q.Source.Node)) > 0
	if q.Source.Kind == model.PartyNode && q.Frontend != model.FrontendNone && published {
		return nil
	}
	return []Path{q.insidePod(Backend{Party: q.sourceFor(q.Addr), Port: q.PortNumber})}
}

// insidePod is the Path of a packet that never leaves the source's network
// namespace.
func (q *query) insidePod(b Backend) Path {
	why := fmt.Sprintf("node %s sends to itself, and no policy sees that", q.node)
	if q.Source.Kind == model.PartyPod {
		why = fmt.Sprintf("pod %s sends to itself: the packet never leaves the pod, so no policy sees it", podRef(q.Source.Pod))
	}
	return Path{Translation: Translation{By: ByNone, SourceSeen: b.Party.Addr}, Backend: &b, SkipPolicy: why}
}

// icmpToService answers for ICMP to an address that only a Service has: a
// Service has TCP, UDP and SCTP ports only, so nobody translates it. Source:
// bpf/lib/lb.h lb4_extract_tuple.
func icmpToService(q *query) []Path {
	virtual := q.Frontend == model.FrontendClusterIP || q.Frontend == model.FrontendExternalIP || q.Frontend == model.FrontendLoadBalancer
	if !virtual || q.Protocol.HasPorts() || q.frontendParty().Kind == model.PartyNode {
		return nil
	}
	return q.lost(fmt.Sprintf("a Service forwards no %s: nothing translates %s%s, and nobody answers", q.Protocol, q.Addr, q.egressSeesIt()))
}

// otherFamily answers for a NodePort on a node's address of a family that the
// Service does not have: it has no frontend there, and the port is closed.
func otherFamily(q *query) []Path {
	if q.Frontend != model.FrontendNodePort || !q.Addr.IsValid() || q.serves(q.Addr.Is6()) {
		return nil
	}
	return q.onEach(q.entries(), func(a arrival) []Path {
		return q.deniedOn(a, ByNone, fmt.Sprintf("Service %s is not for %s: nobody serves its nodePort %d on %s, and the port is closed there",
			serviceRef(q.Service), family(q.Addr), q.PortNumber, q.Addr), model.SeesRefused)
	})
}

// serves says whether the Service has a family, as far as the files tell.
func (q *query) serves(is6 bool) bool {
	var families []bool
	for _, name := range q.Service.IPFamilies {
		families = append(families, name == "IPv6")
	}
	for _, ip := range q.Service.ClusterIPs {
		families = append(families, ip.Is6())
	}
	return len(families) == 0 || slices.Contains(families, is6)
}

// egressSeesIt ends a clause about a packet that nobody translates.
func (q *query) egressSeesIt() string {
	if q.Source.Outside() {
		return ""
	}
	return ", egress policy sees it as an address outside the cluster"
}
