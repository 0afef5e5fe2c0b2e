package manifest

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/netsim-dev/netsim/model"
)

// workload is a controller with what its pods are made from.
type workload struct {
	*model.Workload
	doc        *document
	controller *metav1.OwnerReference
	template   *corev1.PodTemplateSpec
	// pattern is the template's pod; every made pod is a copy of it.
	pattern *pod
	// first is the ordinal of the first pod.
	first int
	// label, if set, gives the labels that the controller adds to the pod with
	// this name and ordinal.
	label func(podName string, ordinal int) model.Labels
}

// workload reads what all controllers share. at is the template's path.
func (d *document) workload(template *corev1.PodTemplateSpec, at string) *workload {
	d.labels(at+".metadata.labels", template.Labels)
	w := &workload{
		Workload: &model.Workload{
			Origin:   d.origin,
			Ref:      model.WorkloadRef{Kind: d.origin.Kind, Namespace: d.meta.Namespace, Name: d.meta.Name},
			Replicas: 1,
		},
		doc: d, controller: d.meta.controller(), template: template,
		pattern: d.podOf(&template.Spec, at+".spec"),
	}
	w.pattern.Needs = readyNeeds(template.Annotations)
	for _, c := range template.Spec.Containers {
		w.Images = append(w.Images, c.Image)
		w.ContainerNames = append(w.ContainerNames, c.Name)
	}
	return w
}

// replicas is 1 where none are given.
func (d *document) replicas(at string, given *int32) int {
	if given == nil {
		return 1
	}
	if *given < 0 {
		d.reject(problem{at, fmt.Sprintf("%d is negative", *given), "write 0 or more"})
		return 0
	}
	return int(*given)
}

// templateSelector checks that a controller selects its own pods.
func (d *document) templateSelector(s *metav1.LabelSelector, template *corev1.PodTemplateSpec) {
	if s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		d.reject(problem{"spec.selector", "the selector is missing", "set spec.selector.matchLabels to the template's labels"})
		return
	}
	d.selector("spec.selector", s)
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err == nil && !selector.Matches(labels.Set(template.Labels)) {
		d.reject(problem{"spec.selector", "it does not match the template's own labels", "make spec.selector match spec.template.metadata.labels"})
	}
}

// pod makes the pod with the given ordinal.
func (w *workload) pod(name string, ordinal int) *pod {
	made := *w.pattern
	shape := *w.pattern.Pod
	made.Pod, made.spread = &shape, ordinal-w.first
	owner := w.Ref
	shape.Namespace, shape.Name, shape.Owner = w.Ref.Namespace, name, &owner
	shape.Made, shape.Ready, shape.Assigned = true, true, model.Assigned{}
	shape.Labels = model.Labels{}
	maps.Copy(shape.Labels, w.template.Labels)
	if w.label != nil {
		maps.Copy(shape.Labels, w.label(name, ordinal))
	}
	return &made
}
