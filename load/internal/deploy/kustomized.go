package deploy

import (
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/netsim-dev/netsim/load"
)

// build is what a kustomization comes to that no object deploys.
type build struct {
	dir  string
	out  load.Output
	used map[string]bool
}

// kustomized puts, for objects whose files a kustomization uses that no object
// deploys, those that the kustomization makes of them: somebody applies it by
// hand, and the file alone says less.
func (w *walker) kustomized(found []*deployed) []*deployed {
	alone := map[string]bool{}
	for _, d := range found {
		if !d.object.rendered && !isBelow(d, found) {
			alone[d.object.File] = true
		}
	}
	if len(alone) == 0 {
		return found
	}
	built := map[string]bool{}
	var made []*deployed
	builds := w.builds(found, alone)
	for _, b := range builds {
		if slices.ContainsFunc(builds, func(other build) bool { return other.dir != b.dir && usesDir(other.used, b.dir) }) {
			continue
		}
		for name := range b.used {
			built[name] = alone[name]
		}
		for _, file := range b.out.Files {
			for _, o := range Objects(file, w.tool.Kinds...) {
				made = append(made, w.deploy(o))
			}
		}
	}
	kept := slices.DeleteFunc(found, func(d *deployed) bool { return !d.object.rendered && built[d.object.File] })
	return append(kept, made...)
}

// builds are the kustomizations that use one of the given files, and that no
// object deploys.
func (w *walker) builds(found []*deployed, names map[string]bool) []build {
	var builds []build
	for _, dir := range w.run.Dirs(konfig.RecognizedKustomizationFileNames()...) {
		deploys := func(d *deployed) bool { return usesDir(d.used, dir) }
		if slices.ContainsFunc(found, deploys) || !w.run.Renders(dir) {
			continue
		}
		b := build{dir: dir, out: w.run.Render(load.Request{Dir: dir}), used: map[string]bool{}}
		uses := false
		for _, name := range b.out.Used {
			b.used[name] = true
			uses = uses || names[name]
		}
		if uses {
			builds = append(builds, b)
		}
	}
	return builds
}

// usesDir says whether the kustomization of a directory is among files.
func usesDir(used map[string]bool, dir string) bool {
	return slices.ContainsFunc(konfig.RecognizedKustomizationFileNames(), func(base string) bool { return used[path.Join(dir, base)] })
}
