package differential_test

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// drawnFlow is a packet seen from the pod or node whose policies judge it.
type drawnFlow struct {
	direction     model.Direction
	subject, peer party
	protocol      model.Protocol
	port          uint16
	// is6 says which address of a pod or node the packet carries.
	is6 bool
	// asks is true where the question names a request: netsim then says of
	// every flow that meets a proxy what that makes of it.
	asks bool
}

// party is one end of a flow: a pod, a node, its router (the device that
// tunnelled packets of the node come from), an address outside, or the world as
// such, with or without an address.
type party struct {
	pod    *testPod
	node   *testNode
	router bool
	world  bool
	addr   netip.Addr
}

func (p party) kind() string {
	switch {
	case p.pod != nil && p.pod.hostNetwork:
		return "hostNetwork pod"
	case p.pod != nil:
		return "pod"
	case p.router:
		return "router"
	case p.node != nil:
		return "node"
	case p.world:
		return "world"
	case p.addr.Is6():
		return "address IPv6"
	default:
		return "address IPv4"
	}
}

func (p party) String() string {
	switch {
	case p.pod != nil:
		return p.kind() + " " + p.pod.namespace + "/" + p.pod.name
	case p.node != nil:
		return p.kind() + " " + p.node.name
	default:
		return p.kind() + " " + p.addr.String()
	}
}

// asNode is the node whose identity the party has, nil for none.
func (p party) asNode() *testNode {
	if p.pod != nil && p.pod.hostNetwork {
		return p.pod.node
	}
	return p.node
}

// home is the node whose agent judges the party's side.
func (p party) home() *testNode {
	if p.pod != nil {
		return p.pod.node
	}
	return p.node
}

// number is a party's own number for a port's name, 0 for none: a hostNetwork
// pod has no identity to have it by.
func (p party) number(name string, proto u8proto.U8proto) uint16 {
	if p.pod == nil || p.pod.hostNetwork {
		return 0
	}
	return p.pod.number(name, proto)
}

func (f drawnFlow) String() string {
	return fmt.Sprintf("%s of %s with %s on %d/%s (IPv6 %v)", f.direction, f.subject, f.peer, f.port, f.protocol, f.is6)
}

// withOwnNode is true where the peer is the node of the subject, or that itself.
func (f drawnFlow) withOwnNode() bool { return f.peer.asNode() == f.subject.home() }

func (f drawnFlow) proto() u8proto.U8proto {
	p, _ := u8proto.ParseProtocol(strings.ToLower(string(f.protocol)))
	return p
}

// question is the flow as netsim is asked it.
func (f drawnFlow) question(ix *model.Index) engine.Question {
	self, other := f.partyOf(ix, f.subject), f.partyOf(ix, f.peer)
	p := model.Packet{Source: self, Destination: other, Protocol: f.protocol, Port: f.port}
	if f.direction == model.Ingress {
		p.Source, p.Destination = other, self
	}
	q := engine.Question{Direction: f.direction, Packet: p, AskedPort: f.port}
	if f.asks {
		q.Request = engine.Request{HTTP: &engine.HTTPRequest{Method: "GET", Path: "/"}, DNSName: "example.com", SNI: "example.com"}
	}
	return q
}

func (f drawnFlow) partyOf(ix *model.Index, p party) model.Party {
	switch {
	case p.pod != nil:
		return ix.PodParty(ix.Pod(p.pod.namespace, p.pod.name), f.is6)
	case p.router:
		return model.Party{Kind: model.PartyNode, Node: ix.Node(p.node.name)}
	case p.node != nil:
		return ix.NodeParty(ix.Node(p.node.name), f.is6)
	case p.world:
		return model.Party{Kind: model.PartyWorld, Addr: p.addr}
	default:
		return ix.Party(p.addr)
	}
}

// peer is the identity of the flow's other side, as the agent knows it.
func (a *agent) peer(f drawnFlow) *identity.Identity {
	node := f.peer.asNode()
	switch {
	case node != nil && f.peer.router:
		return a.ids[node.name+routerSuffix]
	case node != nil && f.is6:
		return a.ids[node.name+sixSuffix]
	case node != nil:
		return a.ids[node.name]
	case f.peer.pod != nil:
		return a.ids[f.peer.pod.name]
	case f.peer.world:
		return a.lore.world(a.ids, f.peer.addr)
	default:
		return a.lore.address(a.ids, f.peer.addr)
	}
}

// subject is the identity of the side that policies judge.
func (a *agent) subject(f drawnFlow) *identity.Identity {
	if node := f.subject.asNode(); node != nil {
		return a.lore.subjectNode(node)
	}
	return a.ids[f.subject.pod.name]
}

// flows draws three packets each way between every pod or node and everybody
// else, and some from the world with an address that is not its own.
func (w *world) flows() []drawnFlow {
	subjects := []party{}
	for _, p := range w.pods {
		subjects = append(subjects, party{pod: p})
	}
	for _, n := range w.nodes {
		subjects = append(subjects, party{node: n})
	}
	peers := append(subjects[:len(subjects):len(subjects)], party{world: true})
	for _, n := range w.nodes {
		peers = append(peers, party{node: n, router: true})
	}
	for _, a := range addresses {
		addr := netip.MustParseAddr(a)
		if addr.Is4() || w.dual {
			peers = append(peers, party{addr: addr})
		}
	}
	var out []drawnFlow
	for _, subject := range subjects {
		for _, peer := range peers {
			for range 3 {
				out = append(out, w.flowsBetween(subject, peer)...)
			}
		}
		masked := w.drawFlow(subject, party{world: true, addr: netip.MustParseAddr(pickOne(w, addresses[:5]))})
		masked.direction = model.Ingress
		out = append(out, masked)
	}
	return out
}

func (w *world) flowsBetween(subject, peer party) []drawnFlow {
	f := w.drawFlow(subject, peer)
	f.direction = model.Egress
	back := f
	back.direction = model.Ingress
	return []drawnFlow{f, back}
}

func (w *world) drawFlow(subject, peer party) drawnFlow {
	protocol, port := w.protocolAndPort()
	is6 := w.dual && (peer.addr.Is6() || protocol == model.ICMPv6 || w.chance(30))
	if peer.router || peer.addr.Is4() {
		is6 = false
	}
	return drawnFlow{subject: subject, peer: peer, protocol: protocol, port: port, is6: is6, asks: w.chance(50)}
}

func (w *world) protocolAndPort() (model.Protocol, uint16) {
	switch protocol := pickOne(w, []model.Protocol{model.TCP, model.TCP, model.TCP, model.TCP, model.UDP, model.SCTP, model.ICMP, model.ICMPv6}); protocol {
	case model.ICMP:
		return protocol, uint16(pickOne(w, []int{8, 3, 0}))
	case model.ICMPv6:
		return protocol, uint16(pickOne(w, []int{128, 129}))
	default:
		return protocol, uint16(pickOne(w, portNumbers))
	}
}
