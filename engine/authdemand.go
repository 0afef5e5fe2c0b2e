package engine

import (
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// demand is an authentication that the datapath asks for before it lets a
// packet through.
type demand struct {
	// modes are those that can hold, in order: one, unless Cilium itself leaves
	// it to chance.
	modes []types.AuthType
	// by are the rules that ask for it.
	by []model.Origin
}

// none says whether the packet surely passes without authentication.
func (d demand) none() bool { return slices.Max(d.modes) == types.AuthTypeDisabled }

// demandOf is the demand on an allowed packet. Its rules are those that name
// a mode that holds: a rule without one only takes it over.
func (e *Engine) demandOf(f *flow, m match, hits []hit) demand {
	passed := len(follow(known(hits)).passed) > 0
	hits = slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.rule.unknownPeers != "" || !h.rule.entry.IsAllow() })
	d := demand{modes: e.possibleModes(f, m, hits)}
	if modes, plain := explicitModes(hits); passed && plain && len(modes) > 0 {
		// What a Pass does to the precedence of entries behind it depends on the
		// order in which they come, and so does what they take over.
		d.modes = sorted(slices.Concat(d.modes, modes, []types.AuthType{types.AuthTypeDisabled}))
	}
	for _, h := range hits {
		if mode, explicit := h.authentication(); explicit && slices.Contains(d.modes, mode) {
			d.by = append(d.by, h.origin())
		}
	}
	d.by = model.SortOrigins(d.by)
	return d
}

// possibleModes are the modes that can hold for a packet that these rules mean.
// There are several where Cilium computes the policy in an order that Go's maps
// leave open, and the order matters:
//   - an entry without a mode takes it over from broader ones for the same
//     identity, and of several the last counts (cilium v1.17.14 to v1.20.2
//     pkg/policy/mapstate.go, authPreferredInsert);
//   - a broad entry hands its mode on to those that are there already, and stops
//     at the first that denies or names a mode, be it for another port;
//   - since 1.20, an entity such as cluster has one entry for all that it means,
//     and those for single identities are left out if they come after it
//     (aggregateIsEquivalent), as they are after an equal one for everybody.
func (e *Engine) possibleModes(f *flow, m match, hits []hit) []types.AuthType {
	modes, plain := explicitModes(hits)
	chosen, _ := e.preferred(m)
	switch {
	case len(modes) == 0:
		return []types.AuthType{types.AuthTypeDisabled}
	case e.exemptsOwnNode(f):
		return modesForOwnNode(hits, modes)
	case slices.ContainsFunc(hits, e.aggregated) && (len(modes) > 1 || mixesProxied(hits)), e.leavesOut(hits) && mixesProxied(hits):
		if plain {
			modes = append(modes, types.AuthTypeDisabled)
		}
	case e.dp.Version().AtLeast(1, 17, 0) && e.policyMap(f).stopsShort(chosen):
		modes = append(modes, types.AuthTypeDisabled)
	case len(modes) == 1 || chosen.entry.AuthRequirement.IsExplicit():
		modes = nil
	}
	return sorted(append(modes, e.demanded(m)))
}

func sorted(modes []types.AuthType) []types.AuthType {
	slices.Sort(modes)
	return slices.Compact(modes)
}

// demanded is what the entry for an allowed packet asks for, by the datapath's
// rule for two entries that match (bpf/lib/policy.h, __policy_check): an
// explicit mode holds, "disabled" too; without one, the stricter of both does.
// Since 1.19 nothing passes from one level of precedence to another.
func (e *Engine) demanded(m match) types.AuthType {
	chosen, other := e.preferred(m)
	own := chosen.entry.AuthRequirement
	samePrecedence := other.entry.Precedence == chosen.entry.Precedence
	if own.IsExplicit() || !other.found || !samePrecedence && e.dp.Version().AtLeast(1, 19, 0) {
		return own.AuthType()
	}
	return max(own.AuthType(), other.entry.AuthRequirement.AuthType())
}

// preferred are the two entries in the datapath's order. 1.16 looks at the
// length of the match alone, and not whether an entry redirects to a proxy
// (bpf/lib/policy.h at v1.16.19, __policy_can_access).
func (e *Engine) preferred(m match) (chosen, other candidate) {
	if !m.other.found || e.dp.Version().AtLeast(1, 17, 0) {
		return m.chosen, m.other
	}
	specific, aggregate := m.chosen, m.other
	if id := specific.key.Identity; id == identity.IdentityUnknown || isAggregate(id) {
		specific, aggregate = aggregate, specific
	}
	if aggregate.key.PrefixLength() > specific.key.PrefixLength() {
		return aggregate, specific
	}
	return specific, aggregate
}

