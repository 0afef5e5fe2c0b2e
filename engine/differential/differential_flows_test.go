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

// drawnFlow is a packet seen from the pod whose policies judge it.
type drawnFlow struct {
	direction model.Direction
	subject   *testPod
	peer      drawnPeer
	protocol  model.Protocol
	port      uint16
}

// drawnPeer is a pod, a node or an address outside.
type drawnPeer struct {
	pod  *testPod
	node *testNode
	addr netip.Addr
}

func (p drawnPeer) kind() string {
	switch {
	case p.pod != nil:
		return "pod"
	case p.node != nil:
		return "node"
	case p.addr.Is6():
		return "address IPv6"
	default:
		return "address IPv4"
	}
}

func (f drawnFlow) String() string {
	name := f.peer.addr.String()
	if f.peer.pod != nil {
		name = f.peer.pod.namespace + "/" + f.peer.pod.name
	} else if f.peer.node != nil {
		name = f.peer.node.name
	}
	return fmt.Sprintf("%s of %s/%s with %s on %d/%s", f.direction, f.subject.namespace, f.subject.name, name, f.port, f.protocol)
}

func (f drawnFlow) ownNode() bool { return f.peer.node == f.subject.node }

func (f drawnFlow) proto() u8proto.U8proto {
	p, _ := u8proto.ParseProtocol(strings.ToLower(string(f.protocol)))
	return p
}

// question is the flow as netsim is asked it.
func (f drawnFlow) question(ix *model.Index) engine.Question {
	is6 := f.peer.addr.Is6() || f.protocol == model.ICMPv6
	self := ix.PodParty(ix.Pod(f.subject.namespace, f.subject.name), is6)
	other := ix.Party(f.peer.addr)
	if f.peer.pod != nil {
		other = ix.PodParty(ix.Pod(f.peer.pod.namespace, f.peer.pod.name), is6)
	} else if f.peer.node != nil {
		other = ix.NodeParty(ix.Node(f.peer.node.name), false)
	}
	p := model.Packet{Source: self, Destination: other, Protocol: f.protocol, Port: f.port}
	if f.direction == model.Ingress {
		p.Source, p.Destination = other, self
	}
	return engine.Question{Direction: f.direction, Packet: p, AskedPort: f.port}
}

// peer is the identity of the flow's other side, as the agent knows it.
func (a *agent) peer(f drawnFlow) *identity.Identity {
	switch {
	case f.peer.pod != nil:
		return a.ids[f.peer.pod.name]
	case f.peer.node != nil:
		return a.ids[f.peer.node.name]
	default:
		return a.lore.address(a.ids, f.peer.addr)
	}
}

// flows draws three packets each way between every pod and everybody else.
func (w *world) flows() []drawnFlow {
	var peers []drawnPeer
	for _, p := range w.pods {
		peers = append(peers, drawnPeer{pod: p})
	}
	for _, n := range w.nodes {
		peers = append(peers, drawnPeer{node: n})
	}
	for _, a := range addresses {
		addr := netip.MustParseAddr(a)
		if addr.Is4() || w.dual {
			peers = append(peers, drawnPeer{addr: addr})
		}
	}
	var out []drawnFlow
	for _, subject := range w.pods {
		for _, peer := range peers {
			for range 3 {
				protocol, port := w.protocolAndPort()
				for _, d := range []model.Direction{model.Egress, model.Ingress} {
					out = append(out, drawnFlow{d, subject, peer, protocol, port})
				}
			}
		}
	}
	return out
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
