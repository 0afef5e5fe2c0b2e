package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onDiskFile is text that is read piece by piece.
func onDiskFile(t *testing.T, text string) File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dump")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return File{Name: "dump", Path: path, Size: int64(len(text))}
}

func TestAFileTooLargeToHoldIsReadPieceByPiece(t *testing.T) {
	t.Chdir(t.TempDir())
	namespace := func(name string) string {
		return "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + "}\n---\n"
	}
	text := "\xef\xbb\xbf" + namespace("first") + "# " + strings.Repeat("x", MaxFileSize) + "\n" + namespace("last")
	require.NoError(t, os.WriteFile("dump.yaml", []byte(text), 0o600))
	tree, issues, err := Read([]string{"dump.yaml"}, nil)
	require.NoError(t, err)
	assert.Empty(t, issues)
	require.Len(t, tree.Files, 1)
	assert.Nil(t, tree.Files[0].Data)
	c, issues := Load(tree.Files)
	require.Len(t, c.Namespaces, 1, fmt.Sprint(issues))
	assert.Equal(t, "dump.yaml:1", c.Namespaces[0].Origin.Position())
	assert.Equal(t, "the document cannot be parsed: "+errTooLarge.Error(), issues[0].Message)
	assert.Equal(t, 5, issues[0].Line)
}

func TestAFileThatShrinksMeanwhile(t *testing.T) {
	file := onDiskFile(t, bigYAML("List", 2500, yamlPod))
	parts, err := split(file)
	require.NoError(t, err)
	require.Len(t, parts, 2500)
	require.NoError(t, os.Truncate(file.Path, file.Size/2))
	got := parts[2499].parse()
	require.NotNil(t, got.err)
	assert.Equal(t, "EOF", got.err.message)
	assert.Nil(t, parts[0].parse().err)
	require.NoError(t, os.Remove(file.Path))
	_, issues := Load([]File{file})
	assert.Contains(t, issues[0].Message, "the file cannot be read to its end, and what could be is loaded: ")
}

func TestMentions(t *testing.T) {
	text := strings.Repeat("x", 1<<20-3) + "kyverno.io/v" + strings.Repeat("y", 1<<20)
	for _, file := range []File{{Data: []byte(text)}, onDiskFile(t, text)} {
		assert.True(t, file.Mentions("nothing", "kyverno.io/v"), "across two windows")
		assert.False(t, file.Mentions("nothing"))
	}
}
