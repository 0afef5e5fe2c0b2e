package engine

import (
	"fmt"
	"slices"
	"strings"

	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// applyUnknown makes a verdict undetermined where something that netsim cannot
// know could have turned it: an allow that hangs on a deny rule with unknown
// peers, a default deny that an allow rule with unknown peers could have
// opened, anything that an unreadable policy in force could touch.
func (e *Engine) applyUnknown(f *flow, hits []hit, step *model.Step) {
	before := *step
	e.applyUnknownNamespaces(f, step)
	for _, d := range e.doubts {
		if couldTouch(d, f.self) || d.Labels && couldTouch(d, f.other) {
			doubt(step, d.Origin, d.Why)
		}
	}
	for _, h := range hits {
		if h.rule.unknownPeers != "" && h.couldTurn(before, hits) && e.couldMean(h.rule, f) {
			doubt(step, h.origin(), fmt.Sprintf("whom %s in rule %s means cannot be known from these files", h.rule.unknownText(), ruleName(h.rule.path)))
		}
	}
	e.applyEmptyGroups(f, hits, before, step)
	e.applyUnknownAddress(f, hits, before, step)
	e.applyUnknownNode(f, hits, before, step)
}

// doubtsOf are the doubts that policies raise which netsim cannot judge. Only a
// clusterwide one of Cilium's own can be about nodes.
func doubtsOf(opaque []*model.Object) []model.Doubt {
	var doubts []model.Doubt
	for _, o := range opaque {
		d := model.Doubt{
			Origin: o.Origin, Nodes: o.Origin.Kind == "CiliumClusterwideNetworkPolicy",
			Why: fmt.Sprintf("%s may be in force and netsim cannot judge it", o.Origin.ID()),
		}
		if o.Origin.Namespace != "" {
			d.Namespaces = []string{o.Origin.Namespace}
		}
		doubts = append(doubts, d)
	}
	return doubts
}

// couldTouch says whether a doubt could be about one end of a flow.
func couldTouch(d model.Doubt, p model.Party) bool {
	switch p.Kind {
	case model.PartyNode:
		return d.Nodes
	case model.PartyIngress:
		return d.Namespaces == nil
	case model.PartyPod:
		return d.Namespaces == nil || slices.Contains(d.Namespaces, p.Pod.Namespace)
	}
	return false
}

// applyUnknownNamespaces doubts a verdict where a rule reads labels of a
// namespace that no file holds: whether it means the pod cannot be known.
func (e *Engine) applyUnknownNamespaces(f *flow, step *model.Step) {
	self, other := e.unknownNamespace(f.self), e.unknownNamespace(f.other)
	if !self && !other {
		return
	}
	for _, r := range e.rules {
		if r.direction() != f.direction || !f.isFor(r) {
			continue
		}
		subject := self && readsNamespaceLabels(r.entry.Subject) && inScope(r, f.self.Pod.Namespace)
		_, port := f.portMatches(r, e.ports())
		peer := other && port && f.selects(r) && slices.ContainsFunc(r.entry.L3, readsNamespaceLabels)
		namespace := ""
		switch {
		case subject:
			namespace = f.self.Pod.Namespace
		case peer:
			namespace = f.other.Pod.Namespace
		default:
			continue
		}
		doubt(step, r.origin(-1), fmt.Sprintf("rule %s reads labels of namespace %s, which no file holds", ruleName(r.path), namespace))
	}
}

func (e *Engine) unknownNamespace(p model.Party) bool {
	if p.Kind != model.PartyPod {
		return false
	}
	ns := e.index.Namespace(p.Pod.Namespace)
	return ns == nil || ns.Made
}

// inScope says whether a rule's subject can be in a namespace at all.
func inScope(r *rule, namespace string) bool {
	scope := r.entry.Subject.SelectedNamespaces()
	return len(scope) == 0 || slices.Contains(scope, namespace)
}

// readsNamespaceLabels says whether a selector names a label of the namespace
// other than its name, which every namespace has.
func readsNamespaceLabels[S types.Selector](s S) bool {
	const prefix = ciliumio.PodNamespaceMetaLabels + "."
	key := s.Key()
	return strings.Count(key, prefix) > strings.Count(key, prefix+"kubernetes.io/metadata.name")
}

// applyUnknownNode doubts a verdict where a rule reads labels of a node that no
// file holds.
func (e *Engine) applyUnknownNode(f *flow, hits []hit, before model.Step, step *model.Step) {
	if f.self.Kind == model.PartyNode && f.self.Node != nil && f.self.Node.Made {
		for _, r := range e.rules {
			if r.direction() == f.direction && f.isFor(r) && !r.entry.Subject.IsWildcard() {
				doubt(step, r.origin(-1), fmt.Sprintf("rule %s is for nodes by their labels, and no file holds those of node %s", ruleName(r.path), f.self.Node.Name))
			}
		}
	}
	if f.other.Kind != model.PartyNode || f.other.Node == nil || f.other.Node == f.self.Node || !f.other.Node.Made {
		return
	}
	for _, r := range e.rulesFor(f) {
		if port, ok := f.portMatches(r, e.ports()); ok && r.readsNodes && e.hangsOn(f, []hit{{r, port}}, hits, before) {
			doubt(step, r.origin(port), fmt.Sprintf("rule %s reads labels of node %s, which no file holds", ruleName(r.path), f.other.Node.Name))
		}
	}
}

// couldTurn says whether a rule, if it meant the packet, would decide it
// otherwise than the known ones do: it must come before those that decide now.
func (h hit) couldTurn(step model.Step, hits []hit) bool {
	now, then := follow(known(hits)), follow(append(known(hits), h))
	switch {
	case len(then.passed) > len(now.passed):
		return true
	case now.allows() && then.allows() || now.denies() && then.denies():
		return false
	default:
		return then.denies() && step.Verdict == model.Allowed || then.allows() && step.Verdict == model.Denied
	}
}

// hangsOn says whether a verdict would be another if rules of which it is not
// known whether they mean the packet did or did not, all of them together.
func (e *Engine) hangsOn(f *flow, doubted, hits []hit, before model.Step) bool {
	others := slices.DeleteFunc(known(hits), func(x hit) bool {
		return slices.ContainsFunc(doubted, func(h hit) bool { return h.rule == x.rule })
	})
	byDefault := model.Allowed
	switch {
	case len(follow(known(hits)).by) == 0:
		byDefault = before.Verdict
	case len(e.selecting(f, isolates)) > 0 || e.options.policyMode == option.AlwaysEnforce:
		byDefault = model.Denied
	}
	verdict := func(c course) model.Verdict {
		switch {
		case c.allows():
			return model.Allowed
		case c.denies():
			return model.Denied
		default:
			return byDefault
		}
	}
	return verdict(follow(others)) != verdict(follow(slices.Concat(others, doubted)))
}

// known are the rules whose peers netsim knows.
func known(hits []hit) []hit {
	return slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.rule.unknownPeers != "" })
}

