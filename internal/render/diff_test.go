package render_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

func changes(before, after string, pairs ...string) []sim.DiffChange {
	var out []sim.DiffChange
	for _, pair := range pairs {
		from, to, _ := strings.Cut(pair, " ")
		out = append(out, sim.DiffChange{From: from, To: to, Before: cell(before), After: cell(after)})
	}
	return out
}

func diffText(t *testing.T, d *sim.Diff) (text, markdown string) {
	t.Helper()
	var plain, md strings.Builder
	require.NoError(t, render.Diff(&plain, d, render.TextOptions{}))
	require.NoError(t, render.DiffMarkdown(&md, d))
	return plain.String(), md.String()
}

func TestDiffMergesWhatAPersonReadsAsOne(t *testing.T) {
	for _, row := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"ports of one object", []string{"dev/deploy/a dev/svc/x:80", "dev/deploy/a dev/svc/x:81"},
			"affects    dev/deploy/a → dev/svc/x:80,81 (allowed, now denied)\n"},
		{"sources with the same destinations", []string{"dev/deploy/a dev/svc/x:80", "dev/deploy/b dev/svc/x:80"},
			"affects    dev/deploy/a, dev/deploy/b → dev/svc/x:80 (allowed, now denied)\n"},
		{"destinations with the same sources, where that is shorter", []string{
			"dev/deploy/a dev/svc/x:80", "dev/deploy/a dev/svc/y:80", "dev/deploy/b dev/svc/x:80", "dev/deploy/b dev/svc/y:80", "dev/deploy/c dev/svc/x:80"},
			"affects    dev/deploy/a, dev/deploy/b → dev/svc/x:80, dev/svc/y:80\n           (allowed, now denied)\n           dev/deploy/c → dev/svc/x:80 (allowed, now denied)\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := &sim.Diff{Groups: []sim.DiffGroup{{Effect: sim.Closes, Why: "so", Connections: changes("✓", "✗", row.pairs...)}}}
			text, _ := diffText(t, d)
			assert.Contains(t, text, "why        so\n"+row.want)
		})
	}
}

func TestDiffCountsByEffect(t *testing.T) {
	d := &sim.Diff{Compared: 120, Groups: []sim.DiffGroup{
		{Effect: sim.Closes, Connections: changes("✓", "✗", "a x:1", "b x:1")},
		{Effect: sim.Closes, Connections: changes("✓", "±", "c x:1")},
		{Effect: sim.Opens, Connections: changes("✗", "✓", "d x:1")},
	}}
	text, markdown := diffText(t, d)
	assert.True(t, strings.HasPrefix(text, "3 connections close, 1 opens, of 120\n"), text)
	assert.True(t, strings.HasPrefix(markdown, "**3 connections close, 1 opens, of 120**\n"), markdown)
	text, _ = diffText(t, &sim.Diff{Compared: 1})
	assert.True(t, strings.HasPrefix(text, "nothing changes for the 1 connection that both sides have\n"), text)
}

// TestDiffLeavesOutWhatNobodyReads: a cause has about ten lines, and says how many
// connections it keeps to itself.
func TestDiffLeavesOutWhatNobodyReads(t *testing.T) {
	var pairs []string
	for i := range 20 {
		pairs = append(pairs, fmt.Sprintf("dev/deploy/a%d dev/svc/x%d:80", i, i))
	}
	text, markdown := diffText(t, &sim.Diff{Groups: []sim.DiffGroup{{Effect: sim.Opens, Connections: changes("✗", "✓", pairs...)}}})
	assert.Equal(t, 10, strings.Count(text, "→"))
	assert.Contains(t, text, "           and 10 more: -o json has them\n")
	assert.Contains(t, markdown, "| and 10 more | | |\n")
}

