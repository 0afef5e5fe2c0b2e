package render

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// matrixView is a matrix as people read it: by namespace, the nodes told as one,
// and sources of a namespace that reach the same in one row.
type matrixView struct {
	rows    []viewRow
	columns []viewColumn
	// cells counts those of the matrix itself.
	sources, destinations int
	cells                 map[sim.Outcome]int
}

type viewRow struct {
	namespace string
	names     []string
	cells     []sim.Outcome
}

// viewColumn is one destination, or the same port of all nodes.
type viewColumn struct{ namespace, object, port string }

func (c viewColumn) name() string { return c.object + prefixed(":", c.port) }

// newMatrixView reads all rows. Nodes are told one by one where only they were
// asked about.
func newMatrixView(m *sim.Matrix, rows iter.Seq[sim.MatrixRow]) *matrixView {
	v := &matrixView{sources: len(m.Sources), destinations: len(m.Destinations), cells: map[sim.Outcome]int{}}
	into := v.addColumns(m.Destinations)
	nodes := nodeCount(m.Sources, func(s sim.MatrixSource) string { return s.Ref })
	merged := map[string]int{}
	for row := range rows {
		cells := v.folded(row.Cells, into)
		name := relative(row.Source.Ref, row.Source.Namespace)
		key := row.Source.Namespace + "\n" + fmt.Sprint(cells)
		if nodes > 0 && isNode(row.Source.Ref) {
			key, name = "node", plural(nodes, "node")
		}
		i, known := merged[key]
		switch {
		case !known:
			merged[key] = len(v.rows)
			v.rows = append(v.rows, viewRow{row.Source.Namespace, []string{name}, cells})
		case key == "node":
			for j := range cells {
				v.rows[i].cells[j] = either(v.rows[i].cells[j], cells[j])
			}
		default:
			v.rows[i].names = append(v.rows[i].names, name)
		}
	}
	return v
}

func isNode(ref string) bool { return strings.HasPrefix(ref, "node/") }

// nodeCount is how many nodes are told as one: 0 where there is but one, or
// nothing else.
func nodeCount[T any](all []T, ref func(T) string) int {
	count, others := 0, 0
	for _, one := range all {
		if isNode(ref(one)) {
			count++
		} else {
			others++
		}
	}
	if count < 2 || others == 0 {
		return 0
	}
	return count
}

// relative is a reference without the namespace under which it is shown.
func relative(ref, namespace string) string {
	return clean(strings.TrimPrefix(ref, namespace+"/"))
}

// addColumns gives for each destination the column that it is in.
func (v *matrixView) addColumns(destinations []sim.MatrixDestination) []int {
	nodes := map[string]int{}
	for _, d := range destinations {
		if isNode(d.Ref) {
			_, port := splitRef(d.Ref)
			nodes[port]++
		}
	}
	together := nodeCount(destinations, func(d sim.MatrixDestination) string { return d.Ref }) > 0
	at := map[viewColumn]int{}
	into := make([]int, len(destinations))
	for i, d := range destinations {
		object, port := splitRef(relative(d.Ref, d.Namespace))
		if together && isNode(d.Ref) && nodes[port] > 1 {
			object = plural(nodes[port], "node")
		}
		c := viewColumn{clean(d.Namespace), object, port}
		if _, known := at[c]; !known {
			at[c] = len(v.columns)
			v.columns = append(v.columns, c)
		}
		into[i] = at[c]
	}
	return into
}

// splitRef cuts the port off a destination.
func splitRef(ref string) (object, port string) {
	object, port, _ = strings.Cut(ref, ":")
	return object, port
}

func (v *matrixView) folded(cells []sim.Outcome, into []int) []sim.Outcome {
	out := make([]sim.Outcome, len(v.columns))
	known := make([]bool, len(v.columns))
	for i, cell := range cells {
		v.cells[cell]++
		if j := into[i]; known[j] {
			out[j] = either(out[j], cell)
		} else {
			out[j], known[j] = cell, true
		}
	}
	return out
}

// either is what holds for one or the other.
func either(a, b sim.Outcome) sim.Outcome {
	return sim.Outcome{Verdict: model.Paths(a.Verdict, b.Verdict), Auth: a.Auth || b.Auth, L7: a.L7 || b.L7}
}

