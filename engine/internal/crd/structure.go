package crd

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
)

// alternatives judges oneOf and anyOf whose branches each require one field,
// the only ones in Cilium's CRDs that concern objects.
func (n *node) alternatives(value any, path string) []Problem {
	object, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	var found []Problem
	if fields, given := branches(n.schema.OneOf, object); len(fields) > 0 && len(given) != 1 {
		message := "needs exactly one of " + strings.Join(fields, ", ") + "; it has none"
		if len(given) > 1 {
			message = "takes only one of " + strings.Join(given, ", ") + "; split it into several"
		}
		found = append(found, Problem{Path: path, Message: message})
	}
	if fields, given := branches(n.schema.AnyOf, object); len(fields) > 0 && len(given) == 0 {
		message := "needs at least one of " + strings.Join(fields, ", ")
		found = append(found, Problem{Path: path, Message: message})
	}
	return found
}

// branches gives the fields that the branches require, and those of them that
// object has, in the schema's order.
func branches(schemas []spec.Schema, object map[string]any) (fields, given []string) {
	for _, branch := range schemas {
		for _, field := range branch.Required {
			fields = append(fields, field)
			if has(object, field) {
				given = append(given, field)
			}
		}
	}
	return fields, given
}

// duplicates judges a list that is a set, as ValidateListSetsAndMaps of
// k8s.io/apiextensions-apiserver v0.36 (pkg/apiserver/schema/listtype) does.
// The library knows nothing of it.
func (n *node) duplicates(value any, path string) []Problem {
	list, ok := value.([]any)
	if !ok || n.schema.Extensions[listType] != "set" {
		return nil
	}
	var found []Problem
	for i, entry := range list {
		seen := slices.ContainsFunc(list[:i], func(earlier any) bool {
			return reflect.DeepEqual(earlier, entry)
		})
		if seen {
			message := fmt.Sprintf("%s is there already; each entry must differ from the others", show(entry))
			found = append(found, Problem{Path: index(path, i), Message: message})
		}
	}
	return found
}
