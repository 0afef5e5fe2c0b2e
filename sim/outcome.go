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
	return s.outcome(c, s.index.PodParty(from, c.requests[0].Addr.Is6()))
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

// way is one path of a request, with the verdict of all that hangs on no policy
// of the cluster.
type way struct {
	dnat.Path
	request inquiry
	source  model.Party
	fixed   model.Verdict
	sides   []side
	// inferred is true where it leads to a pod that no file holds.
	inferred bool
	// namesNode is true where policies see the source's node.
	namesNode bool
}

// side is a packet as the policies of one side see it.
type side struct {
	direction model.Direction
	packet    model.Packet
}

func sidesOf(p dnat.Path) []side {
	var sides []side
	if p.Egress != nil {
		sides = append(sides, side{model.Egress, *p.Egress})
	}
	if p.HostIngress != nil {
		sides = append(sides, side{model.Ingress, *p.HostIngress})
	}
	if p.Ingress != nil {
		sides = append(sides, side{model.Ingress, *p.Ingress})
	}
	return sides
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
	sides := sidesOf(path)
	if len(verdicts) == 1 && len(sides) == 0 {
		verdicts = append(verdicts, model.Undetermined)
	}
	leads := s.inferredEnd(model.Party{}, path, request.Request) != nil
	w := &way{Path: path, request: request, source: request.Source, fixed: model.Steps(verdicts...), sides: sides, inferred: leads}
	w.namesNode = w.hasOwnNode(func(model.Party) bool { return true })
	return w
}

// outcome folds the ways from a source.
func (s *Sim) outcome(c *column, source model.Party) Outcome {
	return s.outcomeOfAll(c.waysFrom(source), source)
}

func (s *Sim) outcomeOfAll(ways []*way, source model.Party) Outcome {
	var folded outcomes
	for _, w := range ways {
		folded.add(s.outcomeOf(w, source))
	}
	return folded.all
}

// outcomes folds those of ways that a connection may take.
type outcomes struct {
	all   Outcome
	known bool
}

func (f *outcomes) add(o Outcome) {
	if !f.known {
		f.all, f.known = o, true
		return
	}
	f.all = Outcome{model.Paths(f.all.Verdict, o.Verdict), f.all.Auth || o.Auth, f.all.L7 || o.L7}
}

// outcomeOf judges a way for one source in its place.
func (s *Sim) outcomeOf(w *way, source model.Party) Outcome {
	if w.inferred || inferred(source) != "" {
		return Outcome{}
	}
	o := Outcome{Verdict: w.fixed}
	for _, side := range w.sides {
		o = o.then(s.outcomeOfSide(w, side, source))
	}
	return o
}

func (o Outcome) then(next Outcome) Outcome {
	verdict := model.Steps(o.Verdict, next.Verdict)
	return Outcome{verdict, o.Auth || next.Auth, (o.L7 || next.L7) && verdict != model.Denied}
}

// outcomeOfSide asks the compiled policies and, where those cannot tell, the ones
// that can.
func (s *Sim) outcomeOfSide(w *way, one side, source model.Party) Outcome {
	packet := w.standIn(one.packet, source)
	cell := s.engine.Compiled().Judge(one.direction, packet)
	assumed := packet.Port == 0 && packet.Protocol.HasPorts() || packet.Destination.Kind == model.PartyWorld && w.request.Frontend == model.FrontendLoadBalancer
	switch {
	case cell.Ask || cell.Auth || assumed:
		return s.askedAbout(question{one.direction, s.sideOf(packet.Source), s.sideOf(packet.Destination), packet.Port, packet.Protocol}, packet, w, cell)
	case cell.Allowed:
		return Outcome{Verdict: model.Allowed, L7: cell.L7}
	default:
		return Outcome{Verdict: model.Denied}
	}
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
	var steps []model.Step
	if q.direction == model.Egress {
		steps = s.judgeEgress(packet, w.request)
	} else {
		steps = s.judge(q.direction, packet, w.request)
	}
	o := Outcome{Verdict: model.Allowed, L7: cell.L7}
	for _, step := range steps {
		o = o.then(Outcome{Verdict: step.Verdict, Auth: step.Stage == model.StageAuth, L7: step.Stage == model.StageL7})
	}
	s.verdicts.asked.Store(q, o)
	return o
}
