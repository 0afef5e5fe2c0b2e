package engine_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
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
		{"but a deny of another port leaves that to the order in which Cilium computes", server(`ingress: [{` + all + `, ` + required + `}, {` + all + `, ` + web + `}], ingressDeny: [{` + all + `, toPorts: [{ports: [{port: "82", protocol: TCP}]}]}]`), off,
			verdicts{toServer: undetermined, otherWay: unauthentic, "ingress dev/client dev/server 82": denyRule}},
		{"and so does a mode for another port", server(`ingress: [{` + all + `, ` + required + `}, {` + all + `, ` + web + `}, {` + all + `, toPorts: [{ports: [{port: "82", protocol: TCP}]}], authentication: {mode: disabled}}]`), off,
			verdicts{toServer: undetermined, "ingress dev/client dev/server 82": allowed}},
		{"one for less of a range comes after it", server(`ingress: [{` + all + `, ` + required + `}, {` + all + `, toPorts: [{ports: [{port: "8000", endPort: 8100, protocol: TCP}]}]}], ingressDeny: [{` + all + `, toPorts: [{ports: [{port: "9000", protocol: TCP}]}]}]`), off,
			verdicts{toServer: unauthentic}},
		{"an explicit disabled on the one port lifts it", server(`ingress: [{` + all + `, ` + required + `}, {` + all + `, ` + web + `, authentication: {mode: disabled}}]`), off, verdicts{toServer: allowed, otherWay: unauthentic}},
		{"a rule for unknown peers that asks for nothing changes nothing", server(`ingress: [{` + all + `}, {fromGroups: [{aws: {securityGroupsNames: [sg]}}], authentication: {mode: disabled}}]`), off, verdicts{toServer: allowed, "ingress 203.0.113.9 dev/server 80": undetermined}},
		{"behind a Pass, a plain rule for one port may take it over or not", clusterNetworkPolicy("admin", "Admin", `subject: {namespaces: {}}, ingress: [{action: Pass, from: [{namespaces: {}}]}]`) + server(`ingress: [{`+all+`, `+required+`}, {fromEntities: [all], `+web+`}]`), off + " enable-k8s-cluster-network-policy=true",
			verdicts{toServer: undetermined, otherWay: unauthentic}},
		{"it also binds what a rule of an earlier tier accepts", clusterNetworkPolicy("admin", "Admin", `subject: {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {}}]}]`) + pods, off + " enable-k8s-cluster-network-policy=true", verdicts{toServer: unauthentic}},
		{"up to 1.18 one rule for everybody more changes nothing", server(`ingress: [{fromEntities: [all], ` + required + `}, {` + all + `, ` + required + `}, {` + all + `, toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`), off + " version=1.18.4", verdicts{toServer: unauthentic}},
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

// The words of "set" that switch authentication on as Cilium's chart does.
const meshAuth = "mesh-auth-enabled=true mesh-auth-mutual-enabled=true mesh-auth-mutual-listener-port=4250 mesh-auth-spire-admin-socket=/run/spire/sockets/admin.sock"

// spire are pods of SPIRE: the server on cp, and an agent on each of the nodes.
func spire(serverReady bool, agents ...string) string {
	pod := func(name, app, node, rest string, ready bool) string {
		return fmt.Sprintf("---\n{apiVersion: v1, kind: Pod, metadata: {namespace: cilium-spire, name: %s, labels: {app: %s}}, spec: {nodeName: %s, %scontainers: [{name: c, image: i}]}, status: {phase: Running, conditions: [{type: Ready, status: %q}]}}\n",
			name, app, node, rest, map[bool]string{true: "True", false: "False"}[ready])
	}
	out := "---\n{apiVersion: v1, kind: Namespace, metadata: {name: cilium-spire}}\n" + pod("spire-server-0", "spire-server", "cp", "", serverReady)
	for _, node := range agents {
		name, broken := strings.CutSuffix(node, "!")
		out += pod("spire-agent-"+name, "spire-agent", name, "hostNetwork: true, ", !broken)
	}
	return out
}

// config is a cilium-config, whose being there means that what it lacks has
// the agent's default. Its content reaches an Engine as options.
const config = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {namespace: kube-system, name: cilium-config}, data: {}}\n"

