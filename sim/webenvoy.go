package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/model"
)

// arrived is a client as Cilium's Envoy knows it.
//
// Envoy asks policy only when it has chosen a backend, and then three times: the
// egress policy of the client, where that is a pod of the same node, about the
// backend; the ingress policy of the ingress endpoint about the client, on the
// port that the client connected to; and the egress policy of the ingress endpoint
// about the backend. A backend's own ingress policy then sees the entity ingress.
// Sources: cilium/proxy, as the go.mod of cilium 1.18.4, 1.19.4 and 1.20.2 names
// it, cilium/bpf_metadata.cc Config::extractSocketMetadata,
// cilium/filter_state_cilium_policy.cc enforceNetworkPolicy; cilium v1.20.2
// pkg/ciliumenvoyconfig/cec_resource_parser.go getBPFMetadataListenerFilter.
type arrived struct {
	node   *model.Node
	client model.Party
	pods   int
	port   uint16
	// local is true for a pod of the node.
	local bool
	// unknown says why netsim cannot tell what Envoy takes the client for.
	unknown string
	// nodePort is true where a load balancer may send to a NodePort instead of
	// the port that it was asked for.
	nodePort bool
}

// enterEnvoy is the hop from the client to Envoy on a node.
func (w *web) enterEnvoy(e entryPoint) {
	hop := Hop{Name: HopEntry, From: w.from.text, To: w.entryRef(e.requests[0]), Verdict: model.Allowed, By: []model.Origin{}, Why: e.why}
	if w.onHost(w.gateway) {
		w.enterHost(e, hop)
		return
	}
	hop.By = append(hop.By, w.service.Origin)
	outside := w.sources[0].Outside()
	switch {
	case outside && len(w.service.SourceRanges) > 0:
		hop.Verdict, hop.Why = model.Undetermined, fmt.Sprintf("Service %s/%s has loadBalancerSourceRanges, and netsim does not hold them against a client of Cilium's Envoy", w.service.Namespace, w.service.Name)
	case outside && len(w.cloud.firewalls) > 0:
		hop.Verdict, hop.Why = model.Undetermined, "netsim does not judge the cloud's firewalls between a client and Cilium's Envoy"
	case outside:
		hop.Why = "Cilium (BPF, on the node that the packet enters) hands it to Envoy there, which sees the client's own address; no policy is asked until Envoy has chosen a backend"
	}
	var paths []Path
	for _, from := range w.groups(w.sources, e.requests) {
		for _, r := range e.requests {
			w.arrived = append(w.arrived, w.arrivals(e, from, r)...)
		}
		if !outside {
			paths = append(paths, w.intoEnvoy(e, from))
		}
	}
	var conditions []string
	if len(paths) > 0 {
		conditions, hop.By = hop.judged(paths, nil), []model.Origin{}
	}
	if !outside && e.requests[0].Frontend == model.FrontendLoadBalancer && !e.requests[0].Addr.IsValid() {
		conditions = append(conditions, fmt.Sprintf("the load balancer of Service %s/%s has an IP address in its status, which no file gives: Cilium translates no other", w.service.Namespace, w.service.Name))
	}
	w.answer.add(hop, conditions)
}

// intoEnvoy is the way of a packet that does not leave its node. Sources: cilium
// v1.20.2 bpf/bpf_lxc.c __per_packet_lb_svc_xlate_4 and
// handle_ipv4_from_lxc ("Forward to L7 LB first before applying network policy"),
// bpf/bpf_sock.c __sock4_xlate_fwd; alike at 1.18.4 and 1.19.4.
func (w *web) intoEnvoy(e entryPoint, from group) Path {
	step := model.Step{
		Stage: model.StageService, Verdict: model.Allowed, By: []model.Origin{w.service.Origin},
		Why: "Cilium (BPF) hands the connection to Envoy on this node before any egress policy: rules for the gateway's Service, address or port never see it",
	}
	if from.party.Node != nil {
		step.Node = from.party.Node.Name
	}
	p := Path{From: pathSource(from.party, from.pods), Translation: Translation{By: dnat.ByCiliumBPF, Node: step.Node}, Steps: []model.Step{step}}
	p.conclude(dnat.Path{})
	if name := lookedUp(e.to); name != "" && from.party.Kind == model.PartyPod {
		p.addLookup(w.lookupFor(from.party, e.to, name), e.to)
	}
	return p
}

