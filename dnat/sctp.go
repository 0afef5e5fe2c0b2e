package dnat

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// SCTP is known to Cilium with enable-sctp only, which is not the default: else
// connection tracking, which comes before policy, drops every packet of and to a
// pod, and no program translates one. Source: bpf/lib/conntrack.h
// ct_extract_ports4, bpf/lib/lb.h lb4_extract_tuple.

const sctpHint = "set sctp.enabled=true in Cilium's Helm values"

// sctpDisabled answers for SCTP that goes no further than its sender, or the
// node that would translate it.
func sctpDisabled(q *query) []Path {
	if q.Protocol != model.SCTP || q.settings.sctp() {
		return nil
	}
	var paths []Path
	switch {
	case q.Source.Kind == model.PartyPod:
		paths = q.denied(ByNone, sctpDropped(q.node), model.SeesTimeout)
		drop := model.DropUnknownL4Protocol
		paths[0].Service.DropReason = &drop
	case q.settings.KubeProxyReplacement && q.hasFrontend():
		paths = q.onEach(q.entries(), func(a arrival) []Path {
			return q.deniedOn(a, ByNone, fmt.Sprintf("nobody translates %s %s: Cilium replaces kube-proxy, and does not know SCTP because enable-sctp is not true",
				frontendNoun(q.Frontend), q.frontendText()), "")
		})
	}
	for i := range paths {
		paths[i].Hint = sctpHint
	}
	return paths
}

// hasFrontend is true of a destination that somebody has to translate.
func (q *query) hasFrontend() bool {
	switch q.Frontend {
	case model.FrontendNone, model.FrontendHeadless, model.FrontendExternalName:
		return false
	}
	return true
}

func sctpDropped(node string) string {
	return fmt.Sprintf("Cilium (BPF, on %s) drops every SCTP packet of a pod, whatever the policies say, because enable-sctp is not true", node)
}

// sctpArriving looks at each Path of SCTP once more as the program of the
// backend's pod does, whoever has translated it.
func (q *query) sctpArriving(paths []Path) []Path {
	if q.Protocol != model.SCTP || q.settings.sctp() {
		return paths
	}
	for i, p := range paths {
		if p.Backend == nil || !podLike(p.Backend.Party) || p.Backend.Party.Node == nil || p.SkipPolicy != "" || p.Service.Stage != "" && p.Service.Verdict != model.Allowed {
			continue
		}
		paths[i] = q.sctpDroppedAt(p)
	}
	return paths
}

func (q *query) sctpDroppedAt(p Path) Path {
	node := p.Backend.Party.Node.Name
	why := sctpDropped(node)
	if p.Service.Why != "" {
		why = p.Service.Why + ", and there " + why
	}
	drop := model.DropUnknownL4Protocol
	step := q.step(model.Denied, why)
	step.Node, step.DropReason = node, &drop
	return Path{
		Translation: Translation{By: p.Translation.By, Node: p.Translation.Node}, Backend: p.Backend,
		Service: step, ClientSees: model.SeesTimeout, Hint: sctpHint,
	}
}

// sctpPortChanged is the drop of a packet to whose backend Cilium would have to
// change the port, which it cannot do for SCTP; nil for all others. Source:
// bpf/lib/lb.h lb_l4_xlate, Documentation/configuration/sctp.rst.
func (q *query) sctpPortChanged(t Translation, b Backend) *Path {
	if q.Protocol != model.SCTP || t.By != ByCiliumBPF || b.Port == q.PortNumber {
		return nil
	}
	drop := model.DropChecksumL4
	path := q.denied(t.By, fmt.Sprintf("Cilium (BPF, on %s) translates no port of SCTP: it drops a packet whose port %d would have to become %d", t.Node, q.PortNumber, b.Port), model.SeesTimeout)[0]
	path.Translation.Node, path.Service.Node, path.Service.DropReason = t.Node, t.Node, &drop
	path.Backend = &b
	path.Hint = "use the same number for port and targetPort, and a frontend that keeps it: no NodePort"
	return &path
}
