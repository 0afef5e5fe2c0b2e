package dnat_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// What hangs on one setting or version rather than on the datapath.
func TestSettingsThatChangeTheAnswer(t *testing.T) {
	undefined := func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP) }
	rows := []struct {
		claim    string
		datapath model.Datapath
		given    func(f *fixture)
		want     string
	}{
		{"bpf-lb-sock serves pods at the socket without kube-proxy replacement", kubeProxy120, func(f *fixture) { f.only(b0); f.set("bpf-lb-sock", "true") },
			"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees a"},
		{"1.20.1 still delivers the ICMP answer", version(kubeProxy120, "1.20.1"), func(f *fixture) { f.only() }, "denied by cilium-bpf, client sees refused"},
		{"1.20 means its newest patch, which loses the ICMP answer", version(kubeProxy120, "v1.20"), func(f *fixture) { f.only() }, "denied by cilium-bpf, client sees timeout"},
		{"what the client sees of 1.21 is not known, the verdict is", version(kubeProxy120, "1.21.0"), func(f *fixture) { f.only() }, "denied by cilium-bpf"},
		{"1.15 loses an undefined port as its neighbours do", version(kubeProxy118, "1.15.3"), undefined, "denied by none, egress sees address 10.96.0.20:81, client sees timeout"},
		{"1.21 answers for an undefined port as its neighbours do", version(kubeProxy120, "1.21.0"), undefined, "denied by cilium-bpf"},
		{"an undefined port is denied in every version, so also in an unknown one", version(kubeProxy120, "main"), undefined, "denied by none"},
		{"the answer that kube-proxy in nftables mode gives for an undefined port reaches the client", mode(kubeProxy118, model.KubeProxyNFTables), undefined,
			"denied by none, egress sees address 10.96.0.20:81, client sees refused"},
		{"kube-proxy in nftables mode answers ICMP with unreachable", mode(kubeProxy118, model.KubeProxyNFTables), func(f *fixture) { f.ask("10.96.0.20", 8, model.ICMP) },
			"denied by none, egress sees address 10.96.0.20:8, client sees unreachable"},
		{"what a node answers for its ClusterIPs in ipvs mode is not modelled", mode(kubeProxy118, model.KubeProxyIPVS), undefined, "undetermined by none"},
		{"the loopback source is configurable", kubeProxy120, func(f *fixture) {
			f.only(endpoint("a", "worker", "10.244.1.5"))
			f.set("ipv4-service-loopback-address", "169.254.42.9")
		}, "allowed by cilium-bpf, to a:8080, masqueraded as 169.254.42.9, policy skipped"},
		{"an IPv6 hairpin is not known before 1.20", kubeProxy119, func(f *fixture) {
			f.only(endpoint("a", "worker", "fd00:1::5"))
			f.ask("fd00:96::20", 80, model.TCP)
		}, "undetermined by none, to a:8080"},
		{"a slice port without a name is not the Service's named port in 1.17", version(kubeProxy118, "1.17.4"), unnamedPort, "denied by cilium-bpf, client sees refused"},
		{"a slice port without a name is any port of its protocol from 1.18 on", kubeProxy118, unnamedPort, "allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"},
		{"a backend outside the cluster sees the node's address", kubeProxy120, func(f *fixture) {
			f.only(model.Endpoint{Addr: addr("203.0.113.10"), Ready: true, Serving: true})
		}, "allowed by cilium-bpf, to address 203.0.113.10:8080, egress sees address 203.0.113.10:8080, masqueraded as 192.168.50.11"},
		{"a backend that a slice places on a node is inside the cluster, pod or not", kubeProxy120, func(f *fixture) {
			f.only(model.Endpoint{Addr: addr("10.244.2.99"), Node: "worker2", Ready: true, Serving: true})
		}, "allowed by cilium-bpf, to address 10.244.2.99:8080, egress sees address 10.244.2.99:8080"},
		{"a backend on another node sees the client's node with tunnel routing", routing(kubeProxy120), func(f *fixture) {
			f.only(endpoint("proxy", "worker2", "192.168.50.12"))
		}, "allowed by cilium-bpf, to worker2:8080, egress sees worker2:8080, ingress sees worker, masqueraded as 192.168.50.11"},
		{"a pod whose address a slice gives and no pod file does is that pod", kubeProxy120, func(f *fixture) {
			f.cluster.Pods[1].IPs = nil
			f.only(b0)
		}, bpf[0]},
		{"an address that a slice gives counts more than one that was assigned", kubeProxy120, func(f *fixture) {
			f.cluster.Pods[1].IPs, f.cluster.Pods[1].Assigned = f.cluster.Pods[1].IPs[1:], model.Assigned{"ip": true}
			f.only(b0)
		}, bpf[0]},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(row.datapath)
			row.given(f)
			assert.Equal(t, []string{row.want}, summary(f.resolve()))
		})
	}
}

