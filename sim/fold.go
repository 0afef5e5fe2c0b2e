package sim

import (
	"maps"
	"slices"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// newAnswer fills in what the question itself says.
func (s *Sim) newAnswer(q Query, from, to reference, sources []model.Party, requests []dnat.Request) *Answer {
	return &Answer{
		APIVersion: APIVersion, Kind: "Answer", ID: q.ID,
		From: s.source(from, sources), To: s.target(to, requests[0]),
		Datapath: s.datapathInfo(), Paths: []Path{}, Conditions: []string{}, Issues: s.Issues(),
		service: requests[0].Service,
	}
}

func (s *Sim) source(r reference, parties []model.Party) Source {
	first := parties[0]
	out := Source{Ref: r.text, Identity: s.engine.Identity(first, first.Node), IdentityNumbers: s.identityNumbers(parties...)}
	if len(parties) > 1 {
		out.Pods = len(parties)
		return out
	}
	if first.Addr.IsValid() {
		out.IP = first.Addr.String()
	}
	if first.Node != nil {
		out.Node = first.Node.Name
	}
	out.Assigned = assigned(first)
	return out
}

// identityNumbers are those of all parties, sorted.
func (s *Sim) identityNumbers(parties ...model.Party) []uint32 {
	var all []uint32
	for _, p := range parties {
		all = append(all, s.engine.IdentityNumbers(p)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Sim) target(r reference, req dnat.Request) Target {
	out := Target{Ref: r.text, Frontend: req.Frontend, Port: req.PortNumber, Protocol: req.Protocol}
	if req.Addr.IsValid() {
		out.IP = req.Addr.String()
	}
	if req.Service == nil {
		out.Identity = s.engine.Identity(req.Destination, nil)
		out.IdentityNumbers = s.identityNumbers(req.Destination)
		out.Assigned = assigned(req.Destination)
		return out
	}
	out.Assigned = slices.Sorted(maps.Keys(req.Service.Assigned))
	return out
}

func (s *Sim) datapathInfo() DatapathInfo {
	dp := s.datapath
	return DatapathInfo{
		Name: dp.Name, CiliumVersion: dp.CiliumVersion, KubeProxyReplacement: dp.KubeProxyReplacement,
		KubeProxyMode: dp.KubeProxyMode, RoutingMode: dp.RoutingMode,
		Sources: map[string]string{
			"ciliumVersion":        dp.Sources[settingVersion],
			"kubeProxyReplacement": dp.Sources[optionKPR],
			"kubeProxyMode":        dp.Sources[settingKubeProxyMode],
			"routingMode":          dp.Sources[optionRouting],
		},
	}
}

// fold takes the verdict of the whole from its paths, and lifts what they
// agree on.
func (a *Answer) fold() {
	verdicts := make([]model.Verdict, len(a.Paths))
	for i, p := range a.Paths {
		verdicts[i] = p.Verdict
		for _, c := range p.conditions {
			if !slices.Contains(a.Conditions, c) {
				a.Conditions = append(a.Conditions, c)
			}
		}
		if a.Hint == "" {
			a.Hint = p.Hint
		}
	}
	a.Verdict = model.Paths(verdicts...)
	if len(a.Paths) == 0 {
		return
	}
	first := a.Paths[0]
	if a.all(func(p Path) bool { return p.ClientSees == first.ClientSees }) {
		a.ClientSees = first.ClientSees
	}
	sameDrop := func(p Path) bool {
		return p.DropReason != nil && first.DropReason != nil && *p.DropReason == *first.DropReason
	}
	if a.all(sameDrop) {
		a.DropReason = first.DropReason
	}
}

func (a *Answer) all(want func(Path) bool) bool {
	return !slices.ContainsFunc(a.Paths, func(p Path) bool { return !want(p) })
}

// decisive finds the first step that keeps a path from being allowed, nil if
// there is none.
func (a *Answer) decisive() (*Path, int) {
	for i := range a.Paths {
		for j, step := range a.Paths[i].Steps {
			if step.Verdict != model.Allowed {
				return &a.Paths[i], j
			}
		}
	}
	return nil, 0
}
