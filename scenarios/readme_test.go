package scenarios_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExampleReadmes asks the questions of the examples' READMEs, which write each
// as a comment that ends with the verdict and a command below it.
func TestExampleReadmes(t *testing.T) {
	dependOnProgram(t)
	for _, dir := range []string{example, gitops} {
		for _, q := range questionsOf(t, dir) {
			t.Run(q.text, func(t *testing.T) { assert.Equal(t, q.verdict, verdictOf(q.args)) })
		}
	}
}

// TestGitopsAnswersAsKindArgocdDoes holds the repository that Terraform, Argo CD
// and Kyverno deploy against the same cluster in plain manifests: the same objects,
// and the same answer for each pair.
func TestGitopsAnswersAsKindArgocdDoes(t *testing.T) {
	dependOnProgram(t)
	for _, q := range questionsOf(t, example) {
		t.Run(q.text, func(t *testing.T) {
			assert.Equal(t, q.verdict, verdictOf(strings.Replace(q.args, "examples/kind-argocd", "examples/gitops", 1)))
		})
	}
	const kinds = "namespaces workloads pods services networkpolicies ciliumnetworkpolicies ciliumclusterwidenetworkpolicies"
	for kind := range strings.FieldsSeq(kinds) {
		assert.Equal(t, namesOf(t, "examples/kind-argocd", kind), namesOf(t, "examples/gitops", kind), kind)
	}
	want, got := matrixOf(t, "examples/kind-argocd"), matrixOf(t, "examples/gitops")
	require.Greater(t, len(want.cells), 600)
	assert.Equal(t, want, got)
}

// pairs are a matrix, but for what says which files it is from: the datapath, and
// the verdict of each pair.
type pairs struct {
	Datapath map[string]any
	cells    map[string]string
}

func matrixOf(t *testing.T, dir string) pairs {
	t.Helper()
	command := exec.Command("netsim", "matrix", "-f", dir, "-o", "json")
	command.Dir = ".."
	text, err := command.Output()
	require.NoError(t, err)
	var matrix struct {
		pairs
		Destinations []struct{ Ref string }
		Rows         []struct {
			From struct {
				Ref  string
				Pods int
			}
			Cells []struct{ Verdict string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &matrix))
	delete(matrix.Datapath, "sources")
	matrix.cells = map[string]string{}
	for _, row := range matrix.Rows {
		require.Len(t, row.Cells, len(matrix.Destinations))
		for i, cell := range row.Cells {
			pair := fmt.Sprintf("%s (%d pods) to %s", row.From.Ref, row.From.Pods, matrix.Destinations[i].Ref)
			if !agents.MatchString(row.From.Ref) {
				matrix.cells[pair] = cell.Verdict
			}
		}
	}
	return matrix.pairs
}

// agents are Cilium's, by what a matrix or a list calls them. Only the plain
// manifests hold what its chart makes, and it is on the nodes' network.
var agents = regexp.MustCompile(`^kube-system[ /](ds/)?cilium`)

// question is one of a README; args are the command's.
type question struct{ text, verdict, args string }

func questionsOf(t *testing.T, dir string) []question {
	t.Helper()
	readme, err := os.ReadFile(filepath.FromSlash(dir + "/README.md"))
	require.NoError(t, err)
	var all []question
	for _, q := range regexp.MustCompile(`(?m)^# (.*\S)  +(allowed|denied).*\nnetsim (.*)$`).FindAllStringSubmatch(string(readme), -1) {
		all = append(all, question{q[1], q[2], q[3]})
	}
	require.Len(t, all, strings.Count(string(readme), "\nnetsim "), "every command has a question with its verdict")
	return all
}

// verdictOf runs a command of a README, from the repository's root as those start.
func verdictOf(args string) string {
	command := exec.Command("netsim", strings.Fields(args)...)
	command.Dir = ".."
	answer, _ := command.Output()
	first, _, _ := strings.Cut(string(answer), "\n")
	return strings.Fields(first + " (nothing)")[0]
}

// namesOf lists the objects of a kind, by namespace and name.
func namesOf(t *testing.T, dir, kind string) []string {
	t.Helper()
	command := exec.Command("netsim", "list", "-f", dir, kind)
	command.Dir = ".."
	text, err := command.Output()
	require.NoError(t, err)
	table, _, _ := strings.Cut(string(text), "\n\n")
	var names []string
	for line := range strings.Lines(table) {
		if words := strings.Fields(line); len(words) > 1 {
			names = append(names, words[0]+" "+words[1])
		}
	}
	require.Greater(t, len(names), 1)
	slices.Sort(names)
	return slices.DeleteFunc(names, agents.MatchString)
}
