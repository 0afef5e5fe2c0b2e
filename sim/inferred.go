package sim

import (
	"fmt"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// inferredBackends are the Services that lead to inferred pods.
func inferredBackends(ix *model.Index) map[*model.Service]*model.Pod {
	found := map[*model.Service]*model.Pod{}
	for _, slice := range ix.Cluster.EndpointSlices {
		for _, e := range slice.Endpoints {
			if pod := ix.Pod(e.PodNamespace, e.PodName); pod != nil && pod.Inferred != "" {
				found[ix.Service(slice.Namespace, slice.Service)] = pod
			}
		}
	}
	return found
}

// inferredEnd is a pod that no file holds and that a way rests on, nil for none.
func (s *Sim) inferredEnd(source model.Party, way dnat.Path, to dnat.Request) *model.Pod {
	ends := []*model.Pod{source.Pod, to.Destination.Pod}
	if way.Backend != nil {
		ends = append(ends, way.Backend.Party.Pod)
	}
	for _, pod := range ends {
		if pod != nil && pod.Inferred != "" {
			return pod
		}
	}
	if to.Service != nil {
		return s.inferred[to.Service]
	}
	return nil
}

// restOn makes a path undetermined that rests on an inferred pod, and keeps what
// it would come to if the pod were as it was inferred.
func (p *Path) restOn(pod *model.Pod) {
	if pod == nil {
		return
	}
	why := fmt.Sprintf("no file holds pod %s/%s: %s if it exists as inferred from %s", pod.Namespace, pod.Name, p.Verdict, pod.Inferred)
	step := model.Step{Stage: model.StageInferred, Verdict: model.Undetermined, By: []model.Origin{}, Why: why}
	p.Steps = append([]model.Step{step}, p.Steps...)
	p.Verdict, p.ClientSees, p.DropReason = model.Undetermined, "", nil
	p.Hint = "pass what the cluster runs (kubectl get pods -o yaml), or --no-virtual to leave such pods out"
}

func inferred(p model.Party) string {
	if p.Pod == nil {
		return ""
	}
	return p.Pod.Inferred
}
