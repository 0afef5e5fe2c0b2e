package engine

import (
	"fmt"

	"github.com/cilium/cilium/pkg/identity"

	"github.com/netsim-dev/netsim/model"
)

// silentDefaultDeny are the policies that only forbid, and that alone switch on
// default deny for a pod: what they do not mention is then dropped as well.
// Source: cilium v1.20.2 pkg/policy/api/rule.go, Rule.Sanitize (a deny section
// sets EnableDefaultDeny like any other).
func silentDefaultDeny(a *adviser) []model.Issue {
	var issues []model.Issue
	for _, rules := range byPolicy(a.rules) {
		if !onlyForbids(rules) {
			continue
		}
		if alone := a.pods(a.isolatedAloneBy(rules)); len(alone) > 0 {
			issues = append(issues, silentIssue(rules[0], alone))
		}
	}
	return issues
}

func onlyForbids(rules []*rule) bool {
	for _, r := range rules {
		if !r.entry.IsDeny() || !r.entry.DefaultDeny || r.entry.Node {
			return false
		}
	}
	return true
}

// isolatedAloneBy are the identities that no other policy isolates in the
// rules' direction.
func (a *adviser) isolatedAloneBy(rules []*rule) []*identity.Identity {
	var alone []*identity.Identity
	seen := map[identity.NumericIdentity]bool{}
	for _, r := range rules {
		for _, id := range a.subjects(r) {
			if !seen[id.ID] && !a.isolatedBesides(rules[0], id) {
				alone = append(alone, id)
			}
			seen[id.ID] = true
		}
	}
	return alone
}

func (a *adviser) isolatedBesides(one *rule, id *identity.Identity) bool {
	for _, r := range a.rules {
		other := r.object != one.object && r.direction() == one.direction()
		if other && isolates(r) && !r.entry.Node && r.entry.Subject.Matches(id.LabelArray) {
			return true
		}
	}
	return false
}

func silentIssue(r *rule, pods []*model.Pod) model.Issue {
	return issue(r.object, r.path, model.Warning,
		fmt.Sprintf("%s only forbids, yet it switches on default deny: %s of %s is dropped unless another policy allows it",
			r.object.Origin.ID(), r.direction(), podCount(pods)),
		fmt.Sprintf("set enableDefaultDeny.%s to false if the rest is to stay open", r.direction()))
}
