package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// A selector by a label that Cilium keeps out of identities is valid, and
// means nobody or everybody: an issue at its line says so.
func TestSelectorsByIgnoredLabelsAreWarnedOf(t *testing.T) {
	const head = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: odd}
spec:
`
	for _, r := range []struct{ claim, set, text, path, says string }{
		{"a peer", "", head + `  endpointSelector: {matchLabels: {app: server}}
  ingress:
  - fromEntities: [host]
  - fromEndpoints:
    - matchLabels: {app: client}
    - matchLabels: {pod-template-hash: abc} # here
`, "ingress[1].fromEndpoints[1]", "pod-template-hash, which Cilium keeps out of identities: it never matches"},
		{"a peer by what it must not have", "", head + `  endpointSelector: {matchLabels: {app: server}}
  egressDeny:
  - toEndpoints:
    - matchExpressions: [{key: "k8s:controller-revision-hash", operator: NotIn, values: [x]}] # here
`, "egressDeny[0].toEndpoints[0]", "controller-revision-hash, which Cilium keeps out of identities: the demand that it be absent"},
		{"the subject", "", head + `  endpointSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: db-0}} # here
  ingress: [{}]
`, "endpointSelector", "statefulset.kubernetes.io/pod-name"},
		{"a label that the agent's own list leaves out", "labels=k8s:app$", head + `  endpointSelector: {matchLabels: {tier: front}} # here
  ingress: [{}]
`, "endpointSelector", "label tier"},
		{"a zone, since 1.19", "version=1.19.0", head + `  endpointSelector: {matchLabels: {"any:topology.kubernetes.io/zone": a}} # here
  ingress: [{}]
`, "endpointSelector", "topology.kubernetes.io/zone"},
		{"a node by its name", hostFirewall, `---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: odd}
spec:
  nodeSelector: {matchLabels: {kubernetes.io/hostname: w1}} # here
  ingress: [{}]
`, "nodeSelector", "kubernetes.io/hostname"},
		{"a NetworkPolicy's subject", "", `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: dev, name: odd}
spec:
  podSelector: {matchLabels: {apps.kubernetes.io/pod-index: "0"}} # here
`, "podSelector", "apps.kubernetes.io/pod-index"},
		{"a NetworkPolicy's peer", "", `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: dev, name: odd}
spec:
  podSelector: {}
  egress:
  - to:
    - podSelector: {matchExpressions: [{key: pod-template-hash, operator: Exists}]} # here
`, "egress[0].to[0].podSelector", "pod-template-hash"},
		{"a ClusterNetworkPolicy's peer", "enable-k8s-cluster-network-policy=true", `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: odd}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  ingress:
  - action: Deny
    from:
    - pods: {namespaceSelector: {}, podSelector: {matchLabels: {pod-template-hash: abc}}} # here
