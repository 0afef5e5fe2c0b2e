package engine

import (
	"fmt"
	"slices"

	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// judged is a packet with the rules that match it and what follows from them.
type judged struct {
	*flow
	hits   []hit
	course course
	step   *model.Step
}

// deviations are the places where Cilium does otherwise than the text of
// Kubernetes' own policies says. Each gives a clause where that decides the
// packet, "" elsewhere.
func deviations() []func(*Engine, judged) string {
	return []func(*Engine, judged) string{
		(*Engine).undeclaredDirection, (*Engine).cidrOfInside, (*Engine).ownNodeIsolated, (*Engine).blockMeansNamespace,
		(*Engine).hostNetworkPeer, (*Engine).sharedPortName, (*Engine).absentLabels, (*Engine).baselineFirst, (*Engine).equalPriority,
	}
}

func (e *Engine) applyDeviations(j judged) {
	for _, deviation := range deviations() {
		if clause := deviation(e, j); clause != "" {
			j.step.Why += "; " + clause
		}
	}
}

// defaultDenied says whether a policy that isolates the pod denies the packet,
// and no rule.
func (j judged) defaultDenied() bool {
	return j.step.Verdict == model.Denied && len(j.course.by) == 0
}

// isolating are the rules that switch on default deny for a packet's subject.
func (e *Engine) isolating(f *flow) []*rule {
	return slices.DeleteFunc(slices.Clone(e.rulesFor(f)), func(r *rule) bool { return !isolates(r) })
}

func isNetworkPolicy(r *rule) bool { return r.object.Origin.Kind == "NetworkPolicy" }

func isClusterNetworkPolicy(r *rule) bool { return r.object.Origin.Kind == "ClusterNetworkPolicy" }

// undeclaredDirection: "policyTypes: [Egress]" says that the policy has nothing
// to do with ingress, whatever else it holds (k8s.io/api v0.36
// networking/v1, NetworkPolicySpec.PolicyTypes); Cilium goes by the rules
// (cilium v1.20.2 pkg/k8s/network_policy.go, ParseNetworkPolicy).
func (e *Engine) undeclaredDirection(j judged) string {
	declared := func(r *rule) bool { return !r.undeclared }
	isolating := e.isolating(j.flow)
	var deciding []*rule
	switch {
	case j.defaultDenied():
		deciding = isolating
	case j.course.allows() && slices.ContainsFunc(isolating, declared):
		for _, h := range j.course.by {
			deciding = append(deciding, h.rule)
		}
	}
	if len(deciding) == 0 || slices.ContainsFunc(deciding, declared) {
		return ""
	}
	return fmt.Sprintf("by Kubernetes' text the policyTypes of %s keep it out of %s; Cilium applies its %s rules all the same",
		deciding[0].object.Origin.ID(), j.direction, j.direction)
}

// cidrOfInside: to Kubernetes an address in a CIDR is one wherever it lies
// (k8s.io/api v0.36 networking/v1, IPBlock; network-policy-api v0.2.0
// apis/v1alpha2, ClusterNetworkPolicyEgressPeer.Networks); Cilium's CIDRs match
// identities outside only (cilium v1.20.2 pkg/policy/types/selector.go,
// CIDRSelector.Matches).
func (e *Engine) cidrOfInside(j judged) string {
	if j.other.Outside() {
		return ""
	}
	for _, r := range e.rulesFor(j.flow) {
		port, ok := j.portMatches(r, e.ports())
		holds := slices.ContainsFunc(r.entry.L3, func(s types.Selector) bool { return isCIDR(s) && s.Matches(e.ids.outside(j.other.Addr)) })
		h := hit{r, port}
		if !ok || !holds || j.peerMatches(r) || !h.couldTurn(*j.step, j.hits) {
			continue
		}
		switch {
		case isNetworkPolicy(r):
			return fmt.Sprintf("Kubernetes' text does not keep an ipBlock from meaning pods and nodes, and that in %s holds %s; Cilium's CIDRs mean what is outside the cluster", nameOf(h), j.other.Addr)
		case isClusterNetworkPolicy(r):
			return fmt.Sprintf("by Kubernetes' text networks mean pods and nodes too, and those in %s hold %s; Cilium's CIDRs mean what is outside the cluster", nameOf(h), j.other.Addr)
		}
	}
	return ""
}

// ownNodeIsolated: "traffic to and from the node where a Pod is running is
// always allowed" (Kubernetes' documentation, Network Policies); Cilium allows
// the way from the node alone, and that by an option.
func (e *Engine) ownNodeIsolated(j judged) string {
	ownNode := j.other.Kind == model.PartyNode && j.other.Node == j.self.Node
	switch {
	case !ownNode || !j.defaultDenied() || !slices.ContainsFunc(e.isolating(j.flow), isNetworkPolicy):
		return ""
	case j.direction == model.Egress:
		return "by Kubernetes' text a pod always reaches its own node; Cilium isolates it from that too"
	default:
		return "by Kubernetes' text a node always reaches its own pods; Cilium lets it with allow-localhost only"
	}
}

// blockMeansNamespace names what ipBlockMeansNamespace knows.
func (e *Engine) blockMeansNamespace(j judged) string {
	isBlock := func(h hit) bool { return isNetworkPolicy(h.rule) && slices.ContainsFunc(h.rule.entry.L3, isCIDR) }
	blocksOnly := j.course.allows() && !slices.ContainsFunc(j.course.by, func(h hit) bool { return !isBlock(h) })
	if !blocksOnly || j.other.Kind != model.PartyPod {
		return ""
	}
	return "that is an ipBlock, which by Kubernetes' text and in other releases does not mean the policy's own namespace; in Cilium 1.19.0 to 1.19.4 it does"
}

// hostNetworkPeer: whether selectors mean pods of the host's network, Kubernetes
// leaves to the implementation (its documentation, Network Policies, hostNetwork
// pods); to Cilium such a pod is its node (cilium v1.20.2
// pkg/k8s/watchers/pod.go, updatePodHostData, leaves it out).
func (e *Engine) hostNetworkPeer(j judged) string {
	if j.other.Kind != model.PartyNode || j.other.Pod == nil {
		return ""
	}
	asPod := e.ids.podLabels(j.other.Pod).LabelArray()
	for _, r := range e.rulesFor(j.flow) {
		port, ok := j.portMatches(r, e.ports())
		h := hit{r, port}
		if ok && isNetworkPolicy(r) && r.entry.L3.Matches(asPod) && !j.peerMatches(r) && h.couldTurn(*j.step, j.hits) {
			return fmt.Sprintf("Kubernetes leaves open whether selectors mean hostNetwork pods; to Cilium this one is its node, and %s does not mean it", nameOf(h))
		}
	}
	return ""
}

// sharedPortName: a port's name means the number that the destination gives it
// (k8s.io/api v0.36 networking/v1, NetworkPolicyPort.Port). For what it means
// to Cilium before 1.20 see peerPorts.
func (e *Engine) sharedPortName(j judged) string {
	if j.direction != model.Egress || !e.ports().clusterWide {
		return ""
	}
	byText := peerPorts{byIdentity: e.ids.named}
	for _, r := range e.rulesFor(j.flow) {
		if !isNetworkPolicy(r) || !j.peerMatches(r) {
			continue
		}
		port, means := j.portMatches(r, byText)
		_, matches := j.portMatches(r, e.ports())
		h := hit{r, port}
		switch {
		case means && !matches && h.couldTurn(*j.step, j.hits):
			return fmt.Sprintf("by Kubernetes' text the port's name in %s means the destination's own number; Cilium before 1.20 has one number for a name in the whole cluster, and none where pods differ", nameOf(h))
		case matches && !means && len(j.course.by) == 1 && j.course.by[0].rule == r:
			return fmt.Sprintf("by Kubernetes' text the port's name in %s means a port that the destination names so, and it has none; Cilium before 1.20 has one number for a name in the whole cluster", nameOf(h))
		}
	}
	return ""
}

// absentLabels: a selector that only asks for labels to be absent matches what
// has no labels at all. Kubernetes' namespace selectors mean pods; Cilium's mean
// nodes and the outside too, unless they name a cluster (cilium v1.20.2
// pkg/k8s/network_policy.go, processNamespaceSelector). And since 1.20 they mean
// the identity that stands for all pods (see isAggregate).
func (e *Engine) absentLabels(j judged) string {
	for _, h := range j.course.by {
		peers := h.rule.entry.L3
		if len(peers) == 0 || slices.ContainsFunc(peers, func(s types.Selector) bool { return isCIDR(s) || s.IsWildcard() }) {
			continue
		}
		switch {
		case !peers.Matches(j.peer.LabelArray):
			return fmt.Sprintf("the labels of %s do not match %s, but Cilium's common entry for all peers of its kind has no labels and does", describe(j.other), nameOf(h))
		case j.other.Kind != model.PartyPod && (isNetworkPolicy(h.rule) || isClusterNetworkPolicy(h.rule)):
			return fmt.Sprintf("by Kubernetes' text %s means pods of namespaces without a label; to Cilium it means whatever is without it, pod or not", nameOf(h))
		}
	}
	return ""
}
