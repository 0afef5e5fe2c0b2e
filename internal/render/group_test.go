package render_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// TestPathsThatAgreeAreToldOnce: only the names and addresses of a path's own
// ends may differ.
func TestPathsThatAgreeAreToldOnce(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*sim.Path)
		agree  bool
	}{
		{"pods and backends on different nodes agree", func(*sim.Path) {}, true},
		{"the number of pods a path stands for changes nothing", func(p *sim.Path) { p.From.Pods = 3 }, true},
		{"another verdict is another story", func(p *sim.Path) { p.Verdict = model.Denied }, false},
		{"so is another outcome for the client", func(p *sim.Path) { p.ClientSees = model.SeesReset }, false},
		{"so is another rule", func(p *sim.Path) { p.Steps[1].By[0].Line++ }, false},
		{"so is another port", func(p *sim.Path) { p.Steps[2].Sees.Port++ }, false},
		{"so is another identity", func(p *sim.Path) { p.Steps[2].Sees.Source = "reserved:remote-node" }, false},
		{"so is an address of a third party", func(p *sim.Path) { p.Steps[2].Sees.SourceIP = "10.244.9.9" }, false},
		{"so is a masqueraded source", func(p *sim.Path) { p.Translation.Masquerade = true }, false},
		{"so is a step more", func(p *sim.Path) { p.Steps = append(p.Steps, model.Step{Stage: model.StageAuth}) }, false},
		{"so is another reason", func(p *sim.Path) { p.Steps[0].Why = "by luck" }, false},
	} {
		a := load(t, "workload-three-pods")
		row.change(&a.Paths[4])
		text := answerText(t, a, render.TextOptions{})
		if row.agree {
			assert.NotContains(t, text, "path 1 of", row.name)
		} else {
			assert.Contains(t, text, "path 1 of 2", row.name)
			assert.Contains(t, text, "path 2 of 2", row.name)
		}
	}
}

// TestPathsThatDoNotAllowComeFirst: they are what the reader came for.
func TestPathsThatDoNotAllowComeFirst(t *testing.T) {
	a := load(t, "workload-three-pods")
	a.Paths[3].Verdict = model.Undetermined
	a.Paths[5].Verdict = model.Denied
	text := answerText(t, a, render.TextOptions{})
	assert.Contains(t, text, "path 1 of 3   denied")
	assert.Contains(t, text, "path 2 of 3   undetermined")
	assert.Contains(t, text, "path 3 of 3   allowed")
}

// TestPairsAreNamedWhereNotAllCombinationsAgree: two lists would claim more
// than is so.
func TestPairsAreNamedWhereNotAllCombinationsAgree(t *testing.T) {
	a := load(t, "workload-three-pods")
	a.Paths[5].Verdict = model.Denied
	text := answerText(t, a, render.TextOptions{Width: 120})
	assert.Contains(t, text, "dev/pod/frontend-2 → dev/pod/api-0")
	assert.NotContains(t, text, "dev/pod/frontend-2 → dev/pod/api-1")
}
