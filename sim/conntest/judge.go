package conntest

import (
	"fmt"

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
	r.Got = &way.Verdict
	at, broken := "", way.BrokenLeg()
	if len(c.Chain) > 0 && broken != nil {
		r.Connection = broken.String()
		at = " at " + r.Connection
	}
	answers := deciders(way)
	switch {
	case way.Verdict != r.Want:
		r.Problem = fmt.Sprintf("want %s, got %s%s", r.Want, way.Verdict, at)
	case !c.isBecause(answers):
		r.Problem = fmt.Sprintf("%s as wanted%s, but not because of %s: %s", r.Want, at, c.Because, decidedBy(answers))
	default:
		return r
	}
	r.Outcome, r.Answer = Fail, answers[0]
	return r
}

// ask asks for all connections of a case.
func (c Case) ask(s *sim.Sim) (*sim.Journey, error) {
	return s.Journey(c.refs(), sim.Query{
		Port: c.Port, Via: c.Via, HTTP: c.HTTP, Headers: c.Headers, DNSName: c.DNSName, SNI: c.SNI,
	})
}

// deciders are the answers that made the verdict: that of the first connection
// that is not allowed or, where all are, those of all.
func deciders(way *sim.Journey) []*sim.Answer {
	if broken := way.BrokenLeg(); broken != nil {
		return []*sim.Answer{broken.Answer}
	}
	var all []*sim.Answer
	for _, e := range way.Legs {
		all = append(all, e.Answer)
	}
	return all
}
