package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// Finding is how one thing stands that authentication needs: Allowed where it
// is there, Denied where it is not, Undetermined where the files cannot tell.
type Finding struct {
	Verdict model.Verdict
	// Why says it in words, Hint what to do, "" if nothing.
	Why, Hint string
}

// authentication is a demand on one packet.
type authentication struct {
	*Engine
	flow   *flow
	demand demand
	// mode is the one of the demand's that is looked at.
	mode types.AuthType
}

// authSteps is what an allowed packet must still pass: one step where a rule
// demands that both ends authenticate each other, none otherwise. The datapath
// demands it whether anybody could authenticate or not, on each side for
// itself (bpf/bpf_lxc.c, tail_handle_ipv4 and tail_ipv4_policy; bpf/lib/auth.h).
func (e *Engine) authSteps(f *flow, entry match, hits []hit, passed *model.Step) []model.Step {
	d := e.demandOf(f, entry, hits)
	unsure := e.unsureOfMode(f, hits, d)
	if d.none() && len(unsure) == 0 {
		return nil
	}
	step := model.Step{Stage: model.StageAuth, Node: passed.Node, Sees: passed.Sees, By: append([]model.Origin{}, d.by...)}
	e.answer(f, d, &step)
	for _, h := range unsure {
		doubt(&step, h.origin(), fmt.Sprintf("whom %s in rule %s means cannot be known from these files, and it has a say in whether they must authenticate", h.rule.unknownPeers, ruleName(h.rule.path)))
	}
	if passed.Verdict == model.Undetermined && step.Verdict == model.Denied {
		step.Verdict, step.DropReason = model.Undetermined, nil
		step.Why += "; but what leaves the policy open could change that too"
	}
	e.applyAudit(&step)
	step.By = model.SortOrigins(step.By)
	return []model.Step{step}
}

// answer says how a demand ends. Where several modes can hold, they must end
// alike.
func (e *Engine) answer(f *flow, d demand, step *model.Step) {
	var found []Finding
	for _, mode := range d.modes {
		found = append(found, authentication{e, f, d, mode}.finding())
	}
	first := found[0]
	step.Verdict, step.Why, step.Hint = first.Verdict, first.Why, first.Hint
	if slices.ContainsFunc(found, func(x Finding) bool { return x.Verdict != first.Verdict }) {
		step.Verdict, step.Hint = model.Undetermined, "let the rules that mean this packet agree on one mode"
		step.Why = fmt.Sprintf("rules that differ in authentication mode or proxy mean this packet, and whether it must authenticate hangs on the order in which Cilium %s happens to compute them", e.dp.CiliumVersion)
	}
	if step.Verdict == model.Denied {
		drop := model.DropAuthRequired
		step.DropReason = &drop
	}
}

// unsureOfMode are rules that would have a say in the mode if they meant the
// peer, which netsim cannot know: those that name one, and against a demand
// those that redirect to a proxy, and so have precedence.
func (e *Engine) unsureOfMode(f *flow, hits []hit, d demand) []hit {
	var unsure []hit
	for _, h := range hits {
		mode, explicit := h.authentication()
		hasSay := explicit && mode != types.AuthTypeDisabled || !d.none() && (explicit || h.l7() != "")
		if h.rule.unknownPeers != "" && hasSay && e.couldMean(h.rule, f) {
			unsure = append(unsure, h)
		}
	}
	return unsure
}

// finding is what stands in the way for sure, else what may, else that nothing
// does.
func (a authentication) finding() Finding {
	if a.mode == types.AuthTypeDisabled {
		return Finding{Verdict: model.Allowed, Why: "no rule that surely means this packet requires authentication"}
	}
	found := Finding{Verdict: model.Allowed}
	for _, check := range []func() Finding{
		a.alwaysFails, a.reserved, a.processing, a.certificate, a.server, a.ownAgent, a.otherAgent, a.otherNode,
	} {
		next := check()
		if next.Verdict == model.Denied {
			next.Why = "it requires mutual authentication, which never happens: " + next.Why
			return next
		}
		if next.Verdict == model.Undetermined && found.Verdict == model.Allowed {
			found = next
			found.Why = "it requires mutual authentication, and whether that succeeds cannot be known: " + next.Why
		}
	}
	if found.Verdict == model.Allowed {
		found.Why = a.whyItSucceeds()
	}
	return found
}

// whyItSucceeds: the agent of the side that demands it calls the agent of the
// other side's node (pkg/auth/mutual_authhandler.go, authenticate).
func (a authentication) whyItSucceeds() string {
	self, other := a.flow.self, a.flow.other
	agents := fmt.Sprintf("the agent of %s shakes hands with itself", describeNode(self))
	if self.Node != other.Node {
		agents = fmt.Sprintf("the agent of %s shakes hands with that of %s", describeNode(self), describeNode(other))
	}
	why := fmt.Sprintf("it requires mutual authentication, and SPIRE is ready: %s on %d/TCP, for %s as %s and %s as %s; until that is done packets are dropped (%s), and the client's retries pass",
		agents, a.plane.Port, describe(self), a.spiffeID(self), describe(other), a.spiffeID(other), model.DropAuthRequired.Name)
	if len(a.IdentityNumbers(self)) == 0 || len(a.IdentityNumbers(other)) == 0 {
		why += "; N stands for the number of a pod's labels, which no CiliumIdentity or CiliumEndpoint among the files gives"
	}
	return why
}

// spiffeID is a pod's SPIFFE ID (pkg/auth/spire/certificate_provider.go,
// sniToSPIFFEID). Its number is the identity's, N where no file holds
// that.
func (a authentication) spiffeID(p model.Party) string {
	var texts []string
	for _, number := range a.IdentityNumbers(p) {
		texts = append(texts, fmt.Sprint(number))
	}
	numbers := cmp.Or(strings.Join(texts, " or "), "N")
	return "spiffe://" + a.plane.TrustDomain + "/identity/" + numbers
}
