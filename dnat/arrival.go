package dnat

import (
	"fmt"
	"net/netip"

	"github.com/netsim-dev/netsim/model"
)

// origin is where a packet on a node comes from. Source of the three: the marks
// by which bpf/bpf_host.c inherit_identity_from_host tells them apart.
type origin uint8

const (
	// fromAfar is a packet off the wire: the node knows its source address only.
	fromAfar origin = iota
	// fromPod is a packet of one of the node's own pods, whose identity stays
	// with it as a mark whatever becomes of its addresses.
	fromPod
	// fromHost is a packet of the node itself or of a hostNetwork pod on it.
	fromHost
)

// arrival is a packet on the node that may translate it.
type arrival struct {
	node *model.Node
	from origin
	// source is who the source address says that it is: not the client where a
	// node on the way has masqueraded it.
	source model.Party
}

// arriveAt is the request's packet as it stands on a node.
func (q *query) arriveAt(node *model.Node) arrival {
	source := q.sourceFor(q.Addr)
	switch {
	case source.Outside():
		return arrival{node, fromAfar, source}
	case source.Node.Name != node.Name:
		return arrival{node, fromAfar, q.masqueraded(source, q.frontendParty())}
	case source.Kind == model.PartyPod:
		return arrival{node, fromPod, source}
	}
	source.Addr = q.nodeSource(source)
	return arrival{node, fromHost, source}
}

// nodeSource is the source address of what a node sends: to an address of its
// own, that address. Source: Linux net/ipv4/route.c ip_route_output_key_hash_rcu,
// net/ipv6/addrconf.c ipv6_dev_get_saddr.
func (q *query) nodeSource(source model.Party) netip.Addr {
	switch {
	case q.Addr.IsLoopback() && q.Addr.Is4():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case q.Addr.IsLoopback(), q.frontendParty().Kind == model.PartyNode && q.frontendParty().Node == source.Node:
		return q.Addr
	}
	return source.Addr
}

// frontendParty is who egress policy sees where nobody has translated yet.
func (q *query) frontendParty() model.Party {
	if !q.Addr.IsValid() {
		return model.Party{Kind: model.PartyWorld}
	}
	if q.Addr.IsLoopback() {
		return q.sourceFor(q.Addr)
	}
	return q.ix.Party(q.Addr)
}

// isElsewhere says whether a backend is not on the node.
func (a arrival) isElsewhere(backend model.Party) bool {
	return backend.Node == nil || backend.Node.Name != a.node.Name
}

// routed is true where the packet goes on to the backend by its address alone:
// between nodes with native routing, and always to what is no pod. Else it
// passes the node's own Cilium interface, or a tunnel that carries the identity.
func (q *query) routed(a arrival, backend model.Party) bool {
	if !podLike(backend) {
		return true
	}
	return q.settings.RoutingMode == model.RoutingNative && a.isElsewhere(backend)
}

// podLike is true of pods, and of what a slice places on a node without naming
// the pod.
func podLike(p model.Party) bool {
	return p.Kind == model.PartyPod || p.Kind == model.PartyAddress && p.Node != nil
}

// seenAs is who the backend's ingress policy takes the sender for, once the node
// has translated the packet. Source: bpf/lib/identity.h
// inherit_identity_from_host, bpf/bpf_host.c and bpf/bpf_lxc.c (an address of
// the node itself never overrides the mark), bpf/lib/encap.h; seen on live
// clusters with both routing modes.
func (q *query) seenAs(a arrival, backend model.Party, masquerade bool) model.Party {
	routedOn := q.routed(a, backend) && a.isElsewhere(backend)
	node := q.nodeParty(a.node, backend.Addr)
	switch {
	case a.from == fromHost && !q.routed(a, backend) && a.isElsewhere(backend):
		// Through a tunnel the node speaks from its router's address, which no
		// file holds.
		node.Addr = netip.Addr{}
		return node
	case a.from == fromHost:
		return node
	case a.from == fromPod && !(masquerade && routedOn):
		source := a.source
		if !masquerade && routedOn && !backend.Outside() {
			source = q.masqueraded(source, backend)
		}
		source.Addr = q.sourceSeen(a, backend, masquerade)
		return source
	case !masquerade:
		return a.source
	case routedOn:
		return node
	}
	return model.Party{Kind: model.PartyWorld, Addr: node.Addr}
}

