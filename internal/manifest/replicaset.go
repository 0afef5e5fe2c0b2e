package manifest

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func readReplicaSet(d *document) any {
	var in appsv1.ReplicaSet
	if !d.decode(&in) {
		return nil
	}
	d.templateSelector(in.Spec.Selector, &in.Spec.Template)
	w := d.workload(&in.Spec.Template, "spec.template")
	w.Replicas = d.replicas("spec.replicas", in.Spec.Replicas)
	return w
}

func readReplicationController(d *document) any {
	var in corev1.ReplicationController
	if !d.decode(&in) {
		return nil
	}
	if in.Spec.Template == nil {
		d.reject(problem{"spec", "the template is missing", "set spec.template"})
		return nil
	}
	w := d.workload(in.Spec.Template, "spec.template")
	w.Replicas = d.replicas("spec.replicas", in.Spec.Replicas)
	return w
}
