package conntest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Outcome is how a case ended.
type Outcome string

// The outcomes.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	// Unusable is a case that could not be asked: a reference names nothing.
	Unusable Outcome = "error"
)

// Result is a case that was asked.
type Result struct {
	// Name is the case's title, behind the datapath if the document lists some.
	Name string `json:"name"`
	// Datapath is the entry of Datapaths that the case ran under.
	Datapath string  `json:"datapath,omitempty"`
	File     string  `json:"file,omitempty"`
	Line     int     `json:"line,omitempty"`
	Outcome  Outcome `json:"outcome"`
	// Want and Got are verdicts; Got is nil where the case is Unusable.
	Want sim.Verdict  `json:"want"`
	Got  *sim.Verdict `json:"got,omitempty"`
	// Problem says in one sentence why the case did not pass.
	Problem string `json:"problem,omitempty"`
	// Connection is the one of a chain that decided, "FROM → TO", if one did.
	Connection string `json:"connection,omitempty"`
	// Answer explains a case that failed.
	Answer *sim.Answer `json:"answer,omitempty"`
}

// result is that of a case that passes.
func (c Case) result() Result {
	got := c.Want
	return Result{Name: c.Title(), Line: c.Line, Want: c.Want, Got: &got, Outcome: Pass}
}

// Judge asks what a case asks, and compares.
func (c Case) Judge(s *sim.Sim) Result {
	r := c.result()
	way, err := c.ask(s)
	if err != nil {
		r.Outcome, r.Problem, r.Got = Unusable, err.Error(), nil
		return r
	}
	r.Got = &way.verdict
	at := ""
	if len(c.Chain) > 0 && way.verdict != sim.Allowed {
		r.Connection = way.connection
		at = " at " + way.connection
	}
	switch {
	case way.verdict != r.Want:
		r.Problem = fmt.Sprintf("want %s, got %s%s", r.Want, way.verdict, at)
	case !c.isBecause(way.answers):
		r.Problem = fmt.Sprintf("%s as wanted%s, but not because of %s: %s", r.Want, at, c.Because, decidedBy(way.answers))
	default:
		return r
	}
	r.Outcome, r.Answer = Fail, way.telling()
	return r
}

// way is what became of a case's connections.
type way struct {
	verdict sim.Verdict
	// connection is the first that is not allowed, and answers are its own;
	// where all are allowed, those of all.
	connection string
	answers    []*sim.Answer
}

// telling is the answer that explains the verdict.
func (w way) telling() *sim.Answer {
	i := slices.IndexFunc(w.answers, func(a *sim.Answer) bool { return a.Verdict != sim.Allowed })
	return w.answers[max(i, 0)]
}

// ask asks for one connection after the other. The next one of a chain is opened
// by whatever answers: a Service's pods, for one. What comes behind a connection
// that is not allowed changes no verdict, but its references are read.
func (c Case) ask(s *sim.Sim) (way, error) {
	refs, out := c.refs(), way{verdict: sim.Allowed}
	if len(refs) < 2 {
		return way{}, errors.New("a chain of one end has no connection: give two or more")
	}
	sources := refs[:1]
	for i, to := range refs[1:] {
		if len(sources) == 0 && out.verdict != sim.Allowed {
			return out, nil
		}
		if len(sources) == 0 {
			return way{}, fmt.Errorf("nothing of the cluster is behind %s: the chain cannot go on from there", refs[i])
		}
		answers, err := c.connections(s, sources, to)
		if err != nil {
			return way{}, err
		}
		switch verdict := fold(answers); {
		case out.verdict != sim.Allowed:
		case verdict != sim.Allowed:
			out = way{verdict, refs[i] + " → " + to, answers}
		default:
			out.answers = append(out.answers, answers...)
		}
		sources = reached(answers)
	}
	return out, nil
}

// connections asks for one connection from each of its sources.
func (c Case) connections(s *sim.Sim, sources []string, to string) ([]*sim.Answer, error) {
	var answers []*sim.Answer
	for _, from := range sources {
		a, err := s.Query(sim.Query{
			From: from, To: to, Port: c.Port, Via: c.Via,
			HTTP: c.HTTP, Headers: c.Headers, DNSName: c.DNSName, SNI: c.SNI,
		})
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	return answers, nil
}

func fold(answers []*sim.Answer) sim.Verdict {
	verdicts := make([]sim.Verdict, len(answers))
	for i, a := range answers {
		verdicts[i] = a.Verdict
	}
	return model.Paths(verdicts...)
}

// reached is what stands at the ends of the paths.
func reached(answers []*sim.Answer) []string {
	var refs []string
	for _, a := range answers {
		for _, p := range a.Paths {
			if b := p.Backend; b != nil && b.Ref != "" && !slices.Contains(refs, b.Ref) {
				refs = append(refs, b.Ref)
			}
		}
	}
	return refs
}