// sourceSeen is the source address that the backend sees; invalid where it is
// an address of the node's Cilium interface, which no file holds.
func (q *query) sourceSeen(a arrival, backend model.Party, masquerade bool) netip.Addr {
	switch {
	case a.from == fromAfar && !masquerade:
		return a.source.Addr
	case !q.routed(a, backend):
		return netip.Addr{}
	case a.from == fromPod && !masquerade:
		return q.masqueraded(a.source, backend).Addr
	}
	return q.nodeParty(a.node, backend.Addr).Addr
}

// nodeParty is a node with its address of the family of destination; the
// address is invalid where it has none.
func (q *query) nodeParty(node *model.Node, destination netip.Addr) model.Party {
	party := q.ix.NodeParty(node, destination.Is6())
	if party.Addr.Is6() != destination.Is6() {
		party.Addr = netip.Addr{}
	}
	return party
}

// arrive is the Path of a packet that its node has translated and sends on to a
// backend.
func (q *query) arrive(a arrival, t Translation, b Backend) Path {
	seen := q.seenAs(a, b.Party, t.Masquerade)
	t.SourceSeen = q.sourceSeen(a, b.Party, t.Masquerade)
	t.Masquerade = t.Masquerade || a.from != fromHost && t.SourceSeen != q.sourceFor(b.Party.Addr).Addr
	path := Path{Translation: t, Backend: &b, Egress: q.egressOn(a, b)}
	q.guard(&path, seen)
	return path
}

// guard adds what the backend's ingress policy sees. Nobody's policy guards an
// address outside the cluster; that of a pod which no file holds is not known.
func (q *query) guard(path *Path, seen model.Party) {
	switch party := path.Backend.Party; {
	case !party.Outside():
		path.Ingress = q.packet(seen, *path.Backend)
	case podLike(party):
		path.Conditions = append(path.Conditions, fmt.Sprintf("policy lets this in at %s on %s: no file holds the pod that has the address", party.Addr, party.Node.Name))
	}
}

// egressOn is what the source's own policy sees of a packet that a node
// translates: the backend where that node is the source, else the frontend,
// since a pod's policy comes before its node.
func (q *query) egressOn(a arrival, b Backend) *model.Packet {
	switch {
	case q.Source.Outside():
		return nil
	case a.from == fromHost:
		return q.packet(q.sourceFor(q.Addr), b)
	}
	return q.egressToFrontend()
}

// egressToFrontend is what the source's egress policy sees of a packet that
// nobody has translated yet; nil for a source that has none.
func (q *query) egressToFrontend() *model.Packet {
	if q.Source.Outside() {
		return nil
	}
	return q.packet(q.sourceFor(q.Addr), Backend{Party: q.frontendParty(), Port: q.PortNumber})
}

// entries are the nodes that translate a packet which nobody has translated at
// its source. A port of a node is that node's. A virtual address is translated
// by the first node that the packet meets, even where it is another node's too:
// the source's own, or, for a packet from outside, each that could receive it.
func (q *query) entries() []*model.Node {
	party := q.frontendParty()
	switch {
	case party.Kind == model.PartyNode && !q.isVirtual():
		return []*model.Node{party.Node}
	case q.Source.Node != nil && !q.Source.Outside():
		return []*model.Node{q.Source.Node}
	case party.Kind == model.PartyNode && q.Via == nil:
		return []*model.Node{party.Node}
	}
	return q.gateways()
}

