package dnat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// Each row is one question, each column the answer of one datapath, so that
// what a migration changes stands side by side.
type clusterIPRow struct {
	question                               string
	given                                  func(f *fixture)
	kp118, kp119, kp120, socket, perPacket lines
}

// lines are the summaries of all paths.
type lines []string

// The answers that many rows share.
var (
	bpf          = lines{"allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"}
	sock         = lines{"allowed by socket-lb, to b-0:8080, egress sees b-0:8080, ingress sees a"}
	bpfLocal     = lines{"allowed by cilium-bpf, to b-1:8080, egress sees b-1:8080, ingress sees a"}
	sockLocal    = lines{"allowed by socket-lb, to b-1:8080, egress sees b-1:8080, ingress sees a"}
	bpfBoth      = lines{bpfLocal[0], bpf[0]}
	sockBoth     = lines{sockLocal[0], sock[0]}
	bpfNode      = lines{"allowed by cilium-bpf, to worker2:8080, egress sees worker2:8080, ingress sees a"}
	sockNode     = lines{"allowed by socket-lb, to worker2:8080, egress sees worker2:8080, ingress sees a"}
	bpfSelf      = lines{"allowed by cilium-bpf, to a:8080, masqueraded as 169.254.42.1, policy skipped"}
	sockSelf     = lines{"allowed by socket-lb, to a:8080, policy skipped"}
	bpfUDP       = lines{"allowed by cilium-bpf, to b-0:53, egress sees b-0:53, ingress sees a"}
	sockUDP      = lines{"allowed by socket-lb, to b-0:53, egress sees b-0:53, ingress sees a"}
	bpfSCTP      = lines{"allowed by cilium-bpf, to b-0:38412, egress sees b-0:38412, ingress sees a"}
	rejected     = lines{"denied by cilium-bpf, client sees refused"}
	rejectLost   = lines{"denied by cilium-bpf, client sees timeout"}
	dropped      = lines{"denied by cilium-bpf, drop 158, client sees timeout"}
	connectFails = lines{"denied by socket-lb, client sees unreachable"}
	nobody       = lines{"denied by none"}
	sctpDrop     = lines{"denied by none, drop 137, client sees timeout"}
)

func lost(port string) lines {
	return lines{"denied by none, egress sees address 10.96.0.20:" + port + ", client sees timeout"}
}

// The endpoints that the rows arrange.
var (
	b0   = endpoint("b-0", "worker2", "10.244.2.7")
	b1   = endpoint("b-1", "worker", "10.244.1.8")
	self = endpoint("a", "worker", "10.244.1.5")
)

func draining(e model.Endpoint) model.Endpoint {
	e.Ready, e.Terminating = false, true
	return e
}

func unready(e model.Endpoint) model.Endpoint {
	e.Ready, e.Serving = false, false
	return e
}

func inZone(e model.Endpoint, zone string) model.Endpoint {
	e.HintZones = []string{zone}
	return e
}

func (row clusterIPRow) run(t *testing.T) {
	for _, column := range []struct {
		datapath model.Datapath
		want     lines
	}{{kubeProxy118, row.kp118}, {kubeProxy119, row.kp119}, {kubeProxy120, row.kp120}, {socketLB120, row.socket}, {perPacket119, row.perPacket}} {
		f := newFixture(column.datapath)
		row.given(f)
		assert.Equal(t, []string(column.want), summary(f.resolve()), "Cilium %s, KPR %v", column.datapath.CiliumVersion, column.datapath.KubeProxyReplacement)
	}
}

