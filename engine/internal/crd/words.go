package crd

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/errors"

	"github.com/netsim-dev/netsim/internal/nearest"
)

// explain puts a failure of the library into words, without the path.
func (n *node) explain(failure *errors.Validation, value any) Problem {
	switch failure.Code() {
	case errors.EnumFailCode:
		return n.explainEnum(value)
	case errors.PatternFailCode:
		return Problem{Message: show(value) + " is not " + patternInWords(n.schema.Pattern)}
	default:
		return Problem{Message: cmp.Or(n.explainLimit(failure.Code(), value), failure.Error())}
	}
}

func (n *node) explainEnum(value any) Problem {
	allowed := make([]string, len(n.schema.Enum))
	for i, choice := range n.schema.Enum {
		allowed[i] = fmt.Sprint(choice)
	}
	problem := Problem{Suggestion: nearest.Word(fmt.Sprint(value), allowed)}
	problem.Message = show(value) + " is not one of " + strings.Join(allowed, ", ")
	if problem.Suggestion != "" {
		problem.Message += fmt.Sprintf("; did you mean %q?", problem.Suggestion)
	}
	return problem
}

func (n *node) explainLimit(code int32, value any) string {
	s := n.schema
	switch {
	case code == errors.MaxFailCode && s.Maximum != nil:
		return fmt.Sprintf("%s is more than %v", show(value), *s.Maximum)
	case code == errors.MinFailCode && s.Minimum != nil:
		return fmt.Sprintf("%s is less than %v", show(value), *s.Minimum)
	case code == errors.TooLongFailCode && s.MaxLength != nil:
		return fmt.Sprintf("is longer than %d characters", *s.MaxLength)
	case code == errors.TooShortFailCode && s.MinLength != nil:
		return fmt.Sprintf("is too short; it needs %d or more characters", *s.MinLength)
	case code == errors.MaxItemsFailCode && s.MaxItems != nil && *s.MaxItems == 0:
		return "is no longer supported and must be empty; leave it out"
	case code == errors.MaxItemsFailCode && s.MaxItems != nil:
		return fmt.Sprintf("has more than %d entries; split it into several", *s.MaxItems)
	case code == errors.MinItemsFailCode && s.MinItems != nil:
		return fmt.Sprintf("has too few entries; it needs %d or more", *s.MinItems)
	case code == errors.TooFewPropertiesCode:
		return "needs one of " + strings.Join(slices.Sorted(maps.Keys(n.properties)), ", ") + "; it has none"
	case code == errors.TooManyPropertiesCode:
		fields, _ := value.(map[string]any)
		return "takes only one of " + strings.Join(slices.Sorted(maps.Keys(fields)), ", ") + "; split it into several"
	}
	return ""
}

// explainType covers formats too: to the library a string that is no CIDR has
// the wrong type.
func (n *node) explainType(value any) string {
	if _, isString := value.(string); isString && n.schema.Type.Contains("string") {
		return show(value) + " is not " + formatInWords(n.schema.Format)
	}
	wanted := make([]string, len(n.schema.Type))
	for i, name := range n.schema.Type {
		wanted[i] = typeInWords(name)
	}
	if value == nil {
		return "is empty; it must be " + strings.Join(wanted, " or ")
	}
	message := fmt.Sprintf("must be %s, not %s", strings.Join(wanted, " or "), show(value))
	return message + n.remedy(value)
}

// remedy says how the value would have to be written in YAML, for the slips
// that are common.
func (n *node) remedy(value any) string {
	_, isObject := value.(map[string]any)
	_, isList := value.([]any)
	switch {
	case n.schema.Type.Contains("string") && !isObject && !isList:
		return fmt.Sprintf(`; put it in quotes: "%v"`, show(value))
	case n.schema.Type.Contains("array") && !isList:
		return `; begin each entry with "- "`
	case n.schema.Type.Contains("object") && isList:
		return `; leave out the "- "`
	}
	return ""
}

func typeInWords(name string) string {
	words := map[string]string{
		"array":   "a list",
		"boolean": "true or false",
		"integer": "a whole number",
		"number":  "a number",
		"object":  "a mapping",
		"string":  "a string",
	}
	return cmp.Or(words[name], name)
}

func formatInWords(format string) string {
	words := map[string]string{"cidr": "a CIDR such as 10.0.0.0/8 or 2001:db8::/32"}
	return cmp.Or(words[format], "a valid "+format)
}

// show writes a value as it might stand in the file, scalars only.
func show(value any) string {
	switch value := value.(type) {
	case nil:
		return "nothing"
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	default:
		text, _ := json.Marshal(value)
		return string(text)
	}
}
