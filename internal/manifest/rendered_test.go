package manifest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const renderedPolicy = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: a}
spec:
  endpointSelector: {}
  ingress:
    - fromEndpoints: [{}]
`

func TestARenderedObjectIsWhereItWasWritten(t *testing.T) {
	file := File{Name: "base.yaml", Data: []byte(renderedPolicy), Rendered: &Rendered{Via: "dev", Namespace: "ns", Lines: []int{10, 10, 11, 12, 13, 20, 21}}}
	c, issues := Load([]File{file})
	require.Len(t, c.Policies, 1)
	policy := c.Policies[0]
	assert.Equal(t, "CiliumNetworkPolicy ns/a base.yaml:10 via dev", policy.Origin.ID()+" "+policy.Origin.Position())
	assert.Equal(t, 20, policy.Line("spec.ingress"))
	assert.Equal(t, 21, policy.Line("spec.ingress[0]"))
	for _, issue := range issues {
		assert.NotContains(t, issue.Message, "no namespace is given")
	}
}

func TestIssuesOfRenderedTextAreWhereItWasWritten(t *testing.T) {
	for _, row := range []struct {
		claim, text string
		lines       []int
		want        int
	}{
		{"a syntax error", "a: 1\nb: [\n", []int{7, 8}, 8},
		{"a wrong field", "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: a}\nspec:\n  ports: x\n", []int{5, 5, 5, 6, 30}, 30},
		{"text longer than its lines", "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: a}\nspec:\n  ports: x\n", []int{3, 4}, 4},
		{"lines that are the file's own", "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: a}\nspec:\n  ports: x\n", nil, 5},
	} {
		t.Run(row.claim, func(t *testing.T) {
			_, issues := Load([]File{{Name: "a.yaml", Data: []byte(row.text), Rendered: &Rendered{Via: "x", Lines: row.lines}}})
			require.NotEmpty(t, issues)
			assert.Equal(t, row.want, issues[0].Line, issues)
		})
	}
}

func TestPoliciesOfKyvernoKeepTheirLines(t *testing.T) {
	for _, row := range []struct{ kind, id string }{{"ClusterPolicy", "ClusterPolicy a"}, {"Policy", "Policy ns/a"}} {
		text := "apiVersion: kyverno.io/v1\nkind: " + row.kind + "\nmetadata: {name: a}\nspec:\n  rules:\n    - name: r\n"
		c, _ := Load([]File{{Name: "a.yaml", Data: []byte(text), Rendered: &Rendered{Namespace: "ns"}}})
		require.Len(t, c.Others, 1)
		assert.Equal(t, row.id, c.Others[0].Origin.ID())
		assert.Equal(t, 6, c.Others[0].Line("spec.rules[0].name"))
	}
}

func TestObjectsAreThoseThatLoadTakes(t *testing.T) {
	text := "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c}]}}\n- {apiVersion: v1, kind: Pod, metadata: {name: A}}\n---\n{apiVersion: x.io/v1, kind: X, metadata: {name: x}}\n---\na: [\n"
	var got []string
	for _, o := range Objects([]File{{Name: "a.yaml", Data: []byte(text)}}) {
		got = append(got, o.Origin.ID()+" "+o.Origin.Position())
	}
	assert.Equal(t, []string{"Pod default/a a.yaml:4", "X x a.yaml:7"}, got)
}

func TestAnObjectOverAnother(t *testing.T) {
	other := strings.Replace(renderedPolicy, "{}]", "{matchLabels: {a: b}}]", 1)
	c, issues := Load([]File{{Name: "a.yaml", Data: []byte(renderedPolicy)}, {Name: "a.yaml", Data: []byte(other), Replaces: true, Rendered: &Rendered{Via: "x"}}})
	require.Len(t, c.Policies, 1)
	assert.Equal(t, "a.yaml:1 via x", c.Policies[0].Origin.Position())
	for _, issue := range issues {
		assert.NotContains(t, issue.Message, "twice")
	}
}

func TestCheckAliases(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x]\n")
	for i := range 30 {
		name, below := string(rune('b'+i%20))+strings.Repeat("z", i), "a0"
		if i > 0 {
			below = string(rune('b'+(i-1)%20)) + strings.Repeat("z", i-1)
		}
		bomb.WriteString(name + ": &" + name + " [*" + below + ", *" + below + "]\n")
	}
	require.ErrorContains(t, CheckAliases([]byte(bomb.String())), "its aliases expand to more than 10 MB")
	for _, text := range []string{"", "a: &x 1\nb: *x\n", "a: [*", "{{ * }}"} {
		assert.NoError(t, CheckAliases([]byte(text)), text)
	}
}