func TestClusterIPBackends(t *testing.T) {
	for _, row := range []clusterIPRow{
		{"a Service with two backends has a path to each, sorted by address, and policy sees the targetPort", func(f *fixture) {}, bpfBoth, bpfBoth, bpfBoth, sockBoth, bpfBoth},
		{"an endpoint that two slices list is one backend", func(f *fixture) {
			f.only(b0)
			again := *f.slice
			f.cluster.EndpointSlices = append(f.cluster.EndpointSlices, &again)
		}, bpf, bpf, bpf, sock, bpf},
		{"an endpoint that one slice calls unready and another ready is ready", func(f *fixture) {
			f.only(b0)
			stale := *f.slice
			stale.Endpoints = []model.Endpoint{unready(b0), draining(b1)}
			f.cluster.EndpointSlices = []*model.EndpointSlice{&stale, f.slice}
		}, bpf, bpf, bpf, sock, bpf},
		{"an endpoint that is not ready gets nothing", func(f *fixture) { f.only(b0, unready(b1)) }, bpf, bpf, bpf, sock, bpf},
		{"a terminating endpoint gets nothing while another is ready", func(f *fixture) { f.only(b0, draining(b1)) }, bpf, bpf, bpf, sock, bpf},
		{"a terminating endpoint serves when no other is ready", func(f *fixture) { f.only(unready(b1), draining(b0)) }, bpf, bpf, bpf, sock, bpf},
		{"session affinity chooses a backend and never takes one away", func(f *fixture) { f.only(b0); f.service.SessionAffinity = true }, bpf, bpf, bpf, sock, bpf},
		{"internalTrafficPolicy Local keeps to the client's node", func(f *fixture) { f.service.InternalTrafficLocal = true }, bpfLocal, bpfLocal, bpfLocal, sockLocal, bpfLocal},
		{"an endpoint without a node name is local everywhere", func(f *fixture) {
			homeless := b0
			homeless.Node = ""
			f.only(homeless)
			f.service.InternalTrafficLocal = true
		}, bpf, bpf, bpf, sock, bpf},
		{"a pod that reaches itself through its Service needs no policy", func(f *fixture) { f.only(self) }, bpfSelf, bpfSelf, bpfSelf, sockSelf, bpfSelf},
		{"UDP takes the way of TCP", func(f *fixture) { f.only(b0); f.ask("10.96.0.20", 53, model.UDP) }, bpfUDP, bpfUDP, bpfUDP, sockUDP, bpfUDP},
		{"SCTP, once enabled, is translated for each packet in every mode", func(f *fixture) {
			f.only(b0)
			f.ask("10.96.0.20", 38412, model.SCTP)
			f.set("enable-sctp", "true")
		}, bpfSCTP, bpfSCTP, bpfSCTP, bpfSCTP, bpfSCTP},
		{"a backend on a hostNetwork pod is its node", func(f *fixture) { f.only(endpoint("proxy", "worker2", "192.168.50.12")) }, bpfNode, bpfNode, bpfNode, sockNode, bpfNode},
		{"an IPv6 ClusterIP has the IPv6 backends", func(f *fixture) {
			f.only(b0, endpoint("b-0", "worker2", "fd00:2::7"))
			f.ask("fd00:96::20", 80, model.TCP)
		}, bpf, bpf, bpf, sock, bpf},
		{"a slice's port of another protocol is not the Service's, whatever its name", func(f *fixture) {
			f.only(b0)
			f.slice.Ports = append(f.slice.Ports, model.EndpointPort{Name: "web", Port: 8443, Protocol: model.UDP})
		}, bpf, bpf, bpf, sock, bpf},
	} {
		t.Run(row.question, row.run)
	}
}

func TestClusterIPWithoutBackend(t *testing.T) {
	for _, row := range []clusterIPRow{
		{"nobody answers for a Service without endpoints", func(f *fixture) { f.only() }, rejected, rejected, rejectLost, connectFails, rejected},
		{"endpoints none of which is ready are as none", func(f *fixture) { f.only(unready(b0), unready(b1)) }, rejected, rejected, rejectLost, connectFails, rejected},
		{"endpoints without the named targetPort are as none", func(f *fixture) { f.ask("10.96.0.20", 9090, model.TCP) }, rejected, rejected, rejectLost, connectFails, rejected},
		{"service-no-backend-response=drop says nothing to a client whose packets reach the program", func(f *fixture) { f.only(); f.set("service-no-backend-response", "drop") },
			dropped, dropped, dropped, connectFails, dropped},
		{"enable-no-service-endpoints-routable=false leaves the ClusterIP untranslated from 1.19 on, and nobody has a backend", func(f *fixture) { f.only(); f.set("enable-no-service-endpoints-routable", "false") },
			rejected, nobody, nobody, lines{"denied by none, egress sees address 10.96.0.20:80"}, nobody},
		{"enable-no-service-endpoints-routable=false drops where traffic has to stay local", func(f *fixture) {
			f.only()
			f.service.InternalTrafficLocal = true
			f.set("enable-no-service-endpoints-routable", "false")
		}, rejected, dropped, dropped, connectFails, dropped},
		{"internalTrafficPolicy Local with no local endpoint is as none", func(f *fixture) { f.only(b0); f.service.InternalTrafficLocal = true }, rejected, rejected, rejectLost, connectFails, rejected},
		{"a port that the Service lacks is refused from 1.19 on where the program looks for wildcards, else the packet is lost outside", func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP) },
			lost("81"), rejected, rejectLost, lost("81"), lost("81")},
		{"a port that the Service has for another protocol is one that it lacks", func(f *fixture) { f.ask("10.96.0.20", 80, model.UDP) },
			lost("80"), rejected, rejectLost, lost("80"), lost("80")},
		{"bpf-lb-enable-wildcard-entries=false answers for no undefined port", func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP); f.set("bpf-lb-enable-wildcard-entries", "false") },
			lost("81"), lost("81"), lost("81"), lost("81"), lost("81")},
		{"enable-bpf-masquerade switches off the wildcard lookup too", func(f *fixture) { f.ask("10.96.0.20", 81, model.TCP); f.set("enable-bpf-masquerade", "true") },
			lost("81"), lost("81"), lost("81"), lost("81"), lost("81")},
		{"ICMP to a ClusterIP is translated by nobody", func(f *fixture) { f.ask("10.96.0.20", 8, model.ICMP) }, lost("8"), lost("8"), lost("8"), lost("8"), lost("8")},
		{"SCTP is dropped by default", func(f *fixture) { f.ask("10.96.0.20", 38412, model.SCTP) }, sctpDrop, sctpDrop, sctpDrop, sctpDrop, sctpDrop},
		{"an IPv6 ClusterIP without IPv6 backends is refused, in 1.20 too", func(f *fixture) { f.ask("fd00:96::20", 80, model.TCP) },
			rejected, rejected, rejected, connectFails, rejected},
	} {
		t.Run(row.question, row.run)
	}
}

