package render

import (
	"fmt"
	"io"

	"github.com/netsim-dev/netsim/sim/replay"
)

// replayJUnit writes a case for each group that would fare otherwise, and for
// each question that has no such group one that passes.
func replayJUnit(w io.Writer, r *replay.Report) error {
	questions := []struct {
		class                 replay.Class
		name, passes, message string
	}{
		{r.WouldDrop, "let through", "nothing that was let through would be dropped", "was let through and would be dropped"},
		{r.WouldPass, "dropped", "nothing that was dropped would pass", "was dropped and would pass"},
	}
	out := junitSuites{}
	for _, q := range questions {
		suite := junitSuite{Name: "netsim replay: " + q.name, Tests: max(len(q.class.Groups), 1), Failures: len(q.class.Groups)}
		if len(q.class.Groups) == 0 {
			suite.Cases = []junitCase{{Name: q.passes, Classname: "replay"}}
		}
		for _, g := range q.class.Groups {
			suite.Cases = append(suite.Cases, replayCase(g, q.message))
		}
		out.Tests += suite.Tests
		out.Failures += suite.Failures
		out.Suites = append(out.Suites, suite)
	}
	return writeJUnit(w, out)
}

func replayCase(g replay.Group, message string) junitCase {
	c := junitCase{Name: clean(fmt.Sprintf("%s to %s %s at %s", g.From, g.To, portCell(g), g.Direction)), Classname: "replay"}
	first, last := g.Span()
	text := fmt.Sprintf("%s%s%s", quantity(int(g.Records), "record", "records"), prefixed(" from ", first), prefixed(" to ", last))
	for _, o := range g.By {
		text += "\nby " + originText(o)
	}
	if len(g.By) > 0 {
		c.File, c.Line = g.By[0].File, g.By[0].Line
	}
	c.Failure = &junitProblem{message, cleanLines(text)}
	return c
}
