package engine

import (
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// DecidedBy names the rules that decide about a packet for one of its sides: those
// that allow or deny it, or the policies that isolate the subject where no rule
// means the packet. It is empty where none selects the subject, and for packets
// of which only Engine.Judge can tell.
func (c *Compiled) DecidedBy(d model.Direction, packet model.Packet) []model.Origin {
	self, other := packet.Source, packet.Destination
	if d == model.Ingress {
		self, other = other, self
	}
	subject, known := c.Identity(self, self.Node)
	peer, knownToo := c.Identity(other, self.Node)
	if self.Kind != model.PartyPod || !known || !knownToo {
		return nil
	}
	list, port := c.bySubject[d][subject], PortNumber{packet.Port, packet.Protocol}
	var by []model.Origin
	rank, passed := -1, types.TierUnspec
	for _, r := range list.rules {
		switch {
		case rank >= 0 && r.rank != rank:
			return model.SortOrigins(by)
		case r.tier == passed || !r.peers.has(peer) || !c.meansPort(r, d, subject, peer, port):
		case r.verdict == types.Pass:
			passed = r.tier
			by = append(by, r.origin())
		default:
			rank = r.rank
			by = append(by, r.origin())
		}
	}
	if rank < 0 {
		for _, r := range list.rules {
			if isolates(r.rule) {
				by = append(by, r.rule.policyOrigin())
			}
		}
	}
	return model.SortOrigins(by)
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
