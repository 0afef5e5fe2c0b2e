package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// Names are the DNS names that a destination may have, for rules with toFQDNs.
//
// Such a rule means an address only once the agent on the source's node has seen
// it in the answer to a lookup: every name in an answer that passes its DNS
// proxy gives the address a label for each selector that matches, and a rule
// means addresses with its selector's label (cilium v1.20.2
// pkg/fqdn/namemanager/manager.go, updateMetadata; 1.16 to 1.19 alike).
type Names struct {
	// Asked is the name by which the client asks for the destination, "" where it
	// goes by the address.
	Asked string
	Known []Name
}

// Name is a name that the destination may have.
type Name struct {
	// Text is the name or, for NameUnanswered, the matchName or matchPattern of a
	// rule.
	Text  string
	State NameState
	// Of is the pod that can teach the agent a NameShared, and the reason why
	// nothing more is known of a NameOpen or NameUnanswered.
	Of string
}

// NameState says what the agent on the source's node makes of a name.
type NameState uint8

const (
	// NameOpen is the destination's, and nobody can say whether it is learned.
	NameOpen NameState = iota
	// NameUnanswered is that of a rule, and may be the destination's or not.
	NameUnanswered
	// NameLearned is tied to the address: the source's lookups pass the proxy.
	NameLearned
	// NameMissed is the destination's, but no lookup of it passes the proxy.
	NameMissed
	// NameShared is not learned in this connection, but once a pod of the node
	// looks it up: another one, or the source if it asks for this name too.
	NameShared
)

// in are the names in some state.
func (n *Names) in(state NameState) []Name {
	return slices.DeleteFunc(slices.Clone(n.Known), func(name Name) bool { return name.State != state })
}

// FQDN is a selector of a rule with toFQDNs.
type FQDN struct {
	// Text is its matchName or matchPattern.
	Text    string
	Matches func(name string) bool
}

// FQDNs are the selectors of the egress rules for a source, each once.
func (e *Engine) FQDNs(source model.Party) []FQDN {
	f := flow{direction: model.Egress, self: source, subject: e.ids.of(source, source.Node)}
	if f.subject == nil {
		return nil
	}
	var out []FQDN
	e.options.withOptions(func() {
		for _, r := range e.rulesFor(&f) {
			for _, s := range r.fqdns() {
				text := s.MatchName + s.MatchPattern
				if !slices.ContainsFunc(out, func(known FQDN) bool { return known.Text == text }) {
					out = append(out, FQDN{text, func(name string) bool { return fqdnMatches(s, name, e.dp.Version()) }})
				}
			}
		}
	})
	return out
}

func (r *rule) fqdns() []*api.FQDNSelector {
	var out []*api.FQDNSelector
	for _, s := range r.entry.L3 {
		if fqdn, ok := s.GetFQDNSelector(); ok {
			out = append(out, fqdn)
		}
	}
	return out
}

// namedIdentity is the number of an address that has learned names: the last of
// the agent's own, of which each flow needs but one.
const namedIdentity = identity.IdentityScopeLocal | 0xfffffe

// learn gives the peer the labels of the names that the agent has learned for
// it, beside those of the CIDRs that hold it (cilium v1.20.2
// pkg/ipcache/metadata.go, resolveLabels; v1.16.19 resolveIdentity inherits the
// CIDR of the longest prefix alike). Names never label pods
// (pkg/endpoint/endpoint.go, computeCIDRLabelsRLocked), and nodes only under
// policy-cidr-match-mode "nodes".
func (e *Engine) learn(f *flow) {
	if f.names == nil || f.direction != model.Egress || !f.other.Outside() {
		return
	}
	learned := labels.Labels{}
	for _, r := range e.rulesFor(f) {
		for _, s := range r.fqdns() {
			if e.anyMatches(s, f.names.in(NameLearned)) {
				label := s.IdentityLabel()
				learned[label.Key] = label
			}
		}
	}
	if len(learned) > 0 {
		learned.MergeLabels(f.peer.Labels)
		f.peer = identity.NewIdentity(namedIdentity, learned)
	}
}

