package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// named judges a packet to a destination of which names are known.
func (s *scene) named(packet string, names engine.Names) model.Step {
	s.t.Helper()
	q := s.question(packet)
	q.Names = &names
	return decisive(s.engine.Judge(q))
}

func learned(names ...string) engine.Names { return inState(engine.NameLearned, "", names...) }

func inState(state engine.NameState, of string, names ...string) (n engine.Names) {
	for _, name := range names {
		n.Known = append(n.Known, engine.Name{Text: name, State: state, Of: of})
	}
	return n
}

// What a learned name makes of an address that CIDRs hold too.
func TestLearnedNamesAndCIDRs(t *testing.T) {
	const name = `{toFQDNs: [{matchName: api.example}]}`
	for _, r := range []struct {
		claim, policies string
		names           engine.Names
		want            string
		by              []string
	}{
		{"a learned name is a peer", client(`egress: [` + name + `]`), learned("api.example"), allowed, []string{"client egress[0]"}},
		{"another name is not", client(`egress: [` + name + `]`), learned("www.example"), denied, []string{"client"}},
		{"one of several is enough", client(`egress: [{toFQDNs: [{matchName: a.example}, {matchPattern: "*i.example"}]}]`), learned("b.example", "api.example"), allowed, []string{"client egress[0]"}},
		{"a denied CIDR beats the name of an address in it", client(`egress: [` + name + `], egressDeny: [{toCIDR: [203.0.113.0/24]}]`), learned("api.example"), denyRule, []string{"client egressDeny[0]"}},
		{"whatever its length", client(`egress: [` + name + `], egressDeny: [{toCIDR: [203.0.0.0/8]}]`), learned("api.example"), denyRule, []string{"client egressDeny[0]"}},
		{"a CIDR of other addresses does not", client(`egress: [` + name + `], egressDeny: [{toCIDR: [198.51.100.0/24]}]`), learned("api.example"), allowed, []string{"client egress[0]"}},
		{"CIDR and name are two rules", client(`egress: [` + name + `, {toCIDR: [203.0.113.9/32]}]`), learned("api.example"), allowed, []string{"client egress[0]", "client egress[1]"}},
		{"a named address is still the world", client(`egress: [` + name + `, {toEntities: [world]}]`), learned("api.example"), allowed, []string{"client egress[0]", "client egress[1]"}},
		{"and may be denied as that", client(`egress: [` + name + `], egressDeny: [{toEntities: [world]}]`), learned("api.example"), denyRule, []string{"client egressDeny[0]"}},
		{"but no pod", client(`egress: [{toEndpoints: [{}]}]`), learned("api.example"), denied, []string{"client"}},
		{"ports count", client(`egress: [{toFQDNs: [{matchName: api.example}], toPorts: [{ports: [{port: "80"}]}]}]`), learned("api.example"), denied, []string{"client"}},
		{"authentication too", client(`egress: [{toFQDNs: [{matchName: api.example}], authentication: {mode: required}}]`), learned("api.example"), unauthentic, []string{"client egress[0]"}},
	} {
		for _, version := range []string{"1.16.19", "1.18.4", "1.20.2"} {
			t.Run(r.claim+" in "+version, func(t *testing.T) {
				s := load(t, "version="+version, r.policies)
				step := s.named(toWorld, r.names)
				assert.Equal(t, r.want, outcome(step), step.Why)
				assert.Equal(t, r.by, rulesBy(step))
				again := s.named(toWorld, r.names)
				assert.Equal(t, step, again, "a second answer is the first")
			})
		}
	}
}

func TestNamesInTheIdentity(t *testing.T) {
	s := load(t, "", client(`egress: [{toFQDNs: [{matchPattern: "*.example"}, {matchName: api.example}]}, {toCIDR: [203.0.113.0/24]}]`))
	assert.Equal(t, "cidr:203.0.113.0/24,fqdn:*.example,fqdn:api.example,reserved:world", s.named(toWorld, learned("api.example")).Sees.Destination)
	assert.Equal(t, "cidr:203.0.113.0/24,reserved:world", s.named(toWorld, engine.Names{}).Sees.Destination)
	assert.Equal(t, "fqdn:*.example,reserved:world", s.named("egress dev/client world 443", learned("b.example")).Sees.Destination, "an address that nobody knows yet has its name too")
}