// couldMean knows of some peer fields whom they cannot mean: names and cloud
// groups stand for addresses outside.
func (e *Engine) couldMean(r *rule, f *flow) bool {
	for _, name := range strings.Split(r.unknownPeers, ", ") {
		switch name {
		case "toServices", "toGroups", "fromGroups":
			if f.other.Kind == model.PartyAddress || e.options.cidrMeans(f.other.Kind) {
				return true
			}
		default:
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
	if f.names != nil && f.names.Asked != "" {
		e.applyUnanswered(f, step)
		return
	}
	for _, r := range e.rulesFor(f) {
		port, ok := f.portMatches(r, e.ports())
		if named := namesAddresses(f, r); ok && named != "" {
			step.Conditions = append(step.Conditions, fmt.Sprintf("not for addresses of %s: rule %s names them", named, at(r, port)))
		}
	}
}

// namesAddresses says which addresses outside a rule names other than those
// that the flow's peer stands for, "" for none.
func namesAddresses(f *flow, r *rule) string {
	var named []string
	if strings.Contains(r.unknownPeers, "Groups") {
		named = append(named, "its "+r.unknownPeers)
	}
	for _, s := range r.entry.L3 {
		for _, p := range s.GetCIDRPrefixes() {
			named = append(named, p.String())
		}
		if group := groupName(s); group != "" && !s.Matches(f.peer.LabelArray) {
			named = append(named, group)
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
	step.DropReason, step.Hint = nil, ""
	step.By = append(step.By, by)
	step.Why += why
}