func (e *Engine) anyMatches(s *api.FQDNSelector, names []Name) bool {
	return slices.ContainsFunc(names, func(n Name) bool { return fqdnMatches(s, n.Text, e.dp.Version()) })
}

// namedPolicy is a subject and the labels of an address with learned names.
type namedPolicy struct {
	subject identity.NumericIdentity
	peer    string
}

// policyMap is the map for the flow's subject. An address with learned names is
// none of the identities that all maps are computed for, and gets one of its
// own.
func (e *Engine) policyMap(f *flow) *policyMap {
	if f.peer.ID != namedIdentity {
		return e.repo.policyMap(f.subject, e.ids.host(f.self.Node))
	}
	key := namedPolicy{f.subject.ID, string(f.peer.Labels.SortedList())}
	m, known := e.named[key]
	if !known {
		host := e.ids.host(f.self.Node)
		known := identity.IdentityMap{f.subject.ID: f.subject.LabelArray, f.peer.ID: f.peer.LabelArray, identity.ReservedIdentityHost: host.LabelArray}
		m = newRepository(e.ids, known, e.rulesFor(f), e.dp.Version()).policyMap(f.subject, host)
		e.named[key] = m
	}
	return m
}

// applyNames says on which names a verdict hangs, and doubts it where a rule
// means names of which too little is known.
func (e *Engine) applyNames(f *flow, hits []hit, step *model.Step) {
	aNode := f.other.Kind == model.PartyNode && e.options.cidrMeansNodes()
	if f.direction != model.Egress || !f.other.Outside() && !aNode {
		return
	}
	before := *step
	for _, r := range e.rulesFor(f) {
		port, ok := f.portMatches(r, e.ports())
		if len(r.fqdns()) == 0 || !ok || f.peerMatches(r) || !(hit{r, port}).couldTurn(before, hits) {
			continue
		}
		e.applyUnlearned(f, hit{r, port}, step)
	}
	if condition := e.learnedBefore(f, hits); condition != "" && step.Verdict == model.Allowed {
		step.Conditions = append(step.Conditions, condition)
	}
}

// applyUnlearned is about a rule that would open what is closed, if the agent
// knew one of its names for the address.
func (e *Engine) applyUnlearned(f *flow, h hit, step *model.Step) {
	switch {
	case !f.other.Outside():
		doubt(step, h.origin(), fmt.Sprintf("policy-cidr-match-mode is %q, and netsim does not match the names of rule %s against nodes", e.options.cidrMatchMode, ruleName(h.rule.path)))
		return
	case f.names == nil:
		doubt(step, h.origin(), fmt.Sprintf("whether the address has a name that rule %s means is not known", ruleName(h.rule.path)))
		return
	}
	for _, s := range h.rule.fqdns() {
		for _, n := range f.names.Known {
			if n.Text == s.MatchName+s.MatchPattern || e.anyMatches(s, []Name{n}) {
				n.apply(f, h, step)
			}
		}
	}
}

// apply says what it means for a verdict that the agent has not learned a name
// that a rule means.
func (n Name) apply(f *flow, h hit, step *model.Step) {
	switch {
	case n.State == NameShared:
		step.Conditions = append(step.Conditions, fmt.Sprintf("not once %s has looked up %s: the agent of %s then knows its addresses, and rule %s means them",
			n.Of, n.Text, describe(f.self), at(h.rule, h.port)))
	case n.State == NameOpen, n.State == NameUnanswered && f.names.Asked == "":
		doubt(step, h.origin(), fmt.Sprintf("rule %s means the addresses of %s, and %s", ruleName(h.rule.path), n.Text, n.Of))
	case n.State == NameUnanswered:
		step.Conditions = append(step.Conditions, fmt.Sprintf("not if %s and %s share an address: rule %s means that name, and %s", f.names.Asked, n.Text, at(h.rule, h.port), n.Of))
	}
}

