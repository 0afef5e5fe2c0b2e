package manifest

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/netsim-dev/netsim/model"
)

// kubeProxyConfig is the file that kube-proxy reads with --config. What netsim
// does not read is listed so that a misspelt field stands out.
// Source: k8s.io/kube-proxy config/v1alpha1 types.go.
type kubeProxyConfig struct {
	Kind              string         `json:"kind"`
	APIVersion        string         `json:"apiVersion"`
	Metadata          any            `json:"metadata"`
	Mode              string         `json:"mode"`
	ClusterCIDR       string         `json:"clusterCIDR"`
	DetectLocalMode   string         `json:"detectLocalMode"`
	NodePortAddresses []string       `json:"nodePortAddresses"`
	IPTables          kubeProxyRules `json:"iptables"`
	NFTables          kubeProxyRules `json:"nftables"`

	FeatureGates                any `json:"featureGates"`
	ClientConnection            any `json:"clientConnection"`
	Logging                     any `json:"logging"`
	HostnameOverride            any `json:"hostnameOverride"`
	BindAddress                 any `json:"bindAddress"`
	HealthzBindAddress          any `json:"healthzBindAddress"`
	MetricsBindAddress          any `json:"metricsBindAddress"`
	BindAddressHardFail         any `json:"bindAddressHardFail"`
	EnableProfiling             any `json:"enableProfiling"`
	ShowHiddenMetricsForVersion any `json:"showHiddenMetricsForVersion"`
	IPVS                        any `json:"ipvs"`
	Winkernel                   any `json:"winkernel"`
	DetectLocal                 any `json:"detectLocal"`
	OOMScoreAdj                 any `json:"oomScoreAdj"`
	Conntrack                   any `json:"conntrack"`
	ConfigSyncPeriod            any `json:"configSyncPeriod"`
	PortRange                   any `json:"portRange"`
	WindowsRunAsService         any `json:"windowsRunAsService"`
}

// kubeProxyRules are the settings of one mode.
type kubeProxyRules struct {
	MasqueradeAll      *bool `json:"masqueradeAll"`
	LocalhostNodePorts *bool `json:"localhostNodePorts"`
	MasqueradeBit      any   `json:"masqueradeBit"`
	SyncPeriod         any   `json:"syncPeriod"`
	MinSyncPeriod      any   `json:"minSyncPeriod"`
}

// kubeProxy is what was read of a document that configures kube-proxy, and the
// document as it was written.
type kubeProxy struct {
	settings *model.ConfigMap
	raw      *model.Object
}

// kubeProxyKeys are the ConfigMaps that hold the file, by namespace and name,
// with the key under which it is kept: that of kubeadm and kind
// (k8s.io/kubernetes cmd/kubeadm/app/constants KubeProxyConfigMapKey), and that
// of EKS (AWS's documentation of the kube-proxy add-on).
func kubeProxyKeys() map[string]string {
	return map[string]string{
		"kube-system/kube-proxy":        "config.conf",
		"kube-system/kube-proxy-config": "config",
	}
}

// readKubeProxyDocument reads a KubeProxyConfiguration that stands by itself:
// one written for kubeadm, which adds the cluster's CIDR where it is missing
// (k8s.io/kubernetes cmd/kubeadm/app/componentconfigs/kubeproxy.go).
func readKubeProxyDocument(d *document) any {
	d.origin.Name = "kube-proxy"
	settings := d.kubeProxySettings()
	if settings == nil {
		return nil
	}
	if settings.Data["clusterCIDR"] == "" {
		delete(settings.Data, "clusterCIDR")
	}
	return &kubeProxy{settings, d.object()}
}

// readKubeProxyConfigMap reads the file inside kube-proxy's ConfigMap. An API
// server takes any text there, so what is wrong with it loses the settings and
// not the ConfigMap.
func readKubeProxyConfigMap(d *document, key string) any {
	text := d.textAt("data", key)
	if text == nil {
		return d.object()
	}
	inside := d.kubeProxyFile(text, "data."+key)
	if inside == nil {
		return d.object()
	}
	if settings := inside.kubeProxySettings(); settings != nil {
		return &kubeProxy{settings, d.object()}
	}
	return d.object()
}

