// Package scenarios_test runs the scenarios beside it. Each *.txtar file is
// three things at once: its comments explain one fact about reachability, its
// files are an example to copy from, and its commands are a test of the netsim
// program as users run it.
//
// A scenario finds the example cluster's folder in $EXAMPLE, the repository that
// deploys it in $GITOPS, and in $CILIUM the sources of the Cilium that netsim is
// built with, for the policies that Cilium itself gives as examples. Where it says
// `cmp stdout FILE`, `go test ./scenarios -update` rewrites FILE.
package scenarios_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

const (
	program = "../cmd/netsim"
	example = "../examples/kind-argocd"
	gitops  = "../examples/gitops"
)

// TestMain builds the program once and puts it on the PATH, which testscript
// hands on to each scenario.
func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite the files that scenarios compare stdout with")
	flag.Parse()
	os.Exit(runWithNetsim(m))
}

func runWithNetsim(m *testing.M) int {
	dir, err := os.MkdirTemp("", "netsim-scenarios-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// A directory as -o lets go name the program as the system wants it.
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), program)
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "building %s: %v\n", program, err)
		return 1
	}
	if err := os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func TestScenarios(t *testing.T) {
	dependOnProgram(t)
	exampleDir, err := filepath.Abs(filepath.FromSlash(example))
	require.NoError(t, err)
	require.DirExists(t, exampleDir)
	gitopsDir, err := filepath.Abs(filepath.FromSlash(gitops))
	require.NoError(t, err)
	ciliumDir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/cilium").Output()
	require.NoError(t, err)

	testscript.Run(t, testscript.Params{
		Dir:           ".",
		UpdateScripts: flag.Lookup("update").Value.String() == "true",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLE", exampleDir)
			env.Setenv("GITOPS", gitopsDir)
			env.Setenv("CILIUM", strings.TrimSpace(string(ciliumDir)))
			return nil
		},
	})
}

// dependOnProgram makes a changed program run the scenarios again. go test
// repeats a remembered result until a file that the test opened has changed,
// and knows nothing of what a program built on the side was made from.
func dependOnProgram(t *testing.T) {
	t.Helper()
	const ours = `{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}`
	list, err := exec.Command("go", "list", "-deps", "-f", ours, program).Output()
	require.NoError(t, err)
	dirs := strings.Fields(string(list))
	require.NotEmpty(t, dirs)
	for _, dir := range append(dirs, filepath.FromSlash("../go.mod"), filepath.FromSlash("../go.sum")) {
		f, err := os.Open(dir)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	for _, dir := range []string{example, gitops} {
		require.NoError(t, filepath.WalkDir(filepath.FromSlash(dir), func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			_, err = os.Stat(path)
			return err
		}))
	}
}
