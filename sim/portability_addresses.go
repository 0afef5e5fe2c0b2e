package sim

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// addressKind is what has an address of a cluster.
type addressKind int

const (
	ofAPIServer addressKind = iota
	ofNode
	ofService
	ofLoadBalancer
	ofPod
)

// ownAddress is an address or network that a cluster has.
type ownAddress struct {
	prefix netip.Prefix
	kind   addressKind
	// what has it, and assumed where netsim filled it in.
	what    string
	assumed bool
}

func (a ownAddress) String() string {
	if a.assumed {
		return a.what + " (assigned)"
	}
	return a.what
}

// ownAddresses are those of a Sim's cluster: of single objects first, then
// networks.
func (s *Sim) ownAddresses() []ownAddress {
	var list addressList
	c := s.index.Cluster
	for _, n := range c.Nodes {
		list.add(ofNode, "node "+n.Name, n.Assigned["ip"], slices.Concat(n.InternalIPs, n.ExternalIPs)...)
	}
	for _, slice := range c.EndpointSlices {
		if slice.Namespace == "default" && slice.Service == "kubernetes" {
			for _, e := range slice.Endpoints {
				list.add(ofAPIServer, "the API server", slice.Made, e.Addr)
			}
		}
	}
	for _, svc := range c.Services {
		what := "Service " + svc.Namespace + "/" + svc.Name
		list.add(ofService, what, svc.Assigned["clusterIP"], svc.ClusterIPs...)
		list.add(ofLoadBalancer, what, false, svc.ExternalIPs...)
		for _, lb := range svc.LoadBalancerIPs {
			list.add(ofLoadBalancer, what, svc.Assigned["loadBalancerIP"], lb.Addr)
		}
	}
	for _, p := range c.Pods {
		if !p.HostNetwork && p.Inferred == "" {
			list.add(ofPod, "pod "+p.Namespace+"/"+p.Name, p.Assigned["ip"], p.IPs...)
		}
	}
	for _, n := range c.Nodes {
		list.network(ofPod, "pods on node "+n.Name, n.Assigned["podCIDR"], n.PodCIDRs...)
	}
	if c.Kind != nil {
		list.network(ofPod, "pods", false, c.Kind.PodSubnets...)
		list.network(ofService, "ClusterIPs", false, c.Kind.ServiceSubnets...)
	}
	for _, option := range []string{"cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr"} {
		if p, err := netip.ParsePrefix(s.datapath.Options[option]); err == nil {
			list.network(ofPod, "pods", false, p)
		}
	}
	return list
}

type addressList []ownAddress

func (l *addressList) add(kind addressKind, what string, assumed bool, addrs ...netip.Addr) {
	for _, addr := range addrs {
		l.network(kind, what, assumed, netip.PrefixFrom(addr, addr.BitLen()))
	}
}

func (l *addressList) network(kind addressKind, what string, assumed bool, prefixes ...netip.Prefix) {
	for _, p := range prefixes {
		*l = append(*l, ownAddress{p.Masked(), kind, what, assumed})
	}
}

// address compares what a CIDR means that holds addresses of the cluster.
func (p porting) address(w written) []Unportable {
	cidr, ok := w.cidr()
	if !ok {
		return nil
	}
	own, found := p.owner(cidr)
	if !found {
		return nil
	}
	here, there := p.here.cidrMeans(own), p.there.cidrMeans(own)
	if moves := p.there.place != "" && p.here.place != p.there.place; moves {
		there = "whoever has these addresses there, and they need not be that cluster's" + p.there.podAddresses(own)
	} else if here == there {
		return nil
	}
	return []Unportable{p.entry(AboutAddress, w, own.String()+": "+here, there, insteadOfAddress(own, w))}
}

// cidr is the network or address that is written, if it is one.
func (w written) cidr() (netip.Prefix, bool) {
	switch w.field {
	case "CIDR[]", "CIDRSet[].cidr", "CIDRSet[].except[]", "peers[].ipBlock.cidr", "peers[].ipBlock.except[]", "peers[].networks[]", "externalCIDRs[]":
	default:
		return netip.Prefix{}, false
	}
	if addr, err := netip.ParseAddr(w.text()); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	p, err := netip.ParsePrefix(w.text())
	return p.Masked(), err == nil
}