func TestPolicyOfAPodThatNoFileHoldsIsACondition(t *testing.T) {
	f := newFixture(kubeProxy120)
	f.only(model.Endpoint{Addr: addr("10.244.2.99"), Node: "worker2", Ready: true, Serving: true})
	assert.Equal(t, []string{"policy lets this in at 10.244.2.99 on worker2: no file holds the pod that has the address"}, f.resolve()[0].Conditions)
}

func unnamedPort(f *fixture) {
	f.only(b0)
	f.slice.Ports = []model.EndpointPort{{Port: 8080, Protocol: model.TCP}}
}

func version(dp model.Datapath, text string) model.Datapath {
	dp.CiliumVersion = text
	return dp
}

func mode(dp model.Datapath, kubeProxy string) model.Datapath {
	dp.KubeProxyMode = kubeProxy
	return dp
}

func routing(dp model.Datapath) model.Datapath {
	dp.RoutingMode = model.RoutingTunnel
	return dp
}

func TestDirectDestination(t *testing.T) {
	rows := []struct {
		claim    string
		datapath model.Datapath
		given    func(f *fixture)
		want     string
	}{
		{"another pod sees the client's own address", kubeProxy120, func(f *fixture) { f.send("10.244.2.7", 8080, model.TCP) },
			"no service step, to b-0:8080, egress sees b-0:8080, ingress sees a"},
		{"another pod does so with a tunnel too", routing(socketLB120), func(f *fixture) { f.send("10.244.2.7", 8080, model.TCP) },
			"no service step, to b-0:8080, egress sees b-0:8080, ingress sees a"},
		{"an IPv6 address is reached from the pod's IPv6 address", kubeProxy120, func(f *fixture) { f.send("fd00:2::7", 8080, model.TCP) },
			"no service step, to b-0:8080, egress sees b-0:8080, ingress sees a"},
		{"an IPv4 address in IPv6 clothes is IPv4", kubeProxy120, func(f *fixture) { f.send("::ffff:10.244.2.7", 8080, model.TCP) },
			"no service step, to b-0:8080, egress sees b-0:8080, ingress sees a"},
		{"ICMP carries its type as the port", kubeProxy120, func(f *fixture) { f.send("10.244.2.7", 8, model.ICMP) },
			"no service step, to b-0:8, egress sees b-0:8, ingress sees a"},
		{"a pod's own address never leaves it", kubeProxy120, func(f *fixture) { f.send("10.244.1.5", 8080, model.TCP) }, "no service step, to a:8080, policy skipped"},
		{"a pod's own IPv6 address never leaves it", kubeProxy120, func(f *fixture) { f.send("fd00:1::5", 8080, model.TCP) }, "no service step, to a:8080, policy skipped"},
		{"not even SCTP to itself meets Cilium", kubeProxy120, func(f *fixture) { f.send("10.244.1.5", 8080, model.SCTP) }, "no service step, to a:8080, policy skipped"},
		{"SCTP to another pod is dropped by default", socketLB120, func(f *fixture) { f.send("10.244.2.7", 8080, model.SCTP) }, "denied by none, drop 137, client sees timeout"},
		{"SCTP to another pod passes once enabled", socketLB120, func(f *fixture) { f.send("10.244.2.7", 8080, model.SCTP); f.set("enable-sctp", "true") },
			"no service step, to b-0:8080, egress sees b-0:8080, ingress sees a"},
		{"the pod's own node sees the pod", routing(kubeProxy120), func(f *fixture) { f.send("192.168.50.11", 22, model.TCP) },
			"no service step, to worker:22, egress sees worker:22, ingress sees a"},
		{"another node sees the pod with native routing", kubeProxy120, func(f *fixture) { f.send("192.168.50.12", 22, model.TCP) },
			"no service step, to worker2:22, egress sees worker2:22, ingress sees a"},
		{"another node sees the client's node with a tunnel", routing(kubeProxy120), func(f *fixture) { f.send("192.168.50.12", 22, model.TCP) },
			"no service step, to worker2:22, egress sees worker2:22, ingress sees worker, masqueraded as 192.168.50.11"},
		{"another node sees the pod where nothing is masqueraded", routing(kubeProxy120), func(f *fixture) {
			f.send("192.168.50.12", 22, model.TCP)
			f.set("enable-ipv4-masquerade", "false")
		}, "no service step, to worker2:22, egress sees worker2:22, ingress sees a"},
		{"the world sees the node, and nobody's ingress policy is asked", kubeProxy120, func(f *fixture) { f.send("203.0.113.10", 443, model.TCP) },
			"no service step, to address 203.0.113.10:443, egress sees address 203.0.113.10:443, masqueraded as 192.168.50.11"},
		{"an address in the native routing CIDR sees the pod", kubeProxy120, func(f *fixture) {
			f.send("10.9.0.1", 443, model.TCP)
			f.set("ipv4-native-routing-cidr", "10.0.0.0/8")
		}, "no service step, to address 10.9.0.1:443, egress sees address 10.9.0.1:443"},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(row.datapath)
			row.given(f)
			assert.Equal(t, []string{row.want}, summary(f.resolve()))
		})
	}
}

