package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

func TestL7RulesAllowOnConditions(t *testing.T) {
	const ports = `ports: [{port: "8080", protocol: TCP}]`
	for _, r := range []struct {
		claim, rules string
		condition    string
	}{
		{"HTTP", `rules: {http: [{method: GET, path: "/api/.*", host: example.org}]}`, "HTTP GET /api/.* example.org"},
		{"HTTP without a method", `rules: {http: [{path: /x}]}`, "only: HTTP /x ("},
		{"a header that must be there", `rules: {http: [{headers: ["X-Tenant: blue"]}]}`, "only: HTTP with header X-Tenant: blue ("},
		{"a header by its value", `rules: {http: [{method: GET, headerMatches: [{name: X-Token, value: secret}]}]}`, "HTTP GET with header X-Token ("},
		{"several requests", `rules: {http: [{method: GET}, {method: POST}]}`, "HTTP GET, HTTP POST"},
		{"TLS server names", `serverNames: [a.example.org, b.example.org]`, "TLS server name a.example.org, TLS server name b.example.org"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, "", server(`ingress: [{fromEndpoints: [{}], toPorts: [{`+ports+`, `+r.rules+`}]}]`))
			step := s.judge(toServer)
			assert.Equal(t, allowed, outcome(step), s.issues)
			require.Len(t, step.Conditions, 1, step.Why)
			assert.Contains(t, step.Conditions[0], r.condition)
			assert.Contains(t, step.Conditions[0], "policies0.yaml:2")
			assert.Equal(t, denied, outcome(s.judge("ingress dev/client dev/server 81")))
		})
	}
}

func TestADNSRuleForAllNamesIsNoCondition(t *testing.T) {
	s := load(t, "", client(`egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]`))
	assert.Empty(t, s.judge("egress dev/client dev/server 53/UDP").Conditions)
}

// What a listener of one's own does with a connection is in no policy, and the
// HTTP rules beside it are none of its business.
func TestListeners(t *testing.T) {
	const own = `{toEndpoints: [{matchLabels: {app: server}}], toPorts: [{ports: [{port: "8080", protocol: TCP}], listener: {envoyConfig: {kind: CiliumEnvoyConfig, name: config}, name: own}}]}`
	s := load(t, "", client(`egress: [`+own+`]`))
	step := s.judge("egress dev/client dev/server 8080")
	require.Len(t, step.Conditions, 1, step.Why)
	assert.Contains(t, step.Conditions[0], "Envoy listener own")
	s = load(t, "", client(`egress: [`+own+`, {toEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`))
	assert.Equal(t, model.Denied, s.request("egress dev/client dev/server 8080", get("POST /")).Verdict)
	assert.Equal(t, model.Allowed, s.request("egress dev/client dev/server 8080", get("GET /")).Verdict)
}

func TestL7ConditionsAreThoseOfTheMatchingPortRule(t *testing.T) {
	s := load(t, "", client(`egress: [
		{toEndpoints: [{matchLabels: {app: server}}], toPorts: [
			{ports: [{port: "81", protocol: TCP}]},
			{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchName: example.org}, {matchPattern: "*.example.com"}]}}]},
		{toCIDR: [203.0.113.0/24]}]`))
	assert.Empty(t, s.judge("egress dev/client dev/server 81").Conditions, "the first port rule has no L7 rules")
	assert.Empty(t, s.judge("egress dev/client 203.0.113.9 53/UDP").Conditions, "a rule without ports has none")
	dns := s.judge("egress dev/client dev/server 53/UDP")
	assert.Equal(t, allowed, outcome(dns))
	assert.Len(t, dns.Conditions, 1)
	assert.Contains(t, dns.Conditions[0], "DNS example.org, DNS *.example.com")
	assert.Equal(t, []string{"client egress[0].toPorts[1]"}, rulesBy(dns))
}

func TestL7NeedsTheProxy(t *testing.T) {
	s := load(t, "enable-l7-proxy=false", server(`ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`))
	s.said("error", "L7 policy is not supported", "no effect")
	assert.Equal(t, allowed, outcome(s.judge(toServer)), "the policy counts as absent")
}

