package sim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// movable is a cluster with addresses of its own.
const movable = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: w1}, spec: {podCIDR: 10.244.1.0/24}, status: {addresses: [{type: InternalIP, address: 172.18.0.3}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: web, labels: {app: web}}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {podIP: 10.244.1.7}}
- {apiVersion: v1, kind: Service, metadata: {namespace: dev, name: web}, spec: {type: LoadBalancer, clusterIP: 10.96.0.9, selector: {app: web}, ports: [{port: 80}]}, status: {loadBalancer: {ingress: [{ip: 203.0.113.9}]}}}
---
`

func simUnder(t *testing.T, documents, datapath string, set map[string]string) *sim.Sim {
	t.Helper()
	cluster, issues := manifest.Load([]manifest.File{{Name: "policies.yaml", Data: []byte(movable + documents)}})
	s, err := sim.New(cluster, issues, sim.Options{Datapath: datapath, Set: set})
	require.NoError(t, err)
	return s
}

func ciliumPolicy(kind, spec string) string {
	meta := "{namespace: dev, name: p}"
	if strings.Contains(kind, "Clusterwide") {
		meta = "{name: p}"
	}
	return "apiVersion: cilium.io/v2\nkind: " + kind + "\nmetadata: " + meta + "\nspec: {" + spec + "}\n"
}

func kubernetesPolicy(spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: dev, name: p}\nspec: {podSelector: {}, " + spec + "}\n"
}

func TestPortability(t *testing.T) {
	cnp := func(rules string) string { return ciliumPolicy("CiliumNetworkPolicy", "endpointSelector: {}, "+rules) }
	ccnp := func(rules string) string { return ciliumPolicy("CiliumClusterwideNetworkPolicy", rules) }
	for _, row := range []struct {
		claim, policy, here, there string
		set                        map[string]string
		// want are fragments of the one entry, in order; none means no entry.
		want []string
	}{
		{"to the same datapath everything moves", cnp(`ingress: [{fromEntities: [host]}, {fromCIDR: [172.18.0.3/32]}]`), "kind", "kind", nil, nil},
		{"labels move anywhere", cnp(`ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]`), "kind", "eks-eni", nil, nil},
		{"so do entities that mean the same everywhere", cnp(`ingress: [{fromEntities: [all, init]}]`), "kind", "eks-eni", nil, nil},
		{"and networks of nobody in the cluster", cnp(`egress: [{toCIDR: [198.51.100.0/24]}, {toCIDR: [10.0.0.0/8, 0.0.0.0/0]}]`), "kind", "eks-eni", nil, nil},

		{"a node's address", cnp(`ingress: [{fromCIDR: [172.18.0.3/32]}]`), "kind", "eks-eni", nil, []string{"address", "ingress[0].fromCIDR[0]", "fromCIDR: 172.18.0.3/32", "node w1", "none of the nodes", "entities host and remote-node"}},
		{"the nodes' network", cnp(`ingress: [{fromCIDR: [172.18.0.0/16]}]`), "kind", "bare-metal", nil, []string{"address", "node w1"}},
		{"a node's address within the same place stays", cnp(`ingress: [{fromCIDR: [172.18.0.3/32]}]`), "kind", "kind-kpr", nil, nil},
		{"unless CIDRs then mean nodes", cnp(`ingress: [{fromCIDR: [172.18.0.3/32]}]`), "kind", "kind", map[string]string{"policy-cidr-match-mode": "nodes"}, []string{"address", "none of the nodes", "by policy-cidr-match-mode"}},
		{"the pods' network in a NetworkPolicy", kubernetesPolicy(`ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16}}]}]`), "kind", "eks-eni", nil, []string{"address", "ingress[0].from[0].ipBlock.cidr", "cidr: 10.244.0.0/16", "pods on node w1", "addresses of the VPC", "labels of pods"}},
		{"what a block leaves out", kubernetesPolicy(`egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.244.1.0/24]}}]}]`), "kind", "eks-eni", nil, []string{"address", "except: 10.244.1.0/24", "pods on node w1"}},
		{"a ClusterIP", cnp(`egress: [{toCIDR: [10.96.0.9/32]}]`), "kind", "aks-byocni", nil, []string{"address", "Service dev/web", "translated before policy", "on the targetPort"}},
		{"a load balancer, which kube-proxy translates after policy", cnp(`egress: [{toCIDR: [203.0.113.9/32]}]`), "kind", "kind-kpr", nil, []string{"address", "Service dev/web: connections to it", "no connection to it"}},
		{"a CIDR group", ciliumPolicy("CiliumCIDRGroup", "externalCIDRs: [172.18.0.3/32]"), "kind", "eks-eni", nil, []string{"address", "externalCIDRs: 172.18.0.3/32", "node w1"}},

		{"the API server is no node of a managed cluster", cnp(`ingress: [{fromEntities: [host]}]`), "kind", "eks-eni", nil, []string{"entity", "fromEntities: host", "with them the API server", "the provider's", "fromEntities: kube-apiserver"}},
		{"as a label of a peer, too", cnp(`ingress: [{fromEndpoints: [{matchLabels: {"reserved:host": ""}}]}]`), "kind", "eks-eni", nil, []string{"entity", "reserved:host", "the provider's"}},
		{"AKS comes in through pods", cnp(`ingress: [{fromEntities: [kube-apiserver]}]`), "kind", "aks-byocni", nil, []string{"entity", "perhaps nobody", "konnectivity-agent pods"}},
		{"the way out to it holds, by another port", cnp(`egress: [{toEntities: [kube-apiserver]}]`), "kind", "aks-byocni", nil, []string{"entity", "default/kubernetes", "keep the entity"}},
		{"the world has the API server in it", cnp(`egress: [{toEntities: [world]}]`), "kind", "eks-eni", nil, []string{"entity", "no API server", "the API server too", "toFQDNs"}},
		{"through a tunnel what nodes pass on is the world", cnp(`ingress: [{fromEntities: [remote-node]}]`), "kind", "kind", map[string]string{"routingMode": "tunnel"}, []string{"entity", "clients from outside as well", "come as world", "write world"}},
		{"and then the world needs no remote-node", cnp(`ingress: [{fromEntities: [world]}]`), "kind", "kind", map[string]string{"routingMode": "tunnel"}, []string{"entity", "as remote-node where", "by whichever node"}},
		{"a NodePort is the node's as long as kube-proxy translates", cnp(`egress: [{toEntities: [remote-node]}]`), "kind", "kind-kpr", nil, []string{"entity", "kube-proxy translates after policy", "sees the backends", "on the targetPort"}},
		{"which other ports do not feel", cnp(`egress: [{toEntities: [remote-node], toPorts: [{ports: [{port: "10250"}]}]}]`), "kind", "kind-kpr", nil, nil},
		{"a release translates load balancers that the next does not", cnp(`egress: [{toEntities: [world]}]`), "kind", "kind", map[string]string{"cilium.version": "1.19.4"}, []string{"entity", "kube-proxy translates after policy", "Cilium translates before"}},
		{"health endpoints go with chaining", cnp(`ingress: [{fromEntities: [health]}]`), "bare-metal", "eks-chaining", nil, []string{"entity", "nobody"}},
		{"Cilium's own gateway", cnp(`ingress: [{fromEntities: [ingress]}]`), "kind", "aks-cilium", nil, []string{"entity", "unconfirmed"}},

		{"a kind that is not enforced, and can be a NetworkPolicy", cnp(`ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]`), "kind", "gke-dpv2", nil, []string{"policy", "in force", "has no effect: enable-cilium-network-policy is off", "write it as a NetworkPolicy"}},
		{"one that cannot", cnp(`ingress: [{fromEntities: [host]}]`), "kind", "gke-dpv2", nil, []string{"policy", "cannot say all of it: a CiliumClusterwideNetworkPolicy can", "does not know entity host"}},
		{"one that a release does not know", `
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: p}
spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}
`, "kind", "kind", map[string]string{"cilium.version": "1.18"}, []string{"policy", "came with 1.20", "no tiers"}},
		{"one that a release refuses", cnp(`ingress: [{fromEntities: [cluster-mesh]}]`), "kind", "kind", map[string]string{"cilium.version": "1.18"}, []string{"policy", "cluster-mesh came with 1.20"}},
		{"one that is refused here too", cnp(`ingress: [{fromEntities: [host]}, {icmps: [], toPorts: [{ports: [{port: "99999"}]}]}]`), "kind", "gke-dpv2", nil, nil},
		{"a NetworkPolicy is enforced there", kubernetesPolicy(`ingress: [{}]`), "kind", "gke-dpv2", nil, nil},

		{"requests on a platform that sells them apart", cnp(`ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`), "kind", "aks-cilium", nil, []string{"feature", "toPorts[0].rules.http", "Advanced Container Networking Services"}},
		{"requests without the proxy, which the agent refuses", cnp(`ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`), "kind", "kind", map[string]string{"enable-l7-proxy": "false"}, []string{"policy", "L7 proxy is not enabled", "switch enable-l7-proxy on"}},
		{"policies for nodes without a host firewall", ccnp(`nodeSelector: {}, ingress: [{fromEntities: [all]}]`), "kind", "kind", map[string]string{"enable-host-firewall": "true"}, []string{"feature", "the host firewall is off", "filters the nodes"}},
		{"clusterwide policies where a platform does not say", ccnp(`endpointSelector: {}, ingress: [{fromEntities: [all]}]`), "kind", "aks-cilium", nil, []string{"feature", "unconfirmed"}},
		{"authentication that is off", cnp(`ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]`), "kind", "kind", map[string]string{"mesh-auth-enabled": "true"}, []string{"feature", "mode: required", "nobody authenticates", "asks for mutual"}},
		{"SCTP", kubernetesPolicy(`ingress: [{ports: [{port: 80, protocol: SCTP}]}]`), "kind", "kind", map[string]string{"enable-sctp": "true"}, []string{"feature", "enable-sctp is off", "by its ports"}},
		{"node selectors that are off", cnp(`ingress: [{fromNodes: [{matchLabels: {a: b}}]}]`), "kind", "kind", map[string]string{"enable-node-selector-labels": "false"}, []string{"policy", "has no effect"}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			list := simUnder(t, row.policy, row.here, nil).Portability(simUnder(t, row.policy, row.there, row.set))
			if row.want == nil {
				assert.Empty(t, list)
				return
			}
			require.Len(t, list, 1)
			text := textOf(list[0])
			for _, fragment := range row.want {
				_, rest, found := strings.Cut(text, fragment)
				require.True(t, found, "%q in %s", fragment, textOf(list[0]))
				text = rest
			}
			assert.Equal(t, "policies.yaml", list[0].Policy.File)
			assert.NotZero(t, list[0].Policy.Line)
		})
	}
}

func textOf(u sim.Unportable) string {
	parts := []string{string(u.About), u.Policy.Rule, u.Written, u.Here, u.There, u.Instead}
	for _, o := range u.Obstacles {
		parts = append(parts, o.Why)
	}
	return strings.Join(parts, "\n")
}

// TestPortabilityOfWhatIsNoPolicy: what cannot be read says nothing, and breaks
// nothing.
func TestPortabilityOfWhatIsNoPolicy(t *testing.T) {
	for _, spec := range []string{"spec: 7", "spec: [1]", "spec: {ingress: 3}", "spec: {endpointSelector: {}, ingress: [null, 5, [x]]}", "specs: [null]", "spec: {endpointSelector: {}, ingress: [{fromCIDR: [nonsense, 5]}]}"} {
		documents := "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: dev, name: p}\n" + spec + "\n"
		assert.Empty(t, simUnder(t, documents, "kind", nil).Portability(simUnder(t, documents, "eks-eni", nil)), spec)
	}
}

func TestAsNetworkPolicy(t *testing.T) {
	const cnp, ccnp = "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"
	for _, row := range []struct {
		claim, kind, spec string
		// obstacle and caution are fragments; "" means none.
		obstacle, caution string
	}{
		{"labels and ports", cnp, `endpointSelector: {matchLabels: {app: a}}, ingress: [{fromEndpoints: [{matchLabels: {app: b}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]`, "", ""},
		{"labels with their source", cnp, `endpointSelector: {matchLabels: {"k8s:app": a, "any:b": c}}, ingress: [{fromEndpoints: [{matchExpressions: [{key: "k8s:app", operator: Exists}]}]}]`, "", ""},
		{"peers of another namespace", cnp, `endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": uat}}]}]`, "", "kubernetes.io/metadata.name"},
		{"peers by labels of their namespace", cnp, `endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.team: a}}]}]`, "", "namespaceSelectors"},
		{"which the policy's own pods cannot be", cnp, `endpointSelector: {matchLabels: {io.cilium.k8s.namespace.labels.team: a}}, ingress: [{fromEndpoints: [{}]}]`, "not by those of the namespace", ""},
		{"addresses", cnp, `endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}]`, "", ""},
		{"a CIDR group", cnp, `endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: g}]}]`, "", "write the CIDRs"},
		{"the world", cnp, `endpointSelector: {}, egress: [{toEntities: [world]}]`, "", "0.0.0.0/0"},
		{"everybody", cnp, `endpointSelector: {}, egress: [{toEntities: [all]}]`, "", "without from or to"},
		{"nobody, by an empty rule", cnp, `endpointSelector: {}, ingress: [{}]`, "", "leave out rules that say nothing"},
		{"nobody, by no peers", cnp, `endpointSelector: {}, ingress: [{fromEndpoints: []}]`, "", "leave out rules that say nothing"},
		{"nobody, by an empty port rule", cnp, `endpointSelector: {}, ingress: [{toPorts: [{}]}]`, "", "leave out rules that say nothing"},
		{"a port of any protocol", cnp, `endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "53"}]}]}]`, "", "TCP, UDP and SCTP each"},
		{"the cluster, nodes and all", cnp, `endpointSelector: {}, ingress: [{fromEntities: [cluster]}]`, "only pods can be said", ""},
		{"a node", cnp, `endpointSelector: {}, ingress: [{fromEntities: [host]}]`, "entity host", ""},
		{"a node as a label", cnp, `endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"reserved:host": ""}}]}]`, "not by reserved:host", ""},
		{"a service account", cnp, `endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: x}}]}]`, "not by io.cilium.k8s.policy.serviceaccount", ""},
		{"a denial, told once", cnp, `endpointSelector: {}, ingressDeny: [{fromEntities: [host]}]`, "cannot deny", ""},
		{"requests", cnp, `endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}]`, "ends at ports", ""},
		{"no requests", cnp, `endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {}}]}]`, "", ""},
		{"names", cnp, `endpointSelector: {}, egress: [{toFQDNs: [{matchName: a.example}]}]`, "does not know names", ""},
		{"Services", cnp, `endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: a, namespace: b}}]}]`, "Services are no peers", ""},
		{"ICMP", cnp, `endpointSelector: {}, egress: [{icmps: [{fields: [{type: 8}]}]}]`, "ICMP types", ""},
		{"another protocol", cnp, `endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "0", protocol: VRRP}]}]}]`, "TCP, UDP and SCTP only", ""},
		{"authentication", cnp, `endpointSelector: {}, ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]`, "authentication", ""},
		{"authentication that is not asked for", cnp, `endpointSelector: {}, ingress: [{fromEndpoints: [{}], authentication: {mode: disabled}}]`, "", ""},
		{"no default deny", cnp, `endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [{}]}]`, "always switches default deny on", ""},
		{"pods of every namespace", ccnp, `endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]`, "every namespace", ""},
		{"pods of one namespace", ccnp, `endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": dev}}, ingress: [{fromEndpoints: [{}]}]`, "", "in each namespace"},
		{"pods of some namespaces", ccnp, `endpointSelector: {matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: [a, b]}]}, ingress: [{fromEndpoints: [{}]}]`, "", "in each namespace"},
		{"pods of all other namespaces", ccnp, `endpointSelector: {matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [a]}]}, ingress: [{fromEndpoints: [{}]}]`, "every namespace", ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, _ := manifest.Load([]manifest.File{{Name: "p.yaml", Data: []byte(ciliumPolicy(row.kind, row.spec))}})
			require.Len(t, cluster.Policies, 1)
			r := sim.AsNetworkPolicy(cluster.Policies[0])
			whys := []string{}
			for _, o := range r.Obstacles {
				whys = append(whys, o.Why)
				assert.Equal(t, "p.yaml", o.Where.File)
			}
			assertFragment(t, row.obstacle, whys)
			assertFragment(t, row.caution, r.Cautions)
		})
	}
	assert.Empty(t, sim.AsNetworkPolicy(&model.Object{Origin: model.Origin{Kind: "NetworkPolicy"}}).Obstacles)
}

func assertFragment(t *testing.T, fragment string, texts []string) {
	t.Helper()
	if fragment == "" {
		assert.Empty(t, texts)
		return
	}
	require.Len(t, texts, 1)
	assert.Contains(t, texts[0], fragment)
}
