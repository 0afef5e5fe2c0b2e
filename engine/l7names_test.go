package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/fqdn/dns"
	"github.com/cilium/cilium/pkg/fqdn/matchpattern"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// namesRule lets pod client look up some names, and reach those that it names.
func namesRule(selector string) string {
	return client(`egress: [{toFQDNs: [{` + selector + `}]}, {toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{` + selector + `}]}}]}]`)
}

// lets says whether a toFQDNs selector means a name, and whether the DNS proxy
// lets a query for it through by the same selector.
func (s *scene) lets(name string) (fqdn, dns bool) {
	q := s.question(toWorld)
	q.Names = &engine.Names{Known: []engine.Name{{Text: name, State: engine.NameLearned}}}
	return s.engine.Judge(q)[0].Verdict == model.Allowed,
		s.request("egress dev/client dev/server 53/UDP", engine.Request{DNSName: name}).Verdict == model.Allowed
}

// The forms of matchName and matchPattern (cilium v1.20.2
// pkg/policy/api/fqdn.go, FQDNSelector, and v1.18.4 likewise).
func TestNamesThatRulesMean(t *testing.T) {
	for _, r := range []struct {
		selector string
		// both are names that all releases match, since119 those that 1.19 and
		// later do, and none those that no release does.
		both, since119, none string
	}{
		{`matchName: www.example.com`, "www.example.com www.example.com. WWW.Example.COM", "", "example.com a.www.example.com wwwxexample.com"},
		{`matchName: WWW.example.com.`, "www.example.com", "", "example.com"},
		{`matchPattern: www.example.com`, "www.example.com WWW.EXAMPLE.com.", "", "example.com wwwxexample.com"},
		{`matchPattern: "*.example.com"`, "www.example.com a-b_c.example.com", "", "example.com a.b.example.com www.example.com.org"},
		{`matchPattern: "*.example.com."`, "www.example.com", "", "example.com"},
		{`matchPattern: "*example.com"`, "example.com subexample.com sub-example.com", "", "www.example.com"},
		{`matchPattern: "sub*.example.com"`, "sub.example.com subdomain.example.com", "", "www.example.com sub.a.example.com"},
		{`matchPattern: "www.*.com"`, "www.example.com", "", "www.a.example.com www.com"},
		{`matchPattern: "*.*.example.com"`, "a.b.example.com", "", "a.example.com"},
		{`matchPattern: "**.example.com"`, "a.example.com", "a.b.example.com a.b.c.example.com", "example.com xexample.com"},
		{`matchPattern: "***.example.com"`, "a.example.com", "a.b.example.com", "example.com"},
		{`matchPattern: "a**.example.com"`, "a.example.com ab.example.com", "", "a.b.example.com"},
		{`matchPattern: "*"`, "com www.example.com a.b.c.d", "", ""},
		{`matchPattern: "**"`, "com", "www.example.com a.b.c.d", ""},
		{`matchPattern: "**."`, "com", "www.example.com", ""},
	} {
		t.Run(r.selector, func(t *testing.T) {
			for _, v := range []struct{ version, yes, no string }{
				{"1.18.4", r.both, r.since119 + " " + r.none}, {"1.19.0", r.both + " " + r.since119, r.none},
			} {
				s := load(t, "version="+v.version, namesRule(r.selector))
				for _, name := range strings.Fields(v.yes) {
					fqdn, dns := s.lets(name)
					assert.True(t, fqdn && dns, "%s: %s: toFQDNs %v, rules.dns %v", v.version, name, fqdn, dns)
				}
				for _, name := range strings.Fields(v.no) {
					fqdn, dns := s.lets(name)
					assert.False(t, fqdn || dns, "%s: %s: toFQDNs %v, rules.dns %v", v.version, name, fqdn, dns)
				}
			}
		})
	}
}

