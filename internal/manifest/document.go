package manifest

import (
	"crypto/sha256"
	"encoding/json"
	"reflect"
	"slices"
	"sort"

	"github.com/netsim-dev/netsim/model"
	"go.yaml.in/yaml/v3"
)

// document is one object as it stands in a file.
type document struct {
	origin model.Origin
	// replaces is that of the file.
	replaces bool
	// namespace is where the object goes if it gives none; "" for default.
	namespace string
	// inferred is that of the pods in it.
	inferred   string
	apiVersion string
	json       []byte
	meta       metadata

	tree *yaml.Node
	// before counts the lines of the file above the part that the tree's
	// lines count from.
	before   int
	resolver *resolver
	reports  *reports
	// inAlias is 1 where the whole document is there by an alias; borrowed
	// is the count that the documents of a part share.
	inAlias  int
	borrowed *int
	// ofMany is true for one of so many that they must be small.
	ofMany bool
	// sum is that of the JSON, once that is forgotten.
	sum *[sha256.Size]byte
	// rejected is true once an API server would have refused the document.
	rejected bool
	// told counts the Issues of the document.
	told   int
	places []place
	// paths are those of the places, and lines the line in the file of each;
	// locate makes them.
	paths []string
	lines map[string]int
}

// newDocument converts a tree to JSON. What JSON cannot hold is an Issue and
// gives nil.
func newDocument(d document) *document {
	d.origin.Line = d.before + max(d.tree.Line, 1)
	d.introduce()
	d.dropManagedFields()
	e := &encoder{resolver: d.resolver, inAlias: d.inAlias, borrowed: d.borrowed, twice: d.twice, out: make([]byte, 0, 1024)}
	if err := e.whole(d.tree); err != nil {
		if at, ok := err.(*encodeError); ok {
			d.origin.Line = d.before + at.line
		}
		d.reject(problem{says: "the document cannot be read: " + err.Error(), do: "write it out in plain"})
		return nil
	}
	d.json, d.places = e.out, e.places
	return &d
}

// introduce reads who the document says it is, as far as it says so: whatever
// is wrong with it, the Issue can then name it.
func (d *document) introduce() {
	if d.origin.Kind == "" {
		d.apiVersion, d.origin.Kind = d.word("apiVersion"), d.word("kind")
	}
	if meta := d.field("metadata"); meta != nil {
		d.origin.Name, d.origin.Namespace = wordOf(d.child(meta, "name")), wordOf(d.child(meta, "namespace"))
	}
}

func (d *document) twice(key string, line int) {
	d.tell(model.Issue{
		Severity: model.Warning, File: d.origin.File, Line: d.before + line,
		Message: d.title() + "key " + key + " is there a second time: the last one is taken, and kubectl refuses the file",
		Remedy:  "keep one of them",
	})
}

// dropManagedFields leaves out who set which field, which is half of many dumps and
// says nothing of the object.
func (d *document) dropManagedFields() {
	meta := d.field("metadata")
	if meta == nil || meta.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(meta.Content); i += 2 {
		if meta.Content[i].Value == "managedFields" {
			meta.Content = slices.Delete(meta.Content, i, i+2)
			return
		}
	}
}

// field is the value of a key at the top, nil if there is none.
func (d *document) field(key string) *yaml.Node { return d.child(d.tree, key) }

// child is the value of a key of a node, nil if there is none.
func (d *document) child(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	if value, simple := unmerged(n, key); simple {
		return value
	}
	e := &encoder{resolver: d.resolver, inAlias: d.inAlias, borrowed: d.borrowed}
	pairs, err := e.pairs(n)
	if err != nil {
		return nil
	}
	for _, p := range pairs {
		if p.key == key {
			return follow(p.value)
		}
	}
	return nil
}

// word is the text of a scalar at the top, "" if there is none.
func (d *document) word(key string) string { return wordOf(d.field(key)) }

func wordOf(n *yaml.Node) string {
	if n != nil && n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return n.Value
	}
	return ""
}

// locate names the place of each field. Only policies and documents with Issues
// need that.
func (d *document) locate() {
	if d.lines != nil {
		return
	}
	d.paths = paths(d.places)
	d.lines = make(map[string]int, len(d.places))
	for i, p := range d.places {
		d.lines[d.paths[i]] = d.before + p.line
	}
}

// line is the line in the file of a field, or of the nearest known one above.
func (d *document) line(path string) int {
	if path == "" || d.json == nil {
		return d.origin.Line
	}
	d.locate()
	object := model.Object{Origin: d.origin, Lines: d.lines}
	return object.Line(path)
}

// pathAt is the field whose JSON a decoder was reading when it stopped at an
// offset.
func (d *document) pathAt(offset int64) string {
	d.locate()
	i := sort.Search(len(d.places), func(i int) bool { return int64(d.places[i].start) >= offset })
	if i == 0 {
		return ""
	}
	return d.paths[i-1]
}

// forget lets go of one of very many documents, once it is read: what is said of
// it later is said of its first line.
func (d *document) forget() {
	if d.ofMany && d.json != nil {
		sum := sha256.Sum256(d.json)
		d.sum, d.json, d.meta = &sum, nil, metadata{}
		d.places, d.paths, d.lines = nil, nil, nil
	}
}

// same says whether two documents hold the same. Of those that are forgotten, only
// what is written alike is known to be.
func (d *document) same(other *document) bool {
	if d.sum == nil && other.sum == nil {
		var left, right any
		return json.Unmarshal(d.json, &left) == nil && json.Unmarshal(other.json, &right) == nil && reflect.DeepEqual(left, right)
	}
	return d.fingerprint() == other.fingerprint()
}

func (d *document) fingerprint() [sha256.Size]byte {
	if d.sum != nil {
		return *d.sum
	}
	return sha256.Sum256(d.json)
}

// object is the document kept as it was written.
func (d *document) object() *model.Object {
	return &model.Object{Origin: d.origin, APIVersion: d.apiVersion, JSON: d.json}
}

// located is the document kept as it was written, with the line of each field.
func (d *document) located() *model.Object {
	d.locate()
	object := d.object()
	object.Lines = d.lines
	return object
}
