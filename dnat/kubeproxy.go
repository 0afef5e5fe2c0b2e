package dnat

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// kubeProxy answers for what kube-proxy translates: all that a node sends to a
// Service, all that comes from outside, and of what pods send the frontends that
// Cilium leaves alone. It does so on a node, so a pod's egress policy has been
// asked before, about the frontend. Source: k8s.io/kubernetes v1.37.2
// pkg/proxy/iptables/proxier.go syncProxyRules.
func kubeProxy(q *query) []Path {
	kp := *q
	kp.byKubeProxy = true
	return kp.onEach(kp.entries(), kp.kubeProxyOn)
}

func (q *query) kubeProxyOn(a arrival) []Path {
	for _, rule := range []func(arrival) []Path{
		q.unknownProxy, q.noProxy, q.noRule, q.passedOver, q.closedNodePort, q.outsideRanges, q.tunnelledToNode,
	} {
		if paths := rule(a); len(paths) > 0 {
			return paths
		}
	}
	r := q.routeFor(a)
	if len(r.backends) == 0 {
		return q.kubeProxyNoEndpoint(a, r)
	}
	paths := make([]Path, 0, len(r.backends))
	for _, c := range r.backends {
		paths = append(paths, q.kubeProxyPath(a, r, c))
	}
	return paths
}

// route is what kube-proxy's rules do with a packet for a Service.
type route struct {
	backends   []candidate
	masquerade bool
	// local is true where a traffic policy of the given name kept the backends
	// to this node.
	local  bool
	policy string
}

// routeFor chooses the chain. For ClusterIPs: the internal traffic policy, and
// masquerading for what is no pod's. For all other frontends externalTrafficPolicy
// Cluster masquerades everything, pods' packets too; with Local, what counts as a
// pod's goes to any endpoint unmasqueraded, the node's own to any endpoint
// masqueraded, and only the rest to local endpoints.
func (q *query) routeFor(a arrival) route {
	cluster := func(masquerade bool) route {
		return route{backends: q.clusterEndpoints(a.node), masquerade: masquerade}
	}
	switch {
	case q.Frontend == model.FrontendClusterIP && q.Service.InternalTrafficLocal:
		return route{backends: q.localEndpoints(a.node), local: true, policy: "internalTrafficPolicy", masquerade: q.masqueradesClusterIP(a)}
	case q.Frontend == model.FrontendClusterIP:
		return cluster(q.masqueradesClusterIP(a))
	case !q.Service.ExternalTrafficLocal:
		return cluster(true)
	case q.takesForLocalPod(a):
		return cluster(false)
	case a.from == fromHost:
		return cluster(true)
	}
	return q.fromAfarTo(a)
}

// fromAfarTo is the chain of externalTrafficPolicy Local for what is neither a
// pod's nor the node's own.
func (q *query) fromAfarTo(a arrival) route {
	return route{backends: q.localEndpoints(a.node), local: true, policy: "externalTrafficPolicy"}
}

// masqueradesClusterIP: masqueradeAll is about ClusterIPs only.
func (q *query) masqueradesClusterIP(a arrival) bool {
	how, _ := q.detector(a.node)
	return q.settings.On(optionMasqueradeAll, false) || how != noDetector && !q.takesForLocalPod(a)
}

func (q *query) kubeProxyPath(a arrival, r route, c candidate) Path {
	party, unknown := q.party(c)
	backend := Backend{Party: party, Port: c.port, Slice: c.slice.Origin}
	if unknown != "" {
		path := q.undeterminedOn(a, unknown)[0]
		path.Backend = &backend
		return path
	}
	masquerade := (r.masquerade || q.masqueradesHairpin(a, c)) && !q.staysHere(a, party)
	path := q.arrive(a, Translation{By: ByKubeProxy, Node: a.node.Name, BeforeEgressPolicy: a.from == fromHost, Masquerade: masquerade}, backend)
	path.Service = q.stepOn(a, model.Allowed, q.kubeProxyWhy(a, c)+q.seenWords(a, path))
	if c.draining() {
		path.Service.Why += "; the backend is terminating, and serves because no endpoint is ready"
	}
	path.Service.By = q.origins(c.slice)
	path.HostIngress = q.hostIngress(a)
	if q.settings.hostFirewall() && party.Kind == model.PartyNode && !a.isElsewhere(party) {
		// The node's firewall stands at its devices, which the packet has passed.
		path.Ingress = nil
	}
	path.Return = q.strayReply(a, backend, masquerade)
	path.Conditions = append(path.Conditions, q.assumptions(a)...)
	return path
}

// masqueradesHairpin: a backend that is the sender would else answer itself. Mode
// nftables looks after the node's own endpoints only. Source: k8s.io/kubernetes
// v1.37.2 pkg/proxy/nftables/proxier.go (hairpin-connections).
func (q *query) masqueradesHairpin(a arrival, c candidate) bool {
	local := c.endpoint.Node == a.node.Name
	return c.endpoint.Addr == a.source.Addr && (local || q.settings.KubeProxyMode != model.KubeProxyNFTables)
}

// staysHere: what comes in and is for a process of the node itself passes no
// POSTROUTING, so that the mark to masquerade it has no effect; and on what the
// node sends to itself masquerading changes nothing.
func (q *query) staysHere(a arrival, backend model.Party) bool {
	return backend.Kind == model.PartyNode && !a.isElsewhere(backend)
}

// assumptions are what the choice of a chain hangs on and no file says.
func (q *query) assumptions(a arrival) []string {
	_, given := q.settings.Options[optionClusterCIDR]
	var found []string
	if q.Frontend != model.FrontendClusterIP && q.Service.ExternalTrafficLocal && !given && q.takesForLocalPod(a) {
		found = append(found, "kube-proxy knows pods by the cluster's CIDR, as kubeadm and kind set it up (kubeProxy.clusterCIDR is in no file)")
	}
	return append(found, q.needsRoute(a.node)...)
}

