package terraform

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// written is a text that knows where each of its lines was written.
type written struct {
	text strings.Builder
	at   []position
	// doubts are what the files do not decide, each where it stands; the text
	// holds a mark instead.
	doubts []place
}

// The marks around what stands for something unknown: two letters that nobody
// has a use for.
const markBegin, markEnd = "\uE000", "\uE001"

func isMarked(text string) bool { return strings.Contains(text, markBegin) }

// plain writes the marks as Terraform writes what they stand for.
func plain(text string) string {
	return strings.NewReplacer(markBegin, "${", markEnd, "}").Replace(text)
}

// add appends a text. step is 1 where its lines are those of a file, 0 where all
// of it is from one line.
func (w *written) add(text string, at position, step int) {
	for i, line := range strings.SplitAfter(text, "\n") {
		if line == "" {
			continue
		}
		if w.text.Len() == 0 || strings.HasSuffix(w.text.String(), "\n") {
			w.at = append(w.at, position{at.file, at.line + i*step})
		}
		w.text.WriteString(line)
	}
}

// doubt puts a mark where the files decide nothing.
func (w *written) doubt(p place) string {
	w.doubts = append(w.doubts, p)
	return markBegin + cmp.Or(strings.Join(p.missing(), " "), "no value") + markEnd
}

// line is where a line of the text was written.
func (w *written) line(number int) position {
	if len(w.at) == 0 {
		return position{}
	}
	return w.at[min(max(number, 1), len(w.at))-1]
}

// text is what an expression for a text comes to.
func (p place) text() *written {
	w := &written{}
	w.write(p)
	return w
}

func (w *written) write(p place) {
	from := p.follow()
	switch e := from.expr.(type) {
	case *hclsyntax.TemplateExpr:
		for _, part := range e.Parts {
			w.part(from.in(part))
		}
		return
	case *hclsyntax.FunctionCallExpr:
		if w.call(from, e) {
			return
		}
	}
	w.value(from)
}

// part is a piece of a template: letters, or something that is put in.
func (w *written) part(p place) {
	if letters, is := p.expr.(*hclsyntax.LiteralValueExpr); is && isText(letters.Val) {
		w.add(letters.Val.AsString(), p.at, 1)
		return
	}
	w.value(p)
}

// call follows the functions that make texts of files and values.
func (w *written) call(p place, e *hclsyntax.FunctionCallExpr) bool {
	switch {
	case (e.Name == "yamlencode" || e.Name == "jsonencode") && len(e.Args) == 1:
		w.encode(p.in(e.Args[0]), 0)
		return true
	case e.Name == "file" && len(e.Args) == 1:
		name := p.in(e.Args[0]).value()
		if !isText(name) {
			return false
		}
		text, err := p.m.fileText(name.AsString())
		if err != nil {
			return false
		}
		p.m.run.Claim(p.m.fileName(name.AsString()))
		w.add(text, position{p.m.fileName(name.AsString()), 1}, 1)
		return true
	case e.Name == "templatefile" && len(e.Args) == 2:
		name := p.in(e.Args[0]).value()
		if !isText(name) {
			return false
		}
		template, err := p.m.template(name.AsString(), p.in(e.Args[1]).value())
		if err != nil {
			return false
		}
		p.m.run.Claim(p.m.fileName(name.AsString()))
		before := len(w.doubts)
		w.write(template)
		if len(w.doubts) > before { // what is missing is named where the template is used
			w.doubts = append(w.doubts[:before], p)
		}
		return true
	}
	return false
}

// value writes what an expression comes to.
func (w *written) value(p place) {
	v := p.value()
	switch {
	case v.IsNull():
	case !v.IsWhollyKnown():
		w.add(w.doubt(p), p.at, 0)
	case v.Type().IsPrimitiveType():
		w.add(scalar(v), p.at, 0)
	}
}

// encode writes a value as YAML, each key on a line of its own.
func (w *written) encode(p place, depth int) {
	v := p.value()
	switch indent := strings.Repeat("  ", depth); {
	case depth > maxNesting:
		w.add(w.doubt(p)+"\n", p.at, 0)
	case v.IsKnown() && !v.IsNull() && (v.Type().IsObjectType() || v.Type().IsMapType()) && v.LengthInt() > 0:
		w.add("\n", p.at, 0)
		for _, key := range keysOf(v) {
			child := p.child(key)
			w.add(indent+quoted(key)+":", child.at, 0)
			w.encode(child, depth+1)
		}
	case v.IsKnown() && !v.IsNull() && v.CanIterateElements() && !v.Type().IsObjectType() && !v.Type().IsMapType() && v.LengthInt() > 0:
		w.add("\n", p.at, 0)
		w.list(p, v, depth)
	case !v.IsWhollyKnown():
		w.add(" "+quoted(w.doubt(p))+"\n", p.at, 0)
	default:
		w.add(" "+leaf(v)+"\n", p.at, 0)
	}
}

func (w *written) list(p place, v cty.Value, depth int) {
	indent := strings.Repeat("  ", depth)
	items, found := p.items()
	for i, element := range v.AsValueSlice() {
		child := place{p.m, &hclsyntax.LiteralValueExpr{Val: element, SrcRange: p.expr.Range()}, p.at, p.own}
		if found && i < len(items) {
			child = items[i]
		}
		w.add(indent+"-", child.at, 0)
		w.encode(child, depth+1)
	}
}

func keysOf(v cty.Value) []string {
	var keys []string
	for it := v.ElementIterator(); it.Next(); {
		key, _ := it.Element()
		keys = append(keys, key.AsString())
	}
	slices.Sort(keys)
	return keys
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(out)
}

// leaf is a value without anything below it, as JSON.
func leaf(v cty.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case v.Type() == cty.String:
		return quoted(v.AsString())
	case v.Type().IsPrimitiveType():
		return scalar(v)
	case v.Type().IsObjectType() || v.Type().IsMapType():
		return "{}"
	default:
		return "[]"
	}
}

// scalar is a string, number or bool as Terraform puts it into a text.
func scalar(v cty.Value) string {
	switch v.Type() {
	case cty.String:
		return v.AsString()
	case cty.Bool:
		if v.True() {
			return "true"
		}
		return "false"
	default:
		return v.AsBigFloat().Text('f', -1)
	}
}
