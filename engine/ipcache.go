package engine

import (
	"net/netip"

	"github.com/cilium/cilium/pkg/labels"
)

// ipcache is what an agent is told of addresses: the labels that each prefix
// has by itself, from the policies that name it, the CIDR groups that hold it,
// the API server that listens there. It is Cilium's ipcache metadata (cilium
// v1.20.2 pkg/ipcache/metadata.go), which builds on Linux only.
type ipcache map[netip.Prefix]labels.Labels

// upsert tells of a prefix. Of two labels with one key the first stays.
func (c ipcache) upsert(prefix netip.Prefix, lbls labels.Labels) {
	prefix = prefix.Masked()
	if c[prefix] == nil {
		c[prefix] = labels.Labels{}
	}
	inherit(c[prefix], lbls)
}

// labels are all that hold for a prefix outside the cluster: its own and those
// of every wider prefix around it, the narrower first (mergeLabels,
// resolveLabels).
func (c ipcache) labels(prefix netip.Prefix) labels.Labels {
	lbls := labels.Labels{}
	for bits := prefix.Bits(); bits >= 0; bits-- {
		around, _ := prefix.Addr().Prefix(bits)
		inherit(lbls, c[around])
	}
	lbls.AddWorldLabel(prefix.Addr())
	return lbls
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
