package dnat

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// candidate is an endpoint with one of its slice's ports.
type candidate struct {
	endpoint model.Endpoint
	port     uint16
	slice    *model.EndpointSlice
}

func (c candidate) draining() bool {
	return !c.endpoint.Ready && c.endpoint.Serving && c.endpoint.Terminating
}

func (c candidate) usable() bool { return c.endpoint.Ready || c.draining() }

// choice is what a translator can choose from: the backends, or why there are
// none.
type choice struct {
	backends []candidate
	// none completes "Service ns/name port 80/TCP ...", and hint says what
	// would help.
	none, hint string
	// slices are those that decided.
	slices []*model.EndpointSlice
}

// localView is the node from which a translator looks for backends, and the
// traffic policy, if any, that keeps it to those on that node.
type localView struct {
	node *model.Node
	// local is true where the policy of the given name is Local.
	local  bool
	policy string
}

// internal is the view of Cilium's translation for pods and nodes of the
// cluster.
func (q *query) internal() localView {
	return localView{q.Source.Node, q.Service.InternalTrafficLocal, "internalTrafficPolicy"}
}

// external is the view of a translation on which externalTrafficPolicy bears.
func (q *query) external(node *model.Node) localView {
	return localView{node, q.Service.ExternalTrafficLocal, "externalTrafficPolicy"}
}

// nodeName is "" where the view is from no node in particular.
func (v localView) nodeName() string {
	if v.node == nil {
		return ""
	}
	return v.node.Name
}

// ciliumChoice is the backends that Cilium loads for the Service's port of the
// frontend's family: the ready ones, or, where there are none, those that
// terminate and still serve. Source: pkg/loadbalancer/writer/writer.go
// DefaultSelectBackends, pkg/loadbalancer/reconciler/bpf_reconciler.go (active
// before terminating), pkg/loadbalancer/reflectors/conversions.go (states).
func (q *query) ciliumChoice(from localView) choice {
	all := q.ix.Slices(q.Service)
	onPort := q.onPort(all)
	usable := filter(onPort, candidate.usable)
	local := usable
	if from.local {
		// Without a node name an endpoint counts as local everywhere.
		local = filter(usable, func(c candidate) bool { return c.endpoint.Node == "" || c.endpoint.Node == from.nodeName() })
	}
	if len(local) == 0 {
		return q.noChoice(all, onPort, usable, from)
	}
	return choice{backends: readyFirst(q.nearest(local, from)), slices: all}
}

// onPort are the endpoints of the frontend's family with the port that the
// Service's port leads to, each address and port once: of equal ones the one in
// the better state counts.
func (q *query) onPort(all []*model.EndpointSlice) []candidate {
	found := map[netip.AddrPort]candidate{}
	for _, slice := range all {
		for _, port := range q.matchingPorts(slice) {
			for _, e := range slice.Endpoints {
				if !e.Addr.IsValid() || e.Addr.Is6() != q.Addr.Is6() {
					continue
				}
				c := candidate{endpoint: e, port: port.Port, slice: slice}
				key := netip.AddrPortFrom(e.Addr, port.Port)
				if known, ok := found[key]; !ok || q.outranks(c, known) {
					found[key] = c
				}
			}
		}
	}
	return sortedCandidates(found)
}

// outranks says whether one of two candidates with the same address and port
// counts more. For kube-proxy that is one that does not terminate, in whatever
// state it is. Source: k8s.io/kubernetes v1.37.2 pkg/proxy/endpointslicecache.go
// addEndpoints.
func (q *query) outranks(c, known candidate) bool {
	if q.byKubeProxy && c.endpoint.Terminating != known.endpoint.Terminating {
		return known.endpoint.Terminating
	}
	return rank(c) < rank(known)
}

// rank orders an endpoint's states, the best first.
func rank(c candidate) int {
	switch {
	case c.endpoint.Ready && !c.endpoint.Terminating:
		return 0
	case c.endpoint.Ready:
		return 1
	case c.draining():
		return 2
	}
	return 3
}