// owner is whose addresses a CIDR holds: of the same network before of one around
// it, and of that before of networks and then of objects inside.
func (p porting) owner(cidr netip.Prefix) (ownAddress, bool) {
	for _, fits := range []func(own netip.Prefix) bool{
		func(own netip.Prefix) bool { return own == cidr },
		func(own netip.Prefix) bool { return own.Bits() <= cidr.Bits() && own.Contains(cidr.Addr()) },
		func(own netip.Prefix) bool { return !own.IsSingleIP() && isWithin(own, cidr) },
		func(own netip.Prefix) bool { return isWithin(own, cidr) },
	} {
		if own, found := p.first(fits); found {
			return own, true
		}
	}
	return ownAddress{}, false
}

func isWithin(own, cidr netip.Prefix) bool {
	return !isBroad(cidr) && cidr.Bits() <= own.Bits() && cidr.Contains(own.Addr())
}

// first counts the others of its kind.
func (p porting) first(fits func(netip.Prefix) bool) (ownAddress, bool) {
	var first *ownAddress
	others := map[string]bool{}
	for i, own := range p.own {
		switch {
		case !fits(own.prefix):
		case first == nil:
			first = &p.own[i]
		case own.kind == first.kind && own.what != first.what:
			others[own.what] = true
		}
	}
	if first == nil {
		return ownAddress{}, false
	}
	found := *first
	if n := len(others); n > 0 {
		found.what += fmt.Sprintf(" and %d more", n)
	}
	return found, true
}

// isBroad is true for networks that stand for more than one cluster: the private
// ones, and what is around them.
func isBroad(cidr netip.Prefix) bool {
	for _, text := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"} {
		private := netip.MustParsePrefix(text)
		if cidr.Bits() <= private.Bits() && cidr.Contains(private.Addr()) {
			return true
		}
	}
	return false
}

// cidrMeans says whom a CIDR selects of those that have the addresses.
func (t site) cidrMeans(own ownAddress) string {
	switch own.kind {
	case ofNode:
		return t.selectedByCIDR("nodes")
	case ofPod:
		return t.selectedByCIDR("pods")
	case ofService:
		return "no connection to a ClusterIP, which is translated before policy"
	case ofLoadBalancer:
		if t.loadBalancersTranslated() {
			return "no connection to it, which Cilium translates before policy"
		}
		return "connections to it, which kube-proxy translates after policy"
	}
	return "the API server"
}

// selectedByCIDR: policy-cidr-match-mode says of what inside the cluster CIDRs
// select anything (cilium v1.20.2 pkg/policy/types/selector.go); pods only from
// 1.20 on.
func (t site) selectedByCIDR(what string) string {
	mode := t.dp.Options["policy-cidr-match-mode"]
	on := containsWord(mode, what) && (what != "pods" || t.dp.Version().AtLeast(1, 20, 0))
	if on {
		return "what has the addresses, by policy-cidr-match-mode"
	}
	return "none of the " + what + ", as a CIDR selects only what is outside the cluster"
}

// podAddresses says where pods' addresses come from, where the datapath decides.
func (t site) podAddresses(own ownAddress) string {
	if own.kind == ofPod && t.platform.name == "AWS" {
		return "; pods have addresses of the VPC"
	}
	return ""
}

func insteadOfAddress(own ownAddress, w written) string {
	cilium := w.policy.Origin.Kind != "NetworkPolicy" && w.policy.Origin.Kind != "ClusterNetworkPolicy"
	switch own.kind {
	case ofNode:
		if cilium {
			return "select nodes by the entities host and remote-node, and the API server by kube-apiserver"
		}
		return "select nodes by the entities host and remote-node of a CiliumNetworkPolicy, or write the nodes' network there"
	case ofAPIServer:
		if cilium && w.direction() == model.Egress {
			return "write toEntities: kube-apiserver"
		}
		return "write the API server's address there, or the entity kube-apiserver of a CiliumNetworkPolicy"
	case ofPod:
		return "select the pods by labels of pods and namespaces"
	case ofLoadBalancer:
		return "write the address that the load balancer has there, or select its backends by labels"
	}
	return "select the pods behind the Service by labels, on the targetPort"
}
