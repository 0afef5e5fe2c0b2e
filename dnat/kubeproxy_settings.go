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

func (s settings) detectMode() string {
	if mode := s.Options[optionDetectLocal]; mode != "" {
		return mode
	}
	return detectClusterCIDR
}

// detector is how kube-proxy on a node tells pods' traffic of one family.
type detector uint8

const (
	// noDetector takes nothing for a pod's.
	noDetector detector = iota
	// byRange takes a source address in a range for a pod's, on whatever node the
	// pod runs.
	byRange
	// byInterface takes for a pod's what comes in where the node's pods are.
	byInterface
	// byGuess: the range is in no file. It is taken to be that of all pods, as
	// kubeadm and kind set it up.
	byGuess
)

// detector gives the range too, where there is one: the first of the family.
// Source: k8s.io/kubernetes v1.37.2 cmd/kube-proxy/app/server_linux.go
// getLocalDetectors.
func (q *query) detector(node *model.Node) (detector, netip.Prefix) {
	var ranges []netip.Prefix
	switch q.settings.detectMode() {
	case detectClusterCIDR:
		text, given := q.settings.Options[optionClusterCIDR]
		if !given {
			return byGuess, netip.Prefix{}
		}
		ranges = prefixList(text)
	case detectNodeCIDR:
		if ranges = node.PodCIDRs; len(ranges) == 0 {
			return byInterface, netip.Prefix{}
		}
	default:
		return byInterface, netip.Prefix{}
	}
	if ranges = ofFamily(ranges, q.Addr); len(ranges) == 0 {
		return noDetector, netip.Prefix{}
	}
	return byRange, ranges[0]
}

// takesForLocalPod says whether kube-proxy on the packet's node counts its
// source as a pod of that node.
func (q *query) takesForLocalPod(a arrival) bool {
	switch how, cidr := q.detector(a.node); how {
	case byRange:
		return cidr.Contains(a.source.Addr)
	case byInterface:
		return a.from == fromPod
	case byGuess:
		return a.source.Kind == model.PartyPod
	}
	return false
}

func within(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// ofFamily are the prefixes of an address's family.
func ofFamily(prefixes []netip.Prefix, addr netip.Addr) []netip.Prefix {
	return filter(prefixes, func(p netip.Prefix) bool { return p.Addr().Is6() == addr.Is6() })
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
