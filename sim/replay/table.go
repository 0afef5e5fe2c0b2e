package replay

import (
	"maps"
	"slices"
	"time"
)

// Tally counts records that go together.
type Tally struct {
	Records uint64 `json:"records"`
	// First and Last are when the first and the last was made, zero where no
	// record says.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

func (t *Tally) add(other Tally) {
	t.Records += other.Records
	if !other.First.IsZero() && (t.First.IsZero() || other.First.Before(t.First)) {
		t.First = other.First
	}
	if other.Last.After(t.Last) {
		t.Last = other.Last
	}
}

func (t *Tally) count(at time.Time) { t.add(Tally{1, at, at}) }

// key is what a table counts by. Its coarser form at a level leaves out details,
// those of all lower levels too.
type key[K any] interface {
	comparable
	coarser(level int) K
}

// table counts by keys. Where there are more than its limit, all of them lose
// their next detail: the level is then the lowest at which they are few enough,
// whatever the order in which they came, and however they were spread over
// tables before these were merged.
type table[K key[K]] struct {
	limit, level int
	rows         map[K]*Tally
}

// levels is how many there are; at the last there are next to no keys.
const levels = 4

func newTable[K key[K]](limit int) *table[K] {
	return &table[K]{limit: limit, rows: map[K]*Tally{}}
}

// at is the tally for a key. It is the key's until coarsened is true, which says
// that all tallies are others now.
func (t *table[K]) at(k K) (tally *Tally, coarsened bool) {
	k = k.coarser(t.level)
	if t.rows[k] == nil {
		t.rows[k] = &Tally{}
		before := t.level
		for len(t.rows) > t.limit && t.level < levels-1 {
			t.coarsen(t.level + 1)
		}
		coarsened = t.level != before
	}
	return t.rows[k.coarser(t.level)], coarsened
}

func (t *table[K]) coarsen(level int) {
	t.level = max(t.level, level)
	rows := t.rows
	t.rows = make(map[K]*Tally, len(rows))
	for k, tally := range rows {
		k = k.coarser(t.level)
		if t.rows[k] == nil {
			t.rows[k] = &Tally{}
		}
		t.rows[k].add(*tally)
	}
}

// add takes in what another table has counted.
func (t *table[K]) add(other *table[K]) {
	if other.level > t.level {
		t.coarsen(other.level)
	}
	for k, tally := range other.rows {
		row, _ := t.at(k)
		row.add(*tally)
	}
}

// sorted are the keys, those with the most records first.
func (t *table[K]) sorted(compare func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(t.rows), func(a, b K) int {
		if x, y := t.rows[a].Records, t.rows[b].Records; x != y {
			if x > y {
				return -1
			}
			return 1
		}
		return compare(a, b)
	})
}

func (t *table[K]) total() Tally {
	var sum Tally
	for _, tally := range t.rows {
		sum.add(*tally)
	}
	return sum
}
