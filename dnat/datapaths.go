package dnat

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// mode is who translates for a client, as the settings decide it.
type mode string

const (
	// anyMode marks rows that hold whoever translates.
	anyMode mode = ""
	// modeKubeProxy is kubeProxyReplacement=false: Cilium's per-packet load
	// balancer at the pod for the frontends that it knows, kube-proxy on the
	// node for all others.
	modeKubeProxy mode = "kube-proxy"
	// modeSocketLB translates inside the client's connect() or sendmsg().
	modeSocketLB mode = "socket LB"
	// modeSocketLBBeside is the socket load balancer beside kube-proxy: it
	// translates what Cilium knows in that mode.
	modeSocketLBBeside mode = "socket LB beside kube-proxy"
	// modePerPacket is kubeProxyReplacement=true with the socket load balancer
	// kept out of pods (or unable to serve the protocol).
	modePerPacket mode = "per-packet LB"
)

// versions are Cilium's minors of version 1 that a row is about: from the first
// on, up to but without the second; 0 is no limit.
type versions struct{ from, before int }

func (v versions) holdsFor(known model.Version) bool {
	return (v.from == 0 || known.AtLeast(1, v.from, 0)) && (v.before == 0 || !known.AtLeast(1, v.before, 0))
}

// any is a row about every version.
func (v versions) any() bool { return v == versions{} }

// datapath is one row of the table: who sends, to which kind of frontend, and
// who translates; and the function that knows the way from there.
type datapath struct {
	source   model.PartyKind
	frontend model.Frontend
	mode     mode
	versions versions
	by       string
	paths    func(*query) []Path
}

