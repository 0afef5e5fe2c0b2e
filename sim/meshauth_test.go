package sim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// spirePods are SPIRE as a cluster shows it: the server on w1, which has the
// control plane, and an agent on each node.
const spirePods = `---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: w1, labels: {node-role.kubernetes.io/control-plane: ""}}, status: {addresses: [{type: InternalIP, address: 172.18.0.3}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: cilium-spire}}
- {apiVersion: v1, kind: Service, metadata: {namespace: cilium-spire, name: spire-server}, spec: {clusterIP: 10.96.0.30, selector: {app: spire-server}, ports: [{port: 8081, targetPort: 8081}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: cilium-spire, name: spire-server-0, labels: {app: spire-server}}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.1.81}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: cilium-spire, name: spire-agent-1, labels: {app: spire-agent}}, spec: {nodeName: w1, hostNetwork: true, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 172.18.0.3}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: cilium-spire, name: spire-agent-2, labels: {app: spire-agent}}, spec: {nodeName: w2, hostNetwork: true, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 172.18.0.4}}
`

// mustAuthenticate lets pods of dev reach the pods api if they authenticate.
var mustAuthenticate = policy("api", `ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]`)

func spirePolicy(name, subject, rules string) string {
	return fmt.Sprintf("---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: %s, name: %s}, spec: {endpointSelector: {matchLabels: {%s}}, %s}}\n",
		map[bool]string{true: "kube-system", false: "cilium-spire"}[strings.HasPrefix(subject, "k8s-app")], name, subject, rules)
}

func meshAuthOn(more ...string) sim.Options {
	set := map[string]string{"authentication.enabled": "true", "authentication.mutual.spire.enabled": "true"}
	for i := 0; i+1 < len(more); i += 2 {
		set[more[i]] = more[i+1]
	}
	return sim.Options{Set: set}
}

func TestAuthenticationNeedsSPIREsOwnTraffic(t *testing.T) {
	const server = "app: spire-server"
	rows := []struct {
		claim, policies string
		set             []string
		// near and far are the client on w1 asking api-0 on w1 and api-1 on w2.
		near, far model.Verdict
		why       string
	}{
		{"nothing in its way", "", nil, model.Allowed, model.Allowed, "SPIRE is ready"},
		{"an agent on another node than the server cannot reach it", spirePolicy("p", server, `ingress: [{fromEntities: [host]}]`), nil, model.Allowed, model.Denied, "spire-agent, cilium-operator → spire-server"},
		{"with an allow rule it can", spirePolicy("p", server, `ingress: [{fromEntities: [host, remote-node], toPorts: [{ports: [{port: "8081"}]}]}]`), nil, model.Allowed, model.Allowed, "SPIRE is ready"},
		{"no agent reaches it where even the own node is denied", spirePolicy("p", server, `ingressDeny: [{fromEntities: [host, remote-node]}]`), nil, model.Denied, model.Denied, "spire-server"},
		{"the server does not reach the API server", spirePolicy("p", server, `egress: [{toEntities: [world]}]`), nil, model.Denied, model.Denied, "spire-server → kube-apiserver"},
		{"it does by the entity", spirePolicy("p", server, `egress: [{toEntities: [kube-apiserver]}]`), nil, model.Allowed, model.Allowed, "SPIRE is ready"},
		{"agents on other nodes than the DNS pods cannot look up the server", spirePolicy("p", "k8s-app: kube-dns", `ingress: [{fromEntities: [host]}]`), nil, model.Denied, model.Denied, "looks up"},
		{"in audit mode nothing is kept back", spirePolicy("p", server, `ingress: [{fromEntities: [world]}]`), []string{"policy-audit-mode", "true"}, model.Allowed, model.Allowed, "SPIRE is ready"},
		{"a server that policy does not know is not judged", "", []string{"mesh-auth-enabled", "false", "authentication.enabled", "false"}, model.Denied, model.Denied, "mesh-auth-enabled is off"},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			s := newSim(t, meshAuthOn(row.set...), spirePods+mustAuthenticate+row.policies)
			near, far := ask(t, s, "dev/client", "dev/api-0:8080"), ask(t, s, "dev/client", "dev/api-1:8080")
			assert.Equal(t, row.near, near.Verdict, "%+v", near.Paths[0].Steps)
			assert.Equal(t, row.far, far.Verdict, "%+v", far.Paths[0].Steps)
			last := far.Paths[0].Steps[len(far.Paths[0].Steps)-1]
			assert.Equal(t, model.StageAuth, last.Stage)
			assert.Contains(t, last.Why, row.why)
			if row.far == model.Denied {
				require.NotNil(t, far.DropReason)
				assert.Equal(t, "AUTH_REQUIRED", far.DropReason.Name)
				assert.Equal(t, model.SeesTimeout, far.ClientSees)
			}
		})
	}
}

