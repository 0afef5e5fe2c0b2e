package dnat

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/netsim-dev/netsim/model"
)

// Labels by which a Service withdraws from Cilium and kube-proxy alike.
// Source: k8s.io/api core/v1 IsHeadlessService, kube-proxy's LabelServiceProxyName.
const (
	headlessLabel  = "service.kubernetes.io/headless"
	proxyNameLabel = "service.kubernetes.io/service-proxy-name"
)

// claimedService answers for a Service that has no ordinary ClusterIP, or that
// an object which netsim does not model takes away from ordinary translation:
// to go on as if that object were not there could end in a wrong "allowed".
func claimedService(q *query) []Path {
	for _, o := range q.ix.Redirects() {
		if !q.claims(o) {
			continue
		}
		if o.Origin.Kind != model.LocalRedirectKind {
			return q.undeterminedBy(o, "netsim does not model where to")
		}
		if paths := q.localRedirect(o); len(paths) > 0 {
			return paths
		}
	}
	if q.Service == nil || q.Frontend == model.FrontendHeadless || q.Frontend == model.FrontendExternalName {
		return nil
	}
	switch s := q.Service; {
	case q.Frontend == model.FrontendClusterIP && !q.Addr.IsValid():
		return q.undetermined(fmt.Sprintf("Service %s has no ClusterIP", serviceRef(s)))
	case s.Labels[proxyNameLabel] != q.settings.Options["k8s-service-proxy-name"]:
		return q.undetermined(fmt.Sprintf("label %s of Service %s leaves it to a proxy that netsim does not model", proxyNameLabel, serviceRef(s)))
	case hasLabel(s.Labels, headlessLabel):
		return q.undetermined(fmt.Sprintf("label %s makes everybody ignore the ClusterIP of Service %s", headlessLabel, serviceRef(s)))
	}
	return nil
}

func hasLabel(labels model.Labels, key string) bool {
	_, ok := labels[key]
	return ok
}

func (q *query) undeterminedBy(o *model.Object, why string) []Path {
	paths := q.undetermined(fmt.Sprintf("%s redirects this traffic: %s", o.Origin.ID(), why))
	paths[0].Service.By = model.SortOrigins(append(paths[0].Service.By, o.Origin))
	return paths
}

// claimant is the part of a redirecting object that names whose traffic it
// takes.
type claimant struct {
	Spec struct {
		Services         []serviceName `json:"services"`
		RedirectFrontend struct {
			ServiceMatcher serviceName `json:"serviceMatcher"`
			AddressMatcher struct {
				IP string `json:"ip"`
			} `json:"addressMatcher"`
		} `json:"redirectFrontend"`
	} `json:"spec"`
}

// serviceName names a Service, as both kinds of object write it.
type serviceName struct {
	Name        string `json:"name"`
	ServiceName string `json:"serviceName"`
	Namespace   string `json:"namespace"`
}

// claimingOption is the option without which Cilium ignores a kind, "" for
// kinds that redirect nothing. Source: pkg/option/config.go.
func claimingOption(kind string) string {
	switch kind {
	case "CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig":
		return "enable-envoy-config"
	case model.LocalRedirectKind:
		return "enable-local-redirect-policy"
	}
	return ""
}

// claims says whether an object takes this query's traffic. Without a
// cilium-config in the files the option counts as set: somebody wrote the
// object.
func (q *query) claims(o *model.Object) bool {
	option := claimingOption(o.Origin.Kind)
	if option == "" || !q.settings.On(option, q.ix.Cluster.CiliumConfig == nil) {
		return false
	}
	var c claimant
	if json.Unmarshal(o.JSON, &c) != nil {
		return false
	}
	if addr, err := netip.ParseAddr(c.Spec.RedirectFrontend.AddressMatcher.IP); err == nil && addr == q.Addr {
		return true
	}
	for _, name := range c.Spec.Services {
		if q.Frontend != model.FrontendHeadless && q.named(name, o.Origin.Namespace) {
			return true
		}
	}
	// A LocalRedirectPolicy takes a Service's ClusterIP only, and only in its own
	// namespace: the agent refuses any other (pkg/loadbalancer/redirectpolicy,
	// getSanitizedLocalRedirectPolicy).
	matcher := c.Spec.RedirectFrontend.ServiceMatcher
	return q.Frontend == model.FrontendClusterIP && matcher.Namespace == o.Origin.Namespace && q.named(c.Spec.RedirectFrontend.ServiceMatcher, o.Origin.Namespace)
}

// named says whether a name in an object of the given namespace is the query's
// Service.
func (q *query) named(name serviceName, namespace string) bool {
	if name.Namespace != "" {
		namespace = name.Namespace
	}
	return q.Service != nil && q.Service.Namespace == namespace &&
		(q.Service.Name == name.Name || q.Service.Name == name.ServiceName)
}
