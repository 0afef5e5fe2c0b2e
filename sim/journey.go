package sim

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// Journey is a way over several connections, each opened by what answered the one
// before: a gateway asks a proxy, which asks a frontend, which asks an API. Its
// JSON form is as stable as that of an Answer.
type Journey struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Verdict is that of the first leg that is not allowed.
	Verdict model.Verdict `json:"verdict"`
	// Broken is the number of that leg, from 1; 0 where all are allowed.
	Broken int   `json:"broken,omitempty"`
	Legs   []Leg `json:"legs"`
}

// Leg is one connection of a Journey.
type Leg struct {
	From    string        `json:"from"`
	To      string        `json:"to"`
	Verdict model.Verdict `json:"verdict"`
	// Answer explains the verdict; nil where nobody opens the connection.
	Answer *Answer `json:"answer,omitempty"`
	// Why says why there is no Answer.
	Why string `json:"why,omitempty"`
}

func (l Leg) String() string { return l.From + " → " + l.To }

// BrokenLeg is the first leg that is not allowed, nil where all are.
func (j *Journey) BrokenLeg() *Leg {
	if j.Broken == 0 {
		return nil
	}
	return &j.Legs[j.Broken-1]
}

// JourneyKind is the kind of a Journey.
const JourneyKind = "Journey"

// Journey judges every leg from the first of refs to the last, whatever those
// before it say. Of q counts what is not FROM or TO, for each leg alike. The
// error is a *RefError, as for Query.
func (s *Sim) Journey(refs []string, q Query) (*Journey, error) {
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
	out := &Journey{APIVersion: APIVersion, Kind: JourneyKind, Verdict: model.Allowed, Legs: []Leg{}}
	for i, to := range refs[1:] {
		q.To = to
		leg, err := s.leg(q, from, sources, out.Broken > 0)
		if err != nil {
			return nil, err
		}
		leg.From = refs[i]
		out.add(leg)
		sources = s.behind(leg.Answer)
		from = opener(to, sources)
	}
	return out, nil
}

func (j *Journey) add(l Leg) {
	j.Legs = append(j.Legs, l)
	if j.Broken == 0 && l.Verdict != model.Allowed {
		j.Broken, j.Verdict = len(j.Legs), l.Verdict
	}
}

// leg asks for one connection. Where nothing stands behind a leg that is
// broken, nothing can be said of those after it.
func (s *Sim) leg(q Query, from reference, sources []model.Party, broken bool) (Leg, error) {
	leg := Leg{To: q.To}
	switch {
	case len(sources) > 0:
		answer, err := s.ask(q, from, sources)
		if err != nil {
			return leg, err
		}
		leg.Answer, leg.Verdict = answer, answer.Verdict
		return leg, nil
	case broken:
		leg.Why = fmt.Sprintf("nothing of the cluster is behind %s, so nobody opens this connection", from.text)
		return leg, nil
	default:
		return leg, refErrorf("nothing of the cluster is behind %s: the chain cannot go on from there", from.text)
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
