package kustomize

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/netsim-dev/netsim/load"
)

// rendering is what came of one kustomization.
type rendering struct {
	dir, name string
	output    load.Output
	// objects are the built ones, in the order of output.Files.
	objects []object
}

// render builds the kustomization in the directory of a request.
func render(r *load.Run, q load.Request) *rendering {
	w := newWalker(r, q.Through())
	w.top, w.fields = q.Dir, q.Kustomization
	made := &rendering{dir: q.Dir, name: cmp.Or(kustomizationIn(r, q.Dir), q.Dir)}
	w.directory(q.Dir, "", 0)
	root := inMemory(q.Dir)
	if !w.failed {
		built, err := build(w, root)
		if err != nil {
			w.fail(made.name, 1, "kustomize cannot build it: "+w.readable(err), "correct it: nothing of the kustomization is loaded")
		} else {
			made.objects = w.objects(built, root, made.name)
		}
	}
	through := &load.Rendered{Via: q.Through(), Namespace: q.Namespace}
	for _, o := range made.objects {
		w.out.Files = append(w.out.Files, o.file(through))
	}
	made.output = *w.out
	slices.Sort(made.output.Used)
	made.output.Used = slices.Compact(made.output.Used)
	return made
}

// one keeps two builds apart: kustomize holds schemas in variables of the
// process, and writes warnings of deprecated fields to its standard error.
var one sync.Mutex

// build runs kustomize over what is in memory. A panic of kustomize is an error.
func build(w *walker, root string) (built resmap.ResMap, err error) {
	one.Lock()
	defer one.Unlock()
	if quiet, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		stderr := os.Stderr
		os.Stderr = quiet
		defer func() { os.Stderr = stderr; quiet.Close() }()
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("kustomize panics: %v", p)
		}
	}()
	options := krusty.MakeDefaultOptions()
	options.LoadRestrictions = types.LoadRestrictionsNone
	return krusty.MakeKustomizer(options).Run(w.memory, filepath.FromSlash(root))
}

// readable is an error of kustomize with names as the user knows them, on one
// line.
func (w *walker) readable(err error) string {
	text := filepath.ToSlash(err.Error())
	known := map[string]string{}
	for at, file := range w.files {
		known[at], known[path.Dir(at)] = file.Name, path.Dir(file.Name)
	}
	paths := make([]string, 0, len(known))
	for at := range known {
		paths = append(paths, at)
	}
	slices.SortFunc(paths, func(a, b string) int { return len(b) - len(a) })
	for _, at := range paths {
		text = strings.ReplaceAll(text, at, known[at])
	}
	return strings.Join(strings.Fields(text), " ")
}