func TestWhatNoFileHoldsOfThePlaneIsACondition(t *testing.T) {
	c, issues := cluster(t, strings.Replace(stage, "name: kube-dns}", "name: other-dns}", 1), spirePods+mustAuthenticate)
	s, err := sim.New(c, issues, meshAuthOn())
	require.NoError(t, err)
	a := ask(t, s, "dev/client", "dev/api-0:8080")
	assert.Equal(t, model.Allowed, a.Verdict)
	assert.Contains(t, strings.Join(a.Conditions, "\n"), "spire-agent looks up spire-server")
}

func TestMeshAuthTellsEdgesByWorkload(t *testing.T) {
	rules := `ingress: [{fromEndpoints: [{}], authentication: {mode: required}}, {fromEntities: [host], authentication: {mode: required}}]`
	s := newSim(t, meshAuthOn(), spirePods+policy("api", rules)+policy("front", `egress: [{toEntities: [world]}]`))
	m := s.MeshAuth()
	var required, breaks []string
	for _, e := range m.Required {
		required = append(required, fmt.Sprintf("%s → %s %d %s", e.From, e.To, e.Port, e.Verdict))
		assert.Equal(t, "ingress[0]", e.Rules[0].Rule)
	}
	for _, e := range m.Breaks {
		breaks = append(breaks, fmt.Sprintf("%s → %s %d", e.From, e.To, e.Port))
		assert.Contains(t, e.Why, "reserved identity")
		assert.Equal(t, "ingress[1]", e.Rules[0].Rule)
		assert.Contains(t, e.Hint, "disabled")
	}
	assert.Contains(t, required, "dev/pod/client → dev/pod/api-0 8080 allowed")
	assert.Contains(t, required, "dev/pod/api-0 → dev/pod/api-1 8080 allowed")
	assert.NotContains(t, strings.Join(required, "\n"), "dev/deploy/front", "its own policy denies it anyway")
	assert.NotZero(t, m.Closed)
	assert.Equal(t, []string{"own node (kubelet) → dev/pod/api-0 8080", "own node (kubelet) → dev/pod/api-1 8080"}, breaks)
	assert.False(t, m.Good)
}

func TestMeshAuthChecks(t *testing.T) {
	verdicts := func(m *sim.MeshAuth) string {
		var out []string
		for _, c := range m.Checks {
			word := c.Verdict.String()
			if c.Skipped {
				word = "skipped"
			}
			out = append(out, word)
		}
		return strings.Join(out, " ")
	}
	rows := []struct {
		claim, documents string
		opt              sim.Options
		checks           string
		good             bool
	}{
		{"all is well", spirePods + mustAuthenticate, meshAuthOn(), "allowed allowed allowed allowed", true},
		{"nothing requires it", spirePods, meshAuthOn(), "allowed allowed skipped skipped", true},
		{"nothing of it is there", "", sim.Options{}, "undetermined denied skipped skipped", false},
		{"no SPIRE among the files", mustAuthenticate, meshAuthOn(), "undetermined allowed undetermined allowed", false},
		{"switched off", spirePods + mustAuthenticate, meshAuthOn("authentication.enabled", "false"), "allowed denied denied allowed", false},
		{"enforced nowhere", spirePods + mustAuthenticate, meshAuthOn("policy-audit-mode", "true"), "allowed allowed allowed denied", false},
		{"SPIRE's server is cut off", spirePods + mustAuthenticate + spirePolicy("p", "app: spire-server", `ingress: [{fromEntities: [world]}], egress: [{toEntities: [world]}]`), meshAuthOn(), "allowed allowed denied allowed", false},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			m := newSim(t, row.opt, row.documents).MeshAuth()
			assert.Equal(t, row.checks, verdicts(m), "%+v", m.Checks)
			assert.Equal(t, row.good, m.Good)
			text, err := json.Marshal(m)
			require.NoError(t, err)
			assert.NotContains(t, string(text), "null", "lists are never null")
		})
	}
}

// The plane is judged once, by whoever asks first.
func TestThePlaneIsJudgedOnceForAllAskers(t *testing.T) {
	s := newSim(t, meshAuthOn(), spirePods+mustAuthenticate)
	var wg sync.WaitGroup
	answers := make([]*sim.Answer, 8)
	for i := range answers {
		wg.Go(func() { answers[i], _ = s.Query(sim.Query{From: "dev/client", To: "dev/api-1:8080"}) })
	}
	wg.Wait()
	for _, a := range answers {
		assert.Equal(t, answers[0].Paths, a.Paths)
	}
}
