package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/internal/nearest"
)

// groupKind names a kind, whatever its version.
type groupKind struct{ group, kind string }

func (d *document) groupKind() groupKind {
	group, _ := groupVersion(d.apiVersion)
	return groupKind{group, d.origin.Kind}
}

// idleKinds are kinds that people expect to act on traffic, and that do not
// here: policies of other network plugins, and what netsim cannot follow.
// Sources: projectcalico/api v3 pkg/apis/projectcalico/v3; GKE and Antrea
// documentation of their policy kinds; cilium v1.20.2 pkg/k8s/apis/cilium.io/v2
// CiliumNodeConfig.
func idleKinds() map[groupKind]problem {
	foreign := problem{says: "it has no effect on Cilium, which does not read this kind", do: "write a NetworkPolicy or a CiliumNetworkPolicy that says the same"}
	return map[groupKind]problem{
		{"projectcalico.org", "NetworkPolicy"}:           foreign,
		{"projectcalico.org", "GlobalNetworkPolicy"}:     foreign,
		{"crd.projectcalico.org", "NetworkPolicy"}:       foreign,
		{"crd.projectcalico.org", "GlobalNetworkPolicy"}: foreign,
		{"networking.gke.io", "FQDNNetworkPolicy"}:       foreign,
		{"crd.antrea.io", "NetworkPolicy"}:               foreign,
		{"crd.antrea.io", "ClusterNetworkPolicy"}:        foreign,
		{"cilium.io", "CiliumNodeConfig"}: {
			says: "it changes the agent's options on some nodes, which netsim does not read",
			do:   "put the options of the nodes in question in the cilium-config ConfigMap",
		},
	}
}

// otherKinds are the kinds of the groups that netsim reads from which it
// leaves to others, so that they are not taken for misspellings. Sources:
// k8s.io/api v0.36 core/v1, apps/v1, policy, autoscaling, networking/v1;
// gateway-api v1.6.1; cilium v1.20.2 pkg/k8s/apis/cilium.io/v2 and v2alpha1, and
// what earlier versions had.
func otherKinds() map[string]string {
	return map[string]string{
		"": "Binding ComponentStatus Config Event Eviction LimitRange PersistentVolume PersistentVolumeClaim " +
			"PodTemplate ResourceQuota Scale Secret ServiceAccount Status",
		"apps": "ControllerRevision Scale", "batch": "",
		"autoscaling":      "HorizontalPodAutoscaler Scale",
		"policy":           "Eviction PodDisruptionBudget PodSecurityPolicy",
		"extensions":       "PodSecurityPolicy Scale",
		"discovery.k8s.io": "", "policy.networking.k8s.io": "",
		"networking.k8s.io":         "ClusterCIDR IPAddress ServiceCIDR",
		"gateway.networking.k8s.io": "BackendLBPolicy BackendTLSPolicy ListenerSet UDPRoute",
		"cilium.io": "CiliumBGPAdvertisement CiliumBGPClusterConfig CiliumBGPNodeConfig CiliumBGPNodeConfigOverride " +
			"CiliumBGPPeerConfig CiliumBGPPeeringPolicy CiliumClusterwideEnvoyConfig CiliumDatapathPlugin " +
			"CiliumEgressGatewayPolicy CiliumEgressNATPolicy CiliumEndpoint CiliumEndpointSlice CiliumEnvoyConfig " +
			"CiliumExternalWorkload CiliumGatewayClassConfig CiliumIdentity CiliumL2AnnouncementPolicy " +
			"CiliumLoadBalancerIPPool CiliumNodeConfig CiliumPodIPPool CiliumVtepConfig",
	}
}

// isPassing says whether a kind is one that clusters have in masses, and that tells
// of the past: no answer can hang on it, and it is not kept. Sources: k8s.io/api
// v0.36 core/v1, events/v1 and coordination/v1; k8s.io/metrics v1beta1;
// wgpolicyk8s.io v1alpha2 and kyverno v1.19 reports/v1.
func isPassing(gk groupKind) bool {
	switch gk.group {
	case "events.k8s.io", "coordination.k8s.io", "metrics.k8s.io", "wgpolicyk8s.io", "reports.kyverno.io":
		return true
	}
	return gk == groupKind{"", "Event"}
}

