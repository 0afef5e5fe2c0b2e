package engine

import (
	"fmt"
	"strings"

	"github.com/cilium/cilium/pkg/option"

	"github.com/netsim-dev/netsim/model"
)

// Question is what one side's policies are asked about a packet.
type Question struct {
	// Direction says which side: the policies that select the source for Egress,
	// the destination for Ingress.
	Direction model.Direction
	// Packet is as that side sees it, after whatever translation came before.
	Packet model.Packet
	// AskedPort is the port that the client connected to, for the hint.
	AskedPort uint16
	// Request is what L7 rules are asked about.
	Request Request
	// Names are the destination's, nil where nothing is known of them.
	Names *Names
	// IdentityMissing asks as if neither end had a certificate to authenticate
	// with.
	IdentityMissing bool
}

// Judge says what the policies of one side of a packet do with it. The first
// step is the verdict on the packet itself; those after it, if any, are what a
// packet that passes must pass next. There is always at least one.
func (e *Engine) Judge(q Question) []model.Step {
	f, err := e.newFlow(q)
	step := model.Step{Stage: f.stage(), By: []model.Origin{}}
	if f.self.Node != nil {
		step.Node = f.self.Node.Name
	}
	step.Sees = e.sees(&f)
	var then []model.Step
	switch {
	case f.self.Outside():
		step.Verdict = model.Allowed
		step.Why = fmt.Sprintf("%s is outside the cluster: no policy of this cluster judges its side", describe(f.self))
	case err != nil:
		step.Why = err.Error()
	case e.unfiltered(&f) != "":
		step.Verdict = model.Allowed
		step.Why = e.unfiltered(&f)
	default:
		// Selectors read Cilium's options when they match, not only when they
		// are made.
		e.options.withOptions(func() { then = e.judgePolicy(&f, &step) })
	}
	return append([]model.Step{step}, then...)
}

func (f *flow) stage() model.Stage {
	switch {
	case f.self.Kind == model.PartyNode:
		return model.StageHostFirewall
	case f.direction == model.Ingress:
		return model.StageIngress
	default:
		return model.StageEgress
	}
}

func (e *Engine) sees(f *flow) *model.Sees {
	source, destination := f.subject, f.peer
	if f.direction == model.Ingress {
		source, destination = f.peer, f.subject
	}
	return &model.Sees{
		Source:        strings.Join(labelList(source, e.dp.Version()), ","),
		SourceIP:      addrText(f.packet.Source),
		Destination:   strings.Join(labelList(destination, e.dp.Version()), ","),
		DestinationIP: addrText(f.packet.Destination),
		Port:          f.packet.Port,
		Protocol:      f.packet.Protocol,
	}
}

func addrText(p model.Party) string {
	if !p.Addr.IsValid() {
		return ""
	}
	return p.Addr.String()
}

// unfiltered says why no policy judges a node's packet, "" where one does:
// without the host firewall Cilium judges no node (cilium v1.20.2
// pkg/policy/repository.go, computePolicyEnforcementAndRules), and what a node
// sends to itself passes no device of Cilium's.
func (e *Engine) unfiltered(f *flow) string {
	switch {
	case f.self.Kind != model.PartyNode:
		return ""
	case !e.options.hostFirewall:
		return fmt.Sprintf("%s is not under policy: the host firewall is off", describe(f.self))
	case f.other.Kind == model.PartyNode && f.other.Node == f.self.Node:
		return fmt.Sprintf("%s sends to itself, and no policy judges that", describe(f.self))
	default:
		return ""
	}
}

// judgePolicy takes the verdict from the policy map, then the reasons from the
// rules, then doubts both where something could not be known. It returns the
// steps after this one.
func (e *Engine) judgePolicy(f *flow, step *model.Step) (then []model.Step) {
	e.learn(f)
	step.Sees = e.sees(f)
	m := e.policyMap(f)
	if m.err != nil {
		e.explainFailure(f, m.err, step)
		return nil
	}
	entry := m.lookup(f.direction, f.peer.ID, f.proto, f.port)
	hits := e.hits(f)
	c := follow(known(hits))
	switch {
	case !entry.found && e.ownNodeWithoutRules(f):
		step.Verdict = model.Allowed
		step.Why = whyLocalhost(f)
	case entry.deny && c.denies():
		e.explainDeny(f, c, step)
	case entry.deny || !entry.found:
		e.explainDefaultDeny(f, entry, step)
	default:
		e.explainAllow(f, c, step)
		then = e.applyL7(f, m, hits, step)
	}
	c.applyPass(step)
	e.applyDeviations(judged{f, hits, c, step})
	e.applyUnknown(f, hits, step)
	e.applyNames(f, hits, step)
	e.applyWorld(f, step)
	e.applyMissingGroups(f, step)
	if entry.found && !entry.deny {
		then = append(e.authSteps(f, entry, hits, step), then...)
	}
	e.applyAudit(step)
	if step.Verdict == model.Denied {
		step.ClientSees = e.denyResponse(f)
	}
	step.By = model.SortOrigins(step.By)
	return then
}

// hit is a rule that means the packet, and which of its port rules does.
type hit struct {
	rule *rule
	port int
}

func (h hit) origin() model.Origin { return h.rule.origin(h.port) }

// hits are the rules that select the subject and match peer and port; for
// rules whose peers netsim cannot know, those that match the port. None where
// policy is not enforced.
func (e *Engine) hits(f *flow) []hit {
	var out []hit
	if e.options.policyMode == option.NeverEnforce {
		return nil
	}
	for _, r := range e.rulesFor(f) {
		if r.unknownPeers == "" && !f.peerMatches(r) {
			continue
		}
		if port, ok := f.portMatches(r, e.ports()); ok {
			out = append(out, hit{r, port})
		}
	}
	return out
}

