package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

const (
	toServer = "ingress dev/client dev/server 8080"
	toWorld  = "egress dev/client 203.0.113.9 443"
)

// An empty list, an empty rule and an empty selector mean three different
// things, and not the same ones in the two kinds of policy.
func TestFormsOfEmptiness(t *testing.T) {
	check(t, []row{
		{"no policy at all allows", "", "", verdicts{toServer: allowed, toWorld: allowed}},
		{"ingress: [] beside egress rules leaves ingress alone",
			server(`ingress: [], egress: [{toEntities: [world]}]`), "",
			verdicts{toServer: allowed, "egress dev/server 203.0.113.9 443": allowed, "egress dev/server dev/client 80": denied}},
		{"egress: [] beside ingress rules leaves egress alone",
			server(`egress: [], ingress: [{fromEntities: [world]}]`), "",
			verdicts{toServer: denied, "egress dev/server dev/client 80": allowed}},
		{"ingress: [{}] isolates and allows nothing", server(`ingress: [{}]`), "",
			verdicts{toServer: denied, "ingress world dev/server 8080": denied, "egress dev/server dev/client 80": allowed}},
		{"egress: [{}] isolates and allows nothing", client(`egress: [{}]`), "",
			verdicts{toWorld: denied, "egress dev/client dev/server 8080": denied, "ingress dev/server dev/client 80": allowed}},
		{"fromEndpoints: [{}] means every pod of the policy's namespace", server(`ingress: [{fromEndpoints: [{}]}]`), "",
			verdicts{toServer: allowed, "ingress uat/client dev/server 8080": denied, "ingress world dev/server 8080": denied}},
		{"fromEndpoints: [] means nobody", server(`ingress: [{fromEndpoints: []}]`), "", verdicts{toServer: denied}},
		{"fromEndpoints: [] with ports means nobody", server(`ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: "8080"}]}]}]`), "", verdicts{toServer: denied}},
		{"toEndpoints: [] with ports means nobody", client(`egress: [{toEndpoints: [], toPorts: [{ports: [{port: "8080"}]}]}]`), "", verdicts{"egress dev/client dev/server 8080": denied}},
		{"ports without peers mean any peer", server(`ingress: [{toPorts: [{ports: [{port: "8080"}]}]}]`), "",
			verdicts{toServer: allowed, "ingress uat/client dev/server 8080": allowed, "ingress world dev/server 8080": allowed, "ingress node/w1 dev/server 8080": allowed, "ingress dev/client dev/server 8081": denied}},
		{"toPorts: [{}] alone allows nothing", server(`ingress: [{toPorts: [{}]}]`), "", verdicts{toServer: denied}},
		{"toPorts: [] leaves the peers with every port", server(`ingress: [{fromEndpoints: [{}], toPorts: []}]`), "",
			verdicts{toServer: allowed, "ingress dev/client dev/server 1/UDP": allowed, "ingress uat/client dev/server 8080": denied}},
		{"toFQDNs: [] with ports means any peer", client(`egress: [{toFQDNs: [], toPorts: [{ports: [{port: "443"}]}]}]`), "",
			verdicts{toWorld: allowed, "egress dev/client 203.0.113.9 444": denied}},
		{"ingressDeny: [{}] denies nothing by itself, yet isolates", server(`ingressDeny: [{}]`), "", verdicts{toServer: denied}},
		{"egressDeny: [{}] denies nothing by itself, yet isolates", client(`egressDeny: [{}]`), "", verdicts{toWorld: denied}},
		{"ingressDeny: [{}] leaves what another policy allows", server(`ingressDeny: [{}]`) + cnp("open", `endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]`), "", verdicts{toServer: allowed}},
	})
}

func TestPolicyWithNothingButAnEmptyListIsRefused(t *testing.T) {
	s := load(t, "", server(`ingress: []`))
	s.said(model.Error, "CiliumNetworkPolicy dev/server", "policies0.yaml:2", "no effect", "at least one of Ingress")
	assert.Equal(t, allowed, outcome(s.judge(toServer)), "a refused policy isolates nobody")
}

func TestEmptinessInNetworkPolicies(t *testing.T) {
	const fromServer = "egress dev/server 203.0.113.9 443"
	check(t, []row{
		{"ingress: [{}] allows all", npServer(`ingress: [{}]`), "",
			verdicts{toServer: allowed, "ingress world dev/server 8080": allowed, "ingress node/w1 dev/server 1/UDP": allowed, fromServer: allowed}},
		{"nothing but a selector isolates ingress", npServer(``), "", verdicts{toServer: denied, fromServer: allowed}},
		{"ingress: [] isolates ingress", npServer(`ingress: []`), "", verdicts{toServer: denied, fromServer: allowed}},
		{"policyTypes [Ingress] without rules isolates ingress", npServer(`policyTypes: [Ingress]`), "", verdicts{toServer: denied, fromServer: allowed}},
		{"policyTypes [Egress] without rules isolates egress alone", npServer(`policyTypes: [Egress]`), "", verdicts{toServer: allowed, fromServer: denied}},
		{"policyTypes of both without rules isolates both", npServer(`policyTypes: [Ingress, Egress]`), "", verdicts{toServer: denied, fromServer: denied}},
		{"policyTypes [Egress] does not keep Cilium from applying ingress rules",
			npServer(`policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: nobody}}}]}]`), "", verdicts{toServer: denied, fromServer: denied}},
		{"egress rules alone isolate ingress as well, unless policyTypes says otherwise",
			npServer(`egress: [{}]`), "", verdicts{toServer: denied, fromServer: allowed}},
		{"podSelector: {} as a peer means the namespace", npServer(`ingress: [{from: [{podSelector: {}}]}]`), "",
			verdicts{toServer: allowed, "ingress uat/client dev/server 8080": denied}},
		{"namespaceSelector: {} means the pods of every namespace and nobody else", npServer(`ingress: [{from: [{namespaceSelector: {}}]}]`), "",
			verdicts{toServer: allowed, "ingress uat/client dev/server 8080": allowed, "ingress world dev/server 8080": denied, "ingress node/w1 dev/server 8080": denied}},
		{"from: [] means everybody", npServer(`ingress: [{from: [], ports: [{port: 8080}]}]`), "",
			verdicts{toServer: allowed, "ingress world dev/server 8080": allowed, "ingress dev/client dev/server 81": denied}},
		{"ports: [] means every port", npServer(`ingress: [{ports: [], from: [{podSelector: {}}]}]`), "",
			verdicts{toServer: allowed, "ingress dev/client dev/server 81/UDP": allowed}},
		{"a port without a number means every port of TCP", npServer(`ingress: [{ports: [{protocol: TCP}]}]`), "",
			verdicts{toServer: allowed, "ingress dev/client dev/server 81/UDP": denied}},
	})
}
