package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// mostNamespaces is where a table of namespaces stops being a help.
const mostNamespaces = 60

// overview is a table of namespaces, with numbers for heads: the rows have the
// same.
func (t matrixText) overview() {
	names := t.namespaces()
	if len(names) < 3 || len(names) > mostNamespaces {
		return
	}
	for _, line := range fill(strings.Fields(overviewLegend), " ", t.width) {
		t.line(line)
	}
	for _, block := range blocks(t.overviewRows(names), t.width) {
		t.blank()
		for _, line := range alignBy(block, " ") {
			t.line(line)
		}
	}
	t.blank()
}

const overviewLegend = "From namespace to namespace (the heads are the numbers of the rows): " +
	"✓ all allowed, ✗ none, else how many are, mixed ones too; ? where some are undetermined."

// namespaces are those of sources and destinations, "" for what is in none.
func (t matrixText) namespaces() []string {
	var names []string
	for _, r := range t.rows {
		names = append(names, r.namespace)
	}
	for _, c := range t.columns {
		names = append(names, c.namespace)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if names[0] == "" {
		names = append(names[1:], "")
	}
	return names
}

// overviewRows has a number and a name in front of each row.
func (t matrixText) overviewRows(names []string) [][]string {
	head := []string{"", ""}
	for i, to := range names {
		if slices.ContainsFunc(t.columns, func(c viewColumn) bool { return c.namespace == to }) {
			head = append(head, strconv.Itoa(i+1))
		}
	}
	rows := [][]string{head}
	for i, from := range names {
		if !slices.ContainsFunc(t.rows, func(r viewRow) bool { return r.namespace == from }) {
			continue
		}
		row := []string{fmt.Sprintf("%2d", i+1), namespaceTitle(from)}
		for _, to := range names {
			if c := t.reachTally(from, to); c.all > 0 {
				row = append(row, t.tallied(c))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// reachTally counts the cells from one namespace to another.
type reachTally struct{ all, open, denied, undetermined int }

func (t matrixText) reachTally(from, to string) reachTally {
	var c reachTally
	for _, r := range t.rows {
		if r.namespace != from {
			continue
		}
		for j, column := range t.columns {
			if column.namespace == to {
				c.add(r.cells[j].Verdict, len(r.names))
			}
		}
	}
	return c
}

func (c *reachTally) add(v model.Verdict, times int) {
	c.all += times
	switch v {
	case model.Denied:
		c.denied += times
	case model.Undetermined:
		c.undetermined += times
	default:
		c.open += times
	}
	if v == model.Mixed {
		c.denied += times
	}
}

func (t matrixText) tallied(c reachTally) string {
	switch {
	case c.undetermined > 0 && c.open > 0:
		return t.paint(yellow, fmt.Sprintf("%d?", c.open))
	case c.undetermined > 0:
		return t.mark(model.Undetermined)
	case c.denied == 0:
		return t.mark(model.Allowed)
	case c.open == 0:
		return t.mark(model.Denied)
	}
	return strconv.Itoa(c.open)
}

// blocks cuts a table that is too wide into several under each other, each with
// the first two columns.
func blocks(rows [][]string, width int) [][][]string {
	const names = 2
	var widths []int
	for i := range rows[0] {
		widest := slices.MaxFunc(rows, func(a, b []string) int { return columns(a[i]) - columns(b[i]) })
		widths = append(widths, columns(widest[i])+1)
	}
	left := widths[0] + widths[1]
	var out [][][]string
	for start := names; start < len(rows[0]); {
		end, used := start, left
		for end < len(rows[0]) && (end == start || used+widths[end] <= width) {
			used += widths[end]
			end++
		}
		var block [][]string
		for _, row := range rows {
			block = append(block, slices.Concat(row[:names], row[start:end]))
		}
		out = append(out, block)
		start = end
	}
	return out
}
