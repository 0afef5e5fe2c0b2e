package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// cidrGroup is a CiliumCIDRGroup with labels in YAML's flow style.
func cidrGroup(name, labels string, cidrs ...string) string {
	return cidrGroupOf("v2", name, labels, cidrs...)
}

func cidrGroupOf(version, name, labels string, cidrs ...string) string {
	return fmt.Sprintf("---\n{apiVersion: cilium.io/%s, kind: CiliumCIDRGroup, metadata: {name: %s, labels: {%s}}, spec: {externalCIDRs: [%s]}}\n",
		version, name, labels, strings.Join(cidrs, ", "))
}

// Addresses by the narrowest of the groups' prefixes below that holds them.
const (
	inWide   = "egress dev/client 203.0.113.9 443"
	inNarrow = "egress dev/client 203.0.113.200 443"
	inNone   = "egress dev/client 198.51.100.1 443"
	toPod    = "egress dev/client dev/server 443"
	toNode   = "egress dev/client node/w2 443"
)

func toGroup(name string) string { return `toCIDRSet: [{cidrGroupRef: ` + name + `}]` }

func toGroupsWith(selector string) string {
	return `toCIDRSet: [{cidrGroupSelector: {` + selector + `}}]`
}

func TestCIDRGroups(t *testing.T) {
	wide := cidrGroup("wide", "role: office", "203.0.113.0/24")
	narrow := cidrGroup("narrow", "role: lab, app.kubernetes.io/name: bench", "203.0.113.128/25")
	groups := wide + narrow
	to := func(rule string) string { return client(`egress: [{`+rule+`}]`) + groups }
	deny := func(rule string) string {
		return client(`egress: [{toEntities: [all]}], egressDeny: [{`+rule+`}]`) + groups
	}
	check(t, []row{
		{"a group means the addresses in it", to(toGroup("wide")), "", verdicts{inWide: allowed, inNarrow: allowed, inNone: denied, toPod: denied, toNode: denied}},
		{"and the narrower group those of its own", to(toGroup("narrow")), "", verdicts{inWide: denied, inNarrow: allowed}},
		{"two groups add up", to(`toCIDRSet: [{cidrGroupRef: narrow}, {cidrGroupRef: far}]`) + cidrGroup("far", "", "198.51.100.0/24"), "", verdicts{inWide: denied, inNarrow: allowed, inNone: allowed}},
		{"so do a group and a CIDR", to(`toCIDRSet: [{cidrGroupRef: narrow}, {cidr: 198.51.100.0/24}]`), "", verdicts{inWide: denied, inNarrow: allowed, inNone: allowed}},
		{"ports hold for the group", to(toGroup("wide") + `, toPorts: [{ports: [{port: "443", protocol: TCP}]}]`), "", verdicts{inWide: allowed, "egress dev/client 203.0.113.9 80": denied}},
		{"a group that no file holds means nobody", to(toGroup("nowhere")), "", verdicts{inWide: denied, inNone: denied}},
		{"with ports too", to(toGroup("nowhere") + `, toPorts: [{ports: [{port: "443"}]}]`), "", verdicts{inWide: denied, inNone: denied, toPod: denied}},
		{"a denied one denies nobody", deny(toGroup("nowhere")), "", verdicts{inWide: allowed, toPod: allowed}},
		{"an empty group means nobody", to(toGroup("empty")) + cidrGroup("empty", ""), "", verdicts{inWide: denied, inNone: denied}},
		{"a denied group denies its addresses", deny(toGroup("narrow")), "", verdicts{inNarrow: denyRule, inWide: allowed, inNone: allowed, toPod: allowed}},
		{"a group means no pods and nodes, though it holds their addresses", to(toGroup("inside")) + cidrGroup("inside", "", "10.0.0.0/8", "172.18.0.0/16"), "",
			verdicts{toPod: denied, toNode: denied, "egress dev/client 10.99.0.1 443": allowed}},
		{"except cuts a part out", to(`toCIDRSet: [{cidrGroupRef: wide, except: [203.0.113.128/25]}]`), "", verdicts{inWide: allowed, inNarrow: denied}},
		{"except cuts out what no other rule or group names", to(`toCIDRSet: [{cidrGroupRef: wide, except: [203.0.113.9/32]}]`), "", verdicts{inWide: denied, inNarrow: allowed, "egress dev/client 203.0.113.10 443": allowed}},
		{"what one rule excepts another may allow", client(`egress: [{toCIDRSet: [{cidrGroupRef: wide, except: [203.0.113.128/25]}]}, {`+toGroup("narrow")+`}]`) + groups, "", verdicts{inWide: allowed, inNarrow: allowed}},
		{"on ingress a group means the source's address", server(`ingress: [{fromCIDRSet: [{cidrGroupRef: wide}]}]`) + groups, "",
			verdicts{"ingress 203.0.113.9 dev/server 80": allowed, "ingress 198.51.100.1 dev/server 80": denied, "ingress world dev/server 80": denied, toServer: denied}},
		{"a denied group on ingress", server(`ingress: [{fromEntities: [world]}], ingressDeny: [{fromCIDRSet: [{cidrGroupRef: narrow}]}]`) + groups, "",
			verdicts{"ingress 203.0.113.9 dev/server 80": allowed, "ingress 203.0.113.200 dev/server 80": denyRule}},
		{"a clusterwide policy takes groups too", ccnp("p", `endpointSelector: {matchLabels: {app: client}}, egress: [{`+toGroup("wide")+`}]`) + groups, "", verdicts{inWide: allowed, inNone: denied}},
		{"the addresses of a group stay the world", to(`toEntities: [world]`), "", verdicts{inWide: allowed, inNarrow: allowed, inNone: allowed}},
		{"a group does not take addresses from a CIDR around it", to(`toCIDR: [203.0.113.0/24]`), "", verdicts{inWide: allowed, inNarrow: allowed}},
		{"a CIDR inside a group does not take addresses from the group", client(`egress: [{`+toGroup("wide")+`}, {toCIDR: [203.0.113.200/32], toPorts: [{ports: [{port: "80"}]}]}]`) + groups, "", verdicts{inNarrow: allowed, inWide: allowed}},
		{"another pod's CIDR inside a group does not either", to(toGroup("wide")) + server(`egress: [{toCIDR: [203.0.113.200/32, 203.0.113.0/25]}]`), "", verdicts{inNarrow: allowed, inWide: allowed}},
		{"a wide deny beats the group", client(`egress: [{`+toGroup("narrow")+`}], egressDeny: [{toCIDR: [203.0.0.0/16]}]`) + groups, "", verdicts{inNarrow: denyRule}},
		{"a group of everything means everything outside", to(toGroup("all")) + cidrGroup("all", "", "0.0.0.0/0"), "", verdicts{inWide: allowed, inNone: allowed, "egress dev/client world 443": allowed, toPod: denied, toNode: denied}},
		{"of one family only, where there are two", to(toGroup("all")) + cidrGroup("all", "", "0.0.0.0/0"), "enable-ipv6=true", verdicts{inNone: allowed, "egress dev/client 2001:db8::1 443": denied}},
		{"a group may hold IPv6", to(toGroup("six")) + cidrGroup("six", "", `"2001:db8::/32"`), "enable-ipv6=true", verdicts{"egress dev/client 2001:db8::1 443": allowed, "egress dev/client 2001:db9::1 443": denied, inNone: denied}},
		{"a group may be written by an address in it", to(toGroup("host")) + cidrGroup("host", "", "203.0.113.77/24"), "", verdicts{inWide: allowed}},
	})
}