func TestHeadlessService(t *testing.T) {
	ask := func(f *fixture, port uint16) {
		f.service.Headless, f.service.ClusterIPs = true, nil
		f.ask("10.244.2.7", port, model.TCP)
		f.request.Frontend = model.FrontendHeadless
	}
	t.Run("without an address every ready endpoint is a path, on the port that the client sends to", func(t *testing.T) {
		f := newFixture(kubeProxy120)
		ask(f, 80)
		f.request.Addr = netip.Addr{}
		assert.Equal(t, []string{
			"allowed by none, to b-1:80, egress sees b-1:80, ingress sees a",
			"allowed by none, to b-0:80, egress sees b-0:80, ingress sees a",
		}, summary(f.resolve()))
	})
	t.Run("with an address only that endpoint is", func(t *testing.T) {
		f := newFixture(socketLB120)
		ask(f, 80)
		assert.Equal(t, []string{"allowed by none, to b-0:80, egress sees b-0:80, ingress sees a"}, summary(f.resolve()))
	})
	t.Run("a port other than the targetPort makes a condition and a hint", func(t *testing.T) {
		f := newFixture(kubeProxy120)
		ask(f, 80)
		path := f.resolve()[0]
		assert.Equal(t, []string{"something listens on port 80 of pod dev/b-0: the Service's targetPort is 8080, and a headless Service maps no ports"}, path.Conditions)
		assert.Equal(t, "connect to port 8080, the targetPort", path.Hint)
	})
	t.Run("a terminating endpoint is not in DNS, even when it is the only one", func(t *testing.T) {
		f := newFixture(kubeProxy120)
		ask(f, 80)
		for i := range f.slice.Endpoints {
			f.slice.Endpoints[i].Ready, f.slice.Endpoints[i].Terminating = false, true
		}
		assert.Equal(t, []string{"denied by none"}, summary(f.resolve()))
	})
	t.Run("a pod that finds itself stays inside", func(t *testing.T) {
		f := newFixture(kubeProxy120)
		ask(f, 80)
		f.only(endpoint("a", "worker", "10.244.1.5"))
		f.request.Addr = netip.Addr{}
		assert.Equal(t, []string{"allowed by none, to a:80, policy skipped"}, summary(f.resolve()))
	})
	t.Run("addresses of a family that the client lacks are not for it", func(t *testing.T) {
		f := newFixture(kubeProxy120)
		ask(f, 80)
		f.a.IPs = f.a.IPs[:1]
		f.only(endpoint("b-0", "worker2", "fd00:2::7"))
		f.request.Addr = netip.Addr{}
		assert.Equal(t, []string{"denied by none"}, summary(f.resolve()))
	})
}

