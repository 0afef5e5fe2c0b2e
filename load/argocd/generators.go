package argocd

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/internal/deploy"
)

// generator makes the parameters of Applications.
type generator struct {
	run   *load.Run
	repos deploy.Repos
	templater
}

// maxNested bounds how deep matrices are in each other: Argo CD allows one more.
const maxNested = 4

// generate gives the parameters of a generator, one map for an Application. Those
// of the first generator of a matrix are filled into the second.
func (g *generator) generate(spec, above map[string]any) ([]map[string]any, error) {
	return g.nested(spec, above, 0)
}

func (g *generator) nested(spec, above map[string]any, depth int) ([]map[string]any, error) {
	if len(above) > 0 {
		filled, err := g.fill(spec, above)
		if err != nil {
			return nil, err
		}
		spec = filled.(map[string]any)
	}
	var all []map[string]any
	for _, name := range slices.Sorted(maps.Keys(spec)) {
		if name == "selector" {
			continue
		}
		fields, _ := spec[name].(map[string]any)
		made, err := g.one(name, fields, depth)
		if err != nil {
			return nil, err
		}
		if all = append(all, made...); len(all) > maxApplications {
			return nil, tooMany()
		}
	}
	return chosen(all, spec["selector"])
}

func (g *generator) one(name string, fields map[string]any, depth int) ([]map[string]any, error) {
	switch name {
	case "list":
		return g.list(fields)
	case "git":
		return g.git(fields)
	case "matrix":
		return g.matrix(fields, depth)
	}
	return nil, fmt.Errorf("files cannot tell what the generator %q makes", name)
}

func tooMany() error {
	return fmt.Errorf("the generators make more than %d Applications", maxApplications)
}

// list are the elements as they are; without goTemplate all are texts, and those
// below "values" are named so.
func (g *generator) list(fields map[string]any) ([]map[string]any, error) {
	var all []map[string]any
	elements, _ := fields["elements"].([]any)
	for _, item := range elements {
		element, ok := item.(map[string]any)
		if !ok {
			return nil, errors.New("an element of the list is no map")
		}
		if !g.goTemplate {
			var err error
			if element, err = texts(element); err != nil {
				return nil, err
			}
		}
		all = append(all, element)
	}
	text, _ := fields["elementsYaml"].(string)
	var more []map[string]any
	if err := yaml.Unmarshal([]byte(text), &more); err != nil {
		return nil, fmt.Errorf("elementsYaml cannot be read: %w", err)
	}
	return append(all, more...), nil
}

func texts(element map[string]any) (map[string]any, error) {
	params := map[string]any{}
	for key, value := range element {
		values, nested := value.(map[string]any)
		if key == "values" && nested {
			for name, value := range values {
				params["values."+name] = value
			}
			continue
		}
		params[key] = value
	}
	for key, value := range params {
		if _, ok := value.(string); !ok {
			return nil, fmt.Errorf("the element %s of the list is no text, and only goTemplate allows that", key)
		}
	}
	return params, nil
}

// matrix combines what two generators make.
func (g *generator) matrix(fields map[string]any, depth int) ([]map[string]any, error) {
	list, _ := fields["generators"].([]any)
	if len(list) != 2 || depth == maxNested {
		return nil, errors.New("a matrix combines two generators, and few matrices nest in each other")
	}
	first, one := list[0].(map[string]any)
	second, two := list[1].(map[string]any)
	if !one || !two {
		return nil, errors.New("a generator of the matrix is no map")
	}
	if first["selector"] != nil || second["selector"] != nil {
		return nil, errors.New("selectors inside of a matrix are not supported")
	}
	outer, err := g.nested(first, nil, depth+1)
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	for _, a := range outer {
		inner, err := g.nested(second, a, depth+1)
		if err != nil {
			return nil, err
		}
		for _, b := range inner {
			params := maps.Clone(b)
			for key, value := range a {
				params[key] = merged(params[key], value)
			}
			if all = append(all, params); len(all) > maxApplications {
				return nil, tooMany()
			}
		}
	}
	return all, nil
}

// chosen are the parameters that a selector takes, by their flat names.
func chosen(all []map[string]any, selector any) ([]map[string]any, error) {
	if selector == nil {
		return all, nil
	}
	var s metav1.LabelSelector
	text, err := json.Marshal(selector)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return nil, fmt.Errorf("the selector cannot be read: %w", err)
	}
	matcher, err := metav1.LabelSelectorAsSelector(&s)
	if err != nil {
		return nil, fmt.Errorf("the selector cannot be used: %w", err)
	}
	return slices.DeleteFunc(all, func(params map[string]any) bool {
		flat := labels.Set{}
		flatten(params, "", func(key string, value any) { flat[key] = fmt.Sprint(value) })
		return !matcher.Matches(flat)
	}), nil
}

// flatten names what is nested by its path: "a.b", "a.0".
func flatten(value any, at string, put func(string, any)) {
	under := func(key string) string { return strings.TrimPrefix(at+"."+key, ".") }
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			flatten(below, under(key), put)
		}
	case []any:
		for i, below := range v {
			flatten(below, under(fmt.Sprint(i)), put)
		}
	default:
		put(at, value)
	}
}