func TestCIDRGroupsByLabels(t *testing.T) {
	groups := cidrGroup("wide", "role: office", "203.0.113.0/24") +
		cidrGroup("narrow", "role: lab, app.kubernetes.io/name: bench, io.cilium.k8s.own: x", "203.0.113.128/25")
	to := func(selector string) string { return client(`egress: [{`+toGroupsWith(selector)+`}]`) + groups }
	expression := func(key, operator, values string) string {
		return to(fmt.Sprintf(`matchExpressions: [{key: %s, operator: %s%s}]`, key, operator, values))
	}
	const world = "egress dev/client world 443"
	check(t, []row{
		{"a label means the groups that have it", to(`matchLabels: {role: office}`), "", verdicts{inWide: allowed, inNarrow: allowed, inNone: denied, toPod: denied}},
		{"of nested groups each by its own labels", to(`matchLabels: {role: lab}`), "", verdicts{inWide: denied, inNarrow: allowed}},
		{"a key with dots and a slash", to(`matchLabels: {app.kubernetes.io/name: bench}`), "", verdicts{inWide: denied, inNarrow: allowed}},
		{"all labels must match, those of all the groups that hold the address", to(`matchLabels: {role: office, app.kubernetes.io/name: bench}`), "", verdicts{inWide: denied, inNarrow: allowed}},
		{"Cilium's own labels are no group's", to(`matchLabels: {io.cilium.k8s.own: x}`), "", verdicts{inNarrow: denied}},
		{"In", expression("role", "In", `, values: [lab, shed]`), "", verdicts{inWide: denied, inNarrow: allowed}},
		{"Exists", expression("role", "Exists", ``), "", verdicts{inWide: allowed, inNarrow: allowed, inNone: denied}},
		{"labels that no group has", to(`matchLabels: {role: shed}`), "", verdicts{inWide: denied, inNone: denied}},
		{"except cuts a part out", client(`egress: [{toCIDRSet: [{cidrGroupSelector: {matchLabels: {role: office}}, except: [203.0.113.128/25]}]}]`) + groups, "", verdicts{inWide: allowed, inNarrow: denied}},
		{"on ingress", server(`ingress: [{fromCIDRSet: [{cidrGroupSelector: {matchLabels: {role: office}}}]}]`) + groups, "",
			verdicts{"ingress 203.0.113.9 dev/server 80": allowed, "ingress 198.51.100.1 dev/server 80": denied, toServer: denied}},
		{"denied", client(`egress: [{toEntities: [all]}], egressDeny: [{`+toGroupsWith(`matchLabels: {role: lab}`)+`}]`) + groups, "",
			verdicts{inNarrow: denyRule, inWide: allowed, toPod: allowed}},
		{"up to 1.19.3 a key has one value, that of the narrowest group", to(`matchLabels: {role: office}`), "version=1.19.3", verdicts{inWide: allowed, inNarrow: denied}},
		{"which a deny by label misses too", client(`egress: [{toEntities: [all]}], egressDeny: [{`+toGroupsWith(`matchLabels: {role: office}`)+`}]`) + groups, "version=1.18.4", verdicts{inWide: denyRule, inNarrow: allowed}},
		{"since 1.19.4 it has all", to(`matchLabels: {role: office}`), "version=1.19.4", verdicts{inWide: allowed, inNarrow: allowed}},
		{"keys that do not meet were always inherited", to(`matchLabels: {app.kubernetes.io/name: bench}`), "version=1.18.4", verdicts{inNarrow: allowed}},
		{"since 1.20 NotIn means every address outside that is in no such group", expression("role", "NotIn", `, values: [lab]`), "version=1.20.0", verdicts{inWide: allowed, inNarrow: denied, inNone: allowed, world: allowed, toPod: denied, toNode: denied}},
		{"up to 1.19 pods and nodes as well", expression("role", "NotIn", `, values: [lab]`), "version=1.19.6", verdicts{inWide: allowed, inNarrow: denied, inNone: allowed, toPod: allowed, toNode: allowed}},
		{"DoesNotExist likewise since 1.20", expression("role", "DoesNotExist", ``), "version=1.20.0", verdicts{inWide: denied, inNone: allowed, toPod: denied}},
		{"and up to 1.19", expression("role", "DoesNotExist", ``), "version=1.18.4", verdicts{inWide: denied, inNone: allowed, toPod: allowed, toNode: allowed}},
		{"an empty selector means everything, pods and nodes too", to(``), "", verdicts{inNone: allowed, inWide: allowed, toPod: allowed, toNode: allowed}},
		{"but whom it means with a port by name, the order of Cilium's rules decides", client(`egress: [{toCIDRSet: [{cidrGroupSelector: {}}], toPorts: [{ports: [{port: web}]}]}]`) + groups, "", verdicts{"egress dev/client dev/server 8080": undetermined, "egress dev/client dev/server 81": denied}},
		{"with a number there is no doubt", client(`egress: [{toCIDRSet: [{cidrGroupSelector: {}}], toPorts: [{ports: [{port: "8080"}]}]}]`) + groups, "", verdicts{"egress dev/client dev/server 8080": allowed, "egress dev/client dev/server 81": denied}},
		{"and did so before", to(``), "version=1.18.4", verdicts{inNone: allowed, inWide: allowed, toPod: allowed, toNode: allowed}},
		{"with except it means everything outside but that", client(`egress: [{toCIDRSet: [{cidrGroupSelector: {}, except: [203.0.113.128/25]}]}]`) + groups, "", verdicts{inNone: allowed, inWide: allowed, inNarrow: denied, toPod: denied, toNode: denied}},
		{"denying by absence denied pods up to 1.19", client(`egress: [{toEntities: [all]}], egressDeny: [{`+toGroupsWith(`matchExpressions: [{key: role, operator: DoesNotExist}]`)+`}]`) + groups, "version=1.19.6",
			verdicts{toPod: denyRule, inNone: denyRule, inWide: allowed}},
	})
}

