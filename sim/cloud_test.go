package sim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// firewall is a CloudFirewall in one document, its spec in flow style.
func firewall(name, spec string) string {
	return "---\n{apiVersion: netsim.dev/v1alpha1, kind: CloudFirewall, metadata: {name: " + name + "}, spec: {" + spec + "}}\n"
}

// managedAPI is an API server outside the cluster, as clouds run it.
const managedAPI = `---
{apiVersion: v1, kind: Endpoints, metadata: {namespace: default, name: kubernetes}, subsets: [{addresses: [{ip: 10.250.0.9}], ports: [{port: 443}]}]}
`

// labelled are the stage's nodes with a label each.
const labelled = `---
{apiVersion: v1, kind: Node, metadata: {name: w1, labels: {role: one}}, status: {addresses: [{type: InternalIP, address: 172.18.0.3}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: w2, labels: {role: two}}, status: {addresses: [{type: InternalIP, address: 172.18.0.4}]}}
`

// cloudSteps are the cloud's steps of a path, "VERDICT SEES" each.
func cloudSteps(p sim.Path) string {
	var out []string
	for _, s := range p.Steps {
		if s.Stage == model.StageCloud {
			out = append(out, s.Verdict.String()+" "+s.Sees.SourceIP+"→"+s.Sees.DestinationIP)
		}
	}
	return strings.Join(out, ", ")
}

func TestWhatNobodyStatesOfACloudIsOnlyToldWhereAVerdictHangsOnIt(t *testing.T) {
	const outside, denyAll = "203.0.113.9", "ingress: [{}]"
	for _, r := range []struct {
		claim, from, to string
		documents       string
		set             map[string]string
		verdict, why    string
	}{
		{"between nodes of the cluster nothing is", "dev/client", "10.244.2.20:8080", "", nil, "allowed", ""},
		{"nor on the way out", "dev/client", outside + ":443", "", nil, "allowed", ""},
		{"nor on one node", "dev/client", "10.244.1.20:8080", "", nil, "allowed", ""},
		{"a NodePort from outside is", outside, "172.18.0.3:30443", "", nil, "undetermined", "no file says whether FIREWALL let 30443/TCP from 203.0.113.9 to node w1 in"},
		{"from the world too", "world", "172.18.0.3:30443", "", nil, "undetermined", "let 30443/TCP from the outside to node w1 in"},
		{"an external IP is", outside, "198.51.100.20:443", "", nil, "undetermined", "let 443/TCP from 203.0.113.9 to 198.51.100.20 in"},
		{"a node's own port is", outside, "node/w1:22", "", nil, "undetermined", "let 22/TCP from 203.0.113.9 to node w1 in"},
		{"a pod's address is", outside, "10.244.2.20:8080", "", nil, "undetermined", "to pod dev/api-1 in"},
		{"a ping is", outside, "node/w1:ICMP", "", nil, "undetermined", "let ICMP from 203.0.113.9"},
		{"what policy denies is denied, and the cloud not worth a word", outside, "172.18.0.3:30443", policy("api", denyAll), nil, "denied", ""},
		{"what is said to be open is", outside, "172.18.0.3:30443", "", map[string]string{"cloud.firewall": "open"}, "allowed", ""},
		{"what is stated counts", outside, "172.18.0.3:30443", firewall("all", "ingress: [{}]"), nil, "allowed", "the cloud lets through "},
		{"a network ACL leaves the rest open", outside, "172.18.0.3:30443", firewall("acl", "appliesTo: subnets, subnets: [172.18.0.0/16], ingress: [{}]"), nil, "undetermined", "no file says"},
		{"so does a document about the other direction", outside, "172.18.0.3:30443", firewall("out", "egress: [{}]"), nil, "undetermined", "no file says"},
	} {
		for profile, name := range map[string]string{
			"eks-eni": "security groups", "eks-chaining": "security groups", "aks-byocni": "network security groups", "aks-cilium": "network security groups", "gke-dpv2": "VPC firewall rules",
		} {
			t.Run(profile+"/"+r.claim, func(t *testing.T) {
				documents := strings.ReplaceAll(r.documents, "CiliumNetworkPolicy, metadata: {namespace: dev, name: api}", "CiliumClusterwideNetworkPolicy, metadata: {name: api}")
				p := ask(t, newSim(t, sim.Options{Datapath: profile, Set: r.set}, documents), r.from, r.to).Paths[0]
				assert.Equal(t, r.verdict, p.Verdict.String())
				var said []string
				for _, s := range p.Steps {
					if s.Stage == model.StageCloud {
						said = append(said, s.Why)
					}
				}
				require.Equal(t, r.why != "", len(said) > 0, said)
				assert.Contains(t, strings.Join(said, "\n"), strings.ReplaceAll(r.why, "FIREWALL", name))
			})
		}
	}
}