// One Engine is asked about many addresses, each with names of its own.
func TestEveryAddressIsJudgedByItsOwnNames(t *testing.T) {
	s := load(t, "", client(`egress: [{toFQDNs: [{matchName: a.example}], toPorts: [{ports: [{port: "443"}]}]}, {toFQDNs: [{matchName: b.example}], toPorts: [{ports: [{port: "80"}]}]}]`))
	assert.Equal(t, allowed, outcome(s.named(toWorld, learned("a.example"))))
	assert.Equal(t, denied, outcome(s.named(toWorld, learned("b.example"))))
	assert.Equal(t, allowed, outcome(s.named(toWorld, learned("a.example", "b.example"))))
}

// Rules with toFQDNs and L7 rules are judged as one.
func TestLearnedNamesBehindAProxy(t *testing.T) {
	s := load(t, "", client(`egress: [{toFQDNs: [{matchName: api.example}], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [api.example]}]}]`))
	names := learned("api.example")
	q := s.question(toWorld)
	q.Names, q.Request = &names, engine.Request{SNI: "www.example"}
	steps := s.engine.Judge(q)
	require.Len(t, steps, 2)
	assert.Equal(t, model.SeesReset, steps[1].ClientSees)
}

// TestNamesThatTheAgentDoesNotHave: what stays closed, and what is said of it.
func TestNamesThatTheAgentDoesNotHave(t *testing.T) {
	rule := client(`egress: [{toFQDNs: [{matchName: api.example}]}]`)
	byName := func(n engine.Names) engine.Names { n.Asked = "www.example"; return n }
	for _, r := range []struct {
		claim, policies, packet string
		names                   engine.Names
		want                    string
		why, hint, condition    string
	}{
		{"nobody sees the lookup", rule, toWorld, inState(engine.NameMissed, "", "api.example"), denied, "no lookup of it by pod dev/client passes", "rules.dns", ""},
		{"another pod's lookup opens the way", rule, toWorld, inState(engine.NameShared, "pod dev/x", "api.example"), denied, "no lookup of it", "rules.dns", "not once pod dev/x has looked up api.example"},
		{"no answer is known for the rule's name", rule, toWorld, inState(engine.NameUnanswered, "there is no answer", "api.example"), undetermined, "there is no answer", "", ""},
		{"nor whether the lookup passes the proxy", client(`egress: [{toFQDNs: [{matchPattern: "*.example"}]}]`), toWorld, byName(inState(engine.NameOpen, "kube-dns is not here", "www.example")), undetermined, "kube-dns is not here", "", ""},
		{"who asks by name has another one, most likely", rule, toWorld, byName(inState(engine.NameUnanswered, "there is no answer", "api.example")), denied, "default deny", "toFQDNs {matchName: www.example}", "not if www.example and api.example share an address"},
		{"what another rule allows hangs on no name", client(`egress: [{toFQDNs: [{matchName: api.example}]}, {toEntities: [world]}]`), toWorld, inState(engine.NameUnanswered, "", "api.example"), allowed, "", "", ""},
		{"nor what no rule opens", client(`egress: [{toFQDNs: [{matchName: api.example}], toPorts: [{ports: [{port: "80"}]}]}]`), toWorld, inState(engine.NameUnanswered, "", "api.example"), denied, "", "", ""},
		{"the source's own lookup opens it, in a connection by that name", rule, toWorld, inState(engine.NameShared, "pod dev/client", "api.example"), denied, "no rule lets it reach", "toCIDR", "not once pod dev/client has looked up api.example"},
		{"a learned name of a pod means nothing either", rule, "egress dev/client dev/server 80", learned("api.example"), denied, "default deny", "toEndpoints", ""},
		{"a name of a pod means nothing", rule, "egress dev/client dev/server 80", inState(engine.NameMissed, "", "api.example"), denied, "never pods or nodes", "toEndpoints", ""},
		{"without an answer, an address that no rule names", client(`egress: [{toEntities: [world]}, {toCIDR: [203.0.113.0/24]}]`), "egress dev/client world 443", byName(engine.Names{}), allowed, "", "", ""},
		{"a CIDR could let it through", client(`egress: [{toCIDR: [203.0.113.0/24]}]`), "egress dev/client world 443", byName(engine.Names{}), undetermined, "there is no --dns answer for www.example, and rule egress[0] names 203.0.113.0/24", "", ""},
		{"or drop it", client(`egress: [{toEntities: [world]}], egressDeny: [{toCIDR: [203.0.113.0/24]}]`), "egress dev/client world 443", byName(engine.Names{}), undetermined, "egressDeny[0]", "", ""},
		{"a CIDR for another port could not", client(`egress: [{toCIDR: [203.0.113.0/24], toPorts: [{ports: [{port: "80"}]}]}]`), "egress dev/client world 443", byName(engine.Names{}), denied, "", "", ""},
	} {
		t.Run(r.claim, func(t *testing.T) {
			step := load(t, "", r.policies).named(r.packet, r.names)
			assert.Equal(t, r.want, outcome(step), step.Why)
			assert.Contains(t, step.Why, r.why)
			assert.Contains(t, step.Hint, r.hint)
			if r.condition == "" {
				assert.Empty(t, step.Conditions)
				return
			}
			require.NotEmpty(t, step.Conditions)
			assert.Contains(t, step.Conditions[0], r.condition)
		})
	}
}