func TestCIDRGroupsByRelease(t *testing.T) {
	rule := client(`egress: [{` + toGroup("wide") + `}]`)
	v2, alpha := cidrGroup("wide", "", "203.0.113.0/24"), cidrGroupOf("v2alpha1", "wide", "", "203.0.113.0/24")
	except := client(`egress: [{toCIDRSet: [{cidrGroupRef: wide, except: [203.0.113.128/25]}]}]`)
	selector := client(`egress: [{` + toGroupsWith(`matchLabels: {a: b}`) + `}]`)
	check(t, []row{
		{"1.16 knows groups of v2alpha1", rule + alpha, "version=1.16.19", verdicts{inWide: allowed, inNone: denied}},
		{"1.17 too", rule + alpha, "version=1.17.14", verdicts{inWide: allowed}},
		{"up to 1.17 an object of v2 is none", rule + v2, "version=1.17.14", verdicts{inWide: denied}},
		{"1.18 knows both", rule + v2, "version=1.18.0", verdicts{inWide: allowed}},
		{"v2alpha1 is still served by 1.20", rule + alpha, "version=1.20.2", verdicts{inWide: allowed}},
		{"1.16 refuses except beside a group", except + alpha, "version=1.16.19", verdicts{inNone: allowed, toPod: allowed}},
		{"1.17 takes it", except + alpha, "version=1.17.0", verdicts{inWide: allowed, inNarrow: denied, inNone: denied}},
		{"1.16 refuses selectors of groups", selector + alpha, "version=1.16.19", verdicts{inNone: allowed}},
		{"1.17 takes them", selector + cidrGroupOf("v2alpha1", "wide", "a: b", "203.0.113.0/24"), "version=1.17.0", verdicts{inWide: allowed, inNone: denied}},
	})
	load(t, "version=1.17.14", rule+v2).said(model.Error, "CiliumCIDRGroup wide counts as absent", "cilium.io/v2alpha1 only")
	load(t, "version=1.16.19", except+alpha).said(model.Error, "except with cidrGroupRef came with 1.17")
	load(t, "version=1.16.19", selector+alpha).said(model.Error, "cidrGroupSelector came with 1.17")
}