func TestOffAllCloudsThereIsNoFirewallButWhatIsStated(t *testing.T) {
	for _, profile := range []string{"", "kind", "kind-kpr", "bare-metal"} {
		a := ask(t, newSim(t, sim.Options{Datapath: profile}, ""), "203.0.113.9", "172.18.0.3:30443")
		assert.Equal(t, "allowed", a.Verdict.String(), profile)
		unknown := ask(t, newSim(t, sim.Options{Datapath: profile, Set: map[string]string{"cloud.firewall": "unknown"}}, ""), "203.0.113.9", "172.18.0.3:30443")
		assert.Equal(t, "undetermined", unknown.Verdict.String(), profile)
		assert.Contains(t, unknown.Paths[0].Steps[0].Why, "whether firewalls before the cluster let")
		stated := ask(t, newSim(t, sim.Options{Datapath: profile}, firewall("none", "ingress: []")), "203.0.113.9", "172.18.0.3:30443")
		assert.Equal(t, "denied", stated.Verdict.String(), profile)
	}
	open := ask(t, newSim(t, sim.Options{Set: map[string]string{"cloud.firewall": "open"}}, firewall("none", "ingress: []")), "203.0.113.9", "172.18.0.3:30443")
	assert.Equal(t, "allowed", open.Verdict.String(), "a flag is stronger than files")
}

func TestACloudsLoadBalancerIsLetInByTheCloudItself(t *testing.T) {
	const opened = "the cloud's controller has opened the nodes to the load balancer of Service dev/edge, as it does unless told otherwise"
	for _, r := range []struct {
		claim, profile, documents string
		verdict, cloud            string
		conditions                []string
	}{
		{"as a condition where nobody states it", "eks-eni", "", "allowed", "", []string{opened}},
		{"on every cloud", "gke-dpv2", "", "allowed", "", []string{opened}},
		{"and nowhere else", "bare-metal", "", "allowed", "", []string{}},
		{"AWS sends it to a node's NodePort", "eks-eni", firewall("a", "ingress: [{from: [203.0.113.0/24], ports: [{port: 30443}]}, {from: [self]}]"), "allowed", "allowed 203.0.113.9→172.18.0.3", []string{}},
		{"and not to the address", "eks-eni", firewall("a", "ingress: [{from: [203.0.113.0/24], ports: [{port: 443}]}, {from: [self]}]"), "denied", "denied 203.0.113.9→172.18.0.3", []string{}},
		{"Azure to the address", "aks-byocni", firewall("a", "ingress: [{from: [203.0.113.0/24], ports: [{port: 443}]}, {from: [self]}]"), "allowed", "allowed 203.0.113.9→198.51.100.21", []string{}},
		{"so does what is no cloud", "bare-metal", firewall("a", "ingress: [{from: [203.0.113.0/24], ports: [{port: 30443}]}, {from: [self]}]"), "denied", "denied 203.0.113.9→198.51.100.21", []string{}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			a, err := newSim(t, sim.Options{Datapath: r.profile}, r.documents).Query(sim.Query{From: "203.0.113.9", To: "198.51.100.21:443", Via: "node/w1"})
			require.NoError(t, err)
			assert.Equal(t, r.verdict, a.Verdict.String())
			first, _, _ := strings.Cut(cloudSteps(a.Paths[0]), ",")
			assert.Equal(t, r.cloud, first)
			assert.Equal(t, r.conditions, a.Conditions)
		})
	}
}

func TestAManagedControlPlaneComesInAsTheCloudHasIt(t *testing.T) {
	for _, r := range []struct{ claim, profile, to, verdict, why string }{
		{"EKS by groups of its own", "eks-eni", "10.244.2.20:8443", "undetermined", "EKS's control plane comes in by interfaces and security groups of its own, and no file says"},
		{"AKS through konnectivity", "aks-byocni", "10.244.2.20:8443", "undetermined", "through its konnectivity-agent pods"},
		{"GKE on few ports", "gke-dpv2", "10.244.2.20:8443", "undetermined", "GKE opens only ports 443 and 10250 to its control plane"},
		{"one of them is the kubelet's", "gke-dpv2", "node/w2:10250", "allowed", ""},
	} {
		p := ask(t, newSim(t, sim.Options{Datapath: r.profile}, managedAPI), "10.250.0.9", r.to).Paths[0]
		assert.Equal(t, r.verdict, p.Verdict.String(), r.claim)
		if r.why != "" {
			assert.Contains(t, p.Steps[0].Why, r.why, r.claim)
		}
		stated := ask(t, newSim(t, sim.Options{Datapath: r.profile}, managedAPI+firewall("a", "ingress: [{from: [10.250.0.0/24]}]")), "10.250.0.9", r.to)
		assert.Equal(t, "allowed", stated.Verdict.String(), r.claim)
	}
}

