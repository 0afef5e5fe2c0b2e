package terraform

import (
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/netsim-dev/netsim/model"
)

// position is a line of a file.
type position struct {
	file string
	line int
}

func startOf(r hcl.Range) position { return position{r.Filename, max(r.Start.Line, 1)} }

// module is a directory of Terraform, or a terragrunt.hcl, with what its caller
// gives it.
type module struct {
	*project
	dir       string
	variables map[string]*hclsyntax.Block
	given     map[string]place
	locals    map[string]*local
	resources []*hclsyntax.Block
	calls     []*hclsyntax.Block
	// values are those of variables that were asked for.
	values map[string]*local
}

// local is a value that is worked out when it is first asked for.
type local struct {
	place place
	value cty.Value
	state int
	// changed is true where the type of a variable has made another value of
	// what is written.
	changed bool
}

// The states of a local.
const (
	fresh = iota
	running
	done
)

func (p *project) newModule(dir string) *module {
	return &module{project: p, dir: dir, variables: map[string]*hclsyntax.Block{}, given: map[string]place{}, locals: map[string]*local{}, values: map[string]*local{}}
}

// module reads the *.tf files of a directory, once.
func (p *project) module(dir string) *module {
	if known := p.modules[dir]; known != nil {
		return known
	}
	m := p.newModule(dir)
	p.modules[dir] = m
	if names, err := p.run.List(dir); err == nil {
		for _, name := range names {
			if path.Dir(name) == path.Clean(dir) && path.Ext(name) == ".tf" {
				m.read(name)
			}
		}
	}
	return m
}

// call is a module as a caller sees it: the same files, with other values.
func (m *module) call(given map[string]place) *module {
	called := m.newModule(m.dir)
	called.variables, called.resources, called.calls, called.given = m.variables, m.resources, m.calls, given
	for name, l := range m.locals {
		called.locals[name] = &local{place: place{m: called, expr: l.place.expr, at: l.place.at}}
	}
	return called
}

func (m *module) read(name string) {
	body := m.parse(name)
	if body == nil {
		return
	}
	for _, b := range body.Blocks {
		switch {
		case b.Type == "variable" && len(b.Labels) == 1:
			m.variables[b.Labels[0]] = b
		case b.Type == "locals":
			m.addLocals(b.Body)
		case b.Type == "resource" && len(b.Labels) == 2:
			m.resources = append(m.resources, b)
		case b.Type == "module" && len(b.Labels) == 1:
			m.calls = append(m.calls, b)
		}
	}
}

func (m *module) addLocals(body *hclsyntax.Body) {
	for name, a := range body.Attributes {
		m.locals[name] = &local{place: m.at(a)}
	}
}

// at is where an attribute stands.
func (m *module) at(a *hclsyntax.Attribute) place {
	return place{m: m, expr: a.Expr, at: startOf(a.NameRange)}
}

// parse reads a file of HCL. What is wrong in it is an Issue, and what could be
// understood is there.
func (p *project) parse(name string) *hclsyntax.Body {
	text, err := p.run.ReadFile(name)
	switch {
	case err != nil:
		p.report(model.Error, position{name, 1}, err.Error(), "make it readable, or leave it out")
		return nil
	}
	return p.parseText(name, text)
}

func (p *project) parseText(name string, text []byte) *hclsyntax.Body {
	if tooLarge(text) {
		p.report(model.Error, position{name, 1}, fmt.Sprintf("the file is larger than %d MiB or nested more than %d deep, and was not read", maxFile>>20, maxNesting), "split it")
		return nil
	}
	file, problems := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	p.reportAll(position{name, 1}, problems)
	if file == nil {
		return nil
	}
	body, _ := file.Body.(*hclsyntax.Body)
	return body
}

// reportAll makes Issues of what HCL finds wrong.
func (p *project) reportAll(at position, problems hcl.Diagnostics) {
	for _, d := range problems {
		if d.Severity != hcl.DiagError {
			continue
		}
		if d.Subject != nil {
			at = startOf(*d.Subject)
		}
		p.report(model.Error, at, "Terraform cannot read this: "+strings.Join(strings.Fields(d.Summary+": "+d.Detail), " "), "correct it (terraform validate): what hangs on it is left out")
	}
}

func tooLarge(text []byte) bool { return len(text) > maxFile || nesting(text) > maxNesting }

// nesting is how deep a text's brackets go, whatever else is in it: HCL's parser
// calls itself for each.
func nesting(text []byte) int {
	depth, deepest := 0, 0
	for _, c := range text {
		switch c {
		case '(', '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ')', ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return deepest
}

// localSource is the directory that a source attribute names, "" for a remote
// one.
func localSource(dir string, body *hclsyntax.Body) string {
	a := body.Attributes["source"]
	if a == nil {
		return ""
	}
	value, problems := a.Expr.Value(nil)
	if problems.HasErrors() || value.Type() != cty.String || !value.IsKnown() || value.IsNull() {
		return ""
	}
	return localPath(dir, value.AsString())
}

func localPath(dir, source string) string {
	if !strings.HasPrefix(source, "./") && !strings.HasPrefix(source, "../") {
		return ""
	}
	return path.Join(dir, strings.Replace(source, "//", "/", 1))
}
