package manifest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// policyItem has what kubectl shows of who set which field.
func policyItem(i int) string {
	return fmt.Sprintf("- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata:\n    name: n-%d\n    namespace: shop\n    managedFields:\n    - manager: %s\n  spec:\n    podSelector: {}\n", i, padding)
}

func TestOfManyDocumentsIsKeptWhatIsAsked(t *testing.T) {
	text := bigYAML("List", 2500, func(i int) string {
		if i%2 == 0 {
			return policyItem(i / 2)
		}
		return fmt.Sprintf("- apiVersion: v1\n  kind: Event\n  metadata: {name: e-%d, namespace: shop}\n  message: %s\n", i, padding)
	})
	require.Greater(t, len(text), bigList)
	l := newLoader()
	l.read([]File{{Name: "dump.yaml", Data: []byte(text)}})
	require.Len(t, l.objects.entries, 1250, "events are not kept")
	for _, e := range l.objects.entries {
		assert.Nil(t, e.doc.json, "a document that is read is forgotten")
		assert.Nil(t, e.doc.tree)
	}
	c := l.objects.assemble()
	require.Len(t, c.Policies, 1250)
	assert.NotContains(t, string(c.Policies[0].JSON), "managedFields")
	assert.Equal(t, 11, c.Policies[0].Line("spec.podSelector"), "lines of a policy stay right")
}

func TestADumpTwiceIsOne(t *testing.T) {
	text := bigYAML("List", 2500, yamlPod)
	_, issues := Load([]File{{Name: "a.yaml", Data: []byte(text)}, {Name: "b.yaml", Data: []byte(text)}})
	assert.NotContains(t, fmt.Sprint(issues), "there twice")
	other := "apiVersion: v1\nkind: Pod\nmetadata: {name: p-0, namespace: shop}\nspec: {containers: [{name: c, image: z}]}\n"
	_, issues = Load([]File{{Name: "a.yaml", Data: []byte(text)}, {Name: "b.yaml", Data: []byte(other)}})
	assert.Contains(t, fmt.Sprint(issues), "the object is there twice and differs: b.yaml:1 is taken, a.yaml:3 is not")
}

func TestObjectsOfManyDocumentsAreWhole(t *testing.T) {
	objects := Objects([]File{{Name: "dump.yaml", Data: []byte(bigYAML("List", 2500, yamlPod))}})
	require.Len(t, objects, 2500)
	assert.Contains(t, string(objects[0].JSON), `"name":"p-0"`)
}
