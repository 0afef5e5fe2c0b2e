package sim

import (
	"cmp"
	"slices"
	"strings"
)

// feature is what some field of a policy does, by the datapath.
type feature struct {
	// fields are where it is written; one with a value is it only with that.
	fields []string
	values []string
	// kind is the only kind of policy that the row is about, "" for all.
	kind string
	does func(t site, kind string) string
	// instead is what to write where it does something else.
	instead string
}

// features is the table. A field that the agent there refuses makes the whole
// policy absent, and needs no row.
func features() []feature {
	requests := []string{"Ports[].rules.http", "Ports[].rules.dns", "Ports[].serverNames", "FQDNs", "Ports[].listener"}
	return []feature{
		{fields: []string{"nodeSelector"}, does: hostPolicies, instead: "switch enable-host-firewall on (hostFirewall.enabled in Helm), or filter at the nodes by other means"},
		{fields: []string{"endpointSelector"}, kind: "CiliumClusterwideNetworkPolicy", does: clusterwidePolicies, instead: "try it there, or write a policy in each namespace"},
		{fields: requests, does: site.requests, instead: "rely on peers and ports alone, or filter requests in the application or a gateway"},
		{fields: []string{"Ports[].rules.kafka", "Ports[].rules.l7", "Ports[].rules.l7proto"}, does: formerRequests, instead: "rely on peers and ports alone: Cilium 1.20 has no such rules"},
		{fields: []string{"authentication.mode"}, values: []string{"required", "spire", "test-always-fail"}, does: authentication, instead: "set authentication up there first (authentication.mutual.spire), or take it out: without, everything that the rule allows is dropped"},
		{fields: []string{"Ports[].ports[].protocol", "ports[].protocol"}, values: []string{"SCTP"}, does: sctp, instead: "switch enable-sctp on (sctp.enabled in Helm)"},
		{fields: []string{"Groups"}, does: cloudGroups, instead: "write the addresses, or a CiliumCIDRGroup"},
	}
}

func hostPolicies(t site, _ string) string {
	switch {
	case !t.dp.On("enable-host-firewall", false):
		return "nothing: the host firewall is off, and nobody filters the nodes' traffic"
	case t.dp.Name == "aks-cilium":
		return "whether AKS enforces policies for nodes is unconfirmed"
	}
	return "filters the nodes' own traffic"
}

func clusterwidePolicies(t site, _ string) string {
	if t.dp.Name == "aks-cilium" {
		return "whether AKS enforces the kind is unconfirmed; it is judged as Cilium does"
	}
	return "in force"
}

func (t site) requests(kind string) string {
	if limit := t.requestLimit(kind); limit != "" {
		return limit
	}
	return "Cilium's proxy judges requests, and learns names"
}

// requestLimit says what is known of limits to rules about requests and names, ""
// for nothing. The profiles' notes have the sources.
func (t site) requestLimit(kind string) string {
	switch {
	case t.dp.Name == "aks-cilium":
		return "it needs Advanced Container Networking Services (advancedNetworkPolicies FQDN or L7); how AKS refuses it without is unconfirmed"
	case t.dp.Name == "gke-dpv2" && kind == "CiliumClusterwideNetworkPolicy":
		return "Google documents this kind for L3 and L4 rules only"
	case t.chained():
		return "rules about requests may be limited where CNIs are chained (Documentation/installation/cni-chaining-limitations.rst)"
	}
	return ""
}

// formerRequests: cilium v1.19.4 pkg/policy/api/l4.go still has them.
func formerRequests(t site, _ string) string {
	if t.dp.Version().AtLeast(1, 20, 0) {
		return "nothing: an API server drops the field, and the rule allows every request on its ports"
	}
	return "the proxy judges requests"
}

// authentication: mesh-auth-enabled is on by default up to 1.18 (cilium v1.20.2
// install/kubernetes/cilium/values.yaml).
func authentication(t site, _ string) string {
	if !t.dp.On("mesh-auth-enabled", !t.dp.Version().AtLeast(1, 19, 0)) {
		return "drops all that the rule allows: mesh-auth-enabled is off and nobody authenticates"
	}
	if t.ciliumRunByPlatform() {
		return "whether the platform's Cilium can authenticate is unconfirmed; without, all that the rule allows is dropped"
	}
	return "asks for mutual authentication"
}

func sctp(t site, _ string) string {
	if t.dp.On("enable-sctp", false) {
		return "SCTP by its ports"
	}
	return "nothing: Cilium drops every SCTP packet of a pod (enable-sctp is off)"
}

func cloudGroups(t site, _ string) string {
	if t.place == "AWS" {
		return "addresses that Cilium's operator asks AWS for"
	}
	return "addresses that Cilium's operator asks AWS for, if it is given access to it from here"
}

// feature compares what a field does.
func (p porting) feature(w written) []Unportable {
	var list []Unportable
	kind := w.policy.Origin.Kind
	for _, f := range features() {
		if !slices.Contains(f.fields, w.field) || f.values != nil && !slices.Contains(f.values, w.text()) || cmp.Or(f.kind, kind) != kind {
			continue
		}
		if here, there := f.does(p.here, kind), f.does(p.there, kind); here != there {
			found := p.entry(AboutFeature, w, here, there, f.instead)
			if f.kind != "" {
				found.Written = f.kind // the row is about the kind, not the field
			}
			list = append(list, found)
		}
	}
	return list
}

// containsWord is true for one of the words of an option's list.
func containsWord(list, word string) bool {
	return slices.Contains(strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }), word)
}
