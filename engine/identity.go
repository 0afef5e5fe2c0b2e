package engine

import (
	"cmp"
	"log/slog"
	"net/netip"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/k8s"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"

	"github.com/netsim-dev/netsim/model"
)

const (
	// firstPodIdentity is the first number that Cilium gives to a set of pod
	// labels, lastPodIdentity the last that leaves the cluster id bits alone
	// (cilium v1.20.2 pkg/identity/numericidentity.go).
	firstPodIdentity = identity.NumericIdentity(256)
	lastPodIdentity  = identity.NumericIdentity(65535)
	// hostWithAPIServer stands for the host identity on a node that runs the
	// API server: there the agent adds the label kube-apiserver to identity 1.
	// One repository holds the view of every node here, so the two kinds of
	// host need two numbers. Like identity 1 it is below 100 and so belongs to
	// no aggregate (pkg/policy/aggregate.go, aggregateFor).
	hostWithAPIServer = identity.NumericIdentity(90)
)

// identities gives every party of a packet its security identity.
type identities struct {
	pods map[*model.Pod]*identity.Identity
	// prefixes are the CIDRs that policies name, longest first, each with the
	// identity of the addresses for which it is the longest match.
	prefixes []prefixIdentity
	reserved map[identity.NumericIdentity]*identity.Identity
	// apiServers are the addresses behind default/kubernetes.
	apiServers map[netip.Addr]bool
	dualStack  bool
	// named are the named ports of each pod identity.
	named map[identity.NumericIdentity]portNames
	// unnumbered counts pods beyond what Cilium could number.
	unnumbered int
}

type prefixIdentity struct {
	prefix netip.Prefix
	id     *identity.Identity
}

// newIdentities numbers the cluster's pods. Call it with Cilium's options set:
// label filtering reads them.
func newIdentities(ix *model.Index, o *options, version model.Version) *identities {
	ids := &identities{
		pods:       map[*model.Pod]*identity.Identity{},
		reserved:   map[identity.NumericIdentity]*identity.Identity{},
		apiServers: apiServers(ix),
		dualStack:  o.ipv4 && o.ipv6,
		named:      map[identity.NumericIdentity]portNames{},
	}
	for id := range identity.ListReservedIdentities() {
		if !isAggregate(id) || version.AtLeast(1, 20, 0) {
			ids.reserved[id] = identity.LookupReservedIdentity(id)
		}
	}
	host := labels.NewFrom(labels.LabelHost)
	host.MergeLabels(labels.LabelKubeAPIServer)
	ids.reserved[hostWithAPIServer] = identity.NewIdentity(hostWithAPIServer, host)
	ids.numberPods(ix)
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

// numberPods gives equal label sets equal identities. The numbers follow the
// cluster's order; Cilium's own come from a race between agents, and no
// verdict hangs on them.
func (ids *identities) numberPods(ix *model.Index) {
	byLabels := map[string]*identity.Identity{}
	next := firstPodIdentity
	for _, pod := range ix.Cluster.Pods {
		if pod.HostNetwork {
			continue
		}
		lbls := podLabels(ix, pod)
		key := string(lbls.SortedList())
		id, known := byLabels[key]
		if !known {
			if next > lastPodIdentity {
				ids.unnumbered++
				continue
			}
			id = identity.NewIdentity(next, lbls)
			byLabels[key] = id
			ids.named[next] = newPortNames(pod)
			next++
		}
		ids.pods[pod] = id
	}
}

// podLabels are the labels that make a pod's identity: its own, its
// namespace's, its service account's and its cluster's, as Cilium filters
// them, and the named ports.
func podLabels(ix *model.Index, pod *model.Pod) labels.Labels {
	ns := &slim_corev1.Namespace{ObjectMeta: slim_metav1.ObjectMeta{Name: pod.Namespace}}
	if n := ix.Namespace(pod.Namespace); n != nil {
		ns.Labels = n.Labels
	}
	slim := &slim_corev1.Pod{
		ObjectMeta: slim_metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels},
		Spec:       slim_corev1.PodSpec{ServiceAccountName: pod.ServiceAccount},
	}
	_, k8sLabels := k8s.GetPodMetadata(slog.New(slog.DiscardHandler), ns, slim)
	identityLabels, _ := labelsfilter.Filter(labels.Map2Labels(k8sLabels, labels.LabelSourceK8s))
	for _, l := range k8s.NamedPortsIdentityLabels(ciliumNamedPorts(pod)) {
		identityLabels[l.Key] = l
	}
	return identityLabels
}

