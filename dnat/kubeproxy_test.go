package dnat_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// What the rules of the real kube-proxy taught: each row is a case in which an
// earlier netsim said otherwise. lab/kubeproxy/fuzz found them and asks many
// more.
func TestKubeProxyRulesThatSurprise(t *testing.T) {
	nftables := mode(kubeProxy120, model.KubeProxyNFTables)
	externalLocal := func(f *fixture) { f.service.ExternalTrafficLocal = true }
	vipOfWorker2 := func(f *fixture) { f.only(b0); f.frontend(model.FrontendLoadBalancer, "192.168.50.12") }
	nodePort := func(addresses string, more ...func(f *fixture)) func(f *fixture) {
		return func(f *fixture) {
			f.only(b1)
			f.nodePort("worker")
			f.set("kubeProxy.nodePortAddresses", addresses)
			for _, m := range more {
				m(f)
			}
		}
	}
	served := lines{"allowed by kube-proxy, to b-1:8080, egress sees worker:30080, ingress sees a, masqueraded"}
	closed := lines{"denied by none, egress sees worker:30080, client sees refused"}
	runFrontends(t, []frontendRow{
		{"a VIP that is another node's address too is translated by the client's own node", kubeProxy120, vipOfWorker2,
			lines{"allowed by kube-proxy, to b-0:8080, egress sees worker2:80, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a VIP that is a node's address too, from outside: by the node that it enters by", kubeProxy120, func(f *fixture) { vipOfWorker2(f); f.fromOutside("worker") },
			lines{"allowed by kube-proxy, to b-0:8080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a VIP that is a node's address too, from outside by no node in particular: by that node", kubeProxy120, func(f *fixture) { vipOfWorker2(f); f.fromOutside("") },
			lines{"allowed by kube-proxy, on worker2, to b-0:8080, ingress sees the world, masqueraded"}},
		{"no endpoint, a node asks for a VIP that is another node's address: that node rejects", kubeProxy120, func(f *fixture) { vipOfWorker2(f); f.only(); f.fromNode("worker") },
			lines{"denied by kube-proxy, on worker2, egress sees worker2:80, client sees refused"}},
		{"no endpoint, a node asks for a VIP that is another node's address, nftables: rejected at once", nftables, func(f *fixture) { vipOfWorker2(f); f.only(); f.fromNode("worker") },
			lines{"denied by kube-proxy, client sees refused"}},

		{"masqueradeAll does not masquerade what a pod sends to a frontend that is Local", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.nodePort("worker")
			externalLocal(f)
			f.set("kubeProxy.masqueradeAll", "true")
		}, lines{"allowed by kube-proxy, to b-0:8080, egress sees worker:30080, ingress sees a"}},
		{"masqueradeAll does not masquerade what comes from outside to a frontend that is Local", kubeProxy120, func(f *fixture) {
			f.only(b1)
			f.nodePort("worker")
			externalLocal(f)
			f.fromOutside("")
			f.set("kubeProxy.masqueradeAll", "true")
		}, lines{"allowed by kube-proxy, to b-1:8080, ingress sees address 203.0.113.10"}},
		{"masqueradeAll masquerades ClusterIPs", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.fromOutside("worker")
			f.set("kubeProxy.clusterCIDR", "")
			f.set("kubeProxy.masqueradeAll", "true")
		}, lines{"allowed by kube-proxy, to b-0:8080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a backend in the network of the node that translates sees the client", kubeProxy120, func(f *fixture) {
			f.only(endpoint("proxy", "worker2", "192.168.50.12"))
			f.nodePort("worker2")
			f.fromOutside("")
		}, lines{"allowed by kube-proxy, on worker2, to worker2:8080, ingress sees address 203.0.113.10"}},
		{"a backend in another node's network sees the node that translates", kubeProxy120, func(f *fixture) {
			f.only(endpoint("proxy", "worker2", "192.168.50.12"))
			f.nodePort("worker")
			f.fromOutside("")
		}, lines{"allowed by kube-proxy, to worker2:8080, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"a backend in another node's network sees the pod's node with a tunnel, masqueraded by Cilium", routing(kubeProxy120), func(f *fixture) {
			f.only(endpoint("proxy", "worker2", "192.168.50.12"))
			f.nodePort("worker")
			externalLocal(f)
		}, lines{"allowed by kube-proxy, to worker2:8080, egress sees worker:30080, ingress sees worker, masqueraded as 192.168.50.11"}},

		{"a cluster CIDR of the other family only is no detector", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.fromOutside("worker")
			f.set("kubeProxy.clusterCIDR", "fd00::/8")
		}, lines{"allowed by kube-proxy, to b-0:8080, ingress sees address 203.0.113.10, reply denied"}},
		{"a node CIDR of the other family only is no detector", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.nodePort("worker")
			externalLocal(f)
			f.set("kubeProxy.detectLocalMode", "NodeCIDR")
			f.worker.PodCIDRs = []netip.Prefix{netip.MustParsePrefix("fd00:1::/64")}
		}, lines{"denied by kube-proxy, egress sees worker:30080, client sees timeout"}},
		{"a pod of the node outside its node CIDR is no pod", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.nodePort("worker")
			externalLocal(f)
			f.set("kubeProxy.detectLocalMode", "NodeCIDR")
			f.worker.PodCIDRs = []netip.Prefix{netip.MustParsePrefix("10.0.1.0/24")}
		}, lines{"denied by kube-proxy, egress sees worker:30080, client sees timeout"}},

		{"nodePortAddresses of the other family close nothing", kubeProxy120, nodePort("fd00::/8"), served},
		{"nodePortAddresses may be words: all", nftables, nodePort("all"), served},
		{"nodePortAddresses may be words: localhost", kubeProxy120, nodePort("localhost"), closed},
		{"nodePortAddresses may be words and ranges", kubeProxy120, nodePort("localhost,192.168.50.0/24"), served},
		{"primary is one address of a family", nftables, nodePort("", func(f *fixture) {
			f.worker.InternalIPs = append([]netip.Addr{addr("172.16.0.1")}, f.worker.InternalIPs...)
		}), closed},
		{"nodePortAddresses of all addresses serve no loopback, nftables", nftables, nodePort("all", func(f *fixture) {
			f.request.Addr = addr("127.0.0.1")
			f.fromNode("worker")
		}), lines{"denied by none, client sees refused"}},
		{"nodePortAddresses with loopback serve the one address that the interface has", kubeProxy120, nodePort("127.0.0.0/8", func(f *fixture) {
			f.request.Addr = addr("127.0.0.5")
			f.fromNode("worker")
		}), lines{"denied by none, client sees refused"}},
		{"where no NodePort is served, one that is Local without a local endpoint drops all the same", kubeProxy120, nodePort("10.0.0.0/8", externalLocal, func(f *fixture) { f.only(b0) }),
			lines{"denied by kube-proxy, egress sees worker:30080, client sees timeout"}},
		{"where no NodePort is served, nftables drops nothing", nftables, nodePort("10.0.0.0/8", externalLocal, func(f *fixture) { f.only(b0) }), closed},

		{"source ranges do not hold where there is no endpoint", kubeProxy120, func(f *fixture) { outsideRanges(f); f.only() },
			lines{"denied by kube-proxy, client sees refused"}},
		{"source ranges hold where there is no endpoint, nftables", nftables, func(f *fixture) { outsideRanges(f); f.only() },
			lines{"denied by kube-proxy, client sees timeout"}},
		{"a node that has the load balancer's address is dropped by its own ranges", kubeProxy120, func(f *fixture) {
			outsideRanges(f)
			f.frontend(model.FrontendLoadBalancer, "192.168.50.11")
			f.fromNode("worker")
		}, lines{"denied by kube-proxy, client sees timeout"}},
		{"a node within a range may ask from the load balancer's address, where it has that", kubeProxy120, func(f *fixture) {
			outsideRanges(f)
			f.service.SourceRanges = []netip.Prefix{netip.MustParsePrefix("192.168.50.11/32")}
			f.worker.InternalIPs = append(f.worker.InternalIPs, addr(vip))
			f.frontend(model.FrontendLoadBalancer, vip)
			f.fromNode("worker")
		}, lines{"allowed by kube-proxy, to b-0:8080, egress sees b-0:8080, ingress sees worker, masqueraded as 192.168.50.11"}},

		{"of an endpoint in two slices the one that does not terminate counts, ready or not", kubeProxy120, func(f *fixture) {
			f.only(unready(b0))
			again := *f.slice
			again.Endpoints = []model.Endpoint{draining(b0)}
			f.cluster.EndpointSlices = append(f.cluster.EndpointSlices, &again)
			f.nodePort("worker")
		}, lines{"denied by kube-proxy, egress sees worker:30080, client sees refused"}},
		{"a node hint keeps to the node, even where a zone hint names another endpoint", kubeProxy120, func(f *fixture) {
			here, there := inZone(b1, "west"), inZone(b0, "east")
			here.HintNodes, there.HintNodes = []string{"worker"}, []string{"worker2"}
			f.only(here, there)
			f.nodePort("worker")
		}, served},
		{"hints do not count where a ready endpoint has none", kubeProxy120, func(f *fixture) { f.only(b0, inZone(b1, "east")); f.nodePort("worker") }, lines{
			"allowed by kube-proxy, to b-1:8080, egress sees worker:30080, ingress sees a, masqueraded",
			"allowed by kube-proxy, to b-0:8080, egress sees worker:30080, ingress sees worker, masqueraded as 192.168.50.11",
		}},
		{"nftables does not look after a client that is its own backend on another node", nftables, func(f *fixture) {
			f.only(self)
			f.nodePort("worker2")
			externalLocal(f)
		}, lines{"allowed by kube-proxy, on worker2, to a:8080, egress sees worker2:30080, ingress sees a, reply denied"}},

		{"a headless Service has no rules, whatever its external IPs", kubeProxy120, func(f *fixture) {
			f.service.Headless, f.service.ClusterIPs = true, nil
			f.frontend(model.FrontendExternalIP, external)
			f.fromNode("worker")
		}, lines{"denied by none, egress sees address 192.0.2.21:80, client sees timeout"}},
		{"a Service has no rules in a family without a ClusterIP", kubeProxy120, func(f *fixture) {
			f.service.ClusterIPs = f.service.ClusterIPs[1:]
			f.nodePort("worker2")
		}, lines{"denied by none, on worker2, egress sees worker2:30080, client sees refused"}},
	})
}

