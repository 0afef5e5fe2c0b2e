package kyverno

import "github.com/netsim-dev/netsim/model"

// templateOf is where a workload of a kind has its pods, nil for other kinds.
func templateOf(kind string) []string {
	switch kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
		return []string{"spec", "template"}
	case "CronJob":
		return []string{"spec", "jobTemplate", "spec", "template"}
	}
	return nil
}

func holdsPods(kind string) bool { return kind == "Pod" || templateOf(kind) != nil }

// pods are the pods of a workload, as an object; nil for others.
func (o *object) pods() *object {
	path := templateOf(o.Origin.Kind)
	template, _ := dig(o.value, path...).(map[string]any)
	if path == nil || template == nil {
		return nil
	}
	metadata, _ := copyOf(template["metadata"]).(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["namespace"] = o.namespaceOf()
	value := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
	origin := o.Origin
	origin.Kind = "Pod"
	return &object{Object: &model.Object{Origin: origin, APIVersion: "v1"}, value: value, template: true}
}

// setPods puts changed pods back into the template.
func (o *object) setPods(pods *object) {
	template := dig(o.value, templateOf(o.Origin.Kind)...).(map[string]any)
	metadata, _ := pods.value["metadata"].(map[string]any)
	delete(metadata, "namespace")
	template["metadata"], template["spec"] = metadata, pods.value["spec"]
}
