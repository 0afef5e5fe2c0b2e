package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/engine"
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
	// HTTP ("GET /path"), DNSName and SNI ask about one request through L7 rules.
	HTTP, DNSName, SNI string
	// Headers ("NAME: VALUE") are all that the HTTP request carries. A Host that
	// is not among them is the name by which To was given, if it was.
	Headers []string

	via  *model.Node
	asks engine.Request
	// name is what To is by name, and lookup true for the lookup of a name.
	name   string
	lookup bool
}

// Query answers a Query. The error is a *RefError where a reference names
// nothing, names several things, or cannot be read.
func (s *Sim) Query(q Query) (*Answer, error) {
	from, err := parseSource(q.From)
	if err != nil {
		return nil, err
	}
	sources, err := s.sources(from)
	if err != nil {
		return nil, err
	}
	return s.ask(q, from, sources)
}

// parseSource reads a FROM.
func parseSource(text string) (reference, error) {
	from, err := parseReference(text, "")
	switch {
	case err != nil:
		return from, &RefError{"FROM " + err.Error()}
	case from.port.given():
		return from, refErrorf("FROM %s: a source has no port to name; the port belongs to TO", text)
	case from.frontend != "":
		return from, refErrorf("FROM %s: a source has no frontend to choose with @; that belongs to TO", text)
	}
	return from, nil
}

// ask answers a Query of which it is known who opens the connection.
func (s *Sim) ask(q Query, from reference, sources []model.Party) (*Answer, error) {
	var err error
	if q.via, err = s.entry(q.Via); err != nil {
		return nil, err
	}
	if isURL(q.To) {
		return s.askURL(q, from, sources)
	}
	to, err := parseReference(q.To, q.Port)
	if err != nil {
		return nil, &RefError{"TO " + err.Error()}
	}
	if err = s.throughKind(&q, from, &to); err != nil {
		return nil, err
	}
	requests, err := s.destinations(to)
	if err != nil {
		return nil, err
	}
	if q.asks, err = q.request(to, requests[0]); err != nil {
		return nil, err
	}
	q.name = lookedUp(to)
	a := s.newAnswer(q, from, to, sources, requests)
	for _, group := range s.groups(sources, requests) {
		a.Paths = append(a.Paths, s.groupPaths(q, to, group, requests)...)
	}
	s.meet(a, requests)
	a.fold()
	return a, nil
}

// groupPaths are the ways from one source to each of the requests, with the
// DNS lookup that a name needs.
func (s *Sim) groupPaths(q Query, to reference, from group, requests []dnat.Request) []Path {
	var paths []Path
	for _, request := range requests {
		paths = append(paths, s.paths(q, from, request)...)
	}
	if name := lookedUp(to); name != "" && from.party.Kind == model.PartyPod {
		step := s.lookupFor(from.party, to, name)
		for i := range paths {
			paths[i].addLookup(step, to)
		}
	}
	for i := range paths {
		if assumed := s.assumed(to); assumed != "" && paths[i].Verdict != model.Undetermined {
			paths[i].conditions = append(paths[i].conditions, assumed)
		}
	}
	return paths
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
