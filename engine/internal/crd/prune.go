package crd

import (
	"fmt"
	"strconv"
)

// prune gives a copy of doc as an API server decodes it, and a problem for
// every field that did not make it: k8s.io/apiextensions-apiserver v0.36,
// pkg/apiserver/schema, pruning.PruneWithOptions for unknown fields,
// defaulting.PruneNonNullableNullsWithoutDefaults for nulls, defaulting.Default.
func prune(root *node, doc map[string]any) (map[string]any, []Problem) {
	p := pruner{}
	return p.object(root, doc, ""), p.unknown
}

type pruner struct {
	unknown []Problem
}

// value copies one value. Inside a list where a mapping is meant, or the other
// way round, no field is known; to say so of each would drown the one mistake.
func (p *pruner) value(n *node, value any, path string) any {
	before := len(p.unknown)
	var kept any
	wanted := ""
	switch value := value.(type) {
	case map[string]any:
		kept, wanted = p.object(n, value, path), "object"
	case []any:
		kept, wanted = p.list(n, value, path), "array"
	default:
		return value
	}
	if n != nil && len(n.schema.Type) > 0 && !n.schema.Type.Contains(wanted) {
		p.unknown = p.unknown[:before]
	}
	return kept
}

// object copies an object. With no schema there is nothing that it could hold.
func (p *pruner) object(n *node, object map[string]any, path string) map[string]any {
	if n == nil {
		n = &node{}
	}
	kept := make(map[string]any, len(object))
	for field, value := range object {
		at := join(path, field)
		property, known := n.child(field)
		switch {
		case known && dropsNull(property, value):
		case known:
			kept[field] = p.value(property, value, at)
		case n.preserve:
			kept[field] = value
		default:
			p.unknown = append(p.unknown, unknownField(n, field, at))
		}
	}
	setDefaults(n, kept)
	return kept
}

func (p *pruner) list(n *node, list []any, path string) []any {
	if n == nil {
		n = &node{}
	}
	if n.preserve {
		return list
	}
	kept := make([]any, len(list))
	for i, value := range list {
		kept[i] = p.value(n.items, value, index(path, i))
	}
	return kept
}

// dropsNull is true for a field written with no value. It is as if it had been
// left out; a null in a list stays.
func dropsNull(n *node, value any) bool {
	return value == nil && n != nil && !n.schema.Nullable
}

func setDefaults(n *node, object map[string]any) {
	for field, property := range n.properties {
		if _, given := object[field]; !given && property.schema.Default != nil {
			object[field] = property.schema.Default
		}
	}
}

func unknownField(n *node, field, path string) Problem {
	problem := Problem{Path: path, Unknown: true, Suggestion: suggestField(n, field)}
	problem.Message = fmt.Sprintf("unknown field %q: an API server drops it", field)
	if problem.Suggestion != "" {
		problem.Message += fmt.Sprintf("; did you mean %q?", problem.Suggestion)
	}
	return problem
}

// join and index write paths as the validation library does.
func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}

func index(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}
