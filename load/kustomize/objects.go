package kustomize

import (
	"bytes"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"

	"github.com/netsim-dev/netsim/load"
)

// object is a built object with the place where it was written.
type object struct {
	id, kind, namespace, objectName string

	text []byte
	// name and lines are the file and its lines.
	name  string
	lines []int
}

func (o object) file(through *load.Rendered) load.File {
	rendered := *through
	rendered.Lines = o.lines
	return load.File{Name: o.name, Data: o.text, Rendered: &rendered}
}

// objects finds out where each built object was written. One of which kustomize
// does not say it is shown at the kustomization file.
func (w *walker) objects(built resmap.ResMap, root, name string) []object {
	var all []object
	written := map[string][]*yaml.Node{}
	for _, res := range built.Resources() {
		origin, err := res.GetOrigin()
		if err != nil || origin == nil {
			origin = &resource.Origin{}
		}
		_ = res.SetOrigin(nil)
		o := object{id: res.CurId().String(), kind: res.GetKind(), namespace: res.GetNamespace(), objectName: res.GetName()}
		if o.text, err = res.AsYAML(); err != nil {
			w.fail(name, 1, err.Error(), "correct it")
			continue
		}
		if origin.ConfiguredIn != "" {
			o.name, o.lines = w.generator(path.Join(root, filepath.ToSlash(origin.ConfiguredIn)), res)
		} else {
			at := path.Join(root, filepath.ToSlash(origin.Path))
			if _, read := written[at]; !read {
				written[at] = documents(w.files[at])
			}
			o.name, o.lines = w.files[at].Name, align(o.text, find(written[at], res))
		}
		if o.name == "" {
			o.name, o.lines = name, []int{1}
		}
		all = append(all, o)
	}
	return all
}

// generator is the place of the generator that made an object, which the file at
// a path in memory configures.
func (w *walker) generator(at string, res *resource.Resource) (string, []int) {
	name := w.files[at].Name
	text, err := w.run.ReadFile(name)
	if err != nil {
		text = w.files[at].Data
	}
	return name, []int{generatorLine(text, res.GetName())}
}

// documents are the objects of a file, those in Lists on their own, with the
// lines of what a person wrote.
func documents(file load.File) []*yaml.Node {
	var found []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(file.Data))
	for {
		var n yaml.Node
		if decoder.Decode(&n) != nil || len(n.Content) == 0 {
			return found
		}
		found = append(found, flatten(n.Content[0], file.Rendered)...)
	}
}

func flatten(n *yaml.Node, rendered *load.Rendered) []*yaml.Node {
	if rendered != nil && len(rendered.Lines) > 0 {
		relocate(n, rendered.Lines)
		rendered = nil
	}
	items := field(n, "items")
	if items == nil || !strings.HasSuffix(word(n, "kind"), "List") {
		return []*yaml.Node{n}
	}
	var found []*yaml.Node
	for _, item := range items.Content {
		found = append(found, flatten(item, nil)...)
	}
	return found
}

func relocate(n *yaml.Node, lines []int) {
	n.Line = lines[min(max(n.Line, 1), len(lines))-1]
	for _, child := range n.Content {
		relocate(child, lines)
	}
}

// find is the document that an object was built from: the one of its kind whose
// name is the longest part of the object's, since a kustomization may add to
// names. Nil if there is none.
func find(documents []*yaml.Node, res *resource.Resource) *yaml.Node {
	var found *yaml.Node
	longest := -1
	for _, n := range documents {
		metadata := field(n, "metadata")
		if word(n, "kind") != res.GetKind() || metadata == nil {
			continue
		}
		name, namespace := word(metadata, "name"), word(metadata, "namespace")
		if !strings.Contains(res.GetName(), name) {
			continue
		}
		fit := len(name) * 2
		if namespace == res.GetNamespace() {
			fit++
		}
		if fit > longest {
			found, longest = n, fit
		}
	}
	return found
}

// generatorLine is the line of the name of the generator that made an object: the
// longest name in the file that the object's begins with, or holds.
func generatorLine(text []byte, name string) int {
	var n yaml.Node
	line, longest := 1, 0
	if yaml.Unmarshal(text, &n) != nil {
		return line
	}
	eachField(&n, func(key string, value *yaml.Node) {
		if key == "name" && len(value.Value) > longest && strings.Contains(name, value.Value) {
			line, longest = value.Line, len(value.Value)
		}
	})
	return line
}
