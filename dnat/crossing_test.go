package dnat_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// What the network between machines sees of a packet. The client dev/a is on
// worker, backend dev/b-1 there too, and dev/b-0 on worker2.
func TestCrossings(t *testing.T) {
	overlay := func(dp model.Datapath) model.Datapath {
		dp.RoutingMode = model.RoutingTunnel
		return dp
	}
	remoteOnly := func(f *fixture) { f.only(endpoint("b-0", "worker2", "10.244.2.7")) }
	for _, r := range []struct {
		claim    string
		datapath model.Datapath
		given    func(f *fixture)
		want     string
	}{
		{"nothing where both are on one node", kubeProxy120, func(f *fixture) { f.only(endpoint("b-1", "worker", "10.244.1.8")) }, ""},
		{"the pods' own packet with native routing", kubeProxy120, remoteOnly, "worker→worker2 10.244.1.5→10.244.2.7:8080/TCP"},
		{"the nodes' with a tunnel", overlay(kubeProxy120), remoteOnly, "worker→worker2 vxlan 192.168.50.11→192.168.50.12:8472/UDP"},
		{"of the protocol that is set", overlay(kubeProxy120), func(f *fixture) {
			remoteOnly(f)
			f.set("tunnel-protocol", "geneve")
			f.set("tunnel-port", "6082")
		}, "worker→worker2 geneve 192.168.50.11→192.168.50.12:6082/UDP"},
		{"WireGuard's between pods, tunnelled or not", overlay(kubeProxy120), func(f *fixture) {
			remoteOnly(f)
			f.set("enable-wireguard", "true")
		}, "worker→worker2 wireguard 192.168.50.11→192.168.50.12:51871/UDP"},
		{"not known with IPsec", kubeProxy120, func(f *fixture) {
			remoteOnly(f)
			f.set("enable-ipsec", "true")
		}, "worker→worker2 doubtful 10.244.1.5→10.244.2.7:8080/TCP"},
		{"a pod on its way out, masqueraded", kubeProxy120, func(f *fixture) { f.send("203.0.113.9", 443, model.TCP) }, "worker→ 192.168.50.11→203.0.113.9:443/TCP"},
		{"or not", kubeProxy120, func(f *fixture) {
			f.send("203.0.113.9", 443, model.TCP)
			f.set("enable-ipv4-masquerade", "false")
		}, "worker→ 10.244.1.5→203.0.113.9:443/TCP"},
		{"a pod to another node, native", kubeProxy120, func(f *fixture) { f.send("192.168.50.12", 22, model.TCP) }, "worker→worker2 10.244.1.5→192.168.50.12:22/TCP"},
		{"masqueraded, and outside the tunnel", overlay(kubeProxy120), func(f *fixture) { f.send("192.168.50.12", 22, model.TCP) }, "worker→worker2 192.168.50.11→192.168.50.12:22/TCP"},
		{"inside it with the host firewall", overlay(kubeProxy120), func(f *fixture) {
			f.send("192.168.50.12", 22, model.TCP)
			f.set("enable-host-firewall", "true")
		}, "worker→worker2 vxlan 192.168.50.11→192.168.50.12:8472/UDP"},
		{"a node to a pod with a tunnel", overlay(kubeProxy120), func(f *fixture) {
			f.send("10.244.2.7", 8080, model.TCP)
			f.fromNode("worker")
		}, "worker→worker2 vxlan 192.168.50.11→192.168.50.12:8472/UDP"},
		{"a NodePort of a third node: there, and on from there", kubeProxy120, func(f *fixture) {
			f.thirdNode()
			f.nodePort("worker3")
			remoteOnly(f)
		}, "worker→worker3 10.244.1.5→192.168.50.13:30080/TCP, worker3→worker2 192.168.50.13→10.244.2.7:8080/TCP"},
		{"and back to the client's own node", kubeProxy120, func(f *fixture) {
			f.nodePort("worker2")
			f.only(endpoint("b-1", "worker", "10.244.1.8"))
		}, "worker→worker2 10.244.1.5→192.168.50.12:30080/TCP, worker2→worker 192.168.50.12→10.244.1.8:8080/TCP"},
		{"which the socket load balancer spares", socketLB120, func(f *fixture) {
			f.nodePort("worker2")
			f.only(endpoint("b-1", "worker", "10.244.1.8"))
		}, ""},
		{"from outside to a NodePort, the node's address and port", socketLB120, func(f *fixture) {
			f.nodePort("worker2")
			f.fromOutside("worker2")
			remoteOnly(f)
		}, "→worker2 203.0.113.10→192.168.50.12:30080/TCP"},
		{"and on to a backend elsewhere, masqueraded", socketLB120, func(f *fixture) {
			f.nodePort("worker")
			f.fromOutside("worker")
			remoteOnly(f)
		}, "→worker 203.0.113.10→192.168.50.11:30080/TCP, worker→worker2 192.168.50.11→10.244.2.7:8080/TCP"},
		{"or not, where the backend answers by itself", socketLB120, func(f *fixture) {
			f.nodePort("worker")
			f.fromOutside("worker")
			remoteOnly(f)
			f.set("bpf-lb-mode", "dsr")
		}, "→worker 203.0.113.10→192.168.50.11:30080/TCP, worker→worker2 doubtful 203.0.113.10→10.244.2.7:8080/TCP"},
		{"from outside to a pod's own address", socketLB120, func(f *fixture) {
			f.send("10.244.2.7", 8080, model.TCP)
			f.fromOutside("worker2")
		}, "→worker2 203.0.113.10→10.244.2.7:8080/TCP"},
		{"by way of another node", socketLB120, func(f *fixture) {
			f.send("10.244.2.7", 8080, model.TCP)
			f.fromOutside("worker")
		}, "→worker 203.0.113.10→10.244.2.7:8080/TCP, worker→worker2 203.0.113.10→10.244.2.7:8080/TCP"},
		{"as far as a node that refuses it", kubeProxy120, func(f *fixture) {
			f.nodePort("worker2")
			f.fromOutside("worker2")
			f.only()
		}, "→worker2 203.0.113.10→192.168.50.12:30080/TCP"},
		{"nothing that is not known", kubeProxy120, func(f *fixture) {
			remoteOnly(f)
			f.service.Labels = model.Labels{"service.kubernetes.io/headless": ""}
		}, ""},
	} {
		t.Run(r.claim, func(t *testing.T) {
			f := newFixture(r.datapath)
			r.given(f)
			assert.Equal(t, r.want, crossings(f.resolve()[0]))
		})
	}
}

// crossings tells a Path's Crossings, "FROM→TO FORM PACKET" each.
func crossings(p dnat.Path) string {
	var list []string
	for _, c := range p.Crossings {
		doubt := ""
		if c.Doubt != "" {
			doubt = "doubtful"
		}
		words := strings.Fields(fmt.Sprintf("%s→%s %s %s→%s:%d/%s", nodeName(c.From), nodeName(c.To), cmp.Or(doubt, c.Tunnel),
			c.Packet.Source.Addr, c.Packet.Destination.Addr, c.Packet.Port, c.Packet.Protocol))
		list = append(list, strings.Join(words, " "))
	}
	return strings.Join(list, ", ")
}

func nodeName(n *model.Node) string {
	if n == nil {
		return ""
	}
	return n.Name
}
