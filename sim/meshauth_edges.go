package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// authEdges are the connections that rules with authentication mean.
type authEdges struct {
	// open are those that policy allows and that must authenticate.
	open []AuthEdge
	// closed counts those that policy denies anyway.
	closed int
	// sample asks about one edge in open, nil if there is none: preferably one
	// that opens.
	sample *Query
}

// anyPort stands for a port where a rule means every one, and the destination
// declares none: no rule names it.
const anyPort = 1

// authEdges asks for each connection that a rule with authentication means,
// end to end: what other rules or the other side's deny is not its doing.
func (s *Sim) authEdges() authEdges {
	var edges authEdges
	opens := false
	for _, pair := range s.engine.AuthPairs() {
		q := pairQuery(pair)
		a, err := s.Query(q)
		if err != nil {
			continue // a pod without an address of the family
		}
		edge, demanded := readEdge(pair, a)
		switch {
		case !demanded:
			continue
		case closedAnyway(a):
			edges.closed++
			continue
		}
		if !opens && (edges.sample == nil || edge.Verdict == model.Allowed) {
			edges.sample, opens = &q, edge.Verdict == model.Allowed
		}
		edges.add(edge)
	}
	slices.SortStableFunc(edges.open, func(a, b AuthEdge) int {
		return cmp.Or(strings.Compare(a.To, b.To), cmp.Compare(a.Port, b.Port), strings.Compare(a.From, b.From))
	})
	return edges
}

// add keeps an edge, or its rules where it is there already.
func (es *authEdges) add(edge AuthEdge) {
	i := slices.IndexFunc(es.open, func(o AuthEdge) bool {
		return o.From == edge.From && o.To == edge.To && o.Port == edge.Port && o.Protocol == edge.Protocol && o.Verdict == edge.Verdict
	})
	if i < 0 {
		es.open = append(es.open, edge)
		return
	}
	es.open[i].Rules = model.SortOrigins(append(es.open[i].Rules, edge.Rules...))
}

func pairQuery(p engine.AuthPair) Query {
	port := fmt.Sprintf("%d/%s", cmp.Or(p.Port, anyPort), p.Protocol)
	if !p.Protocol.HasPorts() {
		port = fmt.Sprintf("%s/%d", p.Protocol, p.Port)
	}
	return Query{From: partyRef(p.Source), To: partyRef(p.Destination), Port: port}
}

// readEdge reads an answer's authentication steps; demanded is false where it
// has none.
func readEdge(pair engine.AuthPair, a *Answer) (edge AuthEdge, demanded bool) {
	edge = AuthEdge{
		From: endName(pair.Source, pair.Destination), To: endName(pair.Destination, pair.Source),
		Port: pair.Port, Protocol: pair.Protocol, Verdict: model.Allowed, Rules: []model.Origin{pair.Rule},
	}
	for _, p := range a.Paths {
		for _, step := range p.Steps {
			if step.Stage != model.StageAuth {
				continue
			}
			if !demanded || step.Verdict == model.Denied || step.Verdict != model.Allowed && edge.Verdict == model.Allowed {
				edge.Verdict, edge.Why, edge.Hint = step.Verdict, step.Why, step.Hint
			}
			demanded = true
		}
	}
	return edge, demanded
}

// closedAnyway says whether something else than authentication denies every
// path.
func closedAnyway(a *Answer) bool {
	return a.all(func(p Path) bool {
		return slices.ContainsFunc(p.Steps, func(s model.Step) bool { return s.Stage != model.StageAuth && s.Verdict == model.Denied })
	})
}

// endName is a pod's workload, and what a node is to the other end.
func endName(p, other model.Party) string {
	switch {
	case p.Kind == model.PartyPod && p.Pod.Owner != nil:
		return workloadRef(*p.Pod.Owner)
	case p.Kind == model.PartyNode && p.Node == other.Node:
		return "own node (kubelet)"
	case p.Kind == model.PartyNode:
		return "other nodes"
	default:
		return partyRef(p)
	}
}
