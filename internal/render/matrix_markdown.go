package render

import (
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// widestMarkdown is how many columns a table in a comment may have.
const widestMarkdown = 8

// MatrixMarkdown writes a matrix for a comment: a table of signs where it has
// few columns, else one of lists. Its error is the writer's.
func MatrixMarkdown(w io.Writer, m *sim.Matrix, rows iter.Seq[sim.MatrixRow]) error {
	v := newMatrixView(m, rows)
	p := newPage(TextOptions{Width: MaxWidth})
	t := matrixText{p, v}
	t.headline()
	p.caveat(m.Issues, leftOut)
	p.blank()
	if groups := v.columnGroups(); len(groups) <= widestMarkdown {
		t.markdownTable(groups)
	} else {
		t.markdownLists()
	}
	p.markdownUnready(m.Unready)
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (t matrixText) markdownTable(groups []columnGroup) {
	heads := []string{"from"}
	for _, g := range groups {
		heads = append(heads, t.markdownNames(g.namespace, t.names(g.columns)))
	}
	t.markdownRow(heads)
	t.line("|---|" + strings.Repeat(":-:|", len(groups)))
	for _, r := range t.rows {
		cells := []string{t.markdownNames(r.namespace, r.names)}
		for _, g := range groups {
			cells = append(cells, t.sign(r.cells[g.columns[0]]))
		}
		t.markdownRow(cells)
	}
}

// markdownLists has a column for each verdict that there is.
func (t matrixText) markdownLists() {
	heads, rule := []string{"from"}, "|---|"
	var verdicts []model.Verdict
	for _, v := range []model.Verdict{model.Allowed, model.Mixed, model.Undetermined, model.Denied} {
		for o := range t.cells {
			if o.Verdict == v {
				verdicts, heads, rule = append(verdicts, v), append(heads, t.mark(v)+" "+v.String()), rule+"---|"
				break
			}
		}
	}
	t.markdownRow(heads)
	t.line(rule)
	for _, r := range t.rows {
		cells := []string{t.markdownNames(r.namespace, r.names)}
		for _, v := range verdicts {
			cells = append(cells, t.markdownReach(r, v))
		}
		t.markdownRow(cells)
	}
}

func (t matrixText) markdownReach(row viewRow, verdict model.Verdict) string {
	var parts []string
	for _, reach := range t.reaches(row) {
		if reach.outcome.Verdict != verdict {
			continue
		}
		text := escaped(strings.Join(t.places(reach), " "))
		if marks := demands(reach.outcome); marks != "" {
			text = fmt.Sprintf("%s: %s", marks, text)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "<br>")
}

// markdownNames are names in code, with their namespace.
func (t matrixText) markdownNames(namespace string, names []string) string {
	out := make([]string, len(names))
	for i, name := range listed(names) {
		out[i] = escaped(suffixed(namespace, "/") + strings.TrimSuffix(name, ","))
	}
	return strings.Join(out, "<br>")
}

func (t matrixText) markdownRow(cells []string) {
	t.line("| " + strings.Join(cells, " | ") + " |")
}

// escaped keeps what files name from being read as Markdown.
func escaped(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`).Replace(clean(text))
}

// markdownUnready is a list below the table.
func (p *page) markdownUnready(pods []sim.Unready) {
	for i, u := range pods {
		if i == 0 {
			p.blank()
		}
		p.line(fmt.Sprintf("- %s is predicted not to become ready: %s", markdownCell(u.Ref), markdownCell(u.Why)))
	}
}
