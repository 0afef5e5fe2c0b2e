package dnat_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// The sentences are what a user reads, so they are fixed here word by word.
func TestWhy(t *testing.T) {
	rows := []struct {
		claim     string
		datapath  model.Datapath
		given     func(f *fixture)
		why, hint string
	}{
		{"port and targetPort differ", kubeProxy118, func(f *fixture) { f.only(b0) },
			"Cilium (BPF, on worker) translates ClusterIP 10.96.0.20:80 to the backend's 10.244.2.7:8080 before egress policy, so policy must allow the targetPort 8080, not the Service's port 80", ""},
		{"port and targetPort are one", kubeProxy118, func(f *fixture) { f.only(b0); f.ask("10.96.0.20", 53, model.UDP) },
			"Cilium (BPF, on worker) translates ClusterIP 10.96.0.20:53 to the backend's 10.244.2.7:53 before egress policy, so policy sees the backend, not the Service", ""},
		{"the socket load balancer", socketLB120, func(f *fixture) { f.only(b0) },
			"Cilium's socket load balancer (on worker) turns ClusterIP 10.96.0.20:80 into the backend's 10.244.2.7:8080 when the client connects, before egress policy, so policy must allow the targetPort 8080, not the Service's port 80", ""},
		{"IPv6 addresses have brackets", kubeProxy120, func(f *fixture) {
			f.only(endpoint("b-0", "worker2", "fd00:2::7"))
			f.ask("fd00:96::20", 80, model.TCP)
		}, "Cilium (BPF, on worker) translates ClusterIP [fd00:96::20]:80 to the backend's [fd00:2::7]:8080 before egress policy, so policy must allow the targetPort 8080, not the Service's port 80", ""},
		{"a terminating backend", kubeProxy118, func(f *fixture) {
			f.only(draining(b0))
		}, "Cilium (BPF, on worker) translates ClusterIP 10.96.0.20:80 to the backend's 10.244.2.7:8080 before egress policy, so policy must allow the targetPort 8080, not the Service's port 80; the backend is terminating, and serves because no endpoint is ready", ""},
		{"no endpoints", kubeProxy118, func(f *fixture) { f.only() },
			"Service dev/b port 80/TCP has no endpoints: Cilium (BPF, on worker) rejects the packet before any policy is asked, with an ICMP port unreachable",
			"no pod serves it: compare spec.selector with the pods' labels, and a named targetPort with the pods' container ports"},
		{"no endpoints, 1.20.2", kubeProxy120, func(f *fixture) { f.only(); f.service.Selector = nil },
			"Service dev/b port 80/TCP has no endpoints: Cilium (BPF, on worker) rejects the packet before any policy is asked, with an ICMP port unreachable that gets lost on its way to the client in this version",
			"the Service has no selector, so its endpoints must be written: add an EndpointSlice"},
		{"no endpoints, socket load balancer", socketLB120, func(f *fixture) { f.only() },
			"Service dev/b port 80/TCP has no endpoints: Cilium's socket load balancer fails the client's connect() with EHOSTUNREACH, and no policy is asked",
			"no pod serves it: compare spec.selector with the pods' labels, and a named targetPort with the pods' container ports"},
		{"no endpoint is ready", kubeProxy118, func(f *fixture) {
			f.only(unready(b0))
		}, "Service dev/b port 80/TCP has 1 endpoint, none of them ready: Cilium (BPF, on worker) rejects the packet before any policy is asked, with an ICMP port unreachable", ""},
		{"no endpoint on this node", kubeProxy118, func(f *fixture) { f.only(b0); f.service.InternalTrafficLocal = true },
			"Service dev/b port 80/TCP has internalTrafficPolicy Local and no endpoint on worker, where the client is: Cilium (BPF, on worker) rejects the packet before any policy is asked, with an ICMP port unreachable",
			"run a backend on worker, or set internalTrafficPolicy to Cluster"},
		{"no endpoint has the named port", kubeProxy118, func(f *fixture) { f.slice.Ports = f.slice.Ports[1:] },
			`Service dev/b port 80/TCP has no IPv4 endpoint with a port for its targetPort "http": Cilium (BPF, on worker) rejects the packet before any policy is asked, with an ICMP port unreachable`,
			`name a container port "http" in the pods, or write the targetPort as a number`},
		{"no endpoint has the port", kubeProxy118, func(f *fixture) { f.ask("10.96.0.20", 9090, model.TCP) },
			"Service dev/b port 9090/TCP has no IPv4 endpoint for this port: Cilium (BPF, on worker) rejects the packet before any policy is asked, with an ICMP port unreachable", ""},
		{"an undefined port, up to 1.18", kubeProxy118, func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP) },
			"Service dev/b has no port 81/TCP: nothing translates 10.96.0.20:81, egress policy sees it as an address outside the cluster, and nobody answers",
			"connect to a port that Service dev/b has: 80/TCP (web), 53/UDP (dns), 38412/SCTP (n2), 9090/TCP (metrics)"},
		{"an undefined port, from 1.19 on", kubeProxy119, func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP) },
			"Service dev/b has no port 81/TCP: Cilium (BPF, on worker) rejects the packet before any policy is asked, with an ICMP port unreachable",
			"connect to a port that Service dev/b has: 80/TCP (web), 53/UDP (dns), 38412/SCTP (n2), 9090/TCP (metrics)"},
		{"the targetPort in the place of the port", kubeProxy119, func(f *fixture) { f.ask("10.96.0.20", 9100, model.TCP) },
			"Service dev/b has no port 9100/TCP: Cilium (BPF, on worker) rejects the packet before any policy is asked, with an ICMP port unreachable",
			"9100 is the targetPort: connect to the Service's port 9090"},
		{"ICMP", kubeProxy120, func(f *fixture) { f.ask("10.96.0.20", 8, model.ICMP) },
			"a Service forwards no ICMP: nothing translates 10.96.0.20, egress policy sees it as an address outside the cluster, and nobody answers", ""},
		{"kube-proxy, for a pod", kubeProxy120, func(f *fixture) { f.only(b0); f.nodePort("worker2") },
			"kube-proxy translates only on the node (here worker2), after egress policy: policy sees node worker2 and nodePort 30080; the backend is 10.244.2.7:8080; worker2 masquerades it, and the backend's policy sees the world under an address of worker2, not the client", ""},
		{"kube-proxy, for a pod that asks for a virtual address", kubeProxy120, func(f *fixture) { f.only(b1); f.frontend(model.FrontendLoadBalancer, vip) },
			"kube-proxy translates only on the node (here worker), after egress policy: policy sees address 192.0.2.11 and port 80; the backend is 10.244.1.8:8080", ""},
		{"kube-proxy, for a node", kubeProxy120, func(f *fixture) { f.only(b0); f.fromNode("worker") },
			"kube-proxy (on worker) translates ClusterIP 10.96.0.20:80 to the backend's 10.244.2.7:8080", ""},
		{"kube-proxy, for the outside", kubeProxy120, func(f *fixture) { f.only(b0); f.nodePort("worker"); f.fromOutside("") },
			"kube-proxy (on worker) translates NodePort 192.168.50.11:30080 to the backend's 10.244.2.7:8080; the backend's policy sees node worker, not the client", ""},
		{"kube-proxy without a local endpoint", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.service.ExternalTrafficLocal = true
			f.nodePort("worker")
			f.fromOutside("")
		}, "Service dev/b port 80/TCP has externalTrafficPolicy Local and no endpoint on worker: kube-proxy (on worker) drops the packet",
			"run a backend on worker, or set externalTrafficPolicy to Cluster"},
		{"a source range", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.frontend(model.FrontendLoadBalancer, vip)
			f.service.SourceRanges = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
		}, "10.244.1.5 is not in loadBalancerSourceRanges of Service dev/b: kube-proxy (on worker) drops the packet",
			"add the client's address to loadBalancerSourceRanges of Service dev/b"},
		{"Cilium in kube-proxy's place, for the outside", socketLB120, func(f *fixture) { f.only(b0); f.nodePort("worker"); f.fromOutside("") },
			"Cilium (BPF, on worker) translates NodePort 192.168.50.11:30080 to the backend's 10.244.2.7:8080 where the packet enters; the backend's policy sees node worker, not the client", ""},
		{"direct server return", socketLB120, func(f *fixture) { f.only(b0); f.nodePort("worker"); f.fromOutside(""); f.set("bpf-lb-mode", "dsr") },
			"Cilium (BPF, on worker) translates NodePort 192.168.50.11:30080 to the backend's 10.244.2.7:8080 where the packet enters; the backend answers the client directly (DSR), so it sees the client's own address", ""},
		{"a NodePort at the socket", socketLB120, func(f *fixture) { f.only(b0); f.nodePort("worker2") },
			"Cilium's socket load balancer (on worker) turns NodePort 192.168.50.12:30080 into the backend's 10.244.2.7:8080 when the client connects, before egress policy, so policy must allow the targetPort 8080, not the nodePort 30080", ""},
		{"SCTP", kubeProxy120, func(f *fixture) { f.send("10.244.2.7", 38412, model.SCTP) },
			"Cilium (BPF, on worker) drops every SCTP packet of a pod, whatever the policies say, because enable-sctp is not true", "set sctp.enabled=true in Cilium's Helm values"},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(row.datapath)
			row.given(f)
			path := f.resolve()[0]
			assert.Equal(t, row.why, path.Service.Why)
			assert.Equal(t, row.hint, path.Hint)
		})
	}
}

