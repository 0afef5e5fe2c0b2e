package manifest

import (
	"cmp"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxListDepth bounds Lists in Lists, which an alias can make endless.
const maxListDepth = 8

// list takes the items of a List. Those of a PodList and its like may leave
// out what the list's own kind says.
func (l *loader) list(list document, items *yaml.Node, depth int) {
	list.origin.Line = list.before + max(items.Line, 1)
	if *list.borrowed += depth * len(items.Content); depth > maxListDepth || *list.borrowed > maxBorrowed {
		list.reject(problem{says: "Lists nest too deep", do: "write their items out"})
		return
	}
	listKind, blank := list.word("kind"), list
	for i, item := range items.Content {
		d := blank
		d.tree = follow(item)
		if d.tree.Kind != yaml.MappingNode {
			list.rejectAt(item.Line, problem{says: fmt.Sprintf("items[%d] of the %s must be an object, and is %s", i, listKind, shape(d.tree)), do: "write an object with apiVersion and kind, or remove the item"})
			continue
		}
		if listKind != "List" && d.field("kind") == nil {
			d.apiVersion, d.origin.Kind = list.word("apiVersion"), strings.TrimSuffix(listKind, "List")
		}
		if item.Kind == yaml.AliasNode {
			d.inAlias = 1
		}
		l.tree(d, depth+1)
	}
}

// isList says whether a kind is List, or a list of a kind that netsim reads.
func (l *loader) isList(kind string) bool {
	item, suffixed := strings.CutSuffix(kind, "List")
	_, known := l.kinds[item]
	return suffixed && (item == "" || known)
}

// checkNoItems says what is wrong with the items of a List that are absent or
// no list. A null is right: it is how Go writes an empty list.
func (d *document) checkNoItems(items *yaml.Node) {
	d.introduce()
	if items != nil {
		if isNull(items) {
			return
		}
		d.rejectAt(items.Line, problem{says: "items must be a list, and is " + shape(items) + ": nothing of it is taken", do: "write each item on a line of its own, after a dash"})
		return
	}
	d.rejectAt(d.tree.Line, problem{says: "items is missing: the List holds nothing", do: cmp.Or(d.didYouMean("items"), "add items:, a list of objects")})
}

// glued is the line where a second document begins that no "---" parts from
// the first, 0 if there is none.
func (d *document) glued() int {
	if d.tree.Kind != yaml.MappingNode {
		return 0
	}
	var apiVersions, kinds []int
	for i := 0; i+1 < len(d.tree.Content); i += 2 {
		switch key := d.tree.Content[i]; key.Value {
		case "apiVersion":
			apiVersions = append(apiVersions, key.Line)
		case "kind":
			kinds = append(kinds, key.Line)
		}
	}
	if len(apiVersions) < 2 || len(kinds) < 2 {
		return 0
	}
	return min(apiVersions[1], kinds[1])
}

// holdsObjects says whether a node is a list with an object in it.
func holdsObjects(n *yaml.Node) bool {
	if n.Kind != yaml.SequenceNode {
		return false
	}
	for _, item := range n.Content {
		if looksLikeObject(follow(item)) {
			return true
		}
	}
	return false
}

// looksLikeObject says whether a node has apiVersion and kind, in whatever
// case they are written.
func looksLikeObject(n *yaml.Node) bool {
	apiVersion, kind := false, false
	for _, key := range keysOf(n) {
		apiVersion = apiVersion || strings.EqualFold(key, "apiVersion")
		kind = kind || strings.EqualFold(key, "kind")
	}
	return apiVersion && kind
}

// keysOf are the keys of a mapping as they are written.
func keysOf(n *yaml.Node) []string {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	var keys []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	return keys
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Tag == "!!null" || n.Value == "null" && n.Style == 0)
}

// shape is what a node is, in words.
func shape(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "null"
	}
	return "a single value"
}