func TestAuthenticationNeedsTheIdentityPlane(t *testing.T) {
	pods := server(`ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]`)
	everywhere := spire(true, "cp", "w1", "w2")
	const same = "ingress dev/local dev/server 80"
	reply := func(want string) verdicts { return verdicts{toServer: want} }
	check(t, []row{
		{"with SPIRE ready on both nodes it succeeds", pods + everywhere, meshAuth, verdicts{toServer: allowed, same: allowed}},
		{"SPIRE that is not among the files may be there", pods, meshAuth, reply(undetermined)},
		{"a server alone does not say whether there are agents", pods + spire(true), meshAuth, reply(undetermined)},
		{"without a ready server nobody gets a certificate", pods + spire(false, "cp", "w1", "w2"), meshAuth, reply(unauthentic)},
		{"the agent on the destination's node is needed", pods + spire(true, "cp", "w1"), meshAuth, verdicts{toServer: unauthentic}},
		{"so is the one on the source's", pods + spire(true, "w1!", "cp", "w2"), meshAuth, verdicts{toServer: unauthentic, same: allowed}},
		{"one that is not ready issues nothing", pods + spire(true, "cp", "w1", "w2!"), meshAuth, reply(unauthentic)},
		{"a configuration without a listener port cannot do the handshake", pods + everywhere + config, "mesh-auth-enabled=true", reply(unauthentic)},
		{"without a cilium-config nobody knows", pods + everywhere, "mesh-auth-enabled=true", reply(undetermined)},
		{"with a port and no admin socket the agent ends at start", pods + everywhere + config, "mesh-auth-enabled=true mesh-auth-mutual-listener-port=4250", reply(unauthentic)},
		{"identities that the operator does not register may be by somebody else", pods + everywhere + config, strings.ReplaceAll(meshAuth, "mutual-enabled=true", "mutual-enabled=false"), reply(undetermined)},
		{"which helps nothing without a ready server", pods + spire(false, "cp", "w1", "w2") + config, strings.ReplaceAll(meshAuth, "mutual-enabled=true", "mutual-enabled=false"), reply(unauthentic)},
		{"identities that are no objects cannot be registered", pods + everywhere, meshAuth + " identity-allocation-mode=kvstore", reply(unauthentic)},
		{"with SPIRE, and switched off all the same", pods + everywhere, strings.ReplaceAll(meshAuth, "auth-enabled=true", "auth-enabled=false"), reply(unauthentic)},
		{"test-always-fail fails with SPIRE too", server(`ingress: [{fromEndpoints: [{}], authentication: {mode: test-always-fail}}]`) + everywhere, meshAuth, reply(unauthentic)},
		{"in audit mode it is reported and let through", pods, "mesh-auth-enabled=false policy-audit-mode=true", reply(allowed)},
		{"where policy is never enforced nothing is demanded", pods, "mesh-auth-enabled=false enable-policy=never", reply(allowed)},
	})
	assert.Contains(t, load(t, "", pods).judge(toServer).Why, "mesh-auth-enabled is off (the default of 1.20.2)")
	assert.Contains(t, load(t, "", pods+config).judge(toServer).Why, "mesh-auth-enabled is off (the agent's default, since cilium-config does not say)")
	for address, says := range map[string]string{
		"spire.example.org:8081":             "SPIRE's server is at spire.example.org:8081, outside these files",
		"spire-server.cilium-spire.svc:8081": "SPIRE's server (spire-server) is not among the files",
	} {
		assert.Contains(t, load(t, meshAuth+" mesh-auth-spire-server-address="+address, pods).judge(toServer).Why, says)
	}
}

