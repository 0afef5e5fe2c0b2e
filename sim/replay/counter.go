package replay

import (
	"github.com/netsim-dev/netsim/model"
)

// Bounds on what a report lists.
const (
	maxGroups  = 10_000
	maxAbsent  = 1_000
	maxReasons = 100
)

// Counter counts what one goroutine reads. It implements hubble.Taker.
type Counter struct {
	judge *Judge
	// file names the log in what cannot be read.
	file   string
	counts counts

	ends  map[*model.RecordedEnd]*end
	pairs map[pair]*entry
	used  map[*ruling]*uint64
}

// entry is where records of one pair are counted.
type entry struct {
	tallies []*Tally
	used    *uint64
}

// NewCounter makes a Counter for a log of that name.
func (j *Judge) NewCounter(file string) *Counter {
	return &Counter{
		judge: j, file: file, counts: newCounts(),
		ends: map[*model.RecordedEnd]*end{}, pairs: map[pair]*entry{}, used: map[*ruling]*uint64{},
	}
}

// Take counts a record.
func (c *Counter) Take(r *model.Record) {
	c.counts.lost += r.Lost
	if r.Aside != "" {
		tally, _ := c.counts.aside.at(reason(r.Aside))
		tally.count(r.Time)
		return
	}
	key := pairOf(r, c.end(r.Source), c.end(r.Destination))
	e := c.pairs[key]
	if e == nil {
		e = c.enter(r, key)
	}
	for _, tally := range e.tallies {
		tally.count(r.Time)
	}
	*e.used++
}

// Unread counts a line that is no flow.
func (c *Counter) Unread(line int64, why error) {
	c.counts.unread(Unread{c.file, line, why.Error()})
}

func (c *Counter) end(r *model.RecordedEnd) *end {
	if known := c.ends[r]; known != nil {
		return known
	}
	if len(c.ends) >= maxEnds {
		clear(c.ends)
		clear(c.pairs)
	}
	found := c.judge.people.find(r)
	c.ends[r] = &found
	return &found
}

// enter judges a record whose like has not been seen.
func (c *Counter) enter(r *model.Record, key pair) *entry {
	j := c.judge.judge(r, key.source, key.destination)
	tallies, coarsened := c.tallies(j)
	if coarsened {
		tallies, _ = c.tallies(j)
	}
	if coarsened || len(c.pairs) >= maxPairs {
		clear(c.pairs)
	}
	e := &entry{tallies, c.use(j.ruling)}
	c.pairs[key] = e
	return e
}

// tallies are where a record counts. They are no more once tables have been
// coarsened on the way.
func (c *Counter) tallies(j judged) (tallies []*Tally, coarsened bool) {
	tally, coarsened := c.counts.classes[j.class].at(j.group)
	tallies = append(tallies, tally)
	for _, a := range j.absent {
		tally, more := c.counts.absent.at(a)
		tallies, coarsened = append(tallies, tally), coarsened || more
	}
	return tallies, coarsened
}

func (c *Counter) use(r *ruling) *uint64 {
	if c.used[r] == nil {
		c.used[r] = new(uint64)
	}
	return c.used[r]
}

// finish counts what each rule was used for.
func (c *Counter) finish() counts {
	for r, records := range c.used {
		if r == nil {
			continue
		}
		for _, by := range r.By {
			c.counts.used[by] += *records
		}
	}
	clear(c.used)
	return c.counts
}