// The redirect to the proxy beats a plain allow in the datapath, but Envoy has the
// plain rule too, and lets every request through by it.
func TestPlainRuleBesideAnL7RuleLiftsTheCondition(t *testing.T) {
	s := load(t, "", server(`ingress: [{fromEndpoints: [{}]}, {fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`))
	step := s.judge(toServer)
	assert.Equal(t, []string{"server ingress[0]", "server ingress[1].toPorts[0]"}, rulesBy(step))
	assert.Empty(t, step.Conditions)
	assert.Empty(t, s.judge("ingress dev/client dev/server 81").Conditions)
}

// What plain rules do to the requests that an L7 rule beside them lets through.
func TestRulesBesideAnL7Rule(t *testing.T) {
	const (
		get   = `{fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]}`
		post  = `{fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: POST}]}}]}`
		plain = `{fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}`
		whole = `{fromEndpoints: [{}]}`
		span  = `{fromEndpoints: [{}], toPorts: [{ports: [{port: "8000", endPort: 8090, protocol: TCP}]}]}`
		peer  = `{fromEntities: [cluster], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}`
		apart = `{fromEndpoints: [{}], toPorts: [{ports: [{port: "81", protocol: TCP}]}]}`
		other = `{fromEndpoints: [{matchLabels: {app: local}}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}`
	)
	for _, r := range []struct {
		claim, policies string
		conditions      []string
	}{
		{"one L7 rule is a condition", server(`ingress: [` + get + `]`),
			[]string{"the proxy of pod dev/server lets through only: HTTP GET (policies0.yaml:2)"}},
		{"two L7 rules are alternatives in one condition", server(`ingress: [` + get + `, ` + post + `]`),
			[]string{"the proxy of pod dev/server lets through only: HTTP GET; or HTTP POST (policies0.yaml:2, policies0.yaml:2)"}},
		{"two policies likewise", server(`ingress: [`+get+`]`) + ccnp("wide", `endpointSelector: {}, ingress: [`+post+`]`),
			[]string{"the proxy of pod dev/server lets through only: HTTP POST; or HTTP GET (policies0.yaml:4, policies0.yaml:2)"}},
		{"a plain rule for the same peers and ports lets every request through", server(`ingress: [` + get + `, ` + plain + `]`), nil},
		{"wherever it stands", server(`ingress: [` + plain + `, ` + get + `]`), nil},
		{"even in another policy", server(`ingress: [`+get+`]`) + cnp("plain", `endpointSelector: {}, ingress: [`+plain+`]`), nil},
		{"so does a plain rule for every port", server(`ingress: [` + get + `, ` + whole + `]`), nil},
		{"one for a range of ports", server(`ingress: [` + get + `, ` + span + `]`), nil},
		{"one for the same port that means the peer by another selector", server(`ingress: [` + get + `, ` + peer + `]`), nil},
		{"an HTTP rule that asks for nothing", server(`ingress: [` + get + `, {fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{}]}}]}]`), nil},
		{"one for another port does nothing", server(`ingress: [` + get + `, ` + apart + `]`),
			[]string{"the proxy of pod dev/server lets through only: HTTP GET (policies0.yaml:2)"}},
		{"nor does one for another client", server(`ingress: [` + get + `, ` + other + `]`),
			[]string{"the proxy of pod dev/server lets through only: HTTP GET (policies0.yaml:2)"}},
		{"a policy that isolates nobody lets every request through", server(`enableDefaultDeny: {ingress: false}, ingress: [` + get + `]`), nil},
		{"unless another isolates the pod", server(`enableDefaultDeny: {ingress: false}, ingress: [`+get+`]`) + npServer(`ingress: []`),
			[]string{"the proxy of pod dev/server lets through only: HTTP GET (policies0.yaml:2)"}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, "", r.policies)
			step := s.judge(toServer)
			assert.Equal(t, allowed, outcome(step), s.issues)
			assert.Equal(t, r.conditions, step.Conditions)
		})
	}
}
