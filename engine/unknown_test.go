package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// What a rule with unknown peers could change is undetermined, and nothing
// else.
func TestUnknownPeersCastDoubtOnlyWhereTheyCouldTurnTheVerdict(t *testing.T) {
	const (
		fqdn   = `toFQDNs: [{matchName: example.org}]`
		https  = `, toPorts: [{ports: [{port: "443", protocol: TCP}]}]`
		groups = `fromGroups: [{aws: {securityGroupsNames: [sg]}}]`
		pod    = "egress dev/client dev/server 443"
		node   = "egress dev/client node/w2 443"
	)
	check(t, []row{
		{"a name may stand for any address outside", client(`egress: [{` + fqdn + `}]`), "", verdicts{toWorld: undetermined, pod: denied, node: denied}},
		{"on the rule's ports only", client(`egress: [{` + fqdn + https + `}]`), "", verdicts{toWorld: undetermined, "egress dev/client 203.0.113.9 80": denied}},
		{"what another rule allows stays allowed", client(`egress: [{` + fqdn + `}, {toEntities: [world]}]`), "", verdicts{toWorld: allowed}},
		{"what another rule denies stays denied", client(`egress: [{` + fqdn + `}], egressDeny: [{toEntities: [world]}]`), "", verdicts{toWorld: denyRule}},
		{"the rule isolates all the same", client(`egress: [{` + fqdn + `}]`), "", verdicts{pod: denied}},
		{"other pods are not touched", client(`egress: [{` + fqdn + `}]`), "", verdicts{"egress dev/server 203.0.113.9 443": allowed}},
		{"nor is the other direction", client(`egress: [{` + fqdn + `}]`), "", verdicts{"ingress 203.0.113.9 dev/client 443": allowed}},
		{"cloud groups may let an address in", server(`ingress: [{` + groups + `}]`), "", verdicts{"ingress 203.0.113.9 dev/server 80": undetermined, toServer: denied, otherNode: denied}},
		{"cloud groups may deny an address", server(`ingress: [{fromEntities: [all]}], ingressDeny: [{` + groups + `}]`), "",
			verdicts{"ingress 203.0.113.9 dev/server 80": undetermined, toServer: allowed}},
		{"a deny of unknown peers does not turn a denial", server(`ingress: [{fromEntities: [cluster]}], ingressDeny: [{` + groups + `}]`), "", verdicts{"ingress 203.0.113.9 dev/server 80": denied}},
		{"to cloud groups likewise", client(`egress: [{toGroups: [{aws: {securityGroupsNames: [sg]}}]}]`), "", verdicts{toWorld: undetermined, pod: denied}},
		{"and denied ones", client(`egress: [{toEntities: [all]}], egressDeny: [{toGroups: [{aws: {securityGroupsNames: [sg]}}]}]`), "", verdicts{toWorld: undetermined, pod: allowed}},
		{"where CIDRs may mean nodes, a name may too", client(`egress: [{` + fqdn + `}]`), "policy-cidr-match-mode=nodes", verdicts{node: undetermined, pod: denied}},
		{"a pod never has the label of a name", client(`egress: [{` + fqdn + `}]`), "policy-cidr-match-mode=pods", verdicts{pod: denied}},
		{"a port is no ICMP type", client(`egress: [{` + fqdn + `, toPorts: [{ports: [{port: "8"}]}]}]`), "", verdicts{"egress dev/client 203.0.113.9 8/ICMP": denied, "egress dev/client 203.0.113.9 8/UDP": undetermined}},
		{"nor is a type of ICMP one of ICMPv6", client(`egress: [{` + fqdn + `, icmps: [{fields: [{type: 8, family: IPv4}]}]}]`), "", verdicts{"egress dev/client 203.0.113.9 8/ICMPv6": denied, "egress dev/client 203.0.113.9 8/ICMP": undetermined}},
		{"what authentication drops stays dropped", client(`egress: [{` + fqdn + `}, {toEntities: [world], authentication: {mode: required}}]`), "", verdicts{toWorld: unauthentic}},
	})
}

func TestDoubtNamesTheRuleAndKeepsTheOthers(t *testing.T) {
	s := load(t, "", cnp("names", `endpointSelector: {matchLabels: {app: client}}, egress: [{toEntities: [host]}, {toFQDNs: [{matchName: example.org}]}]`), client(`egress: [{}]`))
	step := s.judge(toWorld)
	assert.Equal(t, []string{"client", "names", "names egress[1]"}, rulesBy(step))
	assert.Contains(t, step.Why, "default deny")
	assert.Contains(t, step.Why, "a name that rule egress[1] means")
	assert.Nil(t, step.DropReason)
}

