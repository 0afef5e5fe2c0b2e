package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/netsim-dev/netsim/model"
)

// written is one thing that a policy says: a field, or an element of a list.
type written struct {
	policy *model.Object
	// path is its place in the document ("spec.ingress[0].fromEntities[1]").
	path string
	// section is "ingress", "egress", "ingressDeny" or "egressDeny", "" for what
	// is in no rule; rule is the rule.
	section string
	rule    map[string]any
	// field is its place within the rule, or within the spec, with neither
	// indices nor direction: "Entities[]" for fromEntities and toEntities, "peers[]"
	// for the from and to of a NetworkPolicy. It is "" for the rule itself.
	field string
	value any
}

// writings are all that a policy says, in the order of the fields' names.
func writings(o *model.Object) []written {
	var doc struct {
		Spec  map[string]any
		Specs []map[string]any
	}
	if json.Unmarshal(o.JSON, &doc) != nil {
		return nil
	}
	w := &writer{policy: o}
	w.spec("spec", doc.Spec)
	for i, spec := range doc.Specs {
		w.spec(fmt.Sprintf("specs[%d]", i), spec)
	}
	return w.out
}

type writer struct {
	policy  *model.Object
	section string
	rule    map[string]any
	out     []written
}

func (w *writer) spec(path string, spec map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(spec)) {
		rules, isList := spec[key].([]any)
		if !isList || !isSection(key) {
			w.add(path+"."+key, key, spec[key])
			continue
		}
		for i, r := range rules {
			w.section, w.rule = key, nil
			w.rule, _ = r.(map[string]any)
			w.add(fmt.Sprintf("%s.%s[%d]", path, key, i), "", r)
		}
		w.section, w.rule = "", nil
	}
}

func isSection(key string) bool {
	return slices.Contains([]string{"ingress", "egress", "ingressDeny", "egressDeny"}, key)
}

// add notes a value, and what is inside it.
func (w *writer) add(path, field string, value any) {
	w.out = append(w.out, written{w.policy, path, w.section, w.rule, field, value})
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			name := key
			if field == "" {
				name = withoutDirection(key)
			}
			w.add(path+"."+key, strings.TrimPrefix(field+"."+name, "."), value[key])
		}
	case []any:
		for i, element := range value {
			w.add(fmt.Sprintf("%s[%d]", path, i), field+"[]", element)
		}
	}
}

// withoutDirection is "Entities" for fromEntities and toEntities, and "peers" for
// from and to.
func withoutDirection(key string) string {
	if key == "from" || key == "to" {
		return "peers"
	}
	for _, prefix := range []string{"from", "to"} {
		if rest, found := strings.CutPrefix(key, prefix); found && unicode.IsUpper(rune(rest[0])) {
			return rest
		}
	}
	return key
}

func (w written) direction() model.Direction {
	if strings.HasPrefix(w.section, "ingress") {
		return model.Ingress
	}
	return model.Egress
}

// origin names the place.
func (w written) origin() model.Origin {
	o := w.policy.Origin
	o.Line, o.Rule = w.policy.Line(w.path), strings.TrimPrefix(w.path, "spec.")
	return o
}

// name is the field as the document has it, without what is around it.
func (w written) name() string {
	path := w.path
	for strings.HasSuffix(path, "]") {
		path = path[:strings.LastIndexByte(path, '[')]
	}
	return path[strings.LastIndexByte(path, '.')+1:]
}

// text is the value of a field that is a text, "" for any other.
func (w written) text() string {
	text, _ := w.value.(string)
	return text
}

// isEmpty is true for {} and [].
func isEmpty(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	}
	return false
}
