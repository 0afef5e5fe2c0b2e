package sim_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/sim"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// jsonPolicies give one Answer of everything: an allowed path and a denied
// one, a condition, an issue and a hint.
const jsonPolicies = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: client}
spec:
  endpointSelector: {matchLabels: {app: client}}
  egress:
  - toEndpoints: [{matchLabels: {version: one}}]
    toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]
  - toEndpoints: [{matchLabels: {version: two}}]
    toPorts: [{ports: [{port: "80", protocol: TCP}]}]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: nothing}
spec: {endpointSelector: {}, ingress: []}
`

func marshal(t *testing.T, a *sim.Answer) []byte {
	t.Helper()
	text, err := json.MarshalIndent(a, "", "  ")
	require.NoError(t, err)
	return append(text, '\n')
}

func TestJSONFormOfAnAnswer(t *testing.T) {
	s := newSim(t, sim.Options{}, jsonPolicies)
	a, err := s.Query(sim.Query{ID: "line 1", From: "dev/client", To: "dev/svc/api:80"})
	require.NoError(t, err)
	got := marshal(t, a)
	name := filepath.Join("testdata", "answer.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(name, got, 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func TestJSONHasNoNullsAndReadsBack(t *testing.T) {
	for _, policies := range []string{"", jsonPolicies, policy("api", `ingress: [{}]`)} {
		s := newSim(t, sim.Options{}, policies)
		for _, from := range []string{"dev/client", "dev/deploy/front", "node/w1", "world", "203.0.113.9"} {
			for _, to := range []string{"dev/svc/api:80", "dev/svc/empty:80", "dev/svc/direct:8080", "dev/svc/edge@loadbalancer", "api.dev.svc:81", "dev/api-0:1", "node/w2:22", "world:53/UDP", "203.0.113.9:80"} {
				text := marshal(t, ask(t, s, from, to))
				var tree any
				require.NoError(t, json.Unmarshal(text, &tree))
				assert.Empty(t, nulls(tree, "answer"), "%s to %s", from, to)
				var back sim.Answer
				require.NoError(t, json.Unmarshal(text, &back))
				assert.Equal(t, string(text), string(marshal(t, &back)))
			}
		}
	}
}

// nulls are the places that hold null.
func nulls(value any, at string) []string {
	var found []string
	switch v := value.(type) {
	case nil:
		return []string{at}
	case map[string]any:
		for key, field := range v {
			found = append(found, nulls(field, at+"."+key)...)
		}
	case []any:
		for i, item := range v {
			found = append(found, nulls(item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	}
	return found
}

// The same input gives the same bytes, however often it is loaded and asked.
func TestAnswersAreDeterministic(t *testing.T) {
	var first string
	for range 20 {
		s := newSim(t, sim.Options{Set: map[string]string{"cilium.version": "1.19", "enable-ipv6": "true", "kubeProxyReplacement": "true"}}, jsonPolicies)
		text := ""
		for _, to := range []string{"dev/svc/api:80", "api.dev.svc:admin", "dev/deploy/front:80", "world:80"} {
			text += string(marshal(t, ask(t, s, "dev/client", to))) + string(marshal(t, ask(t, s, "dev/deploy/front", to)))
		}
		if first == "" {
			first = text
		}
		require.Equal(t, first, text)
	}
}
