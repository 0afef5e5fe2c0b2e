package kubeproxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/knftables"

	"github.com/netsim-dev/netsim/model"
)

// The addresses of n1, on which all packets of these tests arrive.
var n1Addresses = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("192.168.0.1/24"), netip.MustParsePrefix("fd00::1/64"),
}

func (o Outcome) String() string {
	text := string(o.Fate)
	if o.Destination.IsValid() {
		text += " " + o.Destination.String()
	}
	if o.Masqueraded {
		text += " masqueraded"
	}
	return text
}

func TestAMachineTreatsPacketsAsTheRulesSay(t *testing.T) {
	for _, mode := range []string{model.KubeProxyIPTables, model.KubeProxyNFTables} {
		for name, c := range map[string]struct {
			change   func(s *model.Service, c *model.Cluster)
			from, to string
			port     uint16
			in       string
			want     []string
		}{
			"a pod asks for a ClusterIP": {nil, "10.244.1.9", "10.96.0.20", 80, "lxc1", []string{
				"sent on 10.244.1.7:8080", "sent on 10.244.2.7:8080"}},
			"a pod asks for itself": {nil, "10.244.1.7", "10.96.0.20", 80, "lxc1", []string{
				"sent on 10.244.1.7:8080 masqueraded", "sent on 10.244.2.7:8080"}},
			"a client outside asks for a ClusterIP": {nil, "198.51.100.7", "10.96.0.20", 80, "eth0", []string{
				"sent on 10.244.1.7:8080 masqueraded", "sent on 10.244.2.7:8080 masqueraded"}},
			"the node asks for its NodePort": {nil, "192.168.0.1", "192.168.0.1", 30080, "", []string{
				"sent on 10.244.1.7:8080 masqueraded", "sent on 10.244.2.7:8080 masqueraded"}},
			"with externalTrafficPolicy Local, a client outside": {externalLocal, "198.51.100.7", "192.168.0.1", 30080, "eth0", []string{
				"sent on 10.244.1.7:8080"}},
			"with session affinity": {func(s *model.Service, _ *model.Cluster) { s.SessionAffinity = true }, "10.244.1.9", "10.96.0.20", 80, "lxc1", []string{
				"sent on 10.244.1.7:8080", "sent on 10.244.2.7:8080"}},
			"no endpoint": {func(_ *model.Service, c *model.Cluster) { c.EndpointSlices = nil }, "10.244.1.9", "10.96.0.20", 80, "lxc1", []string{
				"rejected"}},
			"no endpoint for a client outside, on this node": {func(s *model.Service, c *model.Cluster) {
				externalLocal(s, c)
				c.EndpointSlices[0].Endpoints = c.EndpointSlices[0].Endpoints[1:]
			}, "198.51.100.7", "192.168.0.1", 30080, "eth0", []string{"dropped"}},
			"a load balancer's address outside its ranges": {balanced, "198.51.100.7", "192.0.2.1", 80, "eth0", []string{"dropped"}},
			"a load balancer's address inside them": {balanced, "198.51.200.7", "192.0.2.1", 80, "eth0", []string{
				"sent on 10.244.1.7:8080 masqueraded", "sent on 10.244.2.7:8080 masqueraded"}},
			"a backend in the node's own network keeps the client's address": {func(_ *model.Service, c *model.Cluster) {
				c.EndpointSlices[0].Endpoints[0].Addr = netip.MustParseAddr("192.168.0.1")
			}, "198.51.100.7", "192.168.0.1", 30080, "eth0", []string{
				"sent on 10.244.2.7:8080 masqueraded", "delivered 192.168.0.1:8080"}},
			"a port of nobody": {nil, "10.244.1.9", "192.168.0.1", 30081, "lxc1", []string{"delivered 192.168.0.1:30081"}},
		} {
			t.Run(mode+": "+name, func(t *testing.T) {
				cluster := shop()
				if c.change != nil {
					c.change(cluster.Services[0], cluster)
				}
				machine := machineOf(t, cluster, Settings{Mode: mode, ClusterCIDR: "10.244.0.0/16"})
				got, err := machine.Treat(Packet{
					Source: netip.MustParseAddr(c.from), Destination: netip.MustParseAddr(c.to), Port: c.port, Protocol: model.TCP, Interface: c.in,
				})
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("got %v, want %v", got, c.want)
				}
			})
		}
	}
}

