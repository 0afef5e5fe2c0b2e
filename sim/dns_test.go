package sim_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// answers are "NAME", ADDRESS pairs.
func answers(pairs ...string) sim.Options {
	out := model.DNSAnswers{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			out.Add(pairs[i])
			continue
		}
		out.Add(pairs[i], netip.MustParseAddr(pairs[i+1]))
	}
	return sim.Options{DNS: out}
}

func TestDestinationsByName(t *testing.T) {
	const (
		fqdn    = `{toFQDNs: [{matchName: api.example.com}]}`
		plain53 = `{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system}}], toPorts: [{ports: [{port: "53"}]}]}`
		name    = "api.example.com:443"
	)
	only := func(rules string) string { return policy("client", `egress: [`+rules+`]`) }
	for _, r := range []struct {
		claim, policies, to string
		opt                 sim.Options
		verdict             model.Verdict
		sees                model.ClientSees
		steps               []string
		condition           string
	}{
		{"no policy, no answer", "", name, sim.Options{}, model.Allowed, model.SeesOpen, []string{"dns allowed, egress allowed"}, "api.example.com is outside the cluster"},
		{"each address is a path", "", name, answers("api.example.com", "203.0.113.9", "API.example.com.", "203.0.113.10"), model.Allowed, model.SeesOpen, []string{"dns allowed, egress allowed", "dns allowed, egress allowed"}, ""},
		{"the lookup passes the proxy, and so the address is learned", only(fqdn + `, ` + dnsRule("*")), name, answers("api.example.com", "203.0.113.9"), model.Allowed, model.SeesOpen, []string{"dns allowed, egress allowed"}, ""},
		{"whatever it is", only(fqdn + `, ` + dnsRule("*")), name, sim.Options{}, model.Allowed, model.SeesOpen, []string{"dns allowed, egress allowed"}, "api.example.com is outside the cluster"},
		{"a lookup past the proxy teaches nothing", only(fqdn + `, ` + plain53), name, answers("api.example.com", "203.0.113.9"), model.Denied, model.SeesTimeout, []string{"dns allowed, egress denied"}, ""},
		{"not even without an answer", only(fqdn + `, ` + plain53), name, sim.Options{}, model.Denied, model.SeesTimeout, []string{"dns allowed, egress denied"}, "outside the cluster"},
		{"the proxy refuses other names", only(fqdn + `, ` + dnsRule("*.example.org")), name, answers("api.example.com", "203.0.113.9"), model.Denied, model.SeesDNSRefused, []string{"dns denied, egress denied"}, ""},
		{"DNS itself may be closed", only(fqdn), name, answers("api.example.com", "203.0.113.9"), model.Denied, model.SeesDNSTimeout, []string{"dns denied, egress denied"}, ""},
		{"the world is open to every name, learned or not", only(`{toEntities: [world]}, ` + plain53), name, sim.Options{}, model.Allowed, model.SeesOpen, []string{"dns allowed, egress allowed"}, "outside the cluster"},
		{"a rule for a CIDR needs the answer", only(`{toCIDR: [203.0.113.0/24]}, ` + plain53), name, sim.Options{}, model.Undetermined, "", []string{"dns allowed, egress undetermined"}, ""},
		{"and has it", only(`{toCIDR: [203.0.113.0/24]}, ` + plain53), name, answers("api.example.com", "203.0.113.9"), model.Allowed, model.SeesOpen, []string{"dns allowed, egress allowed"}, ""},
		{"a name of the cluster's own load balancer leads to its pods", only(fqdn + `, ` + dnsRule("*")), name, sim.Options{DNS: answers("api.example.com", "198.51.100.21").DNS, Set: map[string]string{"kubeProxyReplacement": "true"}}, model.Denied, model.SeesTimeout,
			[]string{"dns allowed, service allowed, egress denied, ingress allowed", "dns allowed, service allowed, egress denied, ingress allowed"}, ""},
		{"but with kube-proxy the policy sees the address, and its name", only(fqdn + `, ` + dnsRule("*")), name, answers("api.example.com", "198.51.100.21"), model.Allowed, model.SeesOpen,
			[]string{"dns allowed, egress allowed, service allowed, ingress allowed", "dns allowed, egress allowed, service allowed, ingress allowed"}, ""},
		{"an address of a family that no pod has is not tried", "", name, answers("api.example.com", "203.0.113.9", "api.example.com", "2001:db8::9"), model.Allowed, model.SeesOpen, []string{"dns allowed, egress allowed"}, "whose family a pod has"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			a := ask(t, newSim(t, r.opt, r.policies), "dev/client", r.to)
			var got []string
			for _, p := range a.Paths {
				got = append(got, steps(p))
			}
			assert.Equal(t, r.steps, got)
			assert.Equal(t, r.verdict, a.Verdict, "%+v", a.Paths)
			assert.Equal(t, r.sees, a.ClientSees)
			if r.condition == "" {
				assert.Empty(t, a.Conditions)
				return
			}
			require.Len(t, a.Conditions, 1)
			assert.Contains(t, a.Conditions[0], r.condition)
		})
	}
}

