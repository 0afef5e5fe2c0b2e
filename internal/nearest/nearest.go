// Package nearest guesses what a mistyped word was meant to be, so that an
// error can say "did you mean".
package nearest

import (
	"slices"
	"strings"
)

// Word gives the candidate that is the fewest edits away from word, the first
// of equals, or "" if none is near. Case does not count.
func Word(word string, candidates []string) string {
	if found := Words(word, candidates, 1); len(found) > 0 {
		return found[0]
	}
	return ""
}

// longest is where a word stops being a mistyped one: nothing that people name
// is longer, and comparing takes time that grows with the length.
const longest = 256

// Words gives up to n candidates that are near to word, nearest
// first, equals in the order given.
func Words(word string, candidates []string, n int) []string {
	type scored struct {
		candidate string
		distance  int
	}
	if len(word) > longest {
		return []string{}
	}
	limit := 2 + len(word)/4
	var near []scored
	for _, candidate := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(candidate))
		if d < limit && d < len(candidate) {
			near = append(near, scored{candidate, d})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int { return a.distance - b.distance })
	out := make([]string, 0, n)
	for _, s := range near[:min(n, len(near))] {
		out = append(out, s.candidate)
	}
	return out
}

// distance is the Levenshtein distance between a and b, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
