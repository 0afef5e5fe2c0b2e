package engine_test

import (
	"fmt"
	"testing"
)

// from is a policy of the server that admits whom the selector means.
func from(selector string) string {
	return server(`ingress: [{fromEndpoints: [` + selector + `]}]`)
}

func TestPeersAreSoughtInThePolicysNamespace(t *testing.T) {
	const foreign = "ingress uat/client dev/server 8080"
	check(t, []row{
		{"labels alone mean the policy's own namespace", from(`{matchLabels: {app: client}}`), "", verdicts{toServer: allowed, foreign: denied}},
		{"naming a namespace means that one", from(`{matchLabels: {app: client, "k8s:io.kubernetes.pod.namespace": uat}}`), "", verdicts{toServer: denied, foreign: allowed}},
		{"a namespace key without prefix names one too", from(`{matchLabels: {io.kubernetes.pod.namespace: uat}}`), "", verdicts{toServer: denied, foreign: allowed}},
		{"a namespace key with any: names one too", from(`{matchLabels: {"any:io.kubernetes.pod.namespace": uat}}`), "", verdicts{toServer: denied, foreign: allowed}},
		{"an expression on the namespace spans namespaces", from(`{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}]}`), "", verdicts{toServer: allowed, foreign: allowed}},
		{"a namespace's label reaches into that namespace", from(`{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": red}}`), "", verdicts{toServer: denied, foreign: allowed}},
		{"without a source too", from(`{matchLabels: {io.cilium.k8s.namespace.labels.team: red}}`), "", verdicts{toServer: denied, foreign: allowed}},
		{"and with any:", from(`{matchLabels: {"any:io.cilium.k8s.namespace.labels.team": red}}`), "", verdicts{toServer: denied, foreign: allowed}},
		{"a misspelt namespace label is an ordinary label that nobody has", from(`{matchLabels: {"io.kubernetes.pod.namespace.labels.team": red}}`), "", verdicts{toServer: denied, foreign: denied}},
		{"the subject stays in the policy's namespace whatever the selector says",
			cnp("p", `endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": uat}}, ingress: [{}]`), "",
			verdicts{"ingress dev/server uat/client 80": allowed}},
		{"a clusterwide policy selects in every namespace", ccnp("p", `endpointSelector: {matchLabels: {app: client}}, ingress: [{}]`), "",
			verdicts{"ingress dev/server uat/client 80": denied, "ingress dev/server dev/client 80": denied, toServer: allowed}},
		{"a clusterwide [{}] peer means every pod, never host or world",
			ccnp("p", `endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEndpoints: [{}]}]`), "allow-localhost=policy",
			verdicts{toServer: allowed, foreign: allowed, "ingress world dev/server 8080": denied, ownNode: denied, otherNode: denied}},
		{"who has no namespace is no pod", from(`{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: DoesNotExist}]}`), "version=1.18.4",
			verdicts{toServer: denied, foreign: denied, otherNode: allowed, "ingress world dev/server 8080": allowed}},
		{"a clusterwide policy can be bound to a namespace", ccnp("p", `endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": uat}}, ingress: [{}]`), "",
			verdicts{"ingress dev/server uat/client 80": denied, toServer: allowed}},
	})
}

func TestLabelSelectors(t *testing.T) {
	expression := func(key, operator, values string) string {
		return from(fmt.Sprintf(`{matchExpressions: [{key: %q, operator: %s%s}]}`, key, operator, values))
	}
	check(t, []row{
		{"k8s: names the source of the label", from(`{matchLabels: {"k8s:app": client}}`), "", verdicts{toServer: allowed}},
		{"any: means whatever source", from(`{matchLabels: {"any:app": client}}`), "", verdicts{toServer: allowed}},
		{"another source does not match", from(`{matchLabels: {"container:app": client}}`), "", verdicts{toServer: denied}},
		{"all labels must match", from(`{matchLabels: {app: client, tier: back}}`), "", verdicts{toServer: denied}},
		{"In matches one of its values", expression("tier", "In", `, values: [back, front]`), "", verdicts{toServer: allowed, "ingress dev/local dev/server 80": denied}},
		{"NotIn matches who lacks the label", expression("tier", "NotIn", `, values: [front]`), "", verdicts{toServer: denied, "ingress dev/local dev/server 80": allowed}},
		{"Exists wants the label", expression("tier", "Exists", ``), "", verdicts{toServer: allowed, "ingress dev/local dev/server 80": denied}},
		{"DoesNotExist wants it absent", expression("tier", "DoesNotExist", ``), "", verdicts{toServer: denied, "ingress dev/local dev/server 80": allowed}},
		{"a label that Cilium keeps out of identities matches nobody", from(`{matchLabels: {pod-template-hash: abc}}`), "", verdicts{toServer: denied}},
		{"NotIn on such a label matches everybody", expression("pod-template-hash", "NotIn", `, values: [abc]`), "", verdicts{toServer: allowed}},
		{"DoesNotExist on such a label matches everybody", expression("pod-template-hash", "DoesNotExist", ``), "", verdicts{toServer: allowed}},
		{"a list of inclusive labels keeps all others out", from(`{matchLabels: {tier: front}}`), "labels=k8s:app$", verdicts{toServer: denied}},
		{"what the inclusive list names still matches", from(`{matchLabels: {app: client}}`), "labels=k8s:app", verdicts{toServer: allowed}},
		{"a service account is a label", from(`{matchLabels: {"io.cilium.k8s.policy.serviceaccount": robot}}`), "", verdicts{toServer: allowed, "ingress dev/local dev/server 80": denied}},
		{"reserved: labels mean nodes and the world", from(`{matchLabels: {"reserved:remote-node": ""}}`), "", verdicts{toServer: denied, otherNode: allowed, "ingress world dev/server 80": denied}},
		{"the cluster is a label", from(`{matchLabels: {"k8s:io.cilium.k8s.policy.cluster": default}}`), "", verdicts{toServer: allowed}},
		{"another cluster has no pods here", from(`{matchLabels: {"k8s:io.cilium.k8s.policy.cluster": elsewhere}}`), "", verdicts{toServer: denied}},
		{"a NetworkPolicy's namespaceSelector goes by namespace labels", npServer(`ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]`), "",
			verdicts{toServer: denied, "ingress uat/client dev/server 8080": allowed}},
		{"the namespace's own name is such a label", npServer(`ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: uat}}, podSelector: {matchLabels: {app: client}}}]}]`), "",
			verdicts{toServer: denied, "ingress uat/client dev/server 8080": allowed}},
	})
}