// stopsShort says whether an entry without a mode may or may not have been
// reached by the mode of a broader one for the same identity, because another
// that stops it lies under that too and not behind the entry (cilium v1.20.2
// pkg/policy/mapstate.go, authPreferredInsert and SubsetKeysWithSameID).
func (m *policyMap) stopsShort(plain candidate) bool {
	if plain.entry.AuthRequirement.IsExplicit() {
		return false
	}
	var broader, others []policy.Key
	m.policy.GetMapState().ForEach(func(k policy.Key, v types.MapStateEntry) bool {
		of := v.IsValid() && k.Identity == plain.key.Identity && k.TrafficDirection() == plain.key.TrafficDirection()
		switch {
		case of && v.AuthRequirement.IsExplicit() && k.PortProtoIsBroader(plain.key):
			broader = append(broader, k)
		case of && (v.IsDeny() || v.AuthRequirement.IsExplicit()) && k.PrefixLength() <= plain.key.PrefixLength():
			others = append(others, k)
		}
		return true
	})
	return slices.ContainsFunc(broader, func(b policy.Key) bool { return slices.ContainsFunc(others, b.PortProtoIsBroader) })
}

// explicitModes are the modes that rules name; plain is true where some rule
// names none.
func explicitModes(hits []hit) (modes []types.AuthType, plain bool) {
	for _, h := range hits {
		mode, explicit := h.authentication()
		switch {
		case !explicit:
			plain = true
		case !slices.Contains(modes, mode):
			modes = append(modes, mode)
		}
	}
	return modes, plain
}

// authentication is the mode that the hit's rule names; explicit is false where
// it names none.
func (h hit) authentication() (mode types.AuthType, explicit bool) {
	a := h.rule.entry.Authentication
	if a == nil || !h.rule.entry.IsAllow() {
		return types.AuthTypeDisabled, false
	}
	switch a.Mode {
	case api.AuthenticationModeRequired:
		return types.AuthTypeSpire, true
	case api.AuthenticationModeAlwaysFail:
		return types.AuthTypeAlwaysFail, true
	default:
		return types.AuthTypeDisabled, a.Mode == api.AuthenticationModeDisabled
	}
}

// mixesProxied says whether some rules redirect to a proxy and some do not.
func mixesProxied(hits []hit) bool {
	proxied := func(h hit) bool { return h.l7() != "" }
	return slices.ContainsFunc(hits, proxied) && !every(hits, proxied)
}

func every[T any](list []T, is func(T) bool) bool {
	return !slices.ContainsFunc(list, func(item T) bool { return !is(item) })
}

// aggregated says whether a rule means peers by an entry that stands for many
// identities, though not for all.
func (e *Engine) aggregated(h hit) bool {
	for id, aggregate := range e.ids.reserved {
		if !isAggregate(id) {
			continue
		}
		if slices.ContainsFunc(h.rule.entry.L3, func(s types.Selector) bool { return !s.IsWildcard() && s.Matches(aggregate.LabelArray) }) {
			return true
		}
	}
	return false
}

// leavesOut says whether a rule for everybody and one for some name the same
// mode, so that the entry of the second can be left out. Up to 1.18 that makes
// no difference, since a mode passes on between entries all the same.
func (e *Engine) leavesOut(hits []hit) bool {
	modes := map[bool][]types.AuthType{}
	for _, h := range hits {
		if mode, explicit := h.authentication(); explicit {
			everybody := every(h.rule.entry.L3, types.Selector.IsWildcard)
			modes[everybody] = append(modes[everybody], mode)
		}
	}
	same := slices.ContainsFunc(modes[true], func(m types.AuthType) bool { return slices.Contains(modes[false], m) })
	return same && e.dp.Version().AtLeast(1, 19, 0)
}

// exemptsOwnNode: in 1.16 the entry by which a node reaches its own pods says
// explicitly that it needs no authentication (pkg/policy/mapstate.go at
// v1.16.19, determineAllowLocalhostIngress). Later ones say nothing, and take
// over what any other rule asks for.
func (e *Engine) exemptsOwnNode(f *flow) bool {
	return f.direction == model.Ingress && f.otherIsOwnNode() && e.options.localhostAlways && !e.dp.Version().AtLeast(1, 17, 0)
}

// modesForOwnNode knows two cases of 1.16: rules for everybody on every port,
// which do not bind the node, and rules that agree on a mode for the port,
// which do.
func modesForOwnNode(hits []hit, modes []types.AuthType) []types.AuthType {
	everyPort := every(hits, func(h hit) bool { return h.port < 0 })
	anybody := every(hits, func(h hit) bool { return every(h.rule.entry.L3, types.Selector.IsWildcard) })
	onPort := every(hits, func(h hit) bool { _, explicit := h.authentication(); return explicit && h.port >= 0 })
	switch {
	case everyPort && anybody:
		return []types.AuthType{types.AuthTypeDisabled}
	case onPort && len(modes) == 1:
		return modes
	default:
		return sorted(append(modes, types.AuthTypeDisabled))
	}
}
