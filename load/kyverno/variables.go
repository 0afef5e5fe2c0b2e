package kyverno

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// scope is what the variables of a rule stand for.
type scope struct {
	values map[string]any
	// open are the entries of a rule's context that are not read.
	open map[string]bool
	// unlabelled and template are those of the object in question.
	unlabelled, template bool
}

// newScope is the scope of a rule for a request.
func newScope(r *rule, q request) *scope {
	o := q.object
	s := &scope{open: map[string]bool{}, unlabelled: o.unlabelled, template: o.template, values: map[string]any{
		"request": map[string]any{
			"object": o.value, "operation": q.operation, "namespace": o.namespaceOf(), "name": o.Origin.Name,
			"kind": kindOf(o),
		},
	}}
	if q.operation == "DELETE" {
		request := s.values["request"].(map[string]any)
		request["oldObject"] = request["object"]
		delete(request, "object")
	}
	s.define(r.Context)
	return s
}

func kindOf(o *object) map[string]any {
	group, version := groupVersion(o.APIVersion)
	return map[string]any{"group": group, "version": version, "kind": o.Origin.Kind}
}

// define adds what a context defines in plain words.
func (s *scope) define(context []variable) {
	for _, v := range context {
		delete(s.values, v.Name)
		s.open[v.Name] = true
		if v.Variable == nil || v.Variable.Value != nil && v.Variable.JMESPath != "" {
			continue
		}
		value, err := s.substitute(v.Variable.Value)
		if v.Variable.JMESPath != "" {
			value, err = s.expression(v.Variable.JMESPath)
		}
		if err == nil {
			s.values[v.Name] = value
			delete(s.open, v.Name)
		}
	}
}

// with is the scope for one element of a list.
func (s *scope) with(element any, index int) *scope {
	inner := &scope{values: map[string]any{}, open: map[string]bool{}, unlabelled: s.unlabelled, template: s.template}
	for name, value := range s.values {
		inner.values[name] = value
	}
	for name := range s.open {
		inner.open[name] = true
	}
	inner.values["element"], inner.values["elementIndex"] = element, int64(index)
	return inner
}

// Variables and references as Kyverno writes them. Source: Kyverno 1.19.1
// pkg/engine/variables/regex.
var (
	variables  = regexp.MustCompile(`\{\{[^{}]*\}\}`)
	references = regexp.MustCompile(`\$\([./][^)]*\)`)
)

// substitute puts values in the place of variables, in a copy. A variable that is
// a text by itself keeps its value's type.
func (s *scope) substitute(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return s.text(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			var err error
			if list[i], err = s.substitute(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			name, err := s.word(key)
			if err != nil {
				return nil, err
			}
			if m[name], err = s.substitute(item); err != nil {
				return nil, err
			}
		}
		return m, nil
	}
	return value, nil
}

// word substitutes where only a text will do.
func (s *scope) word(text string) (string, error) {
	value, err := s.text(text)
	if err != nil {
		return "", err
	}
	return asText(value), nil
}

func (s *scope) text(text string) (any, error) {
	if references.MatchString(text) {
		return nil, fmt.Errorf("it refers to a field of its own by %s", text)
	}
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	if variables.FindString(text) == text {
		return s.expression(text[2 : len(text)-2])
	}
	var failed error
	replaced := variables.ReplaceAllStringFunc(text, func(found string) string {
		value, err := s.expression(found[2 : len(found)-2])
		if err != nil && failed == nil {
			failed = err
		}
		return asText(value)
	})
	if failed == nil && strings.Contains(variables.ReplaceAllString(text, ""), "{{") {
		failed = fmt.Errorf("%s holds more than netsim reads of JMESPath", text)
	}
	return replaced, failed
}

func asText(value any) string {
	if text, is := value.(string); is {
		return text
	}
	encoded, _ := json.Marshal(value)
	return string(encoded)
}

// expression is the value of paths and literals between ||: the first one that is
// there and not empty, or the last one.
func (s *scope) expression(text string) (any, error) {
	var value any
	var err error
	for _, part := range strings.Split(text, "||") {
		if value, err = s.operand(strings.TrimSpace(part)); err != nil {
			return nil, err
		}
		if !empty(value) {
			return value, nil
		}
	}
	if value == nil {
		return nil, fmt.Errorf("{{%s}} has no value", text)
	}
	return value, nil
}

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// operand is a literal or the value at a path, nil if there is none.
func (s *scope) operand(text string) (any, error) {
	if literal, is := literalOf(text); is {
		return literal, nil
	}
	steps := steps(text)
	if steps == nil {
		return nil, fmt.Errorf("{{%s}} is more than netsim reads of JMESPath", text)
	}
	if why := s.unknown(steps); why != "" {
		return nil, fmt.Errorf("{{%s}} %s", text, why)
	}
	var value any = s.values
	for _, step := range steps {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil, nil
			}
			value = v[i]
		default:
			return nil, nil
		}
	}
	return value, nil
}

// unknown says why the value at a path cannot be known, "" if it can.
func (s *scope) unknown(steps []string) string {
	path := strings.Join(steps, ".")
	metadata := "request.object.metadata."
	switch _, defined := s.values[steps[0]]; {
	case s.open[steps[0]]:
		return "is looked up when the rule runs"
	case !defined:
		return "is nothing that files hold"
	case steps[0] == "request" && len(steps) > 1 && (steps[1] == "userInfo" || steps[1] == "roles" || steps[1] == "clusterRoles"):
		return "hangs on who asks"
	case s.unlabelled && (strings.HasPrefix(path, metadata+"labels") || strings.HasPrefix(path, metadata+"annotations")):
		return "hangs on a namespace that no file holds: --namespace-label gives its labels"
	case s.template && (path == metadata+"name" || path == "request.name"):
		return "is a name that no file gives"
	}
	return ""
}

// literalOf reads the literals of JMESPath: 'raw text' and `JSON`.
func literalOf(text string) (any, bool) {
	if len(text) < 2 || text[0] != text[len(text)-1] {
		return nil, false
	}
	inner := text[1 : len(text)-1]
	switch {
	case text[0] == '\'' && !strings.Contains(inner, "'"):
		return inner, true
	case text[0] == '`' && !strings.Contains(inner, "`"):
		var value any
		if json.Unmarshal([]byte(inner), &value) != nil {
			return inner, true
		}
		return value, true
	}
	return nil, false
}

// The paths of JMESPath that are read: names, "quoted names" and [indices].
var (
	plainPath = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*|"[^"]+")(\.([A-Za-z_][A-Za-z0-9_]*|"[^"]+")|\[[0-9]+\])*$`)
	pathStep  = regexp.MustCompile(`"[^"]+"|[A-Za-z0-9_]+`)
)

// steps parts a path; nil for what is none.
func steps(path string) []string {
	if !plainPath.MatchString(path) {
		return nil
	}
	var found []string
	for _, part := range pathStep.FindAllString(path, -1) {
		found = append(found, strings.Trim(part, `"`))
	}
	return found
}