func TestNamesOfAddresses(t *testing.T) {
	rules := policy("client", `egress: [{toFQDNs: [{matchName: api.example.com}]}, {toFQDNs: [{matchPattern: "*.example.net"}]}, `+dnsRule("*")+`]`)
	for _, r := range []struct {
		claim   string
		opt     sim.Options
		verdict model.Verdict
		says    string
	}{
		{"an answer ties the address to a name of a rule", answers("api.example.com", "203.0.113.9"), model.Allowed, "pod dev/client has looked up api.example.com"},
		{"through a pattern too", answers("a.example.net", "203.0.113.9"), model.Allowed, "has looked up a.example.net"},
		{"answers for all rules, and none is the address", answers("api.example.com", "203.0.113.1", "a.example.net", "203.0.113.2"), model.Denied, ""},
		{"a name may have no address", answers("api.example.com", "", "a.example.net", ""), model.Denied, ""},
		{"an answer is missing", answers("api.example.com", "203.0.113.1"), model.Undetermined, "*.example.net, and there is no --dns answer"},
		{"other names say nothing", answers("www.example.com", "203.0.113.9"), model.Undetermined, "api.example.com, and there is no --dns answer"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			a := ask(t, newSim(t, r.opt, rules), "dev/client", "203.0.113.9:443")
			assert.Equal(t, r.verdict, a.Verdict)
			said := a.Paths[0].Steps[0].Why
			for _, c := range a.Conditions {
				said += c
			}
			assert.Contains(t, said, r.says)
		})
	}
}

// TestPodsOfANodeShareWhatTheirAgentLearns: the agent's names are those of all
// its pods, so that a denial may end when a neighbour looks a name up.
func TestPodsOfANodeShareWhatTheirAgentLearns(t *testing.T) {
	rules := policy("client", `egress: [{toFQDNs: [{matchName: api.example.com}]}, {toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system}}], toPorts: [{ports: [{port: "53"}]}]}]`)
	neighbour := policy("api", `egress: [`+dnsRule("*.example.com")+`]`)
	for _, to := range []string{"api.example.com:443", "203.0.113.9:443"} {
		alone := ask(t, newSim(t, answers("api.example.com", "203.0.113.9"), rules), "dev/client", to)
		assert.Equal(t, model.Denied, alone.Verdict)
		assert.Empty(t, alone.Conditions)
		assert.Contains(t, alone.Hint, "rules.dns")
		near := ask(t, newSim(t, answers("api.example.com", "203.0.113.9"), rules+neighbour), "dev/client", to)
		assert.Equal(t, model.Denied, near.Verdict)
		require.Len(t, near.Conditions, 1, to)
		assert.Contains(t, near.Conditions[0], "not once pod dev/api-0 has looked up api.example.com")
	}
	unanswered := ask(t, newSim(t, sim.Options{}, rules+neighbour), "dev/client", "203.0.113.9:443")
	assert.Equal(t, model.Denied, unanswered.Verdict)
	require.Len(t, unanswered.Conditions, 1)
}

// TestDNSServersOutsideArePartOfTheWorld: a lookup is judged without names, which
// it would need itself.
func TestDNSServersOutsideArePartOfTheWorld(t *testing.T) {
	outside := policy("client", `egress: [{toFQDNs: [{matchName: dns.example.com}]}, {toCIDR: [203.0.113.53/32], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]`)
	s := newSim(t, answers("dns.example.com", "203.0.113.53"), outside)
	q := sim.Query{From: "dev/client", To: "203.0.113.53:53/UDP", DNSName: "www.example.com"}
	a, err := s.Query(q)
	require.NoError(t, err)
	assert.Equal(t, model.Allowed, a.Verdict)
	assert.Equal(t, "egress allowed, l7 allowed", steps(a.Paths[0]))
}

// TestAliasesAreLearnedByTheNameThatWasAsked: Cilium's proxy ties addresses to the
// name in the query, not to those that a CNAME in the answer leads to.
func TestAliasesAreLearnedByTheNameThatWasAsked(t *testing.T) {
	for name, want := range map[string]model.Verdict{"example.org": model.Denied, "alias.dev.svc.cluster.local": model.Allowed} {
		rules := policy("client", `egress: [{toFQDNs: [{matchName: `+name+`}]}, `+dnsRule("*")+`]`)
		a := ask(t, newSim(t, answers("example.org", "203.0.113.9"), rules), "dev/client", "dev/svc/alias")
		assert.Equal(t, want, a.Verdict, name)
		assert.Equal(t, "203.0.113.9", a.To.IP)
		assert.Equal(t, want == model.Denied, len(a.Conditions) == 1, "the pod may look up the other name too")
	}
	open := ask(t, newSim(t, sim.Options{}, ""), "dev/client", "dev/svc/alias")
	assert.Equal(t, model.Allowed, open.Verdict)
	assert.Equal(t, []string{"example.org has an address outside the cluster"}, open.Conditions)
	ranged := ask(t, newSim(t, sim.Options{}, policy("client", `egress: [{toCIDR: [203.0.113.0/24]}, `+dnsRule("*")+`]`)), "dev/client", "dev/svc/alias")
	assert.Equal(t, model.Undetermined, ranged.Verdict, "a range may hold the address")
	assert.Contains(t, ranged.Hint, "--dns example.org=IP")
}

func TestANameWithoutAnAddressCannotBeAsked(t *testing.T) {
	_, err := newSim(t, answers("gone.example.com", ""), "").Query(sim.Query{From: "dev/client", To: "gone.example.com:443"})
	assert.ErrorContains(t, err, "has no address")
}

func TestWithoutKubeDNSNobodyKnowsWhatIsLearned(t *testing.T) {
	rules := policy("client", `egress: [{toFQDNs: [{matchPattern: "*.example.com"}]}, `+dnsRule("*")+`]`)
	bare, issues := cluster(t, strings.ReplaceAll(stage, "name: kube-dns}", "name: other-dns}"), rules)
	s, err := sim.New(bare, issues, answers("api.example.com", "203.0.113.9"))
	require.NoError(t, err)
	for _, to := range []string{"api.example.com:443", "203.0.113.9:443"} {
		a := ask(t, s, "dev/client", to)
		assert.Equal(t, model.Undetermined, a.Verdict, to)
		last := a.Paths[0].Steps[len(a.Paths[0].Steps)-1]
		assert.Contains(t, last.Why, "kube-system/kube-dns")
	}
}