func TestFirewallsJudgeThePacketThatTheCloudSees(t *testing.T) {
	tunnel, native := map[string]string{}, map[string]string{"routingMode": "native"}
	for _, r := range []struct {
		claim, from, to string
		documents       string
		set             map[string]string
		verdict, cloud  string
	}{
		{"with native routing the pods' packet", "dev/client", "10.244.2.20:8080", firewall("a", "ingress: [{from: [10.244.0.0/16], ports: [{port: 8080}]}]"), native, "allowed", "allowed 10.244.1.10→10.244.2.20"},
		{"and its port", "dev/client", "10.244.2.20:8080", firewall("a", "ingress: [{from: [10.244.0.0/16], ports: [{port: 80}]}]"), native, "denied", "denied 10.244.1.10→10.244.2.20"},
		{"in a tunnel not even their port", "dev/client", "10.244.2.20:8080", firewall("a", "ingress: [{from: [nodes], ports: [{port: 8080}]}]"), tunnel, "denied", "denied 172.18.0.3→172.18.0.4"},
		{"but the tunnel's", "dev/client", "10.244.2.20:8080", firewall("a", "ingress: [{from: [nodes], ports: [{protocol: UDP, port: 8472}]}]"), tunnel, "allowed", "allowed 172.18.0.3→172.18.0.4"},
		{"whose way back is a connection of its own", "dev/client", "10.244.2.20:8080", firewall("a", "nodeSelector: {matchLabels: {role: one}}, ingress: []"), tunnel, "denied", "denied 172.18.0.3→172.18.0.4"},
		{"unlike that of pods", "dev/client", "10.244.2.20:8080", firewall("a", "ingress: [{from: [10.244.2.0/24], ports: [{port: 9}]}, {from: [10.244.1.10/32]}]"), native, "allowed", "allowed 10.244.1.10→10.244.2.20"},
		{"WireGuard's way back belongs to the way there", "dev/client", "10.244.2.20:8080", firewall("a", "egress: [{to: [172.18.0.4/32], ports: [{protocol: UDP, port: 51871}]}]"), map[string]string{"enable-wireguard": "true"}, "allowed", "allowed 172.18.0.3→172.18.0.4"},
		{"with IPsec it is not known", "dev/client", "10.244.2.20:8080", firewall("a", "ingress: [{}]"), map[string]string{"enable-ipsec": "true"}, "undetermined", "undetermined 10.244.1.10→10.244.2.20"},
		{"one node is no network", "dev/client", "10.244.1.20:8080", firewall("a", "ingress: [], egress: []"), native, "allowed", ""},
		{"on the way out the node's address", "dev/client", "203.0.113.9:443", firewall("a", "egress: [{to: [0.0.0.0/0], ports: [{port: 443}]}]"), native, "allowed", "allowed 172.18.0.3→203.0.113.9"},
		{"which may be closed", "dev/client", "203.0.113.9:80", firewall("a", "egress: [{to: [0.0.0.0/0], ports: [{port: 443}]}]"), native, "denied", "denied 172.18.0.3→203.0.113.9"},
		{"a NodePort before anybody translates it, and then the pod", "203.0.113.9", "172.18.0.3:30443", firewall("a", "ingress: [{from: [0.0.0.0/0], ports: [{port: 30443}]}, {from: [nodes], ports: [{port: 8080}]}]"), native, "allowed", "allowed 203.0.113.9→172.18.0.3, allowed 172.18.0.3→10.244.2.20"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			a := ask(t, newSim(t, sim.Options{Set: r.set}, labelled+r.documents), r.from, r.to)
			p := a.Paths[len(a.Paths)-1]
			assert.Equal(t, r.verdict, p.Verdict.String())
			assert.Equal(t, r.cloud, cloudSteps(p))
		})
	}
}

