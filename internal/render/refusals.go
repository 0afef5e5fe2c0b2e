package render

import (
	"fmt"
	"strings"

	"github.com/netsim-dev/netsim/sim"
)

// refusals tells what the cluster would not take, before anything that rests on
// its being taken.
func (p *page) refusals(list []sim.Refusal) {
	if len(list) == 0 {
		return
	}
	p.blank()
	for _, r := range list {
		p.prose(p.paint(red, refusalWord(r)), refusalText(r))
	}
	p.prose("", "what follows is as if the change were taken")
}

func refusalWord(r sim.Refusal) string {
	if r.Unless != "" {
		return "may refuse"
	}
	return "refused"
}

// refusalText names the change, who forbids it and what that hangs on.
func refusalText(r sim.Refusal) string {
	text := fmt.Sprintf("%s %s (%s): forbidden by rule %s of %s (%s)",
		strings.ToLower(r.Operation), r.Object.ID(), position(r.Object), r.By.Rule, r.By.ID(), position(r.By))
	if r.Message != "" {
		text += fmt.Sprintf(", %q", r.Message)
	}
	if r.Unless != "" {
		text += "; it is not certain, as " + r.Unless
	}
	return clean(text)
}

func (p *page) markdownRefusals(list []sim.Refusal) {
	if len(list) == 0 {
		return
	}
	p.blank()
	for _, r := range list {
		p.line("- " + refusalWord(r) + ": " + escaped(refusalText(r)))
	}
}
