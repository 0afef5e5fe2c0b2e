package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// meet tells of the pods behind requests that are predicted not to become ready,
// or of which that is not known.
func (s *Sim) meet(a *Answer, requests []dnat.Request) {
	a.met = append(a.met, s.asked(requests)...)
	a.Unready = s.unreadyOf(a.met)
	for _, p := range a.met {
		if doubt := s.doubts[p]; doubt != "" && s.unready[p] == nil && !slices.Contains(a.Conditions, doubt) {
			a.Conditions = append(a.Conditions, doubt)
		}
	}
}

// unreadyOf are those of pods, the first for each workload.
func (s *Sim) unreadyOf(pods []*model.Pod) []Unready {
	var out []Unready
	counted := map[*model.Pod]bool{}
	for _, p := range pods {
		u := s.unready[p]
		if u == nil || counted[p] {
			continue
		}
		counted[p] = true
		i := slices.IndexFunc(out, func(had Unready) bool { return had.owner == u.owner && slices.Equal(had.By, u.By) })
		if i < 0 {
			out = append(out, *u)
			continue
		}
		out[i].More++
	}
	return out
}

// unreadyBehind are those behind destinations of a Matrix.
func (s *Sim) unreadyBehind(destinations []MatrixDestination) []Unready {
	if len(s.unready) == 0 {
		return nil
	}
	var pods []*model.Pod
	for _, d := range destinations {
		pods = append(pods, s.asked(d.column.requests)...)
	}
	return s.unreadyOf(pods)
}

// asked are the pods that requests are for.
func (s *Sim) asked(requests []dnat.Request) []*model.Pod {
	var pods []*model.Pod
	for _, r := range requests {
		pods = append(pods, s.selected(r.Service)...)
		if r.Destination.Pod != nil {
			pods = append(pods, r.Destination.Pod)
		}
	}
	return pods
}

// selected are the pods whose endpoints were made of a Service's selector. Whether
// others are ready is what their files say.
func (s *Sim) selected(svc *model.Service) []*model.Pod {
	if svc == nil || svc.PublishNotReady {
		return nil
	}
	var pods []*model.Pod
	for _, slice := range s.index.Slices(svc) {
		for _, e := range slice.Endpoints {
			if p := s.index.Pod(e.PodNamespace, e.PodName); slice.Made && p != nil && !slices.Contains(pods, p) {
				pods = append(pods, p)
			}
		}
	}
	return pods
}

// blame adds to a Service that has no backend the pods that would be one.
func (s *Sim) blame(step *model.Step, svc *model.Service) {
	why, by := s.missing(svc)
	if why == "" {
		return
	}
	step.Why += "; " + why
	step.By = append(slices.Clone(step.By), by...)
}

// missing says which pods behind a Service are predicted not to become ready, and
// because of what.
func (s *Sim) missing(svc *model.Service) (why string, by []model.Origin) {
	var names []string
	for _, p := range s.selected(svc) {
		if u := s.unready[p]; u != nil {
			names = append(names, p.Namespace+"/"+p.Name)
			by = append(by, u.By...)
		}
	}
	const few = 3
	switch {
	case len(names) == 0:
		return "", nil
	case len(names) == 1:
		return fmt.Sprintf("pod %s is predicted not to become ready", names[0]), model.SortOrigins(by)
	case len(names) > few:
		names = append(names[:few], fmt.Sprintf("%d more", len(names)-few))
	}
	return fmt.Sprintf("pods %s are predicted not to become ready", strings.Join(names, ", ")), model.SortOrigins(by)
}

// keptUnready are the policies that leave a destination without a backend for a
// source, since they keep the pods behind it from becoming ready.
func (s *Sim) keptUnready(c *column, source *MatrixSource) []model.Origin {
	if len(s.unready) == 0 {
		return nil
	}
	var by []model.Origin
	for _, w := range c.waysFrom(source.likes[0].all[0]) {
		if w.Backend == nil && w.Service.Verdict == model.Denied {
			_, kept := s.missing(w.request.Service)
			by = append(by, kept...)
		}
	}
	return model.SortOrigins(by)
}

// Readiness is what is predicted of some pods.
type Readiness struct {
	Unready []Unready
	// Unknown says of which pods nothing is predicted, and why.
	Unknown []string
}

// Readiness tells of the pods that a reference means: a pod, a workload, or what a
// Service selects. The error is a *RefError.
func (s *Sim) Readiness(ref string) (*Readiness, error) {
	r, err := parseReference(ref, "")
	if err != nil {
		return nil, &RefError{err.Error()}
	}
	pods := s.selected(s.index.Service(r.name.namespace, r.name.name))
	if r.kind != "Service" {
		if pods, err = s.pods(r); err != nil {
			return nil, err
		}
	}
	out := &Readiness{Unready: s.unreadyOf(pods)}
	for _, p := range pods {
		if why := s.unpredicted(p); why != "" {
			out.Unknown = append(out.Unknown, why)
		}
	}
	return out, nil
}

// unpredicted is why nothing is predicted of a pod, "" where something is.
func (s *Sim) unpredicted(p *model.Pod) string {
	switch {
	case s.unready[p] != nil:
		return ""
	case s.doubts[p] != "":
		return "it is not known whether " + s.doubts[p]
	case p.ReadyGiven:
		return fmt.Sprintf("a file says whether pod %s/%s is ready, and that wins over a prediction", p.Namespace, p.Name)
	case s.assumeReady || !mayBecomeReady(p):
		return fmt.Sprintf("nothing is predicted of pod %s/%s", p.Namespace, p.Name)
	default:
		return ""
	}
}
