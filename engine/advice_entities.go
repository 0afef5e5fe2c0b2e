package engine

import (
	"fmt"
	"slices"

	"github.com/cilium/cilium/pkg/identity"

	"github.com/netsim-dev/netsim/model"
)

// nodeEntities are the rules that mean a node where the datapath decides
// whether traffic still comes from it, or still goes to it.
func nodeEntities(a *adviser) []model.Issue {
	var issues []model.Issue
	for _, r := range a.rules {
		if r.entry.Node || r.entry.IsDeny() {
			continue
		}
		var found *model.Issue
		if r.direction() == model.Ingress {
			found = a.hostAlone(r)
		} else {
			found = a.nodePortRule(r)
		}
		if found != nil {
			issues = append(issues, *found)
		}
	}
	return issues
}

// means says whether a rule's peers are a reserved identity because the rule
// names it, not because it names everybody.
func (a *adviser) means(r *rule, id identity.NumericIdentity) bool {
	return len(r.entry.L3) > 0 && r.entry.L3.Matches(a.Engine.ids.reserved[id].LabelArray)
}

// hostAlone: what enters by another node's NodePort comes as that node, or as
// the world through a tunnel, and entity host is the pod's own node only.
func (a *adviser) hostAlone(r *rule) *model.Issue {
	if !a.means(r, identity.ReservedIdentityHost) || a.means(r, identity.ReservedIdentityRemoteNode) {
		return nil
	}
	svc := a.nodePortInFront(a.pods(a.subjects(r)))
	if svc == nil {
		return nil
	}
	seen := "remote-node"
	if a.dp.RoutingMode == model.RoutingTunnel {
		seen = "world"
	}
	found := issue(r.object, r.path, model.Warning,
		fmt.Sprintf("%s: %s lets in entity host and not remote-node, and Service %s/%s serves the pods on NodePorts: what enters by another node comes as %s",
			r.object.Origin.ID(), ruleName(r.path), svc.Namespace, svc.Name, seen),
		fmt.Sprintf("add %s if traffic through NodePorts is to come in; without, the rule is for the pods' own node (kubelet probes)", seen))
	return &found
}

// nodePortInFront is the first Service with NodePorts that has one of the pods
// behind it.
func (a *adviser) nodePortInFront(pods []*model.Pod) *model.Service {
	for _, svc := range a.index.Cluster.Services {
		if svc.Type != model.NodePortService && svc.Type != model.LoadBalancerService || svc.NoNodePorts {
			continue
		}
		for _, slice := range a.index.Slices(svc) {
			for _, e := range slice.Endpoints {
				if pod := a.index.Pod(e.PodNamespace, e.PodName); pod != nil && slices.Contains(pods, pod) {
					return svc
				}
			}
		}
	}
	return nil
}

// nodePortRule: a rule for a NodePort at a node holds as long as kube-proxy
// translates it, which is after policy; Cilium does so before.
func (a *adviser) nodePortRule(r *rule) *model.Issue {
	if !a.means(r, identity.ReservedIdentityHost) && !a.means(r, identity.ReservedIdentityRemoteNode) {
		return nil
	}
	for i, ports := range r.entry.L4 {
		for _, p := range ports.Ports {
			number, _ := portNumber(p.Port)
			svc := a.serviceAt(number)
			if svc == nil || p.EndPort != 0 {
				continue
			}
			found := a.nodePortIssue(r, i, number, svc)
			return &found
		}
	}
	return nil
}

// serviceAt is the Service that has a nodePort, nil if none has.
func (a *adviser) serviceAt(nodePort uint16) *model.Service {
	for _, svc := range a.index.Cluster.Services {
		if nodePort != 0 && slices.ContainsFunc(svc.Ports, func(p model.ServicePort) bool { return p.NodePort == nodePort }) {
			return svc
		}
	}
	return nil
}

func (a *adviser) nodePortIssue(r *rule, port int, number uint16, svc *model.Service) model.Issue {
	o := r.origin(port)
	found := model.Issue{Severity: model.Info, File: o.File, Line: o.Line,
		Message: fmt.Sprintf("%s: %s allows nodePort %d of Service %s/%s at a node, which holds with kube-proxy only: Cilium in its place translates before policy, which then sees the backends",
			o.ID(), o.Rule, number, svc.Namespace, svc.Name),
		Remedy: "before a move to kube-proxy replacement, allow the backends on the targetPort too"}
	if a.dp.KubeProxyReplacement {
		found.Severity = model.Warning
		found.Message = fmt.Sprintf("%s: %s allows nodePort %d of Service %s/%s at a node, but Cilium replaces kube-proxy here and translates before policy, which sees the backends",
			o.ID(), o.Rule, number, svc.Namespace, svc.Name)
		found.Remedy = "allow the backends on the targetPort"
	}
	return found
}
