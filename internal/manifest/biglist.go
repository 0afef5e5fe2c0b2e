package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"

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
	if len(p.text) < bigList {
		return []part{p}
	}
	var items []part
	var err error
	if bytes.HasPrefix(bytes.TrimSpace(p.text), []byte("{")) {
		items, err = p.jsonItems()
	} else {
		items, err = p.yamlItems()
	}
	if err != nil || len(items) == 0 {
		return []part{p}
	}
	return items
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

// yamlItems cuts at the dashes of the items, which all stand in one column at the
// beginning of their lines. An item keeps its dash: it is a list of one.
func (p part) yamlItems() ([]part, error) {
	var items []part
	var around []byte
	line, inside, column, start := p.before, false, -1, 0
	for at := 0; at < len(p.text); line++ {
		next := nextLine(p.text, at)
		text := p.text[at:next]
		indent := len(text) - len(bytes.TrimLeft(text, " "))
		dash := indent < len(text) && bytes.HasPrefix(text[indent:], []byte("- "))
		switch {
		case !inside && bytes.Equal(bytes.TrimRight(text, " \r\n"), []byte("items:")):
			inside = true
		case inside && dash && (column < 0 || indent == column):
			column, start = indent, at
			items = append(items, part{file: p.file, before: line, text: text})
		case inside && len(items) > 0 && (indent > column || len(bytes.TrimSpace(text)) == 0 || text[0] == '#'):
			items[len(items)-1].text = p.text[start:next]
		default:
			inside = false
			around = append(around, text...)
		}
		at = next
	}
	return p.headed(items, around)
}

// jsonItems cuts by the decoder's offsets.
func (p part) jsonItems() ([]part, error) {
	decoder := json.NewDecoder(bytes.NewReader(p.text))
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
			if items, err = p.jsonArray(decoder); err != nil {
				return nil, err
			}
			continue
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		around[key.(string)] = value
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

func (p part) jsonArray(decoder *json.Decoder) ([]part, error) {
	if open, err := decoder.Token(); err != nil || open != json.Delim('[') {
		return nil, errNoList
	}
	var items []part
	line, counted := p.before, 0
	var value json.RawMessage
	for decoder.More() {
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		end := int(decoder.InputOffset())
		start := end - len(value)
		line += bytes.Count(p.text[counted:start], []byte("\n"))
		counted = start
		items = append(items, part{file: p.file, before: line, text: p.text[start:end]})
	}
	_, err := decoder.Token()
	return items, err
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
