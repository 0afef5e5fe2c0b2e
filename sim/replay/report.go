package replay

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Kind is what a Report says it is.
const Kind = "Replay"

// Report says how recorded flows fare under the policies of the files. Its JSON
// form is stable within an APIVersion, and is what Merge takes; lists are never
// null.
type Report struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Files is a checksum of what the flows were judged by.
	Files string `json:"files"`
	// Shards are the parts of the log that were read ("1/4"), none for all of it.
	Shards []string `json:"shards,omitempty"`
	// Judged are the records that tell what a policy decided.
	Judged Tally `json:"judged"`
	// WouldDrop are those that were let through and would now be dropped,
	// WouldPass those that were dropped and would now pass. Undetermined are
	// those of which no file can tell, and Agrees all others.
	WouldDrop    Class `json:"wouldDrop"`
	WouldPass    Class `json:"wouldPass"`
	Undetermined Class `json:"undetermined"`
	Agrees       Class `json:"agrees"`
	// Aside are the records that tell of no such decision, by the reason.
	Aside []Aside `json:"aside"`
	// Unread counts the lines that are no flows, and UnreadLines are the first.
	Unread      uint64   `json:"unread"`
	UnreadLines []Unread `json:"unreadLines"`
	// Broken says which logs ended before their end, and why.
	Broken []string `json:"broken"`
	// Lost counts the events of which the log says that it lost them.
	Lost     uint64   `json:"lost"`
	Coverage Coverage `json:"coverage"`
	// Absent are the pods and identities that flows have and the files do not.
	Absent   AbsentEnds       `json:"absent"`
	Datapath sim.DatapathInfo `json:"datapath"`
	Issues   []model.Issue    `json:"issues"`
}

// Class are the records that compare alike, in groups, those with the most
// records first.
type Class struct {
	Tally
	// Detail is 0 where groups tell workloads, ports and rules apart. Where they
	// would be too many, it is higher, and Told says what is left.
	Detail int     `json:"detail"`
	Told   string  `json:"told"`
	Groups []Group `json:"groups"`
}

// Group are records of one pair of workloads, port and rule.
type Group struct {
	Tally
	Direction string         `json:"direction"`
	From      string         `json:"from,omitempty"`
	To        string         `json:"to,omitempty"`
	Port      uint16         `json:"port,omitempty"`
	Protocol  model.Protocol `json:"protocol,omitempty"`
	// By names the rules that decide now; for a default deny, the policies that
	// switch it on.
	By []model.Origin `json:"by"`
	// Why says why it cannot be told what they decide.
	Why string `json:"why,omitempty"`
}

// Aside is a reason to set records aside.
type Aside struct {
	Tally
	Why string `json:"why"`
}

// Coverage says which rules of the files decide about recorded flows.
type Coverage struct {
	// Rules is how many there are.
	Rules int `json:"rules"`
	// Used are those that decide about some records, and Unused all others.
	Used   []UsedRule     `json:"used"`
	Unused []model.Origin `json:"unused"`
}

// UsedRule is a rule with the number of records about which it decides.
type UsedRule struct {
	model.Origin
	Records uint64 `json:"records"`
}

// AbsentEnds are ends of flows that no file holds.
type AbsentEnds struct {
	// Detail is 0 where each is told, 1 where only namespaces are, since there
	// are too many, and more where nothing is.
	Detail int         `json:"detail"`
	Ends   []AbsentEnd `json:"ends"`
}

