package manifest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxBorrowed bounds what aliases may add to one part of a file: a million
// values, or 10 MB of text.
const maxBorrowed = 1_000_000

// encoder writes a tree as JSON. It follows sigs.k8s.io/yaml v1.6.0
// YAMLToJSON: merge keys are resolved where they stand, and of two equal keys
// the last wins, in the place of the first.
type encoder struct {
	resolver *resolver
	out      []byte
	// places are those of the values begun so far, in their order, and above is
	// the index of the one that is being written.
	places []place
	above  int
	// twice, if set, is told of every key that is there a second time.
	twice func(key string, line int)

	depth   int
	inAlias int
	// borrowed counts towards maxBorrowed; the documents of a part share it.
	borrowed *int
}

// encodeError is a tree that JSON cannot hold.
type encodeError struct {
	line int
	err  error
}

func (e *encodeError) Error() string { return e.err.Error() }

// whole writes a document.
func (e *encoder) whole(n *yaml.Node) error {
	e.above = -1
	return e.value(n)
}

func (e *encoder) value(n *yaml.Node) error {
	if e.depth++; e.depth > maxDepth {
		return &encodeError{n.Line, fmt.Errorf("exceeded max depth of %d", maxDepth)}
	}
	defer func() { e.depth-- }()
	if err := e.borrow(n); err != nil {
		return err
	}
	switch n.Kind {
	case yaml.AliasNode:
		e.inAlias++
		defer func() { e.inAlias-- }()
		return e.value(n.Alias)
	case yaml.MappingNode:
		return e.mapping(n)
	case yaml.SequenceNode:
		return e.sequence(n)
	default:
		return e.scalar(n)
	}
}

// borrow counts what is written because of an alias.
func (e *encoder) borrow(n *yaml.Node) error {
	if e.inAlias == 0 {
		return nil
	}
	*e.borrowed += 1 + len(n.Value)/10
	if *e.borrowed > maxBorrowed {
		return &encodeError{n.Line, errors.New("its aliases expand to more than 10 MB")}
	}
	return nil
}

// pair is a key of a mapping with its value, after merges.
type pair struct {
	key    string
	line   int
	value  *yaml.Node
	merged bool
}

func (e *encoder) mapping(n *yaml.Node) error {
	pairs, err := e.pairs(n)
	if err != nil {
		return err
	}
	e.out = append(e.out, '{')
	for i, p := range pairs {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.text(p.key)
		e.out = append(e.out, ':')
		if err := e.child(p.value, place{key: p.key, index: -1, line: p.line}); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) sequence(n *yaml.Node) error {
	e.out = append(e.out, '[')
	for i, item := range n.Content {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		if err := e.child(item, place{index: i, line: item.Line}); err != nil {
			return err
		}
	}
	e.out = append(e.out, ']')
	return nil
}

// child writes a value below another, and notes its place.
func (e *encoder) child(n *yaml.Node, p place) error {
	if e.depth >= maxPlaced {
		return e.value(n)
	}
	above := e.above
	p.above, p.start = above, len(e.out)
	e.above = len(e.places)
	e.places = append(e.places, p)
	err := e.value(n)
	e.places[e.above].end = len(e.out)
	e.above = above
	return err
}

// pairs flattens a mapping and what it merges.
func (e *encoder) pairs(n *yaml.Node) ([]pair, error) {
	f := &flattener{encoder: e, pairs: make([]pair, 0, len(n.Content)/2)}
	err := f.mapping(n, false)
	return f.pairs, err
}

// unmerged is the value of a key of a mapping, nil if there is none; false for a
// mapping that merges others.
func unmerged(n *yaml.Node, key string) (value *yaml.Node, simple bool) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		at := follow(n.Content[i])
		switch {
		case at.Tag == "!!merge":
			return nil, false
		case at.Kind == yaml.ScalarNode && at.Value == key:
			value = follow(n.Content[i+1])
		}
	}
	return value, true
}

type flattener struct {
	*encoder
	pairs []pair
	// at finds a key among many; a few are looked through.
	at    map[string]int
	depth int
}

