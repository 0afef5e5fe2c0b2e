package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// Annotations that say where an object of a List comes from.
const (
	originAnnotation   = "netsim.dev/origin"
	assignedAnnotation = "netsim.dev/assigned"
	madeAnnotation     = "netsim.dev/made"
	inferredAnnotation = "netsim.dev/inferred-from"
)

// fields is an object on its way to JSON, where keys come out sorted.
type fields = map[string]any

func listObject(c *model.Cluster, chosen []resource) fields {
	items := []fields{}
	for _, r := range chosen {
		for _, row := range r.rows(c) {
			items = append(items, row.object())
		}
	}
	return fields{"apiVersion": "v1", "kind": "List", "items": items}
}

// compact leaves out what is empty, as Kubernetes does.
func compact(f fields) fields {
	maps.DeleteFunc(f, func(_ string, value any) bool { return isEmpty(value) })
	return f
}

func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case uint16:
		return v == 0
	case fields:
		return len(v) == 0
	case []fields:
		return len(v) == 0
	case []string:
		return len(v) == 0
	case model.Labels:
		return len(v) == 0
	case map[string]string:
		return len(v) == 0
	}
	return false
}

// metadata is what the metadata of any object is made of.
type metadata struct {
	namespace, name string
	labels          model.Labels
	origin          model.Origin
	made            bool
	assigned        model.Assigned
}

func (m metadata) fields() fields {
	return compact(fields{
		"namespace": m.namespace, "name": m.name, "labels": m.labels,
		"annotations": m.annotations(),
	})
}

func (m metadata) annotations() map[string]string {
	notes := map[string]string{}
	if at := m.origin.Position(); at != "" {
		notes[originAnnotation] = at
	}
	if m.made {
		notes[madeAnnotation] = "true"
	}
	assigned := slices.Sorted(maps.Keys(m.assigned))
	assigned = slices.DeleteFunc(assigned, func(field string) bool { return !m.assigned[field] })
	if len(assigned) > 0 {
		notes[assignedAnnotation] = strings.Join(assigned, ",")
	}
	return notes
}

// rawObject is an object as it was written, with its origin noted. One that is
// no JSON object keeps at least its name.
func rawObject(o *model.Object) fields {
	decoder := json.NewDecoder(bytes.NewReader(o.JSON))
	decoder.UseNumber()
	var object fields
	if decoder.Decode(&object) != nil || object == nil {
		object = fields{"apiVersion": o.APIVersion, "kind": o.Origin.Kind}
	}
	meta, ok := object["metadata"].(fields)
	if !ok {
		meta = compact(fields{"namespace": o.Origin.Namespace, "name": o.Origin.Name})
		object["metadata"] = meta
	}
	notes, ok := meta["annotations"].(fields)
	if !ok {
		notes = fields{}
	}
	for key, value := range (metadata{origin: o.Origin}).annotations() {
		notes[key] = value
	}
	if len(notes) > 0 {
		meta["annotations"] = notes
	}
	return object
}

func texts[T fmt.Stringer](values []T) []string {
	var out []string
	for _, value := range values {
		out = append(out, value.String())
	}
	return out
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

func addrText(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
