package engine

import (
	"fmt"
	"math"
	"slices"

	"github.com/cilium/cilium/pkg/policy/types"
)

// baselineFirst: by Kubernetes' text a NetworkPolicy that selects a pod always
// decides (network-policy-api v0.2.0 apis/v1alpha2,
// ClusterNetworkPolicySpec.Tier); in Cilium its default deny comes behind the
// Baseline tier (cilium v1.20.2 pkg/policy/repository.go,
// computePolicyEnforcementAndRules; seen on a live cluster).
func (e *Engine) baselineFirst(j judged) string {
	isolating := e.isolating(j.flow)
	if !j.course.allows() || j.course.tier() != types.Baseline || len(isolating) == 0 {
		return ""
	}
	if i := slices.IndexFunc(isolating, isNetworkPolicy); i >= 0 {
		return fmt.Sprintf("by Kubernetes' text %s, which isolates it, would deny it before; in Cilium default deny comes behind the Baseline tier", isolating[i].object.Origin.ID())
	}
	return fmt.Sprintf("%s isolates it, but default deny comes behind the Baseline tier", isolating[0].object.Origin.ID())
}

// equalPriority: Kubernetes leaves open which of several policies of equal
// priority decides (network-policy-api v0.2.0 apis/v1alpha2,
// ClusterNetworkPolicySpec.Priority); Cilium adds a hundredth for each rule's
// index (cilium v1.20.2 pkg/k8s/cluster_network_policy.go), and takes the Deny
// of equals (seen on a live cluster).
func (e *Engine) equalPriority(j judged) string {
	for _, h := range slices.Concat(j.course.passed, j.course.by) {
		if !isClusterNetworkPolicy(h.rule) {
			continue
		}
		for _, rival := range known(j.hits) {
			priority, its := math.Floor(h.rule.entry.Priority), math.Floor(rival.rule.entry.Priority)
			if h.tier() == rival.tier() && priority == its && h.verdict() != rival.verdict() && h.rule.object != rival.rule.object {
				return fmt.Sprintf("%s has the same priority: Kubernetes leaves open which of them goes first; in Cilium the rule with the lower index does, and among equals Deny", nameOf(rival))
			}
		}
	}
	return ""
}
