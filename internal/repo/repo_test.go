package repo

import (
	"bytes"
	"encoding/json"
	"go/format"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	root   = "../.."
	module = "github.com/netsim-dev/netsim/"
	cilium = "github.com/cilium/cilium/"
)

// anything stands for every module but Cilium.
const anything = "*"

// rule says what the packages of a folder may import besides the standard
// library and the folder itself.
type rule struct {
	folder string
	// inside are folders of this repository; outside are prefixes of other
	// modules' packages.
	inside, outside []string
}

// arrows is the one-way street from files to an answer. The same arrows stand
// in .golangci.yml, for editors.
var arrows = []rule{
	{"model", nil, nil},
	{"internal/nearest", nil, nil},
	{"internal/repo", nil, nil},
	{"internal/manifest", []string{"model", "internal/nearest"}, []string{"k8s.io/", "sigs.k8s.io/", "go.yaml.in/"}},
	{"internal/snapshot", []string{"internal/manifest"}, []string{"k8s.io/", "sigs.k8s.io/", "go.yaml.in/"}},
	{"load", []string{"model", "internal/nearest", "internal/manifest", "gateway"}, []string{anything}},
	{"dnat", []string{"model", "internal/nearest"}, nil},
	{"gateway", []string{"model"}, []string{"k8s.io/", "sigs.k8s.io/gateway-api/"}},
	{"engine", []string{"model", "internal/nearest"}, []string{anything, cilium}},
	{"sim/simtest", []string{"model", "sim", "internal/render"}, nil},
	{"sim", []string{"model", "internal/nearest", "internal/manifest", "dnat", "engine", "gateway"}, []string{anything}},
	{"internal/render", []string{"model", "sim"}, []string{"sigs.k8s.io/yaml"}},
	{"cmd/netsim", []string{"model", "sim", "internal/render", "internal/snapshot", "load"}, []string{"github.com/spf13/", "golang.org/x/term"}},
	{"scenarios", []string{"model", "sim"}, []string{anything}},
	{"bench", []string{"model", "sim"}, []string{anything}},
}

// pkg is what `go list` says of a package.
type pkg struct {
	ImportPath, Doc                    string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

func TestImportsFollowTheArrows(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		i := slices.IndexFunc(arrows, func(r rule) bool { return within(name, r.folder) })
		if !assert.GreaterOrEqual(t, i, 0, "%s has no row in the table of arrows: say there what it may import", name) {
			continue
		}
		for _, imported := range p.Imports {
			assert.True(t, arrows[i].allows(imported), "%s imports %s", name, imported)
		}
	}
}

func TestArrows(t *testing.T) {
	for _, row := range []struct {
		from, to string
		allowed  bool
	}{
		{"model", "net/netip", true},
		{"model", "sigs.k8s.io/yaml", false},
		{"model", module + "dnat", false},
		{"dnat", module + "model", true},
		{"dnat", module + "engine", false},
		{"engine", module + "dnat", false},
		{"engine", module + "engine/internal/crd", true},
		{"engine", cilium + "pkg/policy", true},
		{"sim", cilium + "pkg/policy", false},
		{"sim", module + "engine", true},
		{"sim", module + "simulator", false},
		{"sim", module + "internal/render", false},
		{"sim/simtest", module + "internal/render", true},
		{"sim/simtest", "github.com/stretchr/testify/require", false},
		{"internal/render", module + "engine", false},
		{"cmd/netsim", module + "load/helm", true},
	} {
		i := slices.IndexFunc(arrows, func(r rule) bool { return r.folder == row.from })
		assert.Equal(t, row.allowed, arrows[i].allows(row.to), "%s may import %s", row.from, row.to)
	}
}

// TestOnlyEngineKnowsCilium, in its tests too: Cilium's process-wide options
// stay behind engine.
func TestOnlyEngineKnowsCilium(t *testing.T) {
	for _, p := range packages(t) {
		if within(strings.TrimPrefix(p.ImportPath, module), "engine") {
			continue
		}
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			assert.False(t, strings.HasPrefix(imported, cilium), "%s imports %s", p.ImportPath, imported)
		}
	}
}

// TestSimLoadsNoSource: who uses netsim as a library chooses what else to read
// (Helm charts, kustomizations) by importing it.
func TestSimLoadsNoSource(t *testing.T) {
	heavy := []string{module + "load", module + "internal/snapshot", "helm.sh/helm", "sigs.k8s.io/kustomize", "github.com/kyverno", "github.com/hashicorp/hcl"}
	for _, line := range strings.Fields(string(goList(t, "-deps", "./sim"))) {
		for _, prefix := range heavy {
			assert.False(t, strings.HasPrefix(line, prefix), "sim depends on %s", line)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 {
			assert.NotEmpty(t, p.Doc, "%s has no package comment", p.ImportPath)
		}
	}
}

func TestCodeIsFormatted(t *testing.T) {
	for path, text := range files(t) {
		if filepath.Ext(path) != ".go" {
			continue
		}
		formatted, err := format.Source(text)
		if assert.NoError(t, err, path) {
			assert.True(t, bytes.Equal(text, formatted), "%s is not formatted: run gofmt -w on it", path)
		}
	}
}

// TestNoPathOfOneMachine: such a path means nothing to anyone who clones the
// repository.
func TestNoPathOfOneMachine(t *testing.T) {
	private := regexp.MustCompile(`(?m)(^|[^A-Za-z0-9_.])/(` + strings.Join([]string{"work", "root", "farm"}, "|") + `)/.*`)
	for path, text := range files(t) {
		assert.Empty(t, string(private.Find(text)), path)
	}
}

// allows says whether a package of the rule's folder may import another.
func (r rule) allows(imported string) bool {
	if !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return true
	}
	if inside, ok := strings.CutPrefix(imported, module); ok {
		return within(inside, r.folder) || slices.ContainsFunc(r.inside, func(f string) bool { return within(inside, f) })
	}
	return slices.ContainsFunc(r.outside, func(prefix string) bool {
		if prefix == anything {
			return !strings.HasPrefix(imported, cilium)
		}
		return strings.HasPrefix(imported, prefix)
	})
}

func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

func packages(t *testing.T) []pkg {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(goList(t, "-e", "-json=ImportPath,Doc,GoFiles,Imports,TestImports,XTestImports", "./...")))
	var all []pkg
	for {
		var p pkg
		err := decoder.Decode(&p)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}

func goList(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return out
}

// files are the text files of the repository by path, without what a build or
// git puts there (in a work tree, .git is a file).
func files(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "bin", "dist"}, entry.Name()):
			return filepath.SkipDir
		case !entry.Type().IsRegular(), entry.Name() == ".git":
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && utf8.Valid(text) {
			found[path] = text
		}
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}
