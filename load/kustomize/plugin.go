package kustomize

import (
	"bytes"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// plugin copies the configuration of a generator or transformer, and the files
// that this names in turn.
func (w *walker) plugin(k *kustomization, dir, ref, namespace string, depth int) {
	name := path.Join(dir, ref)
	if !isInline(ref) && (w.run.IsDir(name) || isRemote(ref)) {
		if !w.resource(k, dir, ref, namespace, depth) {
			w.failed = true
		}
		return
	}
	at := &kustomization{name: k.name, text: []byte(ref)}
	if !isInline(ref) {
		w.reference(k, dir, ref)
		text, err := w.run.ReadFile(name)
		if err != nil {
			return
		}
		at = &kustomization{name: name, text: text}
	}
	for _, file := range pluginFiles(at.text) {
		if isRemote(file) || w.run.Exists(path.Join(dir, file)) {
			w.reference(at, dir, file)
		}
	}
}

// pluginFiles are what the fields of a built-in plugin name that hold paths.
func pluginFiles(text []byte) []string {
	var found []string
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		if decoder.Decode(&n) != nil {
			return found
		}
		eachField(&n, func(key string, value *yaml.Node) {
			switch value = follow(value); strings.ToLower(key) {
			case "path", "env", "valuesfile":
				found = append(found, value.Value)
			case "paths", "files", "envs", "additionalvaluesfiles":
				for _, item := range value.Content {
					_, file, keyed := strings.Cut(follow(item).Value, "=")
					if !keyed {
						file = follow(item).Value
					}
					found = append(found, file)
				}
			}
		})
	}
}

func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// eachField calls f for every field of a tree. An alias is not followed: what it
// stands for is in the tree itself.
func eachField(n *yaml.Node, f func(key string, value *yaml.Node)) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			f(n.Content[i-1].Value, child)
		}
		eachField(child, f)
	}
}
