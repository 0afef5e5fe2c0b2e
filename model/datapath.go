package model

import "strconv"

// Kube-proxy's modes, as its configuration names them.
const (
	KubeProxyIPTables = "iptables"
	KubeProxyNFTables = "nftables"
	KubeProxyIPVS     = "ipvs"
	KubeProxyNone     = "none"
)

// Routing modes, as Cilium's routing-mode names them.
const (
	RoutingTunnel = "tunnel"
	RoutingNative = "native"
)

// Datapath is how a cluster carries packets: the settings of Cilium and of
// kube-proxy that a verdict can hang on. Sources says where each came from.
type Datapath struct {
	// Name is the profile's name ("kind", "kind-kpr", "bare-metal", ...).
	Name string
	// CiliumVersion is "1.20.2" or, where only the minor is known, the newest
	// patch of it that netsim knows.
	CiliumVersion        string
	KubeProxyReplacement bool
	// KubeProxyMode is KubeProxyNone where no kube-proxy runs.
	KubeProxyMode string
	RoutingMode   string
	// SocketLBHostNamespaceOnly leaves the translation for pods to the
	// per-packet load balancer.
	SocketLBHostNamespaceOnly bool
	ClusterName               string
	// Options are all settings by the name of the cilium-config key.
	Options map[string]string
	// Sources says, for each setting shown, where it was read: "file:line",
	// "--set", "profile kind" or "default".
	Sources map[string]string
}

// On says whether a boolean option is true, read as the agent's flags read it;
// byDefault where it is absent or no boolean.
func (d Datapath) On(option string, byDefault bool) bool {
	value, err := strconv.ParseBool(d.Options[option])
	if err != nil {
		return byDefault
	}
	return value
}

// Version is CiliumVersion, to compare with.
func (d Datapath) Version() Version { return ParseVersion(d.CiliumVersion) }
