package crd

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func TestWhatIsWrongWithAClusterNetworkPolicyIsSaidWhereAndHow(t *testing.T) {
	const subject = `subject: {namespaces: {}}`
	ingress := func(rule string) string {
		return `{tier: Admin, priority: 1, ` + subject + `, ingress: [{action: Deny, ` + rule + `}]}`
	}
	egress := func(rule string) string {
		return `{tier: Baseline, priority: 1, ` + subject + `, egress: [{action: Accept, ` + rule + `}]}`
	}
	tests := []struct {
		name, spec string
		want       []string
	}{
		{"a valid one", ingress(`from: [{namespaces: {}}]`), nil},
		{"a tier that does not exist", `{tier: Normal, priority: 1, ` + subject + `}`,
			[]string{`spec.tier: "Normal" is not one of Admin, Baseline`}},
		{"an action as other policies name it", `{tier: Admin, priority: 1, ` + subject + `, ingress: [{action: Allow, from: [{namespaces: {}}]}]}`,
			[]string{`spec.ingress[0].action: "Allow" is not one of Accept, Deny, Pass`}},
		{"no subject", `{tier: Admin, priority: 1}`, []string{`spec.subject: is required`}},
		{"an empty subject", `{tier: Admin, priority: 1, subject: {}}`,
			[]string{`spec.subject: needs one of namespaces, pods; it has none`}},
		{"two subjects", `{tier: Admin, priority: 1, subject: {namespaces: {}, pods: {namespaceSelector: {}, podSelector: {}}}}`,
			[]string{`spec.subject: takes only one of namespaces, pods; split it into several`}},
		{"no priority", `{tier: Admin, ` + subject + `}`, []string{`spec.priority: is required`}},
		{"a priority out of range", `{tier: Admin, priority: 1001, ` + subject + `}`, []string{`spec.priority: 1001 is more than 1000`}},
		{"no peers at all", ingress(`from: []`), []string{`spec.ingress[0].from: has too few entries; it needs 1 or more`}},
		{"a peer that only egress has", ingress(`from: [{networks: [10.0.0.0/8]}]`), []string{
			`spec.ingress[0].from[0].networks: unknown field "networks": an API server drops it`,
			`spec.ingress[0].from[0]: needs one of namespaces, pods; it has none`}},
		{"a host for a network", egress(`to: [{networks: [10.0.0.1]}]`),
			[]string{`spec.egress[0].to[0].networks[0]: "10.0.0.1" is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32`}},
		{"a range that goes down", ingress(`from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 90, end: 80}}}}]`),
			[]string{`spec.ingress[0].protocols[0].tcp.destinationPort.range: start must be less than end; a single port is a number`}},
		{"ports as in other policies", ingress(`from: [{namespaces: {}}], ports: [{portNumber: {port: 80, protocol: TCP}}]`),
			[]string{`spec.ingress[0].ports: unknown field "ports": an API server drops it`}},
		{"a named port of something without names", egress(`to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: web}]`),
			[]string{`spec.egress[0]: destinationNamedPort stands beside networks, nodes or domainNames, which have no named ports; write the number`}},
		{"a name with a star inside", egress(`to: [{domainNames: [a.*.com]}]`),
			[]string{`spec.egress[0].to[0].domainNames[0]: "a.*.com" is not a domain name of two or more labels, such as "example.com", or "*.example.com" for the names below it`}},
		{"a protocol with nothing in it", ingress(`from: [{namespaces: {}}], protocols: [{tcp: {}}]`),
			[]string{`spec.ingress[0].protocols[0].tcp: needs one of destinationPort; it has none`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.ElementsMatch(t, tt.want, inWords(New().Validate("ClusterNetworkPolicy", policy(t, tt.spec))))
		})
	}
}

