package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// syntaxError is a part that cannot be parsed; line counts from 1 in the part.
type syntaxError struct {
	line    int
	message string
}

// Bounds on one document. The first keeps the tree of a file of 64 MiB below
// a gigabyte, the second is what encoding/json and the YAML parser share.
const (
	maxValues = 1_200_000
	maxDepth  = 10_000
)

// literal is the tag of numbers, booleans and null in trees made from JSON:
// they are already as JSON writes them.
const literal = "!json"

// parse gives the documents of a part as trees. A part that opens with a brace
// is read as JSON first, as kubectl does, since YAML refuses some JSON (tabs,
// surrogate pairs). The trees before an error are good.
func parse(text []byte) ([]*yaml.Node, *syntaxError) {
	if err := tooMany(text); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		nodes, jsonErr := parseJSON(text)
		if jsonErr == nil || len(nodes) > 0 {
			return nodes, jsonErr
		}
	}
	return parseYAML(text)
}

var errTooLarge = fmt.Errorf("the document is larger than %d MiB, and no List that can be read item by item", MaxFileSize>>20)

// tooMany counts what can separate two values, which bounds the tree's size
// before there is a tree.
func tooMany(text []byte) *syntaxError {
	if len(text) > MaxFileSize {
		return &syntaxError{1, errTooLarge.Error()}
	}
	if len(text) < maxValues {
		return nil
	}
	values := 0
	for _, separator := range []string{",", "\n", "[", "{", "- ", "? "} {
		values += bytes.Count(text, []byte(separator))
	}
	if values > maxValues {
		return &syntaxError{1, "the document holds too many values to be read"}
	}
	return nil
}

func parseYAML(text []byte) ([]*yaml.Node, *syntaxError) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, yamlError(err)
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) == 0 {
		return nil, nil
	}
	return root.Content[:1], nil
}

// yamlError finds the line in the parser's message. The parser counts the
// lines of its own errors from 0 and those of its scanner from 1.
func yamlError(err error) *syntaxError {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	found := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(message)
	if found == nil {
		return &syntaxError{1, message}
	}
	line, _ := strconv.Atoi(found[1])
	message = message[len(found[0]):]
	if strings.HasPrefix(message, "did not find expected") {
		line++
	}
	return &syntaxError{line, message}
}

// parseJSON reads a stream of JSON values into the same trees.
func parseJSON(text []byte) ([]*yaml.Node, *syntaxError) {
	r := &jsonReader{text: text, decoder: json.NewDecoder(bytes.NewReader(text)), line: 1}
	r.decoder.UseNumber()
	var nodes []*yaml.Node
	for {
		node, err := r.value(0)
		switch {
		case errors.Is(err, io.EOF):
			return nodes, nil
		case err != nil:
			return nodes, &syntaxError{r.lineNow(), err.Error()}
		}
		nodes = append(nodes, node)
	}
}

type jsonReader struct {
	text    []byte
	decoder *json.Decoder
	offset  int
	line    int
}

// lineNow is the line of the token read last.
func (r *jsonReader) lineNow() int {
	now := int(r.decoder.InputOffset())
	r.line += bytes.Count(r.text[r.offset:now], []byte("\n"))
	r.offset = now
	return r.line
}

func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("exceeded max depth of %d", maxDepth)
	}
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: literal, Line: r.lineNow()}
	switch t := token.(type) {
	case json.Delim:
		node.Kind, node.Tag = yaml.SequenceNode, ""
		if t == '{' {
			node.Kind = yaml.MappingNode
		}
		return node, r.children(node, depth)
	case string:
		node.Tag, node.Style, node.Value = "!!str", yaml.DoubleQuotedStyle, t
	case nil:
		node.Value = "null"
	default:
		node.Value = fmt.Sprint(t)
	}
	return node, nil
}

func (r *jsonReader) children(node *yaml.Node, depth int) error {
	for r.decoder.More() {
		child, err := r.value(depth + 1)
		if err != nil {
			return unexpectedEnd(err)
		}
		node.Content = append(node.Content, child)
	}
	_, err := r.decoder.Token()
	return unexpectedEnd(err)
}

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
