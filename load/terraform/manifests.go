package terraform

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/netsim-dev/netsim/load"
)

// add hands on a text of objects, with the line of each of its own.
func (r *resource) add(w *written) {
	name := r.at.file
	if len(w.at) > 0 && w.at[0].file != "" {
		name = w.at[0].file
	}
	lines := make([]int, len(w.at))
	for i, at := range w.at {
		lines[i] = at.line
		if at.file != name { // a line of another file cannot be told
			lines[i] = r.at.line
		}
	}
	for _, doubt := range w.doubts {
		r.m.unknown(doubt, "it stands as a place holder in what "+r.name()+" applies")
	}
	r.m.out.Files = append(r.m.out.Files, load.File{Name: name, Data: []byte(plain(w.text.String())), Rendered: &load.Rendered{Lines: lines}})
}

// yamlBody reads kubectl_manifest: one object as YAML.
func (r *resource) yamlBody() {
	if at, given := r.attribute(r.block.Body, "yaml_body"); given {
		r.add(at.text())
	}
}

// manifest reads kubernetes_manifest: one object as HCL.
func (r *resource) manifest() {
	if at, given := r.attribute(r.block.Body, "manifest"); given {
		w := &written{}
		w.encode(at, 0)
		r.add(w)
	}
}

// namespace reads kubernetes_namespace.
func (r *resource) namespace() {
	for _, meta := range blocks(r.block.Body, "metadata") {
		w := &written{}
		w.add("apiVersion: v1\nkind: Namespace\nmetadata:\n", r.at, 0)
		r.fields(w, meta.Body, 1, "name", "labels", "annotations")
		r.add(w)
	}
}

// fields writes attributes of a body, under the same names.
func (r *resource) fields(w *written, body *hclsyntax.Body, depth int, names ...string) {
	for _, name := range names {
		if at, given := r.attribute(body, name); given {
			r.field(w, depth, camel(name), at)
		}
	}
}
