package sim

import (
	"net/netip"
	"slices"
	"sync"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// column is one destination, with the ways to it from everywhere that was asked
// about. Sources in the same place take the same ways: the policies alone tell
// them apart. Sims that differ in their policies share it.
type column struct {
	// sim is one of those Sims.
	sim      *Sim
	requests []dnat.Request
	// apart are pods that the datapath treats like no other source, those behind
	// the destination, and near the nodes that they are on.
	apart map[*model.Pod]bool
	near  map[*model.Node]bool
	// onHost are hostNetwork pods behind it by their node's address.
	onHost map[netip.Addr]*model.Pod
	// byAddress is true where each source may be treated differently, byNode
	// where each node may.
	byAddress, byNode bool

	lock sync.RWMutex
	ways map[sourcePlace][]*way
}

// sourcePlace is what package dnat knows of a source, besides its address: its
// node or, where that is like many, what counts of the node.
type sourcePlace struct {
	node               *model.Node
	likeMany           bool
	zone               string
	controlPlane, made bool
	kind               model.PartyKind
	isPod              bool
	hasIPv4, hasIPv6   bool
}

func placeOf(p model.Party) sourcePlace {
	at := sourcePlace{node: p.Node, kind: p.Kind, isPod: p.Pod != nil}
	ips := p.Node.InternalIPs
	if p.Pod != nil {
		ips = p.Pod.IPs
	}
	for _, ip := range ips {
		at.hasIPv4, at.hasIPv6 = at.hasIPv4 || ip.Is4(), at.hasIPv6 || ip.Is6()
	}
	return at
}

// place is where a source is, to this destination: nodes without a pod behind it
// are alike.
func (c *column) place(p model.Party) sourcePlace {
	at := placeOf(p)
	if n := p.Node; n != nil && !c.byNode && !c.near[n] && hasOneAddress(n) {
		at.node, at.likeMany, at.zone, at.controlPlane, at.made = nil, true, n.Labels[model.ZoneLabel], n.ControlPlane, n.Made
	}
	return at
}

// hasOneAddress says whether a node has no choice of addresses to send from.
func hasOneAddress(n *model.Node) bool {
	return len(n.InternalIPs) == 1 || len(n.InternalIPs) == 2 && n.InternalIPs[0].Is6() != n.InternalIPs[1].Is6()
}

func (s *Sim) newColumn(requests []dnat.Request) *column {
	c := &column{
		sim: s, requests: requests, apart: map[*model.Pod]bool{}, near: map[*model.Node]bool{}, onHost: map[netip.Addr]*model.Pod{}, ways: map[sourcePlace][]*way{},
		byAddress: s.byAddress(requests), byNode: s.datapath.Options[settingDetectLocal] != "" || s.redirectsLocally(),
	}
	for _, r := range requests {
		c.addNear(r.Destination)
		if r.Addr.IsValid() {
			c.addNear(s.index.Party(r.Addr))
		}
		if r.Service == nil {
			continue
		}
		for _, slice := range s.index.Slices(r.Service) {
			for _, e := range slice.Endpoints {
				c.byNode = c.byNode || len(e.HintNodes) > 0
				p := s.index.Party(e.Addr)
				c.addNear(p)
				if pod := s.index.Pod(e.PodNamespace, e.PodName); p.Pod == nil && pod != nil {
					c.onHost[e.Addr] = pod
				}
			}
		}
	}
	return c
}

// redirectsLocally says whether pods on a client's own node can take its traffic.
func (s *Sim) redirectsLocally() bool {
	return slices.ContainsFunc(s.index.Redirects(), func(o *model.Object) bool { return o.Origin.Kind == model.LocalRedirectKind })
}

func (c *column) addNear(p model.Party) {
	if p.Pod != nil {
		c.apart[p.Pod] = true
	}
	if p.Node != nil {
		c.near[p.Node] = true
	}
}

// waysFrom are the ways for a source, found once for all in its place.
func (c *column) waysFrom(source model.Party) []*way {
	if !c.shares(source) {
		return c.resolve(source)
	}
	at := c.place(source)
	c.lock.RLock()
	ways, known := c.ways[at]
	c.lock.RUnlock()
	if known {
		return ways
	}
	ways = c.resolve(source)
	if at.likeMany && slices.ContainsFunc(ways, func(w *way) bool { return !w.movable() }) {
		at = placeOf(source)
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.ways[at] = ways
	return ways
}

// shares says whether a source's ways are those of all in its place.
func (c *column) shares(source model.Party) bool {
	switch {
	case c.byAddress:
		return false
	case source.Pod != nil:
		return !c.apart[source.Pod] && len(source.Pod.IPs) > 0
	default:
		return source.Kind == model.PartyNode && source.Node != nil
	}
}

// forget gives back what ways take; they can be found again.
func (c *column) forget() {
	c.lock.Lock()
	defer c.lock.Unlock()
	clear(c.ways)
}

func (c *column) resolve(source model.Party) []*way {
	var out []*way
	for _, request := range c.requests {
		request.Source = c.sim.inFamily(source, request.Addr)
		for _, path := range c.sim.resolve(request) {
			out = append(out, c.sim.newWay(path, inquiry{Request: request}))
		}
	}
	return out
}

// movable says whether a way holds for sources on other nodes: wherever its
// packets have the source's node, it is by an address that every node has one of.
func (w *way) movable() bool {
	return !w.hasOwnNode(func(p model.Party) bool { return p.Addr.IsValid() && p.Addr != nodeAddr(p.Node, p.Addr.Is6()) })
}

// hasOwnNode says whether the source's node, as such an end, is in some packet
// that policies see.
func (w *way) hasOwnNode(such func(model.Party) bool) bool {
	for _, one := range w.sides {
		for _, p := range []model.Party{one.packet.Source, one.packet.Destination} {
			if p.Kind == model.PartyNode && p.Node == w.source.Node && such(p) {
				return true
			}
		}
	}
	return false
}

// nodeAddr is a node's first address of a family, invalid if it has none.
func nodeAddr(n *model.Node, is6 bool) (first netip.Addr) {
	for _, ip := range n.InternalIPs {
		if ip.Is6() == is6 {
			return ip
		}
	}
	return first
}

// standIn is the packet of another source in the same place.
func (w *way) standIn(p model.Packet, source model.Party) model.Packet {
	if source.Pod != w.source.Pod || source.Node != w.source.Node {
		p.Source, p.Destination = w.stands(p.Source, source), w.stands(p.Destination, source)
	}
	return p
}

// stands puts a source, or its node, where the one stood that the way was found
// for.
func (w *way) stands(p, source model.Party) model.Party {
	switch {
	case p.Pod != nil && p.Pod == w.source.Pod:
		for _, ip := range source.Pod.IPs {
			if ip.Is6() == p.Addr.Is6() {
				return model.Party{Kind: p.Kind, Pod: source.Pod, Node: source.Node, Addr: ip}
			}
		}
	case p.Kind == model.PartyNode && p.Node == w.source.Node && p.Pod == nil && p.Node != source.Node:
		addr := p.Addr
		if addr.IsValid() {
			addr = nodeAddr(source.Node, addr.Is6())
		}
		return model.Party{Kind: p.Kind, Node: source.Node, Addr: addr}
	}
	return p
}
