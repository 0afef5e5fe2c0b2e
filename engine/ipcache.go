package engine

import (
	"net/netip"

	"github.com/cilium/cilium/pkg/labels"

	"github.com/netsim-dev/netsim/model"
)

// ipcache is what an agent is told of addresses: the labels that each prefix
// has by itself, from the policies that name it, the CIDR groups that hold it,
// the API server that listens there. It is Cilium's ipcache metadata (cilium
// v1.20.2 pkg/ipcache/metadata.go), which builds on Linux only.
type ipcache map[netip.Prefix]labels.Labels

// newIPCache tells of the API server's addresses, the CIDRs that rules name and
// the members of CIDR groups.
func newIPCache(apiServers map[netip.Addr]bool, named []netip.Prefix, groups []cidrGroup) ipcache {
	c := ipcache{}
	for addr := range apiServers {
		c.upsert(netip.PrefixFrom(addr, addr.BitLen()), labels.LabelKubeAPIServer)
	}
	for _, p := range named {
		c.upsert(p, labels.GetCIDRLabels(p))
	}
	for _, g := range groups {
		for _, p := range g.prefixes {
			c.upsert(p, g.labels)
		}
	}
	return c
}

// upsert tells of a prefix. Of two labels with one key the first stays.
func (c ipcache) upsert(prefix netip.Prefix, lbls labels.Labels) {
	prefix = prefix.Masked()
	if c[prefix] == nil {
		c[prefix] = labels.Labels{}
	}
	inherit(c[prefix], lbls)
}

// labels are all that hold for a prefix outside the cluster.
func (c ipcache) labels(prefix netip.Prefix) labels.Labels {
	lbls := labels.Labels{}
	c.inheritInto(lbls, prefix)
	lbls.AddWorldLabel(prefix.Addr())
	return lbls
}

// inheritInto adds the labels of a prefix and of every wider one around it, the
// narrower first (mergeLabels).
func (c ipcache) inheritInto(lbls labels.Labels, prefix netip.Prefix) {
	for bits := prefix.Bits(); bits >= 0; bits-- {
		around, _ := prefix.Addr().Prefix(bits)
		inherit(lbls, c[around])
	}
}

// inherit adds the labels that are not there yet, and no second CIDR: the
// narrowest one stands for all around it.
func inherit(lbls, from labels.Labels) {
	hasCIDR := lbls.HasSource(labels.LabelSourceCIDR)
	for key, l := range from {
		_, taken := lbls[key]
		if !taken && !(hasCIDR && l.Source == labels.LabelSourceCIDR) {
			lbls[key] = l
		}
	}
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
