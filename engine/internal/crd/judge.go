package crd

import (
	"slices"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/errors"
)

// judge gives what is wrong with a pruned value and all that is in it, in no
// order.
func (n *node) judge(value any, path string) []Problem {
	if n == nil {
		return nil
	}
	found := n.judgeAlone(value, path)
	switch value := value.(type) {
	case map[string]any:
		for field, inner := range value {
			property, _ := n.child(field)
			found = append(found, property.judge(inner, join(path, field))...)
		}
	case []any:
		for i, inner := range value {
			found = append(found, n.items.judge(inner, index(path, i))...)
		}
	}
	return found
}

// judgeAlone judges a value without what is in it. Whether something is wrong
// is the library's word; where it speaks of the schema's inner workings,
// alternatives has said it better.
func (n *node) judgeAlone(value any, path string) []Problem {
	found := slices.Concat(n.alternatives(value, path), n.duplicates(value, path), n.brokenRules(value, path))
	errs := n.alone.Validate(value).Errors
	for _, err := range errs {
		failure, ok := err.(*errors.Validation)
		if !ok {
			continue // a oneOf or anyOf as a whole
		}
		field := strings.TrimPrefix(failure.Name, ".")
		switch failure.Code() {
		case errors.InvalidTypeCode: // what else is wrong follows from that
			return []Problem{{Path: path, Message: n.explainType(value)}}
		case errors.RequiredFailCode:
			if slices.Contains(n.schema.Required, field) { // not by one branch of several
				found = append(found, Problem{Path: join(path, field), Message: "is required"})
			}
		default:
			problem := n.explain(failure, value)
			problem.Path = path
			found = append(found, problem)
		}
	}
	if len(found) == 0 && len(errs) > 0 {
		found = []Problem{{Path: path, Message: errors.CompositeValidationError(errs...).Error()}}
	}
	return found
}
