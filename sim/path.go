package sim

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// paths follows a request from one source: translation first, then, for each
// backend, the policies of both ends as they see the packet.
func (s *Sim) paths(q Query, from group, request dnat.Request) []Path {
	request.Source = s.inFamily(from.party, request.Addr)
	request.Via = q.via
	asked := inquiry{request, q}
	var out []Path
	for _, way := range s.resolve(request) {
		p := s.path(way, asked)
		p.From = pathSource(request.Source, from.pods)
		out = append(out, p)
	}
	return out
}

// inquiry is what is asked of the translators, and what of the proxies.
type inquiry struct {
	dnat.Request
	query Query
}

// inFamily gives a source the address of the family that it connects to.
func (s *Sim) inFamily(p model.Party, to netip.Addr) model.Party {
	switch {
	case p.Pod != nil:
		return s.index.PodParty(p.Pod, to.Is6())
	case p.Kind == model.PartyNode && p.Node != nil:
		return s.index.NodeParty(p.Node, to.Is6())
	default:
		return p
	}
}

func (s *Sim) path(way dnat.Path, request inquiry) Path {
	p := Path{Translation: translation(way.Translation), Steps: []model.Step{}}
	if way.Backend != nil {
		p.Backend, p.end = s.backend(*way.Backend), &way.Backend.Party
	}
	way.Conditions = slices.Concat(way.Conditions, s.opened(way, request.Request))
	p.Steps = append(p.Steps, s.steps(way, request)...)
	p.conclude(way)
	p.restOn(s.inferredEnd(request.Source, way, request.Request))
	return p
}

// steps are in the packet's order: a pod's egress policy comes before whatever
// only a node translates, and after whatever is translated at the pod; between
// two machines the packet meets the cloud.
func (s *Sim) steps(way dnat.Path, request inquiry) []model.Step {
	var service, egress, host, rest []model.Step
	if step := skipping(way); step.Stage != "" {
		if step.Verdict == model.Denied {
			s.blame(&step, request.Service)
		}
		service = append(service, s.named(step, request.Source))
	}
	if way.Egress != nil {
		egress = append(egress, s.judgeEgress(*way.Egress, request)...)
	}
	if way.HostIngress != nil {
		host = append(host, s.judge(model.Ingress, *way.HostIngress, request)...)
	}
	if way.Ingress != nil {
		rest = append(rest, s.judge(model.Ingress, *way.Ingress, request)...)
	}
	if way.Return.Stage != "" {
		rest = append(rest, way.Return)
	}
	denied := slices.ContainsFunc(slices.Concat(service, egress, host, rest), func(step model.Step) bool { return step.Verdict == model.Denied })
	before, after := s.cloudSteps(way, request.Request, denied)
	if translatedLater(way) || len(before) > 0 {
		return slices.Concat(egress, before, host, service, after, rest)
	}
	return slices.Concat(service, egress, host, after, rest)
}

// translatedLater says whether egress policy has judged the packet before the
// service step decides. A name that DNS resolves comes first of all.
func translatedLater(way dnat.Path) bool {
	resolved := way.Translation.By == dnat.ByNone && way.Translation.Node == "" && way.Service.Verdict == model.Allowed
	return way.Egress != nil && !way.Translation.BeforeEgressPolicy && !resolved
}

// judge asks the policies of one side.
func (s *Sim) judge(d model.Direction, packet model.Packet, request inquiry) []model.Step {
	q := engine.Question{
		Direction: d, Packet: packet, AskedPort: request.PortNumber,
		Request: request.query.asks, IdentityMissing: s.identityMissing,
	}
	if d == model.Egress && !request.query.lookup {
		q.Names = s.names(packet, request.query.name)
	}
	steps := s.engine.Judge(q)
	s.applyIdentityPlane(steps, packet)
	return steps
}

// judgeEgress judges a packet whose port or address may be one that no file
// gives: then any that no rule names by itself will do.
func (s *Sim) judgeEgress(packet model.Packet, request inquiry) []model.Step {
	switch {
	case packet.Destination.Kind == model.PartyWorld && request.Frontend == model.FrontendLoadBalancer:
		steps := s.judge(model.Egress, packet, request)
		steps[0].Conditions = append(steps[0].Conditions, "the load balancer's address, which no file gives, is none that a rule names")
		return steps
	case packet.Port == 0 && request.Frontend == model.FrontendNodePort:
		return s.judgeAnyNodePort(packet, request)
	default:
		return s.judge(model.Egress, packet, request)
	}
}

func (s *Sim) judgeAnyNodePort(packet model.Packet, request inquiry) []model.Step {
	judge := func(port uint16) []model.Step {
		packet.Port, request.PortNumber = port, port
		return s.judge(model.Egress, packet, request)
	}
	steps, last := judge(model.FirstNodePort), judge(model.LastNodePort)
	step := &steps[0]
	if !slices.EqualFunc(steps, last, func(a, b model.Step) bool { return a.Verdict == b.Verdict }) {
		step.Verdict, step.DropReason = model.Undetermined, nil
		step.Why = "no file gives the nodePort, and the rules treat nodePorts differently"
		return steps[:1]
	}
	step.Sees.Port = 0
	step.Conditions = append(step.Conditions, "the nodePort, which no file gives, is none that a rule names")
	return steps
}