// TestNamesMatchAsInCilium draws selectors and names and compares with Cilium's
// own expressions.
func TestNamesMatchAsInCilium(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	draw := func(pieces ...string) string {
		text := ""
		for range 1 + rnd.IntN(5) {
			text += pieces[rnd.IntN(len(pieces))]
		}
		return text
	}
	matched := 0
	for range 60 {
		pattern := draw("a", "b.", "*", "**.", ".", "A", "com", "_-")
		if strings.Contains(pattern, "..") || strings.HasPrefix(pattern, ".") {
			continue // the CRD refuses it
		}
		selector := api.FQDNSelector{MatchPattern: pattern}
		re, err := selector.ToRegex()
		require.NoError(t, err)
		proxy := matchpattern.ToUnAnchoredRegexp(matchpattern.Sanitize(pattern))
		s := load(t, "", namesRule(fmt.Sprintf("matchPattern: %q", pattern)))
		for range 40 {
			name := strings.Trim(draw("a", "b.", "A", "com", "_-", "a.b."), ".")
			if name == "" || strings.Contains(name, "..") {
				continue
			}
			fqdn, query := s.lets(name)
			want := re.MatchString(dns.FQDN(name))
			assert.Equal(t, want, fqdn, "toFQDNs %s, %s", pattern, name)
			assert.Equal(t, want || proxy == matchpattern.MatchAllUnAnchoredPattern, query, "rules.dns %s, %s", pattern, name)
			if want {
				matched++
			}
		}
	}
	assert.Greater(t, matched, 100, "the drawing meets too few matches to say anything")
}

// TestDNSRulesAreThoseOfThePort: the DNS proxy knows the rules of one port, and
// takes a rule without L7 rules there for all names.
func TestDNSRulesAreThoseOfThePort(t *testing.T) {
	const (
		named  = `{toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchName: a.example}]}}]}`
		plain  = `{toEndpoints: [{matchLabels: {app: server}}], toPorts: [{ports: [{port: "53", protocol: UDP}]}]}`
		whole  = `{toEndpoints: [{matchLabels: {app: server}}]}`
		span   = `{toEndpoints: [{matchLabels: {app: server}}], toPorts: [{ports: [{port: "50", endPort: 60, protocol: UDP}]}]}`
		packet = "egress dev/client dev/server 53/UDP"
	)
	for _, r := range []struct {
		claim, rules string
		want         model.Verdict
	}{
		{"a query for another name is refused", named, model.Denied},
		{"a plain rule for the same port and peer lets all names through", named + ", " + plain, model.Allowed},
		{"one for all ports does not, unlike with HTTP", named + ", " + whole, model.Denied},
		{"nor does one for a range", named + ", " + span, model.Denied},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, "", client(`egress: [`+r.rules+`]`))
			step := s.request(packet, engine.Request{DNSName: "b.example"})
			assert.Equal(t, r.want, step.Verdict, step.Why)
			assert.Equal(t, model.Allowed, s.request(packet, engine.Request{DNSName: "A.example."}).Verdict)
		})
	}
}

// TestDNSRulesWithoutDefaultDeny restrict nobody, but the proxy sees the queries.
func TestDNSRulesWithoutDefaultDeny(t *testing.T) {
	rules := client(`enableDefaultDeny: {egress: false}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchName: a.example}]}}]}]`)
	for version, want := range map[string]model.Verdict{"1.16.5": model.Undetermined, "1.16.19": model.Allowed, "1.17.0": model.Undetermined, "1.17.6": model.Allowed, "1.20.2": model.Allowed} {
		s := load(t, "version="+version, rules)
		step := s.request("egress dev/client dev/server 53/UDP", engine.Request{DNSName: "b.example"})
		assert.Equal(t, want, step.Verdict, "%s: %s", version, step.Why)
		assert.Equal(t, model.Allowed, s.request("egress dev/client dev/server 53/UDP", engine.Request{DNSName: "a.example"}).Verdict)
	}
}
