package sim

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/netsim-dev/netsim/model"
)

// Effect is what a difference does to connections.
type Effect string

// The effects, the worst first.
const (
	// Closes: what was open is closed, for some or all.
	Closes Effect = "closes"
	// Opens: what was closed is open, for some or all.
	Opens Effect = "opens"
	// Unclear: what was known no longer is.
	Unclear Effect = "unclear"
	// Clears: what was not known is.
	Clears Effect = "clears"
	// Reroutes: the verdict stays, and packets that may pass take another way or
	// are asked for more.
	Reroutes Effect = "reroutes"
)

var effects = []Effect{Closes, Opens, Unclear, Clears, Reroutes}

// Diff is what another set of manifests or another datapath changes for the
// connections of a Matrix.
type Diff struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Datapaths are those before and after.
	Datapaths [2]DatapathInfo `json:"datapaths"`
	// Groups are the changes by their causes, the worst first.
	Groups []DiffGroup `json:"groups"`
	// Compared is how many connections are in both.
	Compared int `json:"compared"`
	// Added and Removed are sources and destinations that only one has.
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	// Portability is what in the policies cannot move to the new side's datapath as
	// it is (Sim.Portability).
	Portability []Unportable `json:"portability"`
	// Refusals are changes that the cluster would not take. Sim.Diff knows of none:
	// they are for whoever knows the cluster's admission rules to add.
	Refusals []Refusal `json:"refusals"`
	// Issues are the ones that only the new side has.
	Issues []model.Issue `json:"issues"`
}

// DiffGroup is the changes of one effect with one cause.
type DiffGroup struct {
	Effect Effect `json:"effect"`
	// Before and After are the rules that decided then and decide now, as far as
	// they differ.
	Before []model.Origin `json:"before"`
	After  []model.Origin `json:"after"`
	// Why tells it of the first of the connections, and Hint what would undo it.
	Why         string       `json:"why"`
	Hint        string       `json:"hint,omitempty"`
	Connections []DiffChange `json:"connections"`
}

// DiffChange is one connection, by references that Query takes.
type DiffChange struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Before Outcome `json:"before"`
	After  Outcome `json:"after"`
}

// Refusal is a change that a rule of the cluster's forbids.
type Refusal struct {
	// Operation is what the API server would be asked for: "DELETE" or "UPDATE".
	Operation string       `json:"operation"`
	Object    model.Origin `json:"object"`
	// By is the policy that forbids it, with the name of its rule, and Message what
	// whoever asks is told.
	By      model.Origin `json:"by"`
	Message string       `json:"message,omitempty"`
	// Unless says what the refusal hangs on that no file tells, "" for nothing.
	Unless string `json:"unless,omitempty"`
}

// Changed says whether any connection, source or destination is another than
// before, or the change would be refused; texts that mean something else do not
// count by themselves.
func (d *Diff) Changed() bool { return len(d.Groups)+len(d.Added)+len(d.Removed)+len(d.Refusals) > 0 }

// Diff compares this Sim with another one of the same cluster, changed: other
// policies, other objects, another datapath or release. The error is a *RefError
// for options that mean nothing.
func (s *Sim) Diff(after *Sim, o MatrixOptions) (*Diff, error) {
	was, err := s.Matrix(o)
	if err != nil {
		return nil, err
	}
	d := &differ{before: s, after: after, scope: s.scopeOf(after)}
	is, err := d.afterwards(was, o)
	if err != nil {
		return nil, err
	}
	out := &Diff{
		APIVersion: APIVersion, Kind: "Diff", Datapaths: [2]DatapathInfo{s.datapathInfo(), after.datapathInfo()},
		Added: []string{}, Removed: []string{}, Portability: s.Portability(after), Refusals: []Refusal{}, Issues: newIssues(s.issues, after.issues),
	}
	d.sources = pair(was.Sources, is.Sources, func(m MatrixSource) string { return m.Ref }, out)
	d.destinations = pair(was.Destinations, is.Destinations, func(m MatrixDestination) string { return m.Ref }, out)
	out.Compared = len(d.sources) * len(d.destinations)
	out.Groups = d.compareAll()
	return out, nil
}

// pair finds what both sides have, and notes what only one has.
func pair[T any](was, is []T, ref func(T) string, out *Diff) [][2]*T {
	before := map[string]*T{}
	for i := range was {
		before[ref(was[i])] = &was[i]
	}
	var both [][2]*T
	for i := range is {
		name := ref(is[i])
		if before[name] == nil {
			out.Added = append(out.Added, name)
			continue
		}
		both = append(both, [2]*T{before[name], &is[i]})
		delete(before, name)
	}
	for i := range was {
		if name := ref(was[i]); before[name] != nil {
			out.Removed = append(out.Removed, name)
		}
	}
	return both
}

