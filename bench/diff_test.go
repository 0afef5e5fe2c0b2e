package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/sim"
)

// BenchmarkDiff compares a cluster with itself under one more policy, which
// selects one workload or everybody. Both Sims are made before, and a comparison
// like it has been made.
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
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					after, err = before.Patched(patch.Policies, nil)
					require.NoError(b, err)
					b.StartTimer()
					d, err := before.Diff(after, sim.MatrixOptions{})
					require.NoError(b, err)
					b.ReportMetric(float64(len(d.Groups)), "causes")
				}
			})
		}
	}
}
