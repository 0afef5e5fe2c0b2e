package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

const (
	ownNode   = "ingress node/w2 dev/server 8080"
	otherNode = "ingress node/w1 dev/server 8080"
)

func TestAllowLocalhost(t *testing.T) {
	isolated := server(`ingress: [{}]`)
	check(t, []row{
		{"a node reaches its own isolated pod, another node does not", isolated, "",
			verdicts{ownNode: allowed, otherNode: denied, "ingress node/cp dev/server 8080": denied}},
		{"the node's own hostNetwork pod counts as the node", isolated, "", verdicts{"ingress dev/hostnet dev/server 8080": allowed}},
		{"on the control plane too", cnp("local", `endpointSelector: {matchLabels: {app: local}}, ingress: [{}]`), "", verdicts{"ingress node/cp dev/local 80": allowed, "ingress node/w1 dev/local 80": denied}},
		{"an explicit deny of host beats it", server(`ingressDeny: [{fromEntities: [host]}]`), "", verdicts{ownNode: denyRule, otherNode: denied}},
		{"allow-localhost=policy leaves the node to the rules", isolated, "allow-localhost=policy", verdicts{ownNode: denied}},
		{"allow-localhost=always means what auto means", isolated, "allow-localhost=always", verdicts{ownNode: allowed}},
		{"it opens nothing from the pod to its node", server(`egress: [{}]`), "", verdicts{"egress dev/server node/w2 10250": denied}},
	})
	step := load(t, "", isolated).judge(ownNode)
	assert.Contains(t, step.Why, "allow-localhost")
	assert.Empty(t, step.By, "no rule gave it")
}

func TestPolicyModes(t *testing.T) {
	deny := server(`ingressDeny: [{fromEndpoints: [{}]}]`)
	check(t, []row{
		{"default isolates only pods that a policy selects", "", "enable-policy=default", verdicts{toServer: allowed}},
		{"always isolates every pod both ways", "", "enable-policy=always", verdicts{toServer: denied, toWorld: denied}},
		{"always shuts out even the pod's own node since 1.20, where no rule selects the pod", "", "enable-policy=always version=1.20.0", verdicts{ownNode: denied}},
		{"always let the pod's own node in up to 1.19", "", "enable-policy=always version=1.19.6", verdicts{ownNode: allowed, otherNode: denied, toServer: denied, "egress dev/server node/w2 80": denied}},
		{"up to 1.19 too, allow-localhost=policy leaves the node to the rules", "", "enable-policy=always version=1.19.6 allow-localhost=policy", verdicts{ownNode: denied}},
		{"always lets through what a rule allows", server(`ingress: [{fromEndpoints: [{}]}]`), "enable-policy=always",
			verdicts{toServer: allowed, "ingress uat/client dev/server 8080": denied}},
		{"never allows even against an explicit deny", deny, "enable-policy=never", verdicts{toServer: allowed}},
		{"audit mode lets a default deny through", server(`ingress: [{}]`), "policy-audit-mode=true", verdicts{toServer: allowed}},
		{"audit mode lets an explicit deny through", deny, "policy-audit-mode=true", verdicts{toServer: allowed}},
		{"audit mode changes no allow", "", "policy-audit-mode=true", verdicts{toServer: allowed}},
		{"audit mode off is off", deny, "policy-audit-mode=false", verdicts{toServer: denyRule}},
	})
}

func TestWhatTheClientSeesOfADrop(t *testing.T) {
	const icmp = "policy-deny-response=icmp "
	isolated := client(`egress: [{}]`) + server(`ingress: [{}]`)
	denyAll := client(`egressDeny: [{toEntities: [all]}]`)
	authenticated := client(`egress: [{toEntities: [all], authentication: {mode: required}}]`)
	for _, r := range []struct {
		claim, policies, set, packet string
		want                         model.ClientSees
	}{
		{"silence by default", isolated, "version=1.20.0", toWorld, ""},
		{"silence if it is asked for", isolated, "policy-deny-response=none version=1.20.0", toWorld, ""},
		{"an answer if one is", isolated, icmp + "version=1.20.0", toWorld, model.SeesUnreachable},
		{"to a deny rule as well", denyAll, icmp + "version=1.20.0", toWorld, model.SeesUnreachable},
		{"on egress only", isolated, icmp + "version=1.20.0", toServer, ""},
		{"not where authentication is what lacks", authenticated, icmp + "version=1.20.0", toWorld, ""},
		{"1.18 has no such option", isolated, icmp + "version=1.18.11", toWorld, ""},
		{"1.19 has it", isolated, icmp + "version=1.19.0", toWorld, model.SeesUnreachable},
		{"for IPv4 alone", isolated, icmp + "version=1.19.0 enable-ipv6=true", "egress dev/client 2001:db8::1 443", ""},
		{"1.20 for IPv6 too", isolated, icmp + "version=1.20.0 enable-ipv6=true", "egress dev/client 2001:db8::1 443", model.SeesUnreachable},
		{"1.20.2 loses the answer of IPv4", isolated, icmp + "version=1.20.2", toWorld, ""},
		{"and keeps that of IPv6", isolated, icmp + "version=1.20.2 enable-ipv6=true", "egress dev/client 2001:db8::1 443", model.SeesUnreachable},
	} {
		t.Run(r.claim, func(t *testing.T) {
			step := load(t, r.set, r.policies).judge(r.packet)
			assert.Equal(t, model.Denied, step.Verdict, step.Why)
			assert.Equal(t, r.want, step.ClientSees)
		})
	}
	audited := load(t, icmp+"version=1.20.0 policy-audit-mode=true", isolated).judge(toWorld)
	assert.Empty(t, audited.ClientSees, "what is let through needs no answer")
}

