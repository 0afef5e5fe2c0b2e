package engine

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// refused says that the agent does not take a policy that the API server
// would, and finds the rule: Cilium's message names none.
func refused(o *model.Object, p ciliumv2.CiliumNetworkPolicy, err error) model.Issue {
	path := ""
	for i, spec := range specs(p) {
		if path = refusedRule(specPaths(p)[i], spec); path != "" {
			break
		}
	}
	message := fmt.Sprintf("%s is refused by Cilium's agent and has no effect: %s", o.Origin.ID(), atPath(path, plainly(err)))
	return issue(o, path, model.Error, message, remedyFor(err))
}

// refusedRule tries each element of a rule's lists alone: the first that
// Cilium refuses is the one that it refuses the whole for.
func refusedRule(spec string, r *api.Rule) string {
	try := func(list string, i int, single api.Rule) string {
		single.EndpointSelector, single.NodeSelector = r.EndpointSelector, r.NodeSelector
		if single.Sanitize() == nil {
			return ""
		}
		return fmt.Sprintf("%s.%s[%d]", spec, list, i)
	}
	found := ""
	for i := range r.Ingress {
		found = cmp.Or(found, try("ingress", i, api.Rule{Ingress: r.Ingress[i : i+1]}))
	}
	for i := range r.IngressDeny {
		found = cmp.Or(found, try("ingressDeny", i, api.Rule{IngressDeny: r.IngressDeny[i : i+1]}))
	}
	for i := range r.Egress {
		found = cmp.Or(found, try("egress", i, api.Rule{Egress: r.Egress[i : i+1]}))
	}
	for i := range r.EgressDeny {
		found = cmp.Or(found, try("egressDeny", i, api.Rule{EgressDeny: r.EgressDeny[i : i+1]}))
	}
	return found
}

// plainly is Cilium's message without what only a programmer reads.
func plainly(err error) string {
	text := regexp.MustCompile(`strconv\.ParseUint: parsing ("[^"]*"): .*`).ReplaceAllString(err.Error(), "$1 is no number from 0 to 65535")
	text = regexp.MustCompile(`^Invalid Cilium(Clusterwide)?NetworkPolicy specs?: `).ReplaceAllString(text, "")
	return strings.TrimSpace(text)
}

// remedyFor knows what to write instead for the refusals that people meet.
func remedyFor(err error) string {
	for _, known := range []struct{ fragment, remedy string }{
		{"combining ", "make them two rules: one rule has one kind of peers"},
		{"FromNodes/ToNodes", "switch the option on (nodeSelectorLabels in Helm)"},
		{"L7 proxy is not enabled", "switch enable-l7-proxy on (l7Proxy in Helm), or leave the L7 rules out"},
		{"can only be applied when the", "switch the option on"},
		{"port must be specified", "give the port, or switch on enable-extended-ip-protocols for protocols without ports"},
		{"unable to parse port", "write a number from 0 to 65535, or a port's name"},
		{"node selector labels are disabled", "set enable-node-selector-labels, or write the nodes' addresses as networks with policy-cidr-match-mode: nodes"},
		{"only supported for egress.action=Accept", "deny the addresses as networks, or accept the names that are wanted and deny the rest"},
		{"L7 proxy is disabled", "set enable-l7-proxy, or write addresses as networks"},
		{"must have at least one", "add a rule: an empty list alone says nothing"},
	} {
		if strings.Contains(err.Error(), known.fragment) {
			return known.remedy
		}
	}
	return ""
}
