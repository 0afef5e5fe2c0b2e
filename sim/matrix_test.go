package sim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/bench"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/sim"
)

func generated(t *testing.T, shape bench.Shape, o sim.Options) *sim.Sim {
	t.Helper()
	c, err := bench.Generate(shape)
	require.NoError(t, err)
	files := make([]manifest.File, len(c.Files))
	for i, f := range c.Files {
		files[i] = manifest.File{Name: f.Name, Data: f.Data}
	}
	cluster, issues := manifest.Load(files)
	s, err := sim.New(cluster, issues, o)
	require.NoError(t, err)
	return s
}

func TestAMatrixSaysWhatQueriesSay(t *testing.T) {
	example := func(set ...string) func(*testing.T) *sim.Sim {
		return func(t *testing.T) *sim.Sim {
			cluster, issues, err := sim.Load([]string{"../examples/kind-argocd"}, nil)
			require.NoError(t, err)
			o := sim.Options{Set: map[string]string{}}
			for _, pair := range set {
				key, value, _ := strings.Cut(pair, "=")
				o.Set[key] = value
			}
			s, err := sim.New(cluster, issues, o)
			require.NoError(t, err)
			return s
		}
	}
	drawn := func(shape bench.Shape, o sim.Options) func(*testing.T) *sim.Sim {
		return func(t *testing.T) *sim.Sim { return generated(t, shape, o) }
	}
	shape := bench.Shape{Pods: 200, Identities: 60, Policies: 90, Seed: 3}
	for name, simOf := range map[string]func(*testing.T) *sim.Sim{
		"the example":                            example(),
		"the example without kube-proxy":         example("kubeProxyReplacement=true"),
		"the example in audit mode":              example("policy-audit-mode=true"),
		"the example without policies":           example("enable-policy=never"),
		"the example under enable-policy always": example("enable-policy=always"),
		"the example with a host firewall":       example("enable-host-firewall=true"),
		"the example on Cilium 1.18":             example("cilium.version=1.18"),
		"a drawn cluster on EKS":                 drawn(shape, sim.Options{Datapath: "eks-eni"}),
		"a drawn cluster":                        drawn(shape, sim.Options{}),
		"a drawn cluster on Cilium 1.17":         drawn(shape, sim.Options{Set: map[string]string{"cilium.version": "1.17"}}),
		"a drawn cluster of wide rules":          drawn(bench.Shape{Pods: 150, Identities: 50, Policies: 80, Seed: 4, Wide: true}, sim.Options{}),
	} {
		t.Run(name, func(t *testing.T) {
			s := simOf(t)
			for _, o := range []sim.MatrixOptions{{}, {Ports: []string{"8080", "53/UDP", "ICMP"}}, {Pods: true}} {
				m, err := s.Matrix(o)
				require.NoError(t, err)
				differ, err := m.Verify(100, 1)
				require.NoError(t, err)
				assert.Empty(t, differ)
			}
		})
	}
}
