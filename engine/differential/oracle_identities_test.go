package differential_test

import (
	"cmp"
	"maps"
	"net/netip"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/policy/api"
)

// known gives whatever a node's agent knows its identity, by the keys of
// party.key. The derivation is this test's own, from the drawn cluster and the
// reading of pkg/ipcache/metadata.go and pkg/endpoint/endpoint.go at v1.20.2.
type known map[string]*identity.Identity

// lore is what agents are told of addresses.
type lore struct {
	w *world
	// named are the CIDRs of rules.
	named []netip.Prefix
	// resolved is true where the name or cloud group that no file resolves
	// stands for every address outside; else for none.
	resolved bool
}

func (l lore) identities(node *testNode) known {
	ids := known{}
	for id, lbls := range identity.ListReservedIdentities() {
		ids[id.String()] = identity.NewIdentityFromLabelArray(id, lbls)
	}
	for i, p := range l.w.pods {
		if !p.hostNetwork {
			ids[p.name] = identity.NewIdentity(identity.NumericIdentity(1000+i), l.podLabels(p))
		}
	}
	for i, n := range l.w.nodes {
		for j, at := range n.addresses() {
			ids[n.name+at.suffix] = l.nodeIdentity(n, n == node, at.ip, identity.NumericIdentity(10*i+j+1))
		}
	}
	for i, prefix := range l.prefixes() {
		ids[prefix.String()] = l.outside(prefix, identity.NumericIdentity(100+i))
	}
	if l.resolved {
		anywhere := l.outside(netip.MustParsePrefix("0.0.0.0/0"), 99)
		l.unresolvedLabel(anywhere.Labels)
		ids[resolvedWorld] = identity.NewIdentity(anywhere.ID, anywhere.Labels)
	}
	return ids
}

// resolvedWorld is the key of an address that no rule names but by what no file
// resolves.
const resolvedWorld = "resolved world"

// Keys of what other nodes know of a node besides its IPv4 address.
const (
	sixSuffix    = " IPv6"
	routerSuffix = " router"
)

type nodeAddress struct {
	suffix string
	ip     netip.Addr
}

// addresses are those that a packet of the node may come from.
func (n *testNode) addresses() []nodeAddress {
	out := []nodeAddress{{"", n.ips[0]}, {routerSuffix, n.router}}
	if len(n.ips) > 1 {
		out = append(out, nodeAddress{sixSuffix, n.ips[1]})
	}
	return out
}

// subjectNode is a node as the policies for nodes select it.
func (l lore) subjectNode(n *testNode) *identity.Identity {
	lbls := labels.NewFrom(labels.LabelHost)
	own, _ := labelsfilter.Filter(labels.Map2Labels(n.labels, labels.LabelSourceK8s))
	lbls.MergeLabels(own)
	return identity.NewIdentity(identity.ReservedIdentityHost, lbls)
}

func (l lore) mode(of string) bool {
	return strings.Contains(l.w.settings["policy-cidr-match-mode"], of)
}

func put(lbls labels.Labels, source, key, value string) {
	lbls[key] = labels.NewLabel(key, value, source)
}

func (l lore) podLabels(p *testPod) labels.Labels {
	lbls := labels.Labels{}
	put(lbls, "k8s", "app", p.labels["app"])
	if tier, ok := p.labels["tier"]; ok {
		put(lbls, "k8s", "tier", tier)
	}
	put(lbls, "k8s", "io.kubernetes.pod.namespace", p.namespace)
	put(lbls, "k8s", "io.cilium.k8s.namespace.labels.team", namespaceTeams[p.namespace])
	put(lbls, "k8s", "io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name", p.namespace)
	put(lbls, "k8s", "io.cilium.k8s.policy.serviceaccount", p.account)
	put(lbls, "k8s", "io.cilium.k8s.policy.cluster", l.w.cluster)
	if l.mode("pods") {
		for _, ip := range p.ips {
			l.addressLabels(lbls, ip, true)
		}
		if l.resolved && l.w.unknown == "Groups" {
			l.unresolvedLabel(lbls)
		}
	}
	return lbls
}

// addressLabels adds the narrowest CIDR of rules around an address and the
// labels of all CIDR groups around it.
func (l lore) addressLabels(lbls labels.Labels, ip netip.Addr, everything bool) {
	narrowest := netip.PrefixFrom(ip, 0).Masked()
	found := false
	for _, p := range l.named {
		if p.Contains(ip) && p.Bits() > 0 && p.Bits() >= narrowest.Bits() {
			narrowest, found = p, true
		}
	}
	if found || everything {
		c := labels.ParseLabel("cidr:" + narrowest.String())
		if found {
			maps.Copy(lbls, onlyCIDR(narrowest))
		} else {
			lbls[c.Key] = c
		}
	}
	l.groupLabels(lbls, ip)
}

func onlyCIDR(p netip.Prefix) labels.Labels {
	lbls := labels.GetCIDRLabels(p)
	lbls.RemoveFromSource(labels.LabelSourceReserved)
	return lbls
}

func (l lore) groupLabels(lbls labels.Labels, ip netip.Addr) {
	narrowest := -1
	for _, g := range l.w.groups {
		for _, c := range g.cidrs {
			p := netip.MustParsePrefix(c)
			if !p.Contains(ip) {
				continue
			}
			put(lbls, "cidrgroup", api.LabelPrefixGroupName+"/"+g.name, "")
			encoded := labels.EncodedCIDRGroupLabel("zone", g.labels["zone"], "cidrgroup")
			lbls[encoded.Key] = encoded
			if p.Bits() > narrowest {
				narrowest = p.Bits()
				if lbls["zone"].Source != "node" { // what a Node object says goes first
					put(lbls, "cidrgroup", "zone", g.labels["zone"])
				}
			}
		}
	}
}

