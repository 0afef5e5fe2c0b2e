package kyverno

import (
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/model"
)

// object is one that policies look at.
type object struct {
	*model.Object
	value map[string]any
	// unlabelled is true for a namespace that no file holds: its labels and
	// annotations are not known.
	unlabelled bool
	// template is true for the pods of a workload: their names are longer than
	// the one given here.
	template bool
}

func newObject(o *model.Object) *object {
	made := &object{Object: o}
	if kjson.UnmarshalCaseSensitivePreserveInts(o.JSON, &made.value) != nil {
		return nil
	}
	return made
}

// namespaceOf is where an object is; a Namespace is in none.
func (o *object) namespaceOf() string { return o.Origin.Namespace }

// about is the namespace that an object is or is in, "" for none.
func (o *object) about() string {
	if o.isNamespace() {
		return o.Origin.Name
	}
	return o.Origin.Namespace
}

func (o *object) isNamespace() bool { return o.Origin.Kind == "Namespace" && o.APIVersion == "v1" }

// texts are a map of strings in the metadata: labels or annotations.
func (o *object) texts(field string) map[string]string {
	found := map[string]string{}
	values, _ := dig(o.value, "metadata", field).(map[string]any)
	for key, value := range values {
		if text, is := value.(string); is {
			found[key] = text
		}
	}
	if field == "labels" && o.isNamespace() {
		found["kubernetes.io/metadata.name"] = o.Origin.Name
	}
	return found
}

// given says whether a cluster has given the object out: it has been through
// Kyverno then.
func (o *object) given() bool { return dig(o.value, "metadata", "uid") != nil }

// dig is the value at the end of some keys, nil if there is none.
func dig(value any, keys ...string) any {
	for _, key := range keys {
		m, _ := value.(map[string]any)
		value = m[key]
	}
	return value
}

// copyOf copies a JSON value.
func copyOf(value any) any {
	switch v := value.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = copyOf(item)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = copyOf(item)
		}
		return list
	}
	return value
}

// groupVersion parts an apiVersion.
func groupVersion(apiVersion string) (group, version string) {
	if group, version, found := strings.Cut(apiVersion, "/"); found {
		return group, version
	}
	return "", apiVersion
}
