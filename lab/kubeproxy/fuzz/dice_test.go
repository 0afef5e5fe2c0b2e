package fuzz

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// dice make up clusters: the same seed, the same clusters.
type dice struct{ *rand.Rand }

func newDice(seed, configuration uint64) dice {
	return dice{rand.New(rand.NewPCG(seed, configuration))}
}

// oneIn is true once in n times.
func (d dice) oneIn(n int) bool { return d.IntN(n) == 0 }

// between is a number from low to high, both included.
func (d dice) between(low, high int) int { return low + d.IntN(high-low+1) }

func pick[T any](d dice, all []T) T { return all[d.IntN(len(all))] }

// some are n of all, or all of them, in their order.
func some[T any](d dice, n int, all []T) []T {
	chosen := d.Perm(len(all))[:min(n, len(all))]
	slices.Sort(chosen)
	var found []T
	for _, i := range chosen {
		found = append(found, all[i])
	}
	return found
}

// tally counts what came up, so that a run can show that it was about all that
// it says.
type tally map[string]int

func (t tally) add(what string) { t[what]++ }

func (t tally) addIf(condition bool, what string) {
	if condition {
		t[what]++
	}
}

// missing are the wanted things that never came up.
func (t tally) missing(wanted []string) []string {
	return slices.DeleteFunc(slices.Clone(wanted), func(what string) bool { return t[what] > 0 })
}

func (t tally) lines(wanted []string) string {
	var text strings.Builder
	for _, what := range wanted {
		fmt.Fprintf(&text, "%9d  %s\n", t[what], what)
	}
	return text.String()
}
