package dnat_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

func podCIDRs(f *fixture) {
	f.cluster.Nodes[0].PodCIDRs = []netip.Prefix{netip.MustParsePrefix("10.244.1.0/24"), netip.MustParsePrefix("fd00:1::/64")}
	f.cluster.Nodes[1].PodCIDRs = []netip.Prefix{netip.MustParsePrefix("10.244.2.0/24")}
}

// An address that the cluster may have given to something that no file holds
// is not taken for the world.
func TestStrayAddresses(t *testing.T) {
	kind := func(subnets ...string) func(f *fixture) {
		return func(f *fixture) {
			f.cluster.Kind = &model.KindConfig{}
			for _, s := range subnets {
				f.cluster.Kind.ServiceSubnets = append(f.cluster.Kind.ServiceSubnets, netip.MustParsePrefix(s))
			}
		}
	}
	const (
		pods     = "and no pod in these files has it"
		services = "and no Service in these files has it"
		nobody   = "is no address of one machine"
		outside  = ""
	)
	for _, r := range []struct {
		claim string
		given func(f *fixture)
		to    string
		why   string
	}{
		{"an address of the own node's pods that no pod has", podCIDRs, "10.244.1.99", "10.244.1.99 is an address of node worker's pods (10.244.1.0/24), " + pods},
		{"one of another node's", podCIDRs, "10.244.2.99", "10.244.2.99 is an address of node worker2's pods (10.244.2.0/24), " + pods},
		{"one of IPv6", podCIDRs, "fd00:1::99", "fd00:1::99 is an address of node worker's pods (fd00:1::/64), " + pods},
		{"in IPv6's clothes", podCIDRs, "::ffff:10.244.1.99", "10.244.1.99 is an address of node worker's pods (10.244.1.0/24), " + pods},
		{"one beside every node's", podCIDRs, "10.244.3.99", outside},
		{"where no node's are known", nil, "10.244.1.99", outside},
		{"an address among the ClusterIPs that no Service has", nil, "10.96.0.99", "10.96.0.99 is in the range of ClusterIPs (10.96.0.0/12), " + services},
		{"one in the range that a kind config gives", kind("10.7.0.0/16", "fd00:7::/112"), "10.7.0.99", "10.7.0.99 is in the range of ClusterIPs (10.7.0.0/16), " + services},
		{"one of IPv6 there", kind("10.7.0.0/16", "fd00:7::/112"), "fd00:7::99", "fd00:7::99 is in the range of ClusterIPs (fd00:7::/112), " + services},
		{"the default range is none then", kind("10.7.0.0/16"), "10.96.0.99", outside},
		{"a kind config that gives none has the default", kind(), "10.96.0.99", "10.96.0.99 is in the range of ClusterIPs (10.96.0.0/16), " + services},
		{"multicast", nil, "224.0.0.251", "224.0.0.251 " + nobody},
		{"IPv6 multicast", nil, "ff02::1", "ff02::1 " + nobody},
		{"broadcast", nil, "255.255.255.255", "255.255.255.255 " + nobody},
		{"no address at all", nil, "0.0.0.0", "0.0.0.0 " + nobody},
		{"none of IPv6", nil, "::", ":: " + nobody},
		{"an address outside", podCIDRs, "203.0.113.9", outside},
		{"a private one outside", podCIDRs, "10.95.255.255", outside},
		{"an IPv6 address outside", podCIDRs, "2001:db8::9", outside},
	} {
		t.Run(r.claim, func(t *testing.T) {
			f := newFixture(kubeProxy120)
			if r.given != nil {
				r.given(f)
			}
			f.send(r.to, 80, model.TCP)
			paths := f.resolve()
			require.Len(t, paths, 1)
			if r.why == outside {
				require.NotNil(t, paths[0].Egress)
				assert.Equal(t, model.PartyAddress, paths[0].Egress.Destination.Kind)
				return
			}
			assert.Equal(t, "undetermined by none", line(paths[0]))
			assert.Equal(t, r.why, paths[0].Service.Why)
			assert.Nil(t, paths[0].Egress, "what is not known is not judged")
		})
	}
}

