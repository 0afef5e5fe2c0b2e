package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// course is how a packet fares with the rules that match it. Rules go by tier,
// then by priority, and among equals Deny by Accept by Pass; the first that is
// no Pass decides, and a Pass skips what is left of its tier (cilium v1.20.2
// pkg/policy/rules.go, ruleSlice.sort; pkg/policy/types/entry.go, Precedence).
type course struct {
	// by are the rules that decide, all of one rank and verdict. None where no
	// rule does: then the default decides.
	by []hit
	// passed are the Pass rules that sent the packet on to the next tier.
	passed []hit
	// outranked are the rules behind the deciding ones that would have decided
	// otherwise.
	outranked []hit
}

// follow gives the course of a packet through the rules that match it.
func follow(hits []hit) course {
	rest := slices.SortedStableFunc(slices.Values(hits), compareRank)
	var c course
	for len(rest) > 0 {
		n := 1
		for n < len(rest) && compareRank(rest[0], rest[n]) == 0 {
			n++
		}
		first := rest[:n:n]
		if first[0].verdict() != types.Pass {
			c.by, c.outranked = first, contrary(first[0], rest[n:])
			return c
		}
		c.passed = append(c.passed, first...)
		rest = slices.DeleteFunc(rest[n:], func(h hit) bool { return h.tier() == first[0].tier() })
	}
	return c
}

func compareRank(a, b hit) int {
	return cmp.Or(
		cmp.Compare(a.tier(), b.tier()),
		cmp.Compare(a.rule.entry.Priority, b.rule.entry.Priority),
		cmp.Compare(a.verdictRank(), b.verdictRank()),
	)
}

func (h hit) tier() types.Tier { return h.rule.entry.Tier }

func (h hit) verdict() types.Verdict { return h.rule.entry.Verdict }

func (h hit) verdictRank() int {
	return slices.Index([]types.Verdict{types.Deny, types.Allow, types.Pass}, h.verdict())
}

// contrary are the rules that neither pass nor say what the first one says.
// That deny beats allow within the NetworkPolicy tier, and that a policy's rules
// go in their order, needs no names.
func contrary(first hit, others []hit) []hit {
	var out []hit
	for _, h := range others {
		plain := h.tier() == types.Normal && first.tier() == types.Normal || h.rule.object == first.rule.object
		if h.verdict() != first.verdict() && h.verdict() != types.Pass && !plain {
			out = append(out, h)
		}
	}
	return out
}

// denies says whether a rule denies the packet.
func (c course) denies() bool { return len(c.by) > 0 && c.by[0].verdict() == types.Deny }

// allows says whether a rule allows the packet.
func (c course) allows() bool { return len(c.by) > 0 && c.by[0].verdict() == types.Allow }

// tier is where the packet is decided; the last of all, which holds Cilium's
// own defaults, where no rule does.
func (c course) tier() types.Tier {
	if len(c.by) == 0 {
		return types.DefaultPolicy
	}
	return c.by[0].tier()
}

// applyPass names the rules that sent the packet on to the next tier.
func (c course) applyPass(step *model.Step) {
	passed := ""
	for _, h := range c.passed {
		passed += fmt.Sprintf("%s passes it on from the %s tier; ", nameOf(h), tierName(h.tier()))
	}
	step.Why = passed + step.Why
	step.By = append(step.By, origins(c.passed)...)
}

// whyDenyHolds says what a deny rule overrides.
func (e *Engine) whyDenyHolds(c course) string {
	switch {
	case c.tier() == types.Admin:
		return "the Admin tier goes before every NetworkPolicy and CiliumNetworkPolicy" + c.whyOutranked()
	case c.tier() == types.Baseline:
		return "no rule of the tiers before it decides" + c.whyOutranked()
	case e.tiered():
		return "deny beats every allow but those of the Admin tier" + c.whyOutranked()
	default:
		return "deny beats every allow"
	}
}

// hintDeny says what would open a packet that a rule denies.
func (e *Engine) hintDeny(c course) string {
	o := c.by[0].origin()
	switch {
	case c.tier() == types.Admin:
		return fmt.Sprintf("only a change to %s (%s), or an Accept before it in the Admin tier, opens this: no NetworkPolicy or CiliumNetworkPolicy overrides that tier", o.ID(), o.Rule)
	case c.tier() == types.Baseline:
		return fmt.Sprintf("an allow rule for it in a NetworkPolicy or CiliumNetworkPolicy opens this, since those go before the Baseline tier; so does a change to %s (%s)", o.ID(), o.Rule)
	case e.tiered():
		return fmt.Sprintf("only a change to %s (%s), or an Accept in the Admin tier, opens this: no other allow rule overrides a deny", o.ID(), o.Rule)
	default:
		return fmt.Sprintf("only a change to %s (%s) opens this: no allow rule overrides a deny", o.ID(), o.Rule)
	}
}

// tiered says whether the cluster has rules of other tiers than that of
// NetworkPolicies.
func (e *Engine) tiered() bool {
	return slices.ContainsFunc(e.rules, func(r *rule) bool { return r.entry.Tier != types.Normal })
}

// whyOutranked names the rules that come too late, "" for none.
func (c course) whyOutranked() string {
	if len(c.outranked) == 0 {
		return ""
	}
	const few = 2
	names := []string{}
	for _, h := range c.outranked {
		if name := nameOf(h); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > few {
		names = append(names[:few], fmt.Sprintf("%d more", len(names)-few))
	}
	would := "would deny it"
	if c.denies() {
		would = "would allow it"
	}
	last := len(names) - 1
	list := names[last]
	if last > 0 {
		list = strings.Join(names[:last], ", ") + " and " + list
	}
	return fmt.Sprintf("; it goes before %s, which %s", list, would)
}

// nameOf is "ingress[0] of ClusterNetworkPolicy platform".
func nameOf(h hit) string {
	return fmt.Sprintf("%s of %s", h.origin().Rule, h.rule.object.Origin.ID())
}

// tierName is what Kubernetes calls a tier (network-policy-api v0.2.0
// apis/v1alpha2, ClusterNetworkPolicySpec.Tier).
func tierName(t types.Tier) string {
	switch t {
	case types.Admin:
		return "Admin"
	case types.Baseline:
		return "Baseline"
	default:
		return "NetworkPolicy"
	}
}

// ranked is a kind of rule with its place, for a sentence: "deny rule", or
// "Deny rule of the Admin tier (priority 10)".
func (c course) ranked(plain, ofTier string) string {
	h := c.by[0]
	if h.tier() == types.Normal {
		return plain
	}
	return fmt.Sprintf("%s rule of the %s tier (priority %d)", ofTier, tierName(h.tier()), int(h.rule.entry.Priority))
}
