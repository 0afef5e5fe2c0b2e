package dnat

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// portmap answers for a hostPort where Cilium does not replace kube-proxy: then
// the CNI plugin portmap serves it, in the node's namespace and without
// masquerading, and only if Cilium is chained with it. Source:
// Documentation/installation/cni-chaining-portmap.rst.
func portmap(q *query) []Path {
	return q.onEach(q.entries(), func(a arrival) []Path {
		if paths := q.unpublished(a); len(paths) > 0 {
			return paths
		}
		if q.settings.Options["cni-chaining-mode"] != "portmap" {
			return q.undeterminedOn(a, fmt.Sprintf("whether anything serves hostPort %d on %s is not in the files: without kube-proxy replacement that is the CNI plugin portmap, and cni-chaining-mode does not name it", q.PortNumber, a.node.Name))
		}
		return q.hostPortOn(a, ByNone, "the CNI plugin portmap")
	})
}

// ciliumHostPort answers for a hostPort that Cilium serves: at once for a client
// on the same node, and where the packet enters for all others. Source:
// bpf/bpf_sock.c sock4_wildcard_lookup_full (HOST_ID only), bpf/lib/lb.h
// lb4_lookup_wildcard_service (the same for each packet, from 1.20 on),
// bpf/lib/nodeport.h.
func ciliumHostPort(q *query) []Path {
	by := BySocketLB
	if q.settings.mode(q.Source.Kind, q.Protocol) == modePerPacket {
		by = ByCiliumBPF
	}
	return q.onEach(q.entries(), func(a arrival) []Path {
		if paths := q.unpublished(a); len(paths) > 0 {
			return paths
		}
		lookedUp := by == BySocketLB || q.settings.version.AtLeast(1, 20, 0)
		if a.from != fromAfar && (lookedUp || q.listed()) {
			return q.ownHostPort(a, by)
		}
		if paths := q.unlisted(a); len(paths) > 0 {
			return paths
		}
		return q.hostPortOn(a, ByCiliumBPF, "Cilium")
	})
}

// holders are the pods on a node that publish the asked hostPort for the family
// of the address, as backends.
func (q *query) holders(node *model.Node) []Backend {
	var found []Backend
	for _, pod := range q.ix.Publishing(node) {
		for _, p := range pod.Ports {
			published := p.HostPort == q.PortNumber && p.Protocol == q.Protocol
			if party := q.ix.PodParty(pod, q.Addr.Is6()); published && party.Addr.Is6() == q.Addr.Is6() && (!p.HostIP.IsValid() || p.HostIP.IsUnspecified() || p.HostIP == q.Addr) {
				found = append(found, Backend{Party: party, Port: p.Port})
			}
		}
	}
	return found
}

// unpublished answers for a hostPort that no pod on the node has.
func (q *query) unpublished(a arrival) []Path {
	if len(q.holders(a.node)) > 0 {
		return nil
	}
	return q.undetermined(fmt.Sprintf("no pod on %s publishes hostPort %s", a.node.Name, portText(q.PortNumber, q.Protocol)))
}

func (q *query) ownHostPort(a arrival, by string) []Path {
	paths := make([]Path, 0, 1)
	for _, b := range q.holders(a.node) {
		t := Translation{By: by, Node: a.node.Name, BeforeEgressPolicy: true}
		if dropped := q.sctpPortChanged(t, b); dropped != nil {
			paths = append(paths, *dropped)
			continue
		}
		path := q.deliver(t, b)
		if q.Source.Pod != nil && q.Source.Pod == b.Party.Pod {
			path = q.ownHairpin(Path{Translation: t, Backend: &b})
		}
		if path.Service.Stage != "" {
			paths = append(paths, path)
			continue
		}
		path.Service = q.stepOn(a, model.Allowed, fmt.Sprintf("Cilium (on %s) translates hostPort %d of its own node to %s port %d before egress policy",
			a.node.Name, q.PortNumber, partyRef(b.Party), b.Port))
		paths = append(paths, path)
	}
	return paths
}

// ownHairpin is a pod that reaches itself through its own hostPort.
func (q *query) ownHairpin(path Path) Path {
	if path.Translation.By == BySocketLB {
		return q.socketLBHairpin(path)
	}
	return q.perPacketHairpin(path)
}

// hostPortOn is a packet for a hostPort on the node that holds it.
func (q *query) hostPortOn(a arrival, by, whom string) []Path {
	paths := make([]Path, 0, 1)
	for _, b := range q.holders(a.node) {
		hairpin := b.Party.Addr == a.source.Addr
		t := Translation{By: by, Node: a.node.Name, BeforeEgressPolicy: a.from == fromHost, Masquerade: hairpin}
		if dropped := q.sctpPortChanged(t, b); dropped != nil {
			paths = append(paths, *dropped)
			continue
		}
		path := q.arrive(a, t, b)
		why := fmt.Sprintf("%s (on %s) translates hostPort %d to %s port %d", whom, a.node.Name, q.PortNumber, partyRef(b.Party), b.Port)
		if q.Source.Kind == model.PartyPod {
			why += fmt.Sprintf(", after egress policy, which sees %s", q.frontendWords())
		}
		path.Service = q.stepOn(a, model.Allowed, why+q.seenWords(a, path))
		path.HostIngress = q.hostIngress(a)
		paths = append(paths, path)
	}
	return paths
}
