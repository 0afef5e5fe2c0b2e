package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// written holds rules of every shape, each with its name at the line where it
// stands.
const written = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: shapes}
spec:
  endpointSelector: {matchLabels: {app: server}}
  ingress:
  - fromEndpoints: [{matchLabels: {app: nobody}}]
  - fromEndpoints: [{matchLabels: {app: client}}]
    toPorts:
    - ports: [{port: "80", protocol: TCP}]  # shapes ingress[1].toPorts[0]
    - ports: [{port: "81", protocol: TCP}]  # shapes ingress[1].toPorts[1]
  - fromEntities: [remote-node]  # shapes ingress[2]
  - icmps:
    - fields: [{type: 13}]
    - fields: [{type: 8}]  # shapes ingress[3].icmps[1]
  ingressDeny:
  - fromEndpoints: [{matchLabels: {app: local}}]
    toPorts:
    - ports: [{port: "90", protocol: TCP}]  # shapes ingressDeny[0].toPorts[0]
  - fromEndpoints: [{matchLabels: {app: local}}]  # shapes ingressDeny[1]
  egress:
  - toEntities: [host]
  - toCIDR: [203.0.113.0/24]  # shapes egress[1]
  egressDeny:
  - toEntities: [remote-node]
  - toPorts:
    - ports: [{port: "1", protocol: TCP}]
    - ports: [{port: "2", protocol: TCP}]  # shapes egressDeny[1].toPorts[1]
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: several}
spec:
  endpointSelector: {matchLabels: {app: nobody}}
  ingress: [{}]
specs:
- endpointSelector: {matchLabels: {app: nobody}}
  ingress: [{}]
- endpointSelector: {matchLabels: {app: server}}
  ingress:
  - fromEndpoints: [{matchLabels: {app: client, "k8s:io.kubernetes.pod.namespace": dev}}]  # several specs[1].ingress[0]
  egress:
  - toEntities: [world]  # several specs[1].egress[0]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: dev, name: plain}
spec:
  podSelector: {matchLabels: {app: server}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: nobody}}
    - namespaceSelector: {matchLabels: {team: red}}  # plain ingress[0].from[1]
    ports: [{port: 70}, {port: 71}]
  - ports: [{port: 60}]  # plain ingress[1]
  egress:
  - to: [{ipBlock: {cidr: 198.51.100.0/24}}]
  policyTypes: [Ingress, Egress]  # plain policyTypes
