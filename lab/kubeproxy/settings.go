package kubeproxy

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubeproxyconfig "k8s.io/kubernetes/pkg/proxy/apis/config"
	proxyutil "k8s.io/kubernetes/pkg/proxy/util"

	"github.com/netsim-dev/netsim/model"
)

// Settings are those of the KubeProxyConfiguration that change rules, by its
// fields' names. The zero value has kube-proxy's defaults.
type Settings struct {
	// Mode is model.KubeProxyIPTables or model.KubeProxyNFTables; "" is iptables.
	Mode string
	// DetectLocalMode is "" (ClusterCIDR), or as kube-proxy names the modes.
	DetectLocalMode string
	// ClusterCIDR is one range, or one of each family joined by a comma.
	ClusterCIDR string
	// PodInterface is the bridge of mode BridgeInterface and the prefix of mode
	// InterfaceNamePrefix.
	PodInterface  string
	MasqueradeAll bool
	// NodePortAddresses are ranges and the words "primary", "localhost" and
	// "all".
	NodePortAddresses []string
	// NoLocalhostNodePorts is iptables.localhostNodePorts: false.
	NoLocalhostNodePorts bool
}

// config is the configuration that the kube-proxy command would hand to its
// proxiers on a node, as far as they read it. Source: k8s.io/kubernetes v1.37.2
// pkg/proxy/apis/config/v1alpha1/defaults.go and conversion.go (which drag in
// twice the code to compile), cmd/kube-proxy/app/server_linux.go
// platformApplyDefaults, cmd/kube-proxy/app/server.go
// expandNodePortAddressKeywords.
func (s Settings) config(node *model.Node) *kubeproxyconfig.KubeProxyConfiguration {
	addresses := s.NodePortAddresses
	if s.nftables() && len(addresses) == 0 {
		addresses = []string{kubeproxyconfig.NodePortAddressesPrimary}
	}
	config := &kubeproxyconfig.KubeProxyConfiguration{
		NodePortAddresses: expanded(addresses, node),
		SyncPeriod:        metav1.Duration{Duration: 30 * time.Second},
		MinSyncPeriod:     metav1.Duration{Duration: time.Second},
	}
	config.Linux.MasqueradeAll = s.MasqueradeAll
	config.IPTables.LocalhostNodePorts = new(!s.NoLocalhostNodePorts)
	config.IPTables.MasqueradeBit = new(int32(14))
	config.NFTables.MasqueradeBit = new(int32(14))
	return config
}

func (s Settings) nftables() bool { return s.Mode == model.KubeProxyNFTables }

func expanded(addresses []string, node *model.Node) []string {
	var all []string
	for _, address := range addresses {
		switch address {
		case kubeproxyconfig.NodePortAddressesPrimary:
			for _, is6 := range []bool{false, true} {
				if ip := nodeIP(node, is6); !ip.IsLoopback() {
					all = append(all, netip.PrefixFrom(ip, ip.BitLen()).String())
				}
			}
		case kubeproxyconfig.NodePortAddressesLocalhost:
			all = append(all, "127.0.0.0/8", "::1/128")
		case kubeproxyconfig.NodePortAddressesAll:
			all = append(all, proxyutil.IPv4ZeroCIDR, proxyutil.IPv6ZeroCIDR)
		default:
			all = append(all, address)
		}
	}
	return all
}

// nodeIP is what kube-proxy takes for the node's own address: of each family the
// first, internal before external, or loopback where it has none. Source:
// k8s.io/kubernetes v1.37.2 pkg/util/node/node.go GetNodeHostIPs,
// cmd/kube-proxy/app/server.go detectNodeIPs.
func nodeIP(node *model.Node, is6 bool) netip.Addr {
	for _, ip := range slices.Concat(node.InternalIPs, node.ExternalIPs) {
		if ip.Is6() == is6 {
			return ip
		}
	}
	if is6 {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// localDetector is how kube-proxy on a node tells pods' traffic. Source:
// k8s.io/kubernetes v1.37.2 cmd/kube-proxy/app/server_linux.go
// getLocalDetectors.
func (s Settings) localDetector(node *model.Node, is6 bool) proxyutil.LocalTrafficDetector {
	switch kubeproxyconfig.LocalMode(s.DetectLocalMode) {
	case kubeproxyconfig.LocalModeBridgeInterface:
		return proxyutil.NewDetectLocalByBridgeInterface(s.PodInterface)
	case kubeproxyconfig.LocalModeInterfaceNamePrefix:
		return proxyutil.NewDetectLocalByInterfaceNamePrefix(s.PodInterface)
	case kubeproxyconfig.LocalModeNodeCIDR:
		return detectByFirst(texts(node.PodCIDRs), is6)
	}
	return detectByFirst(strings.Split(s.ClusterCIDR, ","), is6)
}

func detectByFirst(cidrs []string, is6 bool) proxyutil.LocalTrafficDetector {
	if found := proxyutil.MapCIDRsByIPFamily(cidrs)[family(is6)]; len(found) > 0 {
		return proxyutil.NewDetectLocalByCIDR(found[0].String())
	}
	return proxyutil.NewNoOpLocalDetector()
}

func family(is6 bool) v1.IPFamily {
	if is6 {
		return v1.IPv6Protocol
	}
	return v1.IPv4Protocol
}

func asIP(addr netip.Addr) net.IP { return net.IP(addr.AsSlice()) }