func newIssues(was, is []model.Issue) []model.Issue {
	known := map[string]bool{}
	for _, i := range was {
		known[i.String()] = true
	}
	out := []model.Issue{}
	for _, i := range is {
		if !known[i.String()] {
			out = append(out, i)
		}
	}
	return out
}

// differ gathers changes by their causes.
type differ struct {
	before, after *Sim
	scope         scope
	// touched are the destinations whose policies the change can touch.
	touched      []bool
	sources      [][2]*MatrixSource
	destinations [][2]*MatrixDestination
}

// afterwards is the Matrix after the change: the one before, as far as packets
// take the same ways.
func (d *differ) afterwards(was *Matrix, o MatrixOptions) (*Matrix, error) {
	if d.scope.all && !d.scope.sameWays {
		return d.after.Matrix(o)
	}
	is := *was
	is.Destinations = slices.Clone(was.Destinations)
	for i := range is.Destinations {
		if to := &is.Destinations[i]; to.leadsTo(d.scope.readiness) {
			to.column = d.after.newColumn(to.column.requests)
		}
	}
	return &is, nil
}

// compareAll leaves out connections that the change cannot touch. A comparison of
// all goes by destination, since the ways to one are what takes memory; one of few
// by source, since few destinations would leave processors idle.
func (d *differ) compareAll() []DiffGroup {
	d.touched = make([]bool, len(d.destinations))
	for j, to := range d.destinations {
		d.touched[j] = d.scope.touchesDestination(to[0])
	}
	pieces, work := len(d.sources), (*comparer).compareFrom
	if d.scope.all {
		pieces, work = len(d.destinations), (*comparer).compareTo
	}
	var lock sync.Mutex
	var workers []*comparer
	inParallel(pieces, func() func(int) {
		c := newComparer(d)
		lock.Lock()
		defer lock.Unlock()
		workers = append(workers, c)
		return func(piece int) { work(c, piece) }
	})
	return d.grouped(workers)
}

// effectOf is "" where nothing changes.
func effectOf(was, is Outcome) Effect {
	open := map[model.Verdict]int{model.Denied: 0, model.Mixed: 1, model.Allowed: 2}
	switch {
	case was.Verdict == is.Verdict && was == is:
		return ""
	case was.Verdict == is.Verdict:
		return Reroutes
	case is.Verdict == model.Undetermined:
		return Unclear
	case was.Verdict == model.Undetermined:
		return Clears
	case open[is.Verdict] < open[was.Verdict]:
		return Closes
	default:
		return Opens
	}
}

// explain takes the reason from the answers about one connection: from the one
// that says no, if any does.
func (d *differ) explain(from, to string) (why, hint string) {
	after, err := d.after.Query(Query{From: from, To: to})
	if err != nil {
		return err.Error(), ""
	}
	switch p, i := after.decisive(); {
	case p != nil && len(after.Unready) > 0 && p.Steps[i].Stage == model.StageService:
		return p.Steps[i].Why + ": " + after.Unready[0].Why, after.Hint
	case p != nil:
		return p.Steps[i].Why, after.Hint
	}
	before, err := d.before.Query(Query{From: from, To: to})
	if err != nil {
		return err.Error(), ""
	}
	p, i := before.decisive()
	if p == nil {
		return strings.Join(after.Conditions, "; "), ""
	}
	why = "no longer: " + p.Steps[i].Why
	for _, now := range after.Paths[0].Steps {
		if now.Stage == p.Steps[i].Stage {
			why += "; now: " + now.Why
			break
		}
	}
	return why, ""
}

// sortWorstFirst sorts by effect, then by how many connections.
func sortWorstFirst(groups []DiffGroup) {
	slices.SortFunc(groups, func(a, b DiffGroup) int {
		return cmp.Or(
			slices.Index(effects, a.Effect)-slices.Index(effects, b.Effect),
			cmp.Compare(len(b.Connections), len(a.Connections)),
			cmp.Compare(a.Connections[0].From+" "+a.Connections[0].To, b.Connections[0].From+" "+b.Connections[0].To),
		)
	})
}

func without(list, other []model.Origin) []model.Origin {
	return slices.DeleteFunc(slices.Clone(list), func(o model.Origin) bool { return slices.Contains(other, o) })
}

// waysText is how packets of a source get to a destination, in words that do not
// name the single backends.
func (c *column) waysText(source *MatrixSource) string {
	var texts []string
	for _, w := range c.waysFrom(source.likes[0].all[0]) {
		t := w.Translation
		text := "translated by nobody"
		if t.By != "none" && t.By != "" {
			text = "translated by " + t.By
			if t.BeforeEgressPolicy {
				text += " before egress policy"
			} else {
				text += " after egress policy"
			}
		}
		if t.Masquerade {
			text += ", with another source address"
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), " or ")
}