func TestWhomAFirewallStandsBefore(t *testing.T) {
	const closed, opened = "ingress: []", "ingress: [{}]"
	for _, r := range []struct{ claim, documents, verdict string }{
		{"all nodes", firewall("a", closed), "denied"},
		{"nodes with a label", firewall("a", "nodeSelector: {matchLabels: {role: two}}, "+closed), "denied"},
		{"and no others", firewall("a", "nodeSelector: {matchLabels: {role: edge}}, "+closed), "allowed"},
		{"pods with interfaces of their own, and no node's then", firewall("a", closed) + firewall("b", "appliesTo: pods, podSelector: {matchLabels: {app: api}}, "+opened), "allowed"},
		{"in some namespaces", firewall("a", closed) + firewall("b", "appliesTo: pods, namespaces: [prod], "+opened), "denied"},
		{"one by label of a firewall's members", firewall("a", "ingress: [{from: [self]}]"), "allowed"},
		{"or another's", firewall("a", "nodeSelector: {matchLabels: {role: two}}, ingress: [{from: [firewall/b]}]") + firewall("b", "nodeSelector: {matchLabels: {role: one}}, "+opened), "allowed"},
		{"who is no member is not let in", firewall("a", "nodeSelector: {matchLabels: {role: two}}, ingress: [{from: [self]}]"), "denied"},
		{"pods as such", firewall("a", "ingress: [{from: [pods]}]"), "allowed"},
		{"are not nodes", firewall("a", "ingress: [{from: [nodes]}]"), "denied"},
		{"every firewall must let it through", firewall("a", opened) + firewall("b", closed), "denied"},
		{"the first rule that matches decides", firewall("a", "ingress: [{from: [10.244.1.0/24], action: deny}, {}]"), "denied"},
		{"an ACL inside its subnet sees nothing", firewall("a", "appliesTo: subnets, subnets: [10.244.0.0/16], stateful: false, "+closed), "allowed"},
		{"at the border it does", firewall("a", "appliesTo: subnets, subnets: [10.244.2.0/24], stateful: false, "+closed), "denied"},
		{"replies included: on client's ports", firewall("a", "appliesTo: subnets, subnets: [10.244.2.0/24], stateful: false, ingress: [{ports: [{port: 8080}]}], egress: [{ports: [{port: 1024, endPort: 65535}]}]"), "allowed"},
		{"none of which may be missing", firewall("a", "appliesTo: subnets, subnets: [10.244.2.0/24], stateful: false, ingress: [{ports: [{port: 8080}]}], egress: [{ports: [{port: 32768, endPort: 65535}]}]"), "undetermined"},
		{"or all", firewall("a", "appliesTo: subnets, subnets: [10.244.2.0/24], stateful: false, ingress: [{ports: [{port: 8080}]}], egress: [{ports: [{port: 443}]}]"), "denied"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := newSim(t, sim.Options{Set: map[string]string{"routingMode": "native"}}, labelled+r.documents)
			assert.Equal(t, r.verdict, ask(t, s, "dev/client", "10.244.2.20:8080").Verdict.String())
		})
	}
}

func TestAFirewallsStepSaysWhichRuleDecidedAndWhatWouldHelp(t *testing.T) {
	opt := sim.Options{Set: map[string]string{"routingMode": "native"}}
	allowed := ask(t, newSim(t, opt, firewall("a", "ingress: [{from: [192.0.2.0/24]}, {from: [pods]}]")), "dev/client", "10.244.2.20:8080").Paths[0].Steps[1]
	assert.Equal(t, []model.Origin{{File: "more.yaml", Line: 2, Kind: "CloudFirewall", Name: "a", Rule: "ingress[1]"}}, allowed.By)
	assert.Equal(t, "the cloud lets through 8080/TCP from pod dev/client to pod dev/api-1", allowed.Why)

	none := ask(t, newSim(t, opt, firewall("a", "ingress: []")), "203.0.113.9", "172.18.0.3:30443")
	assert.Equal(t, "no ingress rule of CloudFirewall a lets through 30443/TCP from 203.0.113.9 to node w1", none.Paths[0].Steps[0].Why)
	assert.Equal(t, "add to CloudFirewall a an ingress rule for 30443/TCP from 203.0.113.9", none.Hint)
	assert.Equal(t, model.SeesTimeout, none.ClientSees)

	denied := ask(t, newSim(t, opt, firewall("a", "egress: [{to: [203.0.113.0/24], action: deny}]")), "dev/client", "203.0.113.9:443")
	assert.Equal(t, "rule egress[0] of CloudFirewall a drops 443/TCP from node w1 to 203.0.113.9", denied.Paths[0].Steps[1].Why)
	assert.Contains(t, denied.Hint, "only a change to rule egress[0] of CloudFirewall a")

	named := ask(t, newSim(t, opt, firewall("a", "ingress: [{from: [192.0.2.0/24], action: deny}, {}]")), "world", "172.18.0.3:30443")
	assert.Equal(t, []string{"the address outside is none that CloudFirewall a names"}, named.Conditions)

	refused := "---\n{apiVersion: v1, kind: Service, metadata: {namespace: dev, name: empty2}, spec: {type: NodePort, selector: {app: nobody}, ports: [{port: 80, nodePort: 30081}]}}\n"
	assert.Equal(t, model.SeesRefused, ask(t, newSim(t, opt, refused), "203.0.113.9", "172.18.0.3:30081").ClientSees)
	assert.Equal(t, model.SeesTimeout, ask(t, newSim(t, opt, refused+firewall("a", "ingress: []")), "203.0.113.9", "172.18.0.3:30081").ClientSees, "what the cloud drops nobody refuses")
}

