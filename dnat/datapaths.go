package dnat

import (
	"fmt"
	"slices"

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
	// modeSocketLB is kubeProxyReplacement=true with the socket load balancer,
	// which translates inside the client's connect() or sendmsg(); for packets
	// off the wire, kubeProxyReplacement=true as such.
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
	paths    func(*query) []Path
}

// datapaths is the table. A new datapath is one file and its rows here; the
// first row that fits answers. Which frontends Cilium knows beside kube-proxy
// differs by version. Source: 1.20 pkg/loadbalancer/reconciler/bpf_reconciler.go
// isDatapathCandidate, 1.19 and 1.18 pkg/loadbalancer/reflectors/conversions.go,
// 1.17 and 1.16 pkg/k8s/service.go; seen on live 1.18.4, 1.19.4 and 1.20.2.
func datapaths() []datapath {
	return slices.Concat(untranslated(), besideKubeProxy(), replacing(), fromOutside())
}

// The kinds of sources, short enough for a table.
const (
	pod     = model.PartyPod
	node    = model.PartyNode
	outside = model.PartyAddress
)

// The frontends that somebody translates, likewise.
const (
	clusterIP    = model.FrontendClusterIP
	nodePort     = model.FrontendNodePort
	externalIP   = model.FrontendExternalIP
	loadBalancer = model.FrontendLoadBalancer
	hostPort     = model.FrontendHostPort
)

// untranslated are destinations that are addresses or names of other things.
func untranslated() []datapath {
	rows := []datapath{}
	for _, source := range []model.PartyKind{pod, node, outside} {
		rows = append(rows,
			datapath{source, model.FrontendNone, anyMode, versions{}, direct},
			datapath{source, model.FrontendHeadless, anyMode, versions{}, headless},
			datapath{source, model.FrontendExternalName, anyMode, versions{}, externalName})
	}
	return rows
}

// besideKubeProxy are the rows of kubeProxyReplacement=false.
func besideKubeProxy() []datapath {
	return []datapath{
		{pod, clusterIP, modeKubeProxy, versions{}, perPacket},
		{pod, externalIP, modeKubeProxy, versions{from: 19}, perPacket},
		{pod, externalIP, modeKubeProxy, versions{before: 19}, kubeProxy},
		{pod, loadBalancer, modeKubeProxy, versions{from: 19, before: 20}, perPacket},
		{pod, loadBalancer, modeKubeProxy, versions{before: 19}, kubeProxy},
		{pod, loadBalancer, modeKubeProxy, versions{from: 20}, kubeProxy},
		{pod, nodePort, modeKubeProxy, versions{}, kubeProxy},
		{pod, hostPort, modeKubeProxy, versions{}, portmap},
		{node, clusterIP, modeKubeProxy, versions{}, kubeProxy},
		{node, externalIP, modeKubeProxy, versions{}, kubeProxy},
		{node, loadBalancer, modeKubeProxy, versions{}, kubeProxy},
		{node, nodePort, modeKubeProxy, versions{}, kubeProxy},
		{node, hostPort, modeKubeProxy, versions{}, portmap},

		{pod, clusterIP, modeSocketLBBeside, versions{}, socketLB},
		{pod, externalIP, modeSocketLBBeside, versions{from: 19}, socketLBBesideExternalIP},
		{pod, externalIP, modeSocketLBBeside, versions{before: 19}, kubeProxy},
		{pod, loadBalancer, modeSocketLBBeside, versions{from: 19, before: 20}, socketLB},
		{pod, loadBalancer, modeSocketLBBeside, versions{before: 19}, kubeProxy},
		{pod, loadBalancer, modeSocketLBBeside, versions{from: 20}, kubeProxy},
		{pod, nodePort, modeSocketLBBeside, versions{}, kubeProxy},
		{pod, hostPort, modeSocketLBBeside, versions{}, portmap},
		{node, clusterIP, modeSocketLBBeside, versions{}, socketLB},
		{node, externalIP, modeSocketLBBeside, versions{from: 19}, socketLBBesideExternalIP},
		{node, externalIP, modeSocketLBBeside, versions{before: 19}, kubeProxy},
		{node, loadBalancer, modeSocketLBBeside, versions{from: 19, before: 20}, socketLB},
		{node, loadBalancer, modeSocketLBBeside, versions{before: 19}, kubeProxy},
		{node, loadBalancer, modeSocketLBBeside, versions{from: 20}, kubeProxy},
		{node, nodePort, modeSocketLBBeside, versions{}, kubeProxy},
		{node, hostPort, modeSocketLBBeside, versions{}, portmap},
	}
}

// replacing are the rows of kubeProxyReplacement=true inside the cluster.
func replacing() []datapath {
	return []datapath{
		{pod, clusterIP, modeSocketLB, versions{}, socketLB},
		{pod, loadBalancer, modeSocketLB, versions{}, socketLB},
		{pod, nodePort, modeSocketLB, versions{}, socketLB},
		{pod, externalIP, modeSocketLB, versions{}, socketLBExternalIP},
		{pod, hostPort, modeSocketLB, versions{}, ciliumHostPort},
		{node, clusterIP, modeSocketLB, versions{}, socketLB},
		{node, loadBalancer, modeSocketLB, versions{}, socketLB},
		{node, nodePort, modeSocketLB, versions{}, socketLB},
		{node, externalIP, modeSocketLB, versions{}, socketLBExternalIP},
		{node, hostPort, modeSocketLB, versions{}, ciliumHostPort},

		{pod, clusterIP, modePerPacket, versions{}, perPacket},
		{pod, loadBalancer, modePerPacket, versions{}, perPacket},
		{pod, externalIP, modePerPacket, versions{}, perPacketExternalIP},
		{pod, nodePort, modePerPacket, versions{from: 19}, perPacket},
		{pod, nodePort, modePerPacket, versions{before: 19}, perPacketNodePort},
		{pod, hostPort, modePerPacket, versions{}, ciliumHostPort},
	}
}

// fromOutside are the rows of packets off the wire.
func fromOutside() []datapath {
	rows := []datapath{
		{outside, hostPort, modeKubeProxy, versions{}, portmap},
		{outside, hostPort, modeSocketLB, versions{}, ciliumHostPort},
	}
	for _, frontend := range []model.Frontend{clusterIP, nodePort, externalIP, loadBalancer} {
		rows = append(rows,
			datapath{outside, frontend, modeKubeProxy, versions{}, kubeProxy},
			datapath{outside, frontend, modeSocketLB, versions{}, northSouth})
	}
	return rows
}

// byDatapath answers by the table.
func byDatapath(q *query) []Path {
	row, found := q.row()
	if !found {
		return q.undetermined(q.unmodelled())
	}
	return row.paths(q)
}

// sourceKind is the kind of source by which the table goes: the world is an
// address.
func (q *query) sourceKind() model.PartyKind {
	if q.Source.Kind == model.PartyWorld {
		return model.PartyAddress
	}
	return q.Source.Kind
}

func (q *query) mode() mode { return q.settings.mode(q.sourceKind(), q.Protocol) }

// row is the row that answers the query. Where it hangs on a version that
// nobody knows, none does.
func (q *query) row() (row datapath, found bool) {
	source, mode := q.sourceKind(), q.mode()
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
