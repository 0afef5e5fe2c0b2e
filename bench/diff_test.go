package bench

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// BenchmarkDiff compares a cluster with itself under one more policy, which
// selects one workload or everybody. Both Sims have been made and asked before,
// so that policies are compiled and in Cilium's repository (BenchmarkCompile,
// BenchmarkQueryFirst), and a comparison like it has been made.
func BenchmarkDiff(b *testing.B) {
	for _, shape := range Shapes()[:2] {
		for name, selector := range map[string]string{"few": `matchLabels: {app.kubernetes.io/name: app-7}`, "all": ``} {
			b.Run(shape.String()+"/selects="+name, func(b *testing.B) {
				before := simulated(b, generated(b, shape))
				patch, _ := manifest.Load([]manifest.File{{Name: "patch.yaml", Data: []byte(`
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: patch}
spec:
  endpointSelector: {` + selector + `}
  ingressDeny: [{fromEndpoints: [{}]}]
  enableDefaultDeny: {ingress: false}
`)}})
				after, err := before.Patched(patch.Policies, nil)
				require.NoError(b, err)
				_, err = before.Diff(after, sim.MatrixOptions{})
				require.NoError(b, err)
				matrix := wholeMatrix(b, before)
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					after, err = before.Patched(patch.Policies, nil)
					require.NoError(b, err)
					warm(b, after)
					runtime.GC()
					b.StartTimer()
					d, err := before.Diff(after, sim.MatrixOptions{})
					require.NoError(b, err)
					b.ReportMetric(float64(len(d.Groups)), "causes")
				}
				b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/matrix.Seconds(), "×matrix")
			})
		}
	}
}

// wholeMatrix is how long all cells of a Sim take.
func wholeMatrix(b *testing.B, s *sim.Sim) time.Duration {
	b.Helper()
	start := time.Now()
	m, err := s.Matrix(sim.MatrixOptions{})
	require.NoError(b, err)
	for range m.Rows() {
	}
	return time.Since(start)
}

// warm asks a Sim one thing on both paths.
func warm(b *testing.B, s *sim.Sim) {
	b.Helper()
	pods := s.Cluster().Pods
	s.Verdict(pods[0], pods[len(pods)/2], 8080, model.TCP)
	_, err := s.Query(sim.Query{From: pods[0].Namespace + "/" + pods[0].Name, To: pods[len(pods)/2].IPs[0].String(), Port: "8080"})
	require.NoError(b, err)
}
