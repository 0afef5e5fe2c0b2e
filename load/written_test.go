package load_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
)

func TestWrittenTextSaysWhereEachLineComesFrom(t *testing.T) {
	object := map[string]any{"a": map[string]any{"b": []any{int64(1), map[string]any{"c": "\n---\n"}, []any{}}}, "d": nil, "e": map[string]any{}}
	at := map[string]int{"": 1, "a": 10, "a.b": 20, "a.b[0]": 30, "a.b[1]": 40, "a.b[1].c": 50, "a.b[2]": 60, "d": 70, "e": 80}
	text, lines := load.Written(object, func(path string) int { return at[path] })
	want := map[string]int{"{": 1, `"a": {`: 10, `"b": [`: 20, "1": 30, ",{": 40, `"c": "\n---\n"`: 50, ",[]": 60, `,"d": null`: 70, `,"e": {}`: 80}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if number, there := want[strings.TrimSpace(line)]; there {
			assert.Equal(t, number, lines[i], line)
			delete(want, strings.TrimSpace(line))
		}
	}
	assert.Empty(t, want)
	var back map[string]any
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, "\n---\n", back["a"].(map[string]any)["b"].([]any)[1].(map[string]any)["c"])
}

// changer is a tool that labels every pod.
type changer struct{}

func (changer) Name() string { return "changer" }

func (changer) Read(r *load.Run) {
	for _, o := range r.Objects() {
		var value map[string]any
		_ = json.Unmarshal(o.JSON, &value)
		value["metadata"].(map[string]any)["labels"] = map[string]any{"changed": "yes"}
		r.Add(load.Output{Files: []load.File{load.Over(o, value, "changer")}})
	}
}

func TestASourceChangesWhatOthersLoaded(t *testing.T) {
	write(t, map[string]string{"r/pods.yaml": "kind: List\napiVersion: v1\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(pod), "\n", "\n  ")})
	cluster, issues, err := load.Read([]string{"r"}, nil, []load.Source{changer{}})
	require.NoError(t, err)
	require.Len(t, cluster.Pods, 1)
	assert.Equal(t, "r/pods.yaml:4 via changer", cluster.Pods[0].Origin.Position())
	assert.Equal(t, "yes", cluster.Pods[0].Labels["changed"])
	for _, issue := range issues {
		assert.NotContains(t, issue.Message, "twice")
	}
}