func TestReservedIdentitiesNeverAuthenticate(t *testing.T) {
	const required = `authentication: {mode: required}`
	plane := spire(true, "cp", "w1", "w2")
	anyone := server(`ingress: [{fromEntities: [all], `+required+`}]`) + plane
	onPort := server(`ingress: [{toPorts: [{ports: [{port: "8080", protocol: TCP}]}], `+required+`}]`) + plane
	exempt := cnp("probes", `endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEntities: [host], toPorts: [{ports: [{port: "8080", protocol: TCP}]}], authentication: {mode: disabled}}]`)
	plain := cnp("probes", `endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEntities: [host], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]`)
	const kubelet, hostnet = "ingress node/w2 dev/server 8080", "ingress dev/hostnet dev/server 8080"
	check(t, []row{
		{"a rule for everybody breaks the kubelet's probes, whatever allow-localhost says", anyone, meshAuth, verdicts{kubelet: unauthentic, toServer: allowed}},
		{"so does one for a port", onPort, meshAuth, verdicts{kubelet: unauthentic, "ingress node/w2 dev/server 81": allowed}},
		{"also in 1.17", anyone, meshAuth + " version=1.17.14", verdicts{kubelet: unauthentic}},
		{"1.16 exempts the own node from a rule for everybody", anyone, meshAuth + " version=1.16.19", verdicts{kubelet: allowed, otherNode: unauthentic}},
		{"but not from one for a port", onPort, meshAuth + " version=1.16.19", verdicts{kubelet: unauthentic}},
		{"a plain rule for the node takes the demand over", onPort + plain, meshAuth, verdicts{kubelet: unauthentic}},
		{"one that says disabled lifts it", onPort + exempt, meshAuth, verdicts{kubelet: allowed, toServer: allowed}},
		{"a rule for pods leaves the node alone", server(`ingress: [{fromEndpoints: [{}], `+required+`}]`) + plane, meshAuth, verdicts{kubelet: allowed}},
		{"a hostNetwork pod is its node", anyone, meshAuth, verdicts{hostnet: unauthentic}},
		{"nor can a node whose own policy demands it", ccnp("nodes", `nodeSelector: {}, ingress: [{fromEntities: [all], `+required+`}]`) + plane, meshAuth + " enable-host-firewall=true", verdicts{"ingress dev/client node/w2 80": unauthentic}},
		{"nor can an egress rule authenticate a node or the outside", client(`egress: [{toEntities: [all], `+required+`}]`) + plane, meshAuth,
			verdicts{"egress dev/client node/w2 80": unauthentic, "egress dev/client 203.0.113.9 80": unauthentic, "egress dev/client dev/server 80": allowed}},
	})
}

func TestAuthenticationIsAStepOfItsOwn(t *testing.T) {
	policy := `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: server}
spec:
  endpointSelector: {matchLabels: {app: server}}
  ingress:
  - fromEndpoints: [{}] # RULE
    authentication: {mode: required}
  - fromEndpoints: [{}] # PLAIN
    toPorts: [{ports: [{port: "8080", protocol: TCP}]}]
`
	s := load(t, "mesh-auth-enabled=false", policy)
	steps := s.steps(toServer)
	require.Len(t, steps, 2)
	assert.Equal(t, model.Allowed, steps[0].Verdict, "policy lets it through")
	assert.Equal(t, []string{"server ingress[0]", "server ingress[1].toPorts[0]"}, rulesBy(steps[0]))
	auth := steps[1]
	assert.Equal(t, model.StageAuth, auth.Stage)
	assert.Equal(t, "w2", auth.Node)
	assert.Equal(t, []string{"server ingress[0]"}, rulesBy(auth), "the rule that asks for it, not the one that takes it over")
	assert.Equal(t, marked(t, policy, "RULE"), auth.By[0].Line)
	assert.Contains(t, auth.Why, "mesh-auth-enabled is off")
	assert.Contains(t, auth.Hint, "authentication.enabled: true")
	assert.Contains(t, auth.Hint, "disabled in rule ingress[0]")
	assert.Len(t, s.steps("ingress uat/client dev/server 8080"), 1, "what policy denies has nothing to authenticate")

	anyone := server(`ingress: [{fromEntities: [all], authentication: {mode: required}}]`)
	auth = load(t, "mesh-auth-enabled=false", anyone).judge(otherNode)
	assert.Contains(t, auth.Why, "node w1 is a reserved identity")
	assert.NotContains(t, auth.Why, "mesh-auth-enabled", "it would not help to switch it on")
	assert.Contains(t, auth.Hint, "fromEndpoints")
}