func (q *query) kubeProxyWhy(a arrival, c candidate) string {
	if q.Source.Kind == model.PartyPod {
		return fmt.Sprintf("kube-proxy translates only on the node (here %s), after egress policy: policy sees %s; the backend is %s",
			a.node.Name, q.frontendWords(), c.text())
	}
	return fmt.Sprintf("kube-proxy (on %s) translates %s %s to the backend's %s", a.node.Name, frontendNoun(q.Frontend), q.frontendText(), c.text())
}

// frontendWords are who and which port egress policy sees: "node worker2 and
// nodePort 30080".
func (q *query) frontendWords() string {
	switch party := q.frontendParty(); {
	case party.Kind == model.PartyNode:
		return fmt.Sprintf("node %s and %s %d", party.Node.Name, q.Frontend, q.PortNumber)
	case !party.Addr.IsValid():
		return fmt.Sprintf("the %s's address and port %d", frontendNoun(q.Frontend), q.PortNumber)
	}
	return fmt.Sprintf("address %s and port %d", q.Addr, q.PortNumber)
}

// strayReply is the reply that does not find its way back: where the node did
// not masquerade a packet off the wire, a backend on another node answers the
// client directly, from an address that the client has no connection with.
func (q *query) strayReply(a arrival, b Backend, masquerade bool) model.Step {
	if a.from != fromAfar || masquerade || !a.isElsewhere(b.Party) {
		return model.Step{}
	}
	if b.Party.Addr == a.source.Addr {
		return model.Step{
			Stage: model.StageReturn, Node: a.node.Name, Verdict: model.Denied, By: []model.Origin{},
			Why: fmt.Sprintf("kube-proxy on %s sends the packet back to %s without masquerading it, and %s drops what carries its own address as the source",
				a.node.Name, partyRef(b.Party), partyRef(b.Party)),
		}
	}
	return model.Step{
		Stage: model.StageReturn, Node: a.node.Name, Verdict: model.Denied, By: []model.Origin{},
		Why: fmt.Sprintf("kube-proxy on %s takes the client for one of its own pods and does not masquerade: %s answers %s directly, by a way around %s, and the client does not know the answer",
			a.node.Name, partyRef(b.Party), a.source.Addr, a.node.Name),
		Hint: fmt.Sprintf("use a node that runs a backend, or set externalTrafficPolicy to Cluster on Service %s", serviceRef(q.Service)),
	}
}

// kubeProxyNoEndpoint: an ICMP port unreachable where no node has an endpoint,
// silence where only this one has none. Mode iptables has the chain of the
// external frontends in INPUT and FORWARD only: what a node itself sends to an
// address that is not its own goes on untranslated, perhaps to the node that has
// it.
func (q *query) kubeProxyNoEndpoint(a arrival, r route) []Path {
	goesOn := a.from == fromHost && q.Frontend != model.FrontendClusterIP && q.settings.KubeProxyMode == model.KubeProxyIPTables
	party := q.frontendParty()
	if goesOn && party.Kind == model.PartyNode && party.Node != a.node {
		return q.kubeProxyOn(q.arriveAt(party.Node))
	}
	none, hint := q.missing(r.local, r.policy, a.node)
	subject := fmt.Sprintf("Service %s port %s %s", serviceRef(q.Service), portText(q.servicePort(), q.Protocol), none)
	var paths []Path
	switch {
	case r.local && q.anyEndpoint():
		paths = q.deniedOn(a, ByKubeProxy, fmt.Sprintf("%s: kube-proxy (on %s) drops the packet", subject, a.node.Name), model.SeesTimeout)
	case goesOn && party.Kind != model.PartyNode:
		paths = q.deniedOn(a, ByKubeProxy, fmt.Sprintf("%s: kube-proxy (on %s) rejects nothing that the node itself sends to such an address, so the packet leaves the node untranslated", subject, a.node.Name), "")
	default:
		paths = q.deniedOn(a, ByKubeProxy, fmt.Sprintf("%s: kube-proxy (on %s) rejects the packet, with an ICMP port unreachable", subject, a.node.Name), model.SeesRefused)
	}
	return q.because(paths, choice{hint: hint, slices: q.ix.Slices(q.Service)})
}

// servicePort is the Service's own port, whatever port the packet carries.
func (q *query) servicePort() uint16 {
	if q.Port != nil {
		return q.Port.Port
	}
	return q.PortNumber
}

// tunnelledToNode doubts what kube-proxy makes of a pod's packet that comes to
// another node through the tunnel, with the pod's address and identity.
func (q *query) tunnelledToNode(a arrival) []Path {
	if !q.settings.tunnelsToNodes() || a.from != fromAfar || q.Source.Kind != model.PartyPod || q.frontendParty().Kind != model.PartyNode {
		return nil
	}
	paths := q.undeterminedOn(a, fmt.Sprintf("with the host firewall on, the packet comes to %s through the tunnel: netsim does not know as whom the backend behind kube-proxy sees the client, nor how the reply finds back", a.node.Name))
	paths[0].HostIngress = q.hostIngress(a)
	return paths
}

// hostIngress is what the host firewall of the packet's node sees: it comes
// before kube-proxy, so the frontend. nil where there is no firewall to ask.
func (q *query) hostIngress(a arrival) *model.Packet {
	if !q.settings.hostFirewall() || a.from == fromHost || q.frontendParty().Kind != model.PartyNode {
		return nil
	}
	return q.packet(a.source, Backend{Party: q.frontendParty(), Port: q.PortNumber})
}