// learnedBefore is the condition that an allow hangs on where only names give
// it that the client does not look up in this connection.
func (e *Engine) learnedBefore(f *flow, hits []hit) string {
	var names []string
	for _, h := range hits {
		if h.rule.unknownPeers != "" || !h.rule.entry.IsAllow() {
			continue
		}
		if len(h.rule.fqdns()) == 0 || f.names == nil {
			return ""
		}
		for _, n := range f.names.in(NameLearned) {
			if !slices.ContainsFunc(h.rule.fqdns(), func(s *api.FQDNSelector) bool { return e.anyMatches(s, []Name{n}) }) {
				continue
			}
			if n.Text == f.names.Asked {
				return ""
			}
			names = append(names, n.Text)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return fmt.Sprintf("%s has looked up %s: an agent learns addresses from the answers that pass its DNS proxy", describe(f.self), strings.Join(slices.Compact(names), " or "))
}

// applyUnanswered is about a name whose addresses nobody gave: one outside that
// no rule names is judged, and rules that name some could turn the verdict.
func (e *Engine) applyUnanswered(f *flow, step *model.Step) {
	before, hits := *step, e.hits(f)
	for _, r := range e.rulesFor(f) {
		port, ok := f.portMatches(r, e.ports())
		var cidrs []string
		for _, s := range r.entry.L3 {
			for _, p := range s.GetCIDRPrefixes() {
				cidrs = append(cidrs, p.String())
			}
		}
		if ok && len(cidrs) > 0 && (hit{r, port}).couldTurn(before, hits) {
			doubt(step, hit{r, port}.origin(), fmt.Sprintf("there is no --dns answer for %s, and rule %s names %s", f.names.Asked, ruleName(r.pathOf(port)), strings.Join(cidrs, ", ")))
		}
	}
}

// missedName is a rule that means a name of the destination, in vain.
type missedName struct {
	rule *rule
	port int
	name string
}

// missed finds the first such rule, nil if there is none.
func (e *Engine) missed(f *flow) *missedName {
	if f.names == nil {
		return nil
	}
	names := slices.DeleteFunc(slices.Clone(f.names.Known), func(n Name) bool {
		others := n.State == NameShared && n.Of != describe(f.self)
		return n.State != NameMissed && !others
	})
	for _, r := range e.rulesFor(f) {
		port, ok := f.portMatches(r, e.ports())
		// What leads into the cluster has mostly got another port by now.
		if f.peerMatches(r) || !ok && f.other.Outside() {
			continue
		}
		for _, n := range names {
			if slices.ContainsFunc(r.fqdns(), func(s *api.FQDNSelector) bool { return e.anyMatches(s, []Name{n}) }) {
				return &missedName{r, port, n.Text}
			}
		}
	}
	return nil
}

// explain says why the rule does not help.
func (m *missedName) explain(f *flow) string {
	means := fmt.Sprintf("; rule %s means %s, but ", ruleName(m.rule.pathOf(m.port)), m.name)
	if !f.other.Outside() {
		return means + "names mean addresses outside the cluster only, never pods or nodes"
	}
	return means + fmt.Sprintf("no lookup of it by %s passes Cilium's DNS proxy, so the agent never learns its addresses", describe(f.self))
}

// hint is what to write instead.
func (m *missedName) hint(f *flow) string {
	if !f.other.Outside() {
		return fmt.Sprintf("%s is in the cluster: use %s instead of toFQDNs, on %s", m.name, selectorFor(f.direction, f.other), portText(f.port, f.packet.Protocol))
	}
	return `give the rule that lets ` + describe(f.self) + ` reach the DNS server rules.dns, such as {matchPattern: "*"}: Cilium learns the addresses of toFQDNs from the answers that pass its DNS proxy`
}
