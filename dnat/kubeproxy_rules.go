package dnat

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// What kube-proxy answers before it chooses an endpoint. Each returns nil where
// it has nothing to say.

// unknownProxy answers for a mode that netsim has no rules of.
func (q *query) unknownProxy(a arrival) []Path {
	switch q.settings.KubeProxyMode {
	case model.KubeProxyIPTables, model.KubeProxyNFTables, model.KubeProxyNone:
		return nil
	}
	return q.undeterminedOn(a, fmt.Sprintf("netsim does not model kube-proxy in mode %q", q.settings.KubeProxyMode))
}

// noProxy answers where neither kube-proxy nor Cilium serves the frontend.
func (q *query) noProxy(a arrival) []Path {
	if q.settings.KubeProxyMode != model.KubeProxyNone {
		return nil
	}
	paths := q.deniedOn(a, ByNone, fmt.Sprintf("nobody translates %s %s: no kube-proxy runs, and Cilium does not replace it", frontendNoun(q.Frontend), q.frontendText()), "")
	paths[0].Hint = "run kube-proxy, or set kubeProxyReplacement to true"
	return paths
}

// noRule answers for frontends that kube-proxy writes no rule for: ports that
// the Service does not have, and addresses with ipMode Proxy, which belong to
// whoever gave them out.
func (q *query) noRule(a arrival) []Path {
	if q.Port == nil {
		paths := q.lost(fmt.Sprintf("Service %s has no port %s: kube-proxy has no rule for it, and nobody answers", serviceRef(q.Service), portText(q.PortNumber, q.Protocol)))
		paths[0].Service.Node = a.node.Name
		paths[0].Hint = q.portHint()
		return paths
	}
	if q.ipModeProxy() {
		return q.undeterminedOn(a, q.proxyModeWhy())
	}
	return nil
}

// passedOver answers for a Service without a ClusterIP of the packet's family:
// kube-proxy has no rules for it in that family, whatever else it has. Source:
// k8s.io/kubernetes v1.37.2 pkg/proxy/servicechangetracker.go
// serviceToServiceMap.
func (q *query) passedOver(a arrival) []Path {
	if !q.Addr.IsValid() || q.proxied(q.Service) {
		return nil
	}
	why := fmt.Sprintf("Service %s has no %s ClusterIP, and kube-proxy has no rule for %s", serviceRef(q.Service), family(q.Addr), q.frontendText())
	if party := q.frontendParty(); party.Kind == model.PartyNode {
		return q.deniedOn(q.arriveAt(party.Node), ByNone, fmt.Sprintf("%s: the port is closed on %s", why, party.Node.Name), model.SeesRefused)
	}
	paths := q.lost(why + ": nobody answers")
	paths[0].Service.Node = a.node.Name
	return paths
}

// proxied says whether a Service has a ClusterIP of the packet's family, or may
// have one that no file gives.
func (q *query) proxied(s *model.Service) bool {
	unknown := len(s.ClusterIPs) == 0 && !s.Headless
	return unknown || slices.ContainsFunc(s.ClusterIPs, func(ip netip.Addr) bool { return ip.Is6() == q.Addr.Is6() })
}

// ipModeProxy says whether the address is a load balancer's that asked not to
// be short-circuited.
func (q *query) ipModeProxy() bool {
	return q.Frontend == model.FrontendLoadBalancer && slices.ContainsFunc(q.Service.LoadBalancerIPs, func(ip model.LoadBalancerIP) bool {
		return ip.Addr == q.Addr && ip.Proxy
	})
}

func (q *query) proxyModeWhy() string {
	return fmt.Sprintf("%s has ipMode Proxy: nobody in the cluster translates it, and what the load balancer outside does with the packet is not in the files", q.Addr)
}

// outsideRanges applies loadBalancerSourceRanges, which kube-proxy holds against
// everybody, pods and nodes included, on load balancer addresses only; in mode
// iptables only where the Service has endpoints. Source: k8s.io/kubernetes
// v1.37.2 pkg/proxy/iptables/proxier.go (KUBE-FW chains),
// pkg/proxy/nftables/proxier.go (firewall-check).
func (q *query) outsideRanges(a arrival) []Path {
	if q.Frontend != model.FrontendLoadBalancer || q.inRanges(a.source.Addr) || q.nodeAsksItself(a) {
		return nil
	}
	if q.settings.KubeProxyMode == model.KubeProxyIPTables && !q.anyEndpoint() {
		return nil
	}
	return q.deniedByRanges(a, ByKubeProxy, fmt.Sprintf("kube-proxy (on %s) drops the packet", a.node.Name))
}

// nodeAsksItself: a node inside a range may use the address as its own source.
func (q *query) nodeAsksItself(a arrival) bool {
	primary := q.primaryAddress(a.node)
	return a.from == fromHost && a.source.Addr == q.Addr && len(primary) > 0 && q.inRanges(primary[0].Addr())
}

// inRanges says whether an address may use the Service's load balancer. Ranges
// of the other family do not count, and one of length 0 lets everybody in.
func (q *query) inRanges(source netip.Addr) bool {
	family := ofFamily(q.Service.SourceRanges, q.Addr)
	everybody := slices.ContainsFunc(family, func(p netip.Prefix) bool { return p.Bits() == 0 })
	return len(family) == 0 || everybody || within(family, source)
}

func (q *query) deniedByRanges(a arrival, by, what string) []Path {
	client := "the client, whose address is not known,"
	if a.source.Addr.IsValid() {
		client = a.source.Addr.String()
	}
	paths := q.deniedOn(a, by, fmt.Sprintf("%s is not in loadBalancerSourceRanges of Service %s: %s", client, serviceRef(q.Service), what), model.SeesTimeout)
	paths[0].Service.Stage = model.StageSourceRange
	paths[0].Hint = fmt.Sprintf("add the client's address to loadBalancerSourceRanges of Service %s", serviceRef(q.Service))
	return paths
}

// lost is the way of a packet to a frontend's address that nobody translates:
// egress policy judges it as a packet to that address, and on the node it takes
// the default route, unless kube-proxy answers. Source: k8s.io/kubernetes v1.37.2
// pkg/proxy/iptables (an undefined port matches no rule), pkg/proxy/nftables
// (cluster-ips: reject).
func (q *query) lost(why string) []Path {
	sees := model.SeesTimeout
	if !q.settings.KubeProxyReplacement && q.Frontend == model.FrontendClusterIP {
		switch q.settings.KubeProxyMode {
		case model.KubeProxyIPVS:
			return q.undetermined(fmt.Sprintf("in ipvs mode kube-proxy makes %s an address of every node, and netsim does not model what the node then answers", q.Addr))
		case model.KubeProxyNFTables:
			sees = nftablesReject(q.Protocol)
		}
	}
	paths := q.denied(ByNone, why, sees)
	paths[0].Egress = q.egressToFrontend()
	return paths
}

// nftablesReject is what an ICMP port unreachable does to a client.
func nftablesReject(p model.Protocol) model.ClientSees {
	if p.HasPorts() {
		return model.SeesRefused
	}
	return model.SeesUnreachable
}
