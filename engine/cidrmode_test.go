package engine_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

const (
	matchNodes = "policy-cidr-match-mode=nodes"
	matchPods  = "policy-cidr-match-mode=pods"
	matchBoth  = "policy-cidr-match-mode=nodes,pods"
)

func TestCIDRsThatMeanNodes(t *testing.T) {
	to := func(rule string) string { return client(`egress: [{` + rule + `}]`) }
	const (
		own       = "egress dev/client node/w1 80"
		other     = "egress dev/client node/w2 80"
		apiServer = "egress dev/client node/cp 6443"
		pod       = "egress dev/client dev/server 80"
		outside   = "egress dev/client 172.18.0.99 80"
		world     = "egress dev/client world 80"
	)
	nodes := to(`toCIDR: [172.18.0.0/16]`)
	everything := to(`toCIDR: [0.0.0.0/0]`)
	check(t, []row{
		{"by default a CIDR means no node", nodes, "", verdicts{own: denied, other: denied, apiServer: denied, outside: allowed}},
		{"with nodes it means the nodes in it, the pod's own and the API server's too", nodes, matchNodes, verdicts{own: allowed, other: allowed, apiServer: allowed, outside: allowed, pod: denied, world: denied}},
		{"of one node's address that node", to(`toCIDR: [172.18.0.4/32]`), matchNodes, verdicts{own: denied, other: allowed, apiServer: denied, outside: denied}},
		{"of the pod's own node's address that one", to(`toCIDR: [172.18.0.3/32]`), matchNodes, verdicts{own: allowed, other: denied}},
		{"except cuts a node out", to(`toCIDRSet: [{cidr: 172.18.0.0/16, except: [172.18.0.4/32]}]`), matchNodes, verdicts{own: allowed, other: denied, apiServer: allowed}},
		{"a deny means nodes too", client(`egress: [{toEntities: [all]}], egressDeny: [{toCIDR: [172.18.0.0/30]}]`), matchNodes, verdicts{own: denyRule, other: allowed, apiServer: denyRule}},
		{"a NetworkPolicy's ipBlock too", np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 172.18.0.0/16, except: [172.18.0.4/32]}}]}]`), matchNodes, verdicts{own: allowed, other: denied, outside: allowed}},
		{"a CIDR group too", to(toGroup("nodes")) + cidrGroup("nodes", "", "172.18.0.4/32"), matchNodes, verdicts{own: denied, other: allowed}},
		{"and not without the mode", to(toGroup("nodes")) + cidrGroup("nodes", "", "172.18.0.4/32"), "", verdicts{other: denied}},
		{"0.0.0.0/0 means the world alone since 1.19", everything, matchNodes + " version=1.19.0", verdicts{own: denied, other: denied, outside: allowed, world: allowed}},
		{"in 1.20 as well", everything, matchNodes, verdicts{own: denied, other: denied, outside: allowed}},
		{"up to 1.18 it means nodes too", everything, matchNodes + " version=1.18.4", verdicts{own: allowed, other: allowed, apiServer: allowed, outside: allowed, world: allowed, pod: denied}},
		{"but what it excepts", to(`toCIDRSet: [{cidr: 0.0.0.0/0, except: [172.18.0.4/32]}]`), matchNodes + " version=1.17.14", verdicts{own: allowed, other: denied, outside: allowed}},
		{"and only where CIDRs mean nodes at all", everything, "version=1.18.4", verdicts{own: denied, other: denied, outside: allowed}},
		{"the nodes stay what entities say they are", to(`toEntities: [remote-node]`) + server(`egress: [{toCIDR: [172.18.0.0/16]}]`), matchNodes, verdicts{own: denied, other: allowed, apiServer: allowed, outside: denied}},
		{"host", to(`toEntities: [host]`), matchNodes, verdicts{own: allowed, other: denied, apiServer: denied}},
		{"kube-apiserver", to(`toEntities: [kube-apiserver]`), matchNodes, verdicts{own: denied, other: denied, apiServer: allowed}},
		{"cluster", to(`toEntities: [cluster]`), matchNodes, verdicts{own: allowed, other: allowed, apiServer: allowed, outside: denied}},
		{"and never the world", to(`toEntities: [world]`), matchNodes, verdicts{own: denied, other: denied, outside: allowed}},
		{"a node reaches its own pods as ever", server(`ingress: [{}]`), matchNodes, verdicts{ownNode: allowed, otherNode: denied}},
		{"on ingress by the address that the packet carries", server(`ingress: [{fromCIDR: [172.18.0.3/32]}]`), matchNodes, verdicts{otherNode: allowed, "ingress node/cp dev/server 8080": denied}},
		{"the mode is known since 1.16", nodes, matchNodes + " version=1.16.19", verdicts{own: allowed, other: allowed, pod: denied}},
	})
}

func TestCIDRsThatMeanPods(t *testing.T) {
	to := func(rule string) string { return client(`egress: [{` + rule + `}]`) }
	const (
		pod     = "egress dev/client dev/server 80"
		foreign = "egress dev/client uat/client 80"
		near    = "egress dev/client dev/local 80"
		node    = "egress dev/client node/w2 80"
		outside = "egress dev/client 10.99.0.1 80"
	)
	pods := to(`toCIDR: [10.244.2.0/24]`)
	check(t, []row{
		{"by default a CIDR means no pod", pods, "", verdicts{pod: denied, near: denied}},
		{"with pods it means the pods in it", pods, matchPods, verdicts{pod: allowed, foreign: allowed, near: denied, node: denied}},
		{"and addresses outside as ever", to(`toCIDR: [10.0.0.0/8]`), matchPods, verdicts{pod: allowed, near: allowed, outside: allowed, node: denied}},
		{"of one pod's address that pod", to(`toCIDR: [10.244.2.10/32]`), matchPods, verdicts{pod: allowed, foreign: denied}},
		{"except cuts a pod out", to(`toCIDRSet: [{cidr: 10.244.2.0/24, except: [10.244.2.10/32]}]`), matchPods, verdicts{pod: denied, foreign: allowed}},
		{"a CIDR of everything means every pod", to(`toCIDR: [0.0.0.0/0]`), matchPods, verdicts{pod: allowed, near: allowed, outside: allowed, node: denied}},
		{"but what it excepts", to(`toCIDRSet: [{cidr: 0.0.0.0/0, except: [10.244.0.0/16]}]`), matchPods, verdicts{pod: denied, near: denied, outside: allowed}},
		{"whatever narrower CIDR another rule names", to(`toCIDR: [0.0.0.0/0]`) + server(`egress: [{toCIDR: [10.244.2.0/24]}]`), matchPods, verdicts{pod: allowed, near: allowed}},
		{"a deny means pods too", client(`egress: [{toEntities: [all]}], egressDeny: [{toCIDR: [10.244.2.0/24]}]`), matchPods, verdicts{pod: denyRule, near: allowed, outside: allowed}},
		{"a CIDR group too", to(toGroup("pods")) + cidrGroup("pods", "kind: pods", "10.244.2.0/24"), matchPods, verdicts{pod: allowed, near: denied, node: denied}},
		{"also by its labels", to(toGroupsWith(`matchLabels: {kind: pods}`)) + cidrGroup("pods", "kind: pods", "10.244.2.0/24"), matchPods, verdicts{pod: allowed, near: denied}},
		{"a NetworkPolicy's ipBlock too", np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.244.2.0/24}}]}]`), matchPods, verdicts{pod: allowed, near: denied}},
		{"on ingress", server(`ingress: [{fromCIDR: [10.244.1.0/24]}]`), matchPods, verdicts{toServer: allowed, "ingress dev/local dev/server 8080": denied, "ingress 10.244.1.99 dev/server 8080": allowed}},
		{"the pods keep their labels", to(`toEndpoints: [{matchLabels: {app: server}}]`) + server(`egress: [{toCIDR: [10.244.0.0/16]}]`), matchPods, verdicts{pod: allowed, near: denied}},
		{"and are never the world", to(`toEntities: [world]`), matchPods, verdicts{pod: denied, outside: allowed}},
		{"both modes together", to(`toCIDR: [10.244.2.0/24, 172.18.0.4/32]`), matchBoth, verdicts{pod: allowed, near: denied, node: allowed, "egress dev/client node/cp 80": denied}},
		{"before 1.20 an agent would not start with pods, and nothing else is known of it", pods, matchPods + " version=1.19.6", verdicts{pod: denied}},
		{"there nodes alone counts", to(`toCIDR: [10.244.2.0/24, 172.18.0.4/32]`), matchBoth + " version=1.19.6", verdicts{pod: denied, node: allowed}},
	})
	load(t, matchPods+" version=1.19.6").said(model.Error, "pods\" came with 1.20", "Cilium 1.19.6 would not start")
	assert.Empty(t, load(t, matchPods).issues)
}

