package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// Unready is a pod that is predicted not to become ready: the kubelet's probe does
// not get through to it, or it does not get through to what it needs.
type Unready struct {
	// Ref is the pod, and More counts the others of its workload that the same
	// policies keep from it.
	Ref  string         `json:"ref"`
	More int            `json:"more,omitempty"`
	Why  string         `json:"why"`
	By   []model.Origin `json:"by"`

	owner model.WorkloadRef
}

// readiness is the prediction in the making. What policies do to a probe is known
// at once; whether a pod reaches what it needs hangs on which pods are ready, so
// the rounds go on until nothing changes. Pods that need each other, and are kept
// from nothing else, are taken to come up.
type readiness struct {
	*Sim
	probed map[probeKey]*failure
	issues []model.Issue
}

// failure is why a connection fails, or may fail where doubt is true; a nil
// failure does not.
type failure struct {
	why   string
	by    []model.Origin
	doubt bool
}

// need is a connection that a pod must open to become ready.
type need struct {
	ref      reference
	requests []dnat.Request
	why      string
}

// predictReadiness finds the pods that policies keep from becoming ready, and
// takes them out of the endpoints that were made of selectors. A file's own word
// about a pod, or about an endpoint, wins.
func (s *Sim) predictReadiness() []model.Issue {
	r := &readiness{Sim: s, probed: map[probeKey]*failure{}}
	needs := r.needs()
	s.unready, s.doubts = map[*model.Pod]*Unready{}, map[*model.Pod]string{}
	for _, p := range s.index.Cluster.Pods {
		if mayBecomeReady(p) && !p.HostNetwork {
			s.note(p, r.probes(p))
		}
	}
	before := -1
	for before != len(s.unready) {
		before = len(s.unready)
		s.leaveOut()
		r.reach(needs)
	}
	return r.issues
}

// mayBecomeReady says whether there is something to predict.
func mayBecomeReady(p *model.Pod) bool {
	return p.Ready && !p.ReadyGiven && !p.Finished && (p.Node != "" || len(p.Probes) == 0)
}

// note keeps what a failure means for a pod.
func (s *Sim) note(p *model.Pod, f *failure) {
	switch {
	case f == nil:
	case f.doubt:
		s.doubts[p] = fmt.Sprintf("pod %s/%s is ready: %s", p.Namespace, p.Name, f.why)
	case s.unready[p] == nil:
		s.unready[p] = &Unready{Ref: podRef(p), Why: f.why, By: append([]model.Origin{}, f.by...), owner: ownerOf(p)}
	}
}

// leaveOut makes the endpoints that unready pods have by a selector unready too,
// and forgets what was worked out with the endpoints as they were.
func (s *Sim) leaveOut() {
	if len(s.unready) == 0 {
		return
	}
	list := slices.Clone(s.index.Cluster.EndpointSlices)
	for i, slice := range list {
		svc := s.index.Service(slice.Namespace, slice.Service)
		if slice.Made && svc != nil && !svc.PublishNotReady {
			list[i] = s.withUnready(slice)
		}
	}
	s.index = s.index.WithSlices(list)
	s.verdicts = newVerdicts()
	s.plane = sync.OnceValue(s.identityPlane)
}

func (s *Sim) withUnready(slice *model.EndpointSlice) *model.EndpointSlice {
	out := *slice
	out.Endpoints = slices.Clone(slice.Endpoints)
	for i := range out.Endpoints {
		e := &out.Endpoints[i]
		if s.unready[s.index.Pod(e.PodNamespace, e.PodName)] != nil {
			e.Ready, e.Serving = false, false
		}
	}
	return &out
}

// probeKey is what the verdict on a probe hangs on.
type probeKey struct {
	owner     model.WorkloadRef
	pod, host string
	is6       bool
	port      uint16
}

// probes asks whether the kubelet's probes get to a pod from its node. It uses the
// pod's first address.
func (r *readiness) probes(p *model.Pod) *failure {
	if len(p.Probes) == 0 || len(p.IPs) == 0 || r.index.Node(p.Node) == nil || !r.engine.MayRefuseOwnNode(p, r.index.Node(p.Node)) {
		return nil
	}
	pod := r.index.PodParty(p, p.IPs[0].Is6())
	kubelet := r.index.NodeParty(pod.Node, p.IPs[0].Is6())
	key := probeKey{
		owner: ownerOf(p), is6: p.IPs[0].Is6(),
		pod: strings.Join(r.engine.Identity(pod, pod.Node), ","), host: strings.Join(r.engine.Identity(kubelet, pod.Node), ","),
	}
	var doubt *failure
	for _, probe := range p.Probes {
		key.port = probe.Port
		f, known := r.probed[key]
		if !known {
			f = r.connection(kubelet, []dnat.Request{{Frontend: model.FrontendNone, Addr: pod.Addr, Destination: pod, PortNumber: probe.Port, Protocol: model.TCP}})
			r.probed[key] = f
		}
		if f == nil {
			continue
		}
		words := *f
		words.why = fmt.Sprintf("the kubelet's %s (%s, port %d, container %s) comes from its node and %s", probe.Field, probe.Handler, probe.Port, probe.Container, f.why)
		if !f.doubt {
			return &words
		}
		doubt = &words
	}
	return doubt
}