func TestClusterIPTopologyHints(t *testing.T) {
	hinted := func(distribution string, endpoints ...model.Endpoint) func(f *fixture) {
		return func(f *fixture) {
			f.only(endpoints...)
			f.service.TrafficDistribution = distribution
			f.set("enable-service-topology", "true")
		}
	}
	crossed := []model.Endpoint{inZone(b0, "east"), inZone(b1, "west")}
	for _, row := range []clusterIPRow{
		{"hints count for nothing by default", func(f *fixture) { hinted("PreferClose", crossed...)(f); f.set("enable-service-topology", "false") }, bpfBoth, bpfBoth, bpfBoth, sockBoth, bpfBoth},
		{"hints count for nothing where the Service does not ask for them", hinted("", crossed...), bpfBoth, bpfBoth, bpfBoth, sockBoth, bpfBoth},
		{"PreferClose keeps to the hinted zone", hinted("PreferClose", crossed...), bpf, bpf, bpf, sock, bpf},
		{"PreferSameZone does so from 1.20 on", hinted("PreferSameZone", crossed...), bpfBoth, bpfBoth, bpf, sock, bpfBoth},
		{"so does the annotation", func(f *fixture) { hinted("", crossed...)(f); f.service.TopologyMode = true }, bpf, bpf, bpf, sock, bpf},
		{"one endpoint without a hint makes all hints void", hinted("PreferClose", inZone(b0, "east"), b1), bpfBoth, bpfBoth, bpfBoth, sockBoth, bpfBoth},
		{"hints that name no endpoint of the client's zone are void", hinted("PreferClose", inZone(b0, "west"), inZone(b1, "west")), bpfBoth, bpfBoth, bpfBoth, sockBoth, bpfBoth},
		{"PreferSameNode keeps to the client's node from 1.20 on", hinted("PreferSameNode", b0, b1), bpfBoth, bpfBoth, bpfLocal, sockLocal, bpfBoth},
		{"PreferSameNode goes anywhere where that node has none", hinted("PreferSameNode", b0, unready(b1)), bpf, bpf, bpf, sock, bpf},
		{"internalTrafficPolicy Local leaves no room for hints", func(f *fixture) {
			local := b0
			local.Node = "worker"
			hinted("PreferClose", inZone(local, "east"), inZone(b1, "west"))(f)
			f.service.InternalTrafficLocal = true
		}, bpfBoth, bpfBoth, bpfBoth, sockBoth, bpfBoth},
	} {
		t.Run(row.question, row.run)
	}
	for claim, want := range map[bool]lines{false: bpf, true: bpfBoth} {
		f := newFixture(version(kubeProxy118, "1.17.14"))
		hinted("", crossed...)(f)
		f.service.ExternalTrafficLocal = claim
		assert.Equal(t, []string(want), summary(f.resolve()), "up to 1.17 hints alone decide, unless externalTrafficPolicy is Local: %v", claim)
	}
}
