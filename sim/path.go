package sim

import (
	"fmt"
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
	var out []Path
	for _, way := range dnat.Resolve(s.index, s.datapath, request) {
		p := s.path(way, request)
		p.From = pathSource(request.Source, from.pods)
		p.askAboutRequest(q)
		out = append(out, p)
	}
	return out
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

func (s *Sim) path(way dnat.Path, request dnat.Request) Path {
	p := Path{Translation: translation(way.Translation), Steps: []model.Step{}}
	if way.Backend != nil {
		p.Backend = s.backend(*way.Backend)
	}
	p.Steps = append(p.Steps, s.steps(way, request)...)
	p.conclude(way)
	return p
}

// steps are in the packet's order: a pod's egress policy comes before whatever
// only a node translates, and after whatever is translated at the pod.
func (s *Sim) steps(way dnat.Path, request dnat.Request) []model.Step {
	var service, egress, rest []model.Step
	if step := skipping(way); step.Stage != "" {
		service = append(service, s.named(step, request.Source))
	}
	if way.Egress != nil {
		egress = append(egress, s.judgeEgress(*way.Egress, request)...)
	}
	if way.HostIngress != nil {
		egress = append(egress, s.judge(model.Ingress, *way.HostIngress, request)...)
	}
	if way.Ingress != nil {
		rest = append(rest, s.judge(model.Ingress, *way.Ingress, request)...)
	}
	if way.Return.Stage != "" {
		rest = append(rest, way.Return)
	}
	if translatedLater(way) {
		return slices.Concat(egress, service, rest)
	}
	return slices.Concat(service, egress, rest)
}

// translatedLater says whether egress policy has judged the packet before the
// service step decides. A name that DNS resolves comes first of all.
func translatedLater(way dnat.Path) bool {
	resolved := way.Translation.By == dnat.ByNone && way.Translation.Node == "" && way.Service.Verdict == model.Allowed
	return way.Egress != nil && !way.Translation.BeforeEgressPolicy && !resolved
}

// judge asks the policies of one side.
func (s *Sim) judge(d model.Direction, packet model.Packet, request dnat.Request) []model.Step {
	return s.engine.Judge(engine.Question{Direction: d, Packet: packet, AskedPort: request.PortNumber})
}

// judgeEgress judges a packet whose port or address may be one that no file
// gives: then any that no rule names by itself will do.
func (s *Sim) judgeEgress(packet model.Packet, request dnat.Request) []model.Step {
	switch {
	case packet.Destination.Kind == model.PartyWorld && request.Frontend == model.FrontendLoadBalancer:
		steps := s.judge(model.Egress, packet, request)
		steps[0].Conditions = append(steps[0].Conditions, "the load balancer's address, which no file gives, is none that a rule names")
		return steps
	case packet.Destination.Kind == model.PartyWorld && request.Frontend == model.FrontendExternalName:
		return s.judgeName(packet, request)
	case packet.Port == 0 && request.Frontend == model.FrontendNodePort:
		return s.judgeAnyNodePort(packet, request)
	default:
		return s.judge(model.Egress, packet, request)
	}
}

func (s *Sim) judgeAnyNodePort(packet model.Packet, request dnat.Request) []model.Step {
	judge := func(port uint16) []model.Step {
		packet.Port, request.PortNumber = port, port
		return s.judge(model.Egress, packet, request)
	}
	steps, last := judge(model.FirstNodePort), judge(model.LastNodePort)
	step := &steps[0]
	if last[0].Verdict != step.Verdict {
		step.Verdict, step.DropReason = model.Undetermined, nil
		step.Why = "no file gives the nodePort, and the rules treat nodePorts differently"
		return steps[:1]
	}
	step.Sees.Port = 0
	step.Conditions = append(step.Conditions, "the nodePort, which no file gives, is none that a rule names")
	return steps
}

// judgeName judges a packet to an external name, whose address is not known but
// is a certain one: where rules name addresses or names, it hangs on which.
func (s *Sim) judgeName(packet model.Packet, request dnat.Request) []model.Step {
	steps := s.judge(model.Egress, packet, request)
	step := &steps[0]
	if len(step.Conditions) == 0 {
		return steps
	}
	step.Verdict, step.DropReason = model.Undetermined, nil
	step.Why = fmt.Sprintf("it hangs on the address of %s: %s, %s", request.Service.ExternalName, step.Why, strings.Join(step.Conditions, ", "))
	step.Conditions, step.Hint = nil, ""
	return steps[:1]
}

// skipping is the service step, with the reason why no policy is asked where
// that is so.
func skipping(way dnat.Path) model.Step {
	step := way.Service
	switch {
	case way.SkipPolicy == "":
	case step.Stage == "":
		step = model.Step{Stage: model.StageService, Verdict: model.Allowed, Why: way.SkipPolicy}
	default:
		step.Why += "; " + way.SkipPolicy
	}
	return step
}

// conclude folds the steps. The client sees what the translator says where the
// translation failed, a timeout where a policy drops, an open connection
// otherwise.
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
		if p.DropReason == nil && step.Verdict == model.Denied {
			p.DropReason = step.DropReason
		}
	}
	p.Verdict = model.Steps(verdicts...)
	if p.Hint == "" && p.Verdict != model.Allowed {
		p.Hint = way.Hint
	}
	p.conditions = way.Conditions
	for _, step := range p.Steps {
		p.conditions = append(p.conditions, step.Conditions...)
	}
	p.ClientSees = p.clientSees(way)
}

func (p *Path) clientSees(way dnat.Path) model.ClientSees {
	switch p.Verdict {
	case model.Allowed:
		return model.SeesOpen
	case model.Denied:
		// The egress policy drops before a later refusal can be seen.
		egressDrops := slices.ContainsFunc(p.Steps, func(s model.Step) bool {
			return s.Stage == model.StageEgress && s.Verdict == model.Denied
		})
		if way.Service.Verdict == model.Denied && (!egressDrops || way.Translation.BeforeEgressPolicy) {
			return way.ClientSees
		}
		return model.SeesTimeout
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
	out := &Backend{Ref: partyRef(b.Party), Port: b.Port, Assigned: assigned(b.Party)}
	if b.Party.Addr.IsValid() {
		out.IP = b.Party.Addr.String()
	}
	if b.Party.Node != nil {
		out.Node = b.Party.Node.Name
	}
	return out
}

func pathSource(p model.Party, pods int) PathSource {
	out := PathSource{Ref: partyRef(p), Pods: pods, Assigned: assigned(p)}
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

// askAboutRequest: an answer about one request through an L7 rule is more than
// netsim knows yet, where such a rule decides.
func (p *Path) askAboutRequest(q Query) {
	if q.HTTP == "" && q.DNSName == "" && q.SNI == "" || p.Verdict != model.Allowed {
		return
	}
	for i := range p.Steps {
		step := &p.Steps[i]
		if len(step.Conditions) == 0 {
			continue
		}
		step.Verdict = model.Undetermined
		step.Why += "; netsim does not match single requests against L7 rules yet"
		p.Verdict, p.ClientSees = model.Undetermined, ""
	}
}
