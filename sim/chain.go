package sim

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// Chain is a way over several connections, each opened by what answered the one
// before: a gateway asks a proxy, which asks a frontend, which asks an API. Its
// JSON form is as stable as that of an Answer.
type Chain struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Verdict is that of the first edge that is not allowed.
	Verdict model.Verdict `json:"verdict"`
	// Broken is the number of that edge, from 1; 0 where all are allowed.
	Broken int    `json:"broken,omitempty"`
	Edges  []Edge `json:"edges"`
}

// Edge is one connection of a Chain.
type Edge struct {
	From    string        `json:"from"`
	To      string        `json:"to"`
	Verdict model.Verdict `json:"verdict"`
	// Answer explains the verdict; nil where nobody opens the connection.
	Answer *Answer `json:"answer,omitempty"`
	// Why says why there is no Answer.
	Why string `json:"why,omitempty"`
}

func (e Edge) String() string { return e.From + " → " + e.To }

// BrokenEdge is the first edge that is not allowed, nil where all are.
func (c *Chain) BrokenEdge() *Edge {
	if c.Broken == 0 {
		return nil
	}
	return &c.Edges[c.Broken-1]
}

// ChainKind is the kind of a Chain.
const ChainKind = "Path"

// Chain judges every edge from the first of refs to the last, whatever those
// before it say. Of q counts what is not FROM or TO, for each edge alike. The
// error is a *RefError, as for Query.
func (s *Sim) Chain(refs []string, q Query) (*Chain, error) {
	if len(refs) < 2 {
		return nil, refErrorf("a chain of one end has no connection: give two or more")
	}
	from, err := parseSource(refs[0])
	if err != nil {
		return nil, err
	}
	sources, err := s.sources(from)
	if err != nil {
		return nil, err
	}
	out := &Chain{APIVersion: APIVersion, Kind: ChainKind, Verdict: model.Allowed, Edges: []Edge{}}
	for i, to := range refs[1:] {
		q.To = to
		edge, err := s.edge(q, from, sources, out.Broken > 0)
		if err != nil {
			return nil, err
		}
		edge.From = refs[i]
		out.add(edge)
		sources = s.behind(edge.Answer)
		from = opener(to, sources)
	}
	return out, nil
}

func (c *Chain) add(e Edge) {
	c.Edges = append(c.Edges, e)
	if c.Broken == 0 && e.Verdict != model.Allowed {
		c.Broken, c.Verdict = len(c.Edges), e.Verdict
	}
}

// edge asks for one connection. Where nothing stands behind an edge that is
// broken, nothing can be said of those after it.
func (s *Sim) edge(q Query, from reference, sources []model.Party, broken bool) (Edge, error) {
	edge := Edge{To: q.To}
	switch {
	case len(sources) > 0:
		answer, err := s.ask(q, from, sources)
		if err != nil {
			return edge, err
		}
		edge.Answer, edge.Verdict = answer, answer.Verdict
		return edge, nil
	case broken:
		edge.Why = fmt.Sprintf("nothing of the cluster is behind %s, so nobody opens this connection", from.text)
		return edge, nil
	default:
		return edge, refErrorf("nothing of the cluster is behind %s: the chain cannot go on from there", from.text)
	}
}

// opener names who opens the next connection: one party by itself, several by
// what they stand behind.
func opener(ref string, parties []model.Party) reference {
	if len(parties) == 1 {
		return reference{text: partyRef(parties[0])}
	}
	return reference{text: ref}
}

// behind are the parties at the ends of an answer's paths; where there are
// none, all that a Service selects, ready or not.
func (s *Sim) behind(a *Answer) []model.Party {
	if a == nil {
		return nil
	}
	paths := slices.Clone(a.Paths)
	for _, hop := range a.Hops {
		if hop.Name == HopBackend {
			paths = append(paths, hop.Paths...)
		}
	}
	var parties []model.Party
	for _, p := range paths {
		if p.end != nil && !slices.Contains(parties, *p.end) {
			parties = append(parties, *p.end)
		}
	}
	if len(parties) == 0 && a.service != nil {
		return s.endpointParties(a.service)
	}
	return parties
}

// endpointParties are whoever is in a Service's slices, ready or not.
func (s *Sim) endpointParties(svc *model.Service) []model.Party {
	var parties []model.Party
	for _, slice := range s.index.Slices(svc) {
		for _, e := range slice.Endpoints {
			if p := s.index.Party(e.Addr); !slices.Contains(parties, p) {
				parties = append(parties, p)
			}
		}
	}
	return parties
}
