package dnat

import (
	"fmt"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// optionNodePortAddresses lists prefixes, separated by spaces or commas.
const optionNodePortAddresses = "nodeport-addresses"

// Drops that only a packet off the wire meets. Source: pkg/monitor/api/drop.go,
// api/v1/flow/flow.proto.
func dropClusterIP() *model.DropReason {
	return &model.DropReason{Code: 174, Name: "IS_A_CLUSTERIP", Text: "Is a ClusterIP"}
}

func dropSourceRange() *model.DropReason {
	return &model.DropReason{Code: 177, Name: "DENIED_BY_LB_SRC_RANGE_CHECK", Text: "Denied by LB src range check"}
}

// northSouth answers for a packet that reaches a node off the wire and that
// Cilium, in kube-proxy's place, translates at the node's device. Source:
// bpf/lib/nodeport.h nodeport_svc_lb4.
func northSouth(q *query) []Path { return q.onEach(q.northSouthEntries(), q.northSouthOn) }

// northSouthEntries: a packet that left the cluster for an address which no node
// has comes back by some node.
func (q *query) northSouthEntries() []*model.Node {
	if party := q.frontendParty(); party.Kind == model.PartyNode {
		return []*model.Node{party.Node}
	}
	return q.gateways()
}

func (q *query) northSouthOn(a arrival) []Path {
	for _, rule := range []func(arrival) []Path{q.cameBack, q.unlisted, q.noFrontend, q.clusterIPFromOutside, q.outsideCiliumRanges} {
		if paths := rule(a); len(paths) > 0 {
			return paths
		}
	}
	found := q.ciliumChoice(q.external(a.node))
	if len(found.backends) == 0 {
		subject := fmt.Sprintf("Service %s port %s %s", serviceRef(q.Service), portText(q.servicePort(), q.Protocol), found.none)
		return q.because(q.northSouthNoBackend(a, subject), found)
	}
	paths := make([]Path, 0, len(found.backends))
	for _, c := range found.backends {
		paths = append(paths, q.northSouthPath(a, c))
	}
	return paths
}

// cameBack: a node drops a packet off the wire that carries its own address as
// the source, as one does that went out for an address of no node and was sent
// back. Source: Linux net/ipv4/fib_frontend.c fib_validate_source; seen on a live
// cluster.
func (q *query) cameBack(a arrival) []Path {
	if a.from == fromAfar {
		return nil
	}
	return q.deniedOn(a, ByNone, fmt.Sprintf(
		"Cilium translates an external IP that no node has only at the node where it enters: the packet leaves %s under its own address, and where the network sends it back there, %s drops it as forged", a.node.Name, a.node.Name),
		model.SeesTimeout)
}

// unlisted: with nodeport-addresses Cilium serves NodePorts and hostPorts on the
// node's addresses of that list; on others a packet off the wire finds the port
// closed. Who translates before there is a packet needs no such entry. Source:
// pkg/loadbalancer/reconciler/bpf_reconciler.go (expansion to node addresses),
// pkg/datapath/tables/node_address.go.
func (q *query) unlisted(a arrival) []Path {
	if q.Frontend != model.FrontendNodePort && q.Frontend != model.FrontendHostPort || q.listed() {
		return nil
	}
	return q.deniedOn(a, ByNone, fmt.Sprintf("Cilium serves %ss on the addresses of nodeport-addresses (%s) only, and %s is not among them: port %d is closed there",
		frontendNoun(q.Frontend), q.settings.Options[optionNodePortAddresses], q.Addr, q.PortNumber), model.SeesRefused)
}

func (q *query) listed() bool {
	prefixes := prefixList(strings.ReplaceAll(q.settings.Options[optionNodePortAddresses], " ", ","))
	return len(prefixes) == 0 || q.Addr.IsLoopback() || within(prefixes, q.Addr)
}

// noFrontend answers for a port that the Service does not have, and for an
// address with ipMode Proxy.
func (q *query) noFrontend(a arrival) []Path {
	switch {
	case q.Port == nil:
		return q.undefinedPortFromOutside(a)
	case q.ipModeProxy():
		return q.undeterminedOn(a, q.proxyModeWhy())
	}
	return nil
}

// undefinedPortFromOutside: the entry for port 0, where there is one, drops the
// packet before Cilium looks what kind of frontend it is.
func (q *query) undefinedPortFromOutside(a arrival) []Path {
	subject := fmt.Sprintf("Service %s has no port %s: Cilium (BPF, on %s)", serviceRef(q.Service), portText(q.PortNumber, q.Protocol), a.node.Name)
	paths := q.deniedOn(a, ByNone, subject+" has no backend for it, and nobody answers", model.SeesTimeout)
	if q.Frontend != model.FrontendExternalIP && q.settings.wildcardEntries() {
		paths = q.deniedOn(a, ByCiliumBPF, subject+" drops the packet", model.SeesTimeout)
		drop := model.DropServiceNoBackend
		paths[0].Service.DropReason = &drop
	}
	paths[0].Hint = q.portHint()
	return paths
}

func (q *query) clusterIPFromOutside(a arrival) []Path {
	if q.Frontend != model.FrontendClusterIP || q.settings.On("bpf-lb-external-clusterip", false) {
		return nil
	}
	paths := q.deniedOn(a, ByCiliumBPF, fmt.Sprintf("ClusterIP %s is for clients inside the cluster: Cilium (BPF, on %s) drops what comes from outside", q.frontendText(), a.node.Name), model.SeesTimeout)
	paths[0].Service.DropReason = dropClusterIP()
	paths[0].Hint = "use a NodePort or a load balancer, or set bpf.lbExternalClusterIP=true in Cilium's Helm values"
	return paths
}

// outsideCiliumRanges applies loadBalancerSourceRanges, which the annotation
// src-ranges-policy turns round. Source: bpf/lib/lb.h lb4_src_range_ok.
func (q *query) outsideCiliumRanges(a arrival) []Path {
	listed := within(q.Service.SourceRanges, a.source.Addr)
	denies := q.settings.version.AtLeast(1, 17, 0) && strings.EqualFold(q.Service.CiliumAnnotations["src-ranges-policy"], "deny")
	if len(q.Service.SourceRanges) == 0 || !q.rangesHold() || listed != denies {
		return nil
	}
	what := fmt.Sprintf("Cilium (BPF, on %s) drops the packet", a.node.Name)
	paths := q.deniedByRanges(a, ByCiliumBPF, what)
	if denies {
		paths[0].Service.Why = fmt.Sprintf("%s is in loadBalancerSourceRanges of Service %s, which its annotation src-ranges-policy makes a list of those denied: %s", a.source.Addr, serviceRef(q.Service), what)
		paths[0].Hint = fmt.Sprintf("take the client's address out of loadBalancerSourceRanges of Service %s", serviceRef(q.Service))
	}
	paths[0].Service.DropReason = dropSourceRange()
	return paths
}

// rangesHold says for which frontends Cilium holds the ranges. Source:
// pkg/loadbalancer/service.go GetSourceRangesEnabled (ExternalIPs from 1.20 on),
// before 1.18.6 pkg/loadbalancer/reconciler/bpf_reconciler.go CheckSourceRange
// (every frontend), at 1.17 pkg/k8s/watchers/service.go configureWithSourceRanges.
func (q *query) rangesHold() bool {
	v, all := q.settings.version, q.settings.On("bpf-lb-source-range-all-types", false)
	switch {
	case q.Frontend == model.FrontendLoadBalancer, v.AtLeast(1, 18, 0) && !v.AtLeast(1, 18, 6):
		return true
	case q.Frontend == model.FrontendExternalIP:
		return v.AtLeast(1, 20, 0) || all && v.AtLeast(1, 18, 0)
	}
	return all && v.AtLeast(1, 17, 0)
}

func (q *query) northSouthPath(a arrival, c candidate) Path {
	party, unknown := q.party(c)
	backend := Backend{Party: party, Port: c.port, Slice: c.slice.Origin}
	if unknown != "" {
		path := q.undeterminedOn(a, unknown)[0]
		path.Backend = &backend
		return path
	}
	masquerade := a.isElsewhere(party) && !q.settings.directReturn(q.Protocol)
	t := Translation{By: ByCiliumBPF, Node: a.node.Name, Masquerade: masquerade}
	if dropped := q.sctpPortChanged(t, backend); dropped != nil {
		return *dropped
	}
	path := q.arrive(a, t, backend)
	if masquerade && q.Protocol == model.SCTP {
		path.Conditions = append(path.Conditions, fmt.Sprintf("the client's source port is one that %s can masquerade with as it is: Cilium changes no port of SCTP", a.node.Name))
	}
	why := fmt.Sprintf("Cilium (BPF, on %s) translates %s %s to the backend's %s where the packet enters", a.node.Name, frontendNoun(q.Frontend), q.frontendText(), c.text())
	switch {
	case a.isElsewhere(party) && !masquerade:
		why += "; the backend answers the client directly (DSR), so it sees the client's own address"
	case !q.Source.Outside() && q.Source.Kind == model.PartyPod:
		why += fmt.Sprintf(", after the client's egress policy, which sees %s", q.frontendWords())
	}
	path.Service = q.stepOn(a, model.Allowed, why+q.seenWords(a, path))
	path.Service.By = q.origins(c.slice)
	return path
}

// directReturn says whether backends on other nodes answer the client
// themselves: bpf-lb-mode dsr does it for all protocols, hybrid for TCP.
// Source: pkg/loadbalancer/loadbalancer.go ToSVCForwardingMode.
func (s settings) directReturn(p model.Protocol) bool {
	mode := s.Options["bpf-lb-mode"]
	return mode == "dsr" || mode == "hybrid" && p == model.TCP
}

// northSouthNoBackend: the same answer as pods get, or none.
func (q *query) northSouthNoBackend(a arrival, subject string) []Path {
	paths := q.perPacketNoBackend(subject, q.Service.ExternalTrafficLocal, a.node.Name)
	for i := range paths {
		paths[i].Translation.Node = a.node.Name
		paths[i].Service.Node = a.node.Name
		paths[i].Service.Why = fmt.Sprintf("%s (at node %s, where the packet enters)", paths[i].Service.Why, a.node.Name)
		paths[i].Egress = q.egressToFrontend()
	}
	return paths
}
