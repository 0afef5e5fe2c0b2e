package sim

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// dnsService is where pods ask for names, by kubeadm's and kind's convention.
var dnsService = objectName{"kube-system", "kube-dns"}

// lookedUp is the name that a client asks DNS for to find what a reference
// means, "" if it asks for none. A Service's name leads to its ClusterIP, never
// to another frontend.
func lookedUp(to reference) string {
	asksDNS := to.host == "" && to.name == dnsService
	switch {
	case to.kind == "Service" && to.frontend == "" && !asksDNS:
		return to.name.name + "." + to.name.namespace + ".svc.cluster.local"
	case to.kind == "Service":
		return ""
	default:
		return model.CanonicalName(to.host)
	}
}

// lookup is what becomes of a pod's query for a name.
type lookup struct {
	step model.Step
	// proxied is true where the query passes Cilium's DNS proxy, and learned
	// where the answer does.
	proxied, learned bool
}

// lookupFor is the lookup of a destination as a step. Where rules go by names it
// matters that no agent sees an answer.
func (s *Sim) lookupFor(from model.Party, to reference, name string) model.Step {
	l := s.lookup(from, name)
	if to.kind == "" && !l.proxied && l.step.Verdict == model.Allowed && len(s.engine.FQDNs(from)) > 0 {
		l.step.Why += ", but not through Cilium's DNS proxy: its agent does not learn the answer, and toFQDNs never means it"
	}
	return l.step
}

// lookup follows the query of a pod to kube-dns, over UDP.
func (s *Sim) lookup(from model.Party, name string) lookup {
	l := lookup{step: model.Step{Stage: model.StageDNS, By: []model.Origin{}}}
	step := &l.step
	dns := s.index.Service(dnsService.namespace, dnsService.name)
	if dns == nil {
		step.Why = "no file holds the Service kube-system/kube-dns, so the lookup cannot be judged"
		return l
	}
	request := serviceRequest(dns, portRef{number: 53, protocol: model.UDP}, model.FrontendClusterIP, primary(dns.ClusterIPs))
	q := Query{asks: engine.Request{DNSName: name}, lookup: true}
	answer := Answer{Paths: s.paths(q, group{from, 1}, request)}
	answer.fold()
	step.Verdict = answer.Verdict
	l.proxied = len(answer.Paths) > 0 && answer.all(func(p Path) bool { return slices.ContainsFunc(p.Steps, isProxy) })
	l.learned = l.proxied && answer.Verdict == model.Allowed
	switch p, i := answer.decisive(); {
	case answer.Verdict == model.Mixed:
		step.Verdict = model.Undetermined
		step.Why = "only some of the DNS servers can be asked"
	case p != nil:
		l.decide(p.Steps[i])
	case l.learned:
		steps := answer.Paths[0].Steps
		proxy := steps[slices.IndexFunc(steps, isProxy)]
		step.Node, step.Sees, step.By = proxy.Node, proxy.Sees, proxy.By
		step.Why = fmt.Sprintf("the source asks kube-dns (53/UDP), and %s; its agent learns the answer", proxy.Why)
	default:
		step.Why = "the source can ask kube-dns (53/UDP)"
	}
	return l
}

func isProxy(s model.Step) bool { return s.Stage == model.StageL7 }

// decide makes the step that stops or doubts the query the lookup's own.
func (l *lookup) decide(decisive model.Step) {
	step := &l.step
	step.Node, step.Sees, step.By, step.Hint = decisive.Node, decisive.Sees, decisive.By, decisive.Hint
	if step.Verdict == model.Denied {
		step.DropReason, step.ClientSees = decisive.DropReason, decisive.ClientSees
	}
	if isProxy(decisive) {
		step.Why = "the source asks kube-dns (53/UDP), and " + decisive.Why
		return
	}
	step.Why = fmt.Sprintf("the source asks kube-dns (53/UDP), and %s is %s: %s", decisive.Stage, decisive.Verdict, decisive.Why)
}

func primary(ips []netip.Addr) netip.Addr {
	if len(ips) == 0 {
		return netip.Addr{}
	}
	return ips[0]
}

// addLookup puts the lookup first where the destination was written as a DNS
// name; else a lookup that would fail is a condition.
func (p *Path) addLookup(step model.Step, to reference) {
	switch {
	case to.host != "":
		p.prependLookup(step)
	case step.Verdict == model.Denied:
		p.conditions = append(p.conditions, fmt.Sprintf("the lookup of %s.%s.svc is denied: %s", to.name.name, to.name.namespace, step.Why))
	}
}

// prependLookup makes the lookup the path's first step: without an address no
// packet leaves, so its hint comes first too.
func (p *Path) prependLookup(step model.Step) {
	p.Steps = append([]model.Step{step}, p.Steps...)
	p.Verdict = model.Steps(step.Verdict, p.Verdict)
	if step.Verdict == model.Allowed {
		return
	}
	p.ClientSees = ""
	if step.Hint != "" {
		p.Hint = step.Hint
	}
	if step.Verdict == model.Denied {
		p.ClientSees, p.DropReason = cmp.Or(step.ClientSees, model.SeesDNSTimeout), step.DropReason
	}
}

// hostRequests ask for each address that a name has. One without an answer may
// have any.
func (s *Sim) hostRequests(r reference) ([]dnat.Request, error) {
	addrs, answered := s.dns[model.CanonicalName(r.host)]
	switch {
	case !answered:
		return s.addressRequest(r, model.Party{Kind: model.PartyWorld})
	case len(addrs) == 0:
		return nil, refErrorf("%s has no address, says --dns: nothing can be sent there", r.text)
	}
	var out []dnat.Request
	for _, addr := range s.reachable(addrs) {
		requests, err := s.addressRequest(r, s.index.Party(addr))
		if err != nil {
			return nil, err
		}
		out = append(out, requests...)
	}
	return out, nil
}

