package render_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
)

func TestEncode(t *testing.T) {
	value := map[string]any{"verdict": model.Mixed, "why": "a < b & c", "by": []string{}}
	for _, row := range []struct {
		name   string
		encode func(*strings.Builder) error
		want   string
	}{
		{"JSON is indented and leaves < as it is", func(w *strings.Builder) error { return render.JSON(w, value) },
			"{\n  \"by\": [],\n  \"verdict\": \"mixed\",\n  \"why\": \"a < b & c\"\n}\n"},
		{"a JSON line is one line", func(w *strings.Builder) error { return render.JSONLine(w, value) },
			"{\"by\":[],\"verdict\":\"mixed\",\"why\":\"a < b & c\"}\n"},
		{"YAML says the same", func(w *strings.Builder) error { return render.YAML(w, value) },
			"by: []\nverdict: mixed\nwhy: a < b & c\n"},
	} {
		var text strings.Builder
		require.NoError(t, row.encode(&text), row.name)
		assert.Equal(t, row.want, text.String(), row.name)
	}
}

func TestParseFormat(t *testing.T) {
	for _, name := range []string{"text", "json", "yaml"} {
		format, err := render.ParseFormat(name)
		require.NoError(t, err)
		assert.Equal(t, render.Format(name), format)
	}
	_, err := render.ParseFormat("xml")
	require.ErrorContains(t, err, "text, json or yaml")
}

func TestIssuesAreWrittenInFull(t *testing.T) {
	var text strings.Builder
	issues := []model.Issue{
		{Severity: model.Error, File: "a.yaml", Line: 3, Message: "port is \"x\"", Remedy: "write a number"},
		{Severity: model.Info, Message: "namespace dev is in no file"},
	}
	require.NoError(t, render.Issues(&text, issues, render.TextOptions{}))
	assert.Equal(t, "error      a.yaml:3: port is \"x\"\n           fix: write a number\ninfo       namespace dev is in no file\n", text.String())
}
