package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// conflict is a smallest set of port rules of which Cilium can compute no
// policy: two that demand different authentication or different proxies for one
// selector and port (cilium v1.20.2 pkg/policy/rule.go, mergePortProto).
type conflict struct {
	rules []*rule
	err   error
}

// explainFailure names the rules for which Cilium can compute no policy of a
// pod. What the agent does then: a pod that runs keeps the policy that it has
// (pkg/endpoint/policy.go, regeneratePolicy), and a new one is not set up,
// because its first policy is waited for (pkg/endpoint/endpoint.go,
// WaitForFirstRegeneration).
func (e *Engine) explainFailure(f *flow, err error, step *model.Step) {
	why := err.Error()
	if conflicts := e.conflictsOf(f.subject); len(conflicts) > 0 {
		var texts []string
		for _, c := range conflicts {
			texts = append(texts, c.text())
			for _, r := range c.rules {
				step.By = append(step.By, r.origin(0))
			}
		}
		why = strings.Join(texts, "; ")
		step.Hint = "make these rules agree, or give them different peers or ports"
	} else {
		step.By = e.selecting(f, func(*rule) bool { return true })
	}
	step.By = model.SortOrigins(step.By)
	step.Why = fmt.Sprintf("Cilium cannot compute the policy of %s for either direction: %s; its agent keeps the policy from before, and a new pod of this kind does not start", describe(f.self), why)
}

func (c conflict) text() string {
	names := make([]string, len(c.rules))
	for i, r := range c.rules {
		names[i] = at(r, 0)
	}
	if len(names) == 1 {
		return fmt.Sprintf("rule %s conflicts with itself: %v", names[0], c.err)
	}
	return fmt.Sprintf("rules %s conflict: %v", strings.Join(names, " and "), c.err)
}

// conflictsOf finds the conflicts among the rules that select an identity, by
// asking Cilium itself. Call it with Cilium's options set.
func (e *Engine) conflictsOf(subject *identity.Identity) []conflict {
	if found, known := e.conflicts[subject.ID]; known {
		return found
	}
	var found []conflict
	rules := e.portRules(subject)
	for range maxConflicts {
		err := e.tryRules(subject, rules)
		if err == nil {
			break
		}
		c := e.smallest(subject, rules)
		found = append(found, c)
		last := c.rules[len(c.rules)-1]
		rules = slices.DeleteFunc(rules, func(r *rule) bool { return r == last })
	}
	e.conflicts[subject.ID] = found
	return found
}

// maxConflicts is how many conflicts an answer names.
const maxConflicts = 5

// smallest takes away every rule without which the rest still fails.
func (e *Engine) smallest(subject *identity.Identity, rules []*rule) conflict {
	needed := slices.Clone(rules)
	for _, r := range rules {
		rest := slices.DeleteFunc(slices.Clone(needed), func(other *rule) bool { return other == r })
		if e.tryRules(subject, rest) != nil {
			needed = rest
		}
	}
	return conflict{needed, e.tryRules(subject, needed)}
}

// portRules are the rules for an identity with one port rule each.
func (e *Engine) portRules(subject *identity.Identity) []*rule {
	var out []*rule
	for _, r := range e.rules {
		if r.entry.Node || !r.entry.Subject.Matches(subject.LabelArray) {
			continue
		}
		if len(r.entry.L4) == 0 {
			out = append(out, r)
		}
		for i := range r.entry.L4 {
			single, entry := *r, *r.entry
			entry.L4 = api.PortRules{r.entry.L4[i]}
			single.entry, single.ports = &entry, r.ports[i:i+1]
			out = append(out, &single)
		}
	}
	return out
}

// tryRules says whether Cilium can compute the policy of an identity from some
// rules. Nobody else need exist for that: conflicts are between selectors.
func (e *Engine) tryRules(subject *identity.Identity, rules []*rule) error {
	host := e.ids.host(nil)
	alone := identity.IdentityMap{subject.ID: subject.LabelArray, identity.ReservedIdentityHost: host.LabelArray}
	return newRepository(e.ids, alone, rules, e.dp.Version()).policyMap(subject, host).err
}
