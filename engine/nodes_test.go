package engine_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

const (
	byNodeLabels = "enable-node-selector-labels=true"
	// ssdNode is another node, w3, with labels.
	ssdNode = "---\n{apiVersion: v1, kind: Node, metadata: {name: w3, labels: {disk: ssd, kubernetes.io/hostname: w3, topology.kubernetes.io/zone: a}}, status: {addresses: [{type: InternalIP, address: 172.18.0.5}]}}\n"
)

func TestNodeSelectors(t *testing.T) {
	to := func(selector string) string { return client(`egress: [{toNodes: [`+selector+`]}]`) + ssdNode }
	const (
		ssd   = "egress dev/client node/w3 80"
		other = "egress dev/client node/w2 80"
		own   = "egress dev/client node/w1 80"
		pod   = "egress dev/client dev/server 80"
	)
	check(t, []row{
		{"a label means the nodes that have it", to(`{matchLabels: {disk: ssd}}`), byNodeLabels, verdicts{ssd: allowed, other: denied, own: denied, pod: denied, "egress dev/client world 80": denied}},
		{"with the source node: too", to(`{matchLabels: {"node:disk": ssd}}`), byNodeLabels, verdicts{ssd: allowed, other: denied}},
		{"but no other source", to(`{matchLabels: {"k8s:disk": ssd}}`), byNodeLabels, verdicts{ssd: denied}},
		{"labels that pods' identities never have count for nodes", to(`{matchLabels: {kubernetes.io/hostname: w3, topology.kubernetes.io/zone: a}}`), byNodeLabels, verdicts{ssd: allowed, other: denied}},
		{"expressions", to(`{matchExpressions: [{key: disk, operator: DoesNotExist}]}`), byNodeLabels, verdicts{ssd: denied, other: allowed, pod: denied, "egress dev/client world 80": denied}},
		{"an empty selector means every other node", to(`{}`), byNodeLabels, verdicts{ssd: allowed, other: allowed, own: denied, pod: denied}},
		{"and never the pod's own, whatever its labels", client(`egress: [{toNodes: [{matchLabels: {kubernetes.io/hostname: w3}}]}]`) + strings.Replace(ssdNode, "name: w3", "name: w1", 1), byNodeLabels, verdicts{own: denied}},
		{"the API server's node is one like any", to(`{matchLabels: {node-role.kubernetes.io/control-plane: ""}}`), byNodeLabels, verdicts{"egress dev/client node/cp 6443": allowed, ssd: denied}},
		{"ports hold", client(`egress: [{toNodes: [{matchLabels: {disk: ssd}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]`) + ssdNode, byNodeLabels, verdicts{ssd: allowed, "egress dev/client node/w3 81": denied}},
		{"denied nodes", client(`egress: [{toEntities: [all]}], egressDeny: [{toNodes: [{matchLabels: {disk: ssd}}]}]`) + ssdNode, byNodeLabels, verdicts{ssd: denyRule, other: allowed, own: allowed}},
		{"on ingress", server(`ingress: [{fromNodes: [{matchLabels: {disk: ssd}}]}]`) + ssdNode, byNodeLabels, verdicts{"ingress node/w3 dev/server 80": allowed, otherNode: denied, ownNode: allowed, toServer: denied}},
		{"entities mean nodes as ever", client(`egress: [{toEntities: [remote-node]}]`) + ssdNode, byNodeLabels, verdicts{ssd: allowed, other: allowed, "egress dev/client node/cp 80": allowed, own: denied}},
		{"kube-apiserver too", client(`egress: [{toEntities: [kube-apiserver]}]`) + ssdNode, byNodeLabels, verdicts{ssd: denied, "egress dev/client node/cp 80": allowed}},
		{"without the option the policy is refused", to(`{matchLabels: {disk: ssd}}`), "enable-node-selector-labels=false", verdicts{ssd: allowed, pod: allowed}},
		{"a cilium-config that does not name the option has it off", to(`{matchLabels: {disk: ssd}}`) + ciliumConfig, "", verdicts{ssd: allowed, pod: allowed}},
		{"without a cilium-config the rule speaks for its option", to(`{matchLabels: {disk: ssd}}`), "", verdicts{ssd: allowed, other: denied}},
		{"node-labels keeps what it names", to(`{matchLabels: {disk: ssd}}`), byNodeLabels + " node-labels=disk", verdicts{ssd: allowed}},
		{"and drops the rest", to(`{matchLabels: {kubernetes.io/hostname: w3}}`), byNodeLabels + " node-labels=disk", verdicts{ssd: denied}},
		{"or drops what it excludes", to(`{matchLabels: {disk: ssd}}`), byNodeLabels + " node-labels=!disk", verdicts{ssd: denied}},
		{"the local cluster's nodes have its label", to(`{matchLabels: {disk: ssd}}`), byNodeLabels + " policy-default-local-cluster=true", verdicts{ssd: allowed}},
		{"up to 1.19 node-labels could drop the cluster too, and no node is meant", to(`{matchLabels: {disk: ssd}}`), byNodeLabels + " node-labels=disk version=1.19.4", verdicts{ssd: denied}},
		{"unless it names it", to(`{matchLabels: {disk: ssd}}`), byNodeLabels + " node-labels=disk|io.cilium.k8s.policy.cluster version=1.19.4", verdicts{ssd: allowed}},
		{"where selectors mean any cluster that is no matter", to(`{matchLabels: {disk: ssd}}`), byNodeLabels + " node-labels=disk version=1.18.4", verdicts{ssd: allowed}},
		{"1.16 had node selectors too", to(`{matchLabels: {disk: ssd}}`), byNodeLabels + " version=1.16.19", verdicts{ssd: allowed, other: denied}},
		{"together with CIDRs that mean nodes", client(`egress: [{toNodes: [{matchLabels: {disk: ssd}}]}, {toCIDR: [172.18.0.4/32]}]`) + ssdNode, byNodeLabels + " " + matchNodes, verdicts{ssd: allowed, other: allowed, "egress dev/client node/cp 80": denied}},
	})
	refused := load(t, "enable-node-selector-labels=false", to(`{matchLabels: {disk: ssd}}`)).said(model.Error, "CiliumNetworkPolicy dev/client is refused", "spec.egress[0]", "enable-node-selector-labels")
	assert.NotEmpty(t, refused.Remedy)
}

