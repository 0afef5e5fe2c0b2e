package argocd

import (
	"path"
	"regexp"
	"strings"

	"github.com/gobwas/glob"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// manifestFile are the files that Argo CD takes from a directory.
var manifestFile = regexp.MustCompile(`\.(yaml|yml|json|jsonnet)$`)

// directory takes the plain manifests of a directory. Those that the Application
// excludes are nobody's.
func (d *deployer) directory(app application, s source, at, dir string, out *load.Output) {
	options := directory{}
	if s.Directory != nil {
		options = *s.Directory
	}
	wanted, err := options.wanted()
	if err != nil {
		app.fail(out, at+".directory", err.Error(), "correct the pattern")
		return
	}
	names, err := d.run.List(dir)
	if err != nil {
		app.fail(out, at+".path", err.Error(), "correct the path")
	}
	for _, name := range names {
		rel := strings.TrimPrefix(name, dir+"/")
		switch {
		case !manifestFile.MatchString(name) || !options.Recurse && path.Dir(name) != dir:
		case !wanted(rel):
			out.Used = append(out.Used, name)
		case path.Ext(name) == ".jsonnet":
			out.Issues = append(out.Issues, model.Issue{Severity: model.Warning, File: name, Line: 1,
				Message: app.via + ": jsonnet is not evaluated here: what it makes is missing", Remedy: "pass what it evaluates to with -f"})
		default:
			d.file(app, name, out)
		}
	}
}

func (d *deployer) file(app application, name string, out *load.Output) {
	data, err := d.run.ReadFile(name)
	if err != nil {
		out.Fail(name, 1, app.via+": "+err.Error(), "make it readable, or leave it out")
		return
	}
	out.Used = append(out.Used, name)
	out.Files = append(out.Files, load.File{Name: name, Data: data, Rendered: &load.Rendered{Via: app.via, Namespace: app.Spec.Destination.Namespace}})
}

// wanted says of a path in the directory whether it is taken. A star of a pattern
// goes over slashes, too (argo-cd v2.14.9 util/glob Match).
func (o directory) wanted() (func(string) bool, error) {
	include, err := compile(o.Include, "*")
	if err != nil {
		return nil, err
	}
	exclude, err := compile(o.Exclude, "")
	if err != nil {
		return nil, err
	}
	return func(rel string) bool { return include.Match(rel) && !exclude.Match(rel) }, nil
}

func compile(pattern, otherwise string) (glob.Glob, error) {
	if pattern == "" {
		pattern = otherwise
	}
	return glob.Compile(pattern)
}
