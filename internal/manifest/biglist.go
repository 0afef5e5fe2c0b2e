package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// bigList is the size in bytes from which a List is read item by item: whole
// trees of dumps of clusters need more memory than a machine may have, and the
// bounds on a document are for one object then. It is also that of files from
// which documents are forgotten once they are read.
const bigList = 8 << 20

// listHead is what a List says of its items.
type listHead struct{ apiVersion, kind string }

// items cuts a big List, as kubectl writes it, into its items. What does not look
// like one stays whole.
func (p part) items() []part {
	if p.to-p.from < bigList {
		return []part{p}
	}
	cut := p.yamlItems
	if p.isJSON() {
		cut = p.jsonItems
	}
	items, err := cut()
	if err != nil || len(items) == 0 {
		return []part{p}
	}
	return items
}

// isJSON says whether the text begins as an object of JSON.
func (p part) isJSON() bool {
	lines := p.file.lines(p.from, p.to)
	for lines.scan() {
		if text := bytes.TrimSpace(lines.head); len(text) > 0 {
			return text[0] == '{'
		}
	}
	return false
}

var errNoList = errors.New("no List with items")

// head reads what is left of a List without its items.
func head(text []byte) (*listHead, error) {
	var found struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	if err := yaml.Unmarshal(text, &found); err != nil || !isListKind.MatchString(found.Kind) {
		return nil, errNoList
	}
	return &listHead{found.APIVersion, found.Kind}, nil
}

var isListKind = regexp.MustCompile(`^[A-Za-z]*List$`)

// maxAround bounds what a List may hold beside its items.
const maxAround = 1 << 20

// yamlItems cuts at the dashes of the items, which all stand in one column at the
// beginning of their lines. An item keeps its dash: it is a list of one.
func (p part) yamlItems() ([]part, error) {
	var items []part
	var around []byte
	inside, column := false, -1
	lines := p.file.lines(p.from, p.to)
	for lines.scan() {
		text := lines.head
		indent := len(text) - len(bytes.TrimLeft(text, " "))
		dash := indent < len(text) && bytes.HasPrefix(text[indent:], []byte("- "))
		switch {
		case !inside && bytes.Equal(bytes.TrimRight(text, " \r\n"), []byte("items:")):
			inside = true
		case inside && dash && (column < 0 || indent == column):
			column = indent
			items = append(items, p.file.part(lines.at, lines.next, p.before+lines.line))
		case inside && len(items) > 0 && (indent > column || len(bytes.TrimSpace(text)) == 0 || text[0] == '#'):
			last := &items[len(items)-1]
			*last = p.file.part(last.from, lines.next, last.before)
		default:
			inside = false
			if around = append(around, text...); len(around) > maxAround {
				return nil, errNoList
			}
		}
	}
	if lines.err != nil {
		return nil, lines.err
	}
	return p.headed(items, around)
}

// jsonItems cuts by the decoder's offsets.
func (p part) jsonItems() ([]part, error) {
	counter := &lineCounter{Reader: p.file.stretch(p.from, p.to)}
	decoder := json.NewDecoder(counter)
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var items []part
	around := map[string]json.RawMessage{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		if key == "items" {
			if items, err = p.jsonArray(decoder, counter); err != nil {
				return nil, err
			}
			continue
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		if len(value) <= maxAround {
			around[key.(string)] = value
		}
	}
	if _, err := decoder.Token(); err != nil || decoder.More() {
		return nil, errNoList
	}
	text, err := json.Marshal(around)
	if err != nil {
		return nil, err
	}
	return p.headed(items, text)
}

func (p part) jsonArray(decoder *json.Decoder, counter *lineCounter) ([]part, error) {
	if open, err := decoder.Token(); err != nil || open != json.Delim('[') {
		return nil, errNoList
	}
	var items []part
	var value json.RawMessage
	for decoder.More() {
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		end := decoder.InputOffset()
		start := end - int64(len(value))
		items = append(items, p.file.part(p.from+start, p.from+end, p.before+counter.above(start)))
	}
	_, err := decoder.Token()
	return items, err
}

// lineCounter remembers where the lines end that have been read and not counted.
type lineCounter struct {
	io.Reader
	read    int64
	counted int
	ends    []int64
}

func (c *lineCounter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	for i, char := range b[:n] {
		if char == '\n' {
			c.ends = append(c.ends, c.read+int64(i))
		}
	}
	c.read += int64(n)
	return n, err
}

// above counts the lines that end above a place, which is never above the last one
// that was asked for.
func (c *lineCounter) above(at int64) int {
	more, _ := slices.BinarySearch(c.ends, at)
	c.counted += more
	c.ends = append(c.ends[:0], c.ends[more:]...)
	return c.counted
}

// headed gives each item what the List says of it.
func (p part) headed(items []part, around []byte) ([]part, error) {
	found, err := head(around)
	if err != nil {
		return nil, err
	}
	for i := range items {
		items[i].list = found
	}
	return items, nil
}

// unlisted is the item in the tree of a part of a List, which in YAML is a list
// of one.
func (p part) unlisted(tree *yaml.Node) *yaml.Node {
	if p.list != nil && tree.Kind == yaml.SequenceNode && len(tree.Content) == 1 {
		return follow(tree.Content[0])
	}
	return tree
}

// ofList gives an item the kind that its List says, where it has none itself.
func (d *document) ofList(list *listHead) {
	if list != nil && list.kind != "List" && d.tree.Kind == yaml.MappingNode && d.field("kind") == nil {
		d.apiVersion, d.origin.Kind = list.apiVersion, list.kind[:len(list.kind)-len("List")]
	}
}