const few = 16

func (f *flattener) mapping(n *yaml.Node, merged bool) error {
	if f.depth++; f.depth > 100 {
		return &encodeError{n.Line, errors.New("merge keys (<<) nest too deep")}
	}
	defer func() { f.depth-- }()
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			if err := f.merge(value); err != nil {
				return err
			}
			continue
		}
		text, err := f.key(key)
		if err != nil {
			return err
		}
		f.set(pair{text, key.Line, value, merged})
	}
	return nil
}

func (f *flattener) set(p pair) {
	if i := f.find(p.key); i >= 0 {
		if !p.merged && !f.pairs[i].merged && f.twice != nil {
			f.twice(p.key, p.line)
		}
		f.pairs[i] = p
		return
	}
	if f.at != nil {
		f.at[p.key] = len(f.pairs)
	}
	f.pairs = append(f.pairs, p)
}

func (f *flattener) find(key string) int {
	if len(f.pairs) <= few {
		return slices.IndexFunc(f.pairs, func(p pair) bool { return p.key == key })
	}
	if f.at == nil {
		f.at = map[string]int{}
		for i, p := range f.pairs {
			f.at[p.key] = i
		}
	}
	if i, ok := f.at[key]; ok {
		return i
	}
	return -1
}

// merge adds the mapping, or the mappings of a list, that << names; of a list
// the earlier ones take precedence.
func (f *flattener) merge(n *yaml.Node) error {
	f.inAlias++
	defer func() { f.inAlias-- }()
	if err := f.borrow(n); err != nil {
		return err
	}
	switch target := follow(n); {
	case target.Kind == yaml.MappingNode:
		*f.borrowed += len(target.Content)
		return f.mapping(target, true)
	case target.Kind == yaml.SequenceNode && n.Kind == yaml.SequenceNode:
		for i := len(target.Content) - 1; i >= 0; i-- {
			item := follow(target.Content[i])
			if item.Kind != yaml.MappingNode {
				return &encodeError{n.Line, errors.New("a merge key (<<) wants a map or a list of maps")}
			}
			if err := f.merge(item); err != nil {
				return err
			}
		}
		return nil
	}
	return &encodeError{n.Line, errors.New("a merge key (<<) wants a map or a list of maps")}
}

func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func (e *encoder) key(n *yaml.Node) (string, error) {
	n = follow(n)
	if n.Kind == yaml.ScalarNode {
		if text, ok := keyText(e.resolved(n)); ok {
			return text, nil
		}
	}
	return "", &encodeError{n.Line, errors.New("a key must be a string, a number or a boolean")}
}

// resolved is the value of a scalar that comes from YAML.
func (e *encoder) resolved(n *yaml.Node) any {
	tagged := n.Style&yaml.TaggedStyle != 0
	switch {
	case n.Style == 0:
		return e.resolver.value(n.Value)
	case tagged && n.Tag == "!!binary":
		if data, err := base64.StdEncoding.DecodeString(n.Value); err == nil {
			return string(data)
		}
		return n.Value
	case tagged && (n.Tag == "!!int" || n.Tag == "!!float" || n.Tag == "!!bool" || n.Tag == "!!null"):
		return e.resolver.value(n.Value)
	}
	return n.Value
}

func (e *encoder) scalar(n *yaml.Node) error {
	if n.Tag == literal {
		e.out = append(e.out, n.Value...)
		return nil
	}
	switch v := e.resolved(n).(type) {
	case string:
		e.text(v)
	case int64:
		e.out = strconv.AppendInt(e.out, v, 10)
	default:
		data, err := json.Marshal(v)
		if err != nil {
			return &encodeError{n.Line, fmt.Errorf("%s is no number that JSON can hold", n.Value)}
		}
		e.out = append(e.out, data...)
	}
	return nil
}

// text writes a string; nearly all of them need no escape.
func (e *encoder) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			data, _ := json.Marshal(s)
			e.out = append(e.out, data...)
			return
		}
	}
	e.out = append(e.out, '"')
	e.out = append(e.out, s...)
	e.out = append(e.out, '"')
}
