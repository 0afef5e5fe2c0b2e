package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// request puts a request to the policies of one side and gives the proxy's step,
// which must be there.
func (s *scene) request(packet string, r engine.Request) model.Step {
	s.t.Helper()
	q := s.question(packet)
	q.Request = r
	steps := s.engine.Judge(q)
	require.Len(s.t, steps, 2, "%s: %s", packet, steps[0].Why)
	require.Equal(s.t, model.StageL7, steps[1].Stage)
	return steps[1]
}

// get is "METHOD /path" with headers "NAME: VALUE".
func get(line string, headers ...string) engine.Request {
	method, path, _ := strings.Cut(line, " ")
	r := &engine.HTTPRequest{Method: method, Path: path}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Headers = append(r.Headers, engine.Header{Name: name, Value: value})
	}
	return engine.Request{HTTP: r}
}

func TestHTTPRules(t *testing.T) {
	yes, no, open := model.Allowed, model.Denied, model.Undetermined
	for _, r := range []struct {
		claim, rule, set string
		request          engine.Request
		want             model.Verdict
	}{
		{"a path is matched as a whole", `{path: /api}`, "", get("GET /api"), yes},
		{"not as a prefix", `{path: /api}`, "", get("GET /api/users"), no},
		{"nor anywhere", `{path: api}`, "", get("GET /api"), no},
		{"it is an expression", `{path: "/api/v[12]/.*"}`, "", get("GET /api/v2/users"), yes},
		{"alternatives are anchored too", `{path: "/a|/b"}`, "", get("GET /b/c"), no},
		{"the query string is part of it", `{path: "/api"}`, "", get("GET /api?x=1"), no},
		{"so allow for it", `{path: "/api([?].*)?"}`, "", get("GET /api?x=1"), yes},
		{"case counts in paths", `{path: /API}`, "", get("GET /api"), no},
		{"unless the expression says otherwise", `{path: "(?i)/API"}`, "", get("GET /api"), yes},
		{"and in methods", `{method: get}`, "", get("GET /"), no},
		{"the request's too", `{method: GET}`, "", get("get /"), no},
		{"a method is an expression", `{method: "GET|HEAD"}`, "", get("HEAD /"), yes},
		{"all parts must fit", `{method: GET, path: "/x"}`, "", get("GET /y"), no},
		{"no part fits all", `{}`, "", get("DELETE /"), yes},
		{"a path that Envoy rewrites is left open", `{path: "/admin"}`, "", get("GET /x/../admin"), open},
		{"with slashes side by side", `{path: "/admin"}`, "", get("GET //admin"), open},
		{"with escapes too", `{path: "/admin"}`, "", get("GET /%61dmin"), open},
		{"the query string is not rewritten", `{path: "/a.*"}`, "", get("GET /a?x=%20//"), yes},
		{"nothing is with http-normalize-path off", `{path: "/admin"}`, "http-normalize-path=false", get("GET /x/../admin"), no},
		{"where no rule names a path it does not matter", `{method: GET}`, "", get("GET //"), yes},
		{"a host is matched as the Host header has it", `{host: "api[.]example[.]com"}`, "", get("GET /", "Host: api.example.com"), yes},
		{"with its port", `{host: "api[.]example[.]com"}`, "", get("GET /", "Host: api.example.com:8080"), no},
		{"every request has one, so not giving it leaves it open", `{host: "api[.]example[.]com"}`, "", get("GET /"), open},
		{"but not where another part does not fit", `{host: "api[.]example[.]com", method: POST}`, "", get("GET /"), no},
		{"a header that must be there", `{headers: ["X-Tenant"]}`, "", get("GET /", "x-tenant: blue"), yes},
		{"and is not", `{headers: ["X-Tenant"]}`, "", get("GET /", "X-Other: blue"), no},
		{"a header by its value", `{headers: ["X-Tenant: blue"]}`, "", get("GET /", "X-Tenant: blue"), yes},
		{"exactly", `{headers: ["X-Tenant: blue"]}`, "", get("GET /", "X-Tenant: Blue"), no},
		{"sent twice it is a list", `{headers: ["X-Tenant: a,b"]}`, "", get("GET /", "X-Tenant: a", "X-Tenant: b"), yes},
		{"without the space it is all name", `{headers: ["X-Tenant:blue"]}`, "", get("GET /", "X-Tenant: blue"), no},
		{"Envoy sets some itself", `{headers: ["X-Request-Id"]}`, "", get("GET /"), open},
		{"headerMatches with a value", `{headerMatches: [{name: X-Token, value: s}]}`, "", get("GET /", "X-Token: s"), yes},
		{"headerMatches with another", `{headerMatches: [{name: X-Token, value: s}]}`, "", get("GET /", "X-Token: t"), no},
		{"headerMatches without a value ask for presence", `{headerMatches: [{name: X-Token}]}`, "", get("GET /"), no},
		{"an action for a mismatch lets the request through", `{headerMatches: [{name: X-Token, value: s, mismatch: REPLACE}]}`, "", get("GET /"), yes},
		{"a Secret is not read", `{headerMatches: [{name: X-Token, secret: {name: token}}]}`, "", get("GET /", "X-Token: t"), open},
		{"but an absent header never matches it", `{headerMatches: [{name: X-Token, secret: {name: token}}]}`, "", get("GET /"), no},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set, server(`ingress: [{toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [`+r.rule+`]}}]}]`))
			step := s.request(toServer, r.request)
			assert.Equal(t, r.want, step.Verdict, step.Why)
			assert.Equal(t, r.want == no, step.ClientSees == model.SeesHTTP403)
			assert.Equal(t, []string{"server ingress[0].toPorts[0].rules.http[0]"}, rulesBy(step))
		})
	}
}

