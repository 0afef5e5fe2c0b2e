package crd

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
)

//go:embed schemas.json
var schemasJSON []byte

// node is one schema, ready to be used. The library would walk the whole tree
// itself, but builds each validator again for every value, and copies every
// property's schema whether the value has it or not; so it judges one value at
// a time here, and the tree is ours.
type node struct {
	schema *spec.Schema
	// alone judges a value and nothing that is inside it.
	alone      *validate.SchemaValidator
	properties map[string]*node
	// others is for the fields that are no properties; nil where nothing is
	// known about them. open is true if there may be such fields.
	others *node
	open   bool
	items  *node
	// preserve keeps fields that nothing is known about.
	preserve bool
	rules    []celRule
}

// Extensions of OpenAPI that an API server acts upon (apiextensions/v1,
// JSONSchemaProps).
const (
	preserveUnknown = "x-kubernetes-preserve-unknown-fields"
	listType        = "x-kubernetes-list-type"
	celRules        = "x-kubernetes-validations"
)

// decodeSchemas gives the root of a schema for each kind.
func decodeSchemas() (map[string]*node, error) {
	c := compiler{done: map[string]*node{}}
	if err := json.Unmarshal(schemasJSON, &c.schemas); err != nil {
		return nil, fmt.Errorf("the embedded schemas of the CRDs are broken: %w", err)
	}
	byKind := map[string]*node{}
	for _, k := range kinds() {
		byKind[k.name] = c.named(k.schema)
	}
	return byKind, nil
}

// compiler makes nodes of schemas. A schema that others refer to, such as that
// of a rule, which stands in spec and in specs, becomes one node.
type compiler struct {
	schemas map[string]*spec.Schema
	done    map[string]*node
}

func (c compiler) named(name string) *node {
	if c.done[name] == nil {
		c.done[name] = c.compile(c.schemas[name])
	}
	return c.done[name]
}

func (c compiler) compile(s *spec.Schema) *node {
	if s == nil {
		return nil
	}
	if name, refers := strings.CutPrefix(s.Ref.String(), "#/"); refers {
		return c.named(name)
	}
	n := &node{schema: s, alone: validateAlone(s), rules: readRules(s), properties: map[string]*node{}}
	for name, property := range s.Properties {
		n.properties[name] = c.compile(&property)
	}
	if s.AdditionalProperties != nil {
		n.open, n.others = true, c.compile(s.AdditionalProperties.Schema)
	}
	if s.Items != nil {
		n.items = c.compile(s.Items.Schema)
	}
	n.preserve, _ = s.Extensions[preserveUnknown].(bool)
	return n
}

func validateAlone(s *spec.Schema) *validate.SchemaValidator {
	shallow := *s
	shallow.Properties, shallow.AdditionalProperties, shallow.Items = nil, nil, nil
	return validate.NewSchemaValidator(&shallow, nil, "", strfmt.Default)
}

// child gives the node of an object's field. known is false where the schema
// has no place for it; the node is nil where there is a place and nothing is
// known about what is inside.
func (n *node) child(field string) (property *node, known bool) {
	if property, ok := n.properties[field]; ok {
		return property, true
	}
	return n.others, n.open
}
