package kustomize

import (
	"encoding/json"
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// liner fills in, for each line of a built text, the line where it was written.
type liner struct{ lines []int }

// align gives the lines of a built text. What the written document does not have
// (a patch added it) is at the line of what is around it.
func align(built []byte, written *yaml.Node) []int {
	var n yaml.Node
	if written == nil || yaml.Unmarshal(built, &n) != nil || len(n.Content) == 0 {
		return []int{1}
	}
	l := &liner{}
	l.set(1, max(written.Line, 1))
	l.value(n.Content[0], written, max(written.Line, 1))
	for i := range l.lines {
		if l.lines[i] == 0 {
			l.lines[i] = l.lines[i-1]
		}
	}
	return l.lines
}

func (l *liner) set(line, written int) {
	for len(l.lines) < line {
		l.lines = append(l.lines, 0)
	}
	if l.lines[line-1] == 0 {
		l.lines[line-1] = written
	}
}

// value aligns two values; around is the line of what holds the written one.
func (l *liner) value(built, written *yaml.Node, around int) {
	if written != nil && written.Kind == yaml.AliasNode {
		written = written.Alias
	}
	if written == nil || written.Kind != built.Kind {
		l.all(built, around)
		return
	}
	l.set(built.Line, written.Line)
	switch built.Kind {
	case yaml.MappingNode:
		l.mapping(built, written, around)
	case yaml.SequenceNode:
		l.sequence(built, written, around)
	}
}

func (l *liner) mapping(built, written *yaml.Node, around int) {
	for i := 0; i+1 < len(built.Content); i += 2 {
		key, value := built.Content[i], built.Content[i+1]
		at := around
		var other *yaml.Node
		for j := 0; j+1 < len(written.Content); j += 2 {
			if written.Content[j].Value == key.Value {
				at, other = written.Content[j].Line, written.Content[j+1]
			}
		}
		l.set(key.Line, at)
		l.value(value, other, at)
	}
}

// sequence pairs items that are equal, or have the same name, and then those in
// the same place that are left.
func (l *liner) sequence(built, written *yaml.Node, around int) {
	left := map[string][]int{}
	taken := make([]bool, len(written.Content))
	for i, item := range written.Content {
		for _, key := range keys(item) {
			left[key] = append(left[key], i)
		}
	}
	pairs := make([]*yaml.Node, len(built.Content))
	for i, item := range built.Content {
		for _, key := range keys(item) {
			for _, j := range left[key] {
				if pairs[i] == nil && !taken[j] {
					pairs[i], taken[j] = written.Content[j], true
				}
			}
		}
	}
	for i, item := range built.Content {
		if pairs[i] == nil && i < len(taken) && !taken[i] {
			pairs[i] = written.Content[i]
		}
		l.value(item, pairs[i], around)
	}
}

// all puts everything of a value on one line.
func (l *liner) all(n *yaml.Node, line int) {
	l.set(n.Line, line)
	for _, child := range n.Content {
		l.all(child, line)
	}
}

// keys are what makes an item the same as another: its content, or its name.
func keys(item *yaml.Node) []string {
	var value any
	if item.Decode(&value) != nil {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		text = []byte(fmt.Sprint(value))
	}
	found := []string{string(text)}
	if name := word(item, "name"); name != "" {
		found = append(found, "name "+name)
	}
	return found
}

// lineOf is the line of the first key or value that reads so, 1 if there is none.
func lineOf(text []byte, value string) int {
	var n yaml.Node
	if yaml.Unmarshal(text, &n) != nil {
		return 1
	}
	return max(lineBelow(&n, value), 1)
}

func lineBelow(n *yaml.Node, value string) int {
	if n.Kind == yaml.ScalarNode && n.Value == value {
		return n.Line
	}
	for _, child := range n.Content {
		if line := lineBelow(child, value); line > 0 {
			return line
		}
	}
	return 0
}

// field is the value of a key, nil if there is none.
func field(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// word is the text of a key's value, "" if there is none.
func word(n *yaml.Node, key string) string {
	if value := field(n, key); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value
	}
	return ""
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 1
	}
	return max(n, 1)
}
