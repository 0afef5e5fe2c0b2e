package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// padding makes a List big.
var padding = strings.Repeat("x", 4096)

// bigYAML is a List as kubectl writes it; item writes each of so many.
func bigYAML(kind string, count int, item func(i int) string) string {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nitems:\n")
	for i := range count {
		b.WriteString(item(i))
	}
	return b.String() + "kind: " + kind + "\nmetadata:\n  resourceVersion: \"\"\n"
}

func yamlPod(i int) string {
	return fmt.Sprintf("- apiVersion: v1\n  kind: Pod\n  metadata:\n    annotations:\n      text: |\n        - no item\n\n        %s\n    name: p-%d\n    namespace: shop\n  spec:\n    containers:\n    - image: x\n      name: c\n", padding, i)
}

func TestABigListIsReadItemByItem(t *testing.T) {
	const count = 2500
	bare := func(i int) string {
		return fmt.Sprintf("- metadata: {name: p-%d, namespace: shop, annotations: {text: %s}}\n  spec: {containers: [{name: c, image: x}]}\n", i, padding)
	}
	json := func(separator string) string {
		var items []string
		for i := range count {
			items = append(items, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p-%d","namespace":"shop","annotations":{"text":"%s"}},"spec":{"containers":[{"name":"c","image":"x"}]}}`, i, padding))
		}
		return `{"apiVersion":"v1","items":[` + separator + strings.Join(items, ","+separator) + `],"kind":"List","metadata":{}}` + "\n"
	}
	for _, row := range []struct {
		name, text string
		// line is where the last item stands.
		line int
	}{
		{"YAML of kubectl", bigYAML("List", count, yamlPod), 3 + (count-1)*14},
		{"items that leave their kind to the List", bigYAML("PodList", count, bare), 3 + (count-1)*2},
		{"indented dashes", "kind: List\napiVersion: v1\nitems:\n" + indented(count), 4 + (count-1)*14},
		{"JSON", json("\n"), 1 + count},
		{"JSON on one line", json(""), 1},
		{"behind another document", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" + bigYAML("List", count, yamlPod), 7 + (count-1)*14},
	} {
		t.Run(row.name, func(t *testing.T) {
			require.Greater(t, len(row.text), bigList)
			for _, file := range []File{{Name: "dump", Data: []byte(row.text)}, onDiskFile(t, row.text)} {
				c, issues := Load([]File{file})
				for _, issue := range issues {
					assert.Equal(t, model.Info, issue.Severity, issue.String())
				}
				require.Len(t, c.Pods, count)
				last := 0
				for _, p := range c.Pods {
					last = max(last, p.Origin.Line)
				}
				assert.Equal(t, row.line, last)
			}
		})
	}
}

func indented(count int) string {
	var b strings.Builder
	for i := range count {
		b.WriteString("  " + strings.ReplaceAll(strings.TrimSuffix(yamlPod(i), "\n"), "\n", "\n  ") + "\n")
	}
	return b.String()
}

func TestABrokenItemOfABigListCostsItself(t *testing.T) {
	text := bigYAML("List", 2500, func(i int) string {
		if i == 7 {
			return "- apiVersion: v1\n  kind: [Pod\n  metadata: {name: broken}\n"
		}
		return yamlPod(i)
	})
	c, issues := Load([]File{{Name: "dump", Data: []byte(text)}})
	assert.Len(t, c.Pods, 2499)
	grave := 0
	for _, issue := range issues {
		if issue.Severity == model.Error {
			grave++
			assert.Contains(t, issue.Message, "the document cannot be parsed")
		}
	}
	assert.Equal(t, 1, grave)
}

func TestABigDocumentThatIsNoListIsRefused(t *testing.T) {
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\ndata: {a: \"" + strings.Repeat("x", MaxFileSize) + "\"}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
	c, issues := Load([]File{{Name: "dump", Data: []byte(text)}})
	assert.Contains(t, issues[0].Message, "the document is larger than 64 MiB")
	assert.Len(t, c.Namespaces, 1)
}