// matchingPorts are a slice's ports for the Service's port: same protocol and
// same name. For Cilium from 1.18 on a name that either side leaves out matches
// any.
// Source: pkg/loadbalancer/writer/writer.go matchesFrontend.
func (q *query) matchingPorts(slice *model.EndpointSlice) []model.EndpointPort {
	if q.Port == nil {
		return nil
	}
	lenient := q.settings.version.AtLeast(1, 18, 0) && !q.byKubeProxy
	return filter(slice.Ports, func(p model.EndpointPort) bool {
		sameName := p.Name == q.Port.Name || lenient && (p.Name == "" || q.Port.Name == "")
		return p.Port != 0 && p.Protocol == q.Port.Protocol && sameName
	})
}

// nearest applies topology hints, which Cilium reads only with
// enable-service-topology: the endpoints for this zone if every ready one has a
// zone hint and one names this zone, or, for PreferSameNode, those of this node.
// Source: pkg/loadbalancer/writer/writer.go DefaultSelectBackends.
func (q *query) nearest(all []candidate, from localView) []candidate {
	if !q.settings.On("enable-service-topology", false) || from.local || from.node == nil {
		return all
	}
	ready := filter(all, func(c candidate) bool { return c.endpoint.Ready })
	switch zone := from.node.Labels[model.ZoneLabel]; q.prefers() {
	case preferNode:
		here := filter(ready, func(c candidate) bool { return c.endpoint.Node == from.node.Name })
		if len(here) > 0 {
			return here
		}
	case preferZone:
		inZone := func(c candidate) bool { return slices.Contains(c.endpoint.HintZones, zone) }
		unhinted := func(c candidate) bool { return len(c.endpoint.HintZones) == 0 }
		if zone != "" && !slices.ContainsFunc(ready, unhinted) && slices.ContainsFunc(ready, inZone) {
			return filter(all, inZone)
		}
	}
	return all
}

// What a Service prefers, as Cilium reads it.
const preferZone, preferNode = "zone", "node"

// prefers: up to 1.17 the hints alone decide, then the Service has to ask for
// them; nodes count from 1.20 on. Source: pkg/loadbalancer/reflectors/conversions.go
// trafficDistribution, at 1.18 and 1.19 isTopologyAware, at 1.17
// pkg/k8s/service_cache.go filterEndpoints.
func (q *query) prefers() string {
	distribution, v := q.Service.TrafficDistribution, q.settings.version
	switch {
	case q.Service.InternalTrafficLocal:
		return ""
	case !v.AtLeast(1, 18, 0):
		if !q.Service.ExternalTrafficLocal {
			return preferZone
		}
	case distribution == "PreferClose", v.AtLeast(1, 20, 0) && distribution == "PreferSameZone":
		return preferZone
	case v.AtLeast(1, 20, 0) && distribution == "PreferSameNode":
		return preferNode
	case q.Service.TopologyMode:
		return preferZone
	}
	return ""
}

// readyFirst keeps the draining endpoints only where no ready one is left.
func readyFirst(all []candidate) []candidate {
	ready := filter(all, func(c candidate) bool { return c.endpoint.Ready })
	if len(ready) > 0 {
		return ready
	}
	return all
}

