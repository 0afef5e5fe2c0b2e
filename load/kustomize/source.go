package kustomize

import (
	"path"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
	"sigs.k8s.io/kustomize/api/konfig"
)

// Source renders kustomizations.
type Source struct{}

// Name is "kustomize".
func (Source) Name() string { return "kustomize" }

// Holds says whether a directory has a kustomization.
func (Source) Holds(r *load.Run, dir string) bool { return kustomizationIn(r, dir) != "" }

// Render builds the kustomization in a directory.
func (Source) Render(r *load.Run, q load.Request) load.Output { return render(r, q).output }

// Read builds every kustomization under -f that no other one builds on, and
// leaves out what none uses.
func (Source) Read(r *load.Run) {
	dirs := r.Dirs(konfig.RecognizedKustomizationFileNames()...)
	tops := topmost(r, dirs)
	asked := rendered(r, dirs)
	var all []*rendering
	for _, dir := range append(tops, dirs...) {
		// Those that are no topmost ones and still unclaimed build on each
		// other in a circle, or are components: the first tells which.
		name := kustomizationIn(r, dir)
		if name == "" || r.Claimed(name) {
			continue
		}
		if isComponent(r, name) {
			r.Claim(usedBy(r, dir)...)
			r.Report(model.Issue{Severity: model.Info, File: name, Line: 1, Message: "no kustomization uses this component: it was left out", Remedy: "name it under components, if it is to be deployed"})
			continue
		}
		made := render(r, load.Request{Dir: dir})
		r.Claim(made.output.Used...)
		all = append(all, made)
	}
	for _, made := range apart(all) {
		r.Add(made.output)
	}
	leaveOutUnused(r, append(all, asked...))
}

// rendered are the kustomizations that another Source has asked for, with the
// files that they use.
func rendered(r *load.Run, dirs []string) []*rendering {
	var all []*rendering
	for _, dir := range dirs {
		if name := kustomizationIn(r, dir); r.Claimed(name) {
			all = append(all, &rendering{dir: dir, name: name, output: load.Output{Used: usedBy(r, dir)}})
		}
	}
	return all
}

// kustomizationIn is the kustomization file of a directory, "" if it has none.
func kustomizationIn(r *load.Run, dir string) string {
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if name := path.Join(dir, base); r.Exists(name) {
			return name
		}
	}
	return ""
}

// another is a second kustomization file beside one, "" for none.
func another(r *load.Run, name string) string {
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if base != path.Base(name) && r.Exists(path.Join(path.Dir(name), base)) {
			return base
		}
	}
	return ""
}

// topmost are the directories that no other kustomization among them builds on.
func topmost(r *load.Run, dirs []string) []string {
	below := map[string]bool{}
	for _, dir := range dirs {
		k, err := parse(r, kustomizationIn(r, dir))
		if err != nil {
			continue
		}
		for _, ref := range k.directories() {
			below[path.Join(dir, ref)] = true
		}
	}
	var tops []string
	for _, dir := range dirs {
		if !below[dir] && !isComponent(r, kustomizationIn(r, dir)) {
			tops = append(tops, dir)
		}
	}
	return tops
}
