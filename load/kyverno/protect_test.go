package kyverno_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load/kyverno"
	"github.com/netsim-dev/netsim/model"
)

const protects = `match: {any: [{resources: {kinds: [NetworkPolicy], names: [default-deny], operations: [DELETE], namespaceSelector: {matchLabels: {isolate: "yes"}}}}]}, validate: {failureAction: Enforce, message: keep it, deny: {}}`

func TestProtections(t *testing.T) {
	cluster, _ := read(t, policyOf(protects))
	list := kyverno.Protections(cluster.Others)
	require.Len(t, list, 1)
	p := list[0]
	assert.Equal(t, "kyverno.yaml:1", p.Policy.Position())
	assert.Equal(t, []string{"r", "keep it"}, []string{p.Rule, p.Message})
	assert.Equal(t, []string{"NetworkPolicy"}, p.Kinds)
	assert.Equal(t, []string{"DELETE"}, p.Operations)

	held := func(name, namespace string) *model.Object {
		return &model.Object{APIVersion: "networking.k8s.io/v1", JSON: []byte(`{}`), Origin: model.Origin{Kind: "NetworkPolicy", Name: name, Namespace: namespace}}
	}
	isolated := model.Labels{"isolate": "yes"}
	for _, row := range []struct {
		claim     string
		operation string
		object    *model.Object
		labels    model.Labels
		refused   bool
	}{
		{"to delete what it protects", "DELETE", held("default-deny", "dev"), isolated, true},
		{"to change it is another operation", "UPDATE", held("default-deny", "dev"), isolated, false},
		{"another object", "DELETE", held("other", "dev"), isolated, false},
		{"a namespace without the label", "DELETE", held("default-deny", "dev"), nil, false},
		{"a namespace that Kyverno never looks at", "DELETE", held("default-deny", "kube-system"), isolated, false},
	} {
		refused, unless := p.Refuses(row.operation, row.object, row.labels)
		assert.Equal(t, row.refused, refused, row.claim)
		assert.Empty(t, unless)
	}
}

func TestWhatProtectsAndWhatDoesNot(t *testing.T) {
	for _, row := range []struct{ claim, rule, want string }{
		{"who only reports refuses nothing", `match: {any: [{resources: {kinds: [NetworkPolicy]}}]}, validate: {failureAction: Audit, deny: {}}`, "none"},
		{"a pattern is no protection", `match: {any: [{resources: {kinds: [NetworkPolicy]}}]}, validate: {failureAction: Enforce, pattern: {}}`, "none"},
		{"nor is a rule about other kinds", `match: {any: [{resources: {kinds: [Pod]}}]}, validate: {failureAction: Enforce, deny: {}}`, "none"},
		{"a condition on the operation", `match: {any: [{resources: {kinds: [NetworkPolicy]}}]}, validate: {failureAction: Enforce, deny: {conditions: {any: [{key: "{{request.operation}}", operator: Equals, value: DELETE}]}}}`, "refused"},
		{"a condition that does not hold", `match: {any: [{resources: {kinds: [NetworkPolicy]}}]}, validate: {failureAction: Enforce, deny: {conditions: {any: [{key: "{{request.operation}}", operator: Equals, value: UPDATE}]}}}`, "allowed"},
		{"a label of what is there before", `match: {any: [{resources: {kinds: [NetworkPolicy]}}]}, validate: {failureAction: Enforce, deny: {conditions: {all: [{key: "{{request.oldObject.metadata.labels.keep}}", operator: Equals, value: "true"}]}}}`, "refused"},
		{"someone may", `match: {any: [{resources: {kinds: [NetworkPolicy]}}]}, exclude: {any: [{clusterRoles: [cluster-admin]}]}, validate: {failureAction: Enforce, deny: {}}`, "refused unless it hangs on who asks (subjects, roles or clusterRoles)"},
		{"some namespaces only", `match: {any: [{resources: {kinds: [NetworkPolicy]}}]}, validate: {failureActionOverrides: [{action: Enforce, namespaces: [dev]}], deny: {}}`, "refused unless it is enforced in some namespaces only"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, _ := read(t, policyOf(row.rule))
			got := "none"
			for _, p := range kyverno.Protections(cluster.Others) {
				o := &model.Object{APIVersion: "networking.k8s.io/v1", JSON: []byte(`{"metadata":{"name":"a","namespace":"dev","labels":{"keep":"true"}}}`), Origin: model.Origin{Kind: "NetworkPolicy", Name: "a", Namespace: "dev"}}
				refused, unless := p.Refuses("DELETE", o, nil)
				got = map[bool]string{true: "refused", false: "allowed"}[refused]
				if unless != "" {
					got += " unless " + unless
				}
			}
			assert.Equal(t, row.want, got)
		})
	}
}