// apiServers are the addresses that Cilium labels kube-apiserver: those behind
// the Service default/kubernetes or, where that is not loaded, the nodes that
// carry the control plane.
func apiServers(ix *model.Index) map[netip.Addr]bool {
	addrs := map[netip.Addr]bool{}
	for _, s := range ix.Cluster.EndpointSlices {
		if s.Namespace == "default" && s.Service == "kubernetes" {
			for _, e := range s.Endpoints {
				addrs[e.Addr] = true
			}
		}
	}
	if len(addrs) > 0 {
		return addrs
	}
	for _, n := range ix.Cluster.Nodes {
		if n.ControlPlane {
			for _, ip := range n.InternalIPs {
				addrs[ip] = true
			}
		}
	}
	return addrs
}

// addPrefixes makes the identities of the CIDRs that policies name.
func (ids *identities) addPrefixes(prefixes []netip.Prefix) {
	for addr := range ids.apiServers {
		prefixes = append(prefixes, netip.PrefixFrom(addr, addr.BitLen()))
	}
	slices.SortFunc(prefixes, func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(b.Bits(), a.Bits()), a.Addr().Compare(b.Addr()))
	})
	next := identity.IdentityScopeLocal + 1
	for _, p := range slices.Compact(prefixes) {
		if p.Bits() == 0 {
			continue // equal to the world, which needs no identity of its own
		}
		lbls := labels.GetCIDRLabels(p)
		if p.IsSingleIP() && ids.apiServers[p.Addr()] {
			lbls.MergeLabels(labels.LabelKubeAPIServer)
		}
		ids.prefixes = append(ids.prefixes, prefixIdentity{p, identity.NewIdentity(next, lbls)})
		next++
	}
}

// all lists every identity, for Cilium's selector caches.
func (ids *identities) all() identity.IdentityMap {
	out := identity.IdentityMap{}
	for id, r := range ids.reserved {
		out[id] = r.LabelArray
	}
	for _, id := range ids.pods {
		out[id.ID] = id.LabelArray
	}
	for _, p := range ids.prefixes {
		out[p.id.ID] = p.id.LabelArray
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
		return ids.world(party.Addr)
	default:
		return ids.ofAddress(party.Addr)
	}
}

func (ids *identities) ofNode(party model.Party, judge *model.Node) *identity.Identity {
	local := judge != nil && party.Node == judge
	// Another node is known by the address that the packet carries, which is
	// not always the one that the API server has.
	apiServer := ids.apiServers[party.Addr]
	if local {
		apiServer = slices.ContainsFunc(party.Node.InternalIPs, func(ip netip.Addr) bool { return ids.apiServers[ip] })
	}
	switch {
	case local && apiServer:
		return ids.reserved[hostWithAPIServer]
	case local:
		return ids.reserved[identity.ReservedIdentityHost]
	case apiServer:
		return ids.reserved[identity.ReservedIdentityKubeAPIServer]
	default:
		return ids.reserved[identity.ReservedIdentityRemoteNode]
	}
}

// ofAddress is the identity of the longest prefix that a policy names and that
// holds the address, else the world.
func (ids *identities) ofAddress(addr netip.Addr) *identity.Identity {
	for _, p := range ids.prefixes {
		if p.prefix.Contains(addr) {
			return p.id
		}
	}
	return ids.world(addr)
}

// world is the identity of whatever no policy names. In a dual-stack cluster
// there is one for each family.
func (ids *identities) world(addr netip.Addr) *identity.Identity {
	world := identity.ReservedIdentityWorld
	if ids.dualStack && addr.Is6() {
		world = identity.ReservedIdentityWorldIPv6
	} else if ids.dualStack {
		world = identity.ReservedIdentityWorldIPv4
	}
	return ids.reserved[world]
}

// labelList writes an identity's labels as Cilium prints them, sorted. Labels
// that releases before 1.20 do not know are left out for those.
func labelList(id *identity.Identity, version model.Version) []string {
	if id == nil {
		return nil
	}
	list := make([]string, 0, len(id.LabelArray))
	for _, l := range id.LabelArray {
		if l.Source == labels.LabelSourceGenerated && !version.AtLeast(1, 20, 0) {
			continue
		}
		list = append(list, strings.TrimSuffix(l.String(), "="))
	}
	slices.Sort(list)
	return list
}
