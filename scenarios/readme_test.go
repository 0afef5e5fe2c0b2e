package scenarios_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExampleReadme asks the questions of the example's README, which writes
// each as a comment that ends with the verdict and a command below it.
func TestExampleReadme(t *testing.T) {
	dependOnProgram(t)
	readme, err := os.ReadFile(filepath.FromSlash(example + "/README.md"))
	require.NoError(t, err)
	question := regexp.MustCompile(`(?m)^# (.*\S)  +(allowed|denied).*\nnetsim (.*)$`)

	questions := question.FindAllStringSubmatch(string(readme), -1)
	require.Len(t, questions, strings.Count(string(readme), "\nnetsim "), "every command has a question with its verdict")
	for _, q := range questions {
		text, verdict, args := q[1], q[2], strings.Fields(q[3])
		t.Run(text, func(t *testing.T) {
			command := exec.Command("netsim", args...)
			command.Dir = ".." // the README's commands start at the repository's root
			answer, _ := command.Output()
			first, _, _ := strings.Cut(string(answer), "\n")
			assert.Equal(t, verdict, strings.Fields(first + " (nothing)")[0])
		})
	}
}