// What rules say together about one request.
func TestRulesThatMeetInTheProxy(t *testing.T) {
	const (
		web   = `toPorts: [{ports: [{port: "8080", protocol: TCP}]`
		read  = `{fromEndpoints: [{}], ` + web + `, rules: {http: [{method: GET}]}}]}`
		write = `{fromEndpoints: [{matchLabels: {app: client}}], ` + web + `, rules: {http: [{method: POST}]}}]}`
		local = `{fromEndpoints: [{matchLabels: {app: local}}], ` + web + `, rules: {http: [{method: POST}]}}]}`
		whole = `{fromEndpoints: [{matchLabels: {app: client}}]}`
		off   = `enableDefaultDeny: {ingress: false}, `
	)
	for _, r := range []struct {
		claim, policies, packet string
		want                    model.Verdict
		by                      []string
		why                     string
	}{
		{"rules of several policies are alternatives", server(`ingress: [`+read+`]`) + cnp("b", `endpointSelector: {}, ingress: [`+write+`]`), toServer, model.Allowed, []string{"b ingress[0].toPorts[0].rules.http[0]"}, "a rule means it"},
		{"for the peers that they mean", server(`ingress: [` + read + `, ` + local + `]`), toServer, model.Denied, []string{"server ingress[0].toPorts[0].rules.http[0]"}, "method is not GET"},
		{"a rule without L7 rules lets everything through", server(`ingress: [` + read + `, ` + whole + `]`), toServer, model.Allowed, []string{"server ingress[1]"}, "asks for nothing more"},
		{"two port rules of one rule are alternatives", server(`ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}, {ports: [{port: web, protocol: TCP}], rules: {http: [{method: POST}]}}]}]`), toServer, model.Allowed, []string{"server ingress[0].toPorts[1].rules.http[0]"}, ""},
		{"without default deny nothing is restricted", server(off + `ingress: [` + read + `]`), toServer, model.Allowed, []string{}, "no policy isolates pod dev/server"},
		{"unless another policy isolates", server(off+`ingress: [`+read+`]`) + npServer(`ingress: []`), toServer, model.Denied, []string{"server ingress[0].toPorts[0].rules.http[0]"}, "method is not GET"},
		{"the pod's own node passes any proxy", server(`ingress: [{` + web + `, rules: {http: [{method: GET}]}}]}]`), "ingress node/w2 dev/server 8080", model.Allowed, []string{}, "allow-localhost"},
		{"another node does not", server(`ingress: [{` + web + `, rules: {http: [{method: GET}]}}]}]`), "ingress node/w1 dev/server 8080", model.Denied, []string{"server ingress[0].toPorts[0].rules.http[0]"}, "method is not GET"},
		{"cloud groups might lift a denial", server(`ingress: [{` + web + `, rules: {http: [{method: GET}]}}]}, {fromGroups: [{aws: {securityGroupsNames: [sg]}}]}]`), "ingress 203.0.113.9 dev/server 8080", model.Undetermined, []string{}, "cannot be known"},
		{"denied ones would not", server(`ingress: [{` + web + `, rules: {http: [{method: GET}]}}]}], ingressDeny: [{fromGroups: [{aws: {securityGroupsNames: [sg]}}]}]`), "ingress 203.0.113.9 dev/server 8080", model.Denied, []string{"server ingress[0].toPorts[0].rules.http[0]"}, "method is not GET"},
		{"a later tier may let through what no rule asks for", baselineRules(`ingress: [{action: Accept, `+fromAnyPod+`}]`) + server(`ingress: [`+read+`]`), toServer, model.Allowed, []string{"baseline ingress[0].from[0]"}, "asks for nothing more"},
		{"unless it denies before", baselineRules(`ingress: [{action: Deny, `+fromClient+`}, {action: Accept, `+fromAnyPod+`}]`) + server(`ingress: [`+read+`]`), toServer, model.Denied, []string{"server ingress[0].toPorts[0].rules.http[0]"}, "method is not GET"},
		{"what a Pass skips asks for nothing and opens nothing", adminRules(`ingress: [{action: Pass, `+fromClient+`}, {action: Accept, `+fromAnyPod+`}]`) + server(`ingress: [`+read+`]`), toServer, model.Denied, []string{"server ingress[0].toPorts[0].rules.http[0]"}, "method is not GET"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			step := load(t, "", r.policies).request(r.packet, get("POST /"))
			assert.Equal(t, r.want, step.Verdict, step.Why)
			assert.Equal(t, r.by, rulesBy(step))
			assert.Contains(t, step.Why, r.why)
		})
	}
}

