package sim

import (
	"fmt"
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
		for _, request := range requests {
			a.Paths = append(a.Paths, s.paths(q, group, request)...)
		}
	}
	s.addLookup(a, q, from, to)
	a.fold()
	return a, nil
}

// addLookup judges the DNS lookup that a Service's name needs: as a first step
// of every path where the destination was written as a DNS name, else as a
// condition if it would fail.
func (s *Sim) addLookup(a *Answer, q Query, from, to reference) {
	if to.kind != "Service" || to.frontend != "" || from.kind == "" {
		return
	}
	verdict, step, judged := s.lookup(from, to.name)
	switch {
	case to.host == "":
		if judged && verdict != model.Allowed {
			a.Conditions = append(a.Conditions, fmt.Sprintf("the lookup of %s.%s.svc is %s: %s", to.name.name, to.name.namespace, verdict, step.Why))
		}
	case !judged:
		a.Conditions = append(a.Conditions, fmt.Sprintf("the lookup of %s is not judged: %s", to.host, step.Why))
	default:
		for i := range a.Paths {
			a.Paths[i].prependLookup(step)
		}
	}
}

// dnsService is where pods ask for names, by kubeadm's and kind's convention.
var dnsService = objectName{"kube-system", "kube-dns"}

// lookup follows the query to kube-dns, over UDP.
func (s *Sim) lookup(from reference, asked objectName) (model.Verdict, model.Step, bool) {
	step := model.Step{Stage: model.StageDNS, By: []model.Origin{}}
	if asked == dnsService {
		return model.Allowed, step, false
	}
	if s.index.Service(dnsService.namespace, dnsService.name) == nil {
		step.Why = "no Service kube-system/kube-dns is loaded"
		return model.Undetermined, step, false
	}
	ref := dnsService.namespace + "/svc/" + dnsService.name + ":53/UDP"
	answer, err := s.Query(Query{From: from.text, To: ref})
	if err != nil {
		step.Why = err.Error()
		return model.Undetermined, step, false
	}
	step.Verdict = answer.Verdict
	step.Why = "the source can ask kube-dns (53/UDP)"
	if p, i := answer.decisive(); p != nil && answer.Verdict != model.Allowed {
		decisive := p.Steps[i]
		step.Node, step.Sees, step.By, step.Hint = decisive.Node, decisive.Sees, decisive.By, decisive.Hint
		step.DropReason = decisive.DropReason
		step.Why = fmt.Sprintf("the source asks kube-dns (53/UDP), and %s is %s: %s", decisive.Stage, decisive.Verdict, decisive.Why)
	}
	return answer.Verdict, step, true
}

func (p *Path) prependLookup(step model.Step) {
	p.Steps = append([]model.Step{step}, p.Steps...)
	if step.Verdict != model.Allowed {
		p.ClientSees = ""
		if step.Verdict == model.Denied {
			p.ClientSees = model.SeesDNSTimeout
		}
		p.DropReason = step.DropReason
	}
	p.Verdict = model.Steps(stepVerdict(step), p.Verdict)
}

// stepVerdict takes a lookup that only some pods or servers can make for one
// that nobody can be sure of.
func stepVerdict(step model.Step) model.Verdict {
	if step.Verdict == model.Mixed {
		return model.Undetermined
	}
	return step.Verdict
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
	if p.Pod == nil || len(p.Pod.IPs) == 0 || byAddress(requests) || s.isDestination(p, requests) {
		return fmt.Sprintf("%p %s %d", p.Pod, p.Addr, p.Kind)
	}
	return fmt.Sprintf("%s %s %d", p.Pod.Node, strings.Join(s.engine.Identity(p, p.Node), ","), p.Kind)
}

// byAddress says whether a Service lets clients in by their addresses.
func byAddress(requests []dnat.Request) bool {
	return slices.ContainsFunc(requests, func(r dnat.Request) bool { return r.Service != nil && len(r.Service.SourceRanges) > 0 })
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
