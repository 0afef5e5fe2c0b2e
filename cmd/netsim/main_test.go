package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"netsim": main})
}

// TestScripts runs the shell sessions in testdata.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"code": cmdCode},
	})
}

// cmdCode runs a command that must end with an exit code: code 3 netsim ...
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := &exec.ExitError{}
		if !errors.As(err, &exit) {
			ts.Check(err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func TestBrokenPipeIsQuiet(t *testing.T) {
	for _, err := range []error{syscall.EPIPE, io.ErrClosedPipe} {
		var stderr strings.Builder
		code := run([]string{"version"}, strings.NewReader(""), brokenPipe{err}, &stderr)
		assert.Zero(t, code)
		assert.Empty(t, stderr.String())
	}
}

func TestOtherWriteErrorsAreTold(t *testing.T) {
	var stderr strings.Builder
	code := run([]string{"version"}, strings.NewReader(""), brokenPipe{errors.New("disk full")}, &stderr)
	assert.Equal(t, exitUnusable, code)
	assert.Equal(t, "netsim: disk full\n", stderr.String())
}

type brokenPipe struct{ err error }

func (b brokenPipe) Write([]byte) (int, error) { return 0, b.err }

// TestBatchTakesLongLines: a line may be longer than any buffer.
func TestBatchTakesLongLines(t *testing.T) {
	file := t.TempDir() + "/pods.yaml"
	require.NoError(t, os.WriteFile(file, []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: dev}\n"), 0o644))
	id := strings.Repeat("x", 1<<20)
	var stdout, stderr strings.Builder
	code := run([]string{"query", "-f", file, "--batch", "-"}, strings.NewReader(`{"id":"`+id+`"}`), &stdout, &stderr)
	assert.Equal(t, exitUnusable, code)
	assert.Contains(t, stdout.String(), id)
	assert.Contains(t, stdout.String(), `"from\" and \"to\" are both needed`)
	assert.Empty(t, stderr.String())
}
