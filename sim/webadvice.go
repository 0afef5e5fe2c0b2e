package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/model"
)

// ingressAdvice finds the Gateways of Cilium whose backends the entity ingress may
// not reach by its own egress policy: a default deny for all endpoints is one for
// Envoy too. Source: cilium v1.20.2
// Documentation/network/servicemesh/default-deny-ingress-policy.rst.
func (s *Sim) ingressAdvice() []model.Issue {
	var issues []model.Issue
	for _, g := range s.gateways.Gateways() {
		if !g.Controller.OnNode || len(s.index.Cluster.Nodes) == 0 {
			continue
		}
		var cut []string
		var by []model.Origin
		for _, b := range s.gateways.Backends(g) {
			if steps := s.cutOff(b); len(steps) > 0 {
				cut = append(cut, b.Ref())
				by = append(by, steps[0].By...)
			}
		}
		if len(cut) > 0 {
			issues = append(issues, strandedIssue(g, cut, model.SortOrigins(by)))
		}
	}
	return issues
}

// cutOff are the denials of the way from the entity ingress to a backend, by its
// egress policy alone.
func (s *Sim) cutOff(b gateway.Backend) []model.Step {
	envoy := model.Party{Kind: model.PartyIngress, Node: s.index.Cluster.Nodes[0]}
	var denied []model.Step
	for _, r := range (&web{Sim: s}).endpointRequests(b) {
		packet := model.Packet{Source: envoy, Destination: r.Destination, Protocol: model.TCP, Port: r.PortNumber}
		if steps := s.judge(model.Egress, packet, inquiry{Request: r}); steps[0].Verdict == model.Denied {
			denied = append(denied, steps[0])
		}
	}
	return denied
}

func strandedIssue(g *gateway.Gateway, backends []string, by []model.Origin) model.Issue {
	var policies []string
	for _, o := range by {
		if !slices.Contains(policies, o.ID()) {
			policies = append(policies, o.ID())
		}
	}
	issue := model.Issue{
		Severity: model.Warning, File: g.Origin.File, Line: g.Origin.Line,
		Message: fmt.Sprintf("Cilium's Envoy serves %s and may not reach %s: the egress policy of its identity, reserved:ingress, does not allow it (%s), and clients get HTTP 403",
			g.Ref(), listFew(backends), strings.Join(policies, ", ")),
		Remedy: "add a CiliumClusterwideNetworkPolicy whose endpointSelector asks that reserved:ingress exists, with egress toEntities: [cluster]",
	}
	if len(by) > 0 {
		issue.File, issue.Line = by[0].File, by[0].Line
	}
	return issue
}