func externalLocal(s *model.Service, _ *model.Cluster) { s.ExternalTrafficLocal = true }

func balanced(s *model.Service, _ *model.Cluster) {
	s.Type = model.LoadBalancerService
	s.LoadBalancerIPs = []model.LoadBalancerIP{{Addr: netip.MustParseAddr("192.0.2.1")}}
	s.SourceRanges = []netip.Prefix{netip.MustParsePrefix("198.51.200.0/24")}
}

func machineOf(t *testing.T, cluster *model.Cluster, settings Settings) *Machine {
	t.Helper()
	rules, err := Record(Where{Cluster: cluster, Node: cluster.Nodes[0], Settings: settings, Addresses: n1Addresses})
	if err != nil {
		t.Fatal(err)
	}
	machine, err := NewMachine(n1Addresses, rules)
	if err != nil {
		t.Fatal(err)
	}
	return machine
}

func TestRulesThatNobodyKnowsAreErrors(t *testing.T) {
	for _, rule := range []string{
		"-A KUBE-X -m string --algo bm -j DROP",
		"-A KUBE-X -m tcp -p tcp --sport 80 -j DROP",
		"-A KUBE-X -j TPROXY",
		"-A KUBE-X -j MARK --set-mark 0x1",
		"-A KUBE-X -j MASQUERADE --to-ports 7",
		"-A KUBE-X -m addrtype --dst-type BROADCAST -j DROP",
		"-A KUBE-X -m conntrack --ctstate SNAT -j DROP",
		"-A KUBE-X -m statistic --mode nth -j DROP",
		"-A KUBE-X ! -j DROP",
		"-j DROP",
	} {
		if _, err := parseIPTables(&Machine{}, "*nat\n:KUBE-X - [0:0]\n"+rule+"\nCOMMIT\n"); err == nil {
			t.Errorf("iptables took %s", rule)
		}
	}
	for _, rule := range []string{
		"ip saddr 10.0.0.1 queue", "tcp dport 80 drop", "ip daddr @nobody drop", "ip daddr . th dport vmap @nobody", "ct state established drop",
		"meta mark set 0x4000", "mark set mark and 0x4000", "drop ip saddr 10.0.0.1", "numgen random mod 2 vmap { 0 : drop }",
		"numgen inc mod 1 vmap { 0 : drop }", "fib daddr type broadcast drop", "masquerade random", "ip daddr . th dport 10.0.0.1 drop",
	} {
		fake := knftables.NewFake(knftables.IPv4Family, "kube-proxy")
		tx := fake.NewTransaction()
		tx.Add(&knftables.Table{})
		tx.Add(&knftables.Chain{Name: "x"})
		if err := fake.Run(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		fake.Table.Chains["x"].Rules = []*knftables.Rule{{Chain: "x", Rule: rule}}
		if _, err := parseNFTables(&Machine{}, Rules{NFTables: fake}); err == nil {
			t.Errorf("nftables took %s", rule)
		}
	}
}

func TestAChainThatDoesNotExistIsAnError(t *testing.T) {
	rules := Rules{IPTables: "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j KUBE-GONE\nCOMMIT\n"}
	machine, err := NewMachine(n1Addresses, rules)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := machine.Treat(Packet{Interface: "eth0"}); err == nil || !strings.Contains(err.Error(), "KUBE-GONE") {
		t.Errorf("got %v", err)
	}
}

func TestBaseChainsAreInTheOrderOfTheirPriorities(t *testing.T) {
	machine := machineOf(t, shop(), Settings{Mode: model.KubeProxyNFTables})
	var names []string
	for _, base := range machine.rules.(*nftable).bases[output] {
		names = append(names, base.name)
	}
	if want := []string{"filter-output-pre-dnat", "nat-output", "filter-output"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}
