package kubeproxy_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// expectation is what dnat says about a question: the outcomes that can happen,
// each of which happens if one asks often enough.
type expectation struct {
	outcomes []outcome
	// unknown is the reason where dnat does not know, "" normally.
	unknown string
}

// expect asks dnat.
//
// What a pod sends to a ClusterIP is the one thing that cannot be compared as it
// is: Cilium translates it at the pod, and no Cilium is in the laboratory. But
// kube-proxy chooses backends for a ClusterIP by its node alone, so dnat is
// asked what the pod's node would meet; the source address, which is another,
// is left open.
func (l *laboratory) expect(q question) expectation {
	source := q.client.party
	asNode := source.Kind == model.PartyPod && q.frontend == model.FrontendClusterIP
	if asNode {
		source = l.index.NodeParty(source.Node, q.to.Addr().Is6())
	}
	var e expectation
	for _, p := range dnat.Resolve(l.index, l.datapath, q.request(source)) {
		if p.Service.Stage != "" && p.Service.Verdict == model.Undetermined {
			e.unknown = p.Service.Why
		}
		o := l.outcomeOf(p)
		if asNode {
			o.source = netip.Addr{}
		}
		e.outcomes = append(e.outcomes, o)
	}
	return e
}

func (q question) request(source model.Party) dnat.Request {
	return dnat.Request{
		Source: source, Via: q.via, Service: q.service, Port: q.port,
		Frontend: q.frontend, Addr: q.to.Addr(), PortNumber: q.to.Port(), Protocol: q.protocol,
	}
}

// outcomeOf is what the client of a Path notices. The source address is open
// where dnat leaves it so: between a node and its own pods it is Cilium's to
// choose, and the facts pin what kube-proxy does there.
func (l *laboratory) outcomeOf(p dnat.Path) outcome {
	switch {
	case p.Return.Stage != "":
		return outcome{sees: model.SeesTimeout}
	case p.Backend != nil:
		return outcome{model.SeesOpen, l.nameOf(p.Backend.Party), p.Translation.SourceSeen}
	}
	return outcome{sees: p.ClientSees}
}

// nameOf is the name of the host that is an end of a packet.
func (l *laboratory) nameOf(p model.Party) string {
	switch {
	case p.Pod != nil:
		return p.Pod.Name
	case p.Node != nil:
		return p.Node.Name
	}
	for _, host := range outsiders(l.cluster) {
		if slices.Contains(host.addrs, p.Addr) {
			return host.name
		}
	}
	return p.Addr.String()
}

// covers says whether an expected outcome is the one that was met. One in which
// dnat does not say what the client sees is any but an answer: the packet leaves
// the cluster untranslated, and who is there is not known.
func (expected outcome) covers(met outcome) bool {
	switch {
	case expected.sees == "":
		return met.sees != model.SeesOpen
	case !expected.source.IsValid():
		return expected.sees == met.sees && expected.name == met.name
	}
	return expected == met
}

// allows says whether an outcome is among those expected.
func (e expectation) allows(met outcome) bool {
	return slices.ContainsFunc(e.outcomes, func(expected outcome) bool { return expected.covers(met) })
}

// metBy says whether every expected outcome was met.
func (e expectation) metBy(met []outcome) bool {
	return !slices.ContainsFunc(e.outcomes, func(expected outcome) bool { return !slices.ContainsFunc(met, expected.covers) })
}

// difference is what is between dnat and the kernel, "" where nothing is.
func (e expectation) difference(met []outcome) string {
	surprising := func(o outcome) bool { return !e.allows(o) }
	if e.unknown == "" && e.metBy(met) && !slices.ContainsFunc(met, surprising) {
		return ""
	}
	return fmt.Sprintf("\n\tthe kernel: %s\n\tdnat:       %s", listed(met), e)
}

func (e expectation) String() string {
	if e.unknown != "" {
		return "unknown, since " + e.unknown
	}
	return listed(e.outcomes)
}

// listed is each outcome once: "b1 sees 10.244.1.1; timeout".
func listed(outcomes []outcome) string {
	var texts []string
	for _, o := range outcomes {
		texts = append(texts, o.String())
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), "; ")
}
