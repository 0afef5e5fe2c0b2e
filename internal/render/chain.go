package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Chain writes a way over several connections: one line for each, and the answer
// to the first that is not allowed. Verbose tells all answers. Its error is the
// writer's.
func Chain(w io.Writer, c *sim.Chain, opt TextOptions) error {
	p := newPage(opt)
	p.line(p.verdict(c.Verdict) + "  " + chainOutcome(c))
	p.blank()
	for i, e := range c.Edges {
		p.edge(i+1, e)
	}
	for i, e := range c.Edges {
		if e.Answer == nil || i+1 != c.Broken && !opt.Verbose {
			continue
		}
		p.blank()
		p.line(p.paint(bold, fmt.Sprintf("edge %d of %d", i+1, len(c.Edges))))
		var text bytes.Buffer
		_ = Answer(&text, e.Answer, opt) // a buffer takes all
		p.text.Write(text.Bytes())
	}
	if c.Broken == 0 && !opt.Verbose {
		p.assumptions(c, opt)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

func chainOutcome(c *sim.Chain) string {
	edges := plural(len(c.Edges), "edge")
	switch c.Verdict {
	case model.Allowed:
		return edges + ", all open"
	case model.Undetermined:
		return fmt.Sprintf("%s, and the first of which netsim cannot tell is edge %d", edges, c.Broken)
	default:
		return fmt.Sprintf("%s, and the first that breaks is edge %d", edges, c.Broken)
	}
}

func (p *page) edge(number int, e sim.Edge) {
	head := fmt.Sprintf("%2d %s ", number, p.mark(e.Verdict))
	pieces := []string{pad(p.verdict(e.Verdict), columns("undetermined")), clean(e.From) + " →", clean(e.To)}
	if e.Why != "" {
		pieces[0] = pad("not asked", columns("undetermined"))
	}
	lines := fill(pieces, " ", p.width-stepIndent)
	if e.Answer != nil && e.Verdict == model.Denied {
		lines = append(lines, outcome(e.Answer))
	}
	if e.Why != "" {
		lines = append(lines, fold(clean(e.Why), p.width-stepIndent)...)
	}
	for _, line := range hang(head, lines) {
		p.line(line)
	}
}

// assumptions are what the verdicts of open edges hang on.
func (p *page) assumptions(c *sim.Chain, opt TextOptions) {
	p.blank()
	first := c.Edges[0].Answer
	t := answerText{page: p, answer: &sim.Answer{Datapath: first.Datapath}}
	for _, e := range c.Edges {
		for _, condition := range e.Answer.Conditions {
			if !slices.Contains(t.answer.Conditions, condition) {
				t.answer.Conditions = append(t.answer.Conditions, condition)
			}
		}
	}
	t.conditions()
	p.issues(first.Issues, opt.Verbose)
	t.datapath()
}
