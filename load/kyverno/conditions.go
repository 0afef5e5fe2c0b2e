package kyverno

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"
)

// conditions are preconditions, or those of a deny: any of some and all of
// others.
type conditions struct {
	Any []condition `json:"any"`
	All []condition `json:"all"`
}

type condition struct {
	Key      any    `json:"key"`
	Operator string `json:"operator"`
	Value    any    `json:"value"`
}

// readConditions reads the forms in which they are written: any and all, or a
// list of such, or a list of conditions that must all hold.
func readConditions(text json.RawMessage) ([]conditions, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	if text[0] != '[' {
		one := make([]conditions, 1)
		return one, kjson.UnmarshalCaseSensitivePreserveInts(text, &one[0])
	}
	var plain []condition
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &plain); err != nil {
		return nil, err
	}
	var several []conditions
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &several); err != nil {
		return nil, err
	}
	return append(several, conditions{All: slices.DeleteFunc(plain, func(c condition) bool { return c.Operator == "" })}), nil
}

// hold judges conditions as they are written. None of them hold always.
func (s *scope) hold(text json.RawMessage) answer {
	list, err := readConditions(text)
	if err != nil {
		return unsure("its conditions cannot be read")
	}
	result := known(true)
	for _, c := range list {
		if c.Any != nil {
			result = all(result, some(s.judgeAll(c.Any)...))
		}
		result = all(result, all(s.judgeAll(c.All)...))
	}
	return result
}

func (s *scope) judgeAll(list []condition) []answer {
	var answers []answer
	for _, c := range list {
		answers = append(answers, s.judge(c))
	}
	return answers
}

// judge asks one condition. Operators on texts are read; those that compare
// numbers and durations are not.
// Source: Kyverno 1.19.1 pkg/engine/variables/operator.
func (s *scope) judge(c condition) answer {
	key, err := s.substitute(c.Key)
	if err != nil {
		return unsure(err.Error())
	}
	value, err := s.substitute(c.Value)
	if err != nil {
		return unsure(err.Error())
	}
	compare, known := operators()[strings.ToLower(c.Operator)]
	if !known {
		return unsure(fmt.Sprintf("netsim does not read the operator %s", c.Operator))
	}
	return compare(key, value)
}

func operators() map[string]func(key, value any) answer {
	not := func(compare func(key, value any) answer) func(key, value any) answer {
		return func(key, value any) answer { return compare(key, value).not() }
	}
	return map[string]func(key, value any) answer{
		"equal": equal, "equals": equal, "notequal": not(equal), "notequals": not(equal),
		"in": allIn, "allin": allIn, "anyin": anyIn,
		"notin": not(anyIn), "allnotin": not(anyIn), "anynotin": not(allIn),
	}
}

// equal compares two plain values; a text may be compared with a pattern. Texts
// that Kyverno could take for quantities or durations must be the same to be equal
// for sure.
func equal(key, value any) answer {
	k, isText := key.(string)
	v, both := value.(string)
	switch {
	case isText && both && (k == v || wildcard(v, k)):
		return known(true)
	case isText && both && startsLikeNumber(k) && startsLikeNumber(v):
		return unsure(fmt.Sprintf("netsim does not compare %s and %s as quantities", k, v))
	case isText && both:
		return known(false)
	case isPlain(key) && isPlain(value) && !isText && !both:
		return known(asText(key) == asText(value))
	}
	return unsure("netsim does not compare values of those kinds")
}

func startsLikeNumber(text string) bool {
	return text != "" && strings.ContainsRune("0123456789+-.", rune(text[0]))
}

func isPlain(value any) bool {
	switch value.(type) {
	case string, bool, int64, float64:
		return true
	}
	return false
}

func anyIn(key, value any) answer {
	keys, values := list(key), list(value)
	if keys == nil || values == nil {
		return unsure("netsim does not look for values of those kinds")
	}
	return known(slices.ContainsFunc(keys, func(k string) bool { return isIn(k, values) }))
}

func allIn(key, value any) answer {
	keys, values := list(key), list(value)
	if keys == nil || values == nil {
		return unsure("netsim does not look for values of those kinds")
	}
	return known(!slices.ContainsFunc(keys, func(k string) bool { return !isIn(k, values) }))
}

func isIn(key string, values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return wildcard(v, key) || wildcard(key, v) })
}

// list is a list of plain values, or one of them, as texts; nil for others. A
// text that holds a list or a range is another thing still.
func list(value any) []string {
	items, is := value.([]any)
	if !is {
		items = []any{value}
	}
	texts := []string{}
	for _, item := range items {
		if !isPlain(item) || !is && strings.ContainsAny(asText(item), "[&|") {
			return nil
		}
		texts = append(texts, asText(item))
	}
	return texts
}
