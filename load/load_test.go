package load_test

import (
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
)

// copier is a tool whose directories hold a file "copy.txt": it renders every
// other file there, with a line of its own above.
type copier struct{}

func (copier) Name() string { return "copier" }

func (copier) Holds(r *load.Run, dir string) bool { return r.Exists(path.Join(dir, "copy.txt")) }

func (c copier) Read(r *load.Run) {
	for _, dir := range r.Dirs("copy.txt") {
		if !r.Claimed(path.Join(dir, "copy.txt")) {
			r.Add(c.Render(r, load.Request{Dir: dir}))
		}
	}
}

func (copier) Render(r *load.Run, q load.Request) load.Output {
	out := load.Output{Used: []string{path.Join(q.Dir, "copy.txt")}}
	names, err := r.List(q.Dir)
	if err != nil {
		out.Fail(q.Dir, 1, err.Error(), "")
	}
	for _, name := range names {
		data, err := r.ReadFile(name)
		switch {
		case err != nil:
			out.Fail(name, 1, err.Error(), "")
		case path.Base(name) != "copy.txt":
			out.Used = append(out.Used, name)
			out.Files = append(out.Files, load.File{Name: name, Data: append([]byte("# rendered\n"), data...),
				Rendered: &load.Rendered{Via: q.Through(), Namespace: q.Namespace, Lines: []int{1, 1, 2, 3, 4}}})
		}
	}
	return out
}

// deployer is a tool that says of other directories, a line each in deploy.txt,
// where they go.
type deployer struct{}

func (deployer) Name() string { return "deployer" }

func (deployer) Read(r *load.Run) {
	for _, dir := range r.Dirs("deploy.txt") {
		name := path.Join(dir, "deploy.txt")
		data, _ := r.ReadFile(name)
		for line := range strings.Lines(string(data)) {
			target, namespace, _ := strings.Cut(strings.TrimSpace(line), " ")
			r.Add(r.Render(load.Request{Dir: path.Join(dir, target), Namespace: namespace, Via: name}))
		}
	}
}

const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: i}]}\n"

func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
}

// pods reads, and says of each pod where it is and where it comes from.
func pods(t *testing.T, paths []string, sources ...load.Source) (list, issues []string) {
	t.Helper()
	cluster, found, err := load.Read(paths, nil, sources)
	require.NoError(t, err)
	for _, p := range cluster.Pods {
		list = append(list, p.Namespace+" "+p.Origin.Position())
	}
	for _, issue := range found {
		issues = append(issues, issue.String())
	}
	return list, issues
}

func TestWhatASourceClaimsIsReadOnce(t *testing.T) {
	write(t, map[string]string{"r/app/copy.txt": "", "r/app/pod.yaml": "\n" + pod})
	got, _ := pods(t, []string{"r"}, copier{})
	assert.Equal(t, []string{"default r/app/pod.yaml:2 via r/app"}, got)
	got, _ = pods(t, []string{"r"})
	assert.Equal(t, []string{"default r/app/pod.yaml:2"}, got)
}

func TestASourceAsksAnotherToRender(t *testing.T) {
	write(t, map[string]string{
		"r/deploy.txt": "app one\nplain two\n", "r/app/copy.txt": "", "r/app/pod.yaml": "\n" + pod, "r/plain/pod.yaml": pod,
	})
	got, issues := pods(t, []string{"r"}, deployer{}, copier{})
	assert.Equal(t, []string{
		"one r/app/pod.yaml:2 via r/deploy.txt, r/app",
		"two r/plain/pod.yaml:1 via r/deploy.txt",
	}, got)
	assert.NotContains(t, strings.Join(issues, "\n"), "no namespace is given")
}

func TestASourceReadsNoFurtherThanItMay(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege there")
	}
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "pod.yaml"), []byte(pod), 0o644))
	for _, row := range []struct {
		claim, target, link string
		git, refused        bool
	}{
		{"a directory below", "app", "", false, false},
		{"one beside, in the working directory", "../side", "", false, false},
		{"a path that leads out", "../../../../../../../.." + filepath.ToSlash(outside), "", false, true},
		{"a symlink that leads out", "link", "r/link", false, true},
	} {
		t.Run(row.claim, func(t *testing.T) {
			write(t, map[string]string{"r/deploy.txt": row.target + " one\n", "r/app/pod.yaml": pod, "side/pod.yaml": pod})
			if row.link != "" {
				require.NoError(t, os.Symlink(outside, row.link))
			}
			_, issues := pods(t, []string{"r"}, deployer{})
			assert.Equal(t, row.refused, strings.Contains(strings.Join(issues, "\n"), "leads out of the directories that -f names"), issues)
		})
	}
}

func TestTheGitWorkTreeAroundAnArgumentMayBeRead(t *testing.T) {
	outer := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(outer, "r/app"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(outer, "base"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(outer, "base/pod.yaml"), []byte(pod), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(outer, "r/app/deploy.txt"), []byte("../../base one\n"), 0o644))
	t.Chdir(t.TempDir())
	dir := filepath.Join(outer, "r/app")
	_, issues := pods(t, []string{dir}, deployer{})
	assert.Contains(t, strings.Join(issues, "\n"), "leads out")
	require.NoError(t, os.Mkdir(filepath.Join(outer, ".git"), 0o755))
	got, _ := pods(t, []string{dir}, deployer{})
	assert.Len(t, got, 1)
}

// TestReadOverReplaces: what comes on top takes the place of what a source renders,
// too, and nothing is wrong with that.
func TestReadOverReplaces(t *testing.T) {
	t.Chdir(t.TempDir())
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: dev}\nspec: {selector: {app: api}, ports: [{port: %PORT%}]}\n"
	require.NoError(t, os.MkdirAll("base", 0o755))
	for name, text := range map[string]string{
		"base/copy.txt": "", "base/api.yaml": strings.ReplaceAll(service, "%PORT%", "80"), "over.yaml": strings.ReplaceAll(service, "%PORT%", "81"),
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	cluster, issues, err := load.ReadOver([]string{"base"}, []string{"over.yaml"}, nil, []load.Source{copier{}})
	require.NoError(t, err)
	require.Len(t, cluster.Services, 1)
	assert.Equal(t, uint16(81), cluster.Services[0].Ports[0].Port)
	for _, issue := range issues {
		assert.NotContains(t, issue.Message, "there twice")
	}
}
