package engine

import (
	"fmt"
	"slices"

	"github.com/cilium/cilium/pkg/identity"

	"github.com/netsim-dev/netsim/model"
)

// Advice lists what the policies say that every cluster would take and that is
// probably not meant: selectors that mean nobody, ports of a Service where
// policy sees the targetPort, names that no lookup teaches Cilium, and the
// like. It is sorted, and needs the pods and Services that the policies are
// about among the loaded files.
func (e *Engine) Advice() []model.Issue {
	var found []model.Issue
	e.options.withOptions(func() {
		a := newAdviser(e)
		for _, look := range []func(*adviser) []model.Issue{
			unmatchedSelectors, servicePorts, unlearnedNames, silentDefaultDeny, nodeEntities, unreadAnnotations,
		} {
			found = append(found, look(a)...)
		}
	})
	return model.SortIssues(found)
}

// adviser looks at an Engine's rules from every pod's side at once.
type adviser struct {
	*Engine
	// alike are the pods of each identity, in the cluster's order, and ids
	// their identities, sorted.
	alike map[identity.NumericIdentity][]*model.Pod
	ids   []*identity.Identity
}

func newAdviser(e *Engine) *adviser {
	a := &adviser{Engine: e, alike: map[identity.NumericIdentity][]*model.Pod{}}
	for _, pod := range e.index.Cluster.Pods {
		id := e.ids.pods[pod]
		if id == nil || pod.Inferred != "" {
			continue
		}
		if len(a.alike[id.ID]) == 0 {
			a.ids = append(a.ids, id)
		}
		a.alike[id.ID] = append(a.alike[id.ID], pod)
	}
	return a
}

// subjects are the identities of the pods that a rule selects.
func (a *adviser) subjects(r *rule) []*identity.Identity {
	if r.entry.Node {
		return nil
	}
	return a.matching(r.entry.Subject)
}

// peers are the identities of the pods that a rule's peers are.
func (a *adviser) peers(r *rule) []*identity.Identity {
	return a.matching(r.entry.L3)
}

func (a *adviser) matching(s matcher) []*identity.Identity {
	var found []*identity.Identity
	for _, id := range a.ids {
		if s.Matches(id.LabelArray) {
			found = append(found, id)
		}
	}
	return found
}

// pods are those of several identities.
func (a *adviser) pods(ids []*identity.Identity) []*model.Pod {
	var pods []*model.Pod
	for _, id := range ids {
		pods = append(pods, a.alike[id.ID]...)
	}
	return pods
}

// podCount is "pod dev/a", or "3 pods (dev/a, ...)".
func podCount(pods []*model.Pod) string {
	first := pods[0].Namespace + "/" + pods[0].Name
	if len(pods) == 1 {
		return "pod " + first
	}
	return fmt.Sprintf("%d pods (%s, ...)", len(pods), first)
}

// byPolicy puts the rules of one policy and direction together, in the order
// in which they were read.
func byPolicy(rules []*rule) [][]*rule {
	var groups [][]*rule
	for _, r := range rules {
		i := slices.IndexFunc(groups, func(g []*rule) bool {
			return g[0].object == r.object && g[0].direction() == r.direction()
		})
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], r)
	}
	return groups
}
