package manifest

import (
	batchv1 "k8s.io/api/batch/v1"

	"github.com/netsim-dev/netsim/model"
)

// readCronJob stands for one run: a Job named like its one pod.
func readCronJob(d *document) any {
	var in batchv1.CronJob
	if !d.decode(&in) {
		return nil
	}
	d.labels("spec.jobTemplate.metadata.labels", in.Spec.JobTemplate.Labels)
	w := d.workload(&in.Spec.JobTemplate.Spec.Template, "spec.jobTemplate.spec.template")
	w.label = func(podName string, _ int) model.Labels { return jobLabels(podName) }
	return w
}
