package kyverno

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
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

// maxValue bounds what a value comes to, in bytes and elements: an entry of a
// context may stand for another one several times, and that one again.
const maxValue = 1 << 20

// substitute puts values in the place of variables, in a copy. A variable that is
// a text by itself keeps its value's type.
func (s *scope) substitute(value any) (any, error) {
	replaced, err := s.replace(value)
	if err == nil && left(replaced, maxValue) < 0 {
		return nil, errTooLarge
	}
	return replaced, err
}

var errTooLarge = errors.New("it comes to more than netsim works out")

// left is what a value leaves of a room for bytes and elements. It looks no
// further once there is none.
func left(value any, room int) int {
	switch v := value.(type) {
	case string:
		return room - 1 - len(v)
	case []any:
		for _, item := range v {
			if room < 0 {
				break
			}
			room = left(item, room)
		}
	case map[string]any:
		for key, item := range v {
			if room < 0 {
				break
			}
			room = left(item, room-len(key))
		}
	}
	return room - 1
}

func (s *scope) replace(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return s.text(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			var err error
			if list[i], err = s.replace(item); err != nil {
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
			if m[name], err = s.replace(item); err != nil {
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
	room := maxValue
	replaced := variables.ReplaceAllStringFunc(text, func(found string) string {
		value, err := s.expression(found[2 : len(found)-2])
		if room = left(value, room); err == nil && room < 0 {
			err = errTooLarge
		}
		if err != nil {
			failed = cmp.Or(failed, err)
			return ""
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
