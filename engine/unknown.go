package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// applyUnknown makes a verdict undetermined where something that netsim cannot
// know could have turned it: an allow that hangs on a deny rule with unknown
// peers, a default deny that an allow rule with unknown peers could have
// opened, anything that an unreadable policy in force could touch.
func (e *Engine) applyUnknown(f *flow, hits []hit, step *model.Step) {
	for _, o := range e.opaque {
		if o.Origin.Namespace == "" || f.self.Pod != nil && o.Origin.Namespace == f.self.Pod.Namespace {
			doubt(step, o.Origin, fmt.Sprintf("%s may be in force and netsim cannot judge it", o.Origin.ID()))
		}
	}
	for _, h := range hits {
		if h.rule.unknownPeers != "" && h.couldTurn(step) && e.couldMean(h.rule, f) {
			doubt(step, h.origin(), fmt.Sprintf("whom %s in rule %s means cannot be known from these files", h.rule.unknownPeers, ruleName(h.rule.path)))
		}
	}
	if e.cidrModeMatters(f) {
		step.Verdict = model.Undetermined
		step.DropReason = nil
		step.Why = fmt.Sprintf("policy-cidr-match-mode is %q, and netsim does not match CIDR rules against pods and nodes yet", e.options.cidrMatchMode)
	}
}

// couldTurn: an allow rule cannot help against an explicit deny, and a deny
// rule does not change a denial.
func (h hit) couldTurn(step *model.Step) bool {
	if h.rule.entry.IsDeny() {
		return step.Verdict == model.Allowed
	}
	defaultDenied := step.DropReason != nil && *step.DropReason == model.DropPolicyDenied
	return step.Verdict == model.Denied && defaultDenied
}

// couldMean knows of some peer fields whom they cannot mean: names and cloud
// groups stand for addresses outside, node selectors for other nodes.
func (e *Engine) couldMean(r *rule, f *flow) bool {
	for _, name := range strings.Split(r.unknownPeers, ", ") {
		switch name {
		case "toFQDNs", "toGroups", "fromGroups", "cidrGroup":
			if f.other.Kind == model.PartyAddress || e.options.cidrMatchMode != "" {
				return true
			}
		case "toNodes", "fromNodes":
			if f.other.Kind == model.PartyNode {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// cidrModeMatters: with policy-cidr-match-mode, CIDR rules can mean nodes or
// pods, which this package does not number by address.
func (e *Engine) cidrModeMatters(f *flow) bool {
	widened := f.other.Kind == model.PartyNode && strings.Contains(e.options.cidrMatchMode, "nodes") ||
		f.other.Kind == model.PartyPod && strings.Contains(e.options.cidrMatchMode, "pods")
	if !widened {
		return false
	}
	for _, r := range e.rules {
		if f.selects(r) && slices.ContainsFunc(r.entry.L3, isCIDR) {
			return true
		}
	}
	return false
}

// applyWorld: an answer about the world holds for addresses that no rule
// names; those that one names may fare otherwise.
func (e *Engine) applyWorld(f *flow, step *model.Step) {
	if f.other.Kind != model.PartyWorld || f.other.Addr.IsValid() {
		return
	}
	for _, r := range e.rules {
		if !f.selects(r) {
			continue
		}
		port, ok := f.portMatches(r, e.ports())
		if named := namesAddresses(r); ok && named != "" {
			step.Conditions = append(step.Conditions, fmt.Sprintf("not for addresses of %s: rule %s names them", named, at(r, port)))
		}
	}
}

// namesAddresses says which addresses outside a rule names, "" for none.
func namesAddresses(r *rule) string {
	var named []string
	for _, s := range r.entry.L3 {
		for _, p := range s.GetCIDRPrefixes() {
			named = append(named, p.String())
		}
		if fqdn, ok := s.GetFQDNSelector(); ok {
			named = append(named, fqdn.MatchName+fqdn.MatchPattern)
		}
	}
	return strings.Join(named, ", ")
}

func doubt(step *model.Step, by model.Origin, why string) {
	if step.Verdict != model.Undetermined {
		step.Why += "; but "
	} else {
		step.Why += "; "
	}
	step.Verdict = model.Undetermined
	step.DropReason = nil
	step.By = append(step.By, by)
	step.Why += why
}
