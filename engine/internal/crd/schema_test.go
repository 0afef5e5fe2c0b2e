package crd

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "rewrite schemas.json from the Cilium in go.mod")

func TestEmbeddedSchemasAreThoseOfThePinnedCilium(t *testing.T) {
	fresh := encodeSchemas(t, deriveSchemas(t))
	if *update {
		require.NoError(t, os.WriteFile("schemas.json", fresh, 0o644))
		return
	}
	require.Equal(t, string(fresh), string(schemasJSON),
		"Cilium's CRDs have changed; run go generate, and look what changed")
}

func TestBothPolicyKindsHaveTheSameSchema(t *testing.T) {
	cnp, ccnp := ciliumSchema(t, client.CNPCRDName), ciliumSchema(t, client.CCNPCRDName)
	assert.Equal(t, cnp, ccnp)
	assert.Equal(t, cnp.Properties["spec"], *cnp.Properties["specs"].Items.Schema)
}

// The schema may only say what this package acts upon.
func TestEverythingInTheSchemasIsUnderstood(t *testing.T) {
	patterns := map[string]bool{}
	rules := map[string]bool{}
	for _, root := range deriveSchemas(t) {
		eachSchema(root, func(s *spec.Schema) {
			if s.Pattern != "" {
				patterns[s.Pattern] = true
				assert.NotContains(t, patternInWords(s.Pattern), s.Pattern, "say in patternWords what it means")
			}
			if s.Format != "" && s.Type.Contains("string") {
				assert.NotContains(t, formatInWords(s.Format), s.Format, "say in formatInWords what it means")
			}
			for _, expression := range expressions(s) {
				rules[expression] = true
				assert.Contains(t, celChecks(), expression, "write the rule in Go")
			}
			assert.Empty(t, s.AllOf, "alternatives does not read allOf")
			assert.Nil(t, s.Not, "alternatives does not read not")
			for extension, value := range s.Extensions {
				assert.Contains(t, []string{celRules, preserveUnknown, listType}, extension)
				assert.True(t, extension != listType || value == "set", "duplicates reads sets only")
			}
			requireSimpleBranches(t, s)
		})
	}
	assert.Len(t, patterns, len(patternWords()), "patternWords has rows that no schema needs")
	assert.Len(t, rules, len(celChecks()), "celChecks has rows that no schema needs")
}

// requireSimpleBranches fails on a branch of oneOf or anyOf that is neither
// "has this field" nor "is of this type".
func requireSimpleBranches(t *testing.T, s *spec.Schema) {
	t.Helper()
	for _, branch := range append(append([]spec.Schema{}, s.OneOf...), s.AnyOf...) {
		for name, property := range branch.Properties {
			assert.Equal(t, []string{name}, branch.Required)
			assert.Equal(t, spec.Schema{}, property)
		}
		branch.Properties = nil
		if len(branch.Required) == 1 {
			branch.Required = nil
			assert.Equal(t, spec.Schema{}, branch)
		} else {
			assert.Equal(t, spec.Schema{SchemaProps: spec.SchemaProps{Type: branch.Type}}, branch)
		}
	}
}

func expressions(s *spec.Schema) []string {
	var found []string
	rules, _ := s.Extensions[celRules].([]any)
	for _, rule := range rules {
		found = append(found, rule.(apiextensionsv1.ValidationRule).Rule)
	}
	return found
}

// deriveSchemas gives what schemas.json says, from Cilium itself.
func deriveSchemas(t *testing.T) map[string]*spec.Schema {
	policy := ciliumSchema(t, client.CNPCRDName)
	rule := policy.Properties["spec"]
	policy.Properties["spec"] = reference("Rule")
	policy.Properties["specs"].Items.Schema.SchemaProps = reference("Rule").SchemaProps
	policy.Properties["metadata"] = reference("ObjectMeta")
	// The status subresource: an API server drops status on creation, whatever
	// it holds (customResourceStrategy.PrepareForCreate).
	policy.Properties["status"] = anything()
	cidrGroup := ciliumSchema(t, client.CCGCRDName)
	cidrGroup.Properties["metadata"] = reference("ObjectMeta")
	clusterPolicy := serverSchema(t, clusterNetworkPolicyCRD(t))
	clusterPolicy.Properties["metadata"] = reference("ObjectMeta")
	clusterPolicy.Properties["status"] = anything()
	objectMeta := goSchema(reflect.TypeFor[metav1.ObjectMeta]())
	return map[string]*spec.Schema{
		"NetworkPolicy": policy, "Rule": &rule, "CIDRGroup": cidrGroup,
		"ClusterNetworkPolicy": clusterPolicy, "ObjectMeta": &objectMeta,
	}
}

func reference(name string) spec.Schema {
	return spec.Schema{SchemaProps: spec.SchemaProps{Ref: spec.MustCreateRef("#/" + name)}}
}