`

func TestEveryRuleThatDecidedIsNamedWithItsLine(t *testing.T) {
	s := load(t, "", written)
	for packet, want := range map[string]string{
		"ingress dev/client dev/server 80":     "several specs[1].ingress[0], shapes ingress[1].toPorts[0]",
		"ingress dev/client dev/server 81":     "several specs[1].ingress[0], shapes ingress[1].toPorts[1]",
		"ingress node/w1 dev/server 80":        "shapes ingress[2]",
		"ingress uat/client dev/server 8/ICMP": "shapes ingress[3].icmps[1]",
		"ingress dev/local dev/server 91":      "shapes ingressDeny[1]",
		"ingress dev/local dev/server 90":      "shapes ingressDeny[0].toPorts[0], shapes ingressDeny[1]",
		"ingress uat/client dev/server 71":     "plain ingress[0].from[1]",
		"ingress 192.0.2.1 dev/server 60":      "plain ingress[1]",
		"egress dev/server 203.0.113.9 80":     "several specs[1].egress[0], shapes egress[1]",
		"egress dev/server 203.0.113.9 2":      "shapes egressDeny[1].toPorts[1]",
	} {
		step := s.judge(packet)
		assert.Equal(t, want, strings.Join(rulesBy(step), ", "), packet)
		for _, o := range step.By {
			assert.Equal(t, marked(t, written, o.Name+" "+o.Rule), o.Line, "%s: line of %s %s", packet, o.Name, o.Rule)
			assert.Equal(t, "policies0.yaml", o.File)
		}
	}
}

func TestRulesOfNetworkPoliciesAreNamed(t *testing.T) {
	s := load(t, "",
		np("a", `podSelector: {matchLabels: {app: server}}, policyTypes: [Ingress, Egress], egress: [{to: [{podSelector: {matchLabels: {app: local}}}]}, {to: [{podSelector: {}}, {ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: 80}]}]`),
		np("b", `podSelector: {matchLabels: {app: client}}, ingress: [{}], policyTypes: [Ingress, Egress]`))
	assert.Equal(t, []string{"a egress[0].to[0]"}, rulesBy(s.judge("egress dev/server dev/local 81")))
	assert.Equal(t, []string{"a egress[0].to[0]", "a egress[1].to[0]"}, rulesBy(s.judge("egress dev/server dev/local 80")))
	assert.Equal(t, []string{"a egress[1].to[1]"}, rulesBy(s.judge("egress dev/server 203.0.113.9 80")))
	assert.Equal(t, []string{"a"}, rulesBy(s.judge(toServer)))
	assert.Equal(t, []string{"b ingress[0]"}, rulesBy(s.judge("ingress world dev/client 80")))
	assert.Equal(t, []string{"b"}, rulesBy(s.judge("egress dev/client dev/server 80")))
}

func TestDefaultDenyNamesEveryPolicyThatSwitchedItOn(t *testing.T) {
	s := load(t, "",
		server(`ingress: [{fromEntities: [world]}, {fromEntities: [host]}]`),
		ccnp("wide", `endpointSelector: {}, ingress: [{}]`),
		npServer(``),
		cnp("open", `endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [world]}]`),
		cnp("outward", `endpointSelector: {}, egress: [{}]`),
		cnp("elsewhere", `endpointSelector: {matchLabels: {app: nobody}}, ingress: [{}]`))
	step := s.judge(toServer)
	assert.Equal(t, denied, outcome(step))
	assert.Equal(t, []string{"wide", "np", "server"}, rulesBy(step))
	assert.Contains(t, step.Why, "3 policies isolate pod dev/server for ingress")
	assert.Contains(t, step.Why, "pod dev/client")
	assert.Contains(t, step.Why, "8080/TCP")
	alone := load(t, "", server(`ingress: [{}]`)).judge("ingress dev/client dev/server 8/ICMP")
	assert.Contains(t, alone.Why, "1 policy isolates pod dev/server for ingress")
	assert.Contains(t, alone.Why, "ICMP type 8")
}

func TestAllowsSayWhoLetThePacketThrough(t *testing.T) {
	s := load(t, "", server(`ingress: [{fromEndpoints: [{}]}]`), client(`egress: [{toEndpoints: [{}]}, {toEntities: [all]}]`))
	assert.Contains(t, s.judge(toServer).Why, "a rule lets pod dev/client in on 8080/TCP")
	assert.Contains(t, s.judge("egress dev/client dev/server 8080").Why, "each of 2 rules lets it reach pod dev/server")
	assert.Contains(t, s.judge("egress dev/server dev/client 80").Why, "no policy selects pod dev/server for egress")
	assert.Contains(t, s.judge("ingress dev/hostnet dev/local 80").Why, "no policy selects")
}

func TestStepsSayWhatTheySaw(t *testing.T) {
	s := load(t, "", written)
	step := s.judge("ingress dev/client dev/server 80")
	assert.Equal(t, model.StageIngress, step.Stage)
	assert.Equal(t, "w2", step.Node)
	require.NotNil(t, step.Sees)
	assert.Equal(t, "10.244.1.10", step.Sees.SourceIP)
	assert.Equal(t, "10.244.2.10", step.Sees.DestinationIP)
	assert.Equal(t, uint16(80), step.Sees.Port)
	assert.Equal(t, model.TCP, step.Sees.Protocol)
	assert.Contains(t, step.Sees.Source, "k8s:app=client,")
	assert.Contains(t, step.Sees.Destination, "k8s:app=server,")
	egress := s.judge("egress dev/client world 80/UDP")
	assert.Equal(t, model.StageEgress, egress.Stage)
	assert.Equal(t, "w1", egress.Node)
	assert.Equal(t, "reserved:world", egress.Sees.Destination)
	assert.Empty(t, egress.Sees.DestinationIP)
	assert.Equal(t, "reserved:host", s.judge(ownNode).Sees.Source)
	assert.Equal(t, "reserved:remote-node", s.judge(otherNode).Sees.Source)
}

func TestUnknownProtocolIsUndetermined(t *testing.T) {
	step := load(t, "").judge("ingress dev/client dev/server 1/GOPHER")
	assert.Equal(t, undetermined, outcome(step))
	assert.Contains(t, step.Why, "GOPHER")
}

func TestHints(t *testing.T) {
	peer := func(rule string) string { return client(`egress: [{` + rule + `}]`) }
	const pod = "egress dev/client dev/server 8080"
	for _, r := range []struct {
		claim, policies, packet string
		says                    []string
	}{
		{"a rule with the Service's port needs the targetPort", peer(`toEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]`), pod + " 80",
			[]string{"egress[0].toPorts[0]", "policies0.yaml:2", "port 80, the Service's port", "targetPort 8080", "allow 8080/TCP"}},
		{"of several mistakes that one comes first", client(`egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: "443"}]}]}, {toCIDR: [10.0.0.0/8]}, {toEndpoints: [{}], toPorts: [{ports: [{port: "80"}]}]}]`), pod + " 80", []string{"egress[2].toPorts[0]", "Service's port"}},
		{"a port that was not asked for is not the Service's", peer(`toEndpoints: [{}], toPorts: [{ports: [{port: "80"}]}]`), pod + " 81", []string{"means this peer", "on 80", "not on 8080/TCP"}},
		{"the Service's port for another peer is not the mistake", peer(`toEntities: [host], toPorts: [{ports: [{port: "80"}]}]`), pod + " 80", []string{"add an egress rule"}},
		{"a CIDR that holds a pod means no pod", peer(`toCIDR: [198.51.100.0/24, 10.244.0.0/16]`), pod, []string{"egress[0]", "a CIDR that holds 10.244.2.10", "never match pods or nodes", "app: server"}},
		{"nor a node", peer(`toCIDR: [172.18.0.0/16]`), "egress dev/client node/w2 80", []string{"a CIDR that holds 172.18.0.4", "never match pods or nodes", "toEntities host"}},
		{"0.0.0.0/0 holds every pod and means none", peer(`toCIDR: [0.0.0.0/0]`), pod, []string{"a CIDR that holds 10.244.2.10", "never match pods"}},
		{"an exception is held by no CIDR", peer(`toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.244.0.0/16]}]`), pod, []string{"add an egress rule"}},
		{"a NetworkPolicy names a namespace in its own way", np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: client}}}]}]`), "egress dev/client uat/client 80", []string{"egress[0].to[0]", "namespace dev only", "namespaceSelector with kubernetes.io/metadata.name: uat"}},
		{"nor by a NetworkPolicy's block", np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]`), pod, []string{"add an egress rule", "app: server"}},
		{"what is left of the block may hold a node", np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]`), "egress dev/client node/w2 80", []string{"egress[0].to[0]", "a CIDR that holds 172.18.0.4", "never match pods or nodes", "toEntities host"}},
		{"a CIDR elsewhere is not the mistake", peer(`toCIDR: [198.51.100.0/24]`), pod, []string{"add an egress rule", "app: server", "8080/TCP"}},
		{"nor is a CIDR where an address is asked for", peer(`toCIDR: [203.0.113.9/32], toPorts: [{ports: [{port: "80"}]}]`), toWorld, []string{"means this peer, but on 80"}},
		{"labels alone miss a pod of another namespace", peer(`toEndpoints: [{matchLabels: {app: client}}]`), "egress dev/client uat/client 80", []string{"egress[0]", "namespace dev only", "k8s:io.kubernetes.pod.namespace: uat"}},
		{"with the wrong port too, the namespace is not all", peer(`toEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: "81"}]}]`), "egress dev/client uat/client 80", []string{"add an egress rule"}},
		{"another namespace with other labels is not the mistake", peer(`toEndpoints: [{matchLabels: {app: nobody}}]`), "egress dev/client uat/client 80", []string{"add an egress rule"}},
		{"other ports", peer(`toEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}, {port: "90", endPort: 99}, {port: "0", protocol: UDP}]}]`), pod, []string{"means this peer", "80/TCP, 90-99", "every port/UDP", "not on 8080/TCP"}},
		{"many ports are cut short", peer(`toEndpoints: [{}], toPorts: [{ports: [{port: "1"}, {port: "2"}, {port: "3"}, {port: "4"}, {port: "5"}, {port: "6"}, {port: "7"}]}]`), pod, []string{", 6", ", ..., not on"}},
		{"nothing near", peer(``), pod, []string{"add an egress rule", "toEndpoints", "namespace: dev", "app: server", "8080/TCP"}},
		{"nothing near an address", peer(``), toWorld, []string{"add an egress rule", "203.0.113.9", "world", "443/TCP"}},
		{"nothing near on ingress", server(`ingress: [{}]`), "ingress dev/client dev/server 8/ICMP", []string{"add an ingress rule", "fromEndpoints", "app: client", "ICMP type 8"}},
		{"nothing near a hostNetwork pod", cnp("local", `endpointSelector: {matchLabels: {app: local}}, ingress: [{}]`), "ingress dev/hostnet dev/local 80", []string{"fromEntities host", "remote-node"}},
		{"an explicit deny", client(`egressDeny: [{toEntities: [all]}]`), pod, []string{"only a change to CiliumNetworkPolicy dev/client (egressDeny[0])", "no allow rule overrides a deny"}},
		{"a deny rule is never near", client(`egressDeny: [{toEndpoints: [{matchLabels: {app: nobody}}]}, {toCIDR: [10.0.0.0/8]}]`), pod, []string{"add an egress rule"}},
		{"a rule for another pod is never near", server(`egress: [{toCIDR: [10.0.0.0/8]}]`) + peer(``), pod, []string{"add an egress rule"}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			hint := load(t, "", r.policies).judge(r.packet).Hint
			for _, fragment := range r.says {
				assert.Contains(t, hint, fragment)
			}
			if strings.HasPrefix(r.says[0], "add an") {
				assert.NotContains(t, hint, "CIDR that holds")
			}
		})
	}
	assert.Empty(t, load(t, "").judge(pod).Hint, "what is allowed needs no hint")
	assert.Empty(t, load(t, "policy-audit-mode=true", peer(``)).judge(pod).Hint, "nor does what audit mode lets through")
}

