package dnat

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// doubtful answers for what a setting or annotation that netsim does not model
// takes out of the ordinary: to go on as if it were not there could end in a
// wrong "allowed".
func doubtful(q *query) []Path {
	for _, doubt := range []func() string{q.annotated, q.halfScope, q.formerOptions, q.unknownFamily} {
		if why := doubt(); why != "" {
			return q.undetermined(why)
		}
	}
	return nil
}

// annotated: Cilium's own Service annotations leave frontends out, choose nodes,
// or hand packets to another proxy. Source: pkg/annotation/k8s.go,
// pkg/loadbalancer/reflectors/conversions.go convertService.
func (q *query) annotated() string {
	if q.Service == nil || q.sourceKind() != model.PartyPod && q.mode() == modeKubeProxy {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(q.Service.CiliumAnnotations)) {
		if q.annotationCounts(name, q.Service.CiliumAnnotations[name]) {
			return fmt.Sprintf("annotation service.cilium.io/%s of Service %s changes how Cilium serves it, and netsim does not model that", name, serviceRef(q.Service))
		}
	}
	return ""
}

func (q *query) annotationCounts(name, value string) bool {
	since := func(minor int) bool { return !q.settings.version.Known() || q.settings.version.AtLeast(1, minor, 0) }
	switch name {
	case "node":
		return since(17)
	case "node-selector":
		return since(18)
	case "proxy-delegation":
		return since(18) && strings.EqualFold(value, "delegate-if-local")
	case "forwarding-mode":
		return since(17) && q.settings.On("bpf-lb-mode-annotation", false)
	case "type":
		return since(17) && !q.exposedBy(value)
	}
	return false
}

// exposedBy says whether the annotation type with a value leaves the frontend in:
// it names the one kind that is served, and has no say over external IPs.
func (q *query) exposedBy(value string) bool {
	kinds := map[model.Frontend]string{
		model.FrontendClusterIP: model.ClusterIPService, model.FrontendNodePort: model.NodePortService, model.FrontendLoadBalancer: model.LoadBalancerService,
	}
	known := slices.Contains(slices.Collect(maps.Values(kinds)), value)
	kind, concerned := kinds[q.Frontend]
	return !known || !concerned || kind == value
}

// halfScope: beside kube-proxy, bpf masquerading makes the pods' program ask
// for the inner half of an external IP's entry, which has none. Source:
// bpf/lib/lb.h lb4_lookup_service with ENABLE_NODEPORT.
func (q *query) halfScope() string {
	external := q.Frontend == model.FrontendExternalIP || q.Frontend == model.FrontendLoadBalancer
	if !external || q.Source.Kind != model.PartyPod || q.settings.KubeProxyReplacement || !q.settings.bpfNodePort() || q.oneScope() {
		return ""
	}
	return "with enable-bpf-masquerade beside kube-proxy, and different traffic policies inside and outside, netsim does not know who translates this frontend"
}

// formerOptions: up to 1.17 single frontends could be Cilium's without it
// replacing kube-proxy. Source: daemon/cmd/kube_proxy_replacement.go at 1.17.14.
func (q *query) formerOptions() string {
	options := map[model.Frontend]string{
		model.FrontendNodePort: "enable-node-port", model.FrontendLoadBalancer: "enable-node-port",
		model.FrontendExternalIP: "enable-external-ips", model.FrontendHostPort: "enable-host-port",
	}
	option := options[q.Frontend]
	if option == "" || q.settings.KubeProxyReplacement || q.settings.version.AtLeast(1, 18, 0) || !q.settings.On(option, false) {
		return ""
	}
	return fmt.Sprintf("%s gives Cilium this kind of frontend without kube-proxy replacement, and netsim does not model that", option)
}

// unknownFamily: a frontend whose address no file gives is taken for IPv4.
func (q *query) unknownFamily() string {
	if q.Service == nil || q.Addr.IsValid() || q.Frontend == model.FrontendHeadless || q.Frontend == model.FrontendExternalName {
		return ""
	}
	if families := q.Service.IPFamilies; len(families) == 0 || families[0] != "IPv6" {
		return ""
	}
	return fmt.Sprintf("no file gives Service %s its %s, and netsim takes unknown addresses for IPv4 only", serviceRef(q.Service), frontendNoun(q.Frontend))
}
