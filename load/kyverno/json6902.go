package kyverno

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// operation is one of JSON6902.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func readOperations(text string) ([]operation, error) {
	var list []operation
	return list, yaml.Unmarshal([]byte(text), &list)
}

// keys are the steps of the path.
func (o operation) keys() []string {
	steps := strings.Split(strings.TrimPrefix(o.Path, "/"), "/")
	for i, step := range steps {
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
	}
	return steps
}

// bears says whether an operation could change what matters of a kind.
func (o operation) bears(kind string) bool {
	path := slices.DeleteFunc(o.keys(), func(step string) bool { return strings.Trim(step, "0123456789") == "" || step == "-" })
	return within(path, fieldsOf(kind)) || leads(path, fieldsOf(kind))
}

// patchJSON applies those operations that bear on an answer.
func patchJSON(value map[string]any, text, kind string) error {
	list, err := readOperations(text)
	if err != nil {
		return errors.New("patchesJson6902 cannot be read")
	}
	for _, op := range list {
		if !op.bears(kind) {
			continue
		}
		if err := op.apply(value); err != nil {
			return err
		}
	}
	return nil
}

// apply does as Kyverno does, which makes what an add leads through, and does not
// mind if there is nothing to remove. Source: Kyverno 1.19.1
// pkg/engine/mutate/patch/patchJSON6902.go.
func (o operation) apply(value map[string]any) error {
	keys := o.keys()
	last := len(keys) - 1
	for _, key := range keys[:last] {
		below, is := value[key].(map[string]any)
		switch {
		case !is && value[key] != nil:
			return fmt.Errorf("netsim does not patch lists (%s)", o.Path)
		case !is && o.Op == "remove":
			return nil
		case !is:
			below = map[string]any{}
			value[key] = below
		}
		value = below
	}
	_, there := value[keys[last]]
	switch {
	case o.Op == "remove":
		delete(value, keys[last])
	case o.Op == "add", o.Op == "replace" && there:
		value[keys[last]] = o.Value
	default:
		return fmt.Errorf("netsim does not apply the operation %s of %s", o.Op, o.Path)
	}
	return nil
}
