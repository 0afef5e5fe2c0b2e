package manifest

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/netsim-dev/netsim/model"
)

func readStatefulSet(d *document) any {
	var in appsv1.StatefulSet
	if !d.decode(&in) {
		return nil
	}
	d.templateSelector(in.Spec.Selector, &in.Spec.Template)
	w := d.workload(&in.Spec.Template, "spec.template")
	w.Replicas = d.replicas("spec.replicas", in.Spec.Replicas)
	if in.Spec.Ordinals != nil {
		w.first = int(in.Spec.Ordinals.Start)
	}
	w.label = statefulSetLabels
	return w
}

// statefulSetLabels are what the controller adds to each pod.
// Source: k8s.io/api v0.36 apps/v1 StatefulSetPodNameLabel, PodIndexLabel.
func statefulSetLabels(podName string, ordinal int) model.Labels {
	return model.Labels{
		appsv1.StatefulSetPodNameLabel: podName,
		appsv1.PodIndexLabel:           strconv.Itoa(ordinal),
	}
}
