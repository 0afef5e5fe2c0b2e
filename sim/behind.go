package sim

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// An End is what a connection to a destination can end at, and whether it does.
type End struct {
	// Ref is one of the destination's Behind.
	Ref string `json:"ref"`
	Outcome
}

// Ends tells the workloads behind a destination apart: a cell folds what a
// Service leads to, and one of two workloads behind it may refuse. What no way
// leads to is left out; the rest is in the order of Behind.
func (m *Matrix) Ends(source *MatrixSource, to *MatrixDestination) []End {
	folded := map[string]*outcomes{}
	for party := range to.column.differing(source) {
		for _, w := range to.column.waysFrom(party) {
			if w.Backend == nil {
				continue
			}
			ref := to.column.endOf(w.end(), m.pods)
			if folded[ref] == nil {
				folded[ref] = &outcomes{}
			}
			folded[ref].add(m.sim.outcomeOf(w, party))
		}
	}
	var out []End
	for _, ref := range slices.Sorted(maps.Keys(folded)) {
		out = append(out, End{ref, folded[ref].all})
	}
	return out
}

// endsOf are the Ends of a cell that is not denied. Where one workload alone is
// behind it, the cell says it already.
func (m *Matrix) endsOf(source *MatrixSource, to *MatrixDestination, cell Outcome) []End {
	if len(to.Behind) == 1 {
		return []End{{to.Behind[0], cell}}
	}
	return m.Ends(source, to)
}

// end is who answers. A hostNetwork pod that connects to its own node stands in
// the way as the backend too; the one that is asked for is meant.
func (w *way) end() model.Party {
	p := w.Backend.Party
	if p.Kind == model.PartyNode && p.Pod != nil && p.Pod == w.source.Pod {
		p.Pod = w.request.Destination.Pod
	}
	return p
}

// behind are the ends that a destination can have, from the endpoints of its
// Services.
func (c *column) behind(pods bool) []string {
	refs := map[string]bool{}
	for _, r := range c.requests {
		if r.Service == nil {
			refs[c.endOf(r.Destination, pods)] = true
			continue
		}
		for addr := range c.sim.endpoints(r.Service) {
			refs[c.endOf(c.sim.index.Party(addr), pods)] = true
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(refs))...)
}

// endpoints are the addresses behind a Service, and the pods that they are said
// to be of: an address of a hostNetwork pod is its node's.
func (s *Sim) endpoints(svc *model.Service) map[netip.Addr]*model.Pod {
	out := map[netip.Addr]*model.Pod{}
	for _, slice := range s.index.Slices(svc) {
		for _, e := range slice.Endpoints {
			out[e.Addr] = s.index.Pod(e.PodNamespace, e.PodName)
		}
	}
	return out
}

// endOf names whom a party belongs to, as sources are named.
func (c *column) endOf(p model.Party, pods bool) string {
	pod := p.Pod
	if pod == nil && p.Kind == model.PartyNode {
		pod = c.onHost[p.Addr]
	}
	switch {
	case pod != nil && (pods || ownerRef(pod) == ""):
		return podRef(pod)
	case pod != nil:
		return ownerRef(pod)
	case p.Kind == model.PartyNode && p.Node != nil:
		return "node/" + p.Node.Name
	case p.Kind == model.PartyWorld:
		return "world"
	}
	return p.Addr.String()
}
