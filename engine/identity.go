package engine

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"

	"github.com/netsim-dev/netsim/model"
)

// identities gives every party of a packet its security identity.
type identities struct {
	pods map[*model.Pod]*identity.Identity
	// ipcache is what the agents are told of addresses, prefixes the identity
	// of the addresses for which a prefix in it is the longest match.
	ipcache  ipcache
	prefixes map[netip.Prefix]*identity.Identity
	// hosts are the nodes as their own agents know them, remotes their
	// addresses as the others do.
	hosts   map[*model.Node]*identity.Identity
	remotes map[nodeAddress]*identity.Identity
	// subjects are the nodes as policies for nodes select them.
	subjects map[*model.Node]*identity.Identity
	reserved map[identity.NumericIdentity]*identity.Identity
	// named are the named ports of each pod identity.
	named map[identity.NumericIdentity]portNames
	// unnumbered counts pods beyond what Cilium could number.
	unnumbered int

	index   *model.Index
	options *options
	version model.Version
	filter  *labelFilter
	numbers numbers
}

// newIdentities numbers whatever has an identity: the cluster's pods and nodes,
// and the addresses that policies, CIDR groups and the API server name. Call it
// with Cilium's options set: labels are filtered and numbered by them.
func newIdentities(ix *model.Index, o *options, version model.Version, cache ipcache) *identities {
	ids := &identities{
		pods:     map[*model.Pod]*identity.Identity{},
		ipcache:  cache,
		prefixes: map[netip.Prefix]*identity.Identity{},
		hosts:    map[*model.Node]*identity.Identity{},
		remotes:  map[nodeAddress]*identity.Identity{},
		subjects: map[*model.Node]*identity.Identity{},
		reserved: map[identity.NumericIdentity]*identity.Identity{},
		named:    map[identity.NumericIdentity]portNames{},
		index:    ix,
		options:  o,
		version:  version,
		filter:   newLabelFilter(o, version),
		numbers:  numbers{},
	}
	for id := range identity.ListReservedIdentities() {
		if !isAggregate(id) || version.AtLeast(1, 20, 0) {
			ids.reserved[id] = identity.LookupReservedIdentity(id)
		}
	}
	ids.numberPods()
	ids.numberNodes()
	ids.numberPrefixes()
	return ids
}

// isAggregate says whether an identity stands for all those of a scope in the
// policy map. They came with 1.20 (pkg/policy/aggregate.go), where a selector
// that asks only for the absence of labels means them too, and so every pod.
func isAggregate(id identity.NumericIdentity) bool {
	switch id {
	case identity.ReservedIdentityAggregateCluster, identity.ReservedIdentityAggregateClusterMesh,
		identity.ReservedIdentityAggregateWorld, identity.ReservedIdentityAggregateRemoteNode:
		return true
	}
	return false
}

// aggregateOf is the identity that stands for all those of an identity's scope
// (cilium v1.20.2 pkg/policy/aggregate.go, aggregateFor), nil for none.
func (ids *identities) aggregateOf(id *identity.Identity) *identity.Identity {
	switch {
	case id == nil || id.ID < 100:
		return nil
	case id.ID.Scope() == identity.IdentityScopeRemoteNode:
		return ids.reserved[identity.ReservedIdentityAggregateRemoteNode]
	case id.ID.Scope() == identity.IdentityScopeLocal:
		return ids.reserved[identity.ReservedIdentityAggregateWorld]
	default:
		return ids.reserved[identity.ReservedIdentityAggregateCluster]
	}
}

// all lists every identity, for Cilium's selector caches. The host's is as it
// is on no node in particular.
func (ids *identities) all() identity.IdentityMap {
	out := identity.IdentityMap{}
	for _, id := range ids.pods {
		out[id.ID] = id.LabelArray
	}
	for _, id := range ids.remotes {
		out[id.ID] = id.LabelArray
	}
	for _, id := range ids.prefixes {
		out[id.ID] = id.LabelArray
	}
	for id, r := range ids.reserved {
		out[id] = r.LabelArray
	}
	return out
}

// of is the identity of a party as the agent on node judge knows it: a node is
// "host" to itself and "remote-node" to the others. It is nil for a pod that
// has none.
func (ids *identities) of(party model.Party, judge *model.Node) *identity.Identity {
	switch party.Kind {
	case model.PartyPod:
		return ids.pods[party.Pod]
	case model.PartyNode:
		return ids.ofNode(party, judge)
	case model.PartyWorld:
		return ids.ofWorld(party.Addr)
	case model.PartyIngress:
		return ids.reserved[identity.ReservedIdentityIngress]
	default:
		return ids.ofAddress(party.Addr)
	}
}

// ofAddress is the identity of the longest prefix in the ipcache that holds the
// address, else the world.
func (ids *identities) ofAddress(addr netip.Addr) *identity.Identity {
	for bits := addr.BitLen(); bits >= 0; bits-- {
		p, _ := addr.Prefix(bits)
		if id := ids.prefixes[p]; id != nil {
			return id
		}
	}
	return ids.world(addr)
}

// ofWorld is the identity of a packet that came in as the world's whatever its
// address, or, without one, of any address that only 0.0.0.0/0 holds.
func (ids *identities) ofWorld(addr netip.Addr) *identity.Identity {
	if addr.IsValid() {
		return ids.world(addr)
	}
	everything := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if !ids.options.ipv4 {
		everything = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	if id := ids.prefixes[everything]; id != nil {
		return id
	}
	return ids.world(everything.Addr())
}

// world is the identity of whatever no policy names. In a dual-stack cluster
// there is one for each family.
func (ids *identities) world(addr netip.Addr) *identity.Identity {
	world, dualStack := identity.ReservedIdentityWorld, ids.options.ipv4 && ids.options.ipv6
	if dualStack && addr.Is6() {
		world = identity.ReservedIdentityWorldIPv6
	} else if dualStack {
		world = identity.ReservedIdentityWorldIPv4
	}
	return ids.reserved[world]
}

// outside are the labels that an address of the cluster would have outside it.
func (ids *identities) outside(addr netip.Addr) labels.LabelArray {
	if !addr.IsValid() {
		return nil
	}
	prefix := netip.PrefixFrom(addr, addr.BitLen())
	lbls := ids.ipcache.labels(prefix)
	lbls.MergeLabels(labels.GetCIDRLabels(prefix))
	return lbls.LabelArray()
}

// labelList writes an identity's labels as Cilium prints them, sorted. Labels
// that a release does not know yet are left out.
func labelList(id *identity.Identity, version model.Version) []string {
	if id == nil {
		return nil
	}
	list := make([]string, 0, len(id.LabelArray))
	for _, l := range id.LabelArray {
		if isEncoded(l) && !version.AtLeast(1, 19, 4) {
			continue
		}
		list = append(list, strings.TrimSuffix(l.String(), "="))
	}
	slices.Sort(list)
	return list
}
