package conntest

import (
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// deciding are the origins of what decided: of the steps that have the verdict
// of their path, on the paths that have the verdict of the whole.
func deciding(answers []*sim.Answer) []model.Origin {
	var all []model.Origin
	for _, a := range answers {
		for _, p := range a.Paths {
			if p.Verdict != a.Verdict && a.Verdict != sim.Mixed {
				continue
			}
			for _, step := range p.Steps {
				if step.Verdict == p.Verdict {
					all = append(all, step.By...)
				}
			}
		}
	}
	return model.SortOrigins(all)
}

// isBecause says whether the policy that Because names is one that decided.
func (c Case) isBecause(answers []*sim.Answer) bool {
	if c.Because == "" {
		return true
	}
	return slices.ContainsFunc(deciding(answers), func(o model.Origin) bool { return means(c.Because, o) })
}

// means says whether a name as Because has it is that of an object.
func means(name string, o model.Origin) bool {
	switch parts := strings.Split(name, "/"); len(parts) {
	case 1:
		return parts[0] == o.Name && o.Kind != service
	case 2:
		ofNamespace := parts[0] == o.Namespace && o.Kind != service
		return parts[1] == o.Name && (ofNamespace || o.Namespace == "" && strings.EqualFold(parts[0], o.Kind))
	case 3:
		return strings.EqualFold(parts[0], o.Kind) && parts[1] == o.Namespace && parts[2] == o.Name
	}
	return false
}

// service is the kind that is among what decided wherever a Service is asked
// for, and that has its name in common with many a policy.
const service = "Service"

// decidedBy says who decided instead.
func decidedBy(answers []*sim.Answer) string {
	var names []string
	for _, o := range deciding(answers) {
		if o.Kind == service {
			continue
		}
		name := o.ID()
		if at := o.Position(); at != "" {
			name += " (" + at + ")"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "no policy decided it"
	}
	return "decided by " + strings.Join(names, ", ")
}