// reachable leaves out the addresses of a family that no pod has, if there are
// others: no client connects to those.
func (s *Sim) reachable(addrs []netip.Addr) []netip.Addr {
	has := map[bool]bool{}
	for _, p := range s.index.Cluster.Pods {
		for _, ip := range p.IPs {
			has[ip.Is6()] = true
		}
	}
	usable := slices.DeleteFunc(slices.Clone(addrs), func(a netip.Addr) bool { return !has[a.Is6()] })
	if len(usable) == 0 {
		return addrs
	}
	return usable
}

// assumed is what an answer about a host outside takes for granted of its
// addresses, "" for nothing.
func (s *Sim) assumed(to reference) string {
	addrs, answered := s.dns[model.CanonicalName(to.host)]
	switch {
	case to.kind != "" || to.host == "":
		return ""
	case !answered:
		return to.host + " is outside the cluster: no answer gives its addresses"
	case len(s.reachable(addrs)) < len(addrs):
		return "clients use only those addresses of " + to.host + " whose family a pod has by these files"
	default:
		return ""
	}
}

// names are what the agent on a packet's source's node knows by name of its
// destination. asked is the name by which the client looked for it, "" for none.
func (s *Sim) names(packet model.Packet, asked string) *engine.Names {
	names := &engine.Names{Asked: asked}
	from, to := packet.Source, packet.Destination
	if from.Kind != model.PartyPod || !to.Addr.IsValid() && asked == "" {
		return names
	}
	fqdns := s.engine.FQDNs(from)
	for _, name := range s.namesOf(to.Addr, asked) {
		if slices.ContainsFunc(fqdns, func(f engine.FQDN) bool { return f.Matches(name) }) {
			names.Known = append(names.Known, s.nameOf(packet, name, asked))
		}
	}
	if !to.Outside() {
		return names
	}
	for _, f := range fqdns {
		if !s.answers(f) && !f.Matches(asked) {
			names.Known = append(names.Known, s.unanswered(from, f)...)
		}
	}
	return names
}

// namesOf are the names that an address has by the answers given, with the one
// that the client asked for.
func (s *Sim) namesOf(addr netip.Addr, asked string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.dns)) {
		if name != asked && slices.Contains(s.dns[name], addr) {
			out = append(out, name)
		}
	}
	if asked != "" {
		out = append(out, asked)
	}
	return out
}

// nameOf says who teaches the agent on a pod's node a name of a packet's
// destination. A client that asks for one name asks for no other.
func (s *Sim) nameOf(packet model.Packet, name, asked string) engine.Name {
	from, missed := packet.Source, engine.Name{Text: name, State: engine.NameMissed}
	if !packet.Destination.Outside() {
		return missed
	}
	l := s.lookup(from, name)
	switch {
	case l.learned && asked != "" && name != asked:
		return engine.Name{Text: name, State: engine.NameShared, Of: podName(from.Pod)}
	case l.learned:
		return engine.Name{Text: name, State: engine.NameLearned}
	case l.step.Verdict == model.Undetermined:
		return engine.Name{Text: name, State: engine.NameOpen, Of: l.step.Why}
	}
	if teacher := s.teacher(from, func(p model.Party) bool { return s.lookup(p, name).learned }); teacher != "" {
		return engine.Name{Text: name, State: engine.NameShared, Of: teacher}
	}
	return missed
}

// answers says whether some answer is for a name that a selector means: then
// there are no others.
func (s *Sim) answers(f engine.FQDN) bool {
	for name := range s.dns {
		if f.Matches(name) {
			return true
		}
	}
	return false
}

// unanswered is a selector that may mean an address, none if no agent could
// ever tell. Any name will do to see whether queries pass the DNS proxy.
func (s *Sim) unanswered(from model.Party, f engine.FQDN) []engine.Name {
	name := strings.ReplaceAll(f.Text, "*", "x")
	l := s.lookup(from, name)
	switch {
	case l.proxied:
		return []engine.Name{{Text: f.Text, State: engine.NameUnanswered, Of: "there is no --dns answer for it"}}
	case l.step.Verdict == model.Undetermined:
		return []engine.Name{{Text: f.Text, State: engine.NameUnanswered, Of: l.step.Why}}
	}
	if teacher := s.teacher(from, func(p model.Party) bool { return s.lookup(p, name).proxied }); teacher != "" {
		return []engine.Name{{Text: f.Text, State: engine.NameShared, Of: teacher}}
	}
	return nil
}

// teacher is another pod on a pod's node that teaches the agent which they
// share, "" for none. Where netsim placed a pod it may be on any node.
func (s *Sim) teacher(from model.Party, teaches func(model.Party) bool) string {
	tried := map[string]bool{}
	for _, p := range s.index.Cluster.Pods {
		other := s.index.PodParty(p, false)
		identity := strings.Join(s.engine.Identity(other, other.Node), ",")
		if p == from.Pod || p.Inferred != "" || p.HostNetwork || p.Finished || tried[identity] || !mayShareNode(p, from.Pod) {
			continue
		}
		tried[identity] = true
		if teaches(other) {
			return podName(p)
		}
	}
	return ""
}

func podName(p *model.Pod) string { return "pod " + p.Namespace + "/" + p.Name }

func mayShareNode(a, b *model.Pod) bool {
	return a.Node == b.Node || a.Assigned["node"] || b.Assigned["node"]
}