// A node speaks through a tunnel from its router's address: in its pod CIDR,
// and no file holds it.
func TestCIDRsAndANodesRouter(t *testing.T) {
	node := strings.Replace(nodeWithPodCIDR, "NAME", "w3", 1)
	for _, r := range []struct{ claim, node, cidr, want string }{
		{"the node network does not hold it", "w3", "172.18.0.0/16", denied},
		{"the pod CIDR does", "w3", "10.244.3.0/24", allowed},
		{"and what holds the pod CIDR", "w3", "10.244.0.0/16", allowed},
		{"a part of the pod CIDR may", "w3", "10.244.3.0/25", undetermined},
		{"another node's pod CIDR does not", "w3", "10.244.4.0/24", denied},
		{"0.0.0.0/0 means no node", "w3", "0.0.0.0/0", denied},
		{"of a pod CIDR that no file gives nobody knows", "w1", "10.244.0.0/16", undetermined},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, matchNodes, node, server(`ingress: [{fromCIDR: [`+r.cidr+`]}]`))
			from := s.party("node/" + r.node)
			from.Addr = netip.Addr{}
			packet := model.Packet{Source: from, Destination: s.party("dev/server"), Protocol: model.TCP, Port: 8080}
			step := decisive(s.engine.Judge(engine.Question{Direction: model.Ingress, Packet: packet, AskedPort: 8080}))
			assert.Equal(t, r.want, outcome(step), step.Why)
		})
	}
}