func TestEntities(t *testing.T) {
	entity := func(name string) string {
		return client(fmt.Sprintf(`egress: [{toEntities: [%s]}]`, name)) +
			cnp("local", fmt.Sprintf(`endpointSelector: {matchLabels: {app: local}}, egress: [{toEntities: [%s]}]`, name))
	}
	const (
		ownHost   = "egress dev/client node/w1 80"
		otherHost = "egress dev/client node/w2 80"
		apiServer = "egress dev/client node/cp 6443"
		apiHost   = "egress dev/local node/cp 6443"
		pod       = "egress dev/client dev/server 80"
		outside   = "egress dev/client world 80"
	)
	check(t, []row{
		{"host is the pod's own node", entity("host"), "",
			verdicts{ownHost: allowed, otherHost: denied, apiServer: denied, apiHost: allowed, pod: denied, outside: denied}},
		{"remote-node is every other node, the control plane's too", entity("remote-node"), "",
			verdicts{ownHost: denied, otherHost: allowed, apiServer: allowed, apiHost: denied, pod: denied, outside: denied}},
		{"kube-apiserver is the control plane, from near and far", entity("kube-apiserver"), "",
			verdicts{ownHost: denied, otherHost: denied, apiServer: allowed, apiHost: allowed, pod: denied, outside: denied}},
		{"world is what is neither pod nor node", entity("world"), "",
			verdicts{ownHost: denied, otherHost: denied, apiServer: denied, pod: denied, outside: allowed, toWorld: allowed}},
		{"cluster is every pod and node", entity("cluster"), "",
			verdicts{ownHost: allowed, otherHost: allowed, apiServer: allowed, apiHost: allowed, pod: allowed, outside: denied}},
		{"all is all", entity("all"), "",
			verdicts{ownHost: allowed, otherHost: allowed, apiServer: allowed, pod: allowed, outside: allowed, toWorld: allowed}},
		{"none is nobody", entity("none"), "",
			verdicts{ownHost: denied, otherHost: denied, apiServer: denied, pod: denied, outside: denied}},
		{"a hostNetwork pod is its node, not its labels", from(`{matchLabels: {app: client}}`), "allow-localhost=policy",
			verdicts{"ingress dev/hostnet dev/server 80": denied, toServer: allowed}},
		{"the API server's address may lie outside", entity("kube-apiserver") + apiServerOutside, "",
			verdicts{"egress dev/client 203.0.113.77 443": allowed, apiServer: denied, toWorld: denied}},
		{"an API server outside belongs to the world", client(`egress: [{toEntities: [world]}]`) + apiServerOutside, "",
			verdicts{"egress dev/client 203.0.113.77 443": allowed}},
		{"and to the cluster", entity("cluster") + apiServerOutside, "",
			verdicts{"egress dev/client 203.0.113.77 443": allowed, toWorld: denied}},
		{"and to the CIDRs that hold it", client(`egress: [{toCIDR: [203.0.113.64/26]}]`) + apiServerOutside, "",
			verdicts{"egress dev/client 203.0.113.77 443": allowed, toWorld: denied}},
		{"health, init, ingress and unmanaged are no pods, nodes or addresses", entity("health, init, ingress, unmanaged"), "",
			verdicts{ownHost: denied, otherHost: denied, apiServer: denied, pod: denied, outside: denied}},
	})
}

const apiServerOutside = `---
{apiVersion: v1, kind: Service, metadata: {namespace: default, name: kubernetes}, spec: {ports: [{port: 443}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {namespace: default, name: kubernetes, labels: {kubernetes.io/service-name: kubernetes}}
addressType: IPv4
ports: [{port: 443}]
endpoints: [{addresses: [203.0.113.77]}]
`

