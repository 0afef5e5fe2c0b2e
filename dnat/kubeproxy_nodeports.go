package dnat

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// On which addresses of a node kube-proxy serves NodePorts. Source:
// k8s.io/kubernetes v1.37.2 pkg/proxy/util/nodeport_addresses.go,
// pkg/proxy/iptables/proxier.go and pkg/proxy/nftables/proxier.go (loopback),
// cmd/kube-proxy/app/server_linux.go platformApplyDefaults (primary addresses).

// primaryAddresses is the word for a node's first address of each family, which
// mode nftables has by default.
const primaryAddresses = "primary"

// closedNodePort answers for an address on which kube-proxy opens no NodePort.
// In mode iptables the rule that drops what has no local endpoint holds there all
// the same.
func (q *query) closedNodePort(a arrival) []Path {
	if q.Frontend != model.FrontendNodePort {
		return nil
	}
	why := q.servesNodePortsOn(a.node)
	if why == "" {
		return nil
	}
	if q.settings.KubeProxyMode == model.KubeProxyIPTables && q.Service.ExternalTrafficLocal && len(q.localEndpoints(a.node)) == 0 {
		return q.kubeProxyNoEndpoint(a, q.fromAfarTo(a))
	}
	return q.deniedOn(a, ByNone, fmt.Sprintf("%s: port %d is closed there", why, q.PortNumber), model.SeesRefused)
}

// servesNodePortsOn says why kube-proxy serves no NodePort on the packet's
// address, "" if it does.
func (q *query) servesNodePortsOn(node *model.Node) (why string) {
	served := q.nodePortRanges(node)
	list := q.nodePortAddresses()
	switch {
	case q.Addr.IsLoopback() && !q.servesLoopback(served):
		return "kube-proxy serves no NodePort on " + q.Addr.String() + " in this mode"
	case within(served, q.Addr):
		return ""
	case list == primaryAddresses:
		return "kube-proxy serves NodePorts on the node's primary addresses only, and " + q.Addr.String() + " is none"
	}
	return q.Addr.String() + " is not in kube-proxy's nodePortAddresses (" + list + ")"
}

// servesLoopback: only iptables does, only IPv4, and where the ranges are not
// everything, only the one address that the loopback interface has.
func (q *query) servesLoopback(served []netip.Prefix) bool {
	everything := slices.ContainsFunc(served, func(p netip.Prefix) bool { return p.Bits() == 0 })
	itself := q.Addr == netip.AddrFrom4([4]byte{127, 0, 0, 1})
	return q.settings.KubeProxyMode == model.KubeProxyIPTables && q.Addr.Is4() && q.settings.On(optionLocalhost, true) && (everything || itself)
}

func (q *query) nodePortAddresses() string {
	list := q.settings.Options[optionNodePortAddrs]
	if list == "" && q.settings.KubeProxyMode == model.KubeProxyNFTables {
		return primaryAddresses
	}
	return list
}

// nodePortRanges are the ranges of the packet's family; a list that has none of
// that family restricts nothing.
func (q *query) nodePortRanges(node *model.Node) []netip.Prefix {
	var ranges []netip.Prefix
	for _, word := range strings.Split(q.nodePortAddresses(), ",") {
		switch strings.TrimSpace(word) {
		case primaryAddresses:
			ranges = append(ranges, q.primaryAddress(node)...)
		case "localhost":
			ranges = append(ranges, prefixList("127.0.0.0/8,::1/128")...)
		case "all":
			ranges = append(ranges, prefixList(everywhere)...)
		default:
			ranges = append(ranges, prefixList(word)...)
		}
	}
	if ranges = ofFamily(ranges, q.Addr); len(ranges) == 0 {
		return ofFamily(prefixList(everywhere), q.Addr)
	}
	return ranges
}

const everywhere = "0.0.0.0/0,::/0"

// primaryAddress is the node's own address of the packet's family, as kube-proxy
// knows it; none where it has none. Source: k8s.io/kubernetes v1.37.2
// pkg/util/node/node.go GetNodeHostIPs.
func (q *query) primaryAddress(node *model.Node) []netip.Prefix {
	for _, ip := range slices.Concat(node.InternalIPs, node.ExternalIPs) {
		if ip.Is6() == q.Addr.Is6() {
			return []netip.Prefix{netip.PrefixFrom(ip, ip.BitLen())}
		}
	}
	return nil
}
