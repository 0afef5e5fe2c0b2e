package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestL7RulesAllowOnConditions(t *testing.T) {
	const ports = `ports: [{port: "8080", protocol: TCP}]`
	for _, r := range []struct {
		claim, rules string
		condition    string
	}{
		{"HTTP", `rules: {http: [{method: GET, path: "/api/.*", host: example.org}]}`, "HTTP GET /api/.* example.org"},
		{"HTTP without a method", `rules: {http: [{path: /x}]}`, "only: HTTP /x ("},
		{"several requests", `rules: {http: [{method: GET}, {method: POST}]}`, "HTTP GET, HTTP POST"},
		{"TLS server names", `serverNames: [a.example.org, b.example.org]`, "TLS server name a.example.org, TLS server name b.example.org"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, "", server(`ingress: [{fromEndpoints: [{}], toPorts: [{`+ports+`, `+r.rules+`}]}]`))
			step := s.judge(toServer)
			assert.Equal(t, allowed, outcome(step), s.issues)
			assert.Len(t, step.Conditions, 1)
			assert.Contains(t, step.Conditions[0], r.condition)
			assert.Contains(t, step.Conditions[0], "policies0.yaml:2")
			assert.Equal(t, denied, outcome(s.judge("ingress dev/client dev/server 81")))
		})
	}
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

// The redirect to the proxy beats a plain allow.
func TestPlainRuleBesideAnL7RuleLiftsNoCondition(t *testing.T) {
	s := load(t, "", server(`ingress: [{fromEndpoints: [{}]}, {fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`))
	step := s.judge(toServer)
	assert.Equal(t, []string{"server ingress[0]", "server ingress[1].toPorts[0]"}, rulesBy(step))
	assert.Len(t, step.Conditions, 1)
	assert.Empty(t, s.judge("ingress dev/client dev/server 81").Conditions)
}
