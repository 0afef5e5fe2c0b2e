package manifest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// write writes files into a fresh directory and makes it the current one.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
}

func names(files []File) []string {
	list := []string{}
	for _, f := range files {
		list = append(list, f.Name)
	}
	return list
}

func TestReadTakesWhatKubectlTakes(t *testing.T) {
	write(t, map[string]string{
		"m/b.yaml": "b", "m/a.yml": "a", "m/sub/c.json": "c", "m/README.md": "no", "m/d.YAML": "d", "odd.txt": "odd",
	})
	tree, issues, err := Read([]string{"m", "-", "odd.txt", "./m/sub/"}, strings.NewReader("in"))
	require.NoError(t, err)
	assert.Empty(t, issues)
	assert.Equal(t, []string{"m/a.yml", "m/b.yaml", "m/d.YAML", "m/sub/c.json", "<stdin>", "odd.txt", "m/sub/c.json"}, names(tree.Files))
	assert.Equal(t, "in", string(tree.Files[4].Data))
}

func TestReadNamesAPathThatIsNotThere(t *testing.T) {
	write(t, nil)
	_, _, err := Read([]string{"nowhere.yaml"}, nil)
	require.ErrorContains(t, err, "cannot read nowhere.yaml: ")
	assert.Equal(t, 1, strings.Count(err.Error(), "nowhere.yaml"))
}

func TestReadEndsInALoopOfSymlinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege there")
	}
	write(t, map[string]string{"m/a.yaml": "a", "m/sub/b.yaml": "b"})
	require.NoError(t, os.Symlink("..", "m/sub/up"))
	require.NoError(t, os.Symlink("sub", "m/twin"))
	require.NoError(t, os.Symlink("nowhere.yaml", "m/broken.yaml"))
	tree, issues, err := Read([]string{"m"}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"m/a.yaml", "m/sub/b.yaml"}, names(tree.Files))
	require.Len(t, issues, 1)
	assert.Contains(t, issues[0].String(), "m/broken.yaml:1: error: cannot read m/broken.yaml: ")
}

func TestReadRefusesAFileThatIsTooLarge(t *testing.T) {
	write(t, map[string]string{"m/a.yaml": "a"})
	huge, err := os.Create("m/huge.yaml")
	require.NoError(t, err)
	require.NoError(t, huge.Truncate(MaxDumpSize+1))
	require.NoError(t, huge.Close())
	tree, issues, err := Read([]string{"m"}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"m/a.yaml"}, names(tree.Files))
	require.Len(t, issues, 1)
	assert.Contains(t, issues[0].String(), "m/huge.yaml:1: error: the file is larger than 1024 MiB")
}
