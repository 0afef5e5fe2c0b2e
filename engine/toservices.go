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
			for _, svc := range r.candidates(ref) {
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

// services are those of the files, and the API server's, which every cluster
// has.
func (r *reader) services() []*model.Service {
	loaded := r.index.Cluster.Services
	if r.index.Service("default", "kubernetes") != nil {
		return loaded
	}
	apiServer := &model.Service{Namespace: "default", Name: "kubernetes", Labels: model.Labels{"component": "apiserver", "provider": "kubernetes"}}
	return append(loaded[:len(loaded):len(loaded)], apiServer)
}

// candidates are the Services that a reference could mean: one that is named
// with its namespace need not be looked for.
func (r *reader) candidates(ref api.Service) []*model.Service {
	if name := ref.K8sService; ref.K8sServiceSelector == nil && name != nil && name.Namespace != "" {
		if svc := r.index.Service(name.Namespace, name.ServiceName); svc != nil {
			return []*model.Service{svc}
		}
	}
	return r.services()
}

// meansService matches by labels or by name; an empty namespace means any.
func (r *reader) meansService(ref api.Service, svc *model.Service) bool {
	if sel := ref.K8sServiceSelector; sel != nil {
		selector := api.EndpointSelector(sel.Selector)
		if r.readsDotsAsSources() {
			selector.LabelSelector = withoutFirstPart(selector.LabelSelector)
		}
		return (sel.Namespace == "" || sel.Namespace == svc.Namespace) && types.Matches(types.NewLabelSelector(selector), serviceLabels(svc.Labels))
	}
	name := ref.K8sService
	return name != nil && name.ServiceName == svc.Name && (name.Namespace == "" || name.Namespace == svc.Namespace)
}

func (r *reader) addBackends(egress *api.EgressRule, svc *model.Service) {
	if len(svc.Selector) == 0 {
		addrs, known := r.backends(svc)
		for _, p := range single(addrs) {
			egress.ToCIDRSet = append(egress.ToCIDRSet, api.CIDRRule{Cidr: api.CIDR(p.String()), Generated: true})
		}
		if !known {
			egress.ToEndpoints = append(egress.ToEndpoints, nobody(unknownAPIServer))
		}
		return
	}
	selector := maps.Clone(map[string]string(svc.Selector))
	selector[ciliumio.PodNamespaceLabel] = svc.Namespace
	if !r.dp.Version().AtLeast(1, 17, 0) || r.dottedSelectorsLost() && hasDottedKey(svc.Selector) {
		// Up to 1.16 only Services without a selector count (cilium#34021);
		// later a dotted key is read as a label source and selects nothing.
		egress.ToEndpoints = append(egress.ToEndpoints, nobody(neverSet))
		return
	}
	es := api.NewESFromK8sLabelSelector(labels.LabelSourceK8sKeyPrefix, &slim_metav1.LabelSelector{MatchLabels: selector})
	es.Generated = true
	egress.ToEndpoints = append(egress.ToEndpoints, es)
}

// backends are the addresses behind a Service without a selector. Those of the
// API server are also known from the nodes that run it.
func (r *reader) backends(svc *model.Service) (addrs []netip.Addr, known bool) {
	slices := r.index.Slices(svc)
	for _, slice := range slices {
		for _, e := range slice.Endpoints {
			addrs = append(addrs, e.Addr)
		}
	}
	if len(slices) > 0 || svc.Namespace != "default" || svc.Name != "kubernetes" {
		return addrs, true
	}
	for _, n := range r.index.Cluster.Nodes {
		if n.ControlPlane && !n.Made {
			addrs = append(addrs, n.InternalIPs...)
		}
	}
	return addrs, len(addrs) > 0
}

// Label keys that no pod can have: Cilium strips them from pods (cilium v1.20.2
// pkg/k8s/apis/cilium.io, LabelPrefix).
const (
	neverSet = ciliumio.LabelPrefix + ".netsim.none"
	// unknownAPIServer stands in selectors for the API server's addresses where
	// no file tells them.
	unknownAPIServer = ciliumio.LabelPrefix + ".netsim.apiserver"
)

// nobody is a selector by such a key.
func nobody(key string) api.EndpointSelector {
	es := api.NewESFromK8sLabelSelector(labels.LabelSourceK8sKeyPrefix, &slim_metav1.LabelSelector{MatchLabels: map[string]string{key: ""}})
	es.Generated = true
	return es
}

// isUnknownAPIServer recognises such a selector.
func isUnknownAPIServer(es api.EndpointSelector) bool {
	return es.Generated && es.HasKey(labels.LabelSourceK8sKeyPrefix+unknownAPIServer)
}

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

// readsDotsAsSources: from 1.19.0 to 1.19.4 a k8sServiceSelector takes what
// stands before a key's first dot for the label's source, and looks for the
// rest (cilium#46732; v1.19.4 pkg/policy/types/requirements.go, NewRequirement).
func (r *reader) readsDotsAsSources() bool {
	v := r.dp.Version()
	return v.AtLeast(1, 19, 0) && !v.AtLeast(1, 19, 5)
}

func withoutFirstPart(ls *slim_metav1.LabelSelector) *slim_metav1.LabelSelector {
	cut := func(key string) string {
		_, rest, dotted := strings.Cut(key, ".")
		if !dotted {
			return key
		}
		return rest
	}
	out := ls.DeepCopy()
	out.MatchLabels = map[string]string{}
	for key, value := range ls.MatchLabels {
		out.MatchLabels[cut(key)] = value
	}
	for i := range out.MatchExpressions {
		out.MatchExpressions[i].Key = cut(out.MatchExpressions[i].Key)
	}
	return out
}

func hasDottedKey(m model.Labels) bool {
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

// unresolvedServices warns of toServices that mean no Service, and of those in
// deny rules, which Cilium's agent never resolves (processRule looks at
// spec.egress only).
func unresolvedServices(o *model.Object, spec string, parsed *api.Rule, unresolved []int) []model.Issue {
	var issues []model.Issue
	warn := func(path, says, remedy string) {
		issues = append(issues, issue(o, path, model.Warning, fmt.Sprintf("%s: %s %s", o.Origin.ID(), ruleName(path), says), remedy))
	}
	for _, i := range unresolved {
		says := "means no Service with endpoints that was loaded, so the rule allows nothing"
		if len(parsed.Egress[i].ToPorts) > 0 {
			says = "means no Service with endpoints that was loaded, and the rule has toPorts: Cilium then allows EVERY destination on those ports"
		}
		warn(fmt.Sprintf("%s.egress[%d].toServices", spec, i), says, "name a Service that exists, or select its pods with toEndpoints")
	}
	for i, egress := range parsed.EgressDeny {
		says := "stands in a deny rule, where Cilium does not resolve it: the rule denies nothing"
		if len(egress.ToPorts) > 0 {
			says = "stands in a deny rule, where Cilium does not resolve it, and the rule has toPorts: it denies EVERY destination on those ports"
		}
		if len(egress.ToServices) > 0 {
			warn(fmt.Sprintf("%s.egressDeny[%d].toServices", spec, i), says, "select the Service's pods with toEndpoints")
		}
	}
	return issues
}