func TestALostReplySaysWhy(t *testing.T) {
	f := newFixture(kubeProxy120)
	f.thirdNode()
	f.only(b0)
	f.service.ExternalTrafficLocal = true
	f.nodePort("worker3")
	step := f.resolve()[0].Return
	assert.Equal(t, model.StageReturn, step.Stage)
	assert.Equal(t, model.Denied, step.Verdict)
	assert.Equal(t, "kube-proxy on worker3 takes the client for one of its own pods and does not masquerade: pod dev/b-0 answers 10.244.1.5 directly, by a way around worker3, and the client does not know the answer", step.Why)
	assert.Equal(t, "use a node that runs a backend, or set externalTrafficPolicy to Cluster on Service dev/b", step.Hint)
}

func TestSkippedPolicySaysWhy(t *testing.T) {
	toSelf := func(f *fixture) { f.only(self) }
	for _, row := range []struct {
		claim    string
		datapath model.Datapath
		given    func(f *fixture)
		want     string
	}{
		{"for each packet", kubeProxy120, toSelf, "pod dev/a reaches itself through its own Service: Cilium asks neither policy"},
		{"at the socket", socketLB120, toSelf, "pod dev/a reaches itself through its own Service: the packet never leaves the pod, so no policy sees it"},
		{"directly", kubeProxy120, func(f *fixture) { f.send("10.244.1.5", 80, model.TCP) }, "pod dev/a sends to itself: the packet never leaves the pod, so no policy sees it"},
		{"over loopback", kubeProxy120, func(f *fixture) { f.send("127.0.0.1", 80, model.TCP) }, "pod dev/a sends to itself: the packet never leaves the pod, so no policy sees it"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(row.datapath)
			row.given(f)
			assert.Equal(t, row.want, f.resolve()[0].SkipPolicy)
		})
	}
}

