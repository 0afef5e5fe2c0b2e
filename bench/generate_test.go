package bench

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

func generated(t testing.TB, s Shape) *Cluster {
	t.Helper()
	c, err := Generate(s)
	require.NoError(t, err)
	return c
}

func manifests(c *Cluster) []manifest.File {
	files := make([]manifest.File, len(c.Files))
	for i, f := range c.Files {
		files[i] = manifest.File(f)
	}
	return files
}

// simulated is a Sim of a generated cluster.
func simulated(t testing.TB, c *Cluster) *sim.Sim {
	t.Helper()
	cluster, issues := manifest.Load(manifests(c))
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	return s
}

func TestASeedStandsForOneCluster(t *testing.T) {
	text := func(seed uint64) []byte {
		var all bytes.Buffer
		for _, f := range generated(t, Shape{Pods: 200, Seed: seed}).Files {
			all.WriteString(f.Name)
			all.Write(f.Data)
		}
		return all.Bytes()
	}
	assert.Equal(t, string(text(1)), string(text(1)))
	assert.NotEqual(t, string(text(1)), string(text(2)))
}

// TestNothingIsWrongWithAGeneratedCluster: else part of it would not be
// measured.
func TestNothingIsWrongWithAGeneratedCluster(t *testing.T) {
	c := generated(t, Shape{Pods: 500, Seed: 1})
	s := simulated(t, c)
	for _, issue := range s.Issues() {
		assert.Equal(t, model.Info, issue.Severity, issue)
	}
	made := s.Cluster()
	assert.InDelta(t, 500, len(made.Pods)-len(made.Nodes), 20, "but for one agent on each node")
	assert.Len(t, made.Services, len(c.Services)+1)
	assert.Len(t, made.Policies, len(c.Workloads))
}

// TestQuestionsHaveAnswers, of more than one kind.
func TestQuestionsHaveAnswers(t *testing.T) {
	c := generated(t, Shape{Pods: 200, Seed: 1})
	s := simulated(t, c)
	verdicts := map[model.Verdict]int{}
	for i, from := range c.Workloads {
		answer, err := s.Query(sim.Query{From: from, To: c.Services[(i+1)%len(c.Services)]})
		require.NoError(t, err)
		verdicts[answer.Verdict]++
	}
	assert.Positive(t, verdicts[model.Allowed])
	assert.Positive(t, verdicts[model.Denied])
	assert.Zero(t, verdicts[model.Undetermined], "everything that matters is in the files")

	answer, err := s.Query(sim.Query{From: c.Workloads[0], To: c.Services[1]})
	require.NoError(t, err)
	assert.Equal(t, 10, answer.From.Pods)
	assert.GreaterOrEqual(t, len(answer.Paths), 10, "one for each backend at least")
}