func (e *Engine) ports() peerPorts {
	return newPeerPorts(e.ids, e.dp.Version())
}

// selecting lists the policies that have a rule for the subject in the flow's
// direction and satisfy a condition.
func (e *Engine) selecting(f *flow, want func(*rule) bool) []model.Origin {
	origins := []model.Origin{}
	for _, r := range e.rulesFor(f) {
		if want(r) {
			origins = append(origins, r.policyOrigin())
		}
	}
	return model.SortOrigins(origins)
}

func isolates(r *rule) bool { return r.entry.DefaultDeny }

// explainDefaultDeny: where a Pass rule selects the subject, Cilium writes
// default deny into the map as a deny entry, and reports it as one (cilium
// v1.20.2 pkg/policy/repository.go, computePolicyEnforcementAndRules; seen on
// a live cluster).
func (e *Engine) explainDefaultDeny(f *flow, entry match, step *model.Step) {
	step.Verdict = model.Denied
	drop := model.DropPolicyDenied
	if entry.deny {
		drop = model.DropPolicyDeny
	}
	step.DropReason = &drop
	step.By = e.selecting(f, isolates)
	what := fmt.Sprintf("no rule %s on %s", letThrough(f), portText(f.port, f.packet.Protocol))
	switch {
	case len(step.By) == 0:
		step.Why = fmt.Sprintf("default deny (enable-policy: %s): %s", e.options.policyMode, what)
	case len(step.By) == 1:
		step.Why = fmt.Sprintf("default deny: 1 policy isolates %s for %s and %s", describe(f.self), f.direction, what)
	default:
		step.Why = fmt.Sprintf("default deny: %d policies isolate %s for %s and %s", len(step.By), describe(f.self), f.direction, what)
	}
	if missed := e.missed(f); missed != nil {
		step.Why += missed.explain(f)
		step.Hint = missed.hint(f)
		return
	}
	if entry.deny {
		step.Why += "; since a Pass rule selects it, Cilium reports that as the drop of a deny rule"
	}
	step.Hint = e.hintDefaultDeny(f)
}

func (e *Engine) explainDeny(f *flow, c course, step *model.Step) {
	step.Verdict = model.Denied
	drop := model.DropPolicyDeny
	step.DropReason = &drop
	step.By = origins(c.by)
	step.Why = fmt.Sprintf("%s forbids %s on %s; %s", article(c.ranked("deny rule", "Deny")), traffic(f), portText(f.port, f.packet.Protocol), e.whyDenyHolds(c))
	step.Hint = e.hintDeny(c)
}

func (e *Engine) explainAllow(f *flow, c course, step *model.Step) {
	step.Verdict = model.Allowed
	if !c.allows() {
		step.Why = e.whyUnruled(f)
		return
	}
	step.By = origins(c.by)
	step.Why = fmt.Sprintf("%s %s on %s%s", ruleCount(len(c.by), c.ranked("rule", "Accept")), letThrough(f), portText(f.port, f.packet.Protocol), c.whyOutranked())
}

func origins(hits []hit) []model.Origin {
	out := []model.Origin{}
	for _, h := range hits {
		out = append(out, h.origin())
	}
	return out
}

func ruleCount(n int, rule string) string {
	if n == 1 {
		return article(rule)
	}
	return fmt.Sprintf("each of %d %s", n, strings.Replace(rule, "rule", "rules", 1))
}

func letThrough(f *flow) string {
	if f.direction == model.Ingress {
		return "lets " + describe(f.other) + " in"
	}
	return "lets it reach " + describe(f.other)
}

// whyUnruled explains an allow that no rule gave.
func (e *Engine) whyUnruled(f *flow) string {
	selected := e.selecting(f, func(*rule) bool { return true })
	switch {
	case e.options.policyMode == option.NeverEnforce:
		return "policy is not enforced (enable-policy: never)"
	case len(selected) == 0:
		return fmt.Sprintf("no policy selects %s for %s", describe(f.self), f.direction)
	case len(e.selecting(f, isolates)) == 0:
		return fmt.Sprintf("the policies that select %s for %s do not switch on default deny, and no deny rule matches", describe(f.self), f.direction)
	default:
		return whyLocalhost(f)
	}
}

// ownNodeWithoutRules: up to 1.19 allow-localhost holds for every pod; since
// 1.20 only for pods that an ingress rule selects, which under enable-policy
// "always" are not all that are isolated (cilium v1.19.6
// pkg/policy/mapstate.go, determineAllowLocalhostIngress; v1.20.0
// pkg/policy/repository.go, computePolicyEnforcementAndRules).
func (e *Engine) ownNodeWithoutRules(f *flow) bool {
	return f.direction == model.Ingress && f.otherIsOwnNode() && e.options.localhostAlways && !e.dp.Version().AtLeast(1, 20, 0)
}

func whyLocalhost(f *flow) string {
	return fmt.Sprintf("Cilium lets a node reach its own pods (allow-localhost): %s is on the same node", describe(f.other))
}

// applyAudit: in audit mode the datapath reports what it would drop and lets
// it through (bpf/lib/policy.h).
func (e *Engine) applyAudit(step *model.Step) {
	if step.Verdict == model.Denied && e.dp.On("policy-audit-mode", false) {
		step.Verdict = model.Allowed
		step.DropReason, step.Hint = nil, ""
		step.Why = "audit mode (policy-audit-mode): let through and reported, though " + step.Why
	}
}

func traffic(f *flow) string {
	if f.direction == model.Ingress {
		return "traffic from " + describe(f.other)
	}
	return "traffic to " + describe(f.other)
}
