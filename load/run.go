package load

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// Run is one reading of what lies behind -f. Files have the names that Origins
// show: relative to the working directory or absolute, as -f gave them, with
// forward slashes.
type Run struct {
	// Files are the YAML and JSON files there, claimed or not.
	Files []File
	// names are those of all files there, in order.
	names []string
	// others are those of names that hold neither YAML nor JSON.
	others []string
	// arguments are the directories of -f.
	arguments []string
	sources   []Source
	bounds    bounds
	// given are the files that -f names itself.
	given   map[string]bool
	claimed map[string]bool
	made    []File
	issues  []model.Issue
	doubts  []model.Doubt
}

func newRun(paths []string, tree manifest.Tree, sources []Source) *Run {
	r := &Run{Files: tree.Files, sources: sources, bounds: newBounds(paths), given: map[string]bool{}, claimed: map[string]bool{}}
	for _, s := range sources {
		if outside, ok := s.(Outsider); ok {
			r.bounds = append(r.bounds, newBounds(outside.Outside())...)
		}
	}
	for _, p := range paths {
		if p != "-" {
			dir := path.Clean(filepath.ToSlash(p))
			if !r.IsDir(dir) {
				dir = path.Dir(dir)
			}
			r.arguments = append(r.arguments, dir)
		}
		r.given[filepath.ToSlash(p)] = true
		r.given[path.Clean(filepath.ToSlash(p))] = true
	}
	for _, file := range tree.Files {
		r.names = append(r.names, file.Name)
	}
	r.names, r.others = append(r.names, tree.Others...), tree.Others
	return r
}

// Others are the names of the files that hold neither YAML nor JSON, as far as
// their names tell. Open opens one.
func (r *Run) Others() []string { return r.others }

// Given says whether -f names the file itself, and not only a directory above.
func (r *Run) Given(name string) bool { return r.given[name] }

// Claim takes files out of the plain manifests.
func (r *Run) Claim(names ...string) {
	for _, name := range names {
		r.claimed[name] = true
	}
}

// Claimed says whether a Source has taken a file.
func (r *Run) Claimed(name string) bool { return r.claimed[name] }

// Add takes an Output: its files are loaded, those that it used are claimed.
func (r *Run) Add(out Output) {
	r.Claim(out.Used...)
	r.made = append(r.made, out.Files...)
	r.issues = append(r.issues, out.Issues...)
}

// Report adds an Issue.
func (r *Run) Report(issue model.Issue) { r.issues = append(r.issues, issue) }

// Doubt adds what may change policies and cannot be known.
func (r *Run) Doubt(d model.Doubt) { r.doubts = append(r.doubts, d) }

// Objects are the objects of the Loaded files, with the line of each field.
func (r *Run) Objects() []*model.Object { return manifest.Objects(r.Loaded()) }

// Loaded are the files that will be loaded, as far as the sources have come:
// those that none has claimed, and what they have added.
func (r *Run) Loaded() []File {
	var files []File
	for _, file := range r.Files {
		if !r.claimed[file.Name] {
			files = append(files, file)
		}
	}
	return append(files, r.made...)
}

// Names are the files under -f, whatever they hold, in order.
func (r *Run) Names() []string { return slices.Clone(r.names) }

// Dirs are the directories under -f that hold a file of one of the given names,
// sorted within each -f.
func (r *Run) Dirs(bases ...string) []string {
	var dirs []string
	for _, name := range r.names {
		if dir := path.Dir(name); slices.Contains(bases, path.Base(name)) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// Named are the files under -f whose names end so, sorted within each -f.
func (r *Run) Named(ends ...string) []string {
	return slices.DeleteFunc(slices.Clone(r.names), func(name string) bool {
		return !slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(name, end) })
	})
}

// Arguments are the directories that -f names, and those of the files that it
// names, in order.
func (r *Run) Arguments() []string { return r.arguments }

// Renders says whether a Source holds a directory.
func (r *Run) Renders(dir string) bool { return r.renderer(dir) != nil }

func (r *Run) renderer(dir string) Renderer {
	for _, s := range r.sources {
		if renderer, ok := s.(Renderer); ok && renderer.Holds(r, dir) {
			return renderer
		}
	}
	return nil
}

// Render renders a directory by the first Source that holds it. One that none
// holds is taken as plain manifests.
func (r *Run) Render(q Request) Output {
	if renderer := r.renderer(q.Dir); renderer != nil {
		return renderer.Render(r, q)
	}
	return r.plain(q)
}

// plain is a directory whose manifests are applied as they are.
func (r *Run) plain(q Request) Output {
	out := Output{}
	names, err := r.List(q.Dir)
	if err != nil {
		out.Fail(q.Dir, 1, err.Error(), "correct the path")
	}
	for _, name := range names {
		if !manifest.Suitable(name) {
			continue
		}
		data, err := r.ReadFile(name)
		if err != nil {
			out.Fail(name, 1, err.Error(), "make it readable, or leave it out")
			continue
		}
		out.Used = append(out.Used, name)
		out.Files = append(out.Files, File{Name: name, Data: data, Rendered: &Rendered{Via: q.Via, Namespace: q.Namespace}})
	}
	return out
}