// arrivals are the nodes whose Envoy takes a request.
func (w *web) arrivals(e entryPoint, from group, r dnat.Request) []arrived {
	a := arrived{client: w.inFamily(from.party, r.Addr), pods: from.pods, port: r.PortNumber}
	if r.Frontend != model.FrontendNodePort && r.Port != nil {
		a.port = r.Port.Port
	}
	a.nodePort = a.client.Outside() && r.Frontend == model.FrontendLoadBalancer && !r.Addr.IsValid()
	switch {
	case a.client.Outside():
		return w.entering(a, e, r)
	case a.client.Kind == model.PartyNode:
		// bpf/bpf_sock.c __sock4_xlate_fwd: connect() leads to 127.0.0.1 and
		// Envoy's own port.
		a.unknown = fmt.Sprintf("node %s connects to its own Envoy over 127.0.0.1, and what that takes the client for no source settles", a.client.Node.Name)
	case r.Frontend == model.FrontendNodePort && r.Destination.Node != nil && r.Destination.Node != a.client.Node:
		a.unknown = "whether the client's own node or the one asked for takes a connection to another node's NodePort depends on the version, and netsim does not know what Envoy there takes the client for"
	default:
		a.local = true
	}
	a.node = a.client.Node
	return []arrived{a}
}

// entering makes one of each node that a packet from outside may enter by.
func (w *web) entering(a arrived, e entryPoint, r dnat.Request) []arrived {
	nodes := w.index.Cluster.Nodes
	switch {
	case e.via != nil:
		nodes = []*model.Node{e.via}
	case w.query.via != nil:
		nodes = []*model.Node{w.query.via}
	case r.Destination.Node != nil:
		nodes = []*model.Node{r.Destination.Node}
	}
	out := make([]arrived, len(nodes))
	for i, n := range nodes {
		out[i] = a
		out[i].node = n
	}
	return out
}

// enterHost is for Envoy that listens on the nodes' addresses, where packets to
// it are the nodes' own: no Service leads there.
func (w *web) enterHost(e entryPoint, hop Hop) {
	q := w.query
	if e.via != nil {
		q.via = e.via
	}
	var paths []Path
	for _, from := range w.groups(w.sources, e.requests) {
		paths = append(paths, w.groupPaths(q, e.to, from, e.requests)...)
		for _, r := range e.requests {
			a := arrived{node: r.Destination.Node, client: w.inFamily(from.party, r.Addr), pods: from.pods, port: r.PortNumber}
			a.local = a.client.Kind == model.PartyPod && a.client.Node == a.node
			if a.client.Kind == model.PartyPod && !a.local {
				a.unknown = "what Envoy on another node takes the pod for depends on masquerading"
			}
			w.arrived = append(w.arrived, a)
		}
	}
	conditions := slices.DeleteFunc(hop.judged(paths, nil), func(c string) bool { return strings.HasPrefix(c, "something listens on ") })
	if port := e.requests[0].PortNumber; port < 1024 {
		conditions = append(conditions, fmt.Sprintf("Envoy may bind port %d of the nodes: its container has the capability NET_BIND_SERVICE", port))
	}
	w.answer.add(hop, conditions)
}

func (a arrived) party() model.Party { return model.Party{Kind: model.PartyIngress, Node: a.node} }

// envoyPaths lead from Envoy to the endpoints of a backend.
func (w *web) envoyPaths(d gateway.Decision, b gateway.Backend, endpoints []dnat.Request) []Path {
	var paths []Path
	for _, a := range w.arrived {
		for _, r := range endpoints {
			r.Source = w.index.NodeParty(a.node, r.Addr.Is6())
			for _, way := range dnat.Resolve(w.index, w.datapath, r) {
				paths = append(paths, w.envoyPath(d, b, a, r, way))
			}
		}
	}
	return paths
}

// envoyPath goes the way that a node's packets go, with another identity.
func (w *web) envoyPath(d gateway.Decision, b gateway.Backend, a arrived, r dnat.Request, way dnat.Path) Path {
	p := Path{From: pathSource(a.party(), 1), Translation: translation(way.Translation), Steps: []model.Step{}}
	d.Forward = b.Forward
	to := model.Packet{Source: a.client, Destination: r.Destination, Protocol: model.TCP, Port: r.PortNumber}
	if a.local {
		steps := w.atEnvoy(model.Egress, to, a.port, d)
		steps[0].Why += "; Envoy asks the client's own egress policy about the backend, not about the gateway"
		p.Steps = append(p.Steps, steps...)
	}
	if way.Backend != nil {
		p.Backend = w.Sim.backend(*way.Backend)
		to.Source = a.party()
		p.Steps = append(p.Steps, skippedL7(w.atEnvoy(model.Egress, to, r.PortNumber, d))...)
	}
	way.Egress = nil
	for _, packet := range []**model.Packet{&way.Ingress, &way.HostIngress} {
		if *packet != nil {
			seen := **packet
			seen.Source = a.party()
			*packet = &seen
		}
	}
	p.Steps = append(p.Steps, w.steps(way, inquiry{r, w.upstreamQuery(d, b)})...)
	p.conclude(way)
	p.restOn(w.inferredEnd(a.client, way, r))
	return p
}
