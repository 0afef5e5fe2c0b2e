package engine_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/engine"
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

// What the agents leave out by default has changed.
func TestLabelListsByRelease(t *testing.T) {
	zoned := "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: zoned, labels: {app: zoned, topology.kubernetes.io/zone: a}}, spec: {nodeName: w1, serviceAccountName: robot, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.1.50}}\n"
	byZone := zoned + from(`{matchLabels: {topology.kubernetes.io/zone: a}}`)
	byAccount := zoned + from(`{matchLabels: {io.cilium.k8s.policy.serviceaccount: robot}}`)
	const in = "ingress dev/zoned dev/server 80"
	check(t, []row{
		{"1.16 keeps a pod's zone", byZone, "version=1.16.19", verdicts{in: allowed}},
		{"1.18.6 too", byZone, "version=1.18.6", verdicts{in: allowed}},
		{"1.18.8 leaves it out", byZone, "version=1.18.8", verdicts{in: denied}},
		{"as does 1.19", byZone, "version=1.19.0", verdicts{in: denied}},
		{"where it is kept, the agent's own list can leave it out", byZone, "version=1.17.14 labels=!topology", verdicts{in: denied}},
		{"a list of others leaves it out", byZone, "version=1.17.14 labels=app", verdicts{in: denied}},
		{"one that names it keeps it", byZone, "version=1.17.14 labels=k8s:topology.kubernetes.io/zone", verdicts{in: allowed}},
		{"of two that match the longer counts", byZone, "version=1.17.14 labels=!topology.kubernetes.io/zone|topology", verdicts{in: denied}},
		{"a list that names it brings it back where it is left out", byZone, "labels=topology.kubernetes.io/zone", verdicts{in: allowed}},
		{"up to 1.17 a list of others leaves the service account out", byAccount, "version=1.17.14 labels=app", verdicts{in: denied}},
		{"since 1.18 it stays", byAccount, "version=1.18.0 labels=app", verdicts{in: allowed}},
		{"without a list it is always there", byAccount, "version=1.16.19", verdicts{in: allowed}},
	})
	const zone, account = "k8s:topology.kubernetes.io/zone=a", "k8s:io.cilium.k8s.policy.serviceaccount=robot"
	s := load(t, "", zoned)
	for _, r := range []struct {
		claim, list, label string
		keeps              bool
	}{
		{"one of several words may name it", "app topology.kubernetes.io/zone", zone, true},
		{"not of another source", "app reserved:topology.kubernetes.io/zone", zone, false},
		{"nor by its end", "app kubernetes.io/zone", zone, false},
		{"of two that leave it out the shorter is measured against what keeps it", "!io.cilium io.cilium.k8s.policy !io.cilium.k8s.policy.serviceaccount", account, true},
	} {
		dp := datapath("version=1.17.14")
		dp.Options["labels"] = r.list
		e, _ := engine.New(s.index, dp)
		assert.Equal(t, r.keeps, slices.Contains(e.Identity(s.party("dev/zoned"), nil), r.label), r.claim)
	}
	node := "---\n{apiVersion: v1, kind: Node, metadata: {name: w3, labels: {topology.kubernetes.io/zone: a}}, status: {addresses: [{type: InternalIP, address: 172.18.0.5}]}}\n"
	closed := node + forNodes(`matchLabels: {topology.kubernetes.io/zone: a}`, `ingress: [{}]`)
	const toNode = "ingress 203.0.113.9 node/w3 22"
	check(t, []row{
		{"policies for nodes go by zones up to 1.18.6", closed, hostFirewall + " version=1.18.4", verdicts{toNode: denied}},
		{"and mean nobody by them since", closed, hostFirewall, verdicts{toNode: allowed}},
	})
}

// The default list, label by label: a selector by one that is left out matches
// nobody. Source: cilium v1.20.2 pkg/labelsfilter/filter.go,
// defaultLabelPrefixCfg.
func TestLabelsThatBelongToIdentities(t *testing.T) {
	for label, belongs := range map[string]bool{
		"app.kubernetes.io/name":                   true,
		"example.com/team":                         true,
		"tier":                                     true,
		"io.kubernetes.anything":                   false,
		"kubernetes.io/arch":                       false,
		"beta.kubernetes.io/os":                    false,
		"node.beta.kubernetes.io/x":                false,
		"k8s.io/cluster":                           false,
		"statefulset.kubernetes.io/pod-name":       false,
		"apps.kubernetes.io/pod-index":             false,
		"batch.kubernetes.io/job-completion-index": false,
		"batch.kubernetes.io/controller-uid":       false,
		"batch.kubernetes.io/job-name":             true,
		"pod-template-generation":                  false,
		"pod-template-hash":                        false,
		"controller-revision-hash":                 false,
		"controller-uid":                           false,
		"annotation.x":                             false,
		"etcd_node":                                false,
		"topology.kubernetes.io/region":            false,
		// The list's entries hold from a label's beginning on.
		"my-pod-template-hash": true,
		"example.com/k8s.io":   true,
	} {
		t.Run(label, func(t *testing.T) {
			pod := "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: labelled, labels: {" + label + ": x}}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.1.50}}\n"
			s := load(t, "", pod+from(`{matchLabels: {`+label+`: x}}`))
			assert.Equal(t, belongs, slices.Contains(s.engine.Identity(s.party("dev/labelled"), nil), "k8s:"+label+"=x"))
			assert.Equal(t, belongs, outcome(s.judge("ingress dev/labelled dev/server 80")) == allowed)
		})
	}
}
