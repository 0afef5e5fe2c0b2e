package differential_test

import (
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	policytest "github.com/cilium/cilium/pkg/policy/testutils"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/model"
)

// simulate asks pkg/policy/testutils' evaluator, which walks the rules one by
// one and shares nothing with the policy maps; covered is false where it cannot
// be asked. It knows no modes, no allow-localhost, no aggregated identities,
// no names of ports but its own, and takes ANY for ICMP as well.
func (a *agent) simulate(entries policytypes.PolicyEntries, f drawnFlow) (allows bool, by labels.LabelArray, covered bool) {
	defer func() {
		if recover() != nil { // "named port not found"
			covered = false
		}
	}()
	peer := a.peer(f)
	onNode := f.subject.asNode() != nil
	if a.w.settings["enable-policy"] != "default" || f.withOwnNode() || !f.protocol.HasPorts() || onNode && !a.hostFirewall() {
		return false, nil, false
	}
	subject := a.subject(f)
	var rules policytypes.PolicyEntries
	isolated := false
	for _, e := range entries {
		if e.Node != onNode || e.Ingress != (f.direction == model.Ingress) || !e.Subject.Matches(subject.LabelArray) {
			continue
		}
		isolated = isolated || e.DefaultDeny
		if !a.meansTheSame(e.L3, peer) {
			return false, nil, false
		}
		if len(e.L3) > 0 || len(e.L4) > 0 {
			rules = append(rules, e)
		}
	}
	if isolated {
		rules = append(rules, isolating(f.direction))
	} else {
		rules = append(rules, allowing(f.direction))
	}
	flow := policytypes.Flow{From: subject, To: peer, Proto: f.proto(), Dport: f.port, NamedPortsTCP: map[string]uint16{}, NamedPortsUDP: map[string]uint16{}}
	destination := f.peer
	if f.direction == model.Ingress {
		flow.From, flow.To, destination = peer, subject, f.subject
	}
	for _, name := range []string{"web", "names"} {
		flow.NamedPortsTCP[name] = max(1, destination.number(name, u8proto.TCP))
		flow.NamedPortsUDP[name] = max(1, destination.number(name, u8proto.UDP))
	}
	result, egress, ingress := policytest.IteratePolicy(rules, flow)
	if f.direction == model.Ingress {
		return result.Ingress == policytypes.DecisionAllowed, ingress, true
	}
	return result.Egress == policytypes.DecisionAllowed, egress, true
}

// meansTheSame is false where selectors mean the peer only through its
// aggregate, or through the text that they share with the selector of all.
func (a *agent) meansTheSame(l3 policytypes.Selectors, peer *identity.Identity) bool {
	aggregate := identity.LookupReservedIdentity(aggregateNumber(peer.ID))
	for _, s := range l3 {
		wildcard := s.Key() == policytypes.WildcardSelector.Key()
		byAggregate := aggregate != nil && s.Matches(aggregate.LabelArray)
		if (wildcard || byAggregate) && !s.Matches(peer.LabelArray) {
			return false
		}
	}
	return true
}

// allowing is what Cilium puts behind the rules of a pod that nothing isolates;
// the simulator knows it only where no rule matches at all.
func allowing(d model.Direction) *policytypes.PolicyEntry {
	return &policytypes.PolicyEntry{Tier: policytypes.DefaultPolicy, Ingress: d == model.Ingress, Subject: policytypes.WildcardSelector, L3: policytypes.WildcardSelectors}
}

// isolating is a rule that means nobody: rules left out may have isolated.
func isolating(d model.Direction) *policytypes.PolicyEntry {
	return &policytypes.PolicyEntry{Ingress: d == model.Ingress, Subject: policytypes.WildcardSelector, DefaultDeny: true, L4: slices.Clone(api.PortRules{})}
}