// unresolvedLabel is that of the name or cloud group that no file resolves.
func (l lore) unresolvedLabel(lbls labels.Labels) {
	switch l.w.unknown {
	case "FQDNs":
		put(lbls, labels.LabelSourceFQDN, fqdn, "")
	case "Groups":
		g := api.Groups{AWS: &api.AWSGroup{SecurityGroupsNames: []string{"sg"}}}
		put(lbls, "cidrgroup", g.LabelKey(), "")
	}
}

// nodeIdentity is that of a node at one of its addresses; its own agent knows
// them all as one.
func (l lore) nodeIdentity(n *testNode, own bool, at netip.Addr, number identity.NumericIdentity) *identity.Identity {
	lbls := labels.NewFrom(labels.LabelRemoteNode)
	if own {
		lbls = labels.NewFrom(labels.LabelHost)
	}
	apiServer := n.apiServer && (own || at != n.router)
	if apiServer {
		put(lbls, "reserved", "kube-apiserver", "")
	}
	ownLabels := l.w.settings["enable-node-selector-labels"] == "true"
	if ownLabels {
		put(lbls, "node", "zone", n.labels["zone"])
		put(lbls, "k8s", "io.cilium.k8s.policy.cluster", l.w.cluster)
		if n.apiServer || n.name == "n0" {
			put(lbls, "node", "node-role.kubernetes.io/control-plane", "")
		}
	}
	if l.mode("nodes") {
		ips := []netip.Addr{at}
		if own {
			ips = append([]netip.Addr{n.router}, n.ips...)
		}
		for _, ip := range ips {
			maps.Copy(lbls, onlyCIDR(netip.PrefixFrom(ip, ip.BitLen())))
			l.groupLabels(lbls, ip)
		}
		if l.resolved {
			l.unresolvedLabel(lbls)
		}
	}
	switch {
	case own:
		number = identity.ReservedIdentityHost
	case ownLabels || l.mode("nodes"):
		number += identity.IdentityScopeRemoteNode
	case apiServer:
		number = identity.ReservedIdentityKubeAPIServer
	default:
		number = identity.ReservedIdentityRemoteNode
	}
	return identity.NewIdentity(number, lbls)
}

// prefixes are all that have an identity of their own.
func (l lore) prefixes() []netip.Prefix {
	set := map[netip.Prefix]bool{}
	var out []netip.Prefix
	add := func(p netip.Prefix) {
		if !set[p] {
			set[p] = true
			out = append(out, p)
		}
	}
	for _, p := range l.named {
		if p.Bits() > 0 { // the CIDR of everything is the world itself
			add(p)
		}
	}
	for _, g := range l.w.groups {
		for _, c := range g.cidrs {
			add(netip.MustParsePrefix(c))
		}
	}
	for _, a := range addresses {
		ip := netip.MustParseAddr(a)
		if l.resolved || ip == l.w.apiServer {
			add(netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
	return out
}

func (l lore) outside(p netip.Prefix, number identity.NumericIdentity) *identity.Identity {
	ip, lbls := p.Addr(), labels.Labels{}
	inner := lore{w: l.w, resolved: l.resolved}
	for _, n := range l.named {
		if n.Bits() <= p.Bits() {
			inner.named = append(inner.named, n)
		}
	}
	inner.addressLabelsOf(lbls, p)
	if p.IsSingleIP() && ip == l.w.apiServer {
		put(lbls, "reserved", "kube-apiserver", "")
	}
	if l.resolved && p.IsSingleIP() {
		l.unresolvedLabel(lbls)
	}
	put(lbls, "reserved", l.worldName(ip), "")
	return identity.NewIdentity(identity.IdentityScopeLocal+number, lbls)
}

// addressLabelsOf is addressLabels for a prefix: groups within it do not count.
func (l lore) addressLabelsOf(lbls labels.Labels, p netip.Prefix) {
	w := *l.w
	w.groups = nil
	for _, g := range l.w.groups {
		around := testGroup{name: g.name, labels: g.labels}
		for _, c := range g.cidrs {
			if netip.MustParsePrefix(c).Bits() <= p.Bits() {
				around.cidrs = append(around.cidrs, c)
			}
		}
		w.groups = append(w.groups, around)
	}
	lore{w: &w, named: l.named}.addressLabels(lbls, p.Addr(), false)
}

// worldName is the label of addresses outside, one for each family in a
// dual-stack cluster.
func (l lore) worldName(ip netip.Addr) string {
	switch {
	case !l.w.dual:
		return "world"
	case ip.Is6():
		return "world-ipv6"
	default:
		return "world-ipv4"
	}
}

// address is the identity of the longest prefix around an address.
func (l lore) address(ids known, ip netip.Addr) *identity.Identity {
	for bits := ip.BitLen(); bits >= 0; bits-- {
		p, _ := ip.Prefix(bits)
		if id := ids[p.String()]; id != nil {
			return id
		}
	}
	return ids[l.worldName(ip)]
}

// world is the identity of a packet that came in as the world's whatever its
// address, or of an address that only the CIDR of everything holds.
func (l lore) world(ids known, ip netip.Addr) *identity.Identity {
	if ip.IsValid() {
		return ids[l.worldName(ip)]
	}
	return cmp.Or(ids[resolvedWorld], ids["0.0.0.0/0"], ids[l.worldName(ip)])
}
