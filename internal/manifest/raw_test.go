package manifest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRoutesKeepTheLineOfEachField(t *testing.T) {
	c := loadClean(t, "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a, namespace: dev}\nspec:\n  rules:\n    - backendRefs:\n        - name: b\n")
	require.Len(t, c.Others, 1)
	assert.Equal(t, 7, c.Others[0].Line("spec.rules[0].backendRefs[0]"))
}

func TestRoutingKindsAreCheckedLikeOthers(t *testing.T) {
	for _, row := range []struct{ name, document, issue string }{
		{"a removed version of Ingress", "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a, namespace: dev}\n", "extensions/v1beta1 has no such kind: an API server refuses it"},
		{"a version that no CRD serves", "apiVersion: gateway.networking.k8s.io/v2\nkind: Gateway\nmetadata: {name: a, namespace: dev}\n", "gateway.networking.k8s.io/v2 has no such kind: an API server refuses it"},
		{"a misspelt kind", "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRouter\nmetadata: {name: a, namespace: dev}\n", "HTTPRouter is not a kind that netsim or Cilium knows: an API server refuses it"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, issues := load(row.document)
			assert.Empty(t, c.Others)
			require.NotEmpty(t, issues)
			assert.Contains(t, issues[0].Message, row.issue)
		})
	}
}

func TestGatewaysOfOthersAreTheirs(t *testing.T) {
	c := loadClean(t, "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a, namespace: dev}\n---\napiVersion: gateway.networking.k8s.io/v1alpha2\nkind: UDPRoute\nmetadata: {name: a, namespace: dev}\n")
	assert.Len(t, c.Others, 2)
}