// columnGroup is neighbouring or other columns of a namespace that are equal in
// every row.
type columnGroup struct {
	namespace string
	columns   []int
}

func (v *matrixView) columnGroups() []columnGroup {
	var out []columnGroup
	at := map[string]int{}
	for j, c := range v.columns {
		key := []any{c.namespace}
		for _, r := range v.rows {
			key = append(key, r.cells[j])
		}
		text := fmt.Sprint(key...)
		i, known := at[text]
		if !known {
			i = len(out)
			at[text] = i
			out = append(out, columnGroup{namespace: c.namespace})
		}
		out[i].columns = append(out[i].columns, j)
	}
	return out
}

// names are those of columns of one namespace: the ports of an object together,
// as in svc/kube-dns:53,53/UDP.
func (v *matrixView) names(columns []int) []string {
	var out []string
	last := ""
	for _, j := range columns {
		c := v.columns[j]
		switch {
		case c.object == last:
			out[len(out)-1] += "," + c.port
		default:
			out = append(out, c.name())
		}
		last = c.object
	}
	return out
}

// reach is the columns of a row that have one outcome.
type reach struct {
	outcome sim.Outcome
	columns []int
	// rest is true where it is told as "all others".
	rest bool
}

// fewest is how many columns are worth "all others".
const fewest = 6

// reaches are a row's columns by outcome, what is allowed first.
func (v *matrixView) reaches(row viewRow) []reach {
	at := map[sim.Outcome]int{}
	var out []reach
	for j, o := range row.cells {
		i, known := at[o]
		if !known {
			i = len(out)
			at[o] = i
			out = append(out, reach{outcome: o})
		}
		out[i].columns = append(out[i].columns, j)
	}
	for i := range out {
		n := len(out[i].columns)
		out[i].rest = n >= fewest && 2*n > len(v.columns) && n < len(v.columns)
	}
	slices.SortFunc(out, func(a, b reach) int { return compareOutcomes(a.outcome, b.outcome) })
	return out
}

func compareOutcomes(a, b sim.Outcome) int {
	rank := map[model.Verdict]int{model.Allowed: 0, model.Mixed: 1, model.Undetermined: 2, model.Denied: 3}
	return cmp.Or(cmp.Compare(rank[a.Verdict], rank[b.Verdict]), strings.Compare(demands(a), demands(b)))
}

// demands are the marks of an outcome beside its verdict.
func demands(o sim.Outcome) string {
	var marks []string
	if o.Auth {
		marks = append(marks, "auth")
	}
	if o.L7 {
		marks = append(marks, "L7")
	}
	return strings.Join(marks, " ")
}

// places are columns as pieces of a list, by namespace; a namespace that is
// wholly there is counted.
func (v *matrixView) places(r reach) []string {
	if r.rest {
		return []string{fmt.Sprintf("all others (%d)", len(r.columns))}
	}
	if len(r.columns) == len(v.columns) {
		return []string{fmt.Sprintf("everything (%d)", len(r.columns))}
	}
	total := map[string]int{}
	for _, c := range v.columns {
		total[c.namespace]++
	}
	var out []string
	for _, g := range v.byNamespace(r.columns) {
		names := v.names(g.columns)
		if n := len(g.columns); n > 2 && n == total[g.namespace] && g.namespace != "" {
			names = []string{fmt.Sprintf("all %d", n)}
		}
		for i := range names[:len(names)-1] {
			names[i] += ","
		}
		names[0] = suffixed(g.namespace, ": ") + names[0]
		names[len(names)-1] += ";"
		out = append(out, names...)
	}
	out[len(out)-1] = strings.TrimSuffix(out[len(out)-1], ";")
	return out
}

func (v *matrixView) byNamespace(columns []int) []columnGroup {
	var out []columnGroup
	for _, j := range columns {
		namespace := v.columns[j].namespace
		if len(out) == 0 || out[len(out)-1].namespace != namespace {
			out = append(out, columnGroup{namespace: namespace})
		}
		out[len(out)-1].columns = append(out[len(out)-1].columns, j)
	}
	return out
}