// The packets themselves: policy judges these fields.
func TestPacketsCarryAddressesPortAndProtocol(t *testing.T) {
	f := newFixture(kubeProxy120)
	f.only(b0)
	path := f.resolve()[0]
	require.NotNil(t, path.Egress)
	require.NotNil(t, path.Ingress)
	for _, packet := range []*model.Packet{path.Egress, path.Ingress} {
		assert.Equal(t, addr("10.244.1.5"), packet.Source.Addr)
		assert.Equal(t, addr("10.244.2.7"), packet.Destination.Addr)
		assert.Equal(t, "worker2", packet.Destination.Node.Name)
		assert.Equal(t, uint16(8080), packet.Port)
		assert.Equal(t, model.TCP, packet.Protocol)
	}
	assert.Equal(t, &model.Sees{SourceIP: "10.244.1.5", DestinationIP: "10.96.0.20", Port: 80, Protocol: model.TCP}, path.Service.Sees)
	assert.True(t, path.Translation.BeforeEgressPolicy)
	assert.Equal(t, "worker", path.Translation.Node)
	assert.Equal(t, "worker", path.Service.Node)
}

func TestSameInputGivesTheSamePaths(t *testing.T) {
	f := newFixture(socketLB120)
	again := *f.slice
	again.Name, again.Ports = "b-x2", []model.EndpointPort{{Name: "web", Port: 8081, Protocol: model.TCP}}
	f.cluster.EndpointSlices = append(f.cluster.EndpointSlices, &again)
	first := f.resolve()
	require.Len(t, first, 4)
	for range 20 {
		require.Equal(t, first, f.resolve())
	}
}

func TestWhatNoFileSaysIsACondition(t *testing.T) {
	for _, row := range []struct {
		claim string
		given func(f *fixture)
		want  []string
	}{
		{"that the outside has a route to a pod", func(f *fixture) { f.send("10.244.2.7", 8080, model.TCP); f.fromOutside("") },
			[]string{"the network outside routes 10.244.2.7 to node worker2"}},
		{"that the outside has a route to a ClusterIP", func(f *fixture) { f.only(b0); f.fromOutside("worker") },
			[]string{"the network outside routes 10.96.0.20 to node worker"}},
		{"that kube-proxy knows the pods' range", func(f *fixture) { f.only(b0); f.nodePort("worker"); f.service.ExternalTrafficLocal = true },
			[]string{"kube-proxy knows pods by the cluster's CIDR, as kubeadm and kind set it up (kubeProxy.clusterCIDR is in no file)"}},
		{"but not where a setting says", func(f *fixture) {
			f.only(b0)
			f.nodePort("worker")
			f.service.ExternalTrafficLocal = true
			f.set("kubeProxy.clusterCIDR", "10.244.0.0/16")
		}, nil},
		{"that a node has what other nodes publish for their pods", func(f *fixture) {
			hostPort("worker2")(f)
			f.send("192.168.50.11", 8443, model.TCP)
		}, []string{"something listens on 8443/TCP of node worker: pods publish it as their hostPort on worker2 only"}},
		{"that a node has a nodePort of no Service", func(f *fixture) { f.send("192.168.50.12", 31234, model.TCP) },
			[]string{"something listens on 31234/TCP of node worker2: it is in the range of nodePorts, and no Service in these files is given it"}},
		{"but not that it has another port", func(f *fixture) { f.send("192.168.50.12", 22, model.TCP) }, nil},
		{"nor that a NodePort is reached", func(f *fixture) { f.only(b0); f.nodePort("worker"); f.fromOutside("") }, nil},
	} {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(kubeProxy120)
			row.given(f)
			assert.Equal(t, row.want, f.resolve()[0].Conditions)
		})
	}
}
