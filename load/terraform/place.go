package terraform

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// place is an expression where somebody wrote it.
type place struct {
	m    *module
	expr hclsyntax.Expression
	// at is where the reader looks for it: the line of its key.
	at position
	// own are names that hold here alone: each, count, or a template's.
	own map[string]cty.Value
}

// in is another expression with the same names.
func (p place) in(expr hclsyntax.Expression) place {
	return place{p.m, expr, startOf(expr.StartRange()), p.own}
}

// maxFollowed bounds how often one thing stands for another.
const maxFollowed = 100

// follow goes from what stands for a value (a local, a variable, a condition that
// is decided) to where the value is written. It keeps the position of a key.
func (p place) follow() place {
	for range maxFollowed {
		next, moved := p.step()
		if !moved {
			return p
		}
		p = next
	}
	return p
}

func (p place) step() (place, bool) {
	switch e := p.expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return p.in(e.Expression), true
	case *hclsyntax.TemplateWrapExpr:
		return p.in(e.Wrapped), true
	case *hclsyntax.ScopeTraversalExpr:
		return p.traverse(e.Traversal)
	case *hclsyntax.ConditionalExpr:
		switch condition := p.in(e.Condition).value(); {
		case !condition.IsKnown() || condition.IsNull() || condition.Type() != cty.Bool:
			return p, false
		case condition.True():
			return p.in(e.TrueResult), true
		default:
			return p.in(e.FalseResult), true
		}
	}
	return p, false
}

// traverse follows local.a.b and var.a.b.
func (p place) traverse(t hcl.Traversal) (place, bool) {
	name := attribute(t, 1)
	if name == "" || p.own[t.RootName()] != cty.NilVal {
		return p, false
	}
	to, found := place{}, false
	switch t.RootName() {
	case "local":
		if l := p.m.locals[name]; l != nil {
			to, found = l.place, true
		}
	case "var":
		if to, found = p.m.giver(name); found {
			p.m.variable(name)
			found = !p.m.values[name].changed
		}
	}
	for i := 2; found && i < len(t); i++ {
		key := attribute(t, i)
		if key == "" {
			return p, false
		}
		to = to.child(key)
	}
	return to, found
}

// attribute is the name at a step of a traversal, "" for none.
func attribute(t hcl.Traversal, i int) string {
	if i >= len(t) {
		return ""
	}
	switch step := t[i].(type) {
	case hcl.TraverseAttr:
		return step.Name
	case hcl.TraverseIndex:
		if isText(step.Key) {
			return step.Key.AsString()
		}
	}
	return ""
}

// child is where the value of a key is written; where that cannot be told it is
// found by HCL, and stands where the whole does.
func (p place) child(key string) place {
	from := p.follow()
	switch e := from.expr.(type) {
	case *hclsyntax.ObjectConsExpr:
		for i := len(e.Items) - 1; i >= 0; i-- {
			if name := from.in(e.Items[i].KeyExpr).value(); isText(name) && name.AsString() == key {
				found := from.in(e.Items[i].ValueExpr)
				found.at = startOf(e.Items[i].KeyExpr.Range())
				return found
			}
		}
	case *hclsyntax.FunctionCallExpr:
		for i := len(e.Args) - 1; e.Name == "merge" && !e.ExpandFinal && i >= 0; i-- {
			if has(from.in(e.Args[i]).value(), key) {
				return from.in(e.Args[i]).child(key)
			}
		}
	}
	span := from.expr.Range()
	return place{from.m, &hclsyntax.IndexExpr{Collection: from.expr, Key: &hclsyntax.LiteralValueExpr{Val: cty.StringVal(key), SrcRange: span}, SrcRange: span, OpenRange: span, BracketRange: span}, from.at, from.own}
}

func has(v cty.Value, key string) bool {
	switch {
	case !v.IsKnown() || v.IsNull():
		return false
	case v.Type().IsObjectType():
		return v.Type().HasAttribute(key)
	case v.Type().IsMapType():
		return v.HasIndex(cty.StringVal(key)).True()
	}
	return false
}

// items are the places of a list's elements, false where it is not written out.
func (p place) items() ([]place, bool) {
	from := p.follow()
	list, is := from.expr.(*hclsyntax.TupleConsExpr)
	if !is {
		return nil, false
	}
	var out []place
	for _, e := range list.Exprs {
		out = append(out, from.in(e))
	}
	return out, true
}

func isText(v cty.Value) bool { return v.Type() == cty.String && v.IsKnown() && !v.IsNull() }