func TestDenyAndAuthenticationComeBeforeTheProxy(t *testing.T) {
	http := `ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{}]}}]}]`
	for _, policies := range []string{
		server(http + `, ingressDeny: [{fromEndpoints: [{}]}]`),
		server(strings.Replace(http, "toPorts", "authentication: {mode: required}, toPorts", 1)),
	} {
		s := load(t, "", policies)
		q := s.question(toServer)
		q.Request = get("GET /")
		step := decisive(s.engine.Judge(q))
		assert.Equal(t, model.Denied, step.Verdict)
		assert.NotEqual(t, model.StageL7, step.Stage)
	}
}

func TestServerNames(t *testing.T) {
	for _, r := range []struct {
		pattern, name string
		// from the first minor release on that lets the name through, 99 for none
		before, since int
		claim         string
	}{
		{"api.example.com", "api.example.com", 16, 16, "a name means itself"},
		{"API.example.com", "api.EXAMPLE.com", 16, 16, "case does not count"},
		{"api.example.com", "www.api.example.com", 99, 99, "and nothing below"},
		{"*.example.com", "api.example.com", 16, 16, "an asterisk is a label"},
		{"*.example.com", "a.api.example.com", 99, 99, "exactly one"},
		{"*.example.com", "example.com", 99, 99, "not none"},
		{"*.example.com", ".example.com", 99, 20, "nor, before 1.20, an empty one"},
		{"**.example.com", "a.api.example.com", 16, 16, "two are any number of labels"},
		{"**.example.com", "example.com", 99, 99, "but not none"},
		{"api*.example.com", "api-2.example.com", 99, 20, "since 1.20 an asterisk may stand within a label"},
		{"*example.com", "subexample.com", 99, 20, "or begin one"},
		{"*", "a.b.example.com", 99, 20, "and alone means every name"},
		{"api.example.com.", "api.example.com", 99, 20, "a trailing dot is dropped"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			for _, v := range []struct{ minor, since int }{{16, r.before}, {20, r.since}} {
				s := load(t, fmt.Sprintf("version=1.%d.0", v.minor), client(`egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: ["`+r.pattern+`"]}]}]`))
				step := s.request(toWorld, engine.Request{SNI: r.name})
				assert.Equal(t, v.since <= v.minor, step.Verdict == model.Allowed, "1.%d: %s", v.minor, step.Why)
				assert.Equal(t, v.since > v.minor, step.ClientSees == model.SeesReset)
			}
		})
	}
	dotted := client(`egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [api.example.com.]}]}]`)
	assert.Equal(t, model.Denied, load(t, "version=1.19.6", dotted).request(toWorld, engine.Request{SNI: "api.example.com"}).Verdict, "not by the last release before")
}

