package manifest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

func TestAPatchThatNoKustomizationAppliesChangesNothing(t *testing.T) {
	const (
		whole = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: dev}\nspec: {selector: {app: web}, ports: [{name: web, port: 80}]}\n"
		patch = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: dev}\nspec: {type: NodePort, ports: [{name: web, port: 80, nodePort: 30075}]}\n"
	)
	file := func(name, text string) File { return File{Name: name, Data: []byte(text)} }
	for _, row := range []struct {
		claim string
		files []File
		types []string
		warns string
	}{
		{"after the Service", []File{file("a.yaml", whole), file("b.yaml", patch)}, []string{model.ClusterIPService}, "it has no selector and a.yaml:1 has one"},
		{"before it", []File{file("a.yaml", patch), file("b.yaml", whole)}, []string{model.ClusterIPService}, "it has no selector and b.yaml:1 has one"},
		{"alone, in a file that says what it is", []File{file("dev/s-patch.yaml", patch)}, nil, "by the file's name"},
		{"among patches", []File{file("patches.yaml", patch)}, nil, "by the file's name"},
		{"alone, in a file that does not", []File{file("dispatch.yaml", patch)}, []string{model.NodePortService}, ""},
		{"a whole Service in such a file", []File{file("patch.yaml", whole)}, []string{model.ClusterIPService}, ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c, issues := Load(row.files)
			var types []string
			for _, s := range c.Services {
				types = append(types, s.Type)
			}
			assert.Equal(t, row.types, types)
			if row.warns == "" {
				assert.Empty(t, grave(issues))
				return
			}
			require.Len(t, grave(issues), 1)
			assert.Contains(t, grave(issues)[0], row.warns)
		})
	}
}
