package engine

import (
	"fmt"
	"slices"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// serving is a Service's port and the targetPort that a pod serves it on.
type serving struct {
	service  *model.Service
	port     uint16
	target   uint16
	protocol model.Protocol
}

// servings are what each pod serves, read off the endpoint slices.
func (a *adviser) servings() map[*model.Pod][]serving {
	found := map[*model.Pod][]serving{}
	for _, svc := range a.index.Cluster.Services {
		for _, slice := range a.index.Slices(svc) {
			for _, s := range servedPorts(svc, slice) {
				for _, e := range slice.Endpoints {
					if pod := a.index.Pod(e.PodNamespace, e.PodName); pod != nil {
						found[pod] = append(found[pod], s)
					}
				}
			}
		}
	}
	return found
}

func servedPorts(svc *model.Service, slice *model.EndpointSlice) []serving {
	var found []serving
	for _, sp := range svc.Ports {
		for _, ep := range slice.Ports {
			if ep.Name == sp.Name && ep.Protocol == sp.Protocol {
				found = append(found, serving{svc, sp.Port, ep.Port, sp.Protocol})
			}
		}
	}
	return found
}

// servicePorts are the rules about pods that name the port of a Service in
// front of them, where policy sees the targetPort: translation of a ClusterIP
// comes before egress policy, and always before ingress policy.
func servicePorts(a *adviser) []model.Issue {
	servings := a.servings()
	var issues []model.Issue
	for _, r := range a.rules {
		receivers := a.pods(a.subjects(r))
		if r.direction() == model.Egress {
			receivers = a.pods(a.peers(r))
		}
		for i, ports := range r.entry.L4 {
			for _, p := range ports.Ports {
				if s := mistaken(r, p, receivers, servings); s != nil {
					issues = append(issues, servicePortIssue(r, i, *s))
				}
			}
		}
	}
	return issues
}

// mistaken is the Service whose port a rule names instead of the targetPort;
// nil where a pod listens on the port, or the rule allows the targetPort too.
func mistaken(r *rule, p api.PortProtocol, receivers []*model.Pod, servings map[*model.Pod][]serving) *serving {
	number, isNumber := portNumber(p.Port)
	if !isNumber || number == 0 || p.EndPort != 0 {
		return nil
	}
	var found *serving
	for _, pod := range receivers {
		if slices.ContainsFunc(pod.Ports, func(c model.ContainerPort) bool { return c.Port == number }) {
			return nil
		}
		for _, s := range servings[pod] {
			f := flow{packet: model.Packet{Protocol: s.protocol}, port: s.target}
			_, covered := f.portMatches(r, peerPorts{})
			switch {
			case !f.protocolMatch(p.Protocol):
			case s.target == number, s.port == number && covered:
				return nil
			case s.port == number && found == nil:
				found = &s
			}
		}
	}
	return found
}

func servicePortIssue(r *rule, port int, s serving) model.Issue {
	o := r.origin(port)
	effect := "allows nothing"
	if r.entry.IsDeny() {
		effect = "forbids nothing"
	}
	return model.Issue{Severity: model.Warning, File: o.File, Line: o.Line,
		Message: fmt.Sprintf("%s: %s names port %d of Service %s/%s and %s: policy sees the pods' targetPort %d",
			o.ID(), o.Rule, s.port, s.service.Namespace, s.service.Name, effect, s.target),
		Remedy: fmt.Sprintf("write %s there", portText(s.target, s.protocol)),
	}
}