// noChoice says why there are no backends: the last thing that took some away.
func (q *query) noChoice(all []*model.EndpointSlice, onPort, usable []candidate, from localView) choice {
	c := choice{slices: all}
	switch {
	case len(usable) > 0:
		c.none = fmt.Sprintf("has %s Local and no endpoint on %s", from.policy, from.nodeName())
		if from.nodeName() == q.node {
			c.none += ", where the client is"
		}
		c.hint = fmt.Sprintf("run a backend on %s, or set %s to Cluster", from.nodeName(), from.policy)
	case len(onPort) > 0:
		c.none = fmt.Sprintf("has %s, none of them ready", count(len(onPort), "endpoint"))
	case !hasEndpoints(all) && len(q.Service.Selector) > 0:
		c.none = "has no endpoints"
		c.hint = "no pod serves it: compare spec.selector with the pods' labels, and a named targetPort with the pods' container ports"
	case !hasEndpoints(all):
		c.none = "has no endpoints"
		c.hint = "the Service has no selector, so its endpoints must be written: add an EndpointSlice"
	case q.Port.TargetPort.Name != "":
		c.none = fmt.Sprintf("has no %s endpoint with a port for its targetPort %q", family(q.Addr), q.Port.TargetPort.Name)
		c.hint = fmt.Sprintf("name a container port %q in the pods, or write the targetPort as a number", q.Port.TargetPort.Name)
	default:
		c.none = fmt.Sprintf("has no %s endpoint for this port", family(q.Addr))
	}
	return c
}

func hasEndpoints(all []*model.EndpointSlice) bool {
	return slices.ContainsFunc(all, func(s *model.EndpointSlice) bool { return len(s.Endpoints) > 0 })
}

// party says who a backend is. Cilium goes by the address; the pod that the
// slice names only fills in what the files leave out. The reason is not empty
// where the backend's identity cannot be known.
func (q *query) party(c candidate) (party model.Party, why string) {
	party = q.ix.Party(c.endpoint.Addr)
	if !slices.ContainsFunc(q.ix.Cluster.Pods, func(p *model.Pod) bool { return p.Inferred == "" }) && party.Pod == nil {
		return q.plain(party, c), ""
	}
	if c.endpoint.PodName == "" {
		if party.Kind == model.PartyAddress {
			party.Node = q.ix.Node(c.endpoint.Node)
		}
		return party, q.unreachable(party)
	}
	named := q.ix.Pod(c.endpoint.PodNamespace, c.endpoint.PodName)
	switch {
	case named == nil && party.Kind == model.PartyAddress:
		return party, fmt.Sprintf("backend %s is pod %s/%s, which no file holds, so its identity is unknown: add the pod",
			c.endpoint.Addr, c.endpoint.PodNamespace, c.endpoint.PodName)
	case named != nil && ownsAddress(named, c.endpoint.Addr):
		party = q.ix.PodParty(named, c.endpoint.Addr.Is6())
		party.Addr = c.endpoint.Addr
	case party.Kind == model.PartyAddress:
		return party, fmt.Sprintf("backend %s is pod %s by its slice, but that pod has another address: one of the two files is out of date",
			c.endpoint.Addr, podRef(named))
	}
	return party, q.unreachable(party)
}

// plain is a backend in a cluster without any pods: files that are about
// translation alone. It is its address, on the node that the slice names or
// whose pods have such addresses.
func (q *query) plain(party model.Party, c candidate) model.Party {
	if party.Kind != model.PartyAddress {
		return party
	}
	party.Node = q.ix.Node(c.endpoint.Node)
	for _, n := range q.ix.Cluster.Nodes {
		if party.Node == nil && within(n.PodCIDRs, party.Addr) {
			party.Node = n
		}
	}
	return party
}

// ownsAddress is also true of an address that no file gives the pod: what a
// slice says of it is better than one that netsim assigned.
func ownsAddress(p *model.Pod, addr netip.Addr) bool {
	return slices.Contains(p.IPs, addr) || len(p.IPs) == 0 || p.Assigned["ip"]
}

func sortedCandidates[K comparable](found map[K]candidate) []candidate {
	sorted := make([]candidate, 0, len(found))
	for _, c := range found {
		sorted = append(sorted, c)
	}
	slices.SortFunc(sorted, func(a, b candidate) int {
		return cmp.Or(a.endpoint.Addr.Compare(b.endpoint.Addr), cmp.Compare(a.port, b.port))
	})
	return sorted
}

func filter[T any](all []T, keep func(T) bool) []T {
	var kept []T
	for _, one := range all {
		if keep(one) {
			kept = append(kept, one)
		}
	}
	return kept
}
