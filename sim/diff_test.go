package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/bench"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/sim"
)

const twoTiers = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: dev}}
- {apiVersion: v1, kind: Namespace, metadata: {name: uat}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {namespace: dev, name: web}
  spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {namespace: dev, name: api}
  spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: i}]}}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {namespace: uat, name: web}
  spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}}
- {apiVersion: v1, kind: Service, metadata: {namespace: dev, name: api}, spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}}
`

const (
	apiTakesWeb = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: api}
spec: {endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: "8080"}]}]}]}
`
	apiTakesAll = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: api}
spec: {endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEntities: [cluster]}]}
`
	apiTakesPort80 = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: api}
spec: {endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: "80"}]}]}]}
`
)

func simOf(t *testing.T, documents ...string) *sim.Sim {
	t.Helper()
	var files []manifest.File
	for i, text := range documents {
		files = append(files, manifest.File{Name: fmt.Sprintf("%d.yaml", i), Data: []byte(text)})
	}
	cluster, issues := manifest.Load(files)
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	return s
}

func TestDiffNamesWhatChangesAndWhy(t *testing.T) {
	const webToAPI, otherToAPI = "dev/deploy/web dev/svc/api:80", "uat/deploy/web dev/svc/api:80"
	for _, row := range []struct {
		name          string
		before, after []string
		want          map[string]sim.Effect
		because       string
	}{
		{"nothing", []string{apiTakesWeb}, []string{apiTakesWeb}, map[string]sim.Effect{}, ""},
		{"a policy that comes closes what it does not name", nil, []string{apiTakesWeb}, map[string]sim.Effect{otherToAPI: sim.Closes}, "after CiliumNetworkPolicy dev/api"},
		{"and one that goes opens it again", []string{apiTakesWeb}, nil, map[string]sim.Effect{otherToAPI: sim.Opens}, "before CiliumNetworkPolicy dev/api"},
		{"a rule that is widened opens", []string{apiTakesWeb}, []string{apiTakesAll}, map[string]sim.Effect{otherToAPI: sim.Opens}, "after CiliumNetworkPolicy dev/api"},
		{"the Service's port in place of the targetPort closes", []string{apiTakesWeb}, []string{apiTakesPort80}, map[string]sim.Effect{webToAPI: sim.Closes}, "before CiliumNetworkPolicy dev/api"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := simOf(t, append([]string{twoTiers}, row.before...)...)
			after := simOf(t, append([]string{twoTiers}, row.after...)...)
			got, text := changesOf(t, before, after, sim.MatrixOptions{From: []string{"dev", "uat"}, To: []string{"dev"}})
			delete(got, "dev/deploy/api dev/svc/api:80") // hairpins are another test's
			assert.Equal(t, row.want, got)
			assert.Contains(t, text, row.because)
		})
	}
}

func changesOf(t *testing.T, before, after *sim.Sim, o sim.MatrixOptions) (map[string]sim.Effect, string) {
	t.Helper()
	d, err := before.Diff(after, o)
	require.NoError(t, err)
	got, text := map[string]sim.Effect{}, ""
	for _, g := range d.Groups {
		for _, c := range g.Connections {
			got[c.From+" "+c.To] = g.Effect
		}
		for _, o := range g.Before {
			text += "before " + o.ID() + "\n"
		}
		for _, o := range g.After {
			text += "after " + o.ID() + "\n"
		}
	}
	return got, text
}

// TestAPatchComparesWhatItTouches: to leave connections out that a changed policy
// cannot touch must lose none.
func TestAPatchComparesWhatItTouches(t *testing.T) {
	base := generated(t, bench.Shape{Pods: 120, Identities: 40, Policies: 60, Seed: 5}, sim.Options{})
	policies := base.Cluster().Policies
	for i := 0; i < len(policies); i += 7 {
		o := policies[i].Origin
		name := strings.Trim(strings.Join([]string{o.Kind, o.Namespace, o.Name}, "/"), "/")
		name = strings.ReplaceAll(name, "//", "/")
		patched, err := base.Patched(nil, []string{name})
		require.NoError(t, err)
		cluster := *base.Cluster()
		cluster.Policies = patched.Cluster().Policies
		afresh, err := sim.New(&cluster, nil, sim.Options{})
		require.NoError(t, err)
		want, _ := changesOf(t, base, afresh, sim.MatrixOptions{})
		got, _ := changesOf(t, base, patched, sim.MatrixOptions{})
		assert.Equal(t, want, got, name)
	}
}

func TestAPatchedSimAnswersLikeOneThatIsMadeAnew(t *testing.T) {
	const apiTakesAddress = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: api}
spec: {endpointSelector: {matchLabels: {app: api}}, ingress: [{fromCIDR: [192.0.2.0/24]}]}
`
	for name, policy := range map[string]string{
		"other pods":   apiTakesAll,
		"another port": apiTakesPort80,
		"an address that has an identity of its own": apiTakesAddress,
	} {
		t.Run(name, func(t *testing.T) {
			base := simOf(t, twoTiers, apiTakesWeb)
			outcomes(t, base)
			patch, _ := manifest.Load([]manifest.File{{Name: "patch.yaml", Data: []byte(policy)}})
			patched, err := base.Patched(patch.Policies, nil)
			require.NoError(t, err)
			assert.Equal(t, outcomes(t, simOf(t, twoTiers, policy)), outcomes(t, patched))
		})
	}
}

// outcomes are all cells of a Sim's matrix.
func outcomes(t *testing.T, s *sim.Sim) map[string][]sim.Outcome {
	t.Helper()
	m, err := s.Matrix(sim.MatrixOptions{})
	require.NoError(t, err)
	out := map[string][]sim.Outcome{}
	for row := range m.Rows() {
		out[row.Source.Ref] = row.Cells
	}
	return out
}
