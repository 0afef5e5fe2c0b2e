package engine

import (
	"fmt"
	"slices"
	"strings"

	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netsim-dev/netsim/model"
)

// labelDemand is what a selector asks of one label: its presence, maybe with a
// value, or its absence.
type labelDemand struct {
	key    string
	absent bool
}

// labelDemands are those of a selector, sorted.
func labelDemands(ls *slim_metav1.LabelSelector) []labelDemand {
	var out []labelDemand
	for key := range ls.MatchLabels {
		out = append(out, labelDemand{key, false})
	}
	for _, e := range ls.MatchExpressions {
		absent := e.Operator == slim_metav1.LabelSelectorOpNotIn || e.Operator == slim_metav1.LabelSelectorOpDoesNotExist
		out = append(out, labelDemand{e.Key, absent})
	}
	slices.SortFunc(out, func(a, b labelDemand) int { return strings.Compare(a.key, b.key) })
	return out
}

// ignoredLabels warns of selectors that ask for a label which Cilium keeps out
// of identities: it is as if nobody had it. Call it with Cilium's options set.
func (r *reader) ignoredLabels(o *model.Object, path string, wants []labelDemand) []model.Issue {
	var issues []model.Issue
	for _, d := range wants {
		source, key, found := strings.Cut(d.key, ":")
		if !found {
			source, key = labels.LabelSourceAny, d.key
		}
		if source != labels.LabelSourceAny && source != labels.LabelSourceK8s || r.isIdentityLabel(key) {
			continue
		}
		effect := "it never matches"
		if d.absent {
			effect = "the demand that it be absent, or have another value, always holds"
		}
		issues = append(issues, issue(o, path, model.Warning,
			fmt.Sprintf("%s: %s selects by the label %s, which Cilium keeps out of identities: %s", o.Origin.ID(), ruleName(path), key, effect),
			"select by a label that is part of identities, as netsim list pods -o yaml shows them"))
	}
	return issues
}

func (r *reader) isIdentityLabel(key string) bool {
	return r.filter.keeps(labels.NewLabel(key, "", labels.LabelSourceK8s))
}

// ignoredInCilium looks at the subject and the peers of a Cilium policy's rule.
func (r *reader) ignoredInCilium(o *model.Object, spec string, parsed *api.Rule) []model.Issue {
	var issues []model.Issue
	if ls := parsed.EndpointSelector.LabelSelector; ls != nil {
		issues = r.ignoredLabels(o, spec+".endpointSelector", labelDemands(ls))
	}
	if ls := parsed.NodeSelector.LabelSelector; ls != nil {
		issues = append(issues, r.ignoredLabels(o, spec+".nodeSelector", labelDemands(ls))...)
	}
	for _, s := range ruleSources(spec, parsed) {
		for i, e := range s.endpoints {
			if !e.Generated {
				issues = append(issues, r.ignoredLabels(o, fmt.Sprintf("%s.%s[%d]", s.path, s.endpointsField, i), labelDemands(e.LabelSelector))...)
			}
		}
	}
	return issues
}

// ignoredInSelectors looks at selectors of pods in Kubernetes' policies.
func (r *reader) ignoredInSelectors(o *model.Object, selectors []placedSelector) []model.Issue {
	var issues []model.Issue
	for _, s := range selectors {
		if s.selector == nil {
			continue
		}
		slim := &slim_metav1.LabelSelector{MatchLabels: s.selector.MatchLabels}
		for _, e := range s.selector.MatchExpressions {
			slim.MatchExpressions = append(slim.MatchExpressions, slim_metav1.LabelSelectorRequirement{Key: e.Key, Operator: slim_metav1.LabelSelectorOperator(e.Operator)})
		}
		issues = append(issues, r.ignoredLabels(o, s.path, labelDemands(slim))...)
	}
	return issues
}

// podSelectors are those of a NetworkPolicy.
func podSelectors(np *networkingv1.NetworkPolicy) []placedSelector {
	all := []placedSelector{{"spec.podSelector", &np.Spec.PodSelector}}
	add := func(list string, peers []networkingv1.NetworkPolicyPeer) {
		for i, peer := range peers {
			all = append(all, placedSelector{fmt.Sprintf("%s[%d].podSelector", list, i), peer.PodSelector})
		}
	}
	for i, in := range np.Spec.Ingress {
		add(fmt.Sprintf("spec.ingress[%d].from", i), in.From)
	}
	for i, out := range np.Spec.Egress {
		add(fmt.Sprintf("spec.egress[%d].to", i), out.To)
	}
	return all
}
