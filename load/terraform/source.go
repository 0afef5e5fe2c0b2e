package terraform

import (
	"path"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// Options say which files decide variables besides those that Terraform reads by
// itself.
type Options struct{ VarFiles []load.File }

// Source reads modules of Terraform.
type Source struct{ Options Options }

// Bounds on one run, far beyond what a repository holds.
const (
	maxFile    = 1 << 20
	maxNesting = 100
	maxModules = 200
	maxRepeats = 1000
)

// Name is "terraform".
func (Source) Name() string { return "terraform" }

// Read plans every module under -f that no other one calls.
func (s Source) Read(r *load.Run) {
	p := &project{run: r, out: &load.Output{}, options: s.Options, modules: map[string]*module{}}
	for _, name := range r.Names() {
		if isConfig(name) {
			p.directory(path.Dir(name))
			r.Claim(name)
		}
	}
	called := p.called()
	for _, dir := range p.dirs {
		if !called[dir] {
			p.plan(p.root(dir), 0)
		}
	}
	for _, m := range p.planned {
		m.valuesOfLocals()
	}
	r.Add(*p.out)
}

// isConfig leaves out the modules that `terraform init` and terragrunt have
// copied into a directory of their own.
func isConfig(name string) bool {
	downloaded := slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part == ".terraform" || part == ".terragrunt-cache" })
	return !downloaded && (path.Ext(name) == ".tf" || path.Base(name) == terragruntFile)
}

// project is all that lies under -f.
type project struct {
	run     *load.Run
	out     *load.Output
	options Options
	dirs    []string
	modules map[string]*module
	planned []*module
}

func (p *project) directory(dir string) {
	if !slices.Contains(p.dirs, dir) {
		p.dirs = append(p.dirs, dir)
	}
}

// called are the directories that others call as modules.
func (p *project) called() map[string]bool {
	called := map[string]bool{}
	for _, dir := range p.dirs {
		for _, block := range p.module(dir).calls {
			if to := localSource(dir, block.Body); to != "" && to != dir {
				called[to] = true
			}
		}
		if t := p.terragrunt(dir); t != nil && t.source != "" && t.source != dir {
			called[t.source] = true
		}
	}
	return called
}

// report adds an Issue once.
func (p *project) report(severity model.Severity, at position, message, remedy string) {
	found := model.Issue{Severity: severity, File: at.file, Line: at.line, Message: message, Remedy: remedy}
	if !slices.Contains(p.out.Issues, found) {
		p.out.Issues = append(p.out.Issues, found)
	}
}