func TestAddressesThatSomebodyHasAreNoStrays(t *testing.T) {
	f := newFixture(kubeProxy120)
	podCIDRs(f)
	f.cluster.Nodes[1].InternalIPs = append(f.cluster.Nodes[1].InternalIPs, addr("10.244.2.1"))
	for to, want := range map[string]string{
		"10.244.2.7": "no service step, to b-0:80, egress sees b-0:80, ingress sees a",
		"10.244.2.1": "no service step, to worker2:80, egress sees worker2:80, ingress sees a",
		"10.244.1.5": "no service step, to a:80, policy skipped",
	} {
		f.send(to, 80, model.TCP)
		assert.Equal(t, []string{want}, summary(f.resolve()), to)
	}
}

// Pods may not send what looks like a packet of Cilium's own tunnel.
func TestTunnelPortsAreForbiddenToPods(t *testing.T) {
	const (
		dropped = "denied by none, drop 170, client sees timeout"
		passes  = "no service step"
	)
	tunnel := routing(kubeProxy120)
	for _, r := range []struct {
		claim    string
		datapath model.Datapath
		set      map[string]string
		to       string
		port     uint16
		protocol model.Protocol
		want     string
	}{
		{"VXLAN to a node", tunnel, nil, "192.168.50.12", 8472, model.UDP, dropped},
		{"VXLAN to another pod", tunnel, nil, "10.244.2.7", 8472, model.UDP, dropped},
		{"VXLAN to the world", tunnel, nil, "203.0.113.9", 8472, model.UDP, dropped},
		{"VXLAN over IPv6", tunnel, nil, "fd00:2::7", 8472, model.UDP, dropped},
		{"with kube-proxy replacement too", routing(socketLB120), nil, "203.0.113.9", 8472, model.UDP, dropped},
		{"the same port over TCP", tunnel, nil, "203.0.113.9", 8472, model.TCP, passes},
		{"the neighbour's port", tunnel, nil, "203.0.113.9", 8473, model.UDP, passes},
		{"Geneve's port where the tunnel is VXLAN", tunnel, nil, "203.0.113.9", 6081, model.UDP, passes},
		{"VXLAN with native routing", kubeProxy120, nil, "203.0.113.9", 8472, model.UDP, passes},
		{"Geneve where the tunnel is Geneve", tunnel, map[string]string{"tunnel-protocol": "geneve"}, "203.0.113.9", 6081, model.UDP, dropped},
		{"VXLAN there", tunnel, map[string]string{"tunnel-protocol": "geneve"}, "203.0.113.9", 8472, model.UDP, passes},
		{"Geneve with native routing", kubeProxy120, map[string]string{"tunnel-protocol": "geneve"}, "203.0.113.9", 6081, model.UDP, passes},
		{"another tunnel port", tunnel, map[string]string{"tunnel-port": "4789"}, "203.0.113.9", 4789, model.UDP, dropped},
		{"in place of the usual one", tunnel, map[string]string{"tunnel-port": "4789"}, "203.0.113.9", 8472, model.UDP, passes},
		{"port 0 means the usual one", tunnel, map[string]string{"tunnel-port": "0"}, "203.0.113.9", 8472, model.UDP, dropped},
		{"so does one that is no number", tunnel, map[string]string{"tunnel-port": "vxlan"}, "203.0.113.9", 8472, model.UDP, dropped},
		{"a pod's own address never leaves it", tunnel, nil, "10.244.1.5", 8472, model.UDP, passes},
	} {
		t.Run(r.claim, func(t *testing.T) {
			f := newFixture(r.datapath)
			for option, value := range r.set {
				f.set(option, value)
			}
			f.send(r.to, r.port, r.protocol)
			got := f.resolve()
			require.Len(t, got, 1)
			if r.want == passes {
				assert.Contains(t, line(got[0]), passes)
				assert.Nil(t, got[0].Service.DropReason)
				return
			}
			assert.Equal(t, dropped, line(got[0]))
			assert.Equal(t, model.DropEncapProhibited, *got[0].Service.DropReason)
		})
	}
	f := newFixture(tunnel)
	f.set("tunnel-protocol", "geneve")
	f.send("203.0.113.9", 6081, model.UDP)
	assert.Equal(t, "pods may not send to UDP port 6081: it is the port of Cilium's own geneve tunnel", f.resolve()[0].Service.Why)
}