func TestCIDRGroupsThatMeanNobodyAreWarnedOf(t *testing.T) {
	const text = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: out}
spec:
  endpointSelector: {}
  egress:
  - toCIDRSet:
    - cidr: 203.0.113.0/24
    - cidrGroupRef: office # ref
    - cidrGroupSelector: {matchLabels: {role: lab}} # selector
`
	s := load(t, "", text)
	ref := s.said(model.Warning, "CiliumNetworkPolicy dev/out", "egress[0].toCIDRSet[1] means no address", "CiliumCIDRGroup office")
	assert.Equal(t, marked(t, text, "ref"), ref.Line)
	selector := s.said(model.Warning, "egress[0].toCIDRSet[2] means no group")
	assert.Equal(t, marked(t, text, "selector"), selector.Line)
	assert.Equal(t, allowed, outcome(s.judge(inWide)))
	assert.Empty(t, load(t, "", text, cidrGroup("office", "role: lab", "198.51.100.0/24")).issues)
	load(t, "", text, cidrGroup("office", "role: lab")).said(model.Warning, "egress[0].toCIDRSet[1] means no address")
	everybody := load(t, "", client(`egress: [{`+toGroupsWith(``)+`}]`))
	everybody.said(model.Warning, "egress[0].toCIDRSet[0] means EVERYBODY")
	assert.Equal(t, []string{"client egress[0]"}, rulesBy(everybody.judge(toPod)))
}

func TestADenyWhoseGroupIsMissingIsACondition(t *testing.T) {
	rules := client(`egress: [{toEntities: [all]}], egressDeny: [{` + toGroup("office") + `, toPorts: [{ports: [{port: "443"}]}]}]`)
	s := load(t, "", rules)
	step := s.judge(inWide)
	assert.Equal(t, allowed, outcome(step))
	assert.Len(t, step.Conditions, 1)
	assert.Contains(t, step.Conditions[0], "CIDR group office, which no file holds and rule egressDeny[0].toPorts[0]")
	assert.Empty(t, s.judge(toPod).Conditions, "a group never holds a pod")
	assert.Empty(t, s.judge("egress dev/client 203.0.113.9 80").Conditions)
	assert.Empty(t, load(t, "", rules, cidrGroup("office", "")).judge(inWide).Conditions, "a group that is loaded and empty is known")
	allows := client(`egress: [{toEntities: [all]}, {` + toGroup("office") + `}]`)
	assert.Empty(t, load(t, "", allows).judge(inWide).Conditions, "a rule that allows turns no allow")
}

// What an API server refuses is absent: the group then means nobody.
func TestBadCIDRGroupsAreAbsent(t *testing.T) {
	text := `---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: office}