func ownerOf(p *model.Pod) model.WorkloadRef {
	if p.Owner != nil {
		return *p.Owner
	}
	return model.WorkloadRef{Kind: podKind, Namespace: p.Namespace, Name: p.Name}
}

// connection is nil where a connection opens. A pod that reaches some backends of
// what it needs tries again until it has one that answers.
func (r *readiness) connection(from model.Party, requests []dnat.Request) *failure {
	a := Answer{Conditions: []string{}}
	for _, request := range requests {
		a.Paths = append(a.Paths, r.paths(Query{}, group{from, 1}, request)...)
	}
	a.fold()
	path, i := a.decisive()
	if a.Verdict == model.Allowed || a.Verdict == model.Mixed || path == nil {
		return nil
	}
	step := path.Steps[i]
	if a.Verdict == model.Denied {
		step = path.Steps[slices.IndexFunc(path.Steps, isDenied)]
		return &failure{why: fmt.Sprintf("is denied at %s: %s", step.Stage, step.Why), by: step.By}
	}
	return &failure{why: fmt.Sprintf("may be denied at %s: %s", step.Stage, step.Why), doubt: true}
}

// needs are what the annotations of pods and the gateways' data planes say, by pod.
func (r *readiness) needs() map[*model.Pod][]need {
	all := map[*model.Pod][]need{}
	for _, p := range r.index.Cluster.Pods {
		for _, ref := range p.Needs {
			if n, ok := r.declared(p, ref); ok && mayBecomeReady(p) {
				all[p] = append(all[p], n)
			}
		}
	}
	for _, g := range r.gateways.Gateways() {
		target, plane := r.gateways.Agent(g), r.gateways.DataPlane(g)
		if target == nil || plane.Service == nil {
			continue
		}
		n, err := r.newNeed(fmt.Sprintf("%s/svc/%s:%d", target.Service.Namespace, target.Service.Name, target.Port), target.Why)
		for _, party := range r.endpointParties(plane.Service) {
			if err == nil && party.Pod != nil && mayBecomeReady(party.Pod) {
				all[party.Pod] = append(all[party.Pod], n)
			}
		}
	}
	return all
}

// declared reads one reference of the annotation; an Issue says what is wrong
// with it.
func (r *readiness) declared(p *model.Pod, ref string) (need, bool) {
	n, err := r.newNeed(ref, "annotation "+model.ReadyNeeds+" says that it needs "+ref)
	if err != nil {
		issue := model.Issue{
			Severity: model.Warning, File: p.Origin.File, Line: p.Origin.Line,
			Message: fmt.Sprintf("annotation %s of pods of %s: %v", model.ReadyNeeds, p.Origin.ID(), err),
			Remedy:  "list references with a port and commas between them, as in: shop/svc/db:5432,shop/svc/cache:6379",
		}
		if !slices.Contains(r.issues, issue) {
			r.issues = append(r.issues, issue)
		}
	}
	return n, err == nil
}

func (r *readiness) newNeed(text, why string) (need, error) {
	ref, err := parseReference(text, "")
	if err != nil {
		return need{}, err
	}
	requests, err := r.destinations(ref)
	return need{ref, requests, why}, err
}

// needKey is what the verdict on a need hangs on: pods of one workload on one node
// are alike.
type needKey struct {
	owner model.WorkloadRef
	node  string
	ref   string
}

// reach asks, with the endpoints as they are, whether pods get what they need.
func (r *readiness) reach(needs map[*model.Pod][]need) {
	asked := map[needKey]*failure{}
	byName := func(a, b *model.Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	}
	found := map[*model.Pod][]*failure{}
	for _, p := range slices.SortedFunc(maps.Keys(needs), byName) {
		for _, n := range needs[p] {
			key := needKey{ownerOf(p), p.Node, n.ref.text}
			f, known := asked[key]
			if !known {
				if f = r.connection(r.index.PodParty(p, false), n.requests); f != nil {
					f.why = fmt.Sprintf("%s; the connection to %s %s", n.why, n.ref.text, f.why)
				}
				asked[key] = f
			}
			found[p] = append(found[p], f)
		}
	}
	for p, failures := range found {
		for _, f := range failures {
			r.note(p, f)
		}
	}
}
