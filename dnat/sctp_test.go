package dnat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// SCTP, from whomever, to whatever.
func TestSCTP(t *testing.T) {
	sctp := func(f *fixture) {
		f.only(b0)
		f.ask("10.96.0.20", 38412, model.SCTP)
	}
	enabled := func(f *fixture) { sctp(f); f.set("enable-sctp", "true") }
	nodePort := func(f *fixture) {
		f.request.Frontend, f.request.Addr, f.request.PortNumber = model.FrontendNodePort, addr("192.168.50.11"), 30412
	}
	runFrontends(t, []frontendRow{
		{"disabled, a node, through kube-proxy: dropped at the pod", kubeProxy120, func(f *fixture) { sctp(f); f.fromNode("worker") }, lines{"denied by kube-proxy, on worker2, to b-0:38412, drop 137, client sees timeout"}},
		{"disabled, outside, through kube-proxy: dropped at the pod", kubeProxy120, func(f *fixture) { sctp(f); nodePort(f); f.fromOutside("") }, lines{"denied by kube-proxy, on worker2, to b-0:38412, drop 137, client sees timeout"}},
		{"disabled, a node, no endpoint: kube-proxy rejects", kubeProxy120, func(f *fixture) { sctp(f); f.only(); f.fromNode("worker") }, lines{"denied by kube-proxy, client sees refused"}},
		{"disabled, a node, a backend that is no pod: none of Cilium's business", kubeProxy120, func(f *fixture) {
			sctp(f)
			f.only(model.Endpoint{Addr: addr("203.0.113.9"), Ready: true, Serving: true})
			f.fromNode("worker")
		}, lines{"allowed by kube-proxy, to address 203.0.113.9:38412, egress sees address 203.0.113.9:38412, masqueraded as 192.168.50.11"}},
		{"disabled, a node, a headless Service: dropped at the pod", kubeProxy120, func(f *fixture) {
			sctp(f)
			f.fromNode("worker")
			f.request.Frontend, f.request.Addr = model.FrontendHeadless, b0.Addr
		}, lines{"denied by none, on worker2, to b-0:38412, drop 137, client sees timeout"}},
		{"disabled, a node, kube-proxy replaced: nobody translates", socketLB120, func(f *fixture) { sctp(f); f.fromNode("worker") }, lines{"denied by none"}},
		{"disabled, outside, kube-proxy replaced: nobody translates", socketLB120, func(f *fixture) { sctp(f); nodePort(f); f.fromOutside("") }, lines{"denied by none"}},
		{"enabled, outside, kube-proxy: as ever", kubeProxy120, func(f *fixture) { enabled(f); nodePort(f); f.fromOutside("") }, lines{"allowed by kube-proxy, to b-0:38412, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"enabled, a pod, a targetPort of another number: Cilium cannot change it", kubeProxy120, func(f *fixture) { enabled(f); f.slice.Ports[2].Port = 9999 }, lines{"denied by cilium-bpf, to b-0:9999, drop 154, client sees timeout"}},
		{"enabled, outside, kube-proxy replaced, NodePort: Cilium cannot change it", socketLB120, func(f *fixture) { enabled(f); nodePort(f); f.fromOutside("") }, lines{"denied by cilium-bpf, to b-0:38412, drop 154, client sees timeout"}},
		{"enabled, outside, kube-proxy replaced, the same port all the way", socketLB120, func(f *fixture) {
			enabled(f)
			f.request.Frontend, f.request.Addr = model.FrontendLoadBalancer, addr(vip)
			f.fromOutside("worker")
		}, lines{"allowed by cilium-bpf, to b-0:38412, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"disabled, nothing else is concerned", kubeProxy120, func(f *fixture) { f.only(b0); f.fromNode("worker") }, lines{"allowed by kube-proxy, to b-0:8080, egress sees b-0:8080, ingress sees worker, masqueraded as 192.168.50.11"}},
	})
	f := newFixture(socketLB120)
	enabled(f)
	f.request.Frontend, f.request.Addr = model.FrontendLoadBalancer, addr(vip)
	f.fromOutside("worker")
	assert.Equal(t, []string{"the client's source port is one that worker can masquerade with as it is: Cilium changes no port of SCTP"}, f.resolve()[0].Conditions)
}