// outsideRanges is a client outside that no range of the load balancer has.
func outsideRanges(f *fixture) {
	f.only(b0)
	f.service.SourceRanges = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	f.frontend(model.FrontendLoadBalancer, vip)
	f.fromOutside("worker")
}

func TestALoadBalancerCountsANodeAsHealthyByAnyPort(t *testing.T) {
	f := newFixture(kubeProxy120)
	f.service.ExternalTrafficLocal = true
	f.only(b0)
	metrics := *f.slice
	metrics.Ports = []model.EndpointPort{{Name: "metrics", Port: 9100, Protocol: model.TCP}}
	metrics.Endpoints = []model.Endpoint{b1}
	f.cluster.EndpointSlices = append(f.cluster.EndpointSlices, &metrics)
	f.frontend(model.FrontendLoadBalancer, vip)
	f.fromOutside("")
	assert.Equal(t, []string{
		"denied by kube-proxy, client sees timeout",
		"allowed by kube-proxy, on worker2, to b-0:8080, ingress sees address 203.0.113.10",
	}, summary(f.resolve()))
}

func TestHealthCheckNodePort(t *testing.T) {
	subject := "port 32000 is the healthCheckNodePort of Service dev/b"
	for _, row := range []struct {
		claim    string
		datapath model.Datapath
		given    func(f *fixture)
		want     string
	}{
		{"it tells the ready endpoints of its node", kubeProxy120, func(f *fixture) {}, subject + ": it answers 200, since worker has 1 ready endpoint"},
		{"it answers 503 where it has none", kubeProxy120, func(f *fixture) { f.only(b0) }, subject + ": it answers 503, since worker has no ready endpoint"},
		{"it counts an endpoint of several slices once", kubeProxy120, func(f *fixture) { f.cluster.EndpointSlices = append(f.cluster.EndpointSlices, f.slice) },
			subject + ": it answers 200, since worker has 1 ready endpoint"},
		{"it counts those of its family", kubeProxy120, func(f *fixture) { f.send("fd00::11", 32000, model.TCP) }, subject + ": it answers 503, since worker has no ready endpoint"},
		{"nobody listens in a family without a ClusterIP", kubeProxy120, func(f *fixture) { f.service.ClusterIPs = f.service.ClusterIPs[1:] },
			subject + ", which has no IPv4 ClusterIP: kube-proxy does not listen on 192.168.50.11 for it"},
		{"nobody listens where no NodePort is served", kubeProxy120, func(f *fixture) { f.set("kubeProxy.nodePortAddresses", "10.0.0.0/8") },
			subject + ", and kube-proxy listens for it where it serves NodePorts, which is not on 192.168.50.11"},
		{"Cilium's own is not bound to kube-proxy's settings", socketLB120, func(f *fixture) { f.set("kubeProxy.nodePortAddresses", "10.0.0.0/8") },
			subject + ": it answers 200, since worker has 1 ready endpoint"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(row.datapath)
			f.service.HealthCheckNodePort = 32000
			f.send("192.168.50.11", 32000, model.TCP)
			row.given(f)
			f.request.Source = model.Party{Addr: addr("203.0.113.10")}
			if f.request.Addr.Is6() {
				f.request.Source.Addr = addr("2001:db8::10")
			}
			paths := f.resolve()
			require.Len(t, paths, 1)
			assert.Equal(t, row.want, paths[0].Service.Why)
		})
	}
}
