package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// matcher is what Cilium's selectors and lists of them have in common.
type matcher interface {
	Matches(labels.LabelArray) bool
}

// subjectField is where each kind of policy says whom it is about.
func subjectField(kind string) string {
	switch kind {
	case "NetworkPolicy":
		return "podSelector"
	case "ClusterNetworkPolicy":
		return "subject"
	default:
		return "endpointSelector"
	}
}

// unmatchedSelectors are the selectors, of subjects and of peers, that no
// loaded pod satisfies: the commonest mistake after a wrong port.
func unmatchedSelectors(a *adviser) []model.Issue {
	if len(a.ids) == 0 {
		return nil
	}
	var issues []model.Issue
	for _, r := range a.rules {
		spec, _, _ := strings.Cut(r.path, ".")
		if !r.entry.Node && len(a.subjects(r)) == 0 {
			issues = append(issues, a.unmatchedSubject(r, spec+"."+subjectField(r.object.Origin.Kind)))
		}
		for _, e := range r.endpoints() {
			if !a.meansAnyone(e.selector) {
				issues = append(issues, a.unmatched(r, e))
			}
		}
	}
	return issues
}

// endpointSelector is a selector by labels, where it stands, and the only
// namespaces that it can mean, if it names some.
type endpointSelector struct {
	path       string
	selector   types.Selector
	namespaces []string
}

// namedNamespaces are those of the label that Cilium gives pods, whichever
// source the selector names.
func namedNamespaces(e api.EndpointSelector) []string {
	for _, source := range []string{"", labels.LabelSourceAnyKeyPrefix, labels.LabelSourceK8sKeyPrefix} {
		if names, found := e.GetMatch(source + podNamespaceLabel); found {
			return names
		}
	}
	return nil
}

// endpoints are the rule's peers that are given by labels.
func (r *rule) endpoints() []endpointSelector {
	if r.endpointPeers != nil {
		return r.endpointPeers
	}
	var found []endpointSelector
	for _, s := range r.entry.L3 {
		if _, byLabels := s.(*types.LabelSelector); byLabels {
			found = append(found, endpointSelector{r.path, s, s.SelectedNamespaces()})
		}
	}
	return found
}

// meansAnyone is also true of selectors that mean nodes or reserved identities.
func (a *adviser) meansAnyone(s types.Selector) bool {
	if len(a.matching(s)) > 0 {
		return true
	}
	for _, known := range a.Engine.ids.all() {
		if s.Matches(known) {
			return true
		}
	}
	return false
}

// unmatchedSubject is about a rule for no pod. One for endpoints that Cilium makes
// itself is meant so, and beyond what can be asked.
func (a *adviser) unmatchedSubject(r *rule, path string) model.Issue {
	for _, own := range []identity.NumericIdentity{identity.ReservedIdentityHealth, identity.ReservedIdentityInit, identity.ReservedIdentityIngress} {
		if r.entry.Subject.Matches(a.Engine.ids.reserved[own].LabelArray) {
			return issue(r.object, path, model.Info,
				fmt.Sprintf("%s: %s means endpoints of Cilium's own (reserved:%s) and no pod: netsim does not judge their traffic",
					r.object.Origin.ID(), ruleName(path), own), "")
		}
	}
	return a.unmatched(r, endpointSelector{path, r.entry.Subject, r.entry.Subject.SelectedNamespaces()})
}

// unmatched is a warning, unless no pod at all is loaded of the only namespaces
// that the selector can mean: then the files do not tell.
func (a *adviser) unmatched(r *rule, e endpointSelector) model.Issue {
	scope, path := e.namespaces, e.path
	known := len(scope) == 0 || slices.ContainsFunc(a.index.Cluster.Pods, func(p *model.Pod) bool {
		return slices.Contains(scope, p.Namespace) && p.Inferred == ""
	})
	id := r.object.Origin.ID()
	if !known {
		return issue(r.object, path, model.Info,
			fmt.Sprintf("%s: %s means pods of namespace %s, and none of those is loaded", id, ruleName(path), strings.Join(scope, " or ")),
			"load that namespace's pods or workloads too, or correct the namespace's name")
	}
	where := ""
	if len(scope) > 0 {
		where = " of namespace " + strings.Join(scope, " or ")
	}
	return issue(r.object, path, model.Warning,
		fmt.Sprintf("%s: %s matches no pod%s that is loaded", id, ruleName(path), where),
		"compare it with the labels that netsim list pods -o yaml shows")
}
