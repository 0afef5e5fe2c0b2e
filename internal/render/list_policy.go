package render

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// policyKinds are the kinds of policy that have a table of their own, with
// kubectl's names for them; others are listed among the other objects.
var policyKinds = []struct {
	kind    string
	aliases []string
}{
	{"NetworkPolicy", []string{"networkpolicies", "networkpolicy", "netpol"}},
	{"CiliumNetworkPolicy", []string{"ciliumnetworkpolicies", "ciliumnetworkpolicy", "ciliumnp", "cnp"}},
	{"CiliumClusterwideNetworkPolicy", []string{"ciliumclusterwidenetworkpolicies", "ciliumclusterwidenetworkpolicy", "ccnp"}},
	{"ClusterNetworkPolicy", []string{"clusternetworkpolicies", "clusternetworkpolicy"}},
	{"AdminNetworkPolicy", []string{"adminnetworkpolicies", "adminnetworkpolicy", "anp"}},
	{"BaselineAdminNetworkPolicy", []string{"baselineadminnetworkpolicies", "baselineadminnetworkpolicy", "banp"}},
}

func policyResources() []resource {
	var tables []resource
	for _, k := range policyKinds {
		tables = append(tables, resource{
			k.aliases[0], k.aliases[1:], []string{"NAMESPACE", "NAME", "SELECTS", "SECTIONS"},
			func(c *model.Cluster) []row { return policyRows(c, k.kind) },
		})
	}
	return tables
}

func policyRows(c *model.Cluster, kind string) []row {
	var rows []row
	for _, o := range slices.Concat(c.Policies, c.Others) {
		if o.Origin.Kind != kind {
			continue
		}
		selects, sections := policyCells(o.JSON)
		rows = append(rows, row{
			cells:  []string{orDash(o.Origin.Namespace), clean(o.Origin.Name), orDash(selects), orDash(sections)},
			origin: o.Origin,
			object: func() map[string]any { return rawObject(o) },
		})
	}
	return rows
}

// policySpec is as much of any policy's spec as a table shows. What does not
// fit it is the engine's business; the table then shows a dash.
type policySpec struct {
	PodSelector      *selector
	EndpointSelector *selector
	NodeSelector     *selector
	Subject          *struct {
		Namespaces *selector
		Pods       *struct{ PodSelector *selector }
	}
	Ingress, IngressDeny, Egress, EgressDeny *[]json.RawMessage
	PolicyTypes                              []string
}

type selector struct {
	MatchLabels      map[string]string
	MatchExpressions []json.RawMessage
}

// policyCells says which pods a policy selects and which sections it has.
func policyCells(text []byte) (selects, sections string) {
	var policy struct {
		Spec  *policySpec
		Specs []policySpec
	}
	if json.Unmarshal(text, &policy) != nil {
		return "", ""
	}
	if policy.Spec == nil && len(policy.Specs) == 0 {
		return "", ""
	}
	if policy.Spec == nil {
		return fmt.Sprintf("%d specs", len(policy.Specs)), ""
	}
	return policy.Spec.selects(), policy.Spec.sections()
}

func (s *policySpec) selects() string {
	switch {
	case s.PodSelector != nil:
		return s.PodSelector.text("all pods")
	case s.EndpointSelector != nil:
		return s.EndpointSelector.text("all endpoints")
	case s.NodeSelector != nil:
		return s.NodeSelector.text("all nodes")
	case s.Subject != nil && s.Subject.Namespaces != nil:
		return "namespaces " + s.Subject.Namespaces.text("all")
	case s.Subject != nil && s.Subject.Pods != nil && s.Subject.Pods.PodSelector != nil:
		return s.Subject.Pods.PodSelector.text("all pods")
	}
	return ""
}

func (s *selector) text(all string) string {
	text := labelsText(s.MatchLabels)
	if count := len(s.MatchExpressions); count > 0 {
		text = strings.TrimPrefix(text+" + "+plural(count, "expression"), " + ")
	}
	if text == "" {
		return all
	}
	return text
}

func (s *policySpec) sections() string {
	var names []string
	for _, section := range []struct {
		name  string
		rules *[]json.RawMessage
	}{
		{"ingress", s.Ingress}, {"ingressDeny", s.IngressDeny}, {"egress", s.Egress}, {"egressDeny", s.EgressDeny},
	} {
		if section.rules != nil {
			names = append(names, fmt.Sprintf("%s(%d)", section.name, len(*section.rules)))
		}
	}
	for _, kind := range s.PolicyTypes {
		name := strings.ToLower(kind)
		if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, name+"(") }) {
			names = append(names, name+"(0)")
		}
	}
	return strings.Join(names, " ")
}