// isVirtual is true of the addresses that only Services have, or should.
func (q *query) isVirtual() bool {
	return q.Frontend == model.FrontendClusterIP || q.Frontend == model.FrontendExternalIP || q.Frontend == model.FrontendLoadBalancer
}

// gateways are the nodes by which a packet for a frontend can enter. Load
// balancers find by health checks which nodes have a local endpoint.
func (q *query) gateways() []*model.Node {
	if q.Via != nil {
		return []*model.Node{q.Via}
	}
	all := q.ix.Cluster.Nodes
	if q.Frontend == model.FrontendLoadBalancer && q.Service.ExternalTrafficLocal {
		healthy := filter(all, func(n *model.Node) bool { return q.readyOn(n, q.Service) > 0 })
		if len(healthy) > 0 {
			return healthy
		}
	}
	return all
}

// readyOn is how many ready endpoints a Service has on a node: the addresses, of
// the family asked about, that are ready on any port. Source: k8s.io/kubernetes
// v1.37.2 pkg/proxy/endpointschangetracker.go LocalReadyEndpoints.
func (q *query) readyOn(node *model.Node, service *model.Service) int {
	ready := map[netip.Addr]bool{}
	all := q.ix.Slices(service)
	for _, slice := range all {
		for _, port := range slice.Ports {
			on := *q
			on.Port = &model.ServicePort{Name: port.Name, Protocol: port.Protocol}
			for _, c := range on.onPort(all) {
				if c.endpoint.Ready && c.endpoint.Node == node.Name {
					ready[c.endpoint.Addr] = true
				}
			}
		}
	}
	return len(ready)
}

// onEach joins the Paths by way of each node.
func (q *query) onEach(nodes []*model.Node, paths func(arrival) []Path) []Path {
	if len(nodes) == 0 {
		return q.undetermined("no file holds a node, so netsim does not know where this packet could enter")
	}
	var all []Path
	for _, node := range nodes {
		all = append(all, paths(q.arriveAt(node))...)
	}
	return all
}

// stepOn is a Service step on a node other than, perhaps, the source's.
func (q *query) stepOn(a arrival, verdict model.Verdict, why string) model.Step {
	step := q.step(verdict, why)
	step.Node = a.node.Name
	step.Sees.SourceIP = ""
	if a.source.Addr.IsValid() {
		step.Sees.SourceIP = a.source.Addr.String()
	}
	return step
}

// deniedOn is the one Path of a packet that ends on a node.
func (q *query) deniedOn(a arrival, by, why string, sees model.ClientSees) []Path {
	path := Path{Translation: Translation{By: by, Node: a.node.Name}, Service: q.stepOn(a, model.Denied, why), ClientSees: sees}
	// What a node sends meets its own firewall on leaving, and this never does.
	if a.from != fromHost {
		path.Egress = q.egressToFrontend()
	}
	if by == ByNone {
		path.Translation.Node = ""
	}
	return []Path{path}
}

// undeterminedOn is the one Path of what netsim cannot know of a node; the
// source's egress policy is asked all the same, since a denial there decides.
func (q *query) undeterminedOn(a arrival, why string) []Path {
	return []Path{{
		Translation: Translation{By: ByNone}, Service: q.stepOn(a, model.Undetermined, why), Egress: q.egressToFrontend(),
	}}
}

// seenWords says whom the backend's policy will see, where that is not the
// client.
func (q *query) seenWords(a arrival, path Path) string {
	if path.Ingress == nil || path.Ingress.Source.Kind == q.Source.Kind && path.Ingress.Source.Node == q.Source.Node {
		return ""
	}
	switch seen := path.Ingress.Source; seen.Kind {
	case model.PartyNode:
		return fmt.Sprintf("; the backend's policy sees node %s, not the client", seen.Node.Name)
	case model.PartyWorld:
		if !q.Source.Outside() || path.Translation.Masquerade {
			return fmt.Sprintf("; %s masquerades it, and the backend's policy sees the world under an address of %s, not the client", a.node.Name, a.node.Name)
		}
	}
	return ""
}
