package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMutualAuthentication(t *testing.T) {
	const (
		required = `authentication: {mode: required}`
		off      = "mesh-auth-enabled=false"
		on       = "mesh-auth-enabled=true"
		all      = `fromEndpoints: [{}]`
		web      = `toPorts: [{ports: [{port: "8080", protocol: TCP}]}]`
		otherWay = "ingress dev/client dev/server 81"
	)
	pods := server(`ingress: [{` + all + `, ` + required + `}]`)
	anyone := server(`ingress: [{fromEntities: [all], ` + required + `}]`)
	check(t, []row{
		{"what requires authentication is dropped where nobody authenticates", pods, off, verdicts{toServer: unauthentic}},
		{"where peers can authenticate, netsim cannot know whether they do", pods, on, verdicts{toServer: undetermined}},
		{"authentication is off by default since 1.19", pods, "version=1.19.0", verdicts{toServer: unauthentic}},
		{"authentication is on by default up to 1.18", pods, "version=1.18.10", verdicts{toServer: undetermined}},
		{"a node can never authenticate", anyone, on, verdicts{otherNode: unauthentic, toServer: undetermined}},
		{"neither can the world", anyone, on, verdicts{"ingress world dev/server 80": unauthentic, "ingress 203.0.113.9 dev/server 80": unauthentic}},
		{"nor an address that a CIDR rule names", server(`ingress: [{fromCIDR: [203.0.113.0/24], ` + required + `}]`), on, verdicts{"ingress 203.0.113.9 dev/server 80": unauthentic}},
		{"a peer without a rule is denied, not unauthenticated", pods, off, verdicts{"ingress uat/client dev/server 80": denied}},
		{"a deny beats authentication", server(`ingress: [{` + all + `, ` + required + `}], ingressDeny: [{` + all + `}]`), off, verdicts{toServer: denyRule}},
		{"disabled asks for nothing", server(`ingress: [{` + all + `, authentication: {mode: disabled}}]`), off, verdicts{toServer: allowed}},
		{"egress rules can require it too", client(`egress: [{toEndpoints: [{}], ` + required + `}]`), off, verdicts{"egress dev/client dev/server 80": unauthentic}},
		{"on one port it leaves the others", server(`ingress: [{` + all + `, ` + web + `, ` + required + `}, {` + all + `, toPorts: [{ports: [{port: "81", protocol: TCP}]}]}]`), off, verdicts{toServer: unauthentic, otherWay: allowed}},
		{"on all ports it also binds a plain rule for one of them", server(`ingress: [{` + all + `, ` + required + `}, {` + all + `, ` + web + `}]`), off, verdicts{toServer: unauthentic, otherWay: unauthentic}},
		{"an explicit disabled on the one port lifts it", server(`ingress: [{` + all + `, ` + required + `}, {` + all + `, ` + web + `, authentication: {mode: disabled}}]`), off, verdicts{toServer: allowed, otherWay: unauthentic}},
		{"it holds for the rule's peers alone", server(`ingress: [{fromEndpoints: [{matchLabels: {app: local}}], ` + required + `}, {fromEndpoints: [{matchLabels: {app: client}}]}]`), off, verdicts{toServer: allowed, "ingress dev/local dev/server 8080": unauthentic}},
	})
}

// Of an entry for the peer on every port and one for every peer on the port,
// the kernel takes the second: its match on the port is longer.
func TestLongerMatchOnThePortDecidesAboutAuthentication(t *testing.T) {
	const port = `toPorts: [{ports: [{port: "8080", protocol: TCP}]}]`
	peer := func(mode string) string {
		return cnp("peer", `endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEndpoints: [{matchLabels: {app: client}}]`+mode+`}]`)
	}
	ports := func(mode string) string {
		return cnp("port", `endpointSelector: {matchLabels: {app: server}}, ingress: [{`+port+mode+`}]`)
	}
	required, disabled := `, authentication: {mode: required}`, `, authentication: {mode: disabled}`
	otherPort, otherPeer := "ingress dev/client dev/server 81", "ingress dev/local dev/server 8080"
	check(t, []row{
		{"the port requires it although the peer is exempt", peer(disabled) + ports(required), "", verdicts{toServer: unauthentic, otherPort: allowed, otherPeer: unauthentic}},
		{"the port is exempt although the peer requires it", peer(required) + ports(disabled), "", verdicts{toServer: allowed, otherPort: unauthentic, otherPeer: allowed}},
		{"a port that says nothing takes over what the peer requires", peer(required) + ports(``), "", verdicts{toServer: unauthentic, otherPort: unauthentic, otherPeer: allowed}},
		{"what the port requires holds where the peer says nothing", peer(``) + ports(required), "", verdicts{toServer: unauthentic, otherPort: allowed, otherPeer: unauthentic}},
	})
}

func TestAuthenticationSaysWhyItFails(t *testing.T) {
	s := load(t, "", server(`ingress: [{fromEntities: [all], authentication: {mode: required}}]`))
	assert.Contains(t, s.judge(toServer).Why, "mesh-auth-enabled is off")
	assert.Equal(t, []string{"server ingress[0]"}, rulesBy(s.judge(toServer)))
	assert.Contains(t, s.judge(otherNode).Why, "node w1 is a reserved identity")
	assert.NotContains(t, s.judge(otherNode).Why, "mesh-auth-enabled")
	s = load(t, "mesh-auth-enabled=true", server(`ingress: [{fromEntities: [all], authentication: {mode: required}}]`))
	assert.Contains(t, s.judge(toServer).Why, "handshake")
}

// Two modes on one selector and port keep Cilium from computing the policy.
func TestConflictingAuthenticationLeavesThePodUndetermined(t *testing.T) {
	rule := func(mode string) string {
		return `endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}], authentication: {mode: ` + mode + `}}]`
	}
	s := load(t, "", cnp("one", rule("required")), cnp("two", rule("disabled")), cnp("unrelated", `endpointSelector: {matchLabels: {app: client}}, ingress: [{}]`))
	step := s.judge(toServer)
	assert.Equal(t, undetermined, outcome(step))
	assert.Equal(t, []string{"one", "two"}, rulesBy(step))
	assert.Contains(t, step.Why, "cannot compute")
	assert.Contains(t, step.Why, "conflicting authentication")
	assert.Equal(t, undetermined, outcome(s.judge("ingress dev/client dev/server 81")), "the whole policy of the pod is lost, not one port's")
	assert.Equal(t, denied, outcome(s.judge("ingress dev/server dev/client 80")), "other pods are judged")
}
