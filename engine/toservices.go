package engine

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"

	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// resolveToServices writes what the toServices fields of a rule mean into its
// toEndpoints and toCIDRSet, as the agent does before it parses the policy: a
// Service with a selector stands for the pods that it selects, one without for
// the addresses behind it. Ports are not taken from the Service. It returns
// the indices of egress rules whose toServices mean nobody at all: with
// toPorts, Cilium then allows every peer on those ports. Source: cilium
// v1.20.2 pkg/policy/k8s/service.go, processRule, which builds on Linux only.
func (r *reader) resolveToServices(spec *api.Rule) (unresolved []int) {
	if spec == nil {
		return nil
	}
	for i := range spec.Egress {
		egress := &spec.Egress[i]
		for _, ref := range egress.ToServices {
			for _, svc := range r.index.Cluster.Services {
				if r.meansService(ref, svc) {
					r.addBackends(egress, svc)
				}
			}
		}
		if len(egress.ToServices) > 0 && len(egress.ToEndpoints)+len(egress.ToCIDRSet) == 0 {
			unresolved = append(unresolved, i)
		}
	}
	return unresolved
}

// meansService matches by labels or by name; an empty namespace means any.
func (r *reader) meansService(ref api.Service, svc *model.Service) bool {
	if sel := ref.K8sServiceSelector; sel != nil {
		if sel.Namespace != "" && sel.Namespace != svc.Namespace || r.dottedLabelsLost(sel.Selector.LabelSelector) {
			return false
		}
		return types.Matches(types.NewLabelSelector(api.EndpointSelector(sel.Selector)), serviceLabels(svc.Labels))
	}
	name := ref.K8sService
	return name != nil && name.ServiceName == svc.Name && (name.Namespace == "" || name.Namespace == svc.Namespace)
}

func (r *reader) addBackends(egress *api.EgressRule, svc *model.Service) {
	if len(svc.Selector) == 0 {
		for _, slice := range r.index.Slices(svc) {
			for _, e := range slice.Endpoints {
				cidr := api.CIDR(netip.PrefixFrom(e.Addr, e.Addr.BitLen()).String())
				egress.ToCIDRSet = append(egress.ToCIDRSet, api.CIDRRule{Cidr: cidr, Generated: true})
			}
		}
		return
	}
	selector := maps.Clone(map[string]string(svc.Selector))
	selector[ciliumio.PodNamespaceLabel] = svc.Namespace
	if !r.dp.Version().AtLeast(1, 17, 0) || r.dottedSelectorsLost() && hasDottedKey(svc.Selector) {
		// Up to 1.16 only Services without a selector count (cilium#34021);
		// later a dotted key is read as a label source and selects nothing.
		selector = map[string]string{neverSet: ""}
	}
	es := api.NewESFromK8sLabelSelector(labels.LabelSourceK8sKeyPrefix, &slim_metav1.LabelSelector{MatchLabels: selector})
	es.Generated = true
	egress.ToEndpoints = append(egress.ToEndpoints, es)
}

// neverSet is a label key that no pod can have: Cilium strips it from pods
// (cilium v1.20.2 pkg/k8s/apis/cilium.io, LabelPrefix).
const neverSet = ciliumio.LabelPrefix + ".netsim.none"

// dottedSelectorsLost: up to these patches a Service whose selector has a key
// with a dot selects nobody through toServices (cilium#41151; read in
// pkg/policy/k8s/service.go, appendSelector, of 1.17.14, 1.17.15, 1.18.8,
// 1.18.9, 1.19.1 and 1.19.3; seen on a live 1.18.4).
func (r *reader) dottedSelectorsLost() bool {
	v := r.dp.Version()
	return !v.AtLeast(1, 17, 15) ||
		v.AtLeast(1, 18, 0) && !v.AtLeast(1, 18, 9) ||
		v.AtLeast(1, 19, 0) && !v.AtLeast(1, 19, 3)
}

// dottedLabelsLost: from 1.19.0 to 1.19.4 a k8sServiceSelector with such a key
// matches no Service (cilium#46732).
func (r *reader) dottedLabelsLost(s *slim_metav1.LabelSelector) bool {
	v := r.dp.Version()
	return s != nil && v.AtLeast(1, 19, 0) && !v.AtLeast(1, 19, 5) && hasDottedKey(s.MatchLabels)
}

func hasDottedKey[M ~map[string]string](m M) bool {
	for key := range m {
		if strings.Contains(key, ".") {
			return true
		}
	}
	return false
}

// serviceLabels match a selector's keys whatever source they name, as Cilium's
// labelsMatcher does.
type serviceLabels model.Labels

func (l serviceLabels) GetLabel(key *labels.Label) string { return l[key.Key] }

func (l serviceLabels) HasLabel(key *labels.Label) bool {
	_, ok := l[key.Key]
	return ok
}

func (l serviceLabels) LookupLabel(key *labels.Label) (string, bool) {
	value, ok := l[key.Key]
	return value, ok
}

// unresolvedServices warns of toServices that mean no Service.
func unresolvedServices(o *model.Object, spec string, parsed *api.Rule, unresolved []int) []model.Issue {
	var issues []model.Issue
	for _, i := range unresolved {
		path := fmt.Sprintf("%s.egress[%d].toServices", spec, i)
		message := fmt.Sprintf("%s: %s means no Service with endpoints that was loaded, so the rule allows nothing", o.Origin.ID(), ruleName(path))
		if len(parsed.Egress[i].ToPorts) > 0 {
			message = fmt.Sprintf("%s: %s means no Service with endpoints that was loaded, and the rule has toPorts: Cilium then allows EVERY destination on those ports", o.Origin.ID(), ruleName(path))
		}
		issues = append(issues, issue(o, path, model.Warning, message, "name a Service that exists, or select its pods with toEndpoints"))
	}
	return issues
}
