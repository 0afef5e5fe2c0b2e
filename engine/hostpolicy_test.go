package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

const hostFirewall = "enable-host-firewall=true"

// forNodes is a policy for the nodes that a selector means.
func forNodes(selector, rules string) string {
	return ccnp("hosts", `nodeSelector: {`+selector+`}, `+rules)
}

func TestNodesAreUnderPolicyOnlyWithTheHostFirewall(t *testing.T) {
	everything := ccnp("all", `endpointSelector: {}, ingress: [{}], egress: [{}]`)
	closed := forNodes(``, `ingress: [{}], egress: [{}]`)
	const in, out = "ingress dev/client node/w2 22", "egress node/w2 dev/client 22"
	check(t, []row{
		{"with the host firewall off a node is not judged", everything + closed, "", verdicts{in: allowed, out: allowed}},
		{"with the host firewall on it is, by policies for nodes", closed, hostFirewall, verdicts{in: denied, out: denied}},
		{"and not by those for pods", everything, hostFirewall, verdicts{in: allowed, out: allowed}},
		{"a policy for nodes says nothing about pods", closed, hostFirewall, verdicts{toServer: allowed, toWorld: allowed}},
		{"what a node sends to itself passes no firewall", closed, hostFirewall, verdicts{"ingress node/w2 node/w2 22": allowed, "egress dev/hostnet node/w2 22": allowed}},
		{"nobody judges an address outside", everything + closed, hostFirewall, verdicts{"ingress dev/client 203.0.113.9 22": allowed, "egress 203.0.113.9 dev/client 22": allowed, "egress world dev/client 22": allowed}},
	})
	s := load(t, "", closed)
	assert.EqualValues(t, "host-firewall", s.judge(in).Stage)
	assert.Contains(t, s.judge(in).Why, "the host firewall is off")
	idle := s.said(model.Warning, "CiliumClusterwideNetworkPolicy hosts is for nodes and has no effect", "host firewall is off")
	assert.NotEmpty(t, idle.Remedy)
	s = load(t, hostFirewall, closed)
	assert.Empty(t, s.issues)
	step := s.judge(in)
	assert.EqualValues(t, "host-firewall", step.Stage)
	assert.Equal(t, "w2", step.Node)
	assert.Equal(t, []string{"hosts"}, rulesBy(step))
	assert.Equal(t, "default deny: 1 policy isolates node w2 for ingress and no rule lets pod dev/client in on 22/TCP", step.Why)
	assert.Contains(t, s.judge("ingress dev/client dev/hostnet 22").Why, "isolates hostNetwork pod dev/hostnet")
}

