package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

const legend = "\n* assigned: no file gives it, netsim filled it in as a cluster would\n"

// tables lays the rows of each resource out; titled ones have a line with a
// count above, and what there is none of is named at the end.
func tables(c *model.Cluster, chosen []resource, titled bool) string {
	var text []string
	var none []string
	for _, r := range chosen {
		rows := r.rows(c)
		if len(rows) == 0 {
			none = append(none, r.name)
			continue
		}
		title := ""
		if titled {
			title = fmt.Sprintf("%s (%d)\n", r.name, len(rows))
		}
		text = append(text, title+table(r, rows))
	}
	if len(none) > 0 {
		text = append(text, "none: "+strings.Join(none, ", ")+"\n")
	}
	out := strings.Join(text, "\n")
	if strings.Contains(out, star) {
		out += legend
	}
	return strings.ReplaceAll(out, star, "*")
}

// star marks an assigned value until the whole text is laid out: a character
// that clean takes out of every name, so that no name can be mistaken for it.
const star = "\x1a"

func table(r resource, rows []row) string {
	lines := [][]string{append(slices.Clone(r.columns), "FROM")}
	for _, row := range rows {
		lines = append(lines, append(slices.Clone(row.cells), from(row)))
	}
	return strings.Join(alignBy(lines, gap), "\n") + "\n"
}

func from(r row) string {
	at := clean(r.origin.Position())
	switch {
	case r.inferred != "":
		return "inferred from " + clean(r.inferred)
	case r.made && at != "":
		return "made from " + at
	case r.made || at == "":
		return "made"
	}
	return at
}

// starred is a cell, marked where the field behind it was assigned.
func starred(text string, assigned model.Assigned, field string) string {
	if text = orDash(text); text != dash && assigned[field] {
		return text + star
	}
	return text
}

const dash = "-"

func orDash(text string) string {
	if text = clean(text); text == "" {
		return dash
	}
	return text
}

// joined joins values with a comma, after turning each into text.
func joined[T any](values []T, text func(T) string) string {
	parts := make([]string, len(values))
	for i, value := range values {
		parts[i] = text(value)
	}
	return strings.Join(parts, ",")
}

func labelsText(labels model.Labels, skip ...string) string {
	var pairs []string
	for key, value := range labels {
		if !slices.Contains(skip, key) {
			pairs = append(pairs, key+"="+value)
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}
