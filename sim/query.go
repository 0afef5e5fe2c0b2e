package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// Query asks about one connection. From and To are references as the command
// line takes them ("dev/deploy/frontend", "dev/svc/api:80", "10.0.0.7:443").
type Query struct {
	// ID comes back in the Answer.
	ID       any
	From, To string
	// Port is "443", "53/UDP", a port's name, or "ICMP"; it does the same as
	// the suffix of To.
	Port string
	// Via is the node by which a packet off the wire enters ("node/NAME"): one
	// from outside, or one that left the cluster for an external IP. "" means
	// every node that could receive it, one path each.
	Via string
	// HTTP ("GET /path"), DNSName and SNI ask about one request through an L7
	// rule.
	HTTP, DNSName, SNI string

	via *model.Node
}

// Query answers a Query. The error is a *RefError where a reference names
// nothing, names several things, or cannot be read.
func (s *Sim) Query(q Query) (*Answer, error) {
	from, err := parseReference(q.From, "")
	if err != nil {
		return nil, &RefError{"FROM " + err.Error()}
	}
	to, err := parseReference(q.To, q.Port)
	if err != nil {
		return nil, &RefError{"TO " + err.Error()}
	}
	if from.port.given() {
		return nil, refErrorf("FROM %s: a source has no port to name; the port belongs to TO", q.From)
	}
	if from.frontend != "" {
		return nil, refErrorf("FROM %s: a source has no frontend to choose with @; that belongs to TO", q.From)
	}
	if q.via, err = s.entry(q.Via); err != nil {
		return nil, err
	}
	sources, err := s.sources(from)
	if err != nil {
		return nil, err
	}
	requests, err := s.destinations(to)
	if err != nil {
		return nil, err
	}
	a := s.newAnswer(q, from, to, sources, requests)
	for _, group := range s.groups(sources, requests) {
		a.Paths = append(a.Paths, s.groupPaths(q, to, group, requests)...)
	}
	a.fold()
	return a, nil
}

// groupPaths are the ways from one source to each of the requests, with the
// DNS lookup that a Service's name needs: it leads to the ClusterIP, never to
// another frontend.
func (s *Sim) groupPaths(q Query, to reference, from group, requests []dnat.Request) []Path {
	var paths []Path
	for _, request := range requests {
		paths = append(paths, s.paths(q, from, request)...)
	}
	asksDNS := to.host == "" && to.name == dnsService
	if to.kind == "Service" && to.frontend == "" && from.party.Kind == model.PartyPod && !asksDNS {
		step := s.lookup(from.party, to)
		for i := range paths {
			paths[i].addLookup(step, to)
		}
	}
	return paths
}

// dnsService is where pods ask for names, by kubeadm's and kind's convention.
var dnsService = objectName{"kube-system", "kube-dns"}

// lookup follows the query of a pod to kube-dns, over UDP.
func (s *Sim) lookup(from model.Party, to reference) model.Step {
	step := model.Step{Stage: model.StageDNS, By: []model.Origin{}}
	dns := s.index.Service(dnsService.namespace, dnsService.name)
	if dns == nil {
		step.Why = "no file holds the Service kube-system/kube-dns, so the lookup cannot be judged"
		return step
	}
	request := serviceRequest(dns, portRef{number: 53, protocol: model.UDP}, model.FrontendClusterIP, primary(dns.ClusterIPs))
	answer := Answer{Paths: s.paths(Query{}, group{from, 1}, request)}
	answer.fold()
	step.Verdict = answer.Verdict
	step.Why = "the source can ask kube-dns (53/UDP)"
	switch p, i := answer.decisive(); {
	case answer.Verdict == model.Mixed:
		step.Verdict = model.Undetermined
		step.Why = "only some of the DNS servers can be asked"
	case p != nil:
		decisive := p.Steps[i]
		step.Node, step.Sees, step.By, step.Hint = decisive.Node, decisive.Sees, decisive.By, decisive.Hint
		if step.Verdict == model.Denied {
			step.DropReason = decisive.DropReason
		}
		step.Why = fmt.Sprintf("the source asks kube-dns (53/UDP), and %s is %s: %s", decisive.Stage, decisive.Verdict, decisive.Why)
	case len(answer.Conditions) > 0:
		step.Verdict = model.Undetermined
		step.Why = "netsim does not match names against DNS rules yet: " + answer.Conditions[0]
	}
	return step
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
		p.ClientSees, p.DropReason = model.SeesDNSTimeout, step.DropReason
	}
}

// group is a source, standing for all pods that nothing tells apart from it.
type group struct {
	party model.Party
	pods  int
}

// groups puts source pods together that have the same identity on the same
// node, and are not themselves among the destinations: policies and datapath
// treat them alike.
func (s *Sim) groups(sources []model.Party, requests []dnat.Request) []group {
	var out []group
	seen := map[string]int{}
	for _, p := range sources {
		key := s.likeness(p, requests)
		if i, ok := seen[key]; ok {
			out[i].pods++
			continue
		}
		seen[key] = len(out)
		out = append(out, group{p, 1})
	}
	return out
}

func (s *Sim) likeness(p model.Party, requests []dnat.Request) string {
	if p.Pod == nil || len(p.Pod.IPs) == 0 || s.byAddress(requests) || s.isDestination(p, requests) {
		return fmt.Sprintf("%p %s %d", p.Pod, p.Addr, p.Kind)
	}
	families := make([]bool, len(p.Pod.IPs))
	for i, ip := range p.Pod.IPs {
		families[i] = ip.Is6()
	}
	return fmt.Sprintf("%s %s %d %v", p.Pod.Node, strings.Join(s.engine.Identity(p, p.Node), ","), p.Kind, families)
}

// byAddress says whether a firewall of the cloud, or a Service, may treat
// clients differently by their addresses.
func (s *Sim) byAddress(requests []dnat.Request) bool {
	return len(s.cloud.firewalls) > 0 || slices.ContainsFunc(requests, func(r dnat.Request) bool { return r.Service != nil && len(r.Service.SourceRanges) > 0 })
}

// isDestination says whether a pod is what the client asks for, or one of the
// backends behind it.
func (s *Sim) isDestination(p model.Party, requests []dnat.Request) bool {
	for _, r := range requests {
		if r.Destination.Pod == p.Pod {
			return true
		}
		if r.Service != nil && slices.ContainsFunc(s.index.Slices(r.Service), func(sl *model.EndpointSlice) bool {
			return slices.ContainsFunc(sl.Endpoints, func(e model.Endpoint) bool { return slices.Contains(p.Pod.IPs, e.Addr) })
		}) {
			return true
		}
	}
	return false
}