func anything() spec.Schema {
	s := spec.Schema{}
	s.AddExtension(preserveUnknown, true)
	return s
}

func ciliumSchema(t *testing.T, name string) *spec.Schema {
	t.Helper()
	return serverSchema(t, client.GetPregeneratedCRD(slog.New(slog.DiscardHandler), name))
}

// clusterNetworkPolicyCRD is the CRD of the experimental channel, read from the
// module that Cilium takes its types from.
func clusterNetworkPolicyCRD(t testing.TB) apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	dir := moduleDir(t, "sigs.k8s.io/network-policy-api")
	content, err := os.ReadFile(filepath.Join(dir, "config", "crd", "experimental", "policy.networking.k8s.io_clusternetworkpolicies.yaml"))
	require.NoError(t, err)
	var definition apiextensionsv1.CustomResourceDefinition
	require.NoError(t, yaml.Unmarshal(content, &definition))
	return definition
}

// internalSchema is a CRD's schema as an API server holds it.
func internalSchema(t testing.TB, definition apiextensionsv1.CustomResourceDefinition) *apiextensions.JSONSchemaProps {
	t.Helper()
	// Through JSON, for the defaults that decoding sets.
	asJSON, err := json.Marshal(definition.Spec.Versions[0].Schema)
	require.NoError(t, err)
	var v1 apiextensionsv1.CustomResourceValidation
	require.NoError(t, json.Unmarshal(asJSON, &v1))
	var internal apiextensions.CustomResourceValidation
	require.NoError(t, apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(&v1, &internal, nil))
	return internal.OpenAPIV3Schema
}

// serverSchema gives the schema of a CRD in the form that an API server
// validates with, along the path of Cilium's validator.NewNPValidator, and less
// what decides nothing.
func serverSchema(t *testing.T, definition apiextensionsv1.CustomResourceDefinition) *spec.Schema {
	t.Helper()
	_, schema, err := validation.NewSchemaValidator(internalSchema(t, definition))
	require.NoError(t, err)
	eachSchema(schema, func(s *spec.Schema) {
		s.Description = ""
		for extension, value := range s.Extensions {
			if decidesNothing(extension, value) {
				delete(s.Extensions, extension)
			}
		}
		if len(s.Extensions) == 0 {
			s.Extensions = nil
		}
	})
	return schema
}

// decidesNothing is true for extensions that an API server does not act upon
// when it creates an object, or that say twice what the schema says anyway.
func decidesNothing(extension string, value any) bool {
	switch extension {
	case "x-kubernetes-map-type", "x-kubernetes-list-map-keys", "x-kubernetes-int-or-string":
		return true
	}
	return extension == listType && value == "atomic"
}

// goSchema gives the schema of a Go type of the Kubernetes API.
func goSchema(of reflect.Type) spec.Schema {
	if of == reflect.TypeFor[metav1.Time]() {
		return spec.Schema{SchemaProps: spec.SchemaProps{Type: spec.StringOrArray{"string"}}}
	}
	if of == reflect.TypeFor[metav1.FieldsV1]() {
		return anything()
	}
	names := map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "boolean", reflect.Int64: "integer",
		reflect.Slice: "array", reflect.Map: "object", reflect.Struct: "object",
	}
	s := spec.Schema{}
	switch of.Kind() {
	case reflect.Pointer:
		return goSchema(of.Elem())
	case reflect.Slice:
		inner := goSchema(of.Elem())
		s.Items = &spec.SchemaOrArray{Schema: &inner}
	case reflect.Map:
		inner := goSchema(of.Elem())
		s.AdditionalProperties = &spec.SchemaOrBool{Allows: true, Schema: &inner}
	case reflect.Struct:
		s.Properties = map[string]spec.Schema{}
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			s.Properties[name] = goSchema(of.Field(i).Type)
		}
	}
	s.Type = spec.StringOrArray{names[of.Kind()]}
	return s
}

// encodeSchemas writes the schemas indented, so that a change can be reviewed.
func encodeSchemas(t *testing.T, schemas map[string]*spec.Schema) []byte {
	t.Helper()
	asJSON, err := json.Marshal(schemas)
	require.NoError(t, err)
	var sorted map[string]any
	require.NoError(t, json.Unmarshal(asJSON, &sorted))
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	require.NoError(t, encoder.Encode(sorted))
	return out.Bytes()
}

// eachSchema calls do for s and all schemas in it.
func eachSchema(s *spec.Schema, do func(*spec.Schema)) {
	if s == nil {
		return
	}
	do(s)
	for name, property := range s.Properties {
		eachSchema(&property, do)
		s.Properties[name] = property
	}
	if s.Items != nil {
		eachSchema(s.Items.Schema, do)
	}
	if s.AdditionalProperties != nil {
		eachSchema(s.AdditionalProperties.Schema, do)
	}
}
