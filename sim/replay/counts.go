package replay

import (
	"cmp"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// counts are what a report is made from, and a report's counts merge.
type counts struct {
	classes [classes]*table[group]
	aside   *table[reason]
	absent  *table[absent]
	used    map[model.Origin]uint64
	lost    uint64
	// unreadable counts lines that are no flows; examples are the first of them.
	unreadable uint64
	examples   []Unread
}

func newCounts() counts {
	c := counts{aside: newTable[reason](maxReasons), absent: newTable[absent](maxAbsent), used: map[model.Origin]uint64{}}
	for i := range c.classes {
		c.classes[i] = newTable[group](maxGroups)
	}
	return c
}

func (c *counts) add(other counts) {
	for i, t := range other.classes {
		c.classes[i].add(t)
	}
	c.aside.add(other.aside)
	c.absent.add(other.absent)
	for rule, records := range other.used {
		c.used[rule] += records
	}
	c.lost += other.lost
	c.unreadable += other.unreadable
	c.keep(other.examples...)
}

// Unread is a line that is no flow.
type Unread struct {
	File string `json:"file"`
	Line int64  `json:"line"`
	Why  string `json:"why"`
}

const maxExamples = 10

func (c *counts) unread(u Unread) {
	c.unreadable++
	c.keep(u)
}

// keep keeps the first examples.
func (c *counts) keep(examples ...Unread) {
	c.examples = append(c.examples, examples...)
	slices.SortFunc(c.examples, func(a, b Unread) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Why, b.Why))
	})
	c.examples = c.examples[:min(len(c.examples), maxExamples)]
}
