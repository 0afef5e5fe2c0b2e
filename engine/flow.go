package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/model"
)

// flow is a packet from the point of view of the endpoint whose policy judges
// it: its own side is the subject, the other the peer.
type flow struct {
	direction     model.Direction
	packet        model.Packet
	self, other   model.Party
	subject, peer *identity.Identity
	// aggregate is what the peer's identity belongs to in the policy map, nil
	// for nothing.
	aggregate *identity.Identity
	proto     u8proto.U8proto
	port      uint16
	// askedPort is the port that the client connected to, before translation.
	askedPort uint16
	request   Request
	names     *Names
	// identityMissing: see Question.
	identityMissing bool
}

func (e *Engine) newFlow(q Question) (flow, error) {
	p := q.Packet
	f := flow{
		direction: q.Direction, packet: p, self: p.Source, other: p.Destination, port: p.Port, askedPort: q.AskedPort,
		request: q.Request, names: q.Names, identityMissing: q.IdentityMissing,
	}
	if q.Direction == model.Ingress {
		f.self, f.other = p.Destination, p.Source
	}
	f.subject = e.ids.subject(f.self)
	f.peer = e.ids.of(f.other, f.self.Node)
	f.aggregate = e.ids.aggregateOf(f.peer)
	proto, err := u8proto.ParseProtocol(strings.ToLower(string(p.Protocol)))
	if err != nil {
		return f, fmt.Errorf("protocol %q is not one that policies know", p.Protocol)
	}
	f.proto = proto
	for _, side := range []struct {
		party model.Party
		id    *identity.Identity
	}{{f.self, f.subject}, {f.other, f.peer}} {
		if side.id == nil {
			return f, fmt.Errorf("%s has no security identity", describe(side.party))
		}
	}
	return f, nil
}

// selects says whether a rule applies to the flow's subject in its direction.
func (f *flow) selects(r *rule) bool {
	return r.direction() == f.direction && f.isFor(r) && r.entry.Subject.Matches(f.subject.LabelArray)
}

// otherIsOwnNode says whether the peer is the node of the subject itself.
func (f *flow) otherIsOwnNode() bool {
	return f.other.Kind == model.PartyNode && f.other.Node == f.self.Node
}

// isFor says whether a rule is for what the flow's subject is: a node or a pod.
func (f *flow) isFor(r *rule) bool { return r.entry.Node == (f.self.Kind == model.PartyNode) }

// peerMatches says whether the rule means the flow's peer: no list selects
// nobody, an empty one everybody if there are ports (cilium v1.20.2
// pkg/policy/types/policyentry.go, PolicyEntry.L3).
func (f *flow) peerMatches(r *rule) bool {
	if r.entry.L3 == nil {
		return false
	}
	if len(r.entry.L3) == 0 {
		return len(r.entry.L4) > 0
	}
	return r.entry.L3.Matches(f.peer.LabelArray) || f.aggregate != nil && r.entry.L3.Matches(f.aggregate.LabelArray)
}

// portMatches finds the port rule that means the flow's port: its index, or -1
// where the rule names no ports at all.
func (f *flow) portMatches(r *rule, named peerPorts) (int, bool) {
	if len(r.entry.L4) == 0 {
		return -1, true
	}
	i := slices.IndexFunc(r.entry.L4, func(ports api.PortRule) bool { return f.meansPort(ports, named) })
	return i, i >= 0
}

func (f *flow) meansPort(ports api.PortRule, named peerPorts) bool {
	return slices.ContainsFunc(ports.Ports, func(p api.PortProtocol) bool { return f.portMatch(p, named) })
}

func (f *flow) portMatch(p api.PortProtocol, named peerPorts) bool {
	if !f.protocolMatch(p.Protocol) {
		return false
	}
	ports, isNumber := numericPorts(p)
	if !isNumber {
		number := f.namedPort(p.Port, named)
		return number != 0 && number == f.port
	}
	return ports.hold(f.port)
}

// portRange is the ports from first to last; first is 0 for all.
type portRange struct{ first, last uint16 }

func (r portRange) hold(port uint16) bool { return r.first == 0 || r.first <= port && port <= r.last }

// numericPorts are the ports that a rule gives by number; isNumber is false
// where it gives a name.
func numericPorts(p api.PortProtocol) (ports portRange, isNumber bool) {
	first, isNumber := portNumber(p.Port)
	return portRange{first, max(first, uint16(p.EndPort))}, isNumber
}

// protocolMatch knows that ANY means the protocols that have ports.
func (f *flow) protocolMatch(p api.L4Proto) bool {
	if p == "" || p.IsAny() {
		return f.packet.Protocol.HasPorts()
	}
	return strings.EqualFold(string(p), string(f.packet.Protocol))
}

// namedPort resolves a name: on ingress through the subject's own ports, on
// egress through the peer's.
func (f *flow) namedPort(name string, named peerPorts) uint16 {
	key := portName{name, f.proto}
	if f.direction == model.Ingress {
		return named.byIdentity[f.subject.ID][key]
	}
	return named.lookup(f.peer.ID, key)
}

func portNumber(text string) (uint16, bool) {
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil
}

// describe names a party as a person would.
func describe(p model.Party) string {
	switch {
	case p.Pod != nil && p.Kind == model.PartyNode:
		return fmt.Sprintf("hostNetwork pod %s/%s", p.Pod.Namespace, p.Pod.Name)
	case p.Pod != nil:
		return fmt.Sprintf("pod %s/%s", p.Pod.Namespace, p.Pod.Name)
	case p.Kind == model.PartyIngress && p.Node != nil:
		return "Envoy on node " + p.Node.Name + " (entity ingress)"
	case p.Kind == model.PartyIngress:
		return "Cilium's Envoy (entity ingress)"
	case p.Node != nil:
		return "node " + p.Node.Name
	case p.Kind == model.PartyWorld && p.Addr.IsValid():
		return "the world (source address " + p.Addr.String() + ")"
	case p.Addr.IsValid():
		return "address " + p.Addr.String()
	default:
		return "the world"
	}
}

// portText is a port as rules write it: "8443/TCP", or the ICMP type.
func portText(port uint16, protocol model.Protocol) string {
	if protocol.HasPorts() {
		return fmt.Sprintf("%d/%s", port, protocol)
	}
	return fmt.Sprintf("%s type %d", protocol, port)
}
