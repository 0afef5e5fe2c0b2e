package engine

import (
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"

	"github.com/netsim-dev/netsim/model"
)

// nodeAddress is an address of a node as another node sees it. Without an
// address it is that of the node's router (the device cilium_host), which no
// file holds: node to pod traffic through a tunnel comes from there.
type nodeAddress struct {
	node *model.Node
	addr netip.Addr
}

// numberNodes numbers each node as its own agent knows it, and each of its
// addresses as the others do. Where neither CIDRs nor label selectors can mean
// nodes, all are host or remote-node, or kube-apiserver besides.
func (ids *identities) numberNodes() {
	for _, n := range ids.index.Cluster.Nodes {
		router := routerRange(n)
		ids.hosts[n] = ids.numbers.number(ids.hostLabels(n, router))
		ids.subjects[n] = ids.numbers.number(ids.subjectLabels(n))
		for _, p := range single(slices.Concat(n.InternalIPs, n.ExternalIPs)) {
			ids.remotes[nodeAddress{n, p.Addr()}] = ids.numbers.number(ids.remoteLabels(n, p))
		}
		ids.remotes[nodeAddress{n, netip.Addr{}}] = ids.numbers.number(ids.remoteLabels(n, router))
	}
}

// subjectLabels are those by which policies for nodes select a node: its own,
// filtered as those of pods are (cilium v1.20.2 pkg/endpoint/endpoint.go,
// InitWithNodeLabels).
func (ids *identities) subjectLabels(n *model.Node) labels.Labels {
	lbls := labels.NewFrom(labels.LabelHost)
	lbls.MergeLabels(ids.filter.identityLabels(labels.Map2Labels(n.Labels, labels.LabelSourceK8s)))
	return lbls
}

// subject is the identity of the party whose policies judge a packet.
func (ids *identities) subject(party model.Party) *identity.Identity {
	if party.Kind != model.PartyNode {
		return ids.of(party, party.Node)
	}
	if id := ids.subjects[party.Node]; id != nil {
		return id
	}
	return ids.host(party.Node)
}

// hostLabels are those of a node to its own agent, if its router is somewhere
// in a prefix.
func (ids *identities) hostLabels(n *model.Node, router netip.Prefix) labels.Labels {
	lbls := labels.NewFrom(labels.LabelHost)
	if ids.version.AtLeast(1, 20, 0) {
		lbls.MergeLabels(ids.ownLabels(n))
	}
	ids.inheritNode(lbls, append(single(slices.Concat(n.InternalIPs, n.ExternalIPs)), router)...)
	return lbls
}

// remoteLabels are those of an address of another node.
func (ids *identities) remoteLabels(n *model.Node, at netip.Prefix) labels.Labels {
	lbls := labels.NewFrom(labels.LabelRemoteNode)
	lbls.MergeLabels(ids.ownLabels(n))
	ids.inheritNode(lbls, at)
	return lbls
}

// ownLabels are a node's own, as node-labels filters them, where rules can read
// them. Since 1.18 the cluster is among them, and since 1.20 no filter takes it
// away (pkg/node/manager/manager.go at 1.17.14, 1.18.0, 1.19.4 and 1.20.2,
// nodeIdentityLabels).
func (ids *identities) ownLabels(n *model.Node) labels.Labels {
	if !ids.options.nodeSelectors {
		return nil
	}
	cluster := labels.NewLabel(ciliumio.PolicyLabelCluster, ids.options.clusterName, labels.LabelSourceK8s)
	own := labels.Map2Labels(n.Labels, labels.LabelSourceNode)
	if ids.version.AtLeast(1, 18, 0) && !ids.version.AtLeast(1, 20, 0) {
		own[cluster.Key] = cluster
	}
	kept, _ := labelsfilter.FilterNodeLabels(own)
	if ids.version.AtLeast(1, 20, 0) {
		kept = labels.NewFrom(kept)
		kept[cluster.Key] = cluster
	}
	return kept
}

// inheritNode adds what a node inherits at its addresses. Of CIDRs it keeps
// nothing unless policy-cidr-match-mode says so, and it is never the world
// (pkg/ipcache/metadata.go, resolveLabels).
func (ids *identities) inheritNode(lbls labels.Labels, at ...netip.Prefix) {
	for _, p := range at {
		if ids.options.cidrMeansNodes() && p.IsValid() {
			lbls.MergeLabels(labels.GetCIDRLabels(p))
		}
	}
	for _, p := range at {
		if p.IsValid() {
			ids.ipcache.inheritInto(lbls, p)
		}
	}
	for _, world := range []labels.Labels{labels.LabelWorld, labels.LabelWorldIPv4, labels.LabelWorldIPv6} {
		lbls.Remove(world)
	}
	if !ids.options.cidrMeansNodes() {
		lbls.RemoveFromSource(labels.LabelSourceCIDR)
		lbls.RemoveFromSource(labels.LabelSourceCIDRGroup)
	}
	ids.asReleased(lbls)
}

// ofNode is "host" to its own agent, and to others what the address that the
// packet carries is known as, which is not always the one that the API server
// has.
func (ids *identities) ofNode(party model.Party, judge *model.Node) *identity.Identity {
	if judge != nil && party.Node == judge {
		return ids.host(judge)
	}
	if id := ids.remotes[nodeAddress{party.Node, party.Addr}]; id != nil {
		return id
	}
	if id := ids.remotes[nodeAddress{party.Node, netip.Addr{}}]; id != nil {
		return id
	}
	return ids.reserved[identity.ReservedIdentityRemoteNode]
}

// host is what the agent on a node knows the node itself as.
func (ids *identities) host(n *model.Node) *identity.Identity {
	if id := ids.hosts[n]; id != nil {
		return id
	}
	return ids.reserved[identity.ReservedIdentityHost]
}

// single are addresses as prefixes.
func single(ips []netip.Addr) []netip.Prefix {
	out := make([]netip.Prefix, len(ips))
	for i, ip := range ips {
		out[i] = netip.PrefixFrom(ip, ip.BitLen())
	}
	return out
}

// routerRange is where the address of a node's router lies: in its pod CIDR, as
// far as files give it, else anywhere.
func routerRange(n *model.Node) netip.Prefix {
	if n.Assigned["podCIDR"] || len(n.PodCIDRs) == 0 {
		return netip.Prefix{}
	}
	return n.PodCIDRs[0]
}
