package kubeproxy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/netsim-dev/netsim/model"
)

// shop is a cluster of two nodes and one NodePort Service of both families with
// a backend on each node.
func shop() *model.Cluster {
	node := func(name, v4, v6 string) *model.Node {
		return &model.Node{Name: name, InternalIPs: []netip.Addr{netip.MustParseAddr(v4), netip.MustParseAddr(v6)}}
	}
	slice := func(name string, addrs ...string) *model.EndpointSlice {
		s := &model.EndpointSlice{Namespace: "dev", Name: name, Service: "shop", Ports: []model.EndpointPort{{Port: 8080, Protocol: model.TCP}}}
		for i, addr := range addrs {
			s.Endpoints = append(s.Endpoints, model.Endpoint{
				Addr: netip.MustParseAddr(addr), Ready: true, Serving: true, Node: []string{"n1", "n2"}[i],
			})
		}
		return s
	}
	return &model.Cluster{
		Nodes: []*model.Node{node("n1", "192.168.0.1", "fd00::1"), node("n2", "192.168.0.2", "fd00::2")},
		Services: []*model.Service{{
			Namespace: "dev", Name: "shop", Type: model.NodePortService,
			ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.20"), netip.MustParseAddr("fd96::20")},
			IPFamilies: []string{"IPv4", "IPv6"},
			Ports:      []model.ServicePort{{Protocol: model.TCP, Port: 80, NodePort: 30080, TargetPort: model.TargetPort{Number: 8080}}},
		}},
		EndpointSlices: []*model.EndpointSlice{slice("shop-4", "10.244.1.7", "10.244.2.7"), slice("shop-6", "fd44:1::7", "fd44:2::7")},
	}
}

func TestTheRealProxierWritesTheRulesOfItsModeAndFamily(t *testing.T) {
	for name, c := range map[string]struct {
		settings Settings
		ipv6     bool
		want     []string
	}{
		"iptables IPv4": {Settings{}, false, []string{
			"-A PREROUTING", "-A POSTROUTING", "-d 10.96.0.20 --dport 80", "--dport 30080", "--to-destination 10.244.2.7:8080", "--nfacct-name",
		}},
		"iptables IPv6": {Settings{}, true, []string{"-d fd96::20 --dport 80", "! -d ::1/128", "--to-destination [fd44:2::7]:8080"}},
		"nftables IPv4": {Settings{Mode: model.KubeProxyNFTables}, false, []string{
			"add table ip kube-proxy", "10.96.0.20 . tcp . 80 : goto", "add element ip kube-proxy nodeport-ips { 192.168.0.1 }",
		}},
		"nftables IPv6": {Settings{Mode: model.KubeProxyNFTables}, true, []string{"fd96::20 . tcp . 80 : goto", "nodeport-ips { fd00::1 }"}},
		"a cluster CIDR, from outside which ClusterIPs are masqueraded": {Settings{ClusterCIDR: "10.244.0.0/16,fd44::/16"}, true, []string{
			"! -s fd44::/16",
		}},
		"NodePorts on some addresses only": {Settings{NodePortAddresses: []string{"192.168.0.0/16"}}, false, []string{
			"-d 192.168.0.1 -j KUBE-NODEPORTS",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := shop()
			rules, err := Record(Where{
				Cluster: cluster, Node: cluster.Nodes[0], IPv6: c.ipv6, Settings: c.settings,
				Addresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("192.168.0.1/24"), netip.MustParsePrefix("fd00::1/64")},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(rules.Text(), want) {
					t.Errorf("no %q in:\n%s", want, rules.Text())
				}
			}
		})
	}
}
