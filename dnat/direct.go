package dnat

import (
	"net/netip"

	"github.com/netsim-dev/netsim/model"
)

// direct answers for an address that is no frontend: nothing is translated, and
// both policies see the packet as the client sent it.
func direct(q *query) []Path {
	if why := q.unreachable(q.Destination); why != "" {
		return q.undetermined(why)
	}
	return []Path{q.deliver(Translation{By: ByNone}, Backend{Party: q.Destination, Port: q.PortNumber})}
}

// deliver is the Path of a packet that goes to a backend with nothing in its
// way but the two policies. They see the backend, since whoever translates has
// done so before.
func (q *query) deliver(t Translation, b Backend) Path {
	source := q.sourceFor(b.Party.Addr)
	seen := q.masqueraded(source, b.Party)
	t.Masquerade = seen.Addr != source.Addr
	t.SourceSeen = seen.Addr
	path := Path{Translation: t, Backend: &b, Egress: q.packet(source, b)}
	// Nobody's policy guards an address outside the cluster.
	if !b.Party.Outside() {
		path.Ingress = q.packet(seen, b)
	}
	return path
}

func (q *query) packet(source model.Party, b Backend) *model.Packet {
	return &model.Packet{Source: source, Destination: b.Party, Protocol: q.Protocol, Port: b.Port}
}

// masqueraded is the source as the destination sees it. Packets to pods keep
// the pod's address in every datapath; packets to another node do with native
// routing only; packets that leave the cluster never do, unless their
// destination is natively routable or masquerading is off. Source:
// pkg/datapath/iptables/iptables.go allEgressMasqueradeCmds, pkg/option/config.go
// NodeIpsetNeeded, bpf/lib/nat.h snat_v4_needs_masquerade.
func (q *query) masqueraded(source, destination model.Party) model.Party {
	if !q.masquerades(destination) {
		return source
	}
	node := q.ix.NodeParty(source.Node, destination.Addr.Is6())
	if node.Addr.Is6() != destination.Addr.Is6() {
		node.Addr = netip.Addr{}
	}
	return node
}

func (q *query) masquerades(destination model.Party) bool {
	option, cidr := "enable-ipv4-masquerade", "ipv4-native-routing-cidr"
	if destination.Addr.Is6() {
		option, cidr = "enable-ipv6-masquerade", "ipv6-native-routing-cidr"
	}
	if !q.settings.On(option, true) || contains(q.settings.Options[cidr], destination.Addr) {
		return false
	}
	switch destination.Kind {
	case model.PartyAddress, model.PartyWorld:
		return true
	case model.PartyNode:
		elsewhere := destination.Node.Name != q.node
		return elsewhere && (q.settings.RoutingMode == model.RoutingTunnel || q.settings.On("enable-remote-node-masquerade", false))
	}
	return false
}

func contains(cidr string, addr netip.Addr) bool {
	prefix, err := netip.ParsePrefix(cidr)
	return err == nil && prefix.Contains(addr)
}
