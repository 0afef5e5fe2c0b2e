package manifest

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netsim-dev/netsim/model"
)

// owners finds the controller that pods belong to.
type owners struct {
	byRef map[model.WorkloadRef]*workload
}

func newOwners(workloads []*workload) *owners {
	o := &owners{byRef: map[model.WorkloadRef]*workload{}}
	for _, w := range workloads {
		o.byRef[w.Ref] = w
	}
	return o
}

// of is the topmost known controller of a pod, nil for a bare pod and for the
// mirror of a static one.
func (o *owners) of(p *pod) *model.WorkloadRef {
	if p.controller == nil || p.controller.Kind == "Node" {
		return nil
	}
	ref := refTo(p.controller, p.Namespace)
	if o.byRef[ref] == nil {
		ref = o.inferred(ref, p.Labels)
	}
	ref = o.top(ref)
	return &ref
}

func refTo(owner *metav1.OwnerReference, namespace string) model.WorkloadRef {
	return model.WorkloadRef{Kind: owner.Kind, Namespace: namespace, Name: owner.Name}
}

// top climbs as long as the owner is loaded; it ends where references go in a
// circle.
func (o *owners) top(ref model.WorkloadRef) model.WorkloadRef {
	for range 4 {
		w := o.byRef[ref]
		if w == nil || w.controller == nil {
			return ref
		}
		above := refTo(w.controller, ref.Namespace)
		if o.byRef[above] == nil {
			return ref
		}
		ref = above
	}
	return ref
}

// inferred names what made a controller that was not loaded, by the way in
// which controllers name what they make: DEPLOYMENT-HASH and CRONJOB-MINUTE.
func (o *owners) inferred(ref model.WorkloadRef, labels model.Labels) model.WorkloadRef {
	maker := ref
	switch hash := labels[appsv1.DefaultDeploymentUniqueLabelKey]; {
	case ref.Kind == "ReplicaSet" && hash != "" && strings.HasSuffix(ref.Name, "-"+hash):
		maker.Kind, maker.Name = "Deployment", strings.TrimSuffix(ref.Name, "-"+hash)
		return maker
	case ref.Kind == "Job":
		maker.Kind, maker.Name = "CronJob", ref.Name[:max(strings.LastIndexByte(ref.Name, '-'), 0)]
		if o.byRef[maker] != nil {
			return maker
		}
	}
	return ref
}

// isTop says whether no loaded controller owns the workload.
func (o *owners) isTop(w *workload) bool { return o.top(w.Ref) == w.Ref }
