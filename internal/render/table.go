package render

import "strings"

// gap is what kubectl puts between the columns of a table.
const gap = "   "

// align pads the cells of each column to the same width, two spaces between.
func align(rows [][]string) []string { return alignBy(rows, "  ") }

func alignBy(rows [][]string, sep string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	lines := make([]string, len(rows))
	for r, row := range rows {
		var cells []string
		for i, cell := range row {
			if widths[i] > 0 {
				cells = append(cells, pad(cell, widths[i]))
			}
		}
		lines[r] = strings.TrimRight(strings.Join(cells, sep), " ")
	}
	return lines
}
