package manifest

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

// takeGiven notes every address that something has already.
func (f *filler) takeGiven() {
	f.taken = map[netip.Addr]bool{}
	take := func(addrs []netip.Addr) {
		for _, addr := range addrs {
			f.taken[addr] = true
		}
	}
	for _, n := range f.nodes {
		take(n.InternalIPs)
		take(n.ExternalIPs)
	}
	for _, p := range f.pods {
		take(p.IPs)
	}
	for _, s := range f.services {
		take(s.ClusterIPs)
		take(s.ExternalIPs)
		for _, ip := range s.LoadBalancerIPs {
			f.taken[ip.Addr] = true
		}
	}
	f.takeEndpoints()
}

// takeEndpoints keeps the addresses of endpoints from pods that have none.
func (f *filler) takeEndpoints() {
	var all []*model.EndpointSlice
	for _, slice := range f.slices {
		all = append(all, slice.EndpointSlice)
	}
	for _, e := range f.endpoints {
		all = append(all, e.slices...)
	}
	for _, slice := range all {
		for _, e := range slice.Endpoints {
			f.taken[e.Addr] = true
		}
	}
}

// fillPodIPs gives each pod without an address one of each of its node's pod
// CIDRs, after the network's own address and the gateway's. Inferred pods come
// last, so that the others have the same addresses without them.
func (f *filler) fillPodIPs() {
	pools := map[netip.Prefix]*pool{}
	for _, p := range realFirst(f.pods) {
		n := f.nodeByName[p.Node]
		if n == nil || p.Finished || len(p.IPs) > 0 {
			continue
		}
		p.Assigned["ip"] = true
		if p.HostNetwork {
			p.IPs = onePerFamily(n.InternalIPs)
			continue
		}
		for _, prefix := range n.PodCIDRs {
			if pools[prefix] == nil {
				pools[prefix] = newPool(prefix, 2)
			}
			if ip, ok := pools[prefix].take(f.taken); ok {
				p.IPs = append(p.IPs, ip)
			}
		}
		if p.IPs = onePerFamily(p.IPs); len(p.IPs) == 0 {
			p.doc.warn(problem{"", "the node's pod CIDR has no address left: some pods have none", "write fewer replicas, or pass Nodes with larger pod CIDRs"})
		}
	}
}

// onePerFamily is the first address of each family.
func onePerFamily(addrs []netip.Addr) []netip.Addr {
	var list []netip.Addr
	for _, addr := range addrs {
		if !slices.Contains(familiesOf(list), familyOf(addr)) {
			list = append(list, addr)
		}
	}
	return list
}

// Offsets into the service subnet that clusters set aside: the API server's
// first address, and kubeadm's for DNS.
const (
	apiServerIP = 1
	dnsIP       = 10
)

// fillClusterIPs settles the families of each Service and gives it the cluster
// IPs that it lacks.
func (f *filler) fillClusterIPs() {
	pools := map[string]*pool{}
	for _, family := range []string{ipv4, ipv6} {
		pools[family] = newPool(f.serviceSubnet(family), dnsIP+1)
	}
	for _, s := range f.services {
		if s.Type == model.ExternalNameService {
			continue
		}
		s.IPFamilies = f.serviceFamilies(s)
		if s.Headless {
			continue
		}
		for _, family := range s.IPFamilies {
			if slices.Contains(familiesOf(s.ClusterIPs), family) {
				continue
			}
			if ip, ok := f.clusterIP(s, family, pools[family]); ok {
				s.ClusterIPs = append(s.ClusterIPs, ip)
				s.Assigned["clusterIP"] = true
			}
		}
	}
}

// clusterIP is the address set aside for the Service, or the pool's next.
func (f *filler) clusterIP(s *service, family string, next *pool) (netip.Addr, bool) {
	offset := map[[2]string]int{{"default", "kubernetes"}: apiServerIP, {"kube-system", "kube-dns"}: dnsIP}
	if at, ok := offset[[2]string{s.Namespace, s.Name}]; ok {
		if ip := newPool(f.serviceSubnet(family), at).next; !f.taken[ip] {
			f.taken[ip] = true
			return ip, true
		}
	}
	return next.take(f.taken)
}

// serviceFamilies follows an API server: the families given, else those of the
// addresses given, else the cluster's primary one; dual-stack policies add the
// other. RequireDualStack tells that the cluster has both.
// Source: k8s.io/kubernetes v1.36 pkg/registry/core/service/storage/alloc.go.
func (f *filler) serviceFamilies(s *service) []string {
	families := s.IPFamilies
	if len(families) == 0 {
		families = familiesOf(s.ClusterIPs)
	}
	if len(families) == 0 {
		families = f.families[:1:1]
	}
	more := f.families
	switch s.policy {
	case corev1.IPFamilyPolicySingleStack:
		more = nil
	case corev1.IPFamilyPolicyRequireDualStack:
		more = []string{ipv4, ipv6}
	}
	for _, family := range more {
		if !slices.Contains(families, family) {
			families = append(families[:len(families):len(families)], family)
		}
	}
	return families
}

func (f *filler) serviceSubnet(family string) netip.Prefix {
	if k := f.cluster.Kind; k != nil {
		for _, prefix := range k.ServiceSubnets {
			if familyOf(prefix.Addr()) == family {
				return prefix
			}
		}
	}
	return netip.MustParsePrefix(kindSubnets()[lowerFamily(family)].services)
}
