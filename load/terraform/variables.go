package terraform

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/netsim-dev/netsim/load"
)

// root is a module that nobody calls, with the values that its directory and
// --tfvars give to variables, the weakest first: terragrunt's inputs (which it
// hands on as environment), terraform.tfvars, *.auto.tfvars, --tfvars. Source:
// developer.hashicorp.com/terraform/language/values/variables.
func (p *project) root(dir string) *module {
	m, given := p.module(dir), map[string]place{}
	if t := p.terragrunt(dir); t != nil {
		for name, at := range t.inputs {
			given[name] = at
		}
		if t.source != "" && p.atHand(t.source, position{path.Join(dir, terragruntFile), 1}) {
			m = p.module(t.source)
		}
	}
	for _, file := range slices.Concat(p.automatic(dir), p.options.VarFiles) {
		p.addVarFile(given, file)
	}
	return m.call(given)
}

// automatic are the files of values that Terraform reads by itself.
func (p *project) automatic(dir string) []load.File {
	names, _ := p.run.List(dir)
	var files []load.File
	for _, own := range []func(string) bool{
		func(base string) bool { return base == "terraform.tfvars" },
		func(base string) bool { return strings.HasSuffix(base, ".auto.tfvars") },
	} {
		for _, name := range names {
			if path.Dir(name) != path.Clean(dir) || !own(path.Base(name)) {
				continue
			}
			if text, err := p.run.ReadFile(name); err == nil {
				files = append(files, load.File{Name: name, Data: text})
			}
		}
	}
	return files
}

func (p *project) addVarFile(given map[string]place, file load.File) {
	body := p.parseText(file.Name, file.Data)
	if body == nil {
		return
	}
	m := p.newModule(path.Dir(file.Name))
	for name, a := range body.Attributes {
		given[name] = m.at(a)
	}
}

// giver is where the value of a variable is written, false for nowhere.
func (m *module) giver(name string) (place, bool) {
	if at, ok := m.given[name]; ok {
		return at, true
	}
	if block := m.variables[name]; block != nil {
		if a := block.Body.Attributes["default"]; a != nil {
			return m.at(a), true
		}
	}
	return place{}, false
}

const terragruntFile = "terragrunt.hcl"

// terragrunt is what a terragrunt.hcl says: the module that it is for, "" for
// that of its own directory, and what it gives to variables.
type terragrunt struct {
	source string
	inputs map[string]place
}

func (p *project) terragrunt(dir string) *terragrunt {
	if name := path.Join(dir, terragruntFile); p.run.Exists(name) {
		return p.terragruntAt(name, 0)
	}
	return nil
}

func (p *project) terragruntAt(name string, depth int) *terragrunt {
	t := &terragrunt{inputs: map[string]place{}}
	body := p.parse(name)
	if body == nil || depth > maxIncludes {
		return t
	}
	dir := path.Dir(name)
	m := p.newModule(dir)
	for _, b := range body.Blocks {
		switch b.Type {
		case "locals":
			m.addLocals(b.Body)
		case "terraform":
			t.source = localSource(dir, b.Body)
		case "include":
			t.include(p, m, b.Body, depth)
		}
	}
	if a := body.Attributes["inputs"]; a != nil {
		t.addInputs(m.at(a))
	}
	return t
}

// maxIncludes bounds how far files include each other.
const maxIncludes = 8

// include takes what another file gives, under what this one does.
func (t *terragrunt) include(p *project, m *module, body *hclsyntax.Body, depth int) {
	a := body.Attributes["path"]
	if a == nil {
		return
	}
	value := m.at(a).value()
	if !isText(value) {
		p.unknown(m.at(a), "what it includes is not known")
		return
	}
	name := value.AsString()
	if !path.IsAbs(name) {
		name = path.Join(m.dir, name)
	}
	above := p.terragruntAt(name, depth+1)
	for key, at := range above.inputs {
		t.inputs[key] = at
	}
	if t.source == "" {
		t.source = above.source
	}
}

func (t *terragrunt) addInputs(all place) {
	value := all.value()
	if !value.IsKnown() || value.IsNull() || !value.CanIterateElements() {
		all.m.unknown(all, "the inputs are not known")
		return
	}
	for it := value.ElementIterator(); it.Next(); {
		key, _ := it.Element()
		if isText(key) {
			t.inputs[key.AsString()] = all.child(key.AsString())
		}
	}
}

// parentFolder looks for a file in the directories above one, as
// find_in_parent_folders does, and gives the way there; "" where there is none.
func (p *project) parentFolder(dir, base string) string {
	way := ""
	for range maxNesting {
		above := path.Dir(dir)
		if dir == "." || strings.HasSuffix("/"+dir, "/..") {
			above = path.Join(dir, "..")
		}
		if above == dir {
			return ""
		}
		way += "../"
		if p.run.Exists(path.Join(above, base)) {
			return way + base
		}
		dir = above
	}
	return ""
}