func TestAFirewallThatCannotBeReadLeavesItsTrafficUndetermined(t *testing.T) {
	c, issues := loadAll(t, stage, firewall("a", "ingres: [], egress: [{}]"))
	s, err := sim.New(c, issues, sim.Options{Set: map[string]string{"routingMode": "native"}})
	require.NoError(t, err)
	a := ask(t, s, "dev/client", "10.244.2.20:8080")
	assert.Equal(t, "undetermined", a.Verdict.String())
	assert.Contains(t, a.Paths[0].Steps[1].Why, "CloudFirewall a stands in the way of 8080/TCP from pod dev/client to pod dev/api-1, and cannot be read")
	assert.Equal(t, "allowed", ask(t, s, "dev/client", "10.244.1.20:8080").Verdict.String(), "what does not cross is not touched")
}

func TestAnExternalIPThatANodeAnswersForIsReachedFromOutside(t *testing.T) {
	s := newSim(t, sim.Options{Datapath: "aks-byocni", Set: map[string]string{"kubeProxyReplacement": "true"}}, "")
	a, err := s.Query(sim.Query{From: "dev/client", To: "198.51.100.20:443", Via: "node/w2"})
	require.NoError(t, err)
	assert.Equal(t, "undetermined", a.Verdict.String())
	assert.Contains(t, a.Paths[0].Steps[1].Why, "let 443/TCP from node w1 to 198.51.100.20 in")
}

func TestANodesPublicAddressIsReachedFromOutside(t *testing.T) {
	public := labelled + "---\n{apiVersion: v1, kind: Node, metadata: {name: w3}, status: {addresses: [{type: InternalIP, address: 172.18.0.5}, {type: ExternalIP, address: 198.51.100.30}]}}\n"
	for address, want := range map[string]string{"172.18.0.5": "allowed", "198.51.100.30": "undetermined"} {
		s := newSim(t, sim.Options{Datapath: "eks-eni"}, public)
		assert.Equal(t, want, ask(t, s, "dev/client", address+":22").Verdict.String(), address)
		stated := newSim(t, sim.Options{Datapath: "eks-eni"}, public+firewall("a", "ingress: [{from: [self]}]"))
		assert.Equal(t, want, ask(t, stated, "dev/client", address+":22").Verdict.String(), "groups know each other by inner addresses: %s", address)
	}
}

func TestFirewallsTellPodsOfOneWorkloadApart(t *testing.T) {
	a := ask(t, newSim(t, sim.Options{Set: map[string]string{"routingMode": "native"}}, firewall("a", "ingress: [{from: [192.0.2.0/24]}]")), "dev/deploy/front", "10.244.2.20:8080")
	assert.Len(t, a.Paths, 3, "each has an address of its own")
}

func TestOnAPlatformThatDecidesOnRoutingThePacketsFormIsNotGuessed(t *testing.T) {
	for _, profile := range []string{"aks-cilium", "gke-dpv2"} {
		guess := newSim(t, sim.Options{Datapath: profile}, firewall("a", "ingress: [{}]"))
		a := ask(t, guess, "dev/client", "10.244.2.20:8080")
		assert.Equal(t, "undetermined", a.Verdict.String(), profile)
		said := newSim(t, sim.Options{Datapath: profile, Set: map[string]string{"routingMode": "native"}}, firewall("a", "ingress: [{}]"))
		assert.Equal(t, "allowed", ask(t, said, "dev/client", "10.244.2.20:8080").Verdict.String(), profile)
	}
}