func TestHostPolicies(t *testing.T) {
	in := func(rule string) string { return forNodes(``, `ingress: [{`+rule+`}]`) }
	out := func(rule string) string { return forNodes(``, `egress: [{`+rule+`}]`) }
	const (
		ssh       = "ingress 203.0.113.9 node/w2 22"
		fromPod   = "ingress dev/client node/w2 22"
		fromNode  = "ingress node/w1 node/w2 22"
		fromCP    = "ingress node/cp node/w2 10250"
		probe     = "egress node/w2 dev/server 8080"
		toCP      = "egress node/w2 node/cp 6443"
		toNode    = "egress node/w2 node/w1 4240"
		toOutside = "egress node/w2 203.0.113.9 443"
	)
	check(t, []row{
		{"entity world", in(`fromEntities: [world]`), hostFirewall, verdicts{ssh: allowed, fromPod: denied, fromNode: denied}},
		{"entity cluster", in(`fromEntities: [cluster]`), hostFirewall, verdicts{ssh: denied, fromPod: allowed, fromNode: allowed, fromCP: allowed}},
		{"entity remote-node", in(`fromEntities: [remote-node]`), hostFirewall, verdicts{ssh: denied, fromPod: denied, fromNode: allowed, fromCP: allowed}},
		{"entity kube-apiserver", in(`fromEntities: [kube-apiserver]`), hostFirewall, verdicts{fromNode: denied, fromCP: allowed}},
		{"entity host means the node itself and no other", in(`fromEntities: [host]`), hostFirewall, verdicts{fromNode: denied, fromPod: denied}},
		{"pods by their labels, of any namespace", in(`fromEndpoints: [{matchLabels: {app: client}}]`), hostFirewall, verdicts{fromPod: allowed, "ingress uat/client node/w2 22": allowed, "ingress dev/local node/w2 22": denied}},
		{"every pod", in(`fromEndpoints: [{}]`), hostFirewall, verdicts{fromPod: allowed, ssh: denied, fromNode: denied}},
		{"a CIDR", in(`fromCIDR: [203.0.113.0/24]`), hostFirewall, verdicts{ssh: allowed, "ingress 198.51.100.1 node/w2 22": denied, fromNode: denied}},
		{"a port", in(`toPorts: [{ports: [{port: "22", protocol: TCP}]}]`), hostFirewall, verdicts{ssh: allowed, fromPod: allowed, "ingress 203.0.113.9 node/w2 23": denied}},
		{"an ICMP type", in(`icmps: [{fields: [{type: 8, family: IPv4}]}]`), hostFirewall, verdicts{"ingress 203.0.113.9 node/w2 8/ICMP": allowed, "ingress 203.0.113.9 node/w2 13/ICMP": denied, ssh: denied}},
		{"a deny", forNodes(``, `ingress: [{fromEntities: [all]}], ingressDeny: [{fromEntities: [world]}]`), hostFirewall, verdicts{ssh: denyRule, fromPod: allowed, fromNode: allowed}},
		{"a deny alone isolates", forNodes(``, `ingressDeny: [{fromEntities: [world]}]`), hostFirewall, verdicts{ssh: denyRule, fromPod: denied}},
		{"enableDefaultDeny false keeps it from that", forNodes(``, `enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEntities: [world]}]`), hostFirewall, verdicts{ssh: denyRule, fromPod: allowed}},
		{"ingress rules leave egress alone", in(`fromEntities: [world]`), hostFirewall, verdicts{toOutside: allowed, probe: allowed}},
		{"egress: the kubelet's probes of its own pods need a rule too", out(`toEntities: [world]`), hostFirewall, verdicts{toOutside: allowed, probe: denied, toCP: denied, fromPod: allowed}},
		{"egress to pods", out(`toEndpoints: [{matchLabels: {app: server}}]`), hostFirewall, verdicts{probe: allowed, "egress node/w1 dev/server 8080": allowed, "egress node/w2 dev/client 80": denied, toNode: denied}},
		{"egress to the API server", out(`toEntities: [kube-apiserver]`), hostFirewall, verdicts{toCP: allowed, toNode: denied}},
		{"egress to the other nodes", out(`toEntities: [remote-node]`), hostFirewall, verdicts{toCP: allowed, toNode: allowed, toOutside: denied}},
		{"egress of a hostNetwork pod is its node's", out(`toEntities: [world]`), hostFirewall, verdicts{"egress dev/hostnet dev/server 8080": denied, "egress dev/hostnet 203.0.113.9 443": allowed}},
		{"a CIDR group", in(`fromCIDRSet: [{cidrGroupRef: admins}]`) + cidrGroup("admins", "", "203.0.113.0/24"), hostFirewall, verdicts{ssh: allowed, "ingress 198.51.100.1 node/w2 22": denied}},
		{"CIDRs that mean nodes", in(`fromCIDR: [172.18.0.3/32]`), hostFirewall + " " + matchNodes, verdicts{fromNode: allowed, fromCP: denied}},
		{"policy mode always isolates nodes too", "", hostFirewall + " enable-policy=always", verdicts{ssh: denied, toOutside: denied}},
		{"policy mode never opens them", in(`fromEntities: [host]`), hostFirewall + " enable-policy=never", verdicts{ssh: allowed}},
		{"audit mode lets through", in(`fromEntities: [host]`), hostFirewall + " policy-audit-mode=true", verdicts{ssh: allowed}},
		{"a ClusterNetworkPolicy is about pods", clusterNetworkPolicy("pods", "Admin", `subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]`), hostFirewall + " enable-k8s-cluster-network-policy=true", verdicts{fromPod: allowed}},
		{"and so is what a namespace's policy says", server(`ingress: [{toPorts: [{ports: [{port: "9092", protocol: TCP}], rules: {kafka: [{role: produce}]}}]}]`), hostFirewall + " version=1.19.6", verdicts{"ingress 203.0.113.9 dev/hostnet 22": allowed}},
		{"the same in 1.16", in(`fromEntities: [world]`), hostFirewall + " version=1.16.19", verdicts{ssh: allowed, fromPod: denied, fromNode: denied}},
	})
}

func TestHostPoliciesSelectNodes(t *testing.T) {
	closed := func(selector string) string { return forNodes(selector, `ingress: [{}]`) + ssdNode }
	const toW2, toW3, toCP = "ingress 203.0.113.9 node/w2 22", "ingress 203.0.113.9 node/w3 22", "ingress 203.0.113.9 node/cp 22"
	check(t, []row{
		{"an empty selector means every node", closed(``), hostFirewall, verdicts{toW2: denied, toW3: denied, toCP: denied}},
		{"a label means the nodes that have it", closed(`matchLabels: {disk: ssd}`), hostFirewall, verdicts{toW2: allowed, toW3: denied}},
		{"with the source k8s: too", closed(`matchLabels: {"k8s:disk": ssd}`), hostFirewall, verdicts{toW2: allowed, toW3: denied}},
		{"node: is not the source here", closed(`matchLabels: {"node:disk": ssd}`), hostFirewall, verdicts{toW3: allowed}},
		{"the role", closed(`matchExpressions: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]`), hostFirewall, verdicts{toCP: denied, toW2: allowed}},
		{"expressions", closed(`matchExpressions: [{key: disk, operator: NotIn, values: [ssd]}]`), hostFirewall, verdicts{toW2: denied, toW3: allowed}},
		{"labels that Cilium keeps out of identities mean no node", closed(`matchLabels: {kubernetes.io/hostname: w3}`), hostFirewall, verdicts{toW3: allowed}},
		{"several policies add up", closed(`matchLabels: {disk: ssd}`) + ccnp("open", `nodeSelector: {}, ingress: [{fromEntities: [world]}]`), hostFirewall, verdicts{toW2: allowed, toW3: allowed, "ingress dev/client node/w3 22": denied}},
	})
	ghost := "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: far, labels: {app: far}}, spec: {nodeName: ghost, containers: [{name: c, image: i}]}}\n"
	const toGhost = "ingress 203.0.113.9 node/ghost 22"
	check(t, []row{
		{"a node that no file holds may be meant", closed(`matchLabels: {disk: ssd}`) + ghost, hostFirewall, verdicts{toGhost: undetermined, "egress node/ghost 203.0.113.9 22": allowed}},
		{"by an empty selector it is", closed(``) + ghost, hostFirewall, verdicts{toGhost: denied}},
	})
}
