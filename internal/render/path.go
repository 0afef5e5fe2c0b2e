package render

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// paths tells each group of paths, the first in full and of the others what
// differs from it.
func (t *answerText) paths(groups []group) {
	if len(groups) == 0 {
		t.items("path", "none: there is no way to look at")
		return
	}
	several := len(distinct(t.all, sourceName)) > 1
	for i, g := range groups {
		if len(groups) > 1 {
			t.pathHeader(g.paths[0], i+1, len(groups))
		}
		t.groupEnds(g, several)
		t.blank()
		if i == 0 {
			t.steps(g, nil)
		} else {
			t.steps(g, groups[0].steps)
		}
	}
}

func (t *answerText) pathHeader(path sim.Path, number, of int) {
	t.blank()
	words := ""
	if path.ClientSees != "" {
		words = seen(path.ClientSees, t.answer.To.Protocol)
	}
	name := t.paint(bold, fmt.Sprintf("path %d of %d", number, of))
	for _, line := range fill([]string{name, t.verdict(path.Verdict), words}, "   ", t.width) {
		t.line(line)
	}
}

// groupEnds names the ends of a group's paths where the lines above them do
// not already; several says whether the answer has more sources than one.
func (t *answerText) groupEnds(g group, several bool) {
	sources, backends, pairs := g.ends()
	if pairs != nil {
		t.list("pairs", pairs)
	}
	if len(sources) > 1 || len(sources) == 1 && several {
		t.list("from", sources)
	}
	first := g.paths[0]
	switch {
	case len(backends) == 1 && !t.isTarget(first.Backend):
		b := first.Backend
		t.items("backend", unless(clean(b.Ref), b.IP), t.address(b.IP, b.Port, ""), node(b.Node, b.Assigned), numbers(b.IdentityNumbers))
	case len(backends) > 1:
		t.list("backends", backends)
	}
	if len(g.paths) > 1 {
		t.prose("", fmt.Sprintf("%d paths agree; shown: %s", len(g.paths), pairName(first)))
	}
}

// isTarget is true where the backend is what was asked for, with no Service
// between.
func (t *answerText) isTarget(b *sim.Backend) bool {
	to := t.answer.To
	return b.IP == to.IP && b.Port == to.Port && (b.Ref == to.Ref || to.Frontend == model.FrontendNone)
}

// list writes the first names and counts the rest.
func (t *answerText) list(label string, names []string) {
	t.block(label, fill(listed(names), " ", t.room()))
}

// legend explains the star, where a step that is shown has one.
func (t *answerText) legend(groups []group) {
	if t.starred(groups) {
		t.prose("*", "assigned: no file gives this address")
	}
}

// starred says whether a list of paths or a step that is shown carries an
// assigned address.
func (t *answerText) starred(groups []group) bool {
	return slices.ContainsFunc(groups, func(g group) bool {
		listed := len(g.paths) > 1 && slices.ContainsFunc(g.paths, func(path sim.Path) bool { return isAssigned(path.Backend) })
		return listed || slices.ContainsFunc(g.paths[0].Steps, func(step model.Step) bool {
			return step.Sees != nil && (t.assigned[step.Sees.SourceIP] || t.assigned[step.Sees.DestinationIP])
		})
	})
}
