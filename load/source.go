package load

import (
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// File is a text with objects in it, and Rendered where it was made from.
type (
	File     = manifest.File
	Rendered = manifest.Rendered
)

// Source is a tool's way of keeping objects in files that no API server takes as
// they are. It holds no state: one value may serve several runs.
type Source interface {
	// Name is what --source calls it: "kustomize".
	Name() string
	// Read finds what is the tool's own among the files of a run, claims it,
	// and adds what it comes to. What is wrong is reported, and loses only
	// itself.
	Read(*Run)
}

// Renderer is a Source that can render a directory when another one asks.
type Renderer interface {
	Source
	// Holds says whether a directory is one of the tool's.
	Holds(r *Run, dir string) bool
	// Render gives what a directory that it holds comes to.
	Render(*Run, Request) Output
}

// Outsider is a Source that the user has pointed to further directories, which
// hold no manifests by themselves: it may read there.
type Outsider interface {
	Source
	Outside() []string
}

// Request asks for a directory to be rendered.
type Request struct {
	// Dir is the directory, named as Run names files.
	Dir string
	// Via names who asks, "" for nobody; Origins show it before the directory.
	Via string
	// Name and Namespace are those of the release: a chart's templates read
	// them, and objects that give no namespace go to the latter. "" leaves both
	// to the tool.
	Name, Namespace string
	// Values are YAML documents of values for a chart, each over those before
	// it and all over the chart's own.
	Values []File
	// Kustomization holds fields of a kustomization that are set in that of the
	// directory, as `kustomize edit` does: lists and maps are added to its own,
	// anything else replaces it. Nil for none.
	Kustomization []byte
}

// Output is what came of a directory.
type Output struct {
	// Files are the objects.
	Files []File
	// Used are the names of the files that they were made from, patches and
	// the tool's own included.
	Used []string
	// Issues are what was wrong.
	Issues []model.Issue
}

// Through gives the Via of what a tool renders from a directory.
func (q Request) Through() string {
	if q.Via == "" {
		return q.Dir
	}
	return q.Via + ", " + q.Dir
}

// Fail adds an Issue of severity error.
func (o *Output) Fail(file string, line int, message, remedy string) {
	o.Issues = append(o.Issues, model.Issue{Severity: model.Error, File: file, Line: line, Message: message, Remedy: remedy})
}

// A Generator adds to everything that is loaded, whatever set of paths it is
// from, and so reads last.
type Generator interface {
	Source
	// Generates marks it.
	Generates()
}