func TestDiffTellsWhatIsNew(t *testing.T) {
	d := &sim.Diff{
		Added: []string{"dev/deploy/new"}, Removed: []string{"dev/svc/_old_:80"},
		Issues: []model.Issue{{Severity: model.Error, File: "p.yaml", Line: 3, Message: "refused"}, {Severity: model.Info, Message: "assumed"}},
	}
	text, markdown := diffText(t, d)
	assert.Contains(t, text, "careful    1 error in what is new")
	assert.Contains(t, text, "added      dev/deploy/new\nremoved    dev/svc/_old_:80\nerror      p.yaml:3: refused\n")
	assert.Contains(t, markdown, "\n- added: dev/deploy/new\n- removed: dev/svc/\\_old\\_:80\n- new p.yaml:3: error: refused\n")
	assert.NotContains(t, markdown, "assumed")
}

func TestDiffTellsOnceWhatManyIssuesSay(t *testing.T) {
	issues := []model.Issue{{Severity: model.Warning, File: "z.yaml", Line: 1, Message: "Service dev/z is alone"}}
	for i := range 7 {
		issues = append(issues, model.Issue{Severity: model.Warning, File: "p.yaml", Line: i + 1, Message: fmt.Sprintf("NetworkPolicy dev/p%d has no effect: it is off", i), Remedy: "switch it on"})
	}
	for i := range 3 {
		issues = append(issues, model.Issue{Severity: model.Warning, Message: fmt.Sprintf("NetworkPolicy dev/q%d is strange", i)})
	}
	text, markdown := diffText(t, &sim.Diff{Issues: issues})
	assert.Contains(t, text, "z.yaml:1: Service dev/z is alone")
	assert.Contains(t, text, "7 times: NetworkPolicy ... has no effect: it is off")
	assert.Contains(t, text, "in dev/p0 p.yaml:1, dev/p1 p.yaml:2, dev/p2 p.yaml:3, and 4 more:")
	assert.Equal(t, 1, strings.Count(text, "fix: switch it on"))
	assert.Equal(t, 3, strings.Count(text, "is strange"), "a few are written one by one")
	assert.Contains(t, markdown, "- new warning, 7 times: NetworkPolicy ... has no effect: it is off (in dev/p0 p.yaml:1")
	assert.Equal(t, 3, strings.Count(markdown, "is strange"))
}

func TestDiffTellsFewPlacesOfOneText(t *testing.T) {
	var list []sim.Unportable
	for i := range 8 {
		list = append(list, sim.Unportable{About: sim.AboutEntity, Written: "fromEntities: host", Here: "h", There: "t", Instead: "i", Policy: model.Origin{Kind: "CiliumNetworkPolicy", Name: fmt.Sprint("p", i), File: "p.yaml", Line: i + 1}})
	}
	list = append(list, sim.Unportable{About: sim.AboutPolicy, Written: "CiliumNetworkPolicy", Here: "in force", There: "not", Instead: "i",
		Obstacles: []sim.Obstacle{{Where: model.Origin{Kind: "CiliumNetworkPolicy", Name: "x", File: "p.yaml", Line: 9, Rule: "ingress[0]"}, Why: "because"}}})
	second := list[8]
	second.Obstacles = []sim.Obstacle{{Where: model.Origin{Kind: "CiliumNetworkPolicy", Name: "y", File: "q.yaml", Line: 3, Rule: "egress[1]"}, Why: "so"}}
	list = append(list, second)
	text, markdown := diffText(t, &sim.Diff{Portability: list})
	assert.Contains(t, text, "10 texts in policies cannot move as they are\n\n≠ CiliumNetworkPolicy   2 places\n", "whole policies come first")
	assert.Contains(t, text, "not said   ingress[0] (p.yaml:9): because\n           egress[1] (q.yaml:3): so\n", "the obstacles of each")
	assert.Contains(t, text, "≠ fromEntities: host   8 places")
	assert.Contains(t, text, "and 3 more: -o json has them")
	assert.Contains(t, markdown, "| fromEntities: host | h | t | i |")
	assert.Contains(t, markdown, "not said: ingress")
}
