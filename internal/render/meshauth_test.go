package render_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/sim"
)

// TestMeshAuth renders each testdata/meshauth/NAME.json into NAME.txt beside
// it, and no line is wider than the page.
func TestMeshAuth(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "meshauth", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			var m sim.MeshAuth
			require.NoError(t, json.Unmarshal(data, &m))
			golden(t, strings.TrimSuffix(file, ".json")+".txt", meshAuthText(t, &m, render.TextOptions{}))
			for _, width := range []int{60, 80, 120} {
				for _, line := range strings.Split(meshAuthText(t, &m, render.TextOptions{Width: width}), "\n") {
					assert.LessOrEqual(t, utf8.RuneCountInString(line), width, "%q", line)
				}
			}
			assert.Contains(t, meshAuthText(t, &m, render.TextOptions{Color: true}), "\x1b[")
		})
	}
}

func meshAuthText(t *testing.T, m *sim.MeshAuth, opt render.TextOptions) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, render.MeshAuth(&text, m, opt))
	return text.String()
}

func TestMeshAuthPassesOnWriteErrors(t *testing.T) {
	assert.Error(t, render.MeshAuth(failing{}, &sim.MeshAuth{}, render.TextOptions{}))
}
