package render

import (
	"fmt"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// hops tells a request's way through a gateway, one hop after the other, and
// gives the groups of paths that it showed.
func (t *answerText) hops() []group {
	var shown []group
	for i, hop := range t.answer.Hops {
		t.blank()
		t.hopHeader(hop, i+1)
		t.block("by", originLines(hop.By, t.room()))
		t.prose("why", hop.Why)
		t.route(hop.Route)
		if hop.Hint != t.answer.Hint {
			t.prose(t.paint(bold, "hint"), hop.Hint)
		}
		if len(hop.Paths) > 0 {
			t.all = hop.Paths
			groups := groupPaths(hop.Paths)
			t.paths(groups)
			shown = append(shown, groups...)
		}
	}
	return shown
}

// broken names the hop that does not let the request pass.
func (t *answerText) broken() {
	for i, hop := range t.answer.Hops {
		if hop.Name != t.answer.BrokenHop || hop.Verdict == model.Allowed {
			continue
		}
		words := map[model.Verdict]string{model.Denied: "stops it", model.Mixed: "stops some of it", model.Undetermined: "is not known"}[hop.Verdict]
		t.prose("broken", fmt.Sprintf("hop %d, %s, %s", i+1, hopTitle(hop), words))
		return
	}
}

func hopTitle(hop sim.Hop) string { return strings.ReplaceAll(string(hop.Name), "-", " ") }

func (t *answerText) hopHeader(hop sim.Hop, number int) {
	pieces := []string{
		t.paint(bold, fmt.Sprintf("hop %d of %d  %s", number, len(t.answer.Hops), hopTitle(hop))),
		t.verdict(hop.Verdict), clean(hop.From) + " → " + clean(hop.To),
	}
	if hop.Weight > 0 {
		pieces = append(pieces, fmt.Sprintf("weight %d", hop.Weight))
	}
	if hop.Verdict == model.Denied && hop.ClientSees != "" {
		pieces = append(pieces, seen(hop.ClientSees, ""))
	}
	for _, line := range fill(pieces, "  ", t.width) {
		t.line(line)
	}
}

// route says what a gateway does with the request beyond what the words say.
func (t *answerText) route(r *sim.Route) {
	if r == nil {
		return
	}
	t.items("gateway", clean(r.Gateway), "("+clean(r.Controller)+")")
	if r.Status > 0 {
		t.items("answers", fmt.Sprintf("HTTP %d", r.Status), clean(r.Location))
	}
	if r.Host != "" && r.Status == 0 {
		t.items("asks for", clean(r.Host)+clean(r.Path))
	}
	for _, b := range r.Backends {
		words := ""
		if len(r.Backends) > 1 {
			words = fmt.Sprintf("weight %d", b.Weight)
		}
		t.items("to", clean(b.Ref), words)
	}
}
