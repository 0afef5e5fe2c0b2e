package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

const lonely = `
{apiVersion: v1, kind: Service, metadata: {namespace: dev, name: cache}, spec: {type: NodePort, clusterIP: 10.96.0.90, selector: {app: cache}, externalTrafficPolicy: Local, ports: [{port: 6379, targetPort: redis, nodePort: 30379}]}}
`

// withInferred is the stage with a Service of no pods and, where wanted, an
// inferred pod behind it, which another Service has the labels of, too.
func withInferred(t *testing.T, pod bool) *sim.Sim {
	t.Helper()
	files := []manifest.File{{Name: "stage.yaml", Data: []byte(stage)}, {Name: "cache.yaml", Data: []byte(lonely)}}
	if pod {
		text := `{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: aa-inferred, labels: {app: cache}}, spec: {containers: [{name: c, image: i}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: ab-inferred, labels: {app: api}}, spec: {containers: [{name: c, image: i}]}}
`
		files = append(files, manifest.File{Name: "release.yaml", Data: []byte(text), Rendered: &manifest.Rendered{Inferred: "HelmRelease dev/cache (release.yaml:1)"}})
	}
	cluster, issues := manifest.Load(files)
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	return s
}

func TestNoVerdictRestsOnAnInferredPod(t *testing.T) {
	s := withInferred(t, true)
	for _, q := range []sim.Query{
		{From: "dev/client", To: "dev/svc/cache:6379"},
		{From: "dev/client", To: "10.96.0.90:6379"},
		{From: "dev/client", To: "dev/pod/aa-inferred:6379"},
		{From: "dev/pod/aa-inferred", To: "dev/svc/api:80"},
		{From: "dev/pod/aa-inferred", To: "world:443"},
		{From: "world", To: "node/w1:30379"},
		{From: "world", To: "node/w2:30379"},
		{From: "dev/client", To: "cache.dev.svc.cluster.local:6379"},
	} {
		a, err := s.Query(q)
		require.NoError(t, err, "%v", q)
		assert.Equal(t, model.Undetermined, a.Verdict, "%s to %s", q.From, q.To)
		assert.Empty(t, a.ClientSees)
		assert.Equal(t, model.StageInferred, stageOf(a), "%s to %s", q.From, q.To)
	}
}

// stageOf is the first stage that some path has for an inferred end.
func stageOf(a *sim.Answer) model.Stage {
	for _, p := range a.Paths {
		for _, step := range p.Steps {
			if step.Stage == model.StageInferred {
				return step.Stage
			}
		}
	}
	return ""
}

func TestTheMatrixSaysTheSameOfInferredPods(t *testing.T) {
	m, err := withInferred(t, true).Matrix(sim.MatrixOptions{})
	require.NoError(t, err)
	differences, err := m.Verify(2000, 1)
	require.NoError(t, err)
	assert.Empty(t, differences)
}

func TestWhatIsThereHasTheSameVerdictsBesideInferredPods(t *testing.T) {
	with, without := withInferred(t, true), withInferred(t, false)
	for _, from := range []string{"dev/client", "dev/deploy/front", "dev/api-0", "node/w1", "world"} {
		for _, to := range []string{"dev/svc/api:80", "dev/svc/edge:443", "dev/svc/direct:8080", "dev/api-1:8080", "node/w2:8090", "node/w1:30443"} {
			a, err := with.Query(sim.Query{From: from, To: to})
			require.NoError(t, err)
			b, err := without.Query(sim.Query{From: from, To: to})
			require.NoError(t, err)
			assert.Equal(t, b.Verdict, a.Verdict, "%s to %s", from, to)
			assert.Equal(t, b.Paths, a.Paths, "%s to %s", from, to)
		}
	}
}
