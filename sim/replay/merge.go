package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Parse reads a Report from its JSON form. The error says why it is none.
func Parse(data []byte) (*Report, error) {
	r := &Report{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("cannot be read as JSON: %w", err)
	}
	switch {
	case r.Kind != Kind:
		return nil, fmt.Errorf("is no report of a replay: its kind is %q; want what netsim replay --shard wrote, or netsim replay -o json", r.Kind)
	case r.APIVersion != sim.APIVersion:
		return nil, fmt.Errorf("has apiVersion %q, and this netsim knows %s", r.APIVersion, sim.APIVersion)
	}
	for _, detail := range []int{r.WouldDrop.Detail, r.WouldPass.Detail, r.Undetermined.Detail, r.Agrees.Detail, r.Absent.Detail} {
		if detail < 0 || detail >= levels {
			return nil, fmt.Errorf("has detail %d, and there are 0 to %d", detail, levels-1)
		}
	}
	return r, nil
}

// Merge puts the reports of parts of a log together, to that of the whole. The
// error is for parts that do not fit: judged by other files, or there twice.
func Merge(reports []*Report) (*Report, error) {
	if len(reports) == 0 {
		return nil, errors.New("no report to merge")
	}
	first := reports[0]
	merged := &Report{
		APIVersion: first.APIVersion, Kind: first.Kind, Files: first.Files, Broken: []string{},
		Datapath: first.Datapath, Issues: first.Issues,
	}
	all := newCounts()
	for _, r := range reports {
		if r.Files != merged.Files {
			return nil, errors.New("the reports were made with different files: give each replay the same -f, --set and --datapath")
		}
		for _, shard := range r.Shards {
			if slices.Contains(merged.Shards, shard) {
				return nil, fmt.Errorf("shard %s is there twice", shard)
			}
		}
		merged.Shards = append(merged.Shards, r.Shards...)
		for _, broken := range r.Broken {
			if !slices.Contains(merged.Broken, broken) {
				merged.Broken = append(merged.Broken, broken)
			}
		}
		all.add(r.counts())
	}
	slices.Sort(merged.Broken)
	merged.Shards = unlessComplete(merged.Shards)
	merged.fill(all, first.rules())
	return merged, nil
}

// unlessComplete is empty for all shards of a log, since those are the log.
func unlessComplete(shards []string) []string {
	slices.Sort(shards)
	if len(shards) == 0 {
		return nil
	}
	_, count, _ := strings.Cut(shards[0], "/")
	for i := range shards {
		if !slices.Contains(shards, fmt.Sprintf("%d/%s", i+1, count)) {
			return shards
		}
	}
	if count != fmt.Sprint(len(shards)) {
		return shards
	}
	return nil
}

// counts are what a report was made from.
func (r *Report) counts() counts {
	c := newCounts()
	for i, class := range []Class{r.WouldDrop, r.WouldPass, r.Undetermined, r.Agrees} {
		c.classes[i].coarsen(class.Detail)
		for _, g := range class.Groups {
			tally, _ := c.classes[i].at(g.key())
			tally.add(g.Tally)
		}
	}
	for _, a := range r.Aside {
		if a.Why == "" {
			c.aside.coarsen(1)
		}
		tally, _ := c.aside.at(reason(a.Why))
		tally.add(a.Tally)
	}
	c.absent.coarsen(r.Absent.Detail)
	for _, a := range r.Absent.Ends {
		tally, _ := c.absent.at(absent{a.Kind, a.Namespace, a.Name})
		tally.add(a.Tally)
	}
	for _, rule := range r.Coverage.Used {
		c.used[rule.Origin] += rule.Records
	}
	c.lost, c.unreadable = r.Lost, r.Unread
	c.keep(r.UnreadLines...)
	return c
}

func (g Group) key() group {
	k := group{From: g.From, To: g.To, Port: g.Port, Protocol: g.Protocol, Why: g.Why}
	if g.Direction == model.Ingress.String() {
		k.Direction = model.Ingress
	}
	// Where nothing decided and where it is not told, the text is the same: the
	// coarser form of a key has none.
	if by, err := json.Marshal(g.By); err == nil && len(g.By) > 0 {
		k.By = string(by)
	}
	return k
}

func (r *Report) rules() []model.Origin {
	rules := slices.Clone(r.Coverage.Unused)
	for _, rule := range r.Coverage.Used {
		rules = append(rules, rule.Origin)
	}
	return model.SortOrigins(rules)
}
