package kyverno

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// errPassed is that a condition in a patch keeps it from an object.
var errPassed = errors.New("a condition in the patch does not hold")

// fieldsOf are the fields of a kind that bear on an answer, as paths; an empty one
// stands for all.
func fieldsOf(kind string) [][]string {
	if kind == "Namespace" {
		return [][]string{{"metadata", "labels"}}
	}
	if !holdsPods(kind) {
		return [][]string{{}}
	}
	template := templateOf(kind)
	var fields [][]string
	for _, path := range []string{"metadata.labels", "spec.hostNetwork", "spec.serviceAccountName", "spec.serviceAccount", "spec.nodeName", "spec.containers.ports", "spec.initContainers.ports"} {
		fields = append(fields, slices.Concat(template, strings.Split(path, ".")))
	}
	if kind != "Pod" {
		fields = append(fields, []string{"spec", "replicas"})
	}
	return fields
}

// within says whether a path is in one of the fields, and leads says whether it
// leads to one.
func within(path []string, fields [][]string) bool {
	return slices.ContainsFunc(fields, func(f []string) bool { return len(path) >= len(f) && slices.Equal(path[:len(f)], f) })
}

func leads(path []string, fields [][]string) bool {
	return slices.ContainsFunc(fields, func(f []string) bool { return len(path) < len(f) && slices.Equal(path, f[:len(path)]) })
}

// prune leaves of a patch what is in the fields.
func prune(patch map[string]any, fields [][]string, above []string) map[string]any {
	left := map[string]any{}
	for key, value := range patch {
		_, name := anchor(key)
		path := append(slices.Clone(above), name)
		switch {
		case within(path, fields):
			left[key] = value
		case leads(path, fields):
			if below := pruneBelow(value, fields, path); below != nil {
				left[key] = below
			}
		}
	}
	return left
}

// pruneBelow is nil where nothing is left.
func pruneBelow(value any, fields [][]string, path []string) any {
	switch v := value.(type) {
	case map[string]any:
		if m := prune(v, fields, path); len(m) > 0 {
			return m
		}
	case []any:
		var list []any
		for _, item := range v {
			if below := pruneBelow(item, fields, path); below != nil {
				list = append(list, below)
			}
		}
		if list != nil {
			return list
		}
	}
	return nil
}

var anchored = regexp.MustCompile(`^([+<=X^]?\()(.+)\)$`)

// anchor parts "+(key)" into "+(" and the key; a key by itself has none.
// Source: Kyverno 1.19.1 pkg/engine/anchor.
func anchor(key string) (kind, name string) {
	found := anchored.FindStringSubmatch(key)
	if found == nil {
		return "", key
	}
	return found[1], found[2]
}

// mergePatch applies a strategic merge patch, as far as it bears on an answer.
func mergePatch(value, patch map[string]any, kind string) error {
	holds := gate(patch, value)
	if holds.no() {
		return errPassed
	}
	if holds.unsure != "" {
		return errors.New(holds.unsure)
	}
	return merge(value, prune(patch, fieldsOf(kind), nil))
}

// gate asks the conditions in a patch: (key) and <(key). Those in lists are about
// one item each.
func gate(patch, value map[string]any) answer {
	result := known(true)
	for _, key := range slices.Sorted(maps.Keys(patch)) {
		kind, name := anchor(key)
		switch kind {
		case "(", "<(":
			result = all(result, fits(patch[key], value[name]))
		case "", "+(":
			result = all(result, gateBelow(patch[key], value[name]))
		default:
			result = all(result, unsure("netsim does not read the anchor "+key))
		}
	}
	return result
}

func gateBelow(patch, value any) answer {
	switch p := patch.(type) {
	case map[string]any:
		v, _ := value.(map[string]any)
		return gate(p, v)
	case []any:
		if strings.Contains(asText(p), `"\u003c(`) {
			return unsure("netsim does not read the anchor <( in a list")
		}
	}
	return known(true)
}

// fits compares a value with a pattern.
func fits(pattern, value any) answer {
	switch p := pattern.(type) {
	case map[string]any:
		v, is := value.(map[string]any)
		result := known(is)
		for _, key := range slices.Sorted(maps.Keys(p)) {
			kind, _ := anchor(key)
			if kind != "" {
				return unsure("netsim does not read anchors below a condition")
			}
			result = all(result, fits(p[key], v[key]))
		}
		return result
	case string:
		if strings.ContainsAny(p, "|&<>!") {
			return unsure(fmt.Sprintf("netsim does not read the pattern %q", p))
		}
		return known(isPlain(value) && wildcard(p, asText(value)))
	case []any:
		return unsure("netsim does not compare lists with a pattern")
	}
	return known(value != nil && asText(pattern) == asText(value))
}

// merge lays a patch over a value. Lists are merged by keys that only a schema
// knows, so that a patch with one is not read.
func merge(value, patch map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(patch)) {
		kind, name := anchor(key)
		_, there := value[name]
		if kind == "(" || kind == "<(" || kind == "+(" && there {
			continue
		}
		switch p := patch[key].(type) {
		case nil:
			delete(value, name)
		case map[string]any:
			below, is := value[name].(map[string]any)
			if !is {
				below = map[string]any{}
			}
			if err := merge(below, p); err != nil {
				return err
			}
			value[name] = below
		case []any:
			return fmt.Errorf("netsim does not merge lists (%s)", name)
		default:
			value[name] = p
		}
	}
	return nil
}
