package engine

import (
	"fmt"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// rule is one entry of a policy as Cilium's parser made it, with its place in
// the file.
type rule struct {
	entry  *types.PolicyEntry
	object *model.Object
	// path is the rule's field path in the document ("spec.ingress[0]"), and
	// ports the paths of its port rules, in the order of entry.L4.
	path  string
	ports []string
	// unknownPeers says why netsim cannot tell whom the rule means, "" where
	// it can.
	unknownPeers string
	// unknownGroups are the cloud's groups among its peers whose addresses no
	// file holds.
	unknownGroups []string
	// missingGroups are the CIDR groups that it refers to and no file holds.
	missingGroups []string
	// endpointPeers are the peers given by labels, each with its own place; nil
	// where path itself is that place.
	endpointPeers []endpointSelector
	// undeclared is true for a rule of a NetworkPolicy whose policyTypes do not
	// name the rule's direction.
	undeclared bool
	// emptyGroups is true where a cidrGroupSelector among its peers demands
	// nothing.
	emptyGroups bool
	// readsNodes is true where its peers are nodes by their labels.
	readsNodes bool
}

func (r *rule) direction() model.Direction {
	if r.entry.Ingress {
		return model.Ingress
	}
	return model.Egress
}

// origin names the rule, or the port rule in it with the given index (-1 for
// the rule as a whole).
func (r *rule) origin(port int) model.Origin { return r.originAt(r.pathOf(port)) }

// pathOf is the field path of a port rule, or of the whole rule for -1.
func (r *rule) pathOf(port int) string {
	if port >= 0 && port < len(r.ports) {
		return r.ports[port]
	}
	return r.path
}

// originAt names a field of the rule by its path in the document.
func (r *rule) originAt(path string) model.Origin {
	o := r.object.Origin
	o.Line = r.object.Line(path)
	o.Rule = ruleName(path)
	return o
}

// policyOrigin names the whole policy.
func (r *rule) policyOrigin() model.Origin { return r.object.Origin }

// ruleName is a field path as people say it: without the leading "spec.".
func ruleName(path string) string {
	const prefix = "spec."
	if len(path) > len(prefix) && path[:len(prefix)] == prefix {
		return path[len(prefix):]
	}
	return path
}

// labelFor tells the rule apart in what Cilium's engine reports back.
func labelFor(index int) labels.Label {
	return labels.NewLabel("rule", fmt.Sprint(index), "netsim")
}

// Rules names every rule of the policies that are judged: each port rule by
// itself, as Steps do, sorted.
func (e *Engine) Rules() []model.Origin {
	origins := []model.Origin{}
	for _, r := range e.rules {
		if len(r.entry.L4) == 0 {
			origins = append(origins, r.origin(-1))
		}
		for i := range r.entry.L4 {
			origins = append(origins, r.origin(i))
		}
	}
	return model.SortOrigins(origins)
}