// maxName bounds what is compared with every name that is known: no group and
// kind are longer together, and the comparison costs their product.
const maxName = 253 + 63

// misspelt says what is wrong with an object of a kind that netsim does not
// read, if it is a slip of the pen: an API server refuses it, and a policy lost
// that way would open what it was to close. Kinds of groups that are not near
// to those that netsim reads are somebody else's.
func (l *loader) misspelt(gk groupKind) (problem, bool) {
	if _, idle := idleKinds()[gk]; idle || isOther(gk) || len(gk.group)+len(gk.kind) > maxName {
		return problem{}, false
	}
	candidates := l.meant(gk)
	if slices.Contains(candidates, gk.kind) {
		k := l.kinds[gk.kind]
		return problem{"apiVersion", fmt.Sprintf("%s is not an API group that netsim or Cilium knows: %s is a kind of %s", gk.group, gk.kind, k.group), "did you mean " + k.apiVersion() + "?"}, true
	}
	if meant := nearest.Word(gk.kind, candidates); meant != "" {
		return problem{"kind", gk.kind + " is not a kind that netsim or Cilium knows: an API server refuses it", "did you mean " + meant + "?"}, true
	}
	return problem{}, false
}

// isOther says whether a kind, or the kind that it is a list of, is one of
// otherKinds.
func isOther(gk groupKind) bool {
	return slices.Contains(strings.Fields(otherKinds()[gk.group]), strings.TrimSuffix(gk.kind, "List"))
}

// meant are the kinds that a kind could be a misspelling of: in a group that
// netsim reads from, every policy, and workloads and their like if the group
// is one of Kubernetes' old ones; elsewhere, the kinds of a group that is near,
// and Cilium's own for what begins like them.
func (l *loader) meant(gk groupKind) []string {
	_, ours := otherKinds()[gk.group]
	var list []string
	for _, name := range sortedKeys(l.kinds) {
		k := l.kinds[name]
		switch dotted := strings.Contains(k.group, "."); {
		case k.singleton:
		case ours && (dotted || !strings.Contains(gk.group, ".")),
			dotted && nearest.Word(gk.group, []string{k.group}) != "",
			k.group == "cilium.io" && hasCiliumPrefix(gk.kind):
			list = append(list, name)
		}
	}
	if gk.group == "" {
		list = append(list, "List")
	}
	return list
}

// ineffective says why an object of another kind has no effect on an answer,
// where somebody could expect one.
func ineffective(gk groupKind) (problem, bool) {
	if idle, known := idleKinds()[gk]; known {
		return idle, true
	}
	_, ours := otherKinds()[gk.group]
	if !ours || !strings.Contains(gk.group, ".") || isOther(gk) {
		return problem{}, false
	}
	return problem{"kind", fmt.Sprintf("%s is not a kind of %s that netsim or Cilium knows: it has no effect on any answer", gk.kind, gk.group), "check the spelling, or leave the document out"}, true
}

func hasCiliumPrefix(kind string) bool {
	return strings.HasPrefix(strings.ToLower(kind), "cilium")
}

// didYouMean points to the key at the top that is spelled most like a missing
// one, "" if none is near.
func (d *document) didYouMean(key string) string {
	written := nearest.Word(key, keysOf(d.tree))
	if written == "" || written == key {
		return ""
	}
	return fmt.Sprintf("did you mean %s? It is written %s", key, written)
}

// addMissing is the remedy for what missing names.
func (d *document) addMissing() string {
	for _, key := range []string{"apiVersion", "kind"} {
		if hint := d.didYouMean(key); d.word(key) == "" && hint != "" {
			return hint
		}
	}
	return "add it at the top"
}