func TestNodeLabelsInIdentities(t *testing.T) {
	rule := client(`egress: [{toNodes: [{matchLabels: {disk: ssd}}]}]`)
	const own = "k8s:io.cilium.k8s.policy.cluster=default node:disk=ssd node:kubernetes.io/hostname=w3 node:topology.kubernetes.io/zone=a reserved:"
	for _, r := range []struct{ claim, set, policies, judge, want string }{
		{"to other nodes", byNodeLabels, rule, "w1", own + "remote-node"},
		{"since 1.20 to itself", byNodeLabels, rule, "w3", own + "host"},
		{"not before", byNodeLabels + " version=1.19.6", rule, "w3", "reserved:host"},
		{"up to 1.17 without the cluster", byNodeLabels + " version=1.17.14", rule, "w1", strings.TrimPrefix(own, "k8s:io.cilium.k8s.policy.cluster=default ") + "remote-node"},
		{"where nothing names the option and no rule needs it", "", "", "w1", "reserved:remote-node"},
		{"where a rule needs it", "", rule, "w1", own + "remote-node"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set, r.policies, ssdNode)
			assert.Equal(t, r.want, strings.Join(s.engine.Identity(s.party("node/w3"), s.index.Node(r.judge)), " "))
		})
	}
	s := load(t, byNodeLabels, rule, ssdNode)
	unlisted := s.party("node/w3")
	unlisted.Addr = netip.MustParseAddr("10.244.3.1")
	assert.Contains(t, s.engine.Identity(unlisted, s.index.Node("w1")), "node:disk=ssd", "an address that the Node does not list")
}

// Of a node that only pods speak of, no file holds the labels.
func TestLabelsOfANodeThatNoFileHolds(t *testing.T) {
	ghost := "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: far, labels: {app: far}}, spec: {nodeName: ghost, containers: [{name: c, image: i}]}}\n"
	rule := func(rules string) string { return client(rules) + ghost }
	const toGhost = "egress dev/client node/ghost 80"
	check(t, []row{
		{"a rule may mean it", rule(`egress: [{toNodes: [{matchLabels: {disk: ssd}}]}]`), byNodeLabels, verdicts{toGhost: undetermined, "egress dev/client node/w2 80": denied}},
		{"on its ports only", rule(`egress: [{toNodes: [{matchLabels: {disk: ssd}}], toPorts: [{ports: [{port: "443"}]}]}]`), byNodeLabels, verdicts{toGhost: denied}},
		{"or deny it", rule(`egress: [{toEntities: [all]}], egressDeny: [{toNodes: [{matchLabels: {disk: ssd}}]}]`), byNodeLabels, verdicts{toGhost: undetermined}},
		{"which does not matter where it is denied", rule(`egress: [{toEndpoints: [{}]}], egressDeny: [{toNodes: [{matchLabels: {disk: ssd}}]}]`), byNodeLabels, verdicts{toGhost: denied}},
	})
	step := load(t, byNodeLabels, rule(`egress: [{toNodes: [{matchLabels: {disk: ssd}}]}]`)).judge(toGhost)
	assert.Contains(t, step.Why, "rule egress[0] reads labels of node ghost, which no file holds")
	assert.Equal(t, "[client client egress[0]]", fmt.Sprint(rulesBy(step)))
}
