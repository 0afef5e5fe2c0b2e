package kyverno

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

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