// datapaths is the table. A new datapath is one file and its rows here; the
// first row that fits answers. Which frontends Cilium knows beside kube-proxy
// differs by version. Source: 1.20 pkg/loadbalancer/reconciler/bpf_reconciler.go
// isDatapathCandidate, 1.19 and 1.18 pkg/loadbalancer/reflectors/conversions.go,
// 1.17 and 1.16 pkg/k8s/service.go; seen on live 1.18.4, 1.19.4 and 1.20.2.
func datapaths() []datapath {
	const (
		pod, node, outside              = model.PartyPod, model.PartyNode, model.PartyAddress
		clusterIP, nodePort, externalIP = model.FrontendClusterIP, model.FrontendNodePort, model.FrontendExternalIP
		loadBalancer, hostPort          = model.FrontendLoadBalancer, model.FrontendHostPort
	)
	every := versions{}
	return []datapath{
		{pod, model.FrontendNone, anyMode, every, ByNone, direct},
		{node, model.FrontendNone, anyMode, every, ByNone, direct},
		{outside, model.FrontendNone, anyMode, every, ByNone, direct},
		{pod, model.FrontendHeadless, anyMode, every, ByNone, headless},
		{node, model.FrontendHeadless, anyMode, every, ByNone, headless},
		{outside, model.FrontendHeadless, anyMode, every, ByNone, headless},
		{pod, model.FrontendExternalName, anyMode, every, ByNone, externalName},
		{node, model.FrontendExternalName, anyMode, every, ByNone, externalName},

		{pod, clusterIP, modeKubeProxy, every, ByCiliumBPF, perPacket},
		{pod, externalIP, modeKubeProxy, versions{from: 19}, ByCiliumBPF, perPacket},
		{pod, externalIP, modeKubeProxy, versions{before: 19}, ByKubeProxy, kubeProxy},
		{pod, loadBalancer, modeKubeProxy, versions{from: 19, before: 20}, ByCiliumBPF, perPacket},
		{pod, loadBalancer, modeKubeProxy, versions{before: 19}, ByKubeProxy, kubeProxy},
		{pod, loadBalancer, modeKubeProxy, versions{from: 20}, ByKubeProxy, kubeProxy},
		{pod, nodePort, modeKubeProxy, every, ByKubeProxy, kubeProxy},
		{pod, hostPort, modeKubeProxy, every, ByKubeProxy, portmap},
		{node, clusterIP, modeKubeProxy, every, ByKubeProxy, kubeProxy},
		{node, externalIP, modeKubeProxy, every, ByKubeProxy, kubeProxy},
		{node, loadBalancer, modeKubeProxy, every, ByKubeProxy, kubeProxy},
		{node, nodePort, modeKubeProxy, every, ByKubeProxy, kubeProxy},
		{node, hostPort, modeKubeProxy, every, ByKubeProxy, portmap},

		{pod, clusterIP, modeSocketLBBeside, every, BySocketLB, socketLB},
		{node, clusterIP, modeSocketLBBeside, every, BySocketLB, socketLB},
		{pod, nodePort, modeSocketLBBeside, every, ByKubeProxy, kubeProxy},
		{node, nodePort, modeSocketLBBeside, every, ByKubeProxy, kubeProxy},
		{pod, hostPort, modeSocketLBBeside, every, ByKubeProxy, portmap},
		{node, hostPort, modeSocketLBBeside, every, ByKubeProxy, portmap},

		{pod, clusterIP, modeSocketLB, every, BySocketLB, socketLB},
		{pod, loadBalancer, modeSocketLB, every, BySocketLB, socketLB},
		{pod, nodePort, modeSocketLB, every, BySocketLB, socketLB},
		{pod, externalIP, modeSocketLB, every, BySocketLB, socketLBExternalIP},
		{pod, hostPort, modeSocketLB, every, BySocketLB, ciliumHostPort},
		{node, clusterIP, modeSocketLB, every, BySocketLB, socketLB},
		{node, loadBalancer, modeSocketLB, every, BySocketLB, socketLB},
		{node, nodePort, modeSocketLB, every, BySocketLB, socketLB},
		{node, externalIP, modeSocketLB, every, BySocketLB, socketLBExternalIP},
		{node, hostPort, modeSocketLB, every, BySocketLB, ciliumHostPort},

		{pod, clusterIP, modePerPacket, every, ByCiliumBPF, perPacket},
		{pod, loadBalancer, modePerPacket, every, ByCiliumBPF, perPacket},
		{pod, externalIP, modePerPacket, every, ByCiliumBPF, perPacketExternalIP},
		{pod, nodePort, modePerPacket, versions{from: 19}, ByCiliumBPF, perPacket},
		{pod, nodePort, modePerPacket, versions{before: 19}, ByCiliumBPF, perPacketNodePort},
		{pod, hostPort, modePerPacket, every, ByCiliumBPF, ciliumHostPort},

		{outside, clusterIP, modeKubeProxy, every, ByKubeProxy, kubeProxy},
		{outside, nodePort, modeKubeProxy, every, ByKubeProxy, kubeProxy},
		{outside, externalIP, modeKubeProxy, every, ByKubeProxy, kubeProxy},
		{outside, loadBalancer, modeKubeProxy, every, ByKubeProxy, kubeProxy},
		{outside, hostPort, modeKubeProxy, every, ByKubeProxy, portmap},
		{outside, clusterIP, modeSocketLB, every, ByCiliumBPF, northSouth},
		{outside, nodePort, modeSocketLB, every, ByCiliumBPF, northSouth},
		{outside, externalIP, modeSocketLB, every, ByCiliumBPF, northSouth},
		{outside, loadBalancer, modeSocketLB, every, ByCiliumBPF, northSouth},
		{outside, hostPort, modeSocketLB, every, ByCiliumBPF, ciliumHostPort},
	}
}

// row is the row that answers the query. Where it hangs on a version that
// nobody knows, none does.
func (q *query) row() (row datapath, found bool) {
	source := q.Source.Kind
	if source == model.PartyWorld {
		source = model.PartyAddress
	}
	mode := q.settings.mode(source, q.Protocol)
	for _, d := range datapaths() {
		if d.source != source || d.frontend != q.Frontend || d.mode != anyMode && d.mode != mode {
			continue
		}
		if !d.versions.any() && !q.settings.version.Known() {
			return datapath{}, false
		}
		if d.versions.holdsFor(q.settings.version) {
			return d, true
		}
	}
	return datapath{}, false
}

// unmodelled says why no row answers.
func (q *query) unmodelled() string {
	sender := "a pod"
	switch q.Source.Kind {
	case model.PartyNode:
		sender = "a node"
	case model.PartyAddress, model.PartyWorld:
		sender = "a client outside"
	}
	if !q.settings.version.Known() {
		return fmt.Sprintf("which Cilium version %q is decides how %s reaches a frontend of type %s: write it as 1.20 or 1.20.2", q.settings.CiliumVersion, sender, q.Frontend)
	}
	return fmt.Sprintf("netsim does not model how %s reaches a frontend of type %s over %s with this datapath", sender, q.Frontend, q.Protocol)
}
