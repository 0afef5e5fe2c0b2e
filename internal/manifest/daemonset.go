package manifest

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// readDaemonSet leaves Replicas at 1; making its pods sets them to the number
// of nodes that take one.
func readDaemonSet(d *document) any {
	var in appsv1.DaemonSet
	if !d.decode(&in) {
		return nil
	}
	d.templateSelector(in.Spec.Selector, &in.Spec.Template)
	w := d.workload(&in.Spec.Template, "spec.template")
	spec := w.pattern.scheduling
	spec.Tolerations = append(spec.Tolerations, daemonTolerations()...)
	return w
}

// daemonTolerations are what the controller adds.
// Source: k8s.io/kubernetes v1.36 pkg/controller/daemon/util
// AddOrUpdateDaemonPodTolerations.
func daemonTolerations() []corev1.Toleration {
	var list []corev1.Toleration
	for _, key := range []string{
		corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeDiskPressure,
		corev1.TaintNodeMemoryPressure, corev1.TaintNodePIDPressure, corev1.TaintNodeUnschedulable,
		corev1.TaintNodeNetworkUnavailable,
	} {
		list = append(list, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists})
	}
	return list
}
