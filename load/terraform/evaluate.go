package terraform

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/netsim-dev/netsim/model"
)

// value is what an expression comes to, as far as the files decide it. What is
// wrong with it is an Issue, and then it is unknown.
func (p place) value() cty.Value {
	context := &hcl.EvalContext{Functions: p.m.functions(), Variables: map[string]cty.Value{}}
	cost := 0
	for _, t := range p.expr.Variables() {
		cost += p.m.bind(context.Variables, t, p.own)
	}
	if tooDear(p.expr, cost) {
		p.m.report(model.Error, p.at, "the expression would come to more than netsim works out", "write it out in plain")
		return cty.DynamicVal
	}
	for name, v := range p.own {
		context.Variables[name] = v
	}
	value, problems := p.expr.Value(context)
	p.m.reportAll(p.at, problems)
	if problems.HasErrors() {
		return cty.DynamicVal
	}
	value, _ = value.UnmarkDeep()
	return value
}

// bind gives the context what a traversal needs, and tells how large that is.
func (m *module) bind(into map[string]cty.Value, t hcl.Traversal, own map[string]cty.Value) int {
	root, name := t.RootName(), attribute(t, 1)
	if _, mine := own[root]; mine {
		return weight(own[root], 0)
	}
	switch root {
	case "local":
		l := m.locals[name]
		if name == "" || l == nil {
			into[root] = withAttribute(into[root], "", cty.DynamicVal)
			return 0
		}
		v := m.settle(l)
		into[root] = withAttribute(into[root], name, v)
		return weight(v, 0)
	case "var":
		v := m.variable(name)
		into[root] = withAttribute(into[root], name, v)
		return weight(v, 0)
	case "path":
		at := cty.StringVal(m.dir)
		into[root] = cty.ObjectVal(map[string]cty.Value{"module": at, "root": at, "cwd": cty.StringVal(".")})
	default:
		into[root] = cty.DynamicVal
	}
	return 0
}

func withAttribute(object cty.Value, name string, v cty.Value) cty.Value {
	fields := map[string]cty.Value{}
	if object != cty.NilVal {
		fields = object.AsValueMap()
	}
	if fields == nil {
		fields = map[string]cty.Value{}
	}
	if name != "" {
		fields[name] = v
	}
	return cty.ObjectVal(fields)
}

// variable is the value of a variable, unknown where no file gives it.
func (m *module) variable(name string) cty.Value {
	at, given := m.giver(name)
	if !given {
		return cty.DynamicVal
	}
	l := m.values[name]
	if l == nil {
		l = &local{place: at}
		m.values[name] = l
		given := m.settle(l)
		l.value = m.typed(name, at, given)
		l.changed = given.IsWhollyKnown() && l.value.IsWhollyKnown() && text(given) != text(l.value)
	}
	return m.settle(l)
}

// text is a value that is known, to compare it.
func text(v cty.Value) string {
	out, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return ""
	}
	return string(out)
}

// typed is a value as the type of its variable makes it: a list becomes a set, a
// text a number.
func (m *module) typed(name string, at place, v cty.Value) cty.Value {
	block := m.variables[name]
	if block == nil || block.Body.Attributes["type"] == nil {
		return v
	}
	wanted, defaults, problems := typeexpr.TypeConstraintWithDefaults(block.Body.Attributes["type"].Expr)
	if problems.HasErrors() {
		m.reportAll(startOf(block.TypeRange), problems)
		return v
	}
	if defaults != nil {
		v = defaults.Apply(v)
	}
	converted, err := convert.Convert(v, wanted)
	if err != nil {
		m.report(model.Error, at.at, "the value of var."+name+" is not of its type: "+err.Error(), "correct it (terraform validate): what hangs on it is left out")
		return cty.DynamicVal
	}
	return converted
}

// settle works a local out, once. One that hangs on itself is unknown.
func (m *module) settle(l *local) cty.Value {
	switch l.state {
	case done:
		return l.value
	case running:
		m.report(model.Error, l.place.at, "the value hangs on itself", "break the circle")
		return cty.DynamicVal
	}
	l.state = running
	l.value = l.place.value()
	if weight(l.value, 0) > maxWeight {
		m.report(model.Error, l.place.at, "the value is larger than netsim works out", "write it out in plain")
		l.value = cty.DynamicVal
	}
	l.state = done
	return l.value
}

// maxWeight bounds a value, in bytes and elements; maxWork what an expression is
// made of, counted as often as it is used.
const (
	maxWeight = 4 << 20
	maxWork   = 16 << 20
)

// weight is how much memory a value is, roughly.
func weight(v cty.Value, depth int) int {
	switch {
	case !v.IsKnown() || v.IsNull() || depth > maxNesting:
		return 1
	case v.Type() == cty.String:
		return 1 + len(v.AsString())
	case !v.CanIterateElements():
		return 1
	}
	sum := 1
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		sum += weight(element, depth+1)
	}
	return sum
}

// tooDear says whether an expression is too much work: each loop in it goes over
// what the others have made.
func tooDear(expr hclsyntax.Expression, cost int) bool {
	work := max(cost, 1)
	span := expr.Range()
	size := span.End.Byte - span.Start.Byte
	_ = hclsyntax.VisitAll(expr, func(n hclsyntax.Node) hcl.Diagnostics {
		if _, loop := n.(*hclsyntax.ForExpr); loop && work <= maxWork {
			work *= max(cost+size, 1)
		}
		return nil
	})
	return work > maxWork
}

// missing are the things outside of the files that an expression hangs on, by
// the names that Terraform has for them.
func (p place) missing() []string {
	var out []string
	p.addMissing(&out, map[string]bool{})
	slices.Sort(out)
	return slices.Compact(out)
}

func (p place) addMissing(out *[]string, seen map[string]bool) {
	for _, t := range p.expr.Variables() {
		name := t.RootName() + "." + attribute(t, 1)
		_, mine := p.own[t.RootName()]
		key := p.m.dir + " " + name
		if mine || seen[key] {
			continue
		}
		seen[key] = true
		to, found := p.traverse(t[:min(len(t), 2)])
		switch {
		case found:
			to.addMissing(out, seen)
		case t.RootName() != "path":
			*out = append(*out, strings.TrimSuffix(name, "."))
		}
	}
}

// unknown reports what the files do not decide.
func (p *project) unknown(at place, consequence string) {
	missing := strings.Join(at.missing(), ", ")
	if missing == "" {
		return // what is wrong with it has been told
	}
	p.report(model.Error, at.at, missing+" has no value in these files: "+consequence, "give a variable its value with --tfvars FILE or a default; write out what is of a data source or a resource")
}