func TestServerNameWildcardsThatA1_18Refuses(t *testing.T) {
	rule := func(pattern string) string {
		return client(`egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: ["` + pattern + `"]}]}]`)
	}
	check(t, []row{
		{"1.18 takes a leading wildcard", rule("**.example.com"), "version=1.18.4", verdicts{"egress dev/client 203.0.113.9 80": denied}},
		{"but none within a label: the policy is refused", rule("api*.example.com"), "version=1.18.4", verdicts{"egress dev/client 203.0.113.9 80": allowed}},
		{"1.20 takes both", rule("api*.example.com"), "", verdicts{"egress dev/client 203.0.113.9 80": denied}},
	})
}

// TestTLSThatTheProxyEnds: requests inside it are judged, and Secrets are
// conditions.
func TestTLSThatTheProxyEnds(t *testing.T) {
	const tls = `terminatingTLS: {secret: {name: inspected}}, originatingTLS: {secret: {name: roots}}, `
	rule := func(extra string) string {
		return client(`egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], ` + extra + `rules: {http: [{path: /public}]}}]}]`)
	}
	named := get("GET /public")
	named.SNI = "api.example.com"
	t.Run("is judged", func(t *testing.T) {
		s := load(t, "", rule(tls))
		step := s.request(toWorld, named)
		assert.Equal(t, model.Allowed, step.Verdict, step.Why)
		require.Len(t, step.Conditions, 2)
		assert.Contains(t, step.Conditions[0], "Secret inspected")
		assert.Contains(t, step.Conditions[1], "Secret roots")
		secret := named
		secret.HTTP = get("GET /secret").HTTP
		assert.Equal(t, model.SeesHTTP403, s.request(toWorld, secret).ClientSees)
		assert.Len(t, s.judge(toWorld).Conditions, 3, "without a request the path is a condition too")
	})
	t.Run("with server names both must fit", func(t *testing.T) {
		s := load(t, "", rule(tls+`serverNames: [www.example.com], `))
		assert.Equal(t, model.SeesReset, s.request(toWorld, named).ClientSees)
		step := s.request(toWorld, get("GET /public"))
		assert.Equal(t, model.Undetermined, step.Verdict)
		assert.Contains(t, step.Why, "--sni")
		assert.Equal(t, model.SeesHTTP403, s.request(toWorld, get("GET /")).ClientSees, "whatever the server name, the path is refused")
	})
	t.Run("other TLS hides the request", func(t *testing.T) {
		step := load(t, "", rule("")).request(toWorld, named)
		assert.Equal(t, model.Undetermined, step.Verdict)
		assert.Contains(t, step.Why, "inside TLS")
	})
}

func TestDeniedRequestsSayWhatToAdd(t *testing.T) {
	for _, r := range []struct {
		policies, packet string
		request          engine.Request
		hint             string
	}{
		{server(`ingress: [{toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{path: /x}]}}]}]`), toServer, get("GET /y"), "add {method: GET, path: /y} to rules.http of rule ingress[0].toPorts[0]"},
		{client(`egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchName: a.example}]}}]}]`), "egress dev/client dev/server 53/UDP", engine.Request{DNSName: "b.example"}, "add {matchName: b.example} to rules.dns of rule egress[0].toPorts[0]"},
		{client(`egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [a.example]}]}]`), toWorld, engine.Request{SNI: "b.example"}, "add b.example to serverNames of rule egress[0].toPorts[0]"},
	} {
		step := load(t, "", r.policies).request(r.packet, r.request)
		assert.Contains(t, step.Hint, r.hint)
		assert.Contains(t, step.Hint, "policies0.yaml:2")
	}
}
