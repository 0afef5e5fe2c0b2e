package render

import (
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Matrix writes the rows of a matrix as text: one table where that fits into
// the width, else a table of namespaces and, for each source, lists of what it
// reaches. Its error is the writer's.
func Matrix(w io.Writer, m *sim.Matrix, rows iter.Seq[sim.MatrixRow], opt TextOptions) error {
	p := newPage(opt)
	t := matrixText{p, newMatrixView(m, rows)}
	t.headline()
	p.caveat(m.Issues, leftOut)
	p.blank()
	if table := t.table(); fits(table, p.width) {
		for _, line := range table {
			p.line(line)
		}
	} else {
		t.overview()
		t.lists()
	}
	p.blank()
	p.unready(m.Unready)
	p.datapath(m.Datapath)
	p.prose("why", "netsim query FROM TO explains a cell")
	_, err := io.WriteString(w, p.text.String())
	return err
}

func fits(lines []string, width int) bool {
	return !slices.ContainsFunc(lines, func(line string) bool { return columns(line) > width })
}

// leftOut goes with the number of errors in the files.
const leftOut = "in the files: something that you wrote is left out of this; netsim list issues shows it"

type matrixText struct {
	*page
	*matrixView
}

// headline counts the cells, and is the legend of the signs.
func (t matrixText) headline() {
	count := map[model.Verdict]int{}
	for o, n := range t.cells {
		count[o.Verdict] += n
	}
	meaning := map[model.Verdict]string{model.Mixed: "mixed (some pods, nodes or backends)", model.Undetermined: "undetermined"}
	pieces := []string{t.paint(bold, fmt.Sprintf("%s × %s:", plural(t.sources, "source"), plural(t.destinations, "destination")))}
	for _, v := range []model.Verdict{model.Allowed, model.Denied, model.Mixed, model.Undetermined} {
		if count[v] == 0 {
			continue
		}
		words := meaning[v]
		if words == "" {
			words = v.String()
		}
		pieces = append(pieces, fmt.Sprintf("%s %d %s,", t.mark(v), count[v], words))
	}
	pieces[len(pieces)-1] = strings.TrimSuffix(pieces[len(pieces)-1], ",")
	for _, line := range fill(pieces, " ", t.width) {
		t.line(line)
	}
	for _, text := range t.demandLegend() {
		for _, line := range fill(strings.Fields(text), " ", t.width) {
			t.line(line)
		}
	}
}

// demandLegend explains the marks that occur.
func (v *matrixView) demandLegend() []string {
	var out []string
	all := slices.Collect(maps.Keys(v.cells))
	if slices.ContainsFunc(all, func(o sim.Outcome) bool { return o.L7 }) {
		out = append(out, "L7: a proxy lets only some requests through")
	}
	if slices.ContainsFunc(all, func(o sim.Outcome) bool { return o.Auth }) {
		out = append(out, "auth: mutual authentication is demanded, and the verdict counts it")
	}
	return out
}

func (p *page) sign(o sim.Outcome) string {
	return strings.TrimSpace(p.mark(o.Verdict) + " " + p.paint(looks[o.Verdict].style, demands(o)))
}

// table is the whole matrix: a line a source, with equal columns as one whose
// heads stand above each other.
func (t matrixText) table() []string {
	groups := t.columnGroups()
	rows := t.heads(groups)
	namespace := noNamespaceYet
	for _, r := range t.rows {
		if r.namespace != namespace {
			namespace = r.namespace
			rows = append(rows, []string{t.paint(bold, namespaceTitle(namespace))})
		}
		for i, name := range r.names {
			line := []string{"  " + name}
			for _, g := range groups {
				if i == 0 {
					line = append(line, t.sign(r.cells[g.columns[0]]))
				}
			}
			rows = append(rows, line)
		}
	}
	return alignBy(rows, "  ")
}

// heads are the lines above the columns: the namespace, then the names, the last
// ones next to the signs.
func (t matrixText) heads(groups []columnGroup) [][]string {
	height := 0
	for _, g := range groups {
		height = max(height, len(g.columns))
	}
	rows := make([][]string, height+1)
	for i := range rows {
		rows[i] = []string{""}
	}
	for i, g := range groups {
		title := t.paint(bold, g.namespace)
		if i > 0 && groups[i-1].namespace == g.namespace {
			title = ""
		}
		rows[0] = append(rows[0], title)
		for line := range height {
			name := ""
			if k := line - (height - len(g.columns)); k >= 0 {
				name = t.columns[g.columns[k]].name()
			}
			rows[line+1] = append(rows[line+1], name)
		}
	}
	if !slices.ContainsFunc(rows[0], func(cell string) bool { return cell != "" }) {
		return rows[1:]
	}
	return rows
}

// noNamespaceYet is the namespace of no row.
const noNamespaceYet = "\x00"

// lists tells row by row what is reached.
func (t matrixText) lists() {
	namespace := noNamespaceYet
	for _, r := range t.rows {
		if r.namespace != namespace {
			if namespace != noNamespaceYet {
				t.blank()
			}
			namespace = r.namespace
			t.line(t.paint(bold, namespaceTitle(namespace)))
		}
		for _, line := range fill(listed(r.names), " ", t.width-2) {
			t.line("  " + line)
		}
		for _, reach := range t.reaches(r) {
			sign := t.sign(reach.outcome)
			for _, line := range fill(t.places(reach), " ", max(t.width-labelWidth, minText)) {
				t.line("    " + pad(sign, labelWidth-4) + line)
				sign = ""
			}
		}
	}
}

// namespaceTitle is the title above sources.
func namespaceTitle(namespace string) string {
	if namespace == "" {
		return "in no namespace"
	}
	return clean(namespace)
}
