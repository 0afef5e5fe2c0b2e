package sim

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// applyIdentityPlane denies an authentication that SPIRE's own traffic keeps
// from happening: the engine has looked at the settings and at SPIRE's pods.
func (s *Sim) applyIdentityPlane(steps []model.Step, packet model.Packet) {
	if s.plane == nil || s.datapath.On("policy-audit-mode", false) {
		return
	}
	for i := range steps {
		if steps[i].Stage == model.StageAuth && steps[i].Verdict == model.Allowed {
			for _, f := range s.neededFor(packet, steps[i].Node) {
				f.apply(&steps[i])
			}
		}
	}
}

// neededFor are the flows that authentication of a packet's two ends needs,
// where the one on node demands it.
func (s *Sim) neededFor(packet model.Packet, node string) []PlaneFlow {
	source, destination := packet.Source.Node, packet.Destination.Node
	var needed []PlaneFlow
	for _, f := range s.plane() {
		if f.everywhere || f.node != "" && (f.node == source.Name || f.node == destination.Name) {
			needed = append(needed, f)
		}
	}
	if source.Name != node {
		source, destination = destination, source
	}
	if source != destination && s.datapath.On("enable-host-firewall", false) {
		plane := s.engine.IdentityPlane()
		needed = append(needed, s.withoutPlane().handshake(source, destination, plane.Port))
	}
	return needed
}

// apply makes a step's verdict that of a flow that it needs, if that is worse.
func (f PlaneFlow) apply(step *model.Step) {
	what := fmt.Sprintf("%s (%s to %s on %d/%s)", f.What, f.From[0], f.To, f.Port, f.Protocol)
	switch {
	case f.Verdict == model.Allowed || step.Verdict == model.Denied:
		return
	case f.asIfKnown:
		step.Conditions = append(step.Conditions, what+" is possible: "+f.Why)
		return
	case f.Verdict == model.Denied:
		drop := model.DropAuthRequired
		step.Verdict, step.DropReason = model.Denied, &drop
		step.Why = fmt.Sprintf("it requires mutual authentication, which does not happen, or not again once the certificates have expired: %s is denied: %s", what, f.Why)
	default:
		step.Verdict = model.Undetermined
		step.Why = fmt.Sprintf("it requires mutual authentication, and whether that succeeds cannot be known: %s: %s", what, f.Why)
	}
	step.By = model.SortOrigins(append(append([]model.Origin{}, step.By...), f.By...))
	step.Hint = f.Hint
}
