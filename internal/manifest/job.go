package manifest

import (
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

func readJob(d *document) any {
	var in batchv1.Job
	if !d.decode(&in) {
		return nil
	}
	d.selector("spec.selector", in.Spec.Selector)
	w := d.workload(&in.Spec.Template, "spec.template")
	w.Replicas = d.replicas("spec.parallelism", in.Spec.Parallelism)
	if in.Spec.Completions != nil {
		w.Replicas = min(w.Replicas, d.replicas("spec.completions", in.Spec.Completions))
	}
	if jobFinished(&in.Status) {
		w.Replicas = 0
	}
	indexed := in.Spec.CompletionMode != nil && *in.Spec.CompletionMode == batchv1.IndexedCompletion
	job := w.Ref.Name
	w.label = func(_ string, ordinal int) model.Labels {
		added := jobLabels(job)
		if indexed {
			added[batchv1.JobCompletionIndexAnnotation] = strconv.Itoa(ordinal)
		}
		return added
	}
	return w
}

func jobFinished(status *batchv1.JobStatus) bool {
	for _, c := range status.Conditions {
		if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}

// jobLabels are what the controller adds to each pod, but for the UIDs.
// Source: k8s.io/api v0.36 batch/v1 JobNameLabel.
func jobLabels(job string) model.Labels {
	return model.Labels{batchv1.JobNameLabel: job, "job-name": job}
}
