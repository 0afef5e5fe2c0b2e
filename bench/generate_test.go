package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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
		files[i] = manifest.File{Name: f.Name, Data: f.Data}
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

// small are Shapes as those of the benchmarks, of a size to test with.
func small() []Shape {
	return []Shape{
		{Pods: 300, Identities: 60, Policies: 400, Seed: 1},
		{Pods: 300, Identities: 60, Policies: 400, Seed: 1, Wide: true},
		{Pods: 200, Identities: 200, Policies: 20, Seed: 1},
	}
}

// TestAShapeIsWhatIsMade, to the pod, the label set and the policy.
func TestAShapeIsWhatIsMade(t *testing.T) {
	for _, shape := range small() {
		t.Run(shape.String(), func(t *testing.T) {
			s := simulated(t, generated(t, shape))
			for _, issue := range s.Issues() {
				assert.Equal(t, model.Info, issue.Severity, issue)
			}
			made := s.Cluster()
			pods, labels := 0, map[string]bool{}
			for _, p := range made.Pods {
				if !p.HostNetwork {
					pods++
					labels[p.Namespace+fmt.Sprint(p.Labels)] = true
				}
			}
			assert.Equal(t, shape.Pods, pods)
			assert.Len(t, labels, shape.Identities)
			assert.Len(t, made.Policies, shape.Policies+1, "and the CIDR group that some name")
		})
	}
}

// TestPoliciesAreOfEveryKind, with the features that are rare.
func TestPoliciesAreOfEveryKind(t *testing.T) {
	for _, shape := range small()[:2] {
		var text bytes.Buffer
		for _, f := range generated(t, shape).Files {
			text.Write(f.Data)
		}
		for _, part := range []string{
			"kind: CiliumNetworkPolicy", "kind: CiliumClusterwideNetworkPolicy", "kind: NetworkPolicy", "kind: ClusterNetworkPolicy",
			"tier: Admin", "tier: Baseline", "action: Pass", "action: Deny", "egressDeny:", "ingressDeny:", "dns:", "http:",
			"mode: required", "port: http", "ipBlock:", "toCIDRSet:", "except:", "toEntities:", "toFQDNs:", "toServices:", "icmps:",
		} {
			assert.Contains(t, text.String(), part, shape.String())
		}
	}
}

// TestWideRulesNameEveryNamespace, in one expression or a list.
func TestWideRulesNameEveryNamespace(t *testing.T) {
	g := &generator{shape: Shape{Pods: 200, Wide: true}, random: rand.New(rand.NewPCG(1, 0))}
	lengths := map[int]bool{}
	for range 100 {
		peers := g.everyNamespace()
		lengths[len(peers)] = true
		for i := range g.shape.namespaces() {
			assert.Contains(t, fmt.Sprint(peers), teamName(i))
		}
	}
	assert.Equal(t, map[int]bool{1: true, 4: true}, lengths)
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