func TestAnAuthenticatedPacketNamesItsIdentities(t *testing.T) {
	identity := func(number int, app, extra string) string {
		return fmt.Sprintf("---\n{apiVersion: cilium.io/v2, kind: CiliumIdentity, metadata: {name: %q}, security-labels: {%q: %s, \"k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name\": dev, \"k8s:io.cilium.k8s.namespace.labels.team\": blue, \"k8s:io.cilium.k8s.policy.cluster\": default, \"k8s:io.cilium.k8s.policy.serviceaccount\": robot, \"k8s:io.kubernetes.pod.namespace\": dev%s}}\n", fmt.Sprint(number), "k8s:app", app, extra)
	}
	pods := server(`ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]`) + spire(true, "cp", "w1", "w2")
	s := load(t, meshAuth, pods+identity(48312, "client", `, "k8s:tier": front`)+identity(48313, "server", ""))
	steps := s.steps(toServer)
	require.Len(t, steps, 2)
	why := steps[1].Why
	assert.Contains(t, why, "pod dev/client as spiffe://spiffe.cilium/identity/48312")
	assert.Contains(t, why, "pod dev/server as spiffe://spiffe.cilium/identity/N", "its labels are not those of 48313")
	assert.Contains(t, why, "node w2 shakes hands with that of node w1 on 4250/TCP")
	assert.Contains(t, why, "AUTH_REQUIRED", "the first packets are dropped")
	s = load(t, meshAuth, pods+identity(48312, "client", `, "k8s:tier": front`)+identity(48315, "client", `, "k8s:tier": front`))
	assert.Contains(t, s.steps(toServer)[1].Why, "identity/48312 or 48315", "agents made two objects for the same labels")
	s = load(t, meshAuth+" mesh-auth-spiffe-trust-domain=example.org mesh-auth-mutual-listener-port=4300", pods)
	why = s.steps("ingress dev/local dev/server 8080")[1].Why
	assert.Contains(t, why, "spiffe://example.org/identity/")
	assert.Contains(t, why, "4300/TCP")
}

// A rule whose peers netsim cannot know may mean the packet, and ask for more
// or for less.
func TestUnknownPeersLeaveTheModeOpen(t *testing.T) {
	rule := func(name, peers, mode string) string {
		return cnp(name, `endpointSelector: {matchLabels: {app: client}}, egress: [{`+peers+`, authentication: {mode: `+mode+`}}]`)
	}
	const unknown, outside = "toGroups: [{aws: {securityGroupsIds: [sg-1]}}]", "egress dev/client 203.0.113.9 443"
	plain := cnp("plain", `endpointSelector: {matchLabels: {app: client}}, egress: [{toEntities: [world]}]`)
	check(t, []row{
		{"it may demand what nobody else does", plain + rule("groups", unknown, "required"), "", verdicts{outside: undetermined, "egress dev/client dev/server 443": denied}},
		{"it may lift what another demands", rule("world", "toEntities: [world]", "required") + rule("groups", unknown, "disabled"), "", verdicts{outside: undetermined}},
		{"or send it to a proxy, whose entry goes first", rule("world", "toEntities: [world]", "required") +
			cnp("groups", `endpointSelector: {matchLabels: {app: client}}, egress: [{`+unknown+`, toPorts: [{ports: [{port: "443", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`), "", verdicts{outside: undetermined, "egress dev/client 203.0.113.9 80": unauthentic}},
	})
	denied := cnp("denied", `endpointSelector: {matchLabels: {app: client}}, egressDeny: [{`+unknown+`}]`)
	steps := load(t, "mesh-auth-enabled=false", rule("world", "toEntities: [world]", "required"), denied).steps(outside)
	require.Len(t, steps, 2)
	assert.Equal(t, undetermined, outcome(steps[1]), "who may not be let in may not be asked")
	assert.Contains(t, steps[1].Why, "what leaves the policy open could change that too")
}

