package terraform

import (
	"fmt"
	"path"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/netsim-dev/netsim/model"
)

// readers are the resources that netsim understands, by type.
func readers() map[string]func(*resource) {
	return map[string]func(*resource){
		"helm_release":            (*resource).helmRelease,
		"kind_cluster":            (*resource).kindCluster,
		"kubectl_manifest":        (*resource).yamlBody,
		"kubernetes_manifest":     (*resource).manifest,
		"kubernetes_namespace":    (*resource).namespace,
		"kubernetes_namespace_v1": (*resource).namespace,
	}
}

// resource is one instance of a resource block.
type resource struct {
	m     *module
	block *hclsyntax.Block
	own   map[string]cty.Value
	at    position
}

// plan reads the resources of a module and of those that it calls.
func (p *project) plan(m *module, depth int) {
	if p.planned = append(p.planned, m); len(p.planned) > maxModules || depth > maxIncludes*2 {
		p.report(model.Error, position{path.Join(m.dir, "main.tf"), 1}, "there are too many modules, or modules call each other in a circle", "pass a part of them with -f")
		return
	}
	known := readers()
	for _, block := range m.resources {
		read := known[block.Labels[0]]
		if read == nil {
			continue
		}
		for _, own := range m.instances(block) {
			read(&resource{m, block, own, startOf(block.TypeRange)})
		}
	}
	for _, block := range m.calls {
		to := localSource(m.dir, block.Body)
		if to == "" || to == m.dir || !p.atHand(to, startOf(block.TypeRange)) {
			continue
		}
		for _, own := range m.instances(block) {
			given := map[string]place{}
			for name, a := range block.Body.Attributes {
				at := m.at(a)
				at.own = own
				given[name] = at
			}
			p.plan(p.module(to).call(given), depth+1)
		}
	}
}

// atHand says whether the directory of a module may be read, with an Issue if not.
func (p *project) atHand(dir string, asked position) bool {
	if p.run.IsDir(dir) {
		return true
	}
	p.report(model.Error, asked, "the module "+dir+" is not there, or leads out of the directories that -f names: what it makes is missing here", "correct the path, or pass its directory with -f, too")
	return false
}

// instances are the names that hold in each instance of a block, by its count or
// for_each; none where it is left out.
func (m *module) instances(block *hclsyntax.Block) []map[string]cty.Value {
	if a := block.Body.Attributes["count"]; a != nil {
		return m.counted(m.at(a))
	}
	if a := block.Body.Attributes["for_each"]; a != nil {
		return m.eachOf(m.at(a))
	}
	return []map[string]cty.Value{nil}
}

func (m *module) counted(at place) []map[string]cty.Value {
	v := at.value()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.Number {
		m.unknown(at, "whether the block counts is not known, and it is taken as if it did")
		return []map[string]cty.Value{{"count": cty.DynamicVal}}
	}
	count, _ := v.AsBigFloat().Int64()
	var out []map[string]cty.Value
	for i := int64(0); i < min(count, maxRepeats); i++ {
		out = append(out, map[string]cty.Value{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(i)})})
	}
	return out
}

func (m *module) eachOf(at place) []map[string]cty.Value {
	v := at.value()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		m.unknown(at, "what the block is repeated for is not known, and it is left out")
		return nil
	}
	var out []map[string]cty.Value
	for it := v.ElementIterator(); it.Next() && len(out) < maxRepeats; {
		key, element := it.Element()
		if v.Type().IsSetType() {
			key = element
		}
		out = append(out, map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": key, "value": element})})
	}
	return out
}

// attribute is where an attribute of a body is written, false if it is not.
func (r *resource) attribute(body *hclsyntax.Body, name string) (place, bool) {
	a := body.Attributes[name]
	if a == nil {
		return place{}, false
	}
	at := r.m.at(a)
	at.own = r.own
	return at, true
}

// word is the text of an attribute, "" where there is none. One that the files do
// not decide is an Issue, which says what follows.
func (r *resource) word(body *hclsyntax.Body, name, consequence string) (string, position) {
	at, given := r.attribute(body, name)
	if !given {
		return "", r.at
	}
	v := at.value()
	switch {
	case isText(v):
		return v.AsString(), at.follow().at
	case !v.IsKnown():
		r.m.unknown(at, consequence)
	}
	return "", at.at
}

// name is what Terraform calls the resource.
func (r *resource) name() string { return fmt.Sprintf("%s.%s", r.block.Labels[0], r.block.Labels[1]) }

// blocks are those of a type in a body.
func blocks(body *hclsyntax.Body, kind string) []*hclsyntax.Block {
	var out []*hclsyntax.Block
	for _, b := range body.Blocks {
		if b.Type == kind {
			out = append(out, b)
		}
	}
	return out
}
