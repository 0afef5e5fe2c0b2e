package sim

import (
	"slices"
	"sync"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// Outcome is a verdict without its reasons, and what more is asked of the
// connection.
type Outcome struct {
	Verdict model.Verdict `json:"verdict"`
	// Auth is true where mutual authentication is demanded on some path; the
	// verdict counts it.
	Auth bool `json:"auth,omitempty"`
	// L7 is true where a proxy lets only some requests through.
	L7 bool `json:"l7,omitempty"`
}

// Verdict says whether a pod reaches a port of another, as Query does for their
// references, without saying why. It costs well under a microsecond once the
// pair's nodes have been asked about, and needs no memory then.
func (s *Sim) Verdict(from, to *model.Pod, port uint16, protocol model.Protocol) Outcome {
	c := s.podColumn(podAndPort{to, port, protocol})
	return c.outcome(s.index.PodParty(from, c.requests[0].Addr.Is6()))
}

type podAndPort struct {
	pod      *model.Pod
	port     uint16
	protocol model.Protocol
}

// podColumn keeps a column for each pod and port that was asked about.
func (s *Sim) podColumn(key podAndPort) *column {
	s.verdicts.RLock()
	c := s.verdicts.columns[key]
	s.verdicts.RUnlock()
	if c != nil {
		return c
	}
	party := s.index.PodParty(key.pod, false)
	c = s.newColumn([]dnat.Request{{Frontend: model.FrontendNone, Addr: party.Addr, Destination: party, PortNumber: key.port, Protocol: key.protocol}})
	s.verdicts.Lock()
	defer s.verdicts.Unlock()
	s.verdicts.columns[key] = c
	return c
}

// verdicts are what verdicts without reasons have needed so far.
type verdicts struct {
	sync.RWMutex
	columns map[podAndPort]*column
	// asked are answers of the policies themselves.
	asked sync.Map
}

func newVerdicts() *verdicts { return &verdicts{columns: map[podAndPort]*column{}} }

// column is one destination, with the ways to it from everywhere that was asked
// about. Sources in the same place take the same ways: the policies alone tell
// them apart.
type column struct {
	sim      *Sim
	requests []dnat.Request
	// apart are pods that the datapath treats like no other source: those behind
	// the destination.
	apart     map[*model.Pod]bool
	byAddress bool

	lock sync.RWMutex
	ways map[sourcePlace][]*way
}

// sourcePlace is what package dnat knows of a source pod, besides its address.
type sourcePlace struct {
	node             *model.Node
	kind             model.PartyKind
	hasIPv4, hasIPv6 bool
}

func placeOf(p model.Party) sourcePlace {
	at := sourcePlace{node: p.Node, kind: p.Kind}
	for _, ip := range p.Pod.IPs {
		at.hasIPv4, at.hasIPv6 = at.hasIPv4 || ip.Is4(), at.hasIPv6 || ip.Is6()
	}
	return at
}

func (s *Sim) newColumn(requests []dnat.Request) *column {
	c := &column{sim: s, requests: requests, apart: map[*model.Pod]bool{}, byAddress: s.byAddress(requests), ways: map[sourcePlace][]*way{}}
	for _, r := range requests {
		if r.Destination.Pod != nil {
			c.apart[r.Destination.Pod] = true
		}
		if r.Service == nil {
			continue
		}
		for _, slice := range s.index.Slices(r.Service) {
			for _, e := range slice.Endpoints {
				if p := s.index.Party(e.Addr); p.Pod != nil {
					c.apart[p.Pod] = true
				}
			}
		}
	}
	return c
}

// way is one path of a request, with the verdict of all that hangs on no policy
// of the cluster.
type way struct {
	dnat.Path
	request inquiry
	source  model.Party
	fixed   model.Verdict
}

// waysFrom are the ways for a source, found once for all in its place.
func (c *column) waysFrom(source model.Party) []*way {
	if source.Pod == nil || c.byAddress || c.apart[source.Pod] || len(source.Pod.IPs) == 0 {
		return c.resolve(source)
	}
	at := placeOf(source)
	c.lock.RLock()
	ways, known := c.ways[at]
	c.lock.RUnlock()
	if known {
		return ways
	}
	ways = c.resolve(source)
	c.lock.Lock()
	defer c.lock.Unlock()
	c.ways[at] = ways
	return ways
}

func (c *column) resolve(source model.Party) []*way {
	var out []*way
	for _, request := range c.requests {
		request.Source = c.sim.inFamily(source, request.Addr)
		for _, path := range dnat.Resolve(c.sim.index, c.sim.datapath, request) {
			out = append(out, c.sim.newWay(path, inquiry{Request: request}))
		}
	}
	return out
}

func (s *Sim) newWay(path dnat.Path, request inquiry) *way {
	verdicts := []model.Verdict{model.Allowed}
	if step := skipping(path); step.Stage != "" {
		verdicts = append(verdicts, step.Verdict)
	}
	if path.Return.Stage != "" {
		verdicts = append(verdicts, path.Return.Verdict)
	}
	before, after := s.cloudSteps(path, request.Request, false)
	for _, step := range slices.Concat(before, after) {
		verdicts = append(verdicts, step.Verdict)
	}
	nobodyJudges := len(verdicts) == 1 && path.Egress == nil && path.HostIngress == nil && path.Ingress == nil
	if nobodyJudges {
		verdicts = append(verdicts, model.Undetermined)
	}
	return &way{path, request, request.Source, model.Steps(verdicts...)}
}

// outcome folds the ways from a source.
func (c *column) outcome(source model.Party) Outcome {
	var folded Outcome
	for i, w := range c.waysFrom(source) {
		o := c.sim.outcomeOf(w, source)
		if i == 0 {
			folded = o
			continue
		}
		folded = Outcome{model.Paths(folded.Verdict, o.Verdict), folded.Auth || o.Auth, folded.L7 || o.L7}
	}
	return folded
}

// outcomeOf judges a way for one source in its place.
func (s *Sim) outcomeOf(w *way, source model.Party) Outcome {
	if s.inferredEnd(source, w.Path, w.request.Request) != nil {
		return Outcome{}
	}
	o := Outcome{Verdict: w.fixed}
	if w.Egress != nil {
		o = o.then(s.outcomeOfPacket(model.Egress, w, w.Egress, source))
	}
	if w.HostIngress != nil {
		o = o.then(s.outcomeOfPacket(model.Ingress, w, w.HostIngress, source))
	}
	if w.Ingress != nil {
		o = o.then(s.outcomeOfPacket(model.Ingress, w, w.Ingress, source))
	}
	return o
}

func (o Outcome) then(next Outcome) Outcome {
	return Outcome{model.Steps(o.Verdict, next.Verdict), o.Auth || next.Auth, o.L7 || next.L7}
}

// outcomeOfPacket asks the compiled policies and, where those cannot tell, the
// ones that can.
func (s *Sim) outcomeOfPacket(d model.Direction, w *way, p *model.Packet, source model.Party) Outcome {
	packet := *p
	if source.Pod != nil {
		packet.Source, packet.Destination = w.stands(packet.Source, source), w.stands(packet.Destination, source)
	}
	cell := s.engine.Compiled().Judge(d, packet)
	assumed := packet.Port == 0 && packet.Protocol.HasPorts() || packet.Destination.Kind == model.PartyWorld && w.request.Frontend == model.FrontendLoadBalancer
	switch {
	case cell.Ask || cell.Auth || assumed:
		return s.askedAbout(question{d, s.sideOf(packet.Source), s.sideOf(packet.Destination), packet.Port, packet.Protocol}, packet, w, cell)
	case cell.Allowed:
		return Outcome{Verdict: model.Allowed, L7: cell.L7}
	default:
		return Outcome{Verdict: model.Denied}
	}
}

// stands puts a source where the one stood that the way was found for.
func (w *way) stands(p, source model.Party) model.Party {
	if p.Pod == nil || p.Pod != w.source.Pod || p.Pod == source.Pod {
		return p
	}
	for _, ip := range source.Pod.IPs {
		if ip.Is6() == p.Addr.Is6() {
			return model.Party{Kind: p.Kind, Pod: source.Pod, Node: p.Node, Addr: ip}
		}
	}
	return p
}

// question is a packet for policies: pods with one identity on one node are one
// and the same to them.
type question struct {
	direction           model.Direction
	source, destination sideKey
	port                uint16
	protocol            model.Protocol
}

type sideKey struct {
	identity uint32
	node     *model.Node
	other    model.Party
}

func (s *Sim) sideOf(p model.Party) sideKey {
	id, known := s.engine.Compiled().Identity(p, nil)
	if p.Kind != model.PartyPod || !known {
		return sideKey{other: p}
	}
	return sideKey{identity: id, node: p.Node}
}

// askedAbout is Engine.Judge's own verdict, asked for once.
func (s *Sim) askedAbout(q question, packet model.Packet, w *way, cell engine.Cell) Outcome {
	if known, ok := s.verdicts.asked.Load(q); ok {
		return known.(Outcome)
	}
	steps := s.judge(q.direction, packet, w.request)
	if q.direction == model.Egress {
		steps = s.judgeEgress(packet, w.request)
	}
	o := Outcome{Verdict: model.Allowed, L7: cell.L7}
	for _, step := range steps {
		o = o.then(Outcome{Verdict: step.Verdict, Auth: step.Stage == model.StageAuth, L7: step.Stage == model.StageL7})
	}
	s.verdicts.asked.Store(q, o)
	return o
}