// skipping is the service step, with the reason why no policy is asked where
// that is so.
func skipping(way dnat.Path) model.Step {
	step := way.Service
	switch {
	case way.SkipPolicy == "":
	case step.Stage == "":
		step = model.Step{Stage: model.StageService, Verdict: model.Allowed, Why: way.SkipPolicy}
		if way.Backend != nil && way.Backend.Party.Node != nil {
			step.Node = way.Backend.Party.Node.Name
		}
	default:
		step.Why += "; " + way.SkipPolicy
	}
	return step
}

// conclude folds the steps.
func (p *Path) conclude(way dnat.Path) {
	if len(p.Steps) == 0 {
		p.Steps = append(p.Steps, model.Step{Stage: model.StageService, Verdict: model.Undetermined, Why: "netsim found nothing that judges this packet"})
	}
	verdicts := make([]model.Verdict, len(p.Steps))
	for i := range p.Steps {
		step := &p.Steps[i]
		step.By = append([]model.Origin{}, step.By...)
		verdicts[i] = step.Verdict
		if p.Hint == "" {
			p.Hint = step.Hint
		}
	}
	p.Verdict = model.Steps(verdicts...)
	if i := slices.IndexFunc(p.Steps, isDenied); i >= 0 {
		p.DropReason = p.Steps[i].DropReason
	}
	if p.Hint == "" && p.Verdict != model.Allowed {
		p.Hint = way.Hint
	}
	p.conditions = way.Conditions
	for _, step := range p.Steps {
		p.conditions = append(p.conditions, step.Conditions...)
	}
	p.ClientSees = p.clientSees(way)
}

func isDenied(s model.Step) bool { return s.Verdict == model.Denied }

// clientSees is the work of the first step that denies: what the translator
// says where it has no way on, a proxy's answer, and a timeout where a policy
// drops.
func (p *Path) clientSees(way dnat.Path) model.ClientSees {
	switch p.Verdict {
	case model.Allowed:
		return model.SeesOpen
	case model.Denied:
		i := slices.IndexFunc(p.Steps, isDenied)
		if way.Service.Verdict == model.Denied && p.Steps[i].Stage == way.Service.Stage {
			return way.ClientSees
		}
		return cmp.Or(p.Steps[i].ClientSees, model.SeesTimeout)
	default:
		return ""
	}
}

// named fills the identities into what the translator saw: package dnat knows
// addresses only. On another node than the client's there is no more to see.
func (s *Sim) named(step model.Step, source model.Party) model.Step {
	elsewhere := source.Node != nil && step.Node != source.Node.Name
	if step.Sees == nil || elsewhere {
		return step
	}
	sees := *step.Sees
	if sees.Source == "" {
		sees.Source = strings.Join(s.engine.Identity(source, source.Node), ",")
	}
	step.Sees = &sees
	return step
}

func translation(t dnat.Translation) Translation {
	out := Translation{By: t.By, Node: t.Node, BeforeEgressPolicy: t.BeforeEgressPolicy, Masquerade: t.Masquerade}
	if t.SourceSeen.IsValid() {
		out.SourceSeen = t.SourceSeen.String()
	}
	return out
}

func (s *Sim) backend(b dnat.Backend) *Backend {
	out := &Backend{Ref: partyRef(b.Party), Port: b.Port, Assigned: assigned(b.Party), Inferred: inferred(b.Party)}
	if b.Party.Addr.IsValid() {
		out.IP = b.Party.Addr.String()
	}
	if b.Party.Node != nil {
		out.Node = b.Party.Node.Name
	}
	return out
}

func pathSource(p model.Party, pods int) PathSource {
	out := PathSource{Ref: partyRef(p), Pods: pods, Assigned: assigned(p), Inferred: inferred(p)}
	if p.Node != nil {
		out.Node = p.Node.Name
	}
	if p.Addr.IsValid() {
		out.IP = p.Addr.String()
	}
	return out
}

// partyRef is a party as a reference would name it.
func partyRef(p model.Party) string {
	switch {
	case p.Pod != nil:
		return p.Pod.Namespace + "/pod/" + p.Pod.Name
	case p.Kind == model.PartyNode && p.Node != nil:
		return "node/" + p.Node.Name
	case p.Kind == model.PartyIngress:
		return "ingress"
	case p.Addr.IsValid():
		return p.Addr.String()
	default:
		return "world"
	}
}

// assigned lists the fields of a pod that no file gave, sorted.
func assigned(p model.Party) []string {
	if p.Pod == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(p.Pod.Assigned))
}