const nodeWithPodCIDR = "---\n{apiVersion: v1, kind: Node, metadata: {name: NAME}, spec: {podCIDR: 10.244.3.0/24}, status: {addresses: [{type: InternalIP, address: 172.18.0.5}]}}\n"

const somewhere = "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: somewhere, labels: {app: somewhere}}, spec: {nodeName: w2, containers: [{name: c, image: i}]}}\n"

// An address that netsim filled in decides nothing.
func TestAddressesThatNoFileGivesAreDoubtedWhereCIDRsCount(t *testing.T) {
	const out = "egress dev/client dev/somewhere 80"
	check(t, []row{
		{"of a pod", somewhere + client(`egress: [{toCIDR: [10.0.0.0/8]}]`), matchPods, verdicts{out: undetermined}},
		{"denied by a CIDR", somewhere + client(`egress: [{toEntities: [all]}], egressDeny: [{toCIDR: [10.0.0.0/8]}]`), matchPods, verdicts{out: undetermined}},
		{"on the rule's ports only", somewhere + client(`egress: [{toCIDR: [10.0.0.0/8], toPorts: [{ports: [{port: "443"}]}]}]`), matchPods, verdicts{out: denied, "egress dev/client dev/somewhere 443": undetermined}},
		{"a CIDR of everything holds it", somewhere + client(`egress: [{toCIDR: [0.0.0.0/0]}]`), matchPods, verdicts{out: allowed}},
		{"public addresses do not", somewhere + client(`egress: [{toCIDR: [203.0.113.0/24]}]`), matchPods, verdicts{out: denied}},
		{"what labels allow needs no address", somewhere + client(`egress: [{toEndpoints: [{}]}]`), matchPods, verdicts{out: allowed}},
		{"an explicit deny stays", somewhere + client(`egress: [{toCIDR: [10.0.0.0/8]}], egressDeny: [{toEndpoints: [{}]}]`), matchPods, verdicts{out: denyRule}},
		{"isolated by enable-policy alone", somewhere + client(`enableDefaultDeny: {egress: false}, egress: [{toCIDR: [10.0.0.0/8]}]`), matchPods + " enable-policy=always", verdicts{out: undetermined}},
		{"and without the mode no address counts", somewhere + client(`egress: [{toCIDR: [10.0.0.0/8]}]`), "", verdicts{out: denied}},
	})
	step := load(t, matchPods, somewhere, client(`egress: [{toCIDR: [10.0.0.0/8]}]`)).judge(out)
	assert.Contains(t, step.Why, "rule egress[0] names CIDRs that may or may not hold an address of pod dev/somewhere which no file gives")
}

