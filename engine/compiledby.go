package engine

import (
	"encoding/binary"

	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// Decider is a rule that decides about a packet or, where it isolates, one of
// those that leave nobody to allow it.
type Decider struct {
	direction model.Direction
	place     int
	isolates  bool
}

// AppendTo adds bytes that no other decider has.
func (d Decider) AppendTo(key []byte) []byte {
	key = binary.LittleEndian.AppendUint32(key, uint32(d.place))
	if d.isolates {
		key[len(key)-1] |= 1 << 7
	}
	return append(key, byte(d.direction))
}

// Origins names deciders, in order.
func (c *Compiled) Origins(deciders []Decider) []model.Origin {
	by := make([]model.Origin, 0, len(deciders))
	for _, d := range deciders {
		r := c.rules[d.direction][d.place]
		if d.isolates {
			by = append(by, r.rule.policyOrigin())
			continue
		}
		by = append(by, r.origin())
	}
	return model.SortOrigins(by)
}

// AddDeciders adds to by the rules that decide about a packet for one of its
// sides: those that allow or deny it, or the ones that isolate the subject where
// none means the packet. It adds nothing where none selects the subject, and for
// packets of which only Engine.Judge can tell.
func (c *Compiled) AddDeciders(by []Decider, d model.Direction, packet model.Packet) []Decider {
	self, other := packet.Source, packet.Destination
	if d == model.Ingress {
		self, other = other, self
	}
	subject, known := c.Identity(self, self.Node)
	peer, knownToo := c.Identity(other, self.Node)
	if self.Kind != model.PartyPod || !known || !knownToo {
		return by
	}
	list, port := c.bySubject[d][subject], PortNumber{packet.Port, packet.Protocol}
	rank, passed := -1, types.TierUnspec
	for _, r := range list.rules {
		switch {
		case rank >= 0 && r.rank != rank:
			return by
		case r.tier == passed || !r.peers.has(peer) || !c.meansPort(r, d, subject, peer, port):
		case r.verdict == types.Pass:
			passed = r.tier
			by = append(by, Decider{d, r.place, false})
		default:
			rank = r.rank
			by = append(by, Decider{d, r.place, false})
		}
	}
	if rank < 0 {
		for _, r := range list.rules {
			if isolates(r.rule) {
				by = append(by, Decider{d, r.place, true})
			}
		}
	}
	return by
}

// Selected says which pods the rules of some policies select in a direction.
// whole is true where those policies can matter to other packets than those of
// the pods: they are for nodes, are no rules of their own, or change what rules
// of others mean.
func (c *Compiled) Selected(d model.Direction, policies map[*model.Object]bool) (pods map[*model.Pod]bool, whole bool) {
	selected := newBitset(len(c.universe.ids))
	read := map[*model.Object]bool{}
	for _, r := range c.engine.rules {
		if !policies[r.object] {
			continue
		}
		read[r.object] = true
		if r.entry.Node || r.emptyGroups {
			return nil, true
		}
	}
	for o := range policies {
		if kinds()[o.Origin.Kind].read == nil || !read[o] {
			return nil, true
		}
	}
	for _, r := range c.rules[d] {
		if policies[r.rule.object] {
			selected.addAll(r.subjects)
		}
	}
	pods = map[*model.Pod]bool{}
	for pod, i := range c.pods {
		if selected.has(i) {
			pods[pod] = true
		}
	}
	return pods, false
}
