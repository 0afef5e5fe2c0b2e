package manifest

import appsv1 "k8s.io/api/apps/v1"

func readDeployment(d *document) any {
	var in appsv1.Deployment
	if !d.decode(&in) {
		return nil
	}
	d.templateSelector(in.Spec.Selector, &in.Spec.Template)
	w := d.workload(&in.Spec.Template, "spec.template")
	w.Replicas = d.replicas("spec.replicas", in.Spec.Replicas)
	return w
}
