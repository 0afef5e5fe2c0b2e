package dnat_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// frontendRow is one row of the tables of what each hook sees: the answer of
// dev/a on worker, unless the row says who else asks.
type frontendRow struct {
	claim    string
	datapath model.Datapath
	given    func(f *fixture)
	want     lines
}

func runFrontends(t *testing.T, rows []frontendRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(row.datapath)
			row.given(f)
			assert.Equal(t, []string(row.want), summary(f.resolve()))
		})
	}
}

const vip, external = "192.0.2.11", "192.0.2.21"

// What the client's egress policy sees beside kube-proxy.
func TestKubeProxyEgressView(t *testing.T) {
	runFrontends(t, []frontendRow{
		{"an external IP is the backend from 1.20 on", kubeProxy120, func(f *fixture) { f.only(b0); f.frontend(model.FrontendExternalIP, external) }, lines{"allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"an external IP is the backend in 1.19", kubeProxy119, func(f *fixture) { f.only(b0); f.frontend(model.FrontendExternalIP, external) }, lines{"allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"an external IP is an address and the Service's port up to 1.18", kubeProxy118, func(f *fixture) { f.only(b0); f.frontend(model.FrontendExternalIP, external) }, lines{"allowed by kube-proxy, to b-0:8080, egress sees address 192.0.2.21:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a load balancer's address is an address in 1.20", kubeProxy120, func(f *fixture) { f.only(b0); f.frontend(model.FrontendLoadBalancer, vip) }, lines{"allowed by kube-proxy, to b-0:8080, egress sees address 192.0.2.11:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a load balancer's address is the backend in 1.19", kubeProxy119, func(f *fixture) { f.only(b0); f.frontend(model.FrontendLoadBalancer, vip) }, lines{"allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"a load balancer's address is an address up to 1.18", kubeProxy118, func(f *fixture) { f.only(b0); f.frontend(model.FrontendLoadBalancer, vip) }, lines{"allowed by kube-proxy, to b-0:8080, egress sees address 192.0.2.11:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a load balancer's address that no file gives is the world", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.frontend(model.FrontendLoadBalancer, vip)
			f.request.Addr = netip.Addr{}
		}, lines{"allowed by kube-proxy, to b-0:8080, egress sees the world:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"the own node's NodePort is the host and the nodePort", kubeProxy120, func(f *fixture) { f.only(b0); f.nodePort("worker") }, lines{"allowed by kube-proxy, to b-0:8080, egress sees worker:30080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"another node's NodePort is that node and the nodePort", kubeProxy120, func(f *fixture) { f.only(b0); f.nodePort("worker2") }, lines{"allowed by kube-proxy, on worker2, to b-0:8080, egress sees worker2:30080, ingress sees the world, masqueraded"}},
		{"a hostPort is the node and the hostPort", kubeProxy120, hostPort("worker2"), lines{"undetermined by none, on worker2, egress sees worker2:8443"}},
		{"a hostPort is served by portmap where Cilium is chained with it", kubeProxy120, func(f *fixture) { hostPort("worker2")(f); f.set("cni-chaining-mode", "portmap") }, lines{"allowed by none, on worker2, to b-0:8080, egress sees worker2:8443, ingress sees a"}},
		{"a node's own packet to a ClusterIP is translated before its firewall", kubeProxy120, func(f *fixture) { f.only(b0); f.fromNode("worker") }, lines{"allowed by kube-proxy, to b-0:8080, egress sees b-0:8080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a packet from outside meets the host firewall before kube-proxy", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.nodePort("worker")
			f.fromOutside("")
			f.set("enable-host-firewall", "true")
		}, lines{"allowed by kube-proxy, to b-0:8080, ingress sees worker, masqueraded as 192.168.50.11, host firewall of worker sees address 203.0.113.10:30080"}},
		{"and not again where the backend is on the node's own network", kubeProxy120, func(f *fixture) {
			f.only(endpoint("proxy", "worker2", "192.168.50.12"))
			f.nodePort("worker2")
			f.fromOutside("")
			f.set("enable-host-firewall", "true")
		}, lines{"allowed by kube-proxy, on worker2, to worker2:8080, host firewall of worker2 sees address 203.0.113.10:30080"}},
		{"what a tunnel brings another node for the host firewall's sake is not known behind kube-proxy", routing(kubeProxy120), func(f *fixture) {
			f.only(b0)
			f.nodePort("worker2")
			f.set("enable-host-firewall", "true")
		}, lines{"undetermined by none, on worker2, egress sees worker2:30080, host firewall of worker2 sees a:30080"}},
		{"an address with ipMode Proxy is nobody's frontend", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.frontend(model.FrontendLoadBalancer, vip)
			f.service.LoadBalancerIPs = []model.LoadBalancerIP{{Addr: addr(vip), Proxy: true}}
		}, lines{"undetermined by none, egress sees address 192.0.2.11:80"}},
	})
}

func ownHostPort(f *fixture) {
	hostPort("worker")(f)
	f.a.Ports = f.cluster.Pods[1].Ports
}

// otherFamily asks for the nodePort of an IPv4 Service on a node's IPv6 address.
func otherFamily(f *fixture) {
	f.only(b0)
	f.nodePort("worker2")
	f.service.IPFamilies, f.service.ClusterIPs = []string{"IPv4"}, f.service.ClusterIPs[:1]
	f.request.Addr = addr("fd00::12")
}

func hostPort(node string) func(f *fixture) {
	return func(f *fixture) {
		f.cluster.Pods[1].Ports = []model.ContainerPort{{Port: 8080, Protocol: model.TCP, HostPort: 8443}}
		f.nodePort(node)
		f.request.Frontend, f.request.Service, f.request.Port, f.request.PortNumber = model.FrontendHostPort, nil, nil, 8443
	}
}

// Whom the backend's ingress policy sees beside kube-proxy.
func TestKubeProxyIngressView(t *testing.T) {
	local := func(f *fixture) { f.service.ExternalTrafficLocal = true }
	from := func(source string, node string, backend model.Endpoint, more ...func(f *fixture)) func(f *fixture) {
		return func(f *fixture) {
			f.thirdNode()
			f.only(backend)
			f.nodePort(node)
			switch source {
			case "pod":
			case "outside":
				f.fromOutside("")
			default:
				f.fromNode(source)
			}
			for _, m := range more {
				m(f)
			}
		}
	}
	runFrontends(t, []frontendRow{
		{"pod, own node, backend there: the pod", kubeProxy120, from("pod", "worker", b1), lines{"allowed by kube-proxy, to b-1:8080, egress sees worker:30080, ingress sees a, masqueraded"}},
		{"pod, own node, backend on another, tunnel: the pod", routing(kubeProxy120), from("pod", "worker", b0), lines{"allowed by kube-proxy, to b-0:8080, egress sees worker:30080, ingress sees a, masqueraded"}},
		{"pod, own node, backend on another, native: the client's node", kubeProxy120, from("pod", "worker", b0), lines{"allowed by kube-proxy, to b-0:8080, egress sees worker:30080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"pod, own node, Local, backend on another, native: the pod", kubeProxy120, from("pod", "worker", b0, local), lines{"allowed by kube-proxy, to b-0:8080, egress sees worker:30080, ingress sees a"}},
		{"pod, another node, backend there: the world", kubeProxy120, from("pod", "worker2", b0), lines{"allowed by kube-proxy, on worker2, to b-0:8080, egress sees worker2:30080, ingress sees the world, masqueraded"}},
		{"pod, another node, backend there, tunnel: the world", routing(kubeProxy120), from("pod", "worker2", b0), lines{"allowed by kube-proxy, on worker2, to b-0:8080, egress sees worker2:30080, ingress sees the world, masqueraded"}},
		{"pod, another node, backend on a third, tunnel: the world", routing(kubeProxy120), from("pod", "worker3", b0), lines{"allowed by kube-proxy, on worker3, to b-0:8080, egress sees worker3:30080, ingress sees the world, masqueraded"}},
		{"pod, another node, backend on a third, native: that other node", kubeProxy120, from("pod", "worker3", b0), lines{"allowed by kube-proxy, on worker3, to b-0:8080, egress sees worker3:30080, ingress sees worker3, masqueraded as 192.168.50.13"}},
		{"pod, another node, Local, backend there, native: the pod", kubeProxy120, from("pod", "worker2", b0, local), lines{"allowed by kube-proxy, on worker2, to b-0:8080, egress sees worker2:30080, ingress sees a"}},
		{"pod, another node, Local, backend there, tunnel: the client's node", routing(kubeProxy120), from("pod", "worker2", b0, local), lines{"allowed by kube-proxy, on worker2, to b-0:8080, egress sees worker2:30080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"pod, another node, Local, backend elsewhere, native: the pod, and the reply is lost", kubeProxy120, from("pod", "worker3", b0, local), lines{"allowed by kube-proxy, on worker3, to b-0:8080, egress sees worker3:30080, ingress sees a, reply denied"}},
		{"pod, another node, Local, the backend is the client, native: masqueraded, so the reply is not lost", kubeProxy120, from("pod", "worker3", self, local), lines{"allowed by kube-proxy, on worker3, to a:8080, egress sees worker3:30080, ingress sees worker3, masqueraded as 192.168.50.13"}},
		{"pod, another node, Local, backend elsewhere, tunnel: dropped there", routing(kubeProxy120), from("pod", "worker3", b0, local), lines{"denied by kube-proxy, on worker3, egress sees worker3:30080, client sees timeout"}},
		{"pod, another node, Local, kube-proxy detects by node CIDR: dropped there", kubeProxy120, from("pod", "worker3", b0, local, func(f *fixture) {
			f.set("kubeProxy.detectLocalMode", "NodeCIDR")
		}), lines{"denied by kube-proxy, on worker3, egress sees worker3:30080, client sees timeout"}},
		{"outside, backend on the node: the world", kubeProxy120, from("outside", "worker", b1), lines{"allowed by kube-proxy, to b-1:8080, ingress sees the world, masqueraded"}},
		{"outside, backend on another, tunnel: the world", routing(kubeProxy120), from("outside", "worker", b0), lines{"allowed by kube-proxy, to b-0:8080, ingress sees the world, masqueraded"}},
		{"outside, backend on another, native: the node it entered by", kubeProxy120, from("outside", "worker", b0), lines{"allowed by kube-proxy, to b-0:8080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"outside, Local, backend on the node: the client", kubeProxy120, from("outside", "worker", b1, local), lines{"allowed by kube-proxy, to b-1:8080, ingress sees address 203.0.113.10"}},
		{"outside, Local, backend on another node: dropped", kubeProxy120, from("outside", "worker", b0, local), lines{"denied by kube-proxy, client sees timeout"}},
		{"node, own NodePort, backend there: the host", kubeProxy120, from("worker", "worker", b1), lines{"allowed by kube-proxy, to b-1:8080, egress sees b-1:8080, ingress sees worker, masqueraded"}},
		{"node, own NodePort, backend on another: the node", routing(kubeProxy120), from("worker", "worker", b0), lines{"allowed by kube-proxy, to b-0:8080, egress sees b-0:8080, ingress sees worker, masqueraded"}},
		{"node, another's NodePort, backend there: the world", kubeProxy120, from("worker", "worker2", b0), lines{"allowed by kube-proxy, on worker2, to b-0:8080, egress sees worker2:30080, ingress sees the world, masqueraded"}},
		{"node, another's NodePort, Local, backend there: the node", kubeProxy120, from("worker", "worker2", b0, local), lines{"allowed by kube-proxy, on worker2, to b-0:8080, egress sees worker2:30080, ingress sees worker"}},
		{"node, Local, backend on another: masqueraded to any endpoint", kubeProxy120, from("worker", "worker", b0, local), lines{"allowed by kube-proxy, to b-0:8080, egress sees b-0:8080, ingress sees worker, masqueraded as 192.168.50.11"}},
	})
}

// Kube-proxy's rules, whoever asks.
func TestKubeProxyRules(t *testing.T) {
	ranges := func(texts ...string) func(f *fixture) {
		return func(f *fixture) {
			f.only(b0)
			f.frontend(model.FrontendLoadBalancer, vip)
			for _, text := range texts {
				f.service.SourceRanges = append(f.service.SourceRanges, netip.MustParsePrefix(text))
			}
		}
	}
	nftables := mode(kubeProxy120, model.KubeProxyNFTables)
	runFrontends(t, []frontendRow{
		{"no endpoint: rejected on the node", kubeProxy120, func(f *fixture) { f.only(); f.nodePort("worker2") }, lines{"denied by kube-proxy, on worker2, egress sees worker2:30080, client sees refused"}},
		{"no endpoint, from outside: rejected", kubeProxy120, func(f *fixture) { f.only(); f.nodePort("worker2"); f.fromOutside("") }, lines{"denied by kube-proxy, on worker2, client sees refused"}},
		{"no endpoint, a node asks for its ClusterIP: rejected", kubeProxy120, func(f *fixture) { f.only(); f.fromNode("worker") }, lines{"denied by kube-proxy, client sees refused"}},
		{"internalTrafficPolicy Local without a local endpoint, a node asks: dropped", kubeProxy120, func(f *fixture) { f.only(b0); f.service.InternalTrafficLocal = true; f.fromNode("worker") }, lines{"denied by kube-proxy, client sees timeout"}},
		{"internalTrafficPolicy Local and no endpoint at all, a node asks: rejected", kubeProxy120, func(f *fixture) { f.only(); f.service.InternalTrafficLocal = true; f.fromNode("worker") }, lines{"denied by kube-proxy, client sees refused"}},
		{"no endpoint, a node asks for a load balancer's address: not rejected, nobody answers", kubeProxy120, func(f *fixture) { f.only(); f.frontend(model.FrontendLoadBalancer, vip); f.fromNode("worker") }, lines{"denied by kube-proxy"}},
		{"nftables rejects that too", nftables, func(f *fixture) { f.only(); f.frontend(model.FrontendLoadBalancer, vip); f.fromNode("worker") }, lines{"denied by kube-proxy, client sees refused"}},
		{"a terminating endpoint serves when no other is ready", kubeProxy120, func(f *fixture) { f.only(unready(b1), draining(b0)); f.nodePort("worker") }, lines{"allowed by kube-proxy, to b-0:8080, egress sees worker:30080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a zone hint keeps to the node's zone", kubeProxy120, func(f *fixture) { f.only(inZone(b0, "west"), inZone(b1, "east")); f.nodePort("worker") }, lines{"allowed by kube-proxy, to b-1:8080, egress sees worker:30080, ingress sees a, masqueraded"}},
		{"a slice port without a name is not the Service's named port", kubeProxy120, func(f *fixture) { unnamedPort(f); f.nodePort("worker") }, lines{"denied by kube-proxy, egress sees worker:30080, client sees refused"}},
		{"an undefined port of a ClusterIP, a node asks: nobody answers", kubeProxy120, func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP); f.fromNode("worker") }, lines{"denied by none, egress sees address 10.96.0.20:81, client sees timeout"}},
		{"an undefined port of a ClusterIP, a node asks, nftables: rejected", nftables, func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP); f.fromNode("worker") }, lines{"denied by none, egress sees address 10.96.0.20:81, client sees refused"}},
		{"an undefined port of a load balancer: nobody answers", kubeProxy120, func(f *fixture) { f.ask(vip, 81, model.TCP); f.request.Frontend = model.FrontendLoadBalancer }, lines{"denied by none, egress sees address 192.0.2.11:81, client sees timeout"}},
		{"a source range holds for pods", kubeProxy120, ranges("203.0.113.0/24"), lines{"denied by kube-proxy, egress sees address 192.0.2.11:80, client sees timeout"}},
		{"a source range that has the pod lets it in", kubeProxy120, ranges("203.0.113.0/24", "10.244.0.0/16"), lines{"allowed by kube-proxy, to b-0:8080, egress sees address 192.0.2.11:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a source range of length 0 is none", kubeProxy120, ranges("203.0.113.0/24", "0.0.0.0/0"), lines{"allowed by kube-proxy, to b-0:8080, egress sees address 192.0.2.11:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a source range of the other family is none", kubeProxy120, ranges("fd00::/8"), lines{"allowed by kube-proxy, to b-0:8080, egress sees address 192.0.2.11:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a source range exempts NodePorts", kubeProxy120, func(f *fixture) { ranges("203.0.113.0/24")(f); f.nodePort("worker") }, lines{"allowed by kube-proxy, to b-0:8080, egress sees worker:30080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"1.19 translates at the pod, where no source range holds", kubeProxy119, ranges("203.0.113.0/24"), lines{"allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"1.19 keeps pods to local endpoints of a load balancer that is Local", kubeProxy119, func(f *fixture) {
			f.only(b0)
			f.service.ExternalTrafficLocal = true
			f.frontend(model.FrontendLoadBalancer, vip)
		}, lines{"denied by cilium-bpf, client sees refused"}},
		{"a NodePort on loopback is served", kubeProxy120, func(f *fixture) { f.only(b1); f.nodePort("localhost"); f.fromNode("worker") }, lines{"allowed by kube-proxy, to b-1:8080, egress sees b-1:8080, ingress sees worker, masqueraded"}},
		{"a NodePort on loopback can be switched off", kubeProxy120, func(f *fixture) {
			f.only(b1)
			f.nodePort("localhost")
			f.fromNode("worker")
			f.set("kubeProxy.localhostNodePorts", "false")
		}, lines{"denied by none, client sees refused"}},
		{"a NodePort on loopback is refused in nftables mode", nftables, func(f *fixture) { f.only(b1); f.nodePort("localhost"); f.fromNode("worker") }, lines{"denied by none, client sees refused"}},
		{"nodePortAddresses close all other addresses", kubeProxy120, func(f *fixture) { f.only(b1); f.nodePort("worker"); f.set("kubeProxy.nodePortAddresses", "10.0.0.0/8") }, lines{"denied by none, egress sees worker:30080, client sees refused"}},
		{"without a detector a ClusterIP is not masqueraded, so an outside client's reply goes astray", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.fromOutside("worker")
			f.set("kubeProxy.clusterCIDR", "")
		}, lines{"allowed by kube-proxy, to b-0:8080, ingress sees address 203.0.113.10, reply denied"}},
		{"kube-proxy serves a ClusterIP to the outside too, if a packet gets there", kubeProxy120, func(f *fixture) { f.only(b1); f.fromOutside("worker") }, lines{"allowed by kube-proxy, to b-1:8080, ingress sees the world, masqueraded"}},
		{"from outside each node that could receive it is a path", kubeProxy120, func(f *fixture) { f.only(b1); f.frontend(model.FrontendLoadBalancer, vip); f.fromOutside("") }, lines{"allowed by kube-proxy, to b-1:8080, ingress sees the world, masqueraded", "allowed by kube-proxy, on worker2, to b-1:8080, ingress sees worker2, masqueraded as 192.168.50.12"}},
		{"a load balancer that is Local sends to nodes with a backend", kubeProxy120, func(f *fixture) {
			f.only(b1)
			f.service.ExternalTrafficLocal = true
			f.frontend(model.FrontendLoadBalancer, vip)
			f.fromOutside("")
		}, lines{"allowed by kube-proxy, to b-1:8080, ingress sees address 203.0.113.10"}},
		{"a socket load balancer beside kube-proxy leaves NodePorts to it", kubeProxy120, func(f *fixture) {
			f.only(b1)
			f.nodePort("worker")
			f.set("bpf-lb-sock", "true")
		}, lines{"allowed by kube-proxy, to b-1:8080, egress sees worker:30080, ingress sees a, masqueraded"}},
		{"a socket load balancer beside kube-proxy leaves external IPs to it", kubeProxy120, func(f *fixture) {
			f.only(b1)
			f.frontend(model.FrontendExternalIP, external)
			f.set("bpf-lb-sock", "true")
		}, lines{"allowed by kube-proxy, to b-1:8080, egress sees address 192.0.2.21:80, ingress sees a, masqueraded"}},
		{"IPv6 takes the same way", kubeProxy120, func(f *fixture) {
			f.only(endpoint("b-0", "worker2", "fd00:2::7"))
			f.nodePort("worker")
			f.request.Addr = addr("fd00::11")
		}, lines{"allowed by kube-proxy, to b-0:8080, egress sees worker:30080, ingress sees worker, masqueraded as fd00::11"}},
		{"IPv6 never has a NodePort on loopback", kubeProxy120, func(f *fixture) {
			f.nodePort("localhost")
			f.fromNode("worker")
			f.request.Addr = addr("::1")
		}, lines{"denied by none, client sees refused"}},
		{"UDP takes the same way", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.nodePort("worker")
			f.request.Protocol, f.request.Port, f.request.PortNumber = model.UDP, &f.service.Ports[1], 30053
		}, lines{"allowed by kube-proxy, to b-0:53, egress sees worker:30053, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"ipvs is not modelled", mode(kubeProxy120, model.KubeProxyIPVS), func(f *fixture) { f.only(b0); f.nodePort("worker") }, lines{"undetermined by none, egress sees worker:30080"}},
		{"without kube-proxy nobody serves a NodePort", mode(kubeProxy120, model.KubeProxyNone), func(f *fixture) { f.only(b0); f.nodePort("worker") }, lines{"denied by none, egress sees worker:30080"}},
	})
}

// Cilium in kube-proxy's place.
func TestKubeProxyReplacement(t *testing.T) {
	outside := func(via string, endpoint model.Endpoint, more ...func(f *fixture)) func(f *fixture) {
		return func(f *fixture) {
			f.only(endpoint)
			f.nodePort(via)
			f.fromOutside("")
			for _, m := range more {
				m(f)
			}
		}
	}
	perPacket118 := version(perPacket119, "1.18.4")
	remote := func(f *fixture) { f.only(b0); f.nodePort("worker2") }
	externalIP := func(f *fixture) { f.only(b0); f.frontend(model.FrontendExternalIP, external) }
	set := func(option, value string) func(f *fixture) { return func(f *fixture) { f.set(option, value) } }
	runFrontends(t, []frontendRow{
		{"a load balancer's address is the backend at the socket", socketLB120, func(f *fixture) { f.only(b0); f.frontend(model.FrontendLoadBalancer, vip) }, lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"the own node's NodePort is the backend at the socket", socketLB120, func(f *fixture) { f.only(b0); f.nodePort("worker") }, lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"another node's NodePort is the backend at the socket", socketLB120, remote, lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"another node's NodePort is the backend per packet since 1.19", perPacket119, remote, lines{"allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"another node's NodePort is that node per packet up to 1.18", perPacket118, remote, lines{"allowed by cilium-bpf, on worker2, to b-0:8080, egress sees worker2:30080, ingress sees a"}},
		{"the own node's hostPort is the backend", socketLB120, func(f *fixture) { hostPort("worker2")(f); f.fromNode("worker2") }, lines{"allowed by socket-lb, on worker2, to b-0:8080, egress sees b-0:8080, ingress sees worker2"}},
		{"a hostPort on loopback is the node's own", socketLB120, func(f *fixture) { hostPort("worker2")(f); f.request.Addr = addr("127.0.0.1"); f.fromNode("worker2") }, lines{"allowed by socket-lb, on worker2, to b-0:8080, egress sees b-0:8080, ingress sees worker2"}},
		{"a hostPort on the loopback of a node that has none is that node", socketLB120, func(f *fixture) { hostPort("worker2")(f); f.request.Addr = addr("127.0.0.1"); f.fromNode("worker") }, lines{"no service step, to worker:8443, policy skipped"}},
		{"a pod that reaches itself by its hostPort at the socket", socketLB120, ownHostPort, lines{"allowed by socket-lb, to a:8080, policy skipped"}},
		{"a pod that reaches itself by its hostPort per packet", perPacket119, ownHostPort, lines{"allowed by cilium-bpf, to a:8080, masqueraded as 169.254.42.1, policy skipped"}},
		{"a NodePort on an address of a family that the Service lacks is closed", socketLB120, otherFamily, lines{"denied by none, on worker2, egress sees worker2:30080, client sees refused"}},
		{"beside kube-proxy too", kubeProxy120, otherFamily, lines{"denied by none, on worker2, egress sees worker2:30080, client sees refused"}},
		{"another node's hostPort is that node", socketLB120, hostPort("worker2"), lines{"allowed by cilium-bpf, on worker2, to b-0:8080, egress sees worker2:8443, ingress sees a"}},
		{"an external IP that no node has goes out and comes back", socketLB120, func(f *fixture) {
			externalIP(f)
			f.request.Via = model.NewIndex(f.cluster).Node("worker2")
		}, lines{"allowed by cilium-bpf, on worker2, to b-0:8080, egress sees address 192.0.2.21:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"an external IP that no node has dies where it comes back to the client's own node", socketLB120, func(f *fixture) { externalIP(f); f.request.Via = f.worker }, lines{"denied by none, egress sees address 192.0.2.21:80, client sees timeout"}},
		{"an external IP is the backend where the program translates each packet", perPacket119, externalIP, lines{"allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"an external IP with two scopes is not", perPacket119, func(f *fixture) {
			externalIP(f)
			f.service.ExternalTrafficLocal = true
			f.request.Via = model.NewIndex(f.cluster).Node("worker2")
		}, lines{"allowed by cilium-bpf, on worker2, to b-0:8080, egress sees address 192.0.2.21:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"externalTrafficPolicy does not bind pods", socketLB120, func(f *fixture) { remote(f); f.service.ExternalTrafficLocal = true }, lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"internalTrafficPolicy does, for NodePorts too", socketLB120, func(f *fixture) { remote(f); f.service.InternalTrafficLocal = true }, lines{"denied by socket-lb, client sees unreachable"}},
		{"a node's own packets are translated at the socket", socketLB120, func(f *fixture) { f.only(b0); f.nodePort("worker2"); f.fromNode("worker") }, lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees worker"}},
		{"outside, backend on the node: the client", socketLB120, outside("worker", b1), lines{"allowed by cilium-bpf, to b-1:8080, ingress sees address 203.0.113.10"}},
		{"outside, backend on another, native: the node", socketLB120, outside("worker", b0), lines{"allowed by cilium-bpf, to b-0:8080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"outside, backend on another, tunnel: the world", routing(socketLB120), outside("worker", b0), lines{"allowed by cilium-bpf, to b-0:8080, ingress sees the world, masqueraded"}},
		{"outside, DSR: the client", socketLB120, outside("worker", b0, set("bpf-lb-mode", "dsr")), lines{"allowed by cilium-bpf, to b-0:8080, ingress sees address 203.0.113.10"}},
		{"outside, hybrid, TCP: the client", socketLB120, outside("worker", b0, set("bpf-lb-mode", "hybrid")), lines{"allowed by cilium-bpf, to b-0:8080, ingress sees address 203.0.113.10"}},
		{"outside, hybrid, UDP: the node", socketLB120, outside("worker", b0, func(f *fixture) {
			f.request.Protocol, f.request.Port = model.UDP, &f.service.Ports[1]
			f.set("bpf-lb-mode", "hybrid")
		}), lines{"allowed by cilium-bpf, to b-0:53, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"outside, Local, backend on another node: dropped", version(socketLB120, "1.19.4"), outside("worker", b0, func(f *fixture) { f.service.ExternalTrafficLocal = true }), lines{"denied by cilium-bpf, client sees refused"}},
		{"outside, no backend, 1.20.2: the answer is lost", socketLB120, outside("worker", unready(b0)), lines{"denied by cilium-bpf, client sees timeout"}},
		{"outside, no backend, service-no-backend-response=drop", socketLB120, outside("worker", unready(b0), set("service-no-backend-response", "drop")), lines{"denied by cilium-bpf, drop 158, client sees timeout"}},
		{"outside, ClusterIP: dropped", socketLB120, func(f *fixture) { f.only(b1); f.fromOutside("worker") }, lines{"denied by cilium-bpf, drop 174, client sees timeout"}},
		{"outside, ClusterIP: served if asked for", socketLB120, func(f *fixture) { f.only(b1); f.fromOutside("worker"); f.set("bpf-lb-external-clusterip", "true") }, lines{"allowed by cilium-bpf, to b-1:8080, ingress sees address 203.0.113.10"}},
		{"a source range holds for the outside", socketLB120, func(f *fixture) {
			f.only(b1)
			f.frontend(model.FrontendLoadBalancer, vip)
			f.service.SourceRanges = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
			f.fromOutside("worker")
		}, lines{"denied by cilium-bpf, drop 177, client sees timeout"}},
		{"a source range does not hold for pods", socketLB120, func(f *fixture) {
			f.only(b0)
			f.frontend(model.FrontendLoadBalancer, vip)
			f.service.SourceRanges = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		}, lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"nothing behind a NodePort: connect fails", socketLB120, func(f *fixture) { f.only(); f.nodePort("worker2") }, lines{"denied by socket-lb, client sees unreachable"}},
		{"an undefined port of a load balancer, from outside", socketLB120, func(f *fixture) {
			f.ask(vip, 81, model.TCP)
			f.request.Frontend = model.FrontendLoadBalancer
			f.fromOutside("worker")
		}, lines{"denied by cilium-bpf, drop 158, client sees timeout"}},
		{"an undefined port of a ClusterIP, from outside", socketLB120, func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP); f.fromOutside("worker") },
			lines{"denied by cilium-bpf, drop 158, client sees timeout"}},
		{"an undefined port of a ClusterIP, from outside, up to 1.18", version(socketLB120, "1.18.4"), func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP); f.fromOutside("worker") },
			lines{"denied by none, client sees timeout"}},
		{"an undefined port of an external IP, from outside", socketLB120, func(f *fixture) {
			f.ask(external, 81, model.TCP)
			f.request.Frontend = model.FrontendExternalIP
			f.fromOutside("worker")
		}, lines{"denied by none, client sees timeout"}},
		{"nodeport-addresses leaves a node's address out: the socket asks for no address", socketLB120, func(f *fixture) { remote(f); f.set("nodeport-addresses", "10.99.0.0/16 10.98.0.0/16") }, lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"nor does the pods' program from 1.19 on", perPacket119, func(f *fixture) { remote(f); f.set("nodeport-addresses", "10.99.0.0/16") }, lines{"allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"up to 1.18 it is closed, on the own node", perPacket118, func(f *fixture) { f.only(b0); f.nodePort("worker"); f.set("nodeport-addresses", "10.99.0.0/16") }, lines{"denied by none, egress sees worker:30080, client sees refused"}},
		{"and on others", perPacket118, func(f *fixture) { remote(f); f.set("nodeport-addresses", "10.99.0.0/16") }, lines{"denied by none, on worker2, egress sees worker2:30080, client sees refused"}},
		{"from outside it is closed", socketLB120, outside("worker", b1, set("nodeport-addresses", "10.99.0.0/16")), lines{"denied by none, client sees refused"}},
		{"a hostPort too", socketLB120, func(f *fixture) { hostPort("worker2")(f); f.set("nodeport-addresses", "10.99.0.0/16") }, lines{"denied by none, on worker2, egress sees worker2:8443, client sees refused"}},
		{"an address that the list has is served", socketLB120, outside("worker", b1, set("nodeport-addresses", "10.99.0.0/16,192.168.50.0/24")), lines{"allowed by cilium-bpf, to b-1:8080, ingress sees address 203.0.113.10"}},
		{"nothing behind an external IP: connect fails, whoever has the address", socketLB120, func(f *fixture) { f.only(); f.frontend(model.FrontendExternalIP, external) }, lines{"denied by socket-lb, client sees unreachable"}},
		{"disable-external-ip-mitigation makes an external IP the backend at the socket", socketLB120, func(f *fixture) { externalIP(f); f.set("disable-external-ip-mitigation", "true") },
			lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees a"}},
		{"a node's NodePort on ::1 is served as on 127.0.0.1", socketLB120, func(f *fixture) {
			f.only(endpoint("b-0", "worker2", "fd00:2::7"))
			f.nodePort("worker")
			f.request.Addr = addr("::1")
			f.request.Source = model.NewIndex(f.cluster).NodeParty(f.worker, true)
		}, lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees worker"}},
	})
}