func TestModesSayWhyTheyDecide(t *testing.T) {
	deny := server(`ingressDeny: [{fromEndpoints: [{}]}]`)
	assert.Contains(t, load(t, "enable-policy=always").judge(toServer).Why, "enable-policy: always")
	assert.Empty(t, load(t, "enable-policy=always").judge(toServer).By)
	assert.Contains(t, load(t, "enable-policy=never", deny).judge(toServer).Why, "enable-policy: never")
	assert.Empty(t, load(t, "enable-policy=never", server(`ingress: [{fromEndpoints: [{}]}]`)).judge(toServer).By, "no rule has a part in it")
	audit := load(t, "policy-audit-mode=true", deny).judge(toServer)
	assert.Contains(t, audit.Why, "audit mode")
	assert.Contains(t, audit.Why, "deny rule")
	assert.Nil(t, audit.DropReason)
	assert.NotContains(t, load(t, "policy-audit-mode=true").judge(toServer).Why, "audit")
}

func TestEnableDefaultDeny(t *testing.T) {
	open := `enableDefaultDeny: {ingress: false, egress: false}, `
	check(t, []row{
		{"false keeps a policy from isolating", server(open + `ingress: [{fromEndpoints: [{matchLabels: {app: nobody}}]}]`), "",
			verdicts{toServer: allowed, "ingress world dev/server 8080": allowed}},
		{"false leaves explicit denies in force", server(open + `ingressDeny: [{fromEndpoints: [{}]}]`), "",
			verdicts{toServer: denyRule, "ingress world dev/server 8080": allowed}},
		{"false does not lift the isolation that another policy brings", server(open+`ingress: [{fromEntities: [world]}]`) + cnp("closed", `endpointSelector: {}, ingress: [{}]`), "",
			verdicts{toServer: denied, "ingress 203.0.113.9 dev/server 8080": allowed}},
		{"true without rules of the direction isolates nothing", server(`enableDefaultDeny: {ingress: true}, egress: [{toEntities: [all]}]`), "", verdicts{toServer: allowed}},
		{"false for one direction says nothing of the other", server(`enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [world]}], egress: [{toEntities: [world]}]`), "",
			verdicts{toServer: allowed, "egress dev/server dev/client 80": denied}},
		{"with the agent's option off the field does nothing", server(open + `ingress: [{fromEntities: [world]}]`), "enable-non-default-deny-policies=false", verdicts{toServer: denied}},
	})
	step := load(t, "", server(open+`ingress: [{fromEntities: [world]}]`)).judge(toServer)
	assert.Contains(t, step.Why, "do not switch on default deny")
}