// TestClusterNetworkPoliciesAreJudgedAsByAnAPIServer compares with the API
// server's own code, CEL and all, over specs that are spoilt in one place.
func TestClusterNetworkPoliciesAreJudgedAsByAnAPIServer(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "clusternetworkpolicy.yaml"))
	require.NoError(t, err)
	var rich map[string]any
	require.NoError(t, yaml.Unmarshal(content, &rich))
	spec := rich["spec"].(map[string]any)
	server, ours := newAPIServer(t), New()
	seen := map[string]int{}
	check := func(d document) {
		doc := map[string]any{"apiVersion": rich["apiVersion"], "kind": rich["kind"], "metadata": rich["metadata"], "spec": d.object}
		unknown, refused := 0, 0
		for _, p := range ours.Validate("ClusterNetworkPolicy", doc) {
			if p.Unknown {
				unknown++
			} else {
				refused++
			}
		}
		pruned, errs := server.create(doc)
		seen[outcome(refused == 0)]++
		assert.Equal(t, len(errs) == 0, refused == 0, "%s: API server %v", d.name, errs)
		if len(errs) == 0 {
			assert.Equal(t, pruned, unknown, "%s: unknown fields", d.name)
		}
	}
	check(document{"rich", spec})
	require.Equal(t, 1, seen[outcome(true)], "the document to spoil must be good")
	mutants([]document{{"rich", spec}}, 100, func(_ string, d document) { check(d) })
	for _, rule := range []string{
		`protocols: [{tcp: {destinationPort: {range: {start: 80, end: 80}}}}], to: [{namespaces: {}}]`,
		`protocols: [{tcp: {destinationPort: {range: {start: 80, end: 79}}}}], to: [{namespaces: {}}]`,
		`protocols: [{udp: {destinationPort: {range: {start: 80, end: 81}}}}], to: [{namespaces: {}}]`,
		`protocols: [{destinationNamedPort: web}], to: [{namespaces: {}}]`,
		`protocols: [{destinationNamedPort: web}], to: [{namespaces: {}}, {networks: [10.0.0.0/8]}]`,
		`protocols: [{destinationNamedPort: web}], to: [{nodes: {}}]`,
		`protocols: [{destinationNamedPort: web}], to: [{domainNames: [a.b]}]`,
		`to: [{networks: [10.1.2.3/8]}]`,
		`to: [{networks: [010.0.0.0/8]}]`,
		`to: [{networks: [10.0.0.0/08]}]`,
		`to: [{networks: ["::ffff:10.0.0.0/104"]}]`,
		`to: [{networks: ["fe80::1%eth0/64"]}]`,
		`to: [{networks: ["::/0"]}]`,
	} {
		var egress any
		require.NoError(t, yaml.Unmarshal([]byte(`{action: Accept, `+rule+`}`), &egress))
		one := runtime.DeepCopyJSON(spec)
		one["egress"] = []any{egress}
		check(document{rule, one})
	}
	assert.Positive(t, seen[outcome(true)])
	assert.Positive(t, seen[outcome(false)])
}

// apiServer creates objects of one CRD as an API server does.
type apiServer struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	cel        *cel.Validator
}

func newAPIServer(t *testing.T) apiServer {
	internal := internalSchema(t, clusterNetworkPolicyCRD(t))
	structural, err := structuralschema.NewStructural(internal)
	require.NoError(t, err)
	schema, _, err := validation.NewSchemaValidator(internal)
	require.NoError(t, err)
	return apiServer{structural, schema, cel.NewValidator(structural, true, math.MaxInt32)}
}

// create gives the number of fields that were dropped, and why the object is
// refused.
func (s apiServer) create(doc map[string]any) (pruned int, errs []error) {
	object := runtime.DeepCopyJSON(doc)
	delete(object, "status")
	opts := structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	pruned = len(pruning.PruneWithOptions(object, s.structural, true, opts))
	defaulting.PruneNonNullableNullsWithoutDefaults(object, s.structural)
	found := validation.ValidateCustomResource(nil, object, s.schema)
	found = append(found, listtype.ValidateListSetsAndMaps(nil, s.structural, object)...)
	celErrors, _ := s.cel.Validate(context.Background(), nil, s.structural, object, nil, math.MaxInt32)
	for _, e := range append(found, celErrors...) {
		errs = append(errs, e)
	}
	return pruned, errs
}
