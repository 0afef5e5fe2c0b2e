package scenarios_test

import (
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

// TestGitopsAnswersAsKindArgocdDoes holds the repository that Argo CD deploys
// against the same cluster in plain manifests: the same objects, and the same
// answers.
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
}

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
	return names
}
