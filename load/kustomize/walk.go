package kustomize

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// Bounds on one kustomization: on how far bases of bases go, on how many there
// are, and on what they hold together.
const (
	maxDepth  = 64
	maxDirs   = 1000
	maxMemory = 256 << 20
)

// walker copies a kustomization and all that it names into memory.
type walker struct {
	run    *load.Run
	memory memory
	out    *load.Output
	// files are the texts in memory by their path there.
	files map[string]load.File
	dirs  map[string]bool
	size  int
	// failed is true once something is missing that kustomize fails without.
	failed bool
	// via names who asks for charts.
	via string
	// fields are set in the kustomization of the directory top.
	top    string
	fields []byte
}

func newWalker(r *load.Run, via string) *walker {
	return &walker{run: r, memory: newMemory(), out: &load.Output{}, files: map[string]load.File{}, dirs: map[string]bool{}, via: via}
}

// usedBy are the files that the kustomization in a directory uses.
func usedBy(r *load.Run, dir string) []string {
	w := newWalker(r, "")
	w.directory(dir, "", 0)
	return w.out.Used
}

// inMemory is the path in memory of a file or directory.
func inMemory(name string) string {
	abs, err := filepath.Abs(filepath.FromSlash(name))
	if err != nil {
		abs = name
	}
	return path.Join("/", strings.ReplaceAll(filepath.ToSlash(abs), ":", ""))
}

// directory copies the kustomization in a directory. The namespace is that of
// the overlay above, which charts are released to.
func (w *walker) directory(dir, namespace string, depth int) {
	name := kustomizationIn(w.run, dir)
	switch {
	case w.dirs[dir]:
		return
	case depth > maxDepth:
		w.fail(name, 1, fmt.Sprintf("kustomizations build on each other more than %d deep", maxDepth), "build on fewer")
		return
	case len(w.dirs) == maxDirs:
		w.fail(name, 1, fmt.Sprintf("the kustomization is made of more than %d others", maxDirs), "pass a part of it with -f")
		return
	}
	w.dirs[dir] = true
	k := w.kustomization(dir, name)
	if k == nil {
		return
	}
	if namespace == "" {
		namespace = k.Namespace
	}
	for _, ref := range k.files() {
		w.reference(k, dir, ref)
	}
	for _, ref := range k.plugins() {
		w.plugin(k, dir, ref, namespace, depth)
	}
	here := func(refs []string) []string {
		return slices.DeleteFunc(slices.Clone(refs), func(ref string) bool { return !w.resource(k, dir, ref, namespace, depth) })
	}
	k.Resources, k.Components = here(k.Resources), here(k.Components)
	k.Resources = append(k.Resources, w.charts(k, dir, namespace)...)
	w.keep(k.name, amend(k))
}

// kustomization reads the kustomization of a directory, nil with an Issue if that
// is not possible. That at the top gets the fields of the request; if there is no
// file, it is made of those alone.
func (w *walker) kustomization(dir, name string) *kustomization {
	if name == "" && dir == w.top {
		k := &kustomization{name: path.Join(dir, konfig.DefaultKustomizationFileName())}
		return w.edited(k)
	}
	w.out.Used = append(w.out.Used, name)
	if other := another(w.run, name); other != "" {
		w.fail(name, 1, "there is "+other+" too, and kustomize takes only one: nothing of the kustomization is loaded", "remove one of them")
		return nil
	}
	k, err := parse(w.run, name)
	if err != nil {
		text, _ := w.run.ReadFile(name)
		w.fail(name, errorLine(text, err), "the kustomization cannot be read: "+err.Error(), "correct it: nothing that is built on it is loaded")
		return nil
	}
	if dir == w.top && w.fields != nil {
		return w.edited(k)
	}
	return k
}