// textAt is the scalar at a key of a map at the top, nil if there is none.
func (d *document) textAt(field, key string) *yaml.Node {
	values := d.field(field)
	if values == nil {
		return nil
	}
	if n := d.child(values, key); n != nil && n.Kind == yaml.ScalarNode {
		return n
	}
	return nil
}

// kubeProxyFile is the KubeProxyConfiguration that a scalar holds, nil with an
// Issue if it holds none.
func (d *document) kubeProxyFile(text *yaml.Node, at string) *document {
	inner, err := d.inside(text)
	switch {
	case err != nil:
		d.report(model.Error, problem{at, "cannot be parsed: " + err.message + proxyNotStarted, "write a KubeProxyConfiguration there"})
		return nil
	case inner == nil:
		d.report(model.Error, problem{at, "holds nothing" + proxyNotStarted, "write a KubeProxyConfiguration there"})
		return nil
	case inner.word("kind") != "KubeProxyConfiguration":
		d.report(model.Error, problem{at, "is no KubeProxyConfiguration" + proxyNotStarted, "write kind: KubeProxyConfiguration"})
		return nil
	}
	return inner.read(text)
}

// kubeProxySettings are the fields that a verdict can hang on, by their names;
// nil if the document cannot be read. A bad value is an Issue and leaves its
// own field out.
func (d *document) kubeProxySettings() *model.ConfigMap {
	var in kubeProxyConfig
	if !d.decode(&in) {
		return nil
	}
	out := &model.ConfigMap{Origin: d.origin, Data: map[string]string{}, Lines: map[string]int{}}
	put := func(name, at, value string) {
		out.Data[name], out.Lines[name] = value, d.line(at)
	}
	mode := cmp.Or(in.Mode, model.KubeProxyIPTables)
	if d.proxyWord("mode", mode, model.KubeProxyIPTables, model.KubeProxyNFTables, model.KubeProxyIPVS) {
		put("mode", "mode", mode)
	}
	if in.ClusterCIDR == "" || d.proxyCIDRs("clusterCIDR", strings.Split(in.ClusterCIDR, ",")) {
		put("clusterCIDR", "clusterCIDR", in.ClusterCIDR)
	}
	if in.DetectLocalMode != "" && d.proxyWord("detectLocalMode", in.DetectLocalMode, "ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix") {
		put("detectLocalMode", "detectLocalMode", in.DetectLocalMode)
	}
	addresses := in.NodePortAddresses
	if len(addresses) > 0 && (slices.Equal(addresses, []string{"primary"}) || d.proxyCIDRs("nodePortAddresses", addresses)) {
		put("nodePortAddresses", "nodePortAddresses", strings.Join(addresses, ","))
	}
	in.rules(mode, func(name, at string, value *bool) {
		if value != nil {
			put(name, at, strconv.FormatBool(*value))
		}
	})
	return out
}

// rules gives the settings of the mode in force. Ipvs takes those of iptables.
func (in *kubeProxyConfig) rules(mode string, put func(name, at string, value *bool)) {
	if mode == model.KubeProxyNFTables {
		put("masqueradeAll", "nftables.masqueradeAll", in.NFTables.MasqueradeAll)
	} else {
		put("masqueradeAll", "iptables.masqueradeAll", in.IPTables.MasqueradeAll)
	}
	put("localhostNodePorts", "iptables.localhostNodePorts", in.IPTables.LocalhostNodePorts)
}

// What a bad value, and a bad file, lead to.
const (
	proxyWouldNotStart = ": kube-proxy would not start, and netsim takes the default"
	proxyNotStarted    = proxyWouldNotStart + "s"
)

// proxyWord says whether a value is one of those that kube-proxy knows.
func (d *document) proxyWord(at, value string, known ...string) bool {
	if slices.Contains(known, value) {
		return true
	}
	d.report(model.Error, problem{at, quoted(value) + " is not known" + proxyWouldNotStart, "write " + strings.Join(known, " or ")})
	return false
}

// proxyCIDRs says whether all of a list are CIDRs.
func (d *document) proxyCIDRs(at string, texts []string) bool {
	for _, text := range texts {
		if _, err := netip.ParsePrefix(strings.TrimSpace(text)); err != nil {
			d.report(model.Error, problem{at, quoted(text) + " is no CIDR" + proxyWouldNotStart, "write one like 10.244.0.0/16"})
			return false
		}
	}
	return true
}
