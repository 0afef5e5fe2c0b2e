package engine

import (
	"cmp"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/model"
)

// proxyRule is one selector of one filter of the computed policy, as the agent
// hands it to its proxies.
type proxyRule struct {
	filter *policy.L4Filter
	// policy is nil where the selector's peers may do anything.
	policy *policy.PerSelectorPolicy
	// peers are whom the selector means, unless everyone.
	peers    identity.NumericIdentitySlice
	everyone bool
}

// proxyRules are the rules for each direction that has a proxy, highest
// precedence first and denies before allows, as Envoy keeps them
// (cilium/proxy at v0.0.0-20260701124752, cilium/network_policy.cc,
// PortNetworkPolicyRules::sort). Call it before the policy is detached.
func proxyRules(ep *policy.EndpointPolicy) map[model.Direction][]proxyRule {
	l4 := &ep.SelectorPolicy.L4Policy
	out := map[model.Direction][]proxyRule{}
	for direction, filters := range map[model.Direction]*policy.L4DirectionPolicy{model.Ingress: &l4.Ingress, model.Egress: &l4.Egress} {
		if !redirects(filters) {
			continue
		}
		var rules []proxyRule
		for filter := range filters.Filters() {
			for selector, p := range filter.PerSelectorPolicies {
				rules = append(rules, proxyRule{filter, p, selector.GetSelectionsAt(ep.GetPolicySelectors()), selector.IsWildcard()})
			}
		}
		slices.SortStableFunc(rules, func(a, b proxyRule) int {
			return cmp.Compare(b.policy.GetPrecedence(), a.policy.GetPrecedence())
		})
		out[direction] = rules
	}
	return out
}

func redirects(filters *policy.L4DirectionPolicy) bool {
	for filter := range filters.Filters() {
		for _, p := range filter.PerSelectorPolicies {
			if p.IsRedirect() {
				return true
			}
		}
	}
	return false
}

// proxied are the rules for a flow's peer and port. Pass rules hand the flow
// to the next tier: what is left of theirs is dropped.
func (m *policyMap) proxied(f *flow, named peerPorts) []proxyRule {
	var out []proxyRule
	passed := map[types.Tier]bool{}
	for _, r := range m.proxies[f.direction] {
		if passed[r.filter.Tier] || !r.means(f, named) {
			continue
		}
		if r.policy.IsPass() {
			passed[r.filter.Tier] = true
			continue
		}
		out = append(out, r)
	}
	return out
}

// dnsRules are those of the one filter that the agent gives to the DNS proxy for
// the flow's port: the first one, by tiers, that redirects to it. Which that is of
// two in one tier, one with the number and one with a name of the port, nothing
// says (pkg/endpoint/bpf.go, addNewRedirects).
func (m *policyMap) dnsRules(f *flow, named peerPorts) (rules []proxyRule, ambiguous bool) {
	var given *policy.L4Filter
	for _, r := range m.proxies[f.direction] {
		switch {
		case r.policy.GetL7Parser() != policy.ParserTypeDNS || !r.meansPort(f, named) || r.filter == given:
		case given == nil || r.filter.Tier < given.Tier:
			given, ambiguous = r.filter, false
		case r.filter.Tier == given.Tier:
			ambiguous = true
		}
	}
	for _, r := range m.proxies[f.direction] {
		if r.filter == given && r.meansPeer(f) {
			rules = append(rules, r)
		}
	}
	return rules, ambiguous
}

// aggregateProxy is the proxy that a flow is redirected to for the aggregate
// alone that its peer belongs to. The agent tells its proxies of the identities
// that a selector selects, of which the peer is none (cilium v1.20.2
// bpf/lib/policy.h, __policy_can_access; pkg/envoy/model.go,
// GetPortNetworkPolicyRule; pkg/fqdn/dnsproxy/proxy.go, CheckAllowed).
func (m *policyMap) aggregateProxy(f *flow, named peerPorts) policy.L7ParserType {
	if f.aggregate == nil || !m.lookup(f.direction, f.peer.ID, f.proto, f.port).chosen.entry.IsRedirectEntry() {
		return policy.ParserTypeNone
	}
	for _, r := range m.proxies[f.direction] {
		if r.policy.IsRedirect() && slices.Contains(r.peers, f.aggregate.ID) && r.meansPort(f, named) {
			return r.policy.GetL7Parser()
		}
	}
	return policy.ParserTypeNone
}

func (r proxyRule) means(f *flow, named peerPorts) bool {
	return r.meansPeer(f) && r.meansPort(f, named)
}

func (r proxyRule) meansPeer(f *flow) bool { return r.everyone || slices.Contains(r.peers, f.peer.ID) }

func (r proxyRule) meansPort(f *flow, named peerPorts) bool {
	l4 := r.filter
	switch {
	case l4.U8Proto != u8proto.ANY && l4.U8Proto != f.proto:
		return false
	case l4.PortName != "":
		return f.namedPort(l4.PortName, named) == f.port && f.port != 0
	case l4.Port == 0:
		return true
	default:
		return l4.Port <= f.port && f.port <= max(l4.Port, l4.EndPort)
	}
}

// judgeProxied takes the rules' verdict as Envoy does: the first rule that means what
// is asked for decides, and none is a denial (network_policy.cc, forEachRule).
// An allow that may or may not mean it leaves the verdict open, unless one after
// it allows in any case. asks says how well a rule's L7 part fits.
func judgeProxied(rules []proxyRule, asks func(*policy.PerSelectorPolicy) fit) model.Verdict {
	verdict := model.Denied
	for _, r := range rules {
		if r.policy.IsDeny() {
			return verdict
		}
		switch asks(r.policy) {
		case fits:
			return model.Allowed
		case unsure:
			verdict = model.Undetermined
		}
	}
	return verdict
}