spec:
  externalCIDRs:
  - 203.0.113.0/24
  - 203.0.113.9 # here
`
	s := load(t, "", text, client(`egress: [{`+toGroup("office")+`}]`))
	bad := s.said(model.Error, "CiliumCIDRGroup office is invalid and counts as absent", "spec.externalCIDRs[1]")
	assert.Equal(t, marked(t, text, "here"), bad.Line)
	s.said(model.Warning, "means no address")
	assert.Equal(t, denied, outcome(s.judge(inWide)))
}

func TestIdentitiesOfGroupMembers(t *testing.T) {
	groups := cidrGroup("wide", "role: office", "203.0.113.0/24") + cidrGroup("narrow", "role: lab", "203.0.113.128/25")
	named := client(`egress: [{toCIDR: [203.0.113.192/26]}]`)
	for _, r := range []struct{ claim, set, addr, want string }{
		{"a member has its group and the group's labels", "", "203.0.113.9", "cidrgroup:io.cilium.policy.cidrgroupname/wide cidrgroup:role+office cidrgroup:role=office reserved:world"},
		{"one of two groups has both", "", "203.0.113.130", "cidrgroup:io.cilium.policy.cidrgroupname/narrow cidrgroup:io.cilium.policy.cidrgroupname/wide cidrgroup:role+lab cidrgroup:role+office cidrgroup:role=lab reserved:world"},
		{"and the CIDR that a rule names", "", "203.0.113.200", "cidr:203.0.113.192/26 cidrgroup:io.cilium.policy.cidrgroupname/narrow cidrgroup:io.cilium.policy.cidrgroupname/wide cidrgroup:role+lab cidrgroup:role+office cidrgroup:role=lab reserved:world"},
		{"before 1.19.4 only one value", "version=1.19.3", "203.0.113.130", "cidrgroup:io.cilium.policy.cidrgroupname/narrow cidrgroup:io.cilium.policy.cidrgroupname/wide cidrgroup:role=lab reserved:world"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set, groups, named)
			assert.Equal(t, r.want, strings.Join(s.engine.Identity(s.party(r.addr), nil), " "))
		})
	}
}

func TestCIDRGroupsAndTheWorld(t *testing.T) {
	s := load(t, "", client(`egress: [{toEntities: [world]}, {`+toGroup("office")+`}, {`+toGroupsWith(`matchLabels: {a: b}`)+`}]`)+cidrGroup("office", "a: b", "203.0.113.0/24"))
	step := s.judge("egress dev/client world 443")
	assert.Equal(t, allowed, outcome(step))
	assert.Len(t, step.Conditions, 2)
	assert.Contains(t, step.Conditions[0], "not for addresses of CIDR group office: rule egress[1]")
	assert.Contains(t, step.Conditions[1], "the CIDR groups that its cidrGroupSelector means")
}

func TestHintsKnowThatGroupsMeanNoPods(t *testing.T) {
	s := load(t, "", client(`egress: [{`+toGroup("pods")+`}]`)+cidrGroup("pods", "", "10.244.0.0/16"))
	assert.Contains(t, s.judge(toPod).Hint, "rule egress[0]")
	assert.Contains(t, s.judge(toPod).Hint, "CIDR rules never match pods or nodes of the cluster")
}