// An address that no lookup precedes is reached only if one went before.
func TestAddressesWithLearnedNamesAreConditions(t *testing.T) {
	s := load(t, "", client(`egress: [{toFQDNs: [{matchName: api.example}]}]`))
	step := s.named(toWorld, learned("api.example"))
	require.Len(t, step.Conditions, 1)
	assert.Contains(t, step.Conditions[0], "pod dev/client has looked up api.example")
	asked := learned("api.example")
	asked.Asked = "api.example"
	assert.Empty(t, s.named(toWorld, asked).Conditions, "this connection begins with the lookup")
	other := learned("api.example")
	other.Asked = "www.example"
	assert.Len(t, s.named(toWorld, other).Conditions, 1, "the name that was asked for is not the rule's")
}

func TestFQDNs(t *testing.T) {
	s := load(t, "", client(`egress: [{toFQDNs: [{matchName: a.example}, {matchPattern: "*.example"}]}, {toFQDNs: [{matchName: a.example}]}]`), server(`egress: [{toFQDNs: [{matchName: b.example}]}]`))
	fqdns := s.engine.FQDNs(s.party("dev/client"))
	require.Len(t, fqdns, 2)
	assert.Equal(t, "a.example", fqdns[0].Text)
	assert.True(t, fqdns[1].Matches("B.example."))
	assert.Empty(t, s.engine.FQDNs(s.party("dev/local")))
	assert.Empty(t, s.engine.FQDNs(s.party("world")))
}

// TestLearnedNamesActLikeTheAddress: a rule for a learned name does what one for
// the address itself would, beside whatever other rules.
func TestLearnedNamesActLikeTheAddress(t *testing.T) {
	others := []string{
		`egress: [{toEntities: [world], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [www.example]}]}]`,
		`egress: [{toCIDR: [203.0.113.0/24], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]`,
		`egressDeny: [{toCIDRSet: [{cidr: 203.0.0.0/8, except: [203.0.113.9/32]}]}]`,
		`egressDeny: [{toPorts: [{ports: [{port: "80"}]}]}]`,
		`enableDefaultDeny: {egress: false}, egress: [{toEndpoints: [{}]}]`,
	}
	const ports = `, toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [api.example]}, {ports: [{port: "80"}, {port: "22"}]}]`
	for subset := range 1 << len(others) {
		beside := ""
		for i, spec := range others {
			if subset>>i&1 == 1 {
				beside += cnp("other"+string(rune('a'+i)), `endpointSelector: {matchLabels: {app: client}}, `+spec)
			}
		}
		byName := load(t, "", client(`egress: [{toFQDNs: [{matchName: api.example}]`+ports+`}]`)+beside)
		byAddress := load(t, "", client(`egress: [{toCIDR: [203.0.113.9/32]`+ports+`}]`)+beside)
		for _, packet := range []string{toWorld, "egress dev/client 203.0.113.9 80", "egress dev/client 203.0.113.9 22", "egress dev/client 203.0.113.9 23"} {
			var got [2][]string
			for i, s := range []*scene{byName, byAddress} {
				q, names := s.question(packet), learned("api.example")
				q.Names, q.Request = &names, engine.Request{SNI: "api.example"}
				for _, step := range s.engine.Judge(q) {
					got[i] = append(got[i], outcome(step))
				}
			}
			assert.Equal(t, got[1], got[0], "%s beside %s", packet, beside)
		}
	}
}