func TestDenyBeatsAllow(t *testing.T) {
	allowAll := server(`ingress: [{fromEntities: [all]}]`)
	wide := `endpointSelector: {matchLabels: {app: server}}, `
	check(t, []row{
		{"within one policy", server(`ingress: [{fromEndpoints: [{}]}], ingressDeny: [{fromEndpoints: [{matchLabels: {app: client}}]}]`), "",
			verdicts{toServer: denyRule, "ingress dev/local dev/server 8080": allowed}},
		{"a clusterwide deny beats a namespaced allow", allowAll + ccnp("forbid", wide+`ingressDeny: [{fromEndpoints: [{matchLabels: {tier: front}}]}]`), "",
			verdicts{toServer: denyRule, "ingress uat/client dev/server 8080": allowed}},
		{"a namespaced deny beats a clusterwide allow", ccnp("permit", wide+`ingress: [{fromEntities: [all]}]`) + server(`ingressDeny: [{fromEndpoints: [{}]}]`), "", verdicts{toServer: denyRule}},
		{"a deny beats a NetworkPolicy's allow", npServer(`ingress: [{}]`) + server(`ingressDeny: [{fromEndpoints: [{}]}]`), "",
			verdicts{toServer: denyRule, "ingress uat/client dev/server 8080": allowed}},
		{"a wide deny beats a narrow allow", client(`egress: [{toCIDR: [203.0.113.9/32]}], egressDeny: [{toCIDR: [203.0.113.0/24]}]`), "", verdicts{toWorld: denyRule}},
		{"a deny on all ports beats an allow on one", server(`ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}], ingressDeny: [{fromEndpoints: [{}]}]`), "", verdicts{toServer: denyRule}},
		{"one of a whole entity beats one of a pod", client(`egress: [{toEndpoints: [{matchLabels: {app: server}}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}], egressDeny: [{toEntities: [cluster]}]`), "", verdicts{"egress dev/client dev/server 8080": denyRule}},
		{"and of an entity on one port one of a pod on all", client(`egress: [{toEndpoints: [{matchLabels: {app: server}}]}], egressDeny: [{toEntities: [cluster], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]`), "", verdicts{"egress dev/client dev/server 8080": denyRule, "egress dev/client dev/server 81": allowed}},
		{"a deny on one port leaves the others", server(`ingress: [{fromEndpoints: [{}]}], ingressDeny: [{toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]`), "",
			verdicts{toServer: denyRule, "ingress dev/client dev/server 8081": allowed, "ingress dev/client dev/server 8080/UDP": allowed}},
		{"a deny on a port of any protocol leaves its neighbour", client(`egress: [{toPorts: [{ports: [{port: "1025", protocol: TCP}, {port: "1026", protocol: TCP}]}]}], egressDeny: [{toPorts: [{ports: [{port: "1025"}]}]}]`), "",
			verdicts{"egress dev/client 203.0.113.9 1025": denyRule, "egress dev/client 203.0.113.9 1026": allowed}},
	})
}

// A feature that is switched off takes the whole policy with it.
func TestFeaturesThatAreSwitchedOffRefuseThePolicy(t *testing.T) {
	http := server(`ingress: [{fromEntities: [cluster], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`)
	dns := client(`egress: [{toEntities: [cluster], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]`)
	icmp := server(`ingress: [{icmps: [{fields: [{type: 8, family: IPv4}]}]}]`)
	for _, r := range []struct{ claim, set, policies, packet, names string }{
		{"HTTP rules without the proxy", "enable-l7-proxy=false", http, "ingress world dev/server 8080", "L7 proxy"},
		{"DNS rules without the proxy", "enable-l7-proxy=false", dns, "egress dev/client world 53/UDP", "L7 proxy"},
		{"ICMP rules", "enable-icmp-rules=false", icmp, "ingress world dev/server 8080", "enable-icmp-rules"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set, r.policies)
			assert.Equal(t, allowed, outcome(s.judge(r.packet)), "a refused policy isolates nobody")
			refused := s.said("error", "is refused by Cilium's agent", r.names)
			assert.NotEmpty(t, refused.Remedy)
			assert.Equal(t, denied, outcome(load(t, "", r.policies).judge(r.packet)), "with it on the policy isolates")
		})
	}
}

func TestDefaultsByRelease(t *testing.T) {
	open := server(`enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [world]}]`)
	absent := npServer(`ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]`)
	const off, local = "enable-non-default-deny-policies=false ", "policy-default-local-cluster=true "
	check(t, []row{
		{"1.16 has no option that takes enableDefaultDeny away", open, off + "version=1.16.19", verdicts{toServer: allowed}},
		{"1.17 has it", open, off + "version=1.17.0", verdicts{toServer: denied}},
		{"and it is on by default", open, "version=1.17.0", verdicts{toServer: allowed}},
		{"1.17 has no option that makes selectors mean the local cluster", absent, local + "version=1.17.14", verdicts{"ingress world dev/server 80": allowed}},
		{"1.18 has it", absent, local + "version=1.18.4", verdicts{"ingress world dev/server 80": denied}},
	})
	emptyBesideFull := "---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: p}, specs: [{endpointSelector: {}, ingress: []}, {endpointSelector: {matchLabels: {app: server}}, ingress: [{}]}]}\n"
	check(t, []row{
		{"1.16 passes over a spec without rules", emptyBesideFull, "version=1.16.19", verdicts{toServer: denied}},
		{"1.17 refuses the policy for it", emptyBesideFull, "version=1.17.0", verdicts{toServer: allowed}},
		{"1.20 too", emptyBesideFull, "", verdicts{toServer: allowed}},
		{"and alone it does nothing in any", server(`ingress: []`), "version=1.16.19", verdicts{toServer: allowed}},
	})
	s := load(t, "version=1.16.19", emptyBesideFull)
	assert.Empty(t, s.issues)
	assert.Equal(t, []string{"p"}, rulesBy(s.judge(toServer)))
	load(t, "version=1.16.19", server(`ingress: []`)).said("warning", "CiliumNetworkPolicy dev/server has no rules and no effect")
}