// opaque is a clusterwide policy that Cilium 1.19 enforces and netsim cannot
// judge.
func opaque() string {
	return ccnp("platform", `endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "9092", protocol: TCP}], rules: {kafka: [{role: produce}]}}]}]`)
}

func TestKindsThatHaveNoEffect(t *testing.T) {
	foreign := func(kind string) string {
		return "---\n{apiVersion: policy.networking.k8s.io/v1alpha1, kind: " + kind + ", metadata: {name: default}, spec: {priority: 1, subject: {namespaces: {}}}}\n"
	}
	admin := clusterNetworkPolicy("platform", "Admin", `subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]`)
	cnpKind, ccnpKind := server(`ingress: [{}]`), ccnp("c", `endpointSelector: {}, ingress: [{}]`)
	for _, r := range []struct {
		claim, set, policies string
		want                 string
		severity             model.Severity
		says                 []string
	}{
		{"a ClusterNetworkPolicy that is switched off is ignored", "enable-k8s-cluster-network-policy=false", admin, allowed, model.Warning, []string{"ClusterNetworkPolicy platform has no effect", "enable-k8s-cluster-network-policy"}},
		{"with a cilium-config that does not name it, it is off", "", admin + ciliumConfig, allowed, model.Warning, []string{"enable-k8s-cluster-network-policy is off"}},
		{"one under a Cilium that does not know it is ignored", "version=1.19.6 enable-k8s-cluster-network-policy=true", admin, allowed, model.Warning, []string{"Cilium 1.19.6 does not know", "1.20"}},
		{"an AdminNetworkPolicy is ignored", "", foreign("AdminNetworkPolicy"), allowed, model.Warning, []string{"AdminNetworkPolicy default has no effect", "does not implement", "a ClusterNetworkPolicy of the Admin tier"}},
		{"a BaselineAdminNetworkPolicy is ignored", "", foreign("BaselineAdminNetworkPolicy"), allowed, model.Warning, []string{"BaselineAdminNetworkPolicy default has no effect", "a ClusterNetworkPolicy of the Baseline tier"}},
		{"an AdminNetworkPolicy beside others changes nothing", "", foreign("AdminNetworkPolicy") + cnpKind, denied, model.Warning, []string{"AdminNetworkPolicy default has no effect"}},
		{"CiliumNetworkPolicies can be switched off", "enable-cilium-network-policy=false", cnpKind, allowed, model.Warning, []string{"enable-cilium-network-policy is off"}},
		{"CiliumClusterwideNetworkPolicies can be switched off", "enable-cilium-clusterwide-network-policy=false", ccnpKind, allowed, model.Warning, []string{"enable-cilium-clusterwide-network-policy is off"}},
		{"NetworkPolicies can be switched off", "enable-k8s-networkpolicy=false", npServer(``), allowed, model.Warning, []string{"enable-k8s-networkpolicy is off"}},
		{"each switch is for its own kind", "enable-k8s-networkpolicy=false enable-cilium-network-policy=false", ccnpKind + npServer(``), denied, model.Warning, []string{"NetworkPolicy dev/np has no effect"}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set, r.policies)
			assert.Equal(t, r.want, outcome(s.judge(toServer)))
			issue := s.said(r.severity, r.says...)
			assert.Positive(t, issue.Line)
			assert.Len(t, s.issues, 1)
		})
	}
}

const ciliumConfig = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {namespace: kube-system, name: cilium-config}, data: {}}\n"

// What only an older or only a newer Cilium knows is judged as that Cilium
// would: netsim runs the code of 1.20.
func TestFieldsThatCameAndWent(t *testing.T) {
	kafka := server("ingress: [{toPorts: [{ports: [{port: \"9092\", protocol: TCP}], rules: {kafka: [{role: produce}]}}]}]")
	requires := server("ingress: [{fromRequires: [{matchLabels: {a: b}}]}]")
	mesh := server("ingress: [{fromEntities: [cluster-mesh]}]")
	check(t, []row{
		{"rules that 1.19 still enforced are undetermined there", kafka, "version=1.19.6", verdicts{toServer: undetermined, "ingress dev/server dev/local 80": undetermined, "ingress dev/server uat/client 80": allowed}},
		{"fromRequires was in force up to 1.18", requires, "version=1.18.10", verdicts{toServer: undetermined}},
		{"and has been refused since 1.19", requires, "version=1.19.0", verdicts{toServer: allowed}},
		{"the entity cluster-mesh is refused before 1.20", mesh, "version=1.19.6", verdicts{"ingress world dev/server 80": allowed}},
		{"and isolates since", mesh, "version=1.20.0", verdicts{"ingress world dev/server 80": denied, toServer: allowed}},
	})
}

