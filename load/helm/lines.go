package helm

import "strings"

// aligner finds the lines of a template that rendered lines came from.
type aligner struct {
	// parts are the stretches of the template between "---", and last is the
	// one that the document before came from.
	parts []stretch
	last  int
	// cells counts the work done for one template.
	cells int
}

// stretch is some lines of a template; before counts those above.
type stretch struct {
	before int
	lines  []string
}

func newAligner(template []byte) *aligner {
	a := &aligner{parts: []stretch{{}}, last: -1}
	number := 0
	for line := range strings.Lines(string(template)) {
		if number++; strings.HasPrefix(line, "---") {
			a.parts = append(a.parts, stretch{before: number})
			continue
		}
		part := &a.parts[len(a.parts)-1]
		part.lines = append(part.lines, strings.TrimSpace(line))
	}
	return a
}

// Bounds on the work for one document with one stretch, and for one template: what
// goes beyond is all at the first line.
const (
	maxCells    = 4_000_000
	maxAllCells = 40_000_000
)

// align gives the template's line for each line of a document. Of several
// stretches that fit as well, the next one after the last document's is taken. In a
// loop, the last document's own fits best again.
func (a *aligner) align(document string) []int {
	var rendered []string
	for line := range strings.Lines(document) {
		rendered = append(rendered, strings.TrimSpace(line))
	}
	best, found, last := -1, []int(nil), a.last
	for i := range a.parts {
		at := (a.last + 1 + i) % len(a.parts)
		cells := len(rendered) * len(a.parts[at].lines)
		if a.cells += cells; cells > maxCells || a.cells > maxAllCells {
			continue
		}
		if lines, score := a.parts[at].match(rendered); score > best {
			best, found, last = score, lines, at
		}
	}
	a.last = last
	if found == nil {
		return []int{1}
	}
	return found
}

// match pairs as many lines as it can, in order, and says how well they fit. A
// rendered line without a pair is at the line of the one before.
func (s stretch) match(rendered []string) (lines []int, score int) {
	n, m := len(rendered), len(s.lines)
	table := make([][]int32, n+1)
	for i := range table {
		table[i] = make([]int32, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			table[i][j] = max(table[i+1][j], table[i][j+1])
			if fit := alike(rendered[i], s.lines[j]); fit > 0 {
				table[i][j] = max(table[i][j], table[i+1][j+1]+fit)
			}
		}
	}
	lines = make([]int, n)
	i, j := 0, 0
	for i < n && j < m {
		fit := alike(rendered[i], s.lines[j])
		switch {
		case fit > 0 && table[i][j] == table[i+1][j+1]+fit:
			lines[i] = s.before + j + 1
			i, j = i+1, j+1
		case table[i][j] == table[i+1][j]:
			i++
		default:
			j++
		}
	}
	return carry(lines, s.before+1), int(table[0][0])
}

// carry fills the gaps.
func carry(lines []int, first int) []int {
	for _, line := range lines {
		if line > 0 {
			first = line
			break
		}
	}
	for i := range lines {
		if lines[i] == 0 {
			lines[i] = first
		}
		first = lines[i]
	}
	return lines
}

// alike says how well a rendered line fits one of the template: 3 if it is the
// same, 1 if it begins and ends as the template's does around its actions, 0 if
// not at all.
func alike(rendered, template string) int32 {
	if rendered == "" || template == "" {
		return 0
	}
	if rendered == template {
		return 3
	}
	before, _, action := strings.Cut(template, "{{")
	after := template[strings.LastIndex(template, "}}")+len("}}"):]
	if !action || before == "" || before == "- " || len(before)+len(after) > len(rendered) {
		return 0
	}
	if strings.HasPrefix(rendered, before) && strings.HasSuffix(rendered, after) {
		return 1
	}
	return 0
}