// AbsentEnd is a pod, by its workload where a record names that, or an identity,
// by its labels.
type AbsentEnd struct {
	Tally
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// Changes says whether anything would fare otherwise than it did.
func (r *Report) Changes() bool { return r.WouldDrop.Records+r.WouldPass.Records > 0 }

// Report makes a report of what the counters have counted. shard is the part of
// the log that they have seen ("1/4"), "" for all of it, and broken says which
// logs ended early.
func (j *Judge) Report(counters []*Counter, shard string, broken []string) *Report {
	all := newCounts()
	for _, c := range counters {
		all.add(c.finish())
	}
	r := &Report{
		APIVersion: sim.APIVersion, Kind: Kind, Files: j.checksum(), Broken: append([]string{}, broken...),
		Datapath: j.sim.DatapathInfo(), Issues: j.sim.Issues(),
	}
	if shard != "" {
		r.Shards = []string{shard}
	}
	r.fill(all, j.rules)
	return r
}

// checksum is the same for files that flows are judged by alike.
func (j *Judge) checksum() string {
	h := sha256.New()
	write := func(v any) {
		text, err := json.Marshal(v)
		fmt.Fprintln(h, string(text), err)
	}
	cluster := j.sim.Cluster()
	for _, o := range slices.Concat(cluster.Policies, cluster.Others) {
		write(o.Origin)
		write(string(o.JSON))
	}
	for _, p := range cluster.Pods {
		write([]string{p.Namespace, p.Name, p.Node, p.ServiceAccount})
		write(p.Labels)
		write(p.IPs)
	}
	write(cluster.Namespaces)
	write(cluster.Nodes)
	write(cluster.Services)
	write(cluster.EndpointSlices)
	write(j.sim.Datapath().Options)
	write(j.sim.DatapathInfo())
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// fill writes down what was counted.
func (r *Report) fill(c counts, rules []model.Origin) {
	var all Tally
	for i, class := range []*Class{&r.WouldDrop, &r.WouldPass, &r.Undetermined, &r.Agrees} {
		*class = newClass(c.classes[i])
		all.add(class.Tally)
	}
	r.Judged = all
	r.Aside = []Aside{}
	for _, why := range c.aside.sorted(compareReasons) {
		r.Aside = append(r.Aside, Aside{*c.aside.rows[why], string(why)})
	}
	r.Unread, r.UnreadLines, r.Lost = c.unreadable, append([]Unread{}, c.examples...), c.lost
	r.Coverage = coverage(c.used, rules)
	r.Absent = AbsentEnds{c.absent.level, []AbsentEnd{}}
	for _, a := range c.absent.sorted(compareAbsent) {
		r.Absent.Ends = append(r.Absent.Ends, AbsentEnd{*c.absent.rows[a], a.Kind, a.Namespace, a.Name})
	}
}

func newClass(t *table[group]) Class {
	c := Class{Tally: t.total(), Detail: t.level, Told: details[t.level], Groups: []Group{}}
	for _, g := range t.sorted(compareGroups) {
		by := []model.Origin{}
		if g.By != "" && json.Unmarshal([]byte(g.By), &by) != nil || by == nil {
			by = []model.Origin{}
		}
		c.Groups = append(c.Groups, Group{*t.rows[g], g.Direction.String(), g.From, g.To, g.Port, g.Protocol, by, g.Why})
	}
	return c
}

func coverage(used map[model.Origin]uint64, rules []model.Origin) Coverage {
	c := Coverage{Rules: len(rules), Used: []UsedRule{}, Unused: []model.Origin{}}
	for _, rule := range rules {
		if records := used[rule]; records > 0 {
			c.Used = append(c.Used, UsedRule{rule, records})
		} else {
			c.Unused = append(c.Unused, rule)
		}
	}
	return c
}

// Shard is one of several equal parts of a log.
type Shard struct{ Index, Count int64 }

// shardLines is how many lines in a row belong to one shard.
const shardLines = 1000

// Wants says whether a line, counted from 1, belongs to the shard. The zero Shard
// is all of the log.
func (s Shard) Wants(line int64) bool {
	return s.Count == 0 || (line-1)/shardLines%s.Count == s.Index-1
}

func (s Shard) String() string {
	if s.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// Span is from the first to the last of the records, as text.
func (t Tally) Span() (first, last string) {
	if t.First.IsZero() {
		return "", ""
	}
	return t.First.Format(time.RFC3339), t.Last.Format(time.RFC3339)
}
