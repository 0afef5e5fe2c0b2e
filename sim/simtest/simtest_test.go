package simtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/conntest"
	"github.com/netsim-dev/netsim/sim/simtest"
)

const example = "../../examples/kind-argocd"

func TestRun(t *testing.T) {
	s := simtest.Load(t, example)
	simtest.Run(t, s, []simtest.Case{
		{From: "dev/deploy/frontend-react", To: "dev/svc/apim-simulator:80", Want: sim.Allowed},
		{Name: "no way to uat", From: "dev/deploy/frontend-react", To: "uat/svc/apim-simulator:80", Want: sim.Denied, Because: "deny-dev-to-uat"},
		{Chain: []string{"dev/deploy/frontend-react", "dev/svc/apim-simulator:80", "dev/svc/api-fastapi-keycloak:80"}, Want: sim.Allowed},
	})
}

func TestRunFiles(t *testing.T) {
	simtest.RunFiles(t, conntest.Options{}, "../../examples/tests")
}

// recorder is a test that only notes what it is told.
type recorder struct {
	testing.TB
	told  []string
	fatal bool
}

func (r *recorder) Helper()           {}
func (r *recorder) Error(args ...any) { r.told = append(r.told, fmt.Sprint(args...)) }

// Fatal ends a test, as Goexit ends its goroutine.
func (r *recorder) Fatal(args ...any) {
	r.fatal = true
	r.Error(args...)
	panic(r)
}

// TestFailureTellsWhatQueryTells: the problem, and below it the whole answer as
// `netsim query` writes it.
func TestFailureTellsWhatQueryTells(t *testing.T) {
	s := simtest.Load(t, example)
	ask := sim.Query{From: "dev/deploy/frontend-react", To: "uat/svc/apim-simulator:80"}
	answer, err := s.Query(ask)
	require.NoError(t, err)
	var explanation strings.Builder
	require.NoError(t, render.Answer(&explanation, answer, render.TextOptions{}))

	for _, row := range []struct {
		name, problem string
		c             simtest.Case
	}{
		{"another verdict", "want allowed, got denied\n", simtest.Case{Want: sim.Allowed}},
		{"another policy", "denied as wanted, but not because of deny-uat-to-dev: decided by ", simtest.Case{Want: sim.Denied, Because: "deny-uat-to-dev"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.c.From, row.c.To = ask.From, ask.To
			r := &recorder{}
			result := simtest.Check(r, s, row.c)
			assert.Equal(t, conntest.Fail, result.Outcome)
			require.Len(t, r.told, 1)
			assert.True(t, strings.HasPrefix(r.told[0], row.problem), r.told[0])
			assert.Contains(t, r.told[0], explanation.String())
		})
	}
}

func TestPassIsQuiet(t *testing.T) {
	r := &recorder{}
	simtest.Check(r, simtest.Load(t, example), simtest.Case{From: "dev/deploy/frontend-react", To: "dev/svc/apim-simulator:80", Want: sim.Allowed})
	assert.Empty(t, r.told)
}

func TestWrongReferenceFails(t *testing.T) {
	r := &recorder{}
	simtest.Check(r, simtest.Load(t, example), simtest.Case{From: "dev/deploy/frontend", To: "dev/svc/apim-simulator:80", Want: sim.Denied})
	require.Len(t, r.told, 1)
	assert.Contains(t, r.told[0], "dev/deploy/frontend-react", "what was meant is told")
}

func TestLoadEndsTheTestOnWhatIsLost(t *testing.T) {
	lost := filepath.Join(t.TempDir(), "lost.yaml")
	require.NoError(t, os.WriteFile(lost, []byte(`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: lost, namespace: dev}, spec: {endpointSelector: 1}}`), 0o600))
	for _, path := range []string{lost, lost + ".gone"} {
		r := &recorder{}
		assert.PanicsWithValue(t, r, func() { simtest.Load(r, path) })
		assert.True(t, r.fatal)
		assert.Contains(t, strings.Join(r.told, ""), "lost.yaml")
	}
}
