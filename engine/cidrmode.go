package engine

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// cidrLabels are what a pod's identity has of its addresses under
// policy-cidr-match-mode "pods": the narrowest CIDR that rules name, or the one
// of everything, and the CIDR groups (cilium v1.20.2 pkg/endpoint/endpoint.go,
// computeCIDRLabelsRLocked).
func (ids *identities) cidrLabels(at []netip.Prefix) labels.Labels {
	lbls := labels.Labels{}
	for _, p := range at {
		inherited := labels.Labels{}
		ids.ipcache.inheritInto(inherited, p)
		if !inherited.HasSource(labels.LabelSourceCIDR) {
			everything, _ := p.Addr().Prefix(0)
			l := labels.ParseLabel(labels.LabelSourceCIDR + ":" + everything.String())
			inherited[l.Key] = l
		}
		for _, l := range inherited {
			if l.Source == labels.LabelSourceCIDR || l.Source == labels.LabelSourceCIDRGroup {
				lbls[l.GetExtendedKey()] = l
			}
		}
	}
	return lbls
}

// everythingMeansNodes: up to 1.18 a CIDR of all addresses means whatever has
// the label of a CIDR, and so the nodes under policy-cidr-match-mode "nodes"
// (cilium v1.18.4 pkg/policy/api/cidr.go, GetAsEndpointSelectors); since 1.19
// it means the world alone (v1.19.0 pkg/labels/cidr.go, IPStringToLabel).
func everythingMeansNodes(entry *types.PolicyEntry) {
	for _, s := range entry.L3 {
		// The key of a CIDR reads "cidr:0.0.0.0/0-[10.0.0.0/8,...]".
		cidr, except, _ := strings.Cut(strings.TrimPrefix(s.Key(), labels.LabelSourceCIDR+":"), "-")
		if p, err := netip.ParsePrefix(cidr); !isCIDR(s) || err != nil || p.Bits() != 0 {
			continue
		}
		demands := []slim_metav1.LabelSelectorRequirement{{Key: labels.LabelSourceCIDR + ":" + cidr, Operator: slim_metav1.LabelSelectorOpExists}}
		for _, cut := range strings.FieldsFunc(except, func(r rune) bool { return strings.ContainsRune("[],", r) }) {
			demands = append(demands, slim_metav1.LabelSelectorRequirement{Key: labels.LabelSourceCIDR + ":" + cut, Operator: slim_metav1.LabelSelectorOpDoesNotExist})
		}
		entry.L3 = append(entry.L3, types.NewLabelSelector(api.NewESFromMatchRequirements(nil, demands)))
	}
}

// applyUnknownAddress doubts a verdict where CIDR rules can mean a pod or node
// and no file gives its address: netsim filled it in, or it is that of a node's
// router.
func (e *Engine) applyUnknownAddress(f *flow, hits []hit, before model.Step, step *model.Step) {
	others := e.ids.alternatives(f)
	if len(others) == 0 {
		return
	}
	for _, r := range e.rulesFor(f) {
		port, ok := f.portMatches(r, e.ports())
		differs := slices.ContainsFunc(others, func(other *identity.Identity) bool {
			elsewhere := *f
			elsewhere.peer = other
			return elsewhere.peerMatches(r) != f.peerMatches(r)
		})
		if ok && differs && e.hangsOn(f, []hit{{r, port}}, hits, before) {
			doubt(step, r.origin(port), fmt.Sprintf("rule %s names CIDRs that may or may not hold an address of %s which no file gives", ruleName(r.path), describe(f.other)))
		}
	}
}

// alternatives are the identities that a flow's peer could have besides its
// own, for all that the files say of its address.
func (ids *identities) alternatives(f *flow) []*identity.Identity {
	at, within := ids.labelsElsewhere(f)
	if at == nil {
		return nil
	}
	var others []*identity.Identity
	for p := range ids.ipcache {
		if couldBeIn(p, within) && !ids.isOthers(p, f.other) {
			others = append(others, identity.NewIdentity(f.peer.ID, at(p)))
		}
	}
	if !within.IsValid() {
		nowhere, _ := cmp.Or(f.other.Addr, netip.IPv4Unspecified()).Prefix(0)
		others = append(others, identity.NewIdentity(f.peer.ID, at(nowhere)))
	}
	return others
}

// isOthers says whether a prefix is the very address of another party.
func (ids *identities) isOthers(p netip.Prefix, party model.Party) bool {
	owner := ids.index.Party(p.Addr())
	return p.IsSingleIP() && !owner.Outside() && (owner.Pod != party.Pod || owner.Node != party.Node)
}

// labelsElsewhere gives the labels that a flow's peer would have in a prefix,
// and where it must be, if that is known; nil where its address is known, or
// does not count.
func (ids *identities) labelsElsewhere(f *flow) (at func(netip.Prefix) labels.Labels, within netip.Prefix) {
	node, pod := f.other.Node, f.other.Pod
	remote := func(p netip.Prefix) labels.Labels { return ids.remoteLabels(node, p) }
	switch {
	case f.other.Kind == model.PartyPod && ids.options.cidrMeansPods() && pod.Assigned["ip"]:
		return func(p netip.Prefix) labels.Labels {
			lbls := labels.NewFrom(f.peer.Labels)
			lbls.RemoveFromSource(labels.LabelSourceCIDR)
			lbls.RemoveFromSource(labels.LabelSourceCIDRGroup)
			lbls.MergeLabels(ids.cidrLabels([]netip.Prefix{p}))
			return lbls
		}, within
	case f.other.Kind != model.PartyNode || node == nil || !ids.options.cidrMeansNodes():
		return nil, within
	case node == f.self.Node:
		return func(p netip.Prefix) labels.Labels { return ids.hostLabels(node, p) }, routerRange(node)
	case !f.other.Addr.IsValid():
		return remote, routerRange(node)
	case node.Assigned["ip"]:
		return remote, within
	default:
		return nil, within
	}
}

// couldBeIn says whether an address of a range could be in a prefix and also
// outside it. Of an unknown range it is taken that it is private.
func couldBeIn(p, within netip.Prefix) bool {
	if !within.IsValid() {
		return p.Addr().IsPrivate()
	}
	return p.Bits() > within.Bits() && within.Contains(p.Addr())
}
