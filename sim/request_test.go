package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

func TestRequestsThroughL7Rules(t *testing.T) {
	const (
		get    = `[{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET, path: "/api/.*"}]}}]`
		hosted = `[{ports: [{port: "8080", protocol: TCP}], rules: {http: [{host: "api.dev.svc"}]}}]`
		names  = `[{ports: [{port: "443", protocol: TCP}], serverNames: [api.example.com]}]`
	)
	in, out := func(ports string) string {
		return policy("api", `ingress: [{fromEndpoints: [{}], toPorts: `+ports+`}]`)
	},
		func(ports string) string {
			return policy("client", `egress: [{toEndpoints: [{matchLabels: {app: api}}], toPorts: `+ports+`}, `+dnsRule("*")+`]`)
		}
	outside := policy("client", `egress: [{toEntities: [world], toPorts: `+names+`}]`)
	for _, r := range []struct {
		claim, policies string
		query           sim.Query
		verdict         model.Verdict
		sees            model.ClientSees
		steps           string
	}{
		{"a rule lets it through", in(get), sim.Query{To: "dev/api-0:8080", HTTP: "GET /api/users?id=1"}, model.Allowed, model.SeesOpen, "egress allowed, ingress allowed, l7 allowed"},
		{"no rule does", in(get), sim.Query{To: "dev/api-0:8080", HTTP: "GET /apis"}, model.Denied, model.SeesHTTP403, "egress allowed, ingress allowed, l7 denied"},
		{"methods are told apart", in(get), sim.Query{To: "dev/api-0:8080", HTTP: "POST /api/users"}, model.Denied, model.SeesHTTP403, "egress allowed, ingress allowed, l7 denied"},
		{"the source's proxy answers before the packet leaves", out(get) + policy("api", `ingress: [{}]`), sim.Query{To: "dev/api-0:8080", HTTP: "POST /"}, model.Denied, model.SeesHTTP403, "egress allowed, l7 denied, ingress denied"},
		{"both proxies are asked", out(get) + in(get), sim.Query{To: "dev/api-0:8080", HTTP: "GET /api/"}, model.Allowed, model.SeesOpen, "egress allowed, l7 allowed, ingress allowed, l7 allowed"},
		{"what never gets to the proxy times out", in(get), sim.Query{To: "dev/api-0:9999", HTTP: "GET /api/"}, model.Denied, model.SeesTimeout, "egress allowed, ingress denied"},
		{"without L7 rules the request does not matter", "", sim.Query{To: "dev/api-0:8080", HTTP: "DELETE /"}, model.Allowed, model.SeesOpen, "egress allowed, ingress allowed"},
		{"an HTTP rule says nothing about a DNS query", in(get), sim.Query{To: "dev/api-0:8080", DNSName: "example.org"}, model.Allowed, model.SeesOpen, "egress allowed, ingress allowed"},
		{"the Host is the name that was asked for", in(hosted), sim.Query{To: "api.dev.svc:80", HTTP: "GET /"}, model.Allowed, model.SeesOpen, "dns allowed, service allowed, egress allowed, ingress allowed, l7 allowed"},
		{"unless a header says otherwise", in(hosted), sim.Query{To: "api.dev.svc:80", HTTP: "GET /", Headers: []string{"host: www.dev.svc"}}, model.Denied, model.SeesHTTP403, "dns allowed, service allowed, egress allowed, ingress allowed, l7 denied"},
		{"of a Service's reference there is none", in(hosted), sim.Query{To: "dev/svc/api:80", HTTP: "GET /"}, model.Undetermined, "", "service allowed, egress allowed, ingress allowed, l7 undetermined"},
		{"the TLS server name that a rule names", outside, sim.Query{To: "203.0.113.9:443", SNI: "api.example.com"}, model.Allowed, model.SeesOpen, "egress allowed, l7 allowed"},
		{"another is reset", outside, sim.Query{To: "203.0.113.9:443", SNI: "example.com"}, model.Denied, model.SeesReset, "egress allowed, l7 denied"},
		{"a name that the DNS rule lets through", policy("client", `egress: [`+dnsRule("*.example.com")+`]`), sim.Query{To: "kube-system/svc/kube-dns:53/UDP", DNSName: "api.example.com."}, model.Allowed, model.SeesOpen, "service allowed, egress allowed, l7 allowed, ingress allowed"},
		{"and one that it refuses", policy("client", `egress: [`+dnsRule("*.example.com")+`]`), sim.Query{To: "kube-system/svc/kube-dns:53/UDP", DNSName: "example.com"}, model.Denied, model.SeesDNSRefused, "service allowed, egress allowed, l7 denied, ingress allowed"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			r.query.From = "dev/client"
			a, err := newSim(t, sim.Options{}, r.policies).Query(r.query)
			require.NoError(t, err)
			assert.Equal(t, r.verdict, a.Verdict, "%+v", a.Paths)
			assert.Equal(t, r.sees, a.ClientSees)
			assert.Equal(t, r.steps, steps(a.Paths[0]))
			assert.Equal(t, r.sees == model.SeesTimeout, a.DropReason != nil, "a proxy's answer is no drop")
		})
	}
}

func TestRequestsThatCannotBeAsked(t *testing.T) {
	s := newSim(t, sim.Options{}, "")
	for _, r := range []struct {
		query sim.Query
		says  string
	}{
		{sim.Query{HTTP: "/x"}, "want 'METHOD /path'"},
		{sim.Query{HTTP: "get /x"}, "in capitals"},
		{sim.Query{HTTP: "GET x"}, "want 'METHOD /path'"},
		{sim.Query{HTTP: "GET /a b"}, "want 'METHOD /path'"},
		{sim.Query{HTTP: "GET /a#b"}, "leave it out"},
		{sim.Query{Headers: []string{"A: b"}}, "--header belongs to an HTTP request"},
		{sim.Query{HTTP: "GET /", Headers: []string{"Host"}}, `--header "Host": want 'NAME: VALUE'`},
		{sim.Query{HTTP: "GET /", Headers: []string{"a b: c"}}, "want 'NAME: VALUE'"},
		{sim.Query{DNSName: "a b"}, "--dns-name \"a b\" is no host name"},
		{sim.Query{SNI: "https://x"}, "--sni \"https://x\" is no host name"},
		{sim.Query{To: "dev/api-0:53/UDP", HTTP: "GET /"}, "go over TCP"},
		{sim.Query{To: "dev/api-0", Port: "ICMP", DNSName: "x.y"}, "DNS goes over UDP or TCP"},
	} {
		if r.query.From = "dev/client"; r.query.To == "" {
			r.query.To = "dev/api-0:8080"
		}
		_, err := s.Query(r.query)
		require.Error(t, err, "%+v", r.query)
		assert.ErrorContains(t, err, r.says)
		assert.ErrorAs(t, err, new(*sim.RefError))
	}
}
