package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/engine/internal/crd"
	"github.com/netsim-dev/netsim/model"
)

// formerField is a field that a release before 1.20 enforced and that 1.20's
// CRD and code, which netsim runs, no longer know.
type formerField struct {
	name string
	// until is the last minor release of 1.x that has it.
	until int
}

// formerFields: Kafka and the generic L7 rules went with 1.20
// (pkg/policy/api/l4.go at 1.19.4), fromRequires and toRequires with 1.19
// (pkg/policy/api/ingress.go at 1.18.4).
func formerFields() []formerField {
	return []formerField{
		{"rules.kafka", 19}, {"rules.l7proto", 19}, {"rules.l7", 19},
		{"fromRequires", 18}, {"toRequires", 18},
	}
}

// stillInForce says whether a problem that 1.20's schema has with a field is
// none to the cluster's own, older Cilium.
func stillInForce(p crd.Problem, v model.Version) bool {
	return slices.ContainsFunc(formerFields(), func(f formerField) bool {
		_, rest, found := strings.Cut("."+p.Path, "."+f.name)
		whole := rest == "" || rest[0] == '.' || rest[0] == '['
		return found && whole && !v.AtLeast(1, f.until+1, 0)
	})
}

// notYet says what in a rule the cluster's Cilium refuses because a later
// release brought it, "" for nothing.
func notYet(r *api.Rule, v model.Version) string {
	if !v.AtLeast(1, 20, 0) && slices.ContainsFunc(entities(r), func(e api.Entity) bool { return e == api.EntityClusterMesh }) {
		return "the entity cluster-mesh came with 1.20"
	}
	for _, name := range serverNames(r) {
		if v.AtLeast(1, 18, 0) && !v.AtLeast(1, 20, 0) && !wildcardLeads(name) {
			return fmt.Sprintf("a wildcard within a label, as in server name %s, came with 1.20", name)
		}
	}
	if v.AtLeast(1, 17, 0) {
		return ""
	}
	withPorts := func(services []api.Service, ports int) bool { return len(services) > 0 && ports > 0 }
	if slices.ContainsFunc(r.Egress, func(x api.EgressRule) bool { return withPorts(x.ToServices, len(x.ToPorts)) }) ||
		slices.ContainsFunc(r.EgressDeny, func(x api.EgressDenyRule) bool { return withPorts(x.ToServices, len(x.ToPorts)) }) {
		return "toServices with toPorts came with 1.17"
	}
	for _, s := range ruleSources("", r) {
		for _, c := range s.cidrSet {
			switch {
			case c.CIDRGroupSelector.LabelSelector != nil:
				return "cidrGroupSelector came with 1.17"
			case c.CIDRGroupRef != "" && len(c.ExceptCIDRs) > 0:
				return "except with cidrGroupRef came with 1.17"
			}
		}
	}
	return ""
}

// wildcardLeads: the CRD has had a pattern for server names since 1.18
// (pkg/policy/api/l4.go, ServerName).
func wildcardLeads(name api.ServerName) bool {
	return regexp.MustCompile(`^(\*?\*\.)?([-a-zA-Z0-9_]+\.?)+$`).MatchString(string(name))
}

func serverNames(r *api.Rule) (all []api.ServerName) {
	for _, x := range r.Ingress {
		for _, p := range x.ToPorts {
			all = append(all, p.ServerNames...)
		}
	}
	for _, x := range r.Egress {
		for _, p := range x.ToPorts {
			all = append(all, p.ServerNames...)
		}
	}
	return all
}

func entities(r *api.Rule) (all api.EntitySlice) {
	for _, x := range r.Ingress {
		all = append(all, x.FromEntities...)
	}
	for _, x := range r.IngressDeny {
		all = append(all, x.FromEntities...)
	}
	for _, x := range r.Egress {
		all = append(all, x.ToEntities...)
	}
	for _, x := range r.EgressDeny {
		all = append(all, x.ToEntities...)
	}
	return all
}

// outlived makes a policy that only an older Cilium enforces undetermined.
func (r *reader) outlived(o *model.Object, p crd.Problem) model.Issue {
	r.opaque = append(r.opaque, o)
	return issue(o, p.Path, model.Error, fmt.Sprintf(
		"%s: Cilium %s enforces %s, which netsim does not judge: every verdict that it could touch is undetermined",
		o.Origin.ID(), r.dp.CiliumVersion, p.Path), "")
}

// withoutEmptySpecs leaves out the specs without rules, which Cilium has
// refused, with the whole policy, since 1.17 and passed over before
// (pkg/policy/api/rule_validation.go, Rule.Sanitize, at 1.16.19 and 1.17.0). It
// gives the field paths of those that are left.
func withoutEmptySpecs(p ciliumv2.CiliumNetworkPolicy) (ciliumv2.CiliumNetworkPolicy, []string) {
	var left []string
	paths, all := specPaths(p), specs(p)
	p.Spec, p.Specs = nil, nil
	for i, spec := range all {
		switch {
		case len(spec.Ingress)+len(spec.IngressDeny)+len(spec.Egress)+len(spec.EgressDeny) == 0:
			continue
		case paths[i] == "spec":
			p.Spec = spec
		default:
			p.Specs = append(p.Specs, spec)
		}
		left = append(left, paths[i])
	}
	return p, left
}
