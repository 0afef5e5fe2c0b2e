package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// unlearnedNames are the rules by DNS name for pods of which no rules.dns lets a
// lookup of the name pass Cilium's DNS proxy: without one their agent sees no
// answer, and the rule means no address.
func unlearnedNames(a *adviser) []model.Issue {
	var issues []model.Issue
	for _, r := range a.rules {
		var names []string
		var deaf []*identity.Identity
		for _, id := range a.subjects(r) {
			if missing := a.untaught(r, id); len(missing) > 0 {
				names = append(names, missing...)
				deaf = append(deaf, id)
			}
		}
		if len(deaf) > 0 {
			slices.Sort(names)
			issues = append(issues, unlearnedIssue(r, slices.Compact(names), a.pods(deaf)))
		}
	}
	return issues
}

// untaught are the names of a rule that no DNS rule for an identity lets it look
// up.
func (a *adviser) untaught(r *rule, id *identity.Identity) []string {
	var names []string
	for _, s := range r.fqdns() {
		if !slices.ContainsFunc(a.dnsRules(id), func(d api.PortRuleDNS) bool { return teaches(d, s, a.dp.Version()) }) {
			names = append(names, s.MatchName+s.MatchPattern)
		}
	}
	return names
}

// dnsRules are the DNS rules of all policies for an identity's egress.
func (a *adviser) dnsRules(id *identity.Identity) []api.PortRuleDNS {
	var found []api.PortRuleDNS
	for _, r := range a.rules {
		if r.direction() != model.Egress || r.entry.Node || !r.entry.Subject.Matches(id.LabelArray) {
			continue
		}
		for _, ports := range r.entry.L4 {
			if ports.Rules != nil {
				found = append(found, ports.Rules.DNS...)
			}
		}
	}
	return found
}

// teaches says whether a DNS rule may let a name through that a selector means.
// Of two patterns it is enough that their ends agree: what lies between may.
func teaches(d api.PortRuleDNS, s *api.FQDNSelector, v model.Version) bool {
	if s.MatchName != "" {
		return fitsDNS(d, s.MatchName, v)
	}
	if d.MatchName != "" {
		return fqdnMatches(s, d.MatchName, v)
	}
	head, tail := patternEnds(d.MatchPattern)
	otherHead, otherTail := patternEnds(s.MatchPattern)
	return (strings.HasPrefix(head, otherHead) || strings.HasPrefix(otherHead, head)) &&
		(strings.HasSuffix(tail, otherTail) || strings.HasSuffix(otherTail, tail))
}

// patternEnds are what a matchPattern has before its first and after its last
// asterisk; of one without any, each is the whole.
func patternEnds(pattern string) (head, tail string) {
	pattern = strings.ToLower(strings.TrimSuffix(pattern, "."))
	head, _, _ = strings.Cut(pattern, "*")
	return head, pattern[strings.LastIndex(pattern, "*")+1:]
}

func unlearnedIssue(r *rule, names []string, pods []*model.Pod) model.Issue {
	path := r.path + ".toFQDNs"
	return issue(r.object, path, model.Warning,
		fmt.Sprintf("%s: %s means names that no rules.dns lets %s look up (%s): Cilium learns addresses from the answers that pass its DNS proxy, so by itself the rule allows nothing",
			r.object.Origin.ID(), ruleName(path), podCount(pods), strings.Join(names, ", ")),
		`give the rule that lets them reach the DNS server rules.dns with these names, or with {matchPattern: "*"}`)
}
