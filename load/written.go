package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// Written gives an object as a text of JSON, a value a line, and for each line
// the line where it was written: at says that of a field, by its path as in
// model.Object.
func Written(object map[string]any, at func(path string) int) (text []byte, lines []int) {
	w := &writer{at: at}
	w.value(object, "", 0)
	w.line("")
	return w.text.Bytes(), w.lines
}

type writer struct {
	text  bytes.Buffer
	lines []int
	at    func(path string) int
}

// line ends a line that begins with the field at path.
func (w *writer) line(path string) {
	w.text.WriteByte('\n')
	w.lines = append(w.lines, w.at(path))
}

func (w *writer) value(value any, path string, depth int) {
	switch v := value.(type) {
	case map[string]any:
		w.all("{", "}", path, depth, len(v), func() {
			comma := ""
			for _, key := range slices.Sorted(maps.Keys(v)) {
				below := strings.TrimPrefix(path+"."+key, ".")
				w.start(comma, depth+1)
				w.scalar(key)
				w.text.WriteString(": ")
				w.value(v[key], below, depth+1)
				w.line(below)
				comma = ","
			}
		})
	case []any:
		w.all("[", "]", path, depth, len(v), func() {
			comma := ""
			for i, item := range v {
				below := fmt.Sprintf("%s[%d]", path, i)
				w.start(comma, depth+1)
				w.value(item, below, depth+1)
				w.line(below)
				comma = ","
			}
		})
	default:
		w.scalar(v)
	}
}

// all writes what is between two brackets, on lines of its own.
func (w *writer) all(open, end, path string, depth, count int, content func()) {
	w.text.WriteString(open)
	if count > 0 {
		w.line(path)
		content()
		w.start("", depth)
	}
	w.text.WriteString(end)
}

// start begins a line. A comma stands there, since the line before has ended.
func (w *writer) start(comma string, depth int) {
	w.text.WriteString(strings.Repeat(" ", min(depth, maxIndent)))
	w.text.WriteString(comma)
}

// maxIndent keeps the text of a deep value small.
const maxIndent = 40

func (w *writer) scalar(value any) {
	text, err := json.Marshal(value)
	if err != nil {
		text = []byte("null")
	}
	w.text.Write(text)
}

// Over is a file that puts a changed object in the place of one that is loaded. By
// names what changed it, for Origins.
func Over(o *model.Object, changed map[string]any, by string) File {
	text, lines := Written(changed, o.Line)
	via := by
	if o.Origin.Via != "" {
		via = o.Origin.Via + ", " + by
	}
	if o.Origin.File == by {
		via = "" // it comes of nothing else
	}
	return File{Name: o.Origin.File, Data: text, Replaces: true, Rendered: &Rendered{Via: via, Lines: lines, Namespace: o.Origin.Namespace}}
}
