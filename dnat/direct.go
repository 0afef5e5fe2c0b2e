package dnat

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// direct answers for an address that is no frontend: nothing is translated, and
// both policies see the packet as the client sent it.
func direct(q *query) []Path {
	if why := q.unreachable(q.Destination); why != "" {
		return q.undetermined(why)
	}
	if q.Source.Outside() && q.Destination.Outside() {
		return q.undetermined("neither end is in the cluster, so netsim knows nothing of the way between them")
	}
	if paths := q.throughAnotherNode(); len(paths) > 0 {
		return paths
	}
	path := q.deliver(Translation{By: ByNone}, Backend{Party: q.Destination, Port: q.PortNumber})
	if q.Source.Outside() && q.Destination.Kind == model.PartyPod {
		path.Conditions = append(path.Conditions, q.needsRoute(q.Destination.Node)...)
	}
	if paths := q.healthCheck(path); len(paths) > 0 {
		return paths
	}
	path.Conditions = append(path.Conditions, q.needsListener()...)
	return []Path{path}
}

// needsListener doubts a node's port that other nodes publish for their pods, or
// that only Services use: whoever asks for it most likely means those.
func (q *query) needsListener() []string {
	node := q.Destination.Node
	if q.Destination.Kind != model.PartyNode || !q.Protocol.HasPorts() {
		return nil
	}
	listens := fmt.Sprintf("something listens on %s of node %s", portText(q.PortNumber, q.Protocol), node.Name)
	var publishers []string
	for _, n := range q.ix.Cluster.Nodes {
		if len(q.holders(n)) > 0 {
			publishers = append(publishers, n.Name)
		}
	}
	switch {
	case len(publishers) > 0:
		return []string{fmt.Sprintf("%s: pods publish it as their hostPort on %s only", listens, strings.Join(publishers, ", "))}
	case q.PortNumber >= model.FirstNodePort && q.PortNumber <= model.LastNodePort:
		return []string{listens + ": it is in the range of nodePorts, and no Service in these files is given it"}
	}
	return nil
}

// needsRoute: the outside usually has no way to the addresses of pods and
// ClusterIPs, and no file says whether it has.
func (q *query) needsRoute(node *model.Node) []string {
	if !q.Source.Outside() || q.Frontend != model.FrontendNone && q.Frontend != model.FrontendClusterIP {
		return nil
	}
	return []string{fmt.Sprintf("the network outside routes %s to node %s", q.Addr, node.Name)}
}

// throughAnotherNode answers for a packet from outside to a pod that enters by a
// node which the pod is not on. With a tunnel the way on carries no more than
// that the client is outside, and netsim does not know what a CIDR rule makes of
// it.
func (q *query) throughAnotherNode() []Path {
	pod := q.Destination
	if q.Via == nil || !q.Source.Outside() || pod.Kind != model.PartyPod || q.Via.Name == pod.Node.Name || q.settings.RoutingMode == model.RoutingNative {
		return nil
	}
	return q.undetermined(fmt.Sprintf("the packet enters by %s and goes on to %s through a tunnel: netsim does not know whether policy there still sees the client's address", q.Via.Name, pod.Node.Name))
}

// deliver is the Path of a packet that goes to a backend with nothing in its
// way but the two policies. They see the backend, since whoever translates has
// done so before.
func (q *query) deliver(t Translation, b Backend) Path {
	source := q.sourceFor(b.Party.Addr)
	seen := q.masqueraded(source, b.Party)
	t.Masquerade = seen.Addr != source.Addr
	t.SourceSeen = seen.Addr
	if source.Kind == model.PartyNode {
		leaving := arrival{source.Node, fromHost, source}
		t.SourceSeen = q.sourceSeen(leaving, b.Party, false)
		seen.Addr = q.seenAs(leaving, b.Party, false).Addr
	}
	path := Path{Translation: t, Backend: &b}
	if !source.Outside() {
		path.Egress = q.packet(source, b)
	}
	q.guard(&path, seen)
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
	if source.Kind != model.PartyPod || !q.masquerades(destination) {
		return source
	}
	return q.nodeParty(source.Node, destination.Addr)
}

func (q *query) masquerades(destination model.Party) bool {
	option, cidr := "enable-ipv4-masquerade", "ipv4-native-routing-cidr"
	if destination.Addr.Is6() {
		option, cidr = "enable-ipv6-masquerade", "ipv6-native-routing-cidr"
	}
	if !q.settings.On(option, true) || contains(q.settings.Options[cidr], destination.Addr) {
		return false
	}
	if podLike(destination) {
		return false
	}
	switch destination.Kind {
	case model.PartyAddress, model.PartyWorld:
		return true
	case model.PartyNode:
		elsewhere := destination.Node.Name != q.node
		if q.settings.tunnelsToNodes() {
			return false
		}
		return elsewhere && (q.settings.RoutingMode == model.RoutingTunnel || q.settings.On("enable-remote-node-masquerade", false))
	}
	return false
}

func contains(cidr string, addr netip.Addr) bool {
	prefix, err := netip.ParsePrefix(cidr)
	return err == nil && prefix.Contains(addr)
}
