package sim

import (
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// aspect is one part of what an entity means that is not the same everywhere.
type aspect struct {
	// direction is the one in which it matters; nil for both.
	direction *model.Direction
	// says is the part in words, for a site.
	says func(site, model.Direction) string
	// instead is what to write on a site where the part is another one.
	instead func(there site, d model.Direction) string
	// nodePorts is true for what matters to ports of NodePorts alone.
	nodePorts bool
}

// entityAspects are the parts by entity. What is in no row means the same on every
// site: all, none, init, cluster-mesh.
func entityAspects() map[string][]aspect {
	in, out := model.Ingress, model.Egress
	apiServerOnNode := aspect{nil, apiServerOnNode, insteadOfNodes, false}
	nodePorts := aspect{&out, nodePorts, insteadOfNodePorts, true}
	return map[string][]aspect{
		"host":           {apiServerOnNode, nodePorts},
		"remote-node":    {apiServerOnNode, {&in, outsideAsNode, insteadOfOutside, false}, nodePorts},
		"world":          {{&out, apiServerOutside, insteadOfWorld, false}, {&in, outsideAsWorld, insteadOfOutside, false}, {&out, loadBalancers, insteadOfLoadBalancers, false}},
		"cluster":        {{&in, outsideAsNode, insteadOfOutside, false}},
		"kube-apiserver": {{nil, apiServer, insteadOfAPIServer, false}},
		"ingress":        {{nil, envoy, insteadOfEnvoy, false}},
		"health":         {{nil, healthEndpoints, insteadOfHealth, false}},
		"unmanaged":      {{nil, unmanaged, insteadOfUnmanaged, false}},
	}
}

func apiServerOnNode(t site, _ model.Direction) string {
	if t.managed() {
		return "nodes alone: the API server is the provider's and none of them"
	}
	return "nodes, and with them the API server where it runs on one"
}

func insteadOfNodes(t site, d model.Direction) string {
	if !t.managed() {
		return "leave it out if only nodes were meant to be closed to the API server"
	}
	return "where the API server is meant, name " + t.apiServerPeer(d)
}

func outsideAsNode(t site, _ model.Direction) string {
	if t.masqueradedAsNode() {
		return "clients from outside as well, where they come by a NodePort or load balancer of another node"
	}
	return "no client from outside: by NodePorts and load balancers of other nodes they come as world"
}

func outsideAsWorld(t site, _ model.Direction) string {
	if t.masqueradedAsNode() {
		return "clients from outside, but as remote-node where they come by a NodePort or load balancer of another node"
	}
	return "clients from outside, by whichever node they come"
}

func insteadOfOutside(t site, _ model.Direction) string {
	if t.masqueradedAsNode() {
		return "write remote-node for clients of NodePorts and load balancers, and keep others out by loadBalancerSourceRanges"
	}
	return "write world for clients of NodePorts and load balancers"
}

func nodePorts(t site, _ model.Direction) string {
	if t.nodePortsTranslated() {
		return "no NodePort: Cilium translates before policy, which sees the backends"
	}
	return "the nodes' NodePorts, which kube-proxy translates after policy"
}

func insteadOfNodePorts(t site, _ model.Direction) string {
	if t.nodePortsTranslated() {
		return "where a NodePort is meant, allow its backends on the targetPort"
	}
	return "where a NodePort is meant, allow the nodes on the nodePort"
}

func apiServerOutside(t site, _ model.Direction) string {
	if t.managed() {
		return "the API server too, whose addresses are outside the cluster"
	}
	return "no API server that runs on a node"
}

func insteadOfWorld(t site, _ model.Direction) string {
	if t.managed() {
		return "write toFQDNs or toCIDR for what is wanted, if the API server is not"
	}
	return "write toEntities: kube-apiserver where the API server is meant"
}

func loadBalancers(t site, _ model.Direction) string {
	if t.loadBalancersTranslated() {
		return "no load balancer of the cluster's: Cilium translates before policy, which sees the backends"
	}
	return "the cluster's load balancers, which kube-proxy translates after policy"
}

func insteadOfLoadBalancers(t site, _ model.Direction) string {
	if t.loadBalancersTranslated() {
		return "where a load balancer of the cluster's is meant, allow its backends on the targetPort"
	}
	return "where a load balancer of the cluster's is meant, allow its address on the Service's port"
}

// apiServer: of a control plane that comes in through the cluster's own nodes or
// pods, policy does not see the address (cilium v1.20.2
// Documentation/security/policy/layer3.rst).
func apiServer(t site, d model.Direction) string {
	switch {
	case !t.managed():
		return "the nodes that run the API server, on the port that it has there"
	case d == model.Egress:
		return "the provider's addresses, which the Endpoints of default/kubernetes hold with their port"
	case t.platform.name == "AWS":
		return "the addresses of " + strings.TrimPrefix(t.platform.controlPlane, "EKS's control plane comes in by ") + ", where security groups let them in"
	}
	return "perhaps nobody: connections of the control plane come in through the cluster's own nodes or pods"
}

func insteadOfAPIServer(t site, d model.Direction) string {
	switch {
	case d == model.Egress:
		return "keep the entity, and compare ports with the EndpointSlice of default/kubernetes"
	case t.apiServerPeer(d) == "fromEntities: kube-apiserver":
		return "keep the entity"
	}
	return "name " + t.apiServerPeer(d)
}

func envoy(t site, _ model.Direction) string {
	if t.ciliumRunByPlatform() {
		return "Cilium's Envoy, and whether the platform lets it serve Ingresses and Gateways is unconfirmed"
	}
	return "Cilium's Envoy, where Cilium serves Ingresses and Gateways"
}

func insteadOfEnvoy(site, model.Direction) string {
	return "select the pods of the gateway that is used there, or its addresses if it stands outside"
}

// healthEndpoints: cilium v1.20.2
// install/kubernetes/cilium/templates/cilium-configmap.yaml,
// enable-endpoint-health-checking.
func healthEndpoints(t site, _ model.Direction) string {
	if t.chained() {
		return "nobody: Cilium's chart switches endpoint health checks off where CNIs are chained"
	}
	return "the health endpoint of each node"
}

func insteadOfHealth(site, model.Direction) string {
	return "nothing: the entity may stay, and means what Cilium has there"
}

func unmanaged(t site, _ model.Direction) string {
	if t.chained() {
		return "pods whose network Cilium does not run: those too that ran before the CNIs were chained, until they restart"
	}
	return "pods whose network Cilium does not run"
}

func insteadOfUnmanaged(site, model.Direction) string {
	return "restart pods once the CNIs are chained, and select them by labels"
}

// entity compares what one entity means.
func (p porting) entity(w written) []Unportable {
	here, there, instead := []string{}, []string{}, []string{}
	d := w.direction()
	for _, a := range entityAspects()[w.entity()] {
		if a.direction != nil && *a.direction != d || a.nodePorts && !w.canBeNodePort() {
			continue
		}
		if before, after := a.says(p.here, d), a.says(p.there, d); before != after {
			here, there, instead = append(here, before), append(there, after), append(instead, a.instead(p.there, d))
		}
	}
	if len(here) == 0 {
		return nil
	}
	return []Unportable{p.entry(AboutEntity, w, strings.Join(here, "; "), strings.Join(there, "; "), strings.Join(instead, "; "))}
}

// entity is the one that is written, also as a label of a peer, "" for none.
func (w written) entity() string {
	if w.field == "Entities[]" {
		return w.text()
	}
	entity, _ := strings.CutPrefix(w.field, "Endpoints[].matchLabels.reserved:")
	if entity == w.field {
		return ""
	}
	return entity
}

// canBeNodePort is false for a rule with ports that are no nodePorts.
func (w written) canBeNodePort() bool {
	ports := portsOf(w.rule)
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p [2]uint64) bool {
		return p[0] <= model.LastNodePort && p[1] >= model.FirstNodePort
	})
}
