package snapshot

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// noise is what no verdict hangs on, in objects of all kinds and in templates.
var noise = [][]string{
	{"metadata", "managedFields"},
	{"metadata", "selfLink"},
	{"metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"},
}

// templates is where kinds keep what their pods are made from.
var templates = map[string][]string{
	"Deployment":            {"spec", "template"},
	"StatefulSet":           {"spec", "template"},
	"DaemonSet":             {"spec", "template"},
	"ReplicaSet":            {"spec", "template"},
	"ReplicationController": {"spec", "template"},
	"Job":                   {"spec", "template"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template"},
}

// containerNoise is what people keep passwords in, and what is long and says
// nothing of a connection.
var containerNoise = [][]string{
	{"env"}, {"envFrom"}, {"command"}, {"args"}, {"lifecycle"}, {"workingDir"},
	{"volumeMounts"}, {"volumeDevices"}, {"resources"}, {"resizePolicy"}, {"securityContext"},
	{"imagePullPolicy"}, {"terminationMessagePath"}, {"terminationMessagePolicy"},
	{"livenessProbe", "exec"}, {"livenessProbe", "httpGet", "httpHeaders"},
	{"readinessProbe", "exec"}, {"readinessProbe", "httpGet", "httpHeaders"},
	{"startupProbe", "exec"}, {"startupProbe", "httpGet", "httpHeaders"},
}

// statuses are the fields of a status that netsim reads, for the kinds whose
// status is long.
var statuses = map[string][]string{
	"Pod":  {"phase", "conditions", "podIP", "podIPs", "hostIP", "hostIPs"},
	"Node": {"addresses"},
}

// prune takes out of an object what netsim does not read and a dump is better
// without.
func prune(object map[string]any) {
	remove(object, noise)
	kind, _ := object["kind"].(string)
	template, isWorkload := templates[kind]
	if isWorkload {
		delete(object, "status")
		prunePod(inside(object, template...))
	}
	if kept, is := statuses[kind]; is {
		status := inside(object, "status")
		for field := range status {
			if !slices.Contains(kept, field) {
				delete(status, field)
			}
		}
	}
	if kind == "Pod" {
		prunePod(object)
	}
}

// prunePod takes a pod, or a template of pods.
func prunePod(pod map[string]any) {
	remove(pod, noise)
	spec := inside(pod, "spec")
	delete(spec, "volumes")
	delete(spec, "ephemeralContainers")
	for _, list := range []string{"containers", "initContainers"} {
		containers, _ := spec[list].([]any)
		for _, c := range containers {
			container, _ := c.(map[string]any)
			remove(container, containerNoise)
		}
	}
}

func remove(object map[string]any, paths [][]string) {
	for _, path := range paths {
		unstructured.RemoveNestedField(object, path...)
	}
}

// inside is the map at a path, nil if there is none.
func inside(object map[string]any, path ...string) map[string]any {
	value, _, _ := unstructured.NestedFieldNoCopy(object, path...)
	found, _ := value.(map[string]any)
	return found
}