func TestStepNamesWhatDecided(t *testing.T) {
	service := model.Origin{File: "b.yaml", Line: 3, Kind: "Service", Namespace: "dev", Name: "b", Rule: "ports[0]"}
	t.Run("the Service's port and the slice", func(t *testing.T) {
		f := newFixture(kubeProxy120)
		assert.Equal(t, []model.Origin{service, f.slice.Origin}, f.resolve()[0].Service.By)
		assert.Equal(t, f.slice.Origin, f.resolve()[0].Backend.Slice)
	})
	t.Run("no slice that only netsim made", func(t *testing.T) {
		f := newFixture(kubeProxy120)
		f.slice.Made = true
		assert.Equal(t, []model.Origin{service}, f.resolve()[0].Service.By)
	})
	t.Run("the slices that have no endpoint", func(t *testing.T) {
		f := newFixture(socketLB120)
		f.only()
		assert.Equal(t, []model.Origin{service, f.slice.Origin}, f.resolve()[0].Service.By)
	})
	t.Run("the Service alone where it lacks the port", func(t *testing.T) {
		f := newFixture(socketLB120)
		f.ask("10.96.0.20", 81, model.TCP)
		service.Rule = ""
		assert.Equal(t, []model.Origin{service}, f.resolve()[0].Service.By)
	})
}