// amend is the text of a kustomization with the resources and components that it
// has now, without charts, and so that kustomize notes the file of each object.
func amend(k *kustomization) []byte {
	fields := map[string]any{}
	if err := yaml.Unmarshal(k.source(), &fields); err != nil {
		return k.text
	}
	for key := range fields {
		switch strings.ToLower(key) {
		case "resources", "bases", "components", "helmcharts", "helmglobals", "helmchartinflationgenerator", "buildmetadata":
			delete(fields, key)
		}
	}
	fields["resources"], fields["components"] = k.Resources, k.Components
	fields["buildMetadata"] = []string{"originAnnotations"}
	text, err := json.Marshal(fields)
	if err != nil {
		return k.text
	}
	return text
}

// resource copies what an entry of resources or components names. It is false
// where kustomize can do without.
func (w *walker) resource(k *kustomization, dir, ref, namespace string, depth int) bool {
	name := path.Join(dir, ref)
	switch {
	case isRemote(ref):
		w.missing(k, ref, "is remote, and nothing is fetched: what it holds is missing here", "put a copy beside the kustomization (kustomize localize), and name that")
		return false
	case w.run.IsDir(name) && kustomizationIn(w.run, name) != "":
		w.directory(name, namespace, depth+1)
		return true
	case w.run.IsDir(name):
		w.missing(k, ref, "is a directory without a kustomization.yaml: kustomize refuses it, and nothing of the kustomization is loaded", "name its files, or add a kustomization.yaml there")
		w.failed = true
		return true
	}
	w.reference(k, dir, ref)
	return true
}

// reference copies a file that a field names.
func (w *walker) reference(k *kustomization, dir, ref string) {
	name := path.Join(dir, ref)
	line := lineOf(k.text, ref)
	if isRemote(ref) || path.IsAbs(filepath.ToSlash(ref)) {
		w.fail(k.name, line, ref+" is no file of this repository: nothing of the kustomization is loaded", "put a copy beside the kustomization, and name that")
		return
	}
	text, err := w.run.ReadFile(name)
	if err != nil {
		w.fail(k.name, line, err.Error()+": nothing of the kustomization is loaded", "correct the path, or remove it from "+path.Base(k.name))
		return
	}
	if name != dir && !strings.HasPrefix(name, dir+"/") && dir != "." || strings.HasPrefix(name, "../") && dir == "." {
		w.issue(model.Warning, k.name, line, ref+" lies outside of the kustomization's directory, where kustomize reads files only with --load-restrictor LoadRestrictionsNone", "make it a base with a kustomization.yaml of its own")
	}
	w.out.Used = append(w.out.Used, name)
	w.keep(name, text)
}

// keep puts a file into memory.
func (w *walker) keep(name string, text []byte) {
	w.keepAs(inMemory(name), load.File{Name: name, Data: text})
}

func (w *walker) keepAs(at string, file load.File) {
	if _, there := w.files[at]; there {
		return
	}
	if w.size += len(file.Data); w.size > maxMemory {
		w.fail(file.Name, 1, fmt.Sprintf("the kustomization is larger than %d MiB", maxMemory>>20), "pass a part of it with -f")
		return
	}
	if err := manifest.CheckAliases(file.Data); err != nil {
		w.fail(file.Name, 1, err.Error(), "write it out in plain")
		return
	}
	w.files[at] = file
	w.memory.put(at, file.Data)
}

// isRemote says whether kustomize would fetch a reference.
func isRemote(ref string) bool {
	return isURL(ref) || (&resource.Origin{}).Append(ref).Repo != ""
}

// isURL follows kustomize api v0.21.1 internal/loader IsRemoteFile.
func isURL(ref string) bool {
	u, err := url.Parse(ref)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

func (w *walker) issue(severity model.Severity, name string, line int, message, remedy string) {
	found := model.Issue{Severity: severity, File: name, Line: line, Message: message, Remedy: remedy}
	if !slices.Contains(w.out.Issues, found) {
		w.out.Issues = append(w.out.Issues, found)
	}
}

func (w *walker) missing(k *kustomization, ref, message, remedy string) {
	w.issue(model.Error, k.name, lineOf(k.text, ref), ref+" "+message, remedy)
}

func (w *walker) fail(name string, line int, message, remedy string) {
	w.failed = true
	w.issue(model.Error, name, line, message, remedy)
}
