package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// comparer compares one connection after another, for one goroutine.
type comparer struct {
	*differ
	before, after deciders
	changes       map[cause][]change
}

// cause is why connections change. The rules that decide are numbers, those of
// the comparer's deciders.
type cause struct {
	effect                Effect
	before, after         int
	waysBefore, waysAfter string
}

// change is one connection by its places in the differ.
type change struct {
	from, to int32
	was, is  Outcome
}

func newComparer(d *differ) *comparer {
	return &comparer{differ: d, before: newDeciders(d.before), after: newDeciders(d.after), changes: map[cause][]change{}}
}

// compareTo compares all connections to a destination.
func (c *comparer) compareTo(j int) {
	for i := range c.sources {
		c.compare(i, j)
	}
	to := c.destinations[j]
	to[0].column.forget()
	to[1].column.forget()
}

// compareFrom compares those connections from a source that the change can touch.
func (c *comparer) compareFrom(i int) {
	all := c.scope.touchesSource(c.sources[i][0])
	for j := range c.destinations {
		if all || c.touched[j] {
			c.compare(i, j)
		}
	}
}

func (c *comparer) compare(i, j int) {
	from, to := c.sources[i], c.destinations[j]
	was, is := c.outcomes(from, to)
	why := cause{effect: effectOf(was, is)}
	if why.effect == "" && to[0].column != to[1].column && is.Verdict != model.Denied {
		why.waysBefore, why.waysAfter = to[0].column.waysText(from[0]), to[1].column.waysText(from[1])
		if why.waysBefore != why.waysAfter {
			why.effect = Reroutes
		}
	}
	if why.effect == "" {
		return
	}
	lacked, lacks := c.before.sim.keptUnready(to[0].column, from[0]), c.after.sim.keptUnready(to[1].column, from[1])
	if len(lacked)+len(lacks) > 0 {
		why.before, why.after = c.before.named(lacked), c.after.named(lacks)
	} else {
		why.before, why.after = c.before.of(to[0].column, from[0]), c.after.of(to[1].column, from[1])
	}
	c.changes[why] = append(c.changes[why], change{int32(i), int32(j), was, is})
}

// outcomes folds a cell before and after. Where the ways are the same they are
// looked up once.
func (c *comparer) outcomes(from [2]*MatrixSource, to [2]*MatrixDestination) (was, is Outcome) {
	before, after := c.differ.before, c.differ.after
	if to[0].column != to[1].column {
		return before.fold(to[0].column, from[0]), after.fold(to[1].column, from[1])
	}
	var all [2]outcomes
	for party := range to[0].column.differing(from[0]) {
		ways := to[0].column.waysFrom(party)
		all[0].add(before.outcomeOfAll(ways, party))
		all[1].add(after.outcomeOfAll(ways, party))
	}
	return all[0].all, all[1].all
}

// deciders numbers the rules that decide: those of many connections are the same.
type deciders struct {
	sim     *Sim
	numbers map[string]int
	lists   [][]model.Origin
	// scratch and key are what the last look took.
	scratch []engine.Decider
	key     []byte
}

func newDeciders(s *Sim) deciders { return deciders{sim: s, numbers: map[string]int{}} }

// of are the rules behind what a source meets at a destination: those of its
// first way that is not open or, where all are, of its first.
func (d *deciders) of(c *column, source *MatrixSource) int {
	party, s := source.likes[0].all[0], d.sim
	d.scratch = d.scratch[:0]
	if ways := c.waysFrom(party); len(ways) > 0 {
		isClosed := func(w *way) bool { return s.outcomeOf(w, party).Verdict != model.Allowed }
		at := slices.IndexFunc(ways, isClosed)
		decisive, open := ways[max(0, at)], at < 0
		for _, one := range decisive.sides {
			if open || s.outcomeOfSide(decisive, one, party).Verdict != model.Allowed {
				d.scratch = s.engine.Compiled().AddDeciders(d.scratch, one.direction, decisive.standIn(one.packet, party))
			}
		}
	}
	d.key = d.key[:0]
	for _, one := range d.scratch {
		d.key = one.AppendTo(d.key)
	}
	return d.number(func() []model.Origin { return s.engine.Compiled().Origins(d.scratch) })
}

// named is the number of rules that were found otherwise.
func (d *deciders) named(by []model.Origin) int {
	d.key = fmt.Appendln(append(d.key[:0], "named "...), by)
	return d.number(func() []model.Origin { return by })
}

// number is that of the list with the last key; origins gives a new one.
func (d *deciders) number(origins func() []model.Origin) int {
	n, known := d.numbers[string(d.key)]
	if !known {
		n = len(d.lists)
		d.numbers[string(d.key)] = n
		d.lists = append(d.lists, origins())
	}
	return n
}

// grouped puts together what all comparers found for one cause.
func (d *differ) grouped(all []*comparer) []DiffGroup {
	found := map[string]*DiffGroup{}
	changes := map[string][]change{}
	for _, c := range all {
		for why, some := range c.changes {
			before, after := c.before.lists[why.before], c.after.lists[why.after]
			before, after = without(before, after), without(after, before)
			key := fmt.Sprintln(why.effect, before, after, why.waysBefore, why.waysAfter)
			found[key] = &DiffGroup{Effect: why.effect, Before: before, After: after}
			if why.waysBefore != why.waysAfter {
				found[key].Why = fmt.Sprintf("before: %s; now: %s", why.waysBefore, why.waysAfter)
			}
			changes[key] = append(changes[key], some...)
		}
	}
	keys := slices.Sorted(maps.Keys(found))
	groups := make([]DiffGroup, len(keys))
	inParallel(len(keys), func() func(int) {
		return func(i int) {
			d.tell(found[keys[i]], changes[keys[i]])
			groups[i] = *found[keys[i]]
		}
	})
	sortWorstFirst(groups)
	return groups
}

// tell gives a group its connections in order and, where it has none yet, the
// reason for the first.
func (d *differ) tell(g *DiffGroup, changes []change) {
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for _, c := range changes {
		g.Connections = append(g.Connections, DiffChange{d.sources[c.from][0].Ref, d.destinations[c.to][0].Ref, c.was, c.is})
	}
	if g.Why == "" {
		first := changes[0]
		g.Why, g.Hint = d.explain(d.sources[first.from][0].firstRef(), d.destinations[first.to][0].Ref)
	}
}

// firstRef is what tells of a source in fewer words: one of its pods.
func (m *MatrixSource) firstRef() string {
	if p := m.likes[0].all[0].Pod; p != nil {
		return podRef(p)
	}
	return m.Ref
}
