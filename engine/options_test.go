package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Cilium keeps its label filter in a process-wide variable: each Engine must
// have its own all the same.
func TestLabelLists(t *testing.T) {
	rule := server(`ingress: [{fromEndpoints: [{matchLabels: {tier: front}}]}]`)
	const app, tier, template = "k8s:app=client", "k8s:tier=front", "k8s:pod-template-hash=abc"
	identity := func(s *scene) []string { return s.engine.Identity(s.party("dev/client"), nil) }
	for _, r := range []struct{ claim, set string }{
		{"a list that is no regular expression", "labels=k8s:app["},
		{"a list with an empty prefix", "labels=k8s:"},
		{"a list that ends in the middle", "labels=k8s:(tier"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			short := load(t, "labels=k8s:app", rule)
			assert.Contains(t, identity(short), app)
			assert.NotContains(t, identity(short), tier)
			assert.Equal(t, denied, outcome(short.judge(toServer)), "the label is no part of the identity")

			bad := load(t, r.set, rule)
			assert.Contains(t, identity(bad), tier, "the default list, not the one of the Engine before")
			assert.NotContains(t, identity(bad), template)
			assert.Equal(t, allowed, outcome(bad.judge(toServer)))

			assert.Equal(t, denied, outcome(short.judge("ingress dev/client dev/server 81")), "and that one keeps its own")
			assert.Equal(t, identity(load(t, "", rule)), identity(bad))
		})
	}
}

// An object of a kind that is off by default speaks for the kind only where
// nothing says what the agent's options are.
func TestClusterNetworkPolicyHangsOnTheConfig(t *testing.T) {
	with := func(key string) string {
		return "---\n{apiVersion: v1, kind: ConfigMap, metadata: {namespace: kube-system, name: cilium-config}, data: {" + key + "}}\n"
	}
	policy := clusterNetworkPolicy("platform", "Admin", `subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]`)
	check(t, []row{
		{"no cilium-config", policy, "", verdicts{toServer: denyRule, toWorld: allowed}},
		{"a cilium-config without the key", policy + with(`enable-policy: default`), "", verdicts{toServer: allowed, toWorld: allowed}},
		{"the policies beside it hold", policy + with(``) + server(`ingress: [{}]`), "", verdicts{toServer: denied}},
		{"the option given otherwise", policy + with(``), "enable-k8s-cluster-network-policy=true", verdicts{toServer: denyRule}},
	})
	s := load(t, "", policy+with(`enable-policy: default`))
	issue := s.said("warning", "ClusterNetworkPolicy platform has no effect", "enable-k8s-cluster-network-policy is off")
	assert.Equal(t, "policies0.yaml", issue.File)
	assert.Equal(t, 2, issue.Line)
	assert.Empty(t, s.judge(toServer).By)
}