func TestHintsGoWithTheDenial(t *testing.T) {
	const miss = `egress: [{toCIDR: [10.0.0.0/8, 203.0.113.0/24], toPorts: [{ports: [{port: "9"}]}]}, {toFQDNs: [{matchName: example.org}]}]`
	const pod = "egress dev/client dev/server 443"
	assert.NotEmpty(t, load(t, "", client(miss)).judge(pod).Hint)
	for _, r := range []struct{ claim, set, policies, packet, want string }{
		{"a verdict that a name makes undetermined", "", client(miss), toWorld, undetermined},
		{"one that an opaque policy does", "version=1.19.6", client(miss) + opaque(), pod, undetermined},
		{"one that an address which no file gives does", matchPods, somewhere + client(`egress: [{toCIDR: [10.0.0.0/8]}]`), "egress dev/client dev/somewhere 443", undetermined},
		{"one that audit mode turns", "policy-audit-mode=true", client(miss), pod, allowed},
		{"an explicit deny that audit mode turns", "policy-audit-mode=true", client(`egressDeny: [{toEntities: [all]}]`), pod, allowed},
		{"an explicit deny that an opaque policy makes undetermined", "version=1.19.6", client(`egressDeny: [{toEntities: [all]}]`) + opaque(), pod, undetermined},
	} {
		t.Run(r.claim, func(t *testing.T) {
			step := load(t, r.set, r.policies).judge(r.packet)
			assert.Equal(t, r.want, outcome(step), "without a drop reason too")
			assert.Empty(t, step.Hint)
		})
	}
}

func TestSpecsAloneAreCountedFromZero(t *testing.T) {
	s := load(t, "", "---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: many}, specs: [{endpointSelector: {matchLabels: {app: nobody}}, ingress: [{}]}, {endpointSelector: {matchLabels: {app: server}}, ingress: [{fromEndpoints: [{}]}]}]}\n")
	assert.Equal(t, []string{"many specs[1].ingress[0]"}, rulesBy(s.judge(toServer)))
}

func TestRulesThatMeanNobodyAreNeverNamed(t *testing.T) {
	s := load(t, "", server(`ingress: [{}, {fromEndpoints: []}, {fromEndpoints: [], toPorts: [{ports: [{port: "8080"}]}]}, {fromEndpoints: [{}]}]`))
	assert.Equal(t, []string{"server ingress[3]"}, rulesBy(s.judge(toServer)))
}
