package manifest

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// kindConfig is the file that `kind create cluster --config` reads.
// Source: kind v0.31 pkg/apis/config/v1alpha4 types.go.
type kindConfig struct {
	Kind                                 string          `json:"kind"`
	APIVersion                           string          `json:"apiVersion"`
	Name                                 string          `json:"name"`
	Nodes                                []kindNode      `json:"nodes"`
	Networking                           kindNetworking  `json:"networking"`
	FeatureGates                         map[string]bool `json:"featureGates"`
	RuntimeConfig                        any             `json:"runtimeConfig"`
	KubeadmConfigPatches                 any             `json:"kubeadmConfigPatches"`
	KubeadmConfigPatchesJSON6902         any             `json:"kubeadmConfigPatchesJSON6902"`
	KubeadmConfigPatchesJSON6902Obsolete any             `json:"kubeadmConfigPatchesJson6902"`
	ContainerdConfigPatches              any             `json:"containerdConfigPatches"`
	ContainerdConfigPatchesJSON6902      any             `json:"containerdConfigPatchesJSON6902"`
}

type kindNode struct {
	Role                         string            `json:"role"`
	Image                        string            `json:"image"`
	Labels                       map[string]string `json:"labels"`
	ExtraMounts                  any               `json:"extraMounts"`
	ExtraPortMappings            []kindPortMapping `json:"extraPortMappings"`
	KubeadmConfigPatches         any               `json:"kubeadmConfigPatches"`
	KubeadmConfigPatchesJSON6902 any               `json:"kubeadmConfigPatchesJSON6902"`
}

type kindPortMapping struct {
	ContainerPort int32  `json:"containerPort"`
	HostPort      int32  `json:"hostPort"`
	ListenAddress string `json:"listenAddress"`
	Protocol      string `json:"protocol"`
}

type kindNetworking struct {
	IPFamily          string `json:"ipFamily"`
	APIServerPort     int32  `json:"apiServerPort"`
	APIServerAddress  string `json:"apiServerAddress"`
	PodSubnet         string `json:"podSubnet"`
	ServiceSubnet     string `json:"serviceSubnet"`
	DisableDefaultCNI bool   `json:"disableDefaultCNI"`
	KubeProxyMode     string `json:"kubeProxyMode"`
	DNSSearch         any    `json:"dnsSearch"`
}

// Kind's own subnets by IP family. Source: kind pkg/apis/config/v1alpha4
// default.go.
func kindSubnets() map[string]struct{ pods, services string } {
	return map[string]struct{ pods, services string }{
		"ipv4": {"10.244.0.0/16", "10.96.0.0/16"},
		"ipv6": {"fd00:10:244::/56", "fd00:10:96::/112"},
		"dual": {"10.244.0.0/16,fd00:10:244::/56", "10.96.0.0/16,fd00:10:96::/112"},
	}
}

func readKindConfig(d *document) any {
	var in kindConfig
	if !d.decode(&in) {
		return nil
	}
	n := in.Networking
	family, mode := strings.ToLower(cmp.Or(n.IPFamily, "ipv4")), strings.ToLower(cmp.Or(n.KubeProxyMode, "iptables"))
	d.oneOf("networking.ipFamily", family, "ipv4", "ipv6", "dual")
	d.oneOf("networking.kubeProxyMode", mode, "iptables", "ipvs", "nftables", "none")
	defaults := kindSubnets()[family]
	d.origin.Name = cmp.Or(in.Name, "kind")
	return &model.KindConfig{
		Origin: d.origin, Name: d.origin.Name,
		KubeProxyMode: mode, DisableDefaultCNI: n.DisableDefaultCNI, IPFamily: family,
		PodSubnets:     d.subnets("networking.podSubnet", cmp.Or(n.PodSubnet, defaults.pods)),
		ServiceSubnets: d.subnets("networking.serviceSubnet", cmp.Or(n.ServiceSubnet, defaults.services)),
		Nodes:          d.kindNodes(in.Nodes),
	}
}

// subnets reads a comma-separated list, which is one field.
func (d *document) subnets(at, text string) []netip.Prefix {
	var list []netip.Prefix
	for _, one := range strings.Split(text, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(one))
		if err != nil {
			d.reject(problem{at, quoted(one) + " is no CIDR", "write one like 10.244.0.0/16"})
			continue
		}
		list = append(list, prefix.Masked())
	}
	return list
}

func (d *document) kindNodes(nodes []kindNode) []model.KindNode {
	if len(nodes) == 0 {
		return []model.KindNode{{ControlPlane: true}}
	}
	var list []model.KindNode
	for i, n := range nodes {
		at := index("nodes", i)
		d.oneOf(at+".role", n.Role, "control-plane", "worker")
		out := model.KindNode{ControlPlane: n.Role != "worker", Labels: d.labels(at+".labels", n.Labels)}
		for j, m := range n.ExtraPortMappings {
			out.PortMappings = append(out.PortMappings, d.portMapping(index(at+".extraPortMappings", j), m))
		}
		list = append(list, out)
	}
	return list
}

func (d *document) portMapping(at string, m kindPortMapping) model.KindPortMapping {
	d.oneOf(at+".protocol", strings.ToUpper(m.Protocol), "TCP", "UDP", "SCTP")
	out := model.KindPortMapping{
		ContainerPort: d.port(at+".containerPort", m.ContainerPort),
		Protocol:      model.Protocol(strings.ToUpper(cmp.Or(m.Protocol, "TCP"))),
	}
	if m.HostPort > 0 { // 0 and -1 mean a random port
		out.HostPort = d.port(at+".hostPort", m.HostPort)
	}
	if m.ListenAddress != "" {
		out.ListenAddress = d.addr(at+".listenAddress", m.ListenAddress)
	}
	return out
}
