package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

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
	// Reroutes: the verdict stays, and packets take another way or are asked for
	// more.
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

// Changed says whether anything is another than before.
func (d *Diff) Changed() bool { return len(d.Groups)+len(d.Added)+len(d.Removed) > 0 }

// Diff compares this Sim with another one of the same cluster, changed: other
// policies, other objects, another datapath or release. The error is a *RefError
// for options that mean nothing.
func (s *Sim) Diff(after *Sim, o MatrixOptions) (*Diff, error) {
	was, err := s.Matrix(o)
	if err != nil {
		return nil, err
	}
	d := &differ{before: s, after: after, scope: s.scopeOf(after), groups: map[string]*DiffGroup{}}
	is := was
	if d.scope.all {
		if is, err = after.Matrix(o); err != nil {
			return nil, err
		}
	}
	out := &Diff{
		APIVersion: APIVersion, Kind: "Diff", Datapaths: [2]DatapathInfo{s.datapathInfo(), after.datapathInfo()},
		Added: []string{}, Removed: []string{}, Issues: newIssues(s.issues, after.issues),
	}
	sources := pair(was.Sources, is.Sources, func(m MatrixSource) string { return m.Ref }, out)
	destinations := pair(was.Destinations, is.Destinations, func(m MatrixDestination) string { return m.Ref }, out)
	out.Compared = len(sources) * len(destinations)
	d.compareAll(sources, destinations)
	out.Groups = d.sorted()
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
	groups        map[string]*DiffGroup
}

// compareAll leaves out connections that the change cannot touch.
func (d *differ) compareAll(sources [][2]*MatrixSource, destinations [][2]*MatrixDestination) {
	touched := make([]bool, len(destinations))
	for i, to := range destinations {
		touched[i] = d.scope.touchesDestination(to[0])
	}
	for _, from := range sources {
		all := d.scope.touchesSource(from[0])
		for i, to := range destinations {
			if all || touched[i] {
				d.compare(from, to)
			}
		}
	}
}

