package manifest

import (
	"net/netip"
	"slices"
)

// The two families, as Service.spec.ipFamilies names them.
const (
	ipv4 = "IPv4"
	ipv6 = "IPv6"
)

func familyOf(addr netip.Addr) string {
	if addr.Is6() {
		return ipv6
	}
	return ipv4
}

// familiesOf lists the families of addresses, in their order.
func familiesOf(addrs []netip.Addr) []string {
	var list []string
	for _, addr := range addrs {
		if family := familyOf(addr); !slices.Contains(list, family) {
			list = append(list, family)
		}
	}
	return list
}

func prefixAddrs(prefixes []netip.Prefix) []netip.Addr {
	var list []netip.Addr
	for _, prefix := range prefixes {
		list = append(list, prefix.Addr())
	}
	return list
}

// clusterFamilies reads the cluster's families off what says so most plainly:
// a kind config, pod CIDRs, pod IPs, cluster IPs, node IPs; IPv4 else.
func (f *filler) clusterFamilies() []string {
	if k := f.cluster.Kind; k != nil {
		return familiesOf(prefixAddrs(k.PodSubnets))
	}
	for _, n := range f.nodes {
		if len(n.PodCIDRs) > 0 {
			return familiesOf(prefixAddrs(n.PodCIDRs))
		}
	}
	for _, p := range f.pods {
		if len(p.IPs) > 0 {
			return familiesOf(p.IPs)
		}
	}
	for _, s := range f.services {
		if len(s.ClusterIPs) > 0 {
			return familiesOf(s.ClusterIPs)
		}
	}
	for _, n := range f.nodes {
		if len(n.InternalIPs) > 0 {
			return familiesOf(n.InternalIPs)
		}
	}
	return []string{ipv4}
}
