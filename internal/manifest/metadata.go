package manifest

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/netsim-dev/netsim/model"
)

// metadata is what netsim reads of an object's metadata.
type metadata struct {
	Name              string                  `json:"name"`
	GenerateName      string                  `json:"generateName"`
	Namespace         string                  `json:"namespace"`
	Labels            map[string]string       `json:"labels"`
	Annotations       map[string]string       `json:"annotations"`
	DeletionTimestamp *string                 `json:"deletionTimestamp"`
	OwnerReferences   []metav1.OwnerReference `json:"ownerReferences"`
}

// controller is the owner that manages the object, nil if there is none. A
// single owner without the flag is taken for it: hand-written references often
// leave it out.
func (m metadata) controller() *metav1.OwnerReference {
	for i, owner := range m.OwnerReferences {
		if owner.Controller != nil && *owner.Controller {
			return &m.OwnerReferences[i]
		}
	}
	if len(m.OwnerReferences) == 1 && m.OwnerReferences[0].Controller == nil {
		return &m.OwnerReferences[0]
	}
	return nil
}

// readMetadata is false if it is no good.
func (d *document) readMetadata() bool {
	var head struct {
		Metadata metadata `json:"metadata"`
	}
	if !d.decodeMetadata(&head) {
		return false
	}
	d.meta = head.Metadata
	d.meta.Namespace = cmp.Or(d.meta.Namespace, d.namespace)
	return true
}

// identify settles name and namespace, and checks the metadata.
func (d *document) identify(k kind) bool {
	if d.meta.Name == "" && k.singleton {
		d.meta.Name = d.word("name")
	}
	d.settleNamespace(k)
	d.origin.Name, d.origin.Namespace = d.meta.Name, d.meta.Namespace
	d.checkNames(k)
	d.labels("metadata.labels", d.meta.Labels)
	return !d.rejected
}

// namespace is where an object goes that gives this namespace, "" for none.
func (k kind) namespace(given string) string {
	if k.clusterScoped {
		return ""
	}
	return cmp.Or(given, "default")
}

func (d *document) settleNamespace(k kind) {
	given := d.meta.Namespace
	d.meta.Namespace = k.namespace(given)
	if given == "" && !k.clusterScoped {
		d.origin.Name, d.origin.Namespace = d.meta.Name, d.meta.Namespace
		d.note(problem{says: "no namespace is given: it goes to default", do: "set metadata.namespace to say otherwise"})
	}
}

func (d *document) checkNames(k kind) {
	if k.singleton {
		return
	}
	if d.meta.Name == "" {
		d.reject(problem{"metadata", "the name is missing", cmp.Or(d.didYouMean("metadata"), "set metadata.name")})
		return
	}
	for _, wrong := range k.validName(d.meta.Name) {
		d.reject(problem{"metadata.name", quoted(d.meta.Name) + " is not valid: " + wrong, "choose a valid name"})
	}
	if d.meta.Namespace == "" {
		return
	}
	for _, wrong := range validation.IsDNS1123Label(d.meta.Namespace) {
		d.reject(problem{"metadata.namespace", quoted(d.meta.Namespace) + " is not valid: " + wrong, "choose a valid name"})
	}
}

func quoted(text string) string { return `"` + text + `"` }

// labels checks labels as an API server does and gives them.
// Source: k8s.io/apimachinery v0.36 pkg/apis/meta/v1/validation ValidateLabels.
func (d *document) labels(at string, labels map[string]string) model.Labels {
	for _, key := range sortedKeys(labels) {
		one := map[string]string{key: labels[key]}
		for _, wrong := range metavalidation.ValidateLabels(one, field.NewPath(at)) {
			d.reject(problem{at + "." + key, wrong.ErrorBody(), "write a valid label"})
		}
	}
	return model.Labels(labels)
}

// selector checks a label selector as an API server does.
func (d *document) selector(at string, s *metav1.LabelSelector) {
	if s == nil {
		return
	}
	for _, wrong := range metavalidation.ValidateLabelSelector(s, metavalidation.LabelSelectorValidationOptions{}, field.NewPath(at)) {
		d.reject(problem{bracketsToDots(wrong.Field), wrong.ErrorBody(), "write a valid label selector"})
	}
}

// bracketsToDots turns the field path "a[key]" of the validators into "a.key";
// indices stay.
func bracketsToDots(path string) string {
	before, key, found := strings.Cut(path, "[")
	if !found || key == "" || key[0] >= '0' && key[0] <= '9' {
		return path
	}
	return before + "." + strings.TrimSuffix(key, "]")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
