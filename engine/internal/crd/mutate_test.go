package crd

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// slot is one place in a document that can be changed: a field of an object or
// an entry of a list.
type slot struct {
	object map[string]any
	field  string
	list   []any
	index  int
	path   string
}

func (s slot) get() any {
	if s.object != nil {
		return s.object[s.field]
	}
	return s.list[s.index]
}

func (s slot) set(value any) {
	if s.object != nil {
		s.object[s.field] = value
	} else {
		s.list[s.index] = value
	}
}

// rename moves a field to another name; entries of lists have none.
func (s slot) rename(to string) bool {
	if s.object == nil || s.field == to {
		return false
	}
	s.object[to] = s.object[s.field]
	delete(s.object, s.field)
	return true
}

// slots gives every place below value, in a fixed order.
func slots(value any, path string) []slot {
	var found []slot
	switch value := value.(type) {
	case map[string]any:
		for _, field := range slices.Sorted(maps.Keys(value)) {
			at := slot{object: value, field: field, path: join(path, field)}
			found = append(append(found, at), slots(value[field], at.path)...)
		}
	case []any:
		for i := range value {
			at := slot{list: value, index: i, path: index(path, i)}
			found = append(append(found, at), slots(value[i], at.path)...)
		}
	}
	return found
}

// mutation spoils one place, and says whether it could.
type mutation struct {
	name  string
	apply func(r *rand.Rand, at slot) bool
}

func mutations() []mutation {
	return []mutation{
		{"a scalar has another type", func(r *rand.Rand, at slot) bool {
			if isContainer(at.get()) {
				return false
			}
			at.set([]any{int64(7), 7.5, true, "seven"}[r.IntN(4)])
			return true
		}},
		{"a scalar has become a list", func(r *rand.Rand, at slot) bool {
			if isContainer(at.get()) {
				return false
			}
			at.set([]any{at.get()})
			return true
		}},
		{"a list has lost its dash", func(r *rand.Rand, at slot) bool {
			list, ok := at.get().([]any)
			if !ok || len(list) == 0 {
				return false
			}
			at.set(list[0])
			return true
		}},
		{"a mapping has gained a dash", func(r *rand.Rand, at slot) bool {
			if _, ok := at.get().(map[string]any); !ok {
				return false
			}
			at.set([]any{at.get()})
			return true
		}},
		{"a container is empty", func(r *rand.Rand, at slot) bool {
			switch at.get().(type) {
			case map[string]any:
				at.set(map[string]any{})
			case []any:
				at.set([]any{})
			default:
				return false
			}
			return true
		}},
		{"a string is not what it should be", func(r *rand.Rand, at slot) bool {
			text, ok := at.get().(string)
			if !ok {
				return false
			}
			bad := []string{"", "-", "70000", strings.ToLower(text), text + "!", "10.0.0.0/33", "a..b", "\x07"}
			at.set(bad[r.IntN(len(bad))])
			return text != at.get()
		}},
		{"a number is out of bounds", func(r *rand.Rand, at slot) bool {
			number, ok := at.get().(int64)
			if ok {
				at.set([]any{-number - 1, number + 70000, int64(1) << 40}[r.IntN(3)])
			}
			return ok
		}},
		{"a field or entry is null", func(r *rand.Rand, at slot) bool {
			at.set(nil)
			return true
		}},
		{"a field is missing", func(r *rand.Rand, at slot) bool {
			if at.object != nil {
				delete(at.object, at.field)
			}
			return at.object != nil
		}},
		{"a field is misspelt", func(r *rand.Rand, at slot) bool {
			return at.rename(at.field + "s")
		}},
		{"a field has the wrong case", func(r *rand.Rand, at slot) bool {
			return at.rename(strings.ToLower(at.field))
		}},
		{"a field is known elsewhere only", func(r *rand.Rand, at slot) bool {
			names := []string{"toPorts", "matchLabels", "port", "toFQDNs", "endpointSelector", "rules", "cidr"}
			return at.rename(names[r.IntN(len(names))])
		}},
		{"a field too many", func(r *rand.Rand, at slot) bool {
			names := []string{"nonsense", "matchName", "matchPattern", "cidrGroupRef", "nodeSelector", "description"}
			name := names[r.IntN(len(names))]
			inner, ok := at.get().(map[string]any)
			if _, there := inner[name]; !ok || there {
				return false
			}
			inner[name] = "x"
			return true
		}},
		{"a list repeats itself", func(r *rand.Rand, at slot) bool {
			list, ok := at.get().([]any)
			if !ok || len(list) == 0 {
				return false
			}
			at.set(append(slices.Clone(list), list[0]))
			return true
		}},
	}
}

func isContainer(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}
