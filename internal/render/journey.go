package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Journey writes a way over several connections: one line for each, and the answer
// to the first that is not allowed. Verbose tells all answers. Its error is the
// writer's.
func Journey(w io.Writer, j *sim.Journey, opt TextOptions) error {
	p := newPage(opt)
	p.line(p.verdict(j.Verdict) + "  " + journeyOutcome(j))
	p.blank()
	for i, l := range j.Legs {
		p.leg(i+1, l)
	}
	for i, l := range j.Legs {
		if l.Answer == nil || i+1 != j.Broken && !opt.Verbose {
			continue
		}
		p.blank()
		p.line(p.paint(bold, fmt.Sprintf("connection %d of %d", i+1, len(j.Legs))))
		var text bytes.Buffer
		_ = Answer(&text, l.Answer, opt) // a buffer takes all
		p.text.Write(text.Bytes())
	}
	if j.Broken == 0 && !opt.Verbose {
		p.assumptions(j, opt)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

func journeyOutcome(j *sim.Journey) string {
	count := plural(len(j.Legs), "connection")
	switch j.Verdict {
	case model.Allowed:
		return count + ", all open"
	case model.Undetermined:
		return fmt.Sprintf("%s, and the first of which netsim cannot tell is number %d", count, j.Broken)
	default:
		return fmt.Sprintf("%s, and the first that breaks is number %d", count, j.Broken)
	}
}

func (p *page) leg(number int, l sim.Leg) {
	head := fmt.Sprintf("%2d %s ", number, p.mark(l.Verdict))
	pieces := []string{pad(p.verdict(l.Verdict), columns("undetermined")), clean(l.From) + " →", clean(l.To)}
	if l.Why != "" {
		pieces[0] = pad("not asked", columns("undetermined"))
	}
	lines := fill(pieces, " ", p.width-stepIndent)
	if l.Answer != nil && l.Verdict == model.Denied {
		lines = append(lines, outcome(l.Answer))
	}
	if l.Why != "" {
		lines = append(lines, fold(clean(l.Why), p.width-stepIndent)...)
	}
	for _, line := range hang(head, lines) {
		p.line(line)
	}
}

// assumptions are what the verdicts of open connections hang on.
func (p *page) assumptions(j *sim.Journey, opt TextOptions) {
	p.blank()
	first := j.Legs[0].Answer
	t := answerText{page: p, answer: &sim.Answer{}}
	for _, l := range j.Legs {
		for _, condition := range l.Answer.Conditions {
			if !slices.Contains(t.answer.Conditions, condition) {
				t.answer.Conditions = append(t.answer.Conditions, condition)
			}
		}
	}
	t.conditions()
	p.issues(first.Issues, opt.Verbose)
	p.datapath(first.Datapath)
}