func (d *differ) compare(from [2]*MatrixSource, to [2]*MatrixDestination) {
	was, is := d.before.fold(to[0].column, from[0]), d.after.fold(to[1].column, from[1])
	effect := effectOf(was, is)
	waysBefore, waysAfter := "", ""
	if effect == "" && d.scope.all {
		waysBefore, waysAfter = to[0].column.waysText(from[0]), to[1].column.waysText(from[1])
		if waysBefore != waysAfter {
			effect = Reroutes
		}
	}
	if effect == "" {
		return
	}
	before, after := d.before.decidedBy(to[0].column, from[0]), d.after.decidedBy(to[1].column, from[1])
	before, after = without(before, after), without(after, before)
	key := fmt.Sprintln(effect, before, after, waysBefore, waysAfter)
	g := d.groups[key]
	if g == nil {
		g = &DiffGroup{Effect: effect, Before: before, After: after}
		g.Why, g.Hint = d.explain(from[0].Ref, to[0].Ref, waysBefore, waysAfter)
		d.groups[key] = g
	}
	g.Connections = append(g.Connections, DiffChange{from[0].Ref, to[0].Ref, was, is})
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
func (d *differ) explain(from, to, waysBefore, waysAfter string) (why, hint string) {
	before, err := d.before.Query(Query{From: from, To: to})
	if err != nil {
		return err.Error(), ""
	}
	after, err := d.after.Query(Query{From: from, To: to})
	if err != nil {
		return err.Error(), ""
	}
	switch p, i := after.decisive(); {
	case waysBefore != waysAfter:
		return fmt.Sprintf("before: %s; now: %s", waysBefore, waysAfter), ""
	case p != nil:
		return p.Steps[i].Why, after.Hint
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

// sorted has the worst first: by effect, then by how many connections.
func (d *differ) sorted() []DiffGroup {
	groups := []DiffGroup{}
	for _, g := range d.groups {
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b DiffGroup) int {
		return cmp.Or(
			slices.Index(effects, a.Effect)-slices.Index(effects, b.Effect),
			cmp.Compare(len(b.Connections), len(a.Connections)),
			cmp.Compare(a.Connections[0].From+" "+a.Connections[0].To, b.Connections[0].From+" "+b.Connections[0].To),
		)
	})
	return groups
}

func without(list, other []model.Origin) []model.Origin {
	return slices.DeleteFunc(slices.Clone(list), func(o model.Origin) bool { return slices.Contains(other, o) })
}

// decidedBy names the rules behind what a source meets at a destination: those of
// its first way that is not open or, where all are, of its first.
func (s *Sim) decidedBy(c *column, source *MatrixSource) []model.Origin {
	party := source.likes[0].party
	ways := c.waysFrom(party)
	if len(ways) == 0 {
		return []model.Origin{}
	}
	decisive := ways[0]
	for _, w := range ways {
		if s.outcomeOf(w, party).Verdict != model.Allowed {
			decisive = w
			break
		}
	}
	open := s.outcomeOf(decisive, party).Verdict == model.Allowed
	by := []model.Origin{}
	for _, one := range decisive.sides {
		if open || s.outcomeOfSide(decisive, one, party).Verdict != model.Allowed {
			by = append(by, s.engine.Compiled().DecidedBy(one.direction, decisive.standIn(one.packet, party))...)
		}
	}
	return model.SortOrigins(by)
}

// waysText is how packets of a source get to a destination, in words that do not
// name the single backends.
func (c *column) waysText(source *MatrixSource) string {
	var texts []string
	for _, w := range c.waysFrom(source.likes[0].party) {
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

// scope is which connections a change can touch at all.
type scope struct {
	all                   bool
	sources, destinations map[*model.Pod]bool
}

// scopeOf narrows a comparison to the pods that changed policies select, where
// nothing else differs.
func (s *Sim) scopeOf(after *Sim) scope {
	if !after.patches(s) || s.datapath.Options["policy-cidr-match-mode"] != "" {
		return scope{all: true}
	}
	out := scope{sources: map[*model.Pod]bool{}, destinations: map[*model.Pod]bool{}}
	changed := [2]map[*model.Object]bool{onlyIn(s, after), onlyIn(after, s)}
	for i, one := range []*Sim{s, after} {
		for d, into := range map[model.Direction]map[*model.Pod]bool{model.Egress: out.sources, model.Ingress: out.destinations} {
			pods, whole := one.engine.Compiled().Selected(d, changed[i])
			if whole {
				return scope{all: true}
			}
			for p := range pods {
				if s.isMachinery(p) {
					return scope{all: true}
				}
				into[p] = true
			}
		}
	}
	return out
}

// isMachinery says whether a pod is one that authentication and lookups of others
// go through.
func (s *Sim) isMachinery(p *model.Pod) bool {
	return p.Namespace == "kube-system" || slices.Contains(s.engine.IdentityPlane().Server.Pods, p)
}

// onlyIn are the policies of one Sim that the other does not have as they are.
func onlyIn(one, other *Sim) map[*model.Object]bool {
	out := map[*model.Object]bool{}
	for _, o := range one.index.Cluster.Policies {
		out[o] = true
	}
	for _, o := range other.index.Cluster.Policies {
		delete(out, o)
	}
	return out
}

// touchesSource says whether a change can matter to packets of a source on their
// way out.
func (s scope) touchesSource(from *MatrixSource) bool {
	if s.all {
		return true
	}
	for _, l := range from.likes {
		for _, p := range l.all {
			if s.sources[p.Pod] {
				return true
			}
		}
	}
	return false
}

// touchesDestination says whether a change can matter to packets of whomever to a
// destination. Policies of pods do not judge what is no pod, and what CIDRs in
// them do to the identities of addresses changes nobody else's verdict.
func (s scope) touchesDestination(to *MatrixDestination) bool {
	if s.all {
		return true
	}
	for p := range to.column.apart {
		if s.destinations[p] {
			return true
		}
	}
	return false
}
