package scenarios_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadmeCommands runs every command block of the README and of docs/ from
// the repository's root and compares its output with what stands below it.
// `go test ./scenarios -update` writes the true output there.
func TestReadmeCommands(t *testing.T) {
	dependOnProgram(t)
	for _, path := range append(docs(t), filepath.FromSlash("../README.md")) {
		t.Run(filepath.Base(path), func(t *testing.T) { runCommands(t, path) })
	}
}

// docs are the documents beside the README.
func docs(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.FromSlash("../docs/*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

// TestDocumentsInDocs loads every YAML block of docs/: what people copy from
// there has nothing wrong with it.
func TestDocumentsInDocs(t *testing.T) {
	dependOnProgram(t)
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for _, path := range docs(t) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, found := range block.FindAllStringSubmatch(string(text), -1) {
			command := exec.Command("netsim", "list", "--strict", "-f", "-")
			command.Stdin = strings.NewReader(found[1])
			output, err := command.CombinedOutput()
			require.NoError(t, err, "%s: %s\n%s", path, found[1], output)
		}
	}
}

func runCommands(t *testing.T, path string) {
	t.Helper()
	readme, err := os.ReadFile(path)
	require.NoError(t, err)

	var rewritten strings.Builder
	rest, blocks := string(readme), 0
	for {
		before, block, found := strings.Cut(rest, "```console\n")
		rewritten.WriteString(before)
		if !found {
			break
		}
		block, rest, found = strings.Cut(block, "```\n")
		require.True(t, found, "a console block without an end")
		rewritten.WriteString("```console\n" + ranBlock(t, block) + "```\n")
		blocks++
	}
	require.True(t, blocks > 0 || filepath.Base(path) != "README.md", "the README has no commands")
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile(path, []byte(rewritten.String()), 0o644))
		return
	}
	require.Equal(t, rewritten.String(), string(readme), "%s shows other output than netsim writes: go test ./scenarios -update", path)
}

// ranBlock is a block's command with the output that it has now.
func ranBlock(t *testing.T, block string) string {
	t.Helper()
	command, ok := strings.CutPrefix(block, "$ ")
	require.True(t, ok, "a console block starts with a command: %q", block)
	lines := strings.SplitAfter(command, "\n")
	n := 1
	for strings.HasSuffix(lines[n-1], "\\\n") {
		n++
	}
	text := strings.Join(lines[:n], "")
	return "$ " + text + output(t, strings.Fields(strings.ReplaceAll(text, "\\\n", " ")))
}

func output(t *testing.T, args []string) string {
	t.Helper()
	if args[0] == "make" {
		// Running the tests from a test would never end; that the target is
		// there is what can rot.
		require.NoError(t, exec.Command("make", "-n", "-C", "..", args[1]).Run())
		return ""
	}
	if args[0] == "go" {
		require.Equal(t, []string{"go", "run", "./cmd/netsim"}, args[:3])
		args = append([]string{"netsim"}, args[3:]...)
	}
	require.Equal(t, "netsim", args[0], "documents show commands of netsim")
	command := exec.Command(args[0], args[1:]...)
	command.Dir = ".."
	var both bytes.Buffer
	command.Stdout, command.Stderr = &both, &both
	var exit *exec.ExitError
	if err := command.Run(); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return both.String()
}
