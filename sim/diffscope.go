package sim

import (
	"maps"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// scope is which connections a change can touch at all.
type scope struct {
	all bool
	// sameWays is true where packets take the same ways before and after, but to
	// Services of pods that have become ready or unready.
	sameWays              bool
	sources, destinations map[*model.Pod]bool
	readiness             map[*model.Pod]bool
}

// scopeOf narrows a comparison to the pods that changed policies select, where
// nothing else differs.
func (s *Sim) scopeOf(after *Sim) scope {
	if !after.patches(s) || !slices.Equal(s.index.Redirects(), after.index.Redirects()) {
		return scope{all: true}
	}
	readiness := s.unlike(after)
	for p := range readiness {
		if s.isMachinery(p) {
			return scope{all: true}
		}
	}
	everything := scope{all: true, sameWays: true, readiness: readiness}
	if s.datapath.Options["policy-cidr-match-mode"] != "" {
		return everything
	}
	out := scope{sameWays: true, readiness: readiness, sources: map[*model.Pod]bool{}, destinations: map[*model.Pod]bool{}}
	changed := [2]map[*model.Object]bool{onlyIn(s, after), onlyIn(after, s)}
	for i, one := range []*Sim{s, after} {
		for d, into := range map[model.Direction]map[*model.Pod]bool{model.Egress: out.sources, model.Ingress: out.destinations} {
			pods, whole := one.engine.Compiled().Selected(d, changed[i])
			if whole {
				return everything
			}
			for p := range pods {
				if s.isMachinery(p) {
					return everything
				}
				into[p] = true
			}
		}
	}
	return out
}

// unlike are the pods that are predicted to be unready on one side alone.
func (s *Sim) unlike(other *Sim) map[*model.Pod]bool {
	out := map[*model.Pod]bool{}
	for p := range s.unready {
		out[p] = other.unready[p] == nil
	}
	for p := range other.unready {
		out[p] = s.unready[p] == nil
	}
	maps.DeleteFunc(out, func(_ *model.Pod, unlike bool) bool { return !unlike })
	return out
}

// leadsTo says whether any of some pods is behind a destination.
func (to *MatrixDestination) leadsTo(pods map[*model.Pod]bool) bool {
	for p := range to.column.apart {
		if pods[p] {
			return true
		}
	}
	return false
}

// isMachinery says whether a pod is one that authentication and lookups of others
// go through.
func (s *Sim) isMachinery(p *model.Pod) bool {
	return p.Namespace == "kube-system" || slices.Contains(s.engine.IdentityPlane().Server.Pods, p)
}

// onlyIn are the policies of one Sim that the other does not have as they are.
func onlyIn(one, other *Sim) map[*model.Object]bool {
	out := map[*model.Object]bool{}
	for _, o := range one.index.Cluster.Policies {
		out[o] = true
	}
	for _, o := range other.index.Cluster.Policies {
		delete(out, o)
	}
	return out
}

// touchesSource says whether a change can matter to packets of a source on their
// way out.
func (s scope) touchesSource(from *MatrixSource) bool {
	if s.all {
		return true
	}
	for _, l := range from.likes {
		for _, p := range l.all {
			if s.sources[p.Pod] {
				return true
			}
		}
	}
	return false
}

// touchesDestination says whether a change can matter to packets of whomever to a
// destination. Policies of pods do not judge what is no pod, and what CIDRs in
// them do to the identities of addresses changes nobody else's verdict.
func (s scope) touchesDestination(to *MatrixDestination) bool {
	return s.all || to.leadsTo(s.destinations) || to.leadsTo(s.readiness)
}
