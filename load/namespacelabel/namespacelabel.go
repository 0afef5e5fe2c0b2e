// Package namespacelabel gives namespaces labels that no file holds: those that
// Terraform, an operator or a person sets. Policies select by them, and policies
// that generate others are asked with them.
//
// A namespace that a file holds gets them besides its own. One that no file holds
// has them alone: whoever names one says what its labels are.
package namespacelabel

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// flag names, in origins, where such labels come from.
const flag = "--namespace-label"

// Source holds the labels by namespace.
type Source struct{ labels map[string]map[string]string }

// Parse reads arguments NAMESPACE=KEY=VALUE. Of several for one key the last wins.
func Parse(arguments []string) (Source, error) {
	s := Source{labels: map[string]map[string]string{}}
	for _, text := range arguments {
		namespace, label, _ := strings.Cut(text, "=")
		key, value, given := strings.Cut(label, "=")
		wrong := slices.Concat(validation.IsDNS1123Label(namespace), validation.IsQualifiedName(key), validation.IsValidLabelValue(value))
		if !given || len(wrong) > 0 {
			return s, fmt.Errorf("%s %q: want NAMESPACE=KEY=VALUE, as in %s dev=kyverno.io/isolate=true", flag, text, flag)
		}
		if s.labels[namespace] == nil {
			s.labels[namespace] = map[string]string{}
		}
		s.labels[namespace][key] = value
	}
	return s, nil
}

// Name is "namespace-label".
func (Source) Name() string { return "namespace-label" }

// Generates marks a load.Generator.
func (Source) Generates() {}

// Read adds the labels, and says where no file holds the namespace.
func (s Source) Read(r *load.Run) {
	if len(s.labels) == 0 {
		return
	}
	held := map[string]*model.Object{}
	for _, o := range r.Objects() {
		if o.Origin.Kind == "Namespace" && o.APIVersion == "v1" {
			held[o.Origin.Name] = o
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.labels)) {
		o := held[name]
		if o == nil {
			o = &model.Object{Origin: model.Origin{File: flag, Line: 1, Kind: "Namespace", Name: name}, JSON: fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, name)}
			r.Report(model.Issue{Severity: model.Info, Message: fmt.Sprintf("namespace %s is not among the files: its labels are taken to be %s, which %s gives", name, text(s.labels[name]), flag)})
		}
		s.label(r, o)
	}
}

// label adds a namespace with its labels, over the one that was loaded.
func (s Source) label(r *load.Run, o *model.Object) {
	var value map[string]any
	if kjson.UnmarshalCaseSensitivePreserveInts(o.JSON, &value) != nil {
		return
	}
	metadata, _ := value["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	if labels == nil {
		labels = map[string]any{}
		metadata["labels"] = labels
	}
	for key, given := range s.labels[o.Origin.Name] {
		labels[key] = given
	}
	r.Add(load.Output{Files: []load.File{load.Over(o, value, flag)}})
}

func text(labels map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, key+"="+labels[key])
	}
	return strings.Join(list, ", ")
}