`, "ingress[0].from[0].pods.podSelector", "pod-template-hash"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set, r.text)
			issue := s.said(model.Warning, "odd: "+r.path+" selects by the label", r.says)
			assert.Equal(t, marked(t, r.text, "here"), issue.Line)
			assert.NotEmpty(t, issue.Remedy)
			assert.Len(t, s.issues, 1)
		})
	}
}

func TestOrdinarySelectorsAreNotWarnedOf(t *testing.T) {
	for claim, r := range map[string]struct{ set, policies string }{
		"labels, namespaces and their labels": {hostFirewall, from(`{matchLabels: {app: client, app.kubernetes.io/name: x, "k8s:io.kubernetes.pod.namespace": uat, "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": uat}}`)},
		"accounts and clusters":               {hostFirewall, from(`{matchLabels: {io.cilium.k8s.policy.serviceaccount: robot, io.cilium.k8s.policy.cluster: default}}`)},
		"labels of other sources":             {hostFirewall, from(`{matchLabels: {"node:kubernetes.io/hostname": w1}}`)},
		"reserved labels":                     {hostFirewall, from(`{matchLabels: {"reserved:remote-node": ""}}`)},
		"roles of nodes":                      {hostFirewall, forNodes(`matchExpressions: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]`, `ingress: [{}]`)},
		"a NetworkPolicy's namespaces":        {hostFirewall, npServer(`ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: uat}}}]}]`)},
		"a Service's selector":                {hostFirewall, client(`egress: [{toServices: [{k8sService: {serviceName: api, namespace: dev}}]}]`) + service("api", "", `selector: {statefulset.kubernetes.io/pod-name: api-0}`)},
		"zones in 1.18.4":                     {"version=1.18.4", from(`{matchLabels: {topology.kubernetes.io/zone: a}}`)},
	} {
		t.Run(claim, func(t *testing.T) {
			assert.Empty(t, load(t, r.set, r.policies).issues)
		})
	}
}

func TestLabelSources(t *testing.T) {
	check(t, []row{
		{"cidr: in a selector of endpoints means nobody", from(`{matchLabels: {"cidr:203.0.113.0/24": ""}}`) + client(`egress: [{toCIDR: [203.0.113.0/24]}]`), "",
			verdicts{"ingress 203.0.113.9 dev/server 80": denied, toServer: denied}},
		{"cidrgroup: neither", from(`{matchLabels: {"cidrgroup:io.cilium.policy.cidrgroupname/office": ""}}`) + cidrGroup("office", "", "203.0.113.0/24"), "", verdicts{"ingress 203.0.113.9 dev/server 80": denied}},
		{"node: neither, even where node labels count", from(`{matchLabels: {"node:disk": ssd}}`) + ssdNode, byNodeLabels, verdicts{"ingress node/w3 dev/server 80": denied}},
		{"gen: means what Cilium generates since 1.20", client(`egress: [{toEndpoints: [{matchExpressions: [{key: "gen:io.cilium.k8s.named-ports", operator: Exists}]}]}]`), "", verdicts{"egress dev/client dev/server 80": allowed, "egress dev/client dev/local 80": denied}},
		{"and nothing before", client(`egress: [{toEndpoints: [{matchExpressions: [{key: "gen:io.cilium.k8s.named-ports", operator: Exists}]}]}]`), "version=1.19.6", verdicts{"egress dev/client dev/server 80": denied}},
		{"named ports tell pods apart there all the same", podWithPort("one", "10.244.1.31", 80) + podWithPort("two", "10.244.1.32", 81) + cnp("p", `endpointSelector: {matchExpressions: [{key: app, operator: In, values: [one, two]}]}, ingress: [{toPorts: [{ports: [{port: web}]}]}]`), "version=1.19.6",
			verdicts{"ingress dev/client dev/one 80": allowed, "ingress dev/client dev/one 81": denied, "ingress dev/client dev/two 81": allowed}},
		{"reserved:host in a selector means the pod's own node", from(`{matchLabels: {"reserved:host": ""}}`), "allow-localhost=policy", verdicts{ownNode: allowed, otherNode: denied, toServer: denied}},
		{"the cluster's name is the agent's", from(`{matchLabels: {io.cilium.k8s.policy.cluster: prod}}`), "cluster-name=prod", verdicts{toServer: allowed}},
		{"another one's pods are not here", from(`{matchLabels: {io.cilium.k8s.policy.cluster: default}}`), "cluster-name=prod", verdicts{toServer: denied}},
		{"nor does a list of clusters without it mean them", from(`{matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: In, values: [east, west]}]}`), "cluster-name=prod", verdicts{toServer: denied}},
		{"selectors that name no cluster mean this one, in 1.18 as in 1.20", from(`{matchLabels: {app: client}}`), "cluster-name=prod version=1.18.4", verdicts{toServer: allowed}},
		{"a list of specs is several policies in one", fmt.Sprintf("---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: p}, specs: [{%s}, {%s}]}\n",
			`endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEndpoints: [{matchLabels: {app: local}}]}]`, `endpointSelector: {matchLabels: {app: local}}, ingress: [{}]`), "",
			verdicts{toServer: denied, "ingress dev/local dev/server 80": allowed, "ingress dev/client dev/local 80": denied}},
		{"and may stand beside a spec", fmt.Sprintf("---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: p}, spec: {%s}, specs: [{%s}]}\n",
			`endpointSelector: {matchLabels: {app: server}}, ingress: [{}]`, `endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]`), "",
			verdicts{toServer: allowed, "ingress dev/local dev/server 80": denied}},
		{"a bad one takes the others with it", fmt.Sprintf("---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: p}, specs: [{%s}, {%s}]}\n",
			`endpointSelector: {matchLabels: {app: server}}, ingress: [{}]`, `endpointSelector: {}, ingress: [{fromEntities: [all], fromEndpoints: [{}]}]`), "",
			verdicts{toServer: allowed}},
	})
}
