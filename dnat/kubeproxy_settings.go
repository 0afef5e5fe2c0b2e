package dnat

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// Kube-proxy's own settings, by the names of the KubeProxyConfiguration
// (kubeproxy.config.k8s.io/v1alpha1) under a prefix that sets them apart from
// Cilium's options. Lists are comma-separated.
const (
	optionClusterCIDR   = "kubeProxy.clusterCIDR"
	optionDetectLocal   = "kubeProxy.detectLocalMode"
	optionMasqueradeAll = "kubeProxy.masqueradeAll"
	optionNodePortAddrs = "kubeProxy.nodePortAddresses"
	optionLocalhost     = "kubeProxy.localhostNodePorts"
)

// Modes of local detection, as kube-proxy names them.
const (
	detectClusterCIDR = "ClusterCIDR"
	detectNodeCIDR    = "NodeCIDR"
)

// detectsLocal says whether kube-proxy on a node can tell pods' traffic from
// other traffic. It cannot in mode ClusterCIDR without a CIDR; where no file
// says, it is taken to be set up as kubeadm and kind do, with the pods' range.
// Source: k8s.io/kubernetes v1.37.2 cmd/kube-proxy/app/server_linux.go
// getLocalDetectors.
func (s settings) detectsLocal() bool {
	cidr, given := s.Options[optionClusterCIDR]
	return s.detectMode() != detectClusterCIDR || !given || cidr != ""
}

func (s settings) detectMode() string {
	if mode := s.Options[optionDetectLocal]; mode != "" {
		return mode
	}
	return detectClusterCIDR
}

// takesForLocalPod says whether kube-proxy on the packet's node counts its
// source as a pod of that node. In mode ClusterCIDR any pod counts, on whatever
// node it runs.
func (q *query) takesForLocalPod(a arrival) bool {
	cidrs, given := q.settings.Options[optionClusterCIDR]
	switch {
	case !q.settings.detectsLocal():
		return false
	case q.settings.detectMode() == detectNodeCIDR:
		return within(a.node.PodCIDRs, a.source.Addr) || a.from == fromPod
	case q.settings.detectMode() != detectClusterCIDR:
		return a.from == fromPod
	case given:
		return within(prefixList(cidrs), a.source.Addr)
	}
	return a.source.Kind == model.PartyPod
}

func within(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// prefixList reads "10.0.0.0/8,fd00::/8"; what is no prefix is left out.
func prefixList(text string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, one := range strings.Split(text, ",") {
		if p, err := netip.ParsePrefix(strings.TrimSpace(one)); err == nil {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}

// servesNodePortsOn says whether kube-proxy serves NodePorts on an address of
// its node, and if not why. Source: k8s.io/kubernetes v1.37.2
// pkg/proxy/util/nodeport_addresses.go, pkg/proxy/iptables/proxier.go
// (localhostNodePorts), pkg/proxy/nftables/proxier.go (primary addresses).
func (q *query) servesNodePortsOn(node *model.Node) (why string) {
	addresses := q.settings.Options[optionNodePortAddrs]
	nftables := q.settings.KubeProxyMode == model.KubeProxyNFTables
	switch {
	case q.Addr.IsLoopback() && (nftables || q.Addr.Is6() || !q.settings.On(optionLocalhost, true)):
		return "kube-proxy serves no NodePort on " + q.Addr.String() + " in this mode"
	case addresses == "" && nftables, addresses == "primary":
		if !q.Addr.IsLoopback() && !slices.Contains(node.InternalIPs, q.Addr) {
			return "kube-proxy serves NodePorts on the node's primary addresses only, and " + q.Addr.String() + " is none"
		}
	case addresses != "" && !within(prefixList(addresses), q.Addr):
		return q.Addr.String() + " is not in kube-proxy's nodePortAddresses (" + addresses + ")"
	}
	return ""
}