// The agent finds the peer's node by the address that the packet carries, and
// needs none where it is its own.
func TestThePeersNodeIsFoundByIPv4(t *testing.T) {
	const six = `---
{apiVersion: v1, kind: Node, metadata: {name: six}, status: {addresses: [{type: InternalIP, address: "fd00::6"}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: six, labels: {app: six}}, spec: {nodeName: six, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.6.10}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: beside, labels: {app: client}}, spec: {nodeName: six, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.6.11}}
`
	policies := cnp("all", `endpointSelector: {}, ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]`) + client(`egress: [{toEndpoints: [{}], authentication: {mode: required}}]`)
	s := load(t, meshAuth, six, policies, spire(true, "cp", "w1", "w2", "six"))
	for _, r := range []struct{ claim, packet, source, destination, want, says string }{
		{"by the pod's own address", toServer, "", "", allowed, ""},
		{"not by another one", toServer, "172.18.0.3", "", undetermined, "the packet does not carry pod dev/client's own address"},
		{"which is no matter on one node", "ingress dev/beside dev/six 80", "10.244.6.1", "", allowed, ""},
		{"nor on the way out", "egress dev/client dev/server 80", "", "10.96.0.1", allowed, ""},
		{"not where the peer's node has none", "ingress dev/six dev/server 80", "", "", undetermined, "node six has no such address"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			q := s.question(r.packet)
			if r.source != "" {
				q.Packet.Source.Addr = netip.MustParseAddr(r.source)
			}
			if r.destination != "" {
				q.Packet.Destination.Addr = netip.MustParseAddr(r.destination)
			}
			step := decisive(s.engine.Judge(q))
			assert.Equal(t, r.want, outcome(step), step.Why)
			assert.Contains(t, step.Why, r.says)
		})
	}
}

// Two modes on one selector and port keep Cilium from computing the policy.
func TestConflictingRulesLeaveThePodUndetermined(t *testing.T) {
	rule := func(mode string) string {
		return `endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "81", protocol: TCP}]}, {ports: [{port: "8080", protocol: TCP}]}], authentication: {mode: ` + mode + `}}]`
	}
	s := load(t, "", cnp("one", rule("required")), cnp("two", rule("required")), cnp("three", rule("disabled")),
		cnp("innocent", `endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}], egress: [{}]`),
		cnp("unrelated", `endpointSelector: {matchLabels: {app: client}}, ingress: [{}]`))
	step := s.judge(toServer)
	assert.Equal(t, undetermined, outcome(step))
	assert.Equal(t, []string{"one ingress[0].toPorts[0]", "one ingress[0].toPorts[1]", "three ingress[0].toPorts[0]", "three ingress[0].toPorts[1]", "two ingress[0].toPorts[0]", "two ingress[0].toPorts[1]"}, rulesBy(step),
		"all that conflict, port by port, and no other")
	assert.Contains(t, step.Why, "cannot merge conflicting authentication types (required/disabled)")
	assert.Contains(t, step.Why, "policies2.yaml:2")
	assert.Contains(t, step.Why, "keeps the policy from before")
	assert.Contains(t, step.Why, "does not start")
	assert.NotEmpty(t, step.Hint)
	assert.Equal(t, undetermined, outcome(s.judge("ingress dev/client dev/server 9000")), "the whole policy of the pod is lost, not one port's")
	assert.Equal(t, undetermined, outcome(s.judge("egress dev/server dev/client 80")), "in both directions")
	assert.Equal(t, denied, outcome(s.judge("ingress dev/server dev/client 80")), "other pods are judged")
}

func TestConflictsOfEveryKindAreFound(t *testing.T) {
	ports := func(rules string) string { return `toPorts: [{ports: [{port: "53", protocol: TCP}]` + rules + `}]` }
	egress := func(name, rules string) string {
		return cnp(name, `endpointSelector: {matchLabels: {app: client}}, egress: [{toEndpoints: [{}], `+rules+`}]`)
	}
	const http, dns = `, rules: {http: [{method: GET}]}`, `, rules: {dns: [{matchPattern: "*"}]}`
	rows := []struct {
		claim, policies string
		by              []string
		why             string
	}{
		{"two proxies on one port", egress("a", ports(http)) + egress("b", ports(dns)), []string{"a egress[0].toPorts[0]", "b egress[0].toPorts[0]"}, "conflicting L7 parsers"},
		{"two proxies in one rule", egress("a", `toPorts: [{ports: [{port: "53", protocol: TCP}]`+http+`}, {ports: [{port: "53", protocol: TCP}]`+dns+`}]`), []string{"a egress[0].toPorts[0]", "a egress[0].toPorts[1]"}, "conflicting L7 parsers"},
		{"two modes on every port", egress("a", `authentication: {mode: required}`) + egress("b", `authentication: {mode: test-always-fail}`), []string{"a egress[0]", "b egress[0]"}, "required"},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			step := load(t, "", row.policies).judge("egress dev/client dev/server 53")
			assert.Equal(t, undetermined, outcome(step))
			assert.Equal(t, row.by, rulesBy(step))
			assert.Contains(t, step.Why, row.why)
		})
	}
}
