package manifest

import "go.yaml.in/yaml/v3"

// inside is the first document that a scalar's text holds, nil where it holds
// none. Its lines are those of the file.
func (d *document) inside(text *yaml.Node) (*document, *syntaxError) {
	trees, err := parse([]byte(text.Value))
	if err != nil || len(trees) == 0 {
		return nil, err
	}
	inner := &document{origin: d.origin, namespace: d.namespace, tree: trees[0], before: d.before + text.Line, resolver: d.resolver, reports: d.reports, borrowed: new(int)}
	if !inBlock(text) {
		flatten(trees[0], 0)
	}
	return inner, nil
}

// read converts a document from inside a scalar to JSON, nil with an Issue
// where that is not possible.
func (d *document) read(text *yaml.Node) *document {
	whole := newDocument(*d)
	if whole != nil && !inBlock(text) {
		whole.origin.Line = whole.before
	}
	return whole
}

// inBlock is true for the only style in which a text's lines are those of the
// file.
func inBlock(text *yaml.Node) bool { return text.Style&yaml.LiteralStyle != 0 }

// flatten puts a tree on one line.
func flatten(n *yaml.Node, line int) {
	n.Line = line
	for _, child := range n.Content {
		flatten(child, line)
	}
}