func TestCIDRs(t *testing.T) {
	to := func(rule string) string { return client(`egress: [{` + rule + `}]`) }
	const (
		pod   = "egress dev/client dev/server 80"
		node  = "egress dev/client node/w2 80"
		near  = "egress dev/client 203.0.113.9 80"
		far   = "egress dev/client 198.51.100.1 80"
		upper = "egress dev/client 203.0.113.200 80"
	)
	check(t, []row{
		{"a CIDR means the addresses in it", to(`toCIDR: [203.0.113.0/24]`), "", verdicts{near: allowed, upper: allowed, far: denied}},
		{"it means neither pods nor nodes", to(`toCIDR: [10.0.0.0/8, 172.18.0.0/16]`), "", verdicts{pod: denied, node: denied, "egress dev/client 10.99.0.1 80": allowed}},
		{"0.0.0.0/0 means the world and nobody else", to(`toCIDR: [0.0.0.0/0]`), "", verdicts{near: allowed, far: allowed, "egress dev/client world 80": allowed, pod: denied, node: denied}},
		{"except cuts a part out", to(`toCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.128/25]}]`), "", verdicts{near: allowed, upper: denied}},
		{"what one rule excepts another may allow", client(`egress: [{toCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.128/25]}]}, {toCIDR: [203.0.113.200/32]}]`), "", verdicts{upper: allowed, "egress dev/client 203.0.113.201 80": denied}},
		{"a narrower CIDR elsewhere does not take addresses away", client(`egress: [{toCIDR: [203.0.113.0/24]}, {toCIDR: [203.0.113.128/25], toPorts: [{ports: [{port: "443"}]}]}]`), "", verdicts{upper: allowed, near: allowed}},
		{"the narrower CIDR's own ports hold for it only", client(`egress: [{toCIDR: [203.0.113.0/24], toPorts: [{ports: [{port: "443"}]}]}, {toCIDR: [203.0.113.128/25], toPorts: [{ports: [{port: "80"}]}]}]`), "", verdicts{upper: allowed, near: denied}},
		{"a deny of a part leaves the rest", client(`egress: [{toCIDR: [203.0.113.0/24]}], egressDeny: [{toCIDR: [203.0.113.128/25]}]`), "", verdicts{upper: denyRule, near: allowed}},
		{"a NetworkPolicy's ipBlock means addresses outside", np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [203.0.113.128/25]}}]}]`), "",
			verdicts{near: allowed, upper: denied, pod: denied, node: denied}},
		{"an ingress CIDR goes by the source's address", server(`ingress: [{fromCIDR: [203.0.113.0/24]}]`), "", verdicts{"ingress 203.0.113.9 dev/server 80": allowed, "ingress 198.51.100.1 dev/server 80": denied, "ingress world dev/server 80": denied}},
		{"with both families on, 0.0.0.0/0 leaves IPv6 out", to(`toCIDR: [0.0.0.0/0]`), "enable-ipv6=true", verdicts{near: allowed, "egress dev/client 2001:db8::1 80": denied}},
		{"with both families on, ::/0 leaves IPv4 out", to(`toCIDR: ["::/0"]`), "enable-ipv6=true", verdicts{near: denied, "egress dev/client 2001:db8::1 80": allowed}},
		{"with both families on, the world has both", to(`toEntities: [world]`), "enable-ipv6=true", verdicts{near: allowed, "egress dev/client 2001:db8::1 80": allowed}},
		{"an IPv6 CIDR means its addresses", to(`toCIDR: ["2001:db8::/32"]`), "enable-ipv6=true", verdicts{"egress dev/client 2001:db8::1 80": allowed, "egress dev/client 2001:db9::1 80": denied}},
	})
}

// From 1.19.0 to 1.19.4 Cilium reads an ipBlock as "and every pod of the
// policy's namespace".
func TestIPBlockMeansTheNamespaceInSomeVersions(t *testing.T) {
	block := npServer(`ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]`)
	everything := npServer(`ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]`)
	selector := npServer(`ingress: [{from: [{podSelector: {matchLabels: {app: nobody}}}]}]`)
	outside := "ingress 203.0.113.9 dev/server 8080"
	foreign := "ingress uat/client dev/server 8080"
	var rows []row
	for version, want := range map[string]string{
		"1.18.10": denied, "1.19.0": allowed, "1.19.4": allowed, "1.19.5": denied, "1.20.0": denied, "1.20.2": denied,
	} {
		rows = append(rows,
			row{"in " + version, block, "version=" + version, verdicts{toServer: want, outside: allowed, foreign: denied}},
			row{"in " + version + " for all addresses", everything, "version=" + version, verdicts{toServer: want, outside: allowed}},
			row{"in " + version + " not for selectors", selector, "version=" + version, verdicts{toServer: denied}})
	}
	rows = append(rows, row{"not where selectors mean any cluster", block, "version=1.19.4 policy-default-local-cluster=false", verdicts{toServer: denied}})
	check(t, rows)
}