func TestOpaquePolicyIsNamedAndTouchesPodsOnly(t *testing.T) {
	s := load(t, "version=1.19.6", opaque(), server(`ingress: [{fromEndpoints: [{}]}]`))
	step := s.judge(toServer)
	assert.Equal(t, []string{"platform", "server ingress[0]"}, rulesBy(step))
	assert.Contains(t, step.Why, "CiliumClusterwideNetworkPolicy platform may be in force")
	assert.Equal(t, undetermined, outcome(s.judge("egress uat/client world 80")))
	const toNode = "ingress dev/client node/w2 22"
	assert.Equal(t, allowed, outcome(s.judge(toNode)), "a node is not under policy")
	kafka := `ingress: [{toPorts: [{ports: [{port: "9092", protocol: TCP}], rules: {kafka: [{role: produce}]}}]}]`
	assert.Equal(t, allowed, outcome(load(t, hostFirewall+" version=1.19.6", server(kafka)).judge(toNode)), "a namespace's policy is about pods")
	assert.Equal(t, undetermined, outcome(load(t, hostFirewall+" version=1.19.6", opaque()).judge(toNode)), "a clusterwide one may be about nodes")
}

func TestCIDRGroupsAloneSayNothing(t *testing.T) {
	s := load(t, "", "---\n{apiVersion: cilium.io/v2, kind: CiliumCIDRGroup, metadata: {name: office}, spec: {externalCIDRs: [203.0.113.0/24]}}\n")
	assert.Empty(t, s.issues)
	assert.Equal(t, allowed, outcome(s.judge(toServer)))
}

func TestSeveralDoubtsAreAllNamed(t *testing.T) {
	s := load(t, "", client(`egress: [{toFQDNs: [{matchName: a.example}]}, {toFQDNs: [{matchPattern: "*.example"}]}]`))
	step := s.judge(toWorld)
	assert.Equal(t, undetermined, outcome(step))
	assert.Equal(t, []string{"client", "client egress[0]", "client egress[1]"}, rulesBy(step))
	assert.Contains(t, step.Why, "egress[0]")
	assert.Contains(t, step.Why, "egress[1]")
}

// Who asks about the world asks about addresses that no rule names.
func TestRulesThatNameAddressesAreConditionsOfTheWorld(t *testing.T) {
	s := load(t, "", client(`egress: [{toEntities: [world]}, {toCIDR: [203.0.113.0/24], toPorts: [{ports: [{port: "443"}]}]}, {toFQDNs: [{matchName: example.org}], toPorts: [{ports: [{port: "53"}]}]}]`),
		server(`egress: [{toCIDR: [198.51.100.0/24]}]`))
	named := s.judge("egress dev/client world 443")
	assert.Equal(t, allowed, outcome(named))
	assert.Len(t, named.Conditions, 1)
	assert.Contains(t, named.Conditions[0], "203.0.113.0/24")
	assert.Contains(t, named.Conditions[0], "egress[1]")
	assert.Empty(t, s.judge("egress dev/client world 80").Conditions, "on other ports no rule names any")
	assert.Empty(t, s.judge("egress dev/client 203.0.113.9 443").Conditions, "an address is not the world")
	assert.Contains(t, s.judge("egress dev/client world 53").Conditions[0], "example.org")
	assert.Empty(t, load(t, "", client(`egress: [{toCIDR: [0.0.0.0/0]}]`)).judge("egress dev/client world 80").Conditions, "all addresses are the world")
}

func TestUnknownKindIsLeftOutAndSaid(t *testing.T) {
	c := &model.Cluster{Policies: []*model.Object{{Origin: model.Origin{File: "a.yaml", Line: 3, Kind: "FirewallRule", Name: "x"}}}}
	_, issues := engine.New(model.NewIndex(c), datapath(""))
	assert.Len(t, issues, 1)
	assert.Equal(t, "a.yaml:3: warning: FirewallRule is not a policy that netsim knows (it is left out of every verdict)", issues[0].String())
}

func TestDocumentThatIsNoJSONIsAnIssue(t *testing.T) {
	for _, kind := range []string{"CiliumNetworkPolicy", "NetworkPolicy"} {
		c := &model.Cluster{Policies: []*model.Object{{Origin: model.Origin{Kind: kind, Namespace: "dev", Name: "x"}, JSON: []byte("{")}}}
		_, issues := engine.New(model.NewIndex(c), datapath(""))
		assert.Len(t, issues, 1)
		assert.Equal(t, model.Error, issues[0].Severity)
		assert.Contains(t, issues[0].Message, kind+" dev/x")
	}
}