func TestIdentitiesWithCIDRs(t *testing.T) {
	rule := client(`egress: [{toCIDR: [10.244.2.0/24, 172.18.0.0/16]}]`)
	group := cidrGroup("w2", "", "172.18.0.4/32")
	for _, r := range []struct{ claim, set, party, judge, want string }{
		{"a node to others", matchNodes, "node/w1", "w2", "cidr:172.18.0.3/32 reserved:remote-node"},
		{"one in a CIDR group", matchNodes, "node/w2", "w1", "cidr:172.18.0.4/32 cidrgroup:io.cilium.policy.cidrgroupname/w2 reserved:remote-node"},
		{"the API server", matchNodes, "node/cp", "w2", "cidr:172.18.0.2/32 reserved:kube-apiserver reserved:remote-node"},
		{"a node to itself, with all its addresses", matchNodes, "node/w3", "w3", "cidr:10.244.3.0/24 cidr:172.18.0.5/32 reserved:host"},
		{"an address outside", matchNodes, "172.18.0.9", "", "cidr:172.18.0.0/16 reserved:world"},
		{"nodes without the mode", "", "node/w1", "w2", "reserved:remote-node"},
		{"in a CIDR group neither", "", "node/w2", "w1", "reserved:remote-node"},
		{"nodes under the mode for pods", matchPods, "node/w1", "w2", "reserved:remote-node"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set, rule, group, strings.Replace(nodeWithPodCIDR, "NAME", "w3", 1))
			assert.Equal(t, r.want, strings.Join(s.engine.Identity(s.party(r.party), s.index.Node(r.judge)), " "))
		})
	}
	s := load(t, matchPods, rule, group)
	assert.Contains(t, s.engine.Identity(s.party("dev/server"), nil), "cidr:10.244.2.0/24")
	assert.Contains(t, s.engine.Identity(s.party("dev/local"), nil), "cidr:0.0.0.0/0")
	assert.NotContains(t, fmt.Sprint(s.engine.Identity(s.party("dev/server"), nil)), "world")
}

func TestHintsFollowTheMode(t *testing.T) {
	rule := client(`egress: [{toCIDR: [10.244.2.0/24, 172.18.0.4/32], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]`)
	for set, misses := range map[string]string{"": "CIDR rules never match pods or nodes", matchBoth: "means this peer, but on 443/TCP"} {
		s := load(t, set, rule)
		for _, packet := range []string{"egress dev/client dev/server 80", "egress dev/client node/w2 80"} {
			assert.Contains(t, s.judge(packet).Hint, misses, "%q %s", set, packet)
		}
	}
}