func TestEgressGateways(t *testing.T) {
	const gateway = "CiliumEgressGatewayPolicy"
	outside := func(f *fixture) { f.send("203.0.113.9", 443, model.TCP) }
	for _, r := range []struct {
		claim, kind string
		config      *model.ConfigMap
		option      string
		given       func(f *fixture)
		known       bool
	}{
		{"an address outside", gateway, nil, "", outside, false},
		{"the world", gateway, nil, "", func(f *fixture) {
			outside(f)
			f.request.Addr, f.request.Destination = netip.Addr{}, model.Party{Kind: model.PartyWorld}
		}, false},
		{"with the gateway on in cilium-config", gateway, &model.ConfigMap{}, "true", outside, false},
		{"with a cilium-config that does not name it", gateway, &model.ConfigMap{}, "", outside, true},
		{"with the gateway off", gateway, nil, "false", outside, true},
		{"another pod", gateway, nil, "", func(f *fixture) { f.send("10.244.2.7", 80, model.TCP) }, true},
		{"a node", gateway, nil, "", func(f *fixture) { f.send("192.168.50.12", 22, model.TCP) }, true},
		{"a ClusterIP", gateway, nil, "", func(f *fixture) { f.only(b0) }, true},
		{"a ClusterIP with a backend outside", gateway, nil, "", func(f *fixture) {
			f.only(model.Endpoint{Addr: addr("203.0.113.10"), Ready: true, Serving: true})
		}, false},
		{"an object of another kind", "CiliumBGPPeeringPolicy", nil, "", outside, true},
	} {
		t.Run(r.claim, func(t *testing.T) {
			f := newFixture(kubeProxy120)
			f.cluster.CiliumConfig = r.config
			origin := model.Origin{Kind: r.kind, Name: "exit", File: "exit.yaml", Line: 4}
			f.cluster.Others = []*model.Object{{Origin: origin}}
			if r.option != "" {
				f.set("enable-ipv4-egress-gateway", r.option)
			}
			r.given(f)
			paths := f.resolve()
			require.Len(t, paths, 1)
			if r.known {
				assert.NotNil(t, paths[0].Egress)
				assert.NotContains(t, paths[0].Service.By, origin)
				return
			}
			assert.Equal(t, "undetermined by none", line(paths[0]))
			assert.Contains(t, paths[0].Service.Why, "CiliumEgressGatewayPolicy exit")
			assert.Contains(t, paths[0].Service.By, origin)
		})
	}
}

// The pod's own program looks at the packet after it has translated it.
func TestTunnelPortsCountAsTheyLeaveThePod(t *testing.T) {
	for _, r := range []struct {
		claim    string
		datapath model.Datapath
		port     uint16
		dropped  bool
	}{
		{"a Service's port 53 that leads to the tunnel's port", routing(kubeProxy120), 8472, true},
		{"with the socket load balancer too", routing(socketLB120), 8472, true},
		{"a Service's port 53 that leads elsewhere", routing(kubeProxy120), 53, false},
	} {
		t.Run(r.claim, func(t *testing.T) {
			f := newFixture(r.datapath)
			f.only(b0)
			f.slice.Ports[1].Port = r.port
			f.ask("10.96.0.20", 53, model.UDP)
			got := f.resolve()
			require.Len(t, got, 1)
			if r.dropped {
				require.NotNil(t, got[0].Service.DropReason)
				assert.Equal(t, model.DropEncapProhibited, *got[0].Service.DropReason)
				assert.Nil(t, got[0].Egress)
				return
			}
			assert.Nil(t, got[0].Service.DropReason)
		})
	}
	t.Run("a Service's own port 8472 that leads elsewhere", func(t *testing.T) {
		f := newFixture(routing(kubeProxy120))
		f.only(b0)
		f.service.Ports[1].Port = 8472
		f.ask("10.96.0.20", 8472, model.UDP)
		assert.Nil(t, f.resolve()[0].Service.DropReason)
	})
}
