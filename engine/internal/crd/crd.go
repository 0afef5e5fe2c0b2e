package crd

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// Problem is one thing wrong with a document.
type Problem struct {
	// Path is the field, as in "spec.ingress[0].toPorts[1].ports[0].port"; ""
	// is the document itself. A missing field has the path it would have.
	Path string
	// Message says what is wrong with it and what to write instead. It does
	// not repeat Path.
	Message string
	// Unknown is true for a field that the schema does not know. An API server
	// drops it; kubectl, which asks for strict validation, is refused.
	Unknown bool
	// Suggestion is the known field, or the allowed value, that was probably
	// meant; "" where nothing is near.
	Suggestion string
}

// Validator holds the schemas. It is safe for concurrent use.
type Validator struct {
	schemas func() (map[string]*node, error)
}

// New gives a Validator. It costs nothing: the schemas are decoded when they
// are first needed, once.
func New() *Validator {
	return &Validator{schemas: sync.OnceValues(decodeSchemas)}
}

// Validate gives what an API server would hold against creating doc as an
// object of kind, sorted by path; nothing if it would be stored as it is. The
// kinds are those of the table in kinds.go; any other is itself a problem, so
// that what was not checked never looks valid.
//
// doc is what a JSON decoder makes: map[string]any, []any, string, bool, nil,
// and int64 or float64 (both are fine wherever a whole number is meant; a
// json.Number is not). It is not changed.
//
// Names, label syntax and status are not judged: the first two are the same for
// every kind of object, and the third an API server drops on creation.
func (v *Validator) Validate(kind string, doc map[string]any) []Problem {
	root, err := v.root(kind)
	if err != nil {
		return []Problem{{Message: err.Error()}}
	}
	stored, problems := prune(root, doc)
	problems = append(problems, root.judge(stored, "")...)
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(problems)
}

// Stored gives doc as an API server would keep it: without unknown fields and
// nulls, and with the schema's defaults. Decode this rather than doc, since
// encoding/json matches field names in any case and would read the "toports"
// that a cluster never sees. It does not say whether doc is valid. The error is
// for a kind that has no schema here.
func (v *Validator) Stored(kind string, doc map[string]any) (map[string]any, error) {
	root, err := v.root(kind)
	if err != nil {
		return nil, err
	}
	stored, _ := prune(root, doc)
	return stored, nil
}

func (v *Validator) root(kind string) (*node, error) {
	schemas, err := v.schemas()
	if err != nil {
		return nil, err
	}
	root, ok := schemas[kind]
	if !ok {
		return nil, fmt.Errorf("no schema is known for the kind %q", kind)
	}
	return root, nil
}
