package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// ciliumExamples are the folders of Cilium's own example policies, in the
// module that netsim is built with.
func ciliumExamples(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/cilium").Output()
	module := strings.TrimSpace(string(out))
	if err != nil || module == "" {
		t.Skip("Cilium's module is not on disk")
	}
	dirs := []string{filepath.Join(module, "examples", "policies"), filepath.Join(module, "examples", "minikube")}
	for _, dir := range dirs {
		require.DirExists(t, dir)
	}
	return dirs
}

func exampleFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, dir := range ciliumExamples(t) {
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if filepath.Ext(path) == ".yaml" {
				files = append(files, filepath.ToSlash(path))
			}
			return err
		}))
	}
	require.NotEmpty(t, files)
	return files
}

// TestCiliumExamplesTogether: netsim lists and answers over all of them at
// once, in every format.
func TestCiliumExamplesTogether(t *testing.T) {
	files := []string{}
	for _, dir := range ciliumExamples(t) {
		files = append(files, "-f", dir)
	}
	for _, format := range []string{"text", "json", "yaml"} {
		code, stdout, stderr := runBounded(t, append([]string{"list", "-o", format}, files...)...)
		assert.Zero(t, code, stderr)
		assert.NotEmpty(t, stdout)
		code, stdout, stderr = runBounded(t, append([]string{"query", "default/tiefighter", "default/svc/deathstar", "-o", format}, files...)...)
		assert.Equal(t, exitAllowed, code, stderr)
		assert.Contains(t, stdout, "sw_l3_l4_policy.yaml", "the policy that lets the empire in")
	}
	code, _, stderr := runBounded(t, append([]string{"query", "default/xwing", "default/svc/deathstar"}, files...)...)
	assert.Equal(t, exitDenied, code, stderr)
}

// TestEveryPairInCiliumExamplesGetsAnAnswer, whatever it is.
func TestEveryPairInCiliumExamplesGetsAnAnswer(t *testing.T) {
	cluster, issues, err := sim.Load(ciliumExamples(t), nil)
	require.NoError(t, err)
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	ends := []string{"world", "192.0.2.1", "node/" + cluster.Nodes[0].Name}
	for _, p := range cluster.Pods {
		ends = append(ends, p.Namespace+"/"+p.Name)
	}
	for _, from := range ends {
		for _, to := range ends {
			for _, port := range []string{"80", "53/UDP", "ICMP"} {
				answer, err := s.Query(sim.Query{From: from, To: to, Port: port})
				if assert.NoError(t, err, "%s to %s on %s", from, to, port) {
					assert.NotEmpty(t, answer.Paths, "%s to %s on %s", from, to, port)
				}
			}
		}
	}
}

// TestEachCiliumExampleIsTakenOrSaysWhyNot: no document is lost in silence.
func TestEachCiliumExampleIsTakenOrSaysWhyNot(t *testing.T) {
	clean, told := 0, 0
	for _, file := range exampleFiles(t) {
		cluster, issues, err := sim.Load([]string{file}, nil)
		require.NoError(t, err, file)
		s, err := sim.New(cluster, issues, sim.Options{})
		require.NoError(t, err, file)

		taken, grave := origins(cluster), 0
		for _, issue := range s.Issues() {
			if issue.Severity != model.Info {
				grave++
				assert.Equal(t, file, issue.File, issue)
				assert.Positive(t, issue.Line, issue)
				t.Log(issue)
			}
		}
		for _, d := range documentsIn(t, file) {
			assert.True(t, taken[d.id()] || d.mentioned(s.Issues()), "%s, line %d: %s is neither loaded nor mentioned", file, d.first, d.id())
		}
		if grave == 0 {
			clean++
		} else {
			told++
		}
	}
	assert.Positive(t, clean)
	t.Logf("%d files are fine, %d have errors or warnings", clean, told)
}

// written is a document as this test finds it, without the help of netsim.
type written struct {
	Kind     string
	Metadata struct{ Name string }

	first, last int
}

func (w written) id() string { return w.Kind + " " + w.Metadata.Name }

func (w written) mentioned(issues []model.Issue) bool {
	for _, issue := range issues {
		if issue.Severity != model.Info && issue.Line >= w.first && issue.Line <= w.last {
			return true
		}
	}
	return false
}

func documentsIn(t *testing.T, file string) []written {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var documents []written
	line := 1
	for _, part := range bytes.Split(text, []byte("\n---")) {
		w := written{first: line, last: line + bytes.Count(part, []byte("\n"))}
		line = w.last + 1
		require.NoError(t, yaml.Unmarshal(part, &w), file)
		if w.Kind != "" {
			documents = append(documents, w)
		}
	}
	require.NotEmpty(t, documents, file)
	return documents
}

// origins are the kinds and names of all objects that were loaded from files.
func origins(c *model.Cluster) map[string]bool {
	all := map[string]bool{}
	add := func(o model.Origin) {
		if o.Position() != "" {
			all[o.Kind+" "+o.Name] = true
		}
	}
	for _, n := range c.Nodes {
		add(n.Origin)
	}
	for _, n := range c.Namespaces {
		add(n.Origin)
	}
	for _, w := range c.Workloads {
		add(w.Origin)
	}
	for _, p := range c.Pods {
		add(p.Origin)
	}
	for _, s := range c.Services {
		add(s.Origin)
	}
	for _, s := range c.EndpointSlices {
		add(s.Origin)
	}
	for _, o := range c.Policies {
		add(o.Origin)
	}
	for _, o := range c.Others {
		add(o.Origin)
	}
	return all
}
