package render

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// effectWords are the verb of an effect for one and for several connections, and
// how it looks.
var effectWords = map[sim.Effect]struct {
	one, many, mark string
	style           style
}{
	sim.Closes:   {"closes", "close", "✗", red},
	sim.Opens:    {"opens", "open", "✓", green},
	sim.Unclear:  {"becomes unclear", "become unclear", "?", yellow},
	sim.Clears:   {"becomes clear", "become clear", "!", yellow},
	sim.Reroutes: {"changes its way", "change their way", "~", yellow},
}

// shownLines is how many lines of connections a cause gets; the first row is
// whole.
const shownLines = 10

// Diff writes a comparison as text: how much changes, then cause by cause the
// rules and the connections. Its error is the writer's.
func Diff(w io.Writer, d *sim.Diff, opt TextOptions) error {
	p := newPage(opt)
	for _, line := range fill(strings.Fields(diffHeadline(d)), " ", p.width) {
		p.line(p.paint(bold, line))
	}
	p.caveat(d.Issues, "in what is new, listed below: something that you wrote is left out of this")
	p.refusals(d.Refusals)
	for _, g := range d.Groups {
		p.blank()
		p.diffGroup(g)
	}
	p.portability(d.Portability)
	p.blank()
	p.items("added", listed(cleaned(d.Added))...)
	p.items("removed", listed(cleaned(d.Removed))...)
	p.groupedIssues(d.Issues)
	if reflect.DeepEqual(d.Datapaths[0], d.Datapaths[1]) {
		p.datapath(d.Datapaths[1])
	} else {
		p.datapathAs("before", d.Datapaths[0])
		p.datapathAs("after", d.Datapaths[1])
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// diffHeadline counts connections by what happens to them.
func diffHeadline(d *sim.Diff) string {
	count := map[sim.Effect]int{}
	var order []sim.Effect
	for _, g := range d.Groups {
		if count[g.Effect] == 0 {
			order = append(order, g.Effect)
		}
		count[g.Effect] += len(g.Connections)
	}
	if len(order) == 0 {
		return fmt.Sprintf("nothing changes for the %s that both sides have", plural(d.Compared, "connection"))
	}
	var parts []string
	for i, e := range order {
		number, verb := fmt.Sprint(count[e]), effectWords[e].many
		if i == 0 {
			number = plural(count[e], "connection")
		}
		if count[e] == 1 {
			verb = effectWords[e].one
		}
		parts = append(parts, number+" "+verb)
	}
	return fmt.Sprintf("%s, of %d", strings.Join(parts, ", "), d.Compared)
}

func (p *page) diffGroup(g sim.DiffGroup) {
	look := effectWords[g.Effect]
	p.line(p.paint(look.style, look.mark+" "+string(g.Effect)) + "   " + plural(len(g.Connections), "connection"))
	p.block("before", originLines(g.Before, p.room()))
	p.block("after", originLines(g.After, p.room()))
	p.prose("why", g.Why)
	if g.Hint != "" {
		p.prose("hint", g.Hint)
	}
	p.block("affects", p.diffLines(diffRows(g.Connections)))
}

func (p *page) diffLines(rows []diffRow) []string {
	var lines []string
	for i, r := range rows {
		more := fill(slices.Concat(listed(r.from), []string{"→"}, listed(r.to), []string{r.change}), " ", p.room())
		if i > 0 && len(lines)+len(more) > shownLines {
			return append(lines, fmt.Sprintf("and %d more: -o json has them", connectionsOf(rows[i:])))
		}
		lines = append(lines, more...)
	}
	return lines
}

func connectionsOf(rows []diffRow) int {
	count := 0
	for _, r := range rows {
		count += r.connections
	}
	return count
}

// diffRow is connections that go from each of some sources to each of some
// destinations.
type diffRow struct {
	from, to    []string
	change      string
	connections int
}

// diffRows merges connections, by sources or by destinations, whichever reads
// shorter; the largest rows come first.
func diffRows(changes []sim.DiffChange) []diffRow {
	rows := mergeChanges(changes, func(c sim.DiffChange) (string, string) { return c.From, c.To })
	other := mergeChanges(changes, func(c sim.DiffChange) (string, string) { return c.To, c.From })
	for i, r := range other {
		other[i].from, other[i].to = r.to, r.from
	}
	if len(other) < len(rows) {
		rows = other
	}
	for i := range rows {
		rows[i].from, rows[i].to = cleaned(rows[i].from), portsTogether(cleaned(rows[i].to))
	}
	slices.SortStableFunc(rows, func(a, b diffRow) int { return cmp.Compare(b.connections, a.connections) })
	return rows
}

// mergeChanges puts what has the same partners and the same change in one row.
func mergeChanges(changes []sim.DiffChange, ends func(sim.DiffChange) (end, partner string)) []diffRow {
	type key struct{ end, change string }
	var keys []key
	partners := map[key][]string{}
	for _, c := range changes {
		end, partner := ends(c)
		k := key{end, changeText(c)}
		if partners[k] == nil {
			keys = append(keys, k)
		}
		partners[k] = append(partners[k], partner)
	}
	var rows []diffRow
	at := map[string]int{}
	for _, k := range keys {
		text := k.change + "\n" + strings.Join(partners[k], "\n")
		i, known := at[text]
		if !known {
			i = len(rows)
			at[text] = i
			rows = append(rows, diffRow{to: partners[k], change: k.change})
		}
		rows[i].from = append(rows[i].from, k.end)
		rows[i].connections += len(partners[k])
	}
	return rows
}

// changeText is "(allowed, now denied)", and "" where the outcome stays.
func changeText(c sim.DiffChange) string {
	before, after := outcomeText(c.Before), outcomeText(c.After)
	if before == after {
		return ""
	}
	return fmt.Sprintf("(%s, now %s)", before, after)
}

func outcomeText(o sim.Outcome) string {
	return strings.TrimSpace(o.Verdict.String() + " " + demands(o))
}

// portsTogether joins neighbours that are ports of one object, as in
// dev/svc/kube-dns:53,53/UDP.
func portsTogether(refs []string) []string {
	var out []string
	last := ""
	for _, ref := range refs {
		object, port := splitRef(ref)
		if object == last && port != "" {
			out[len(out)-1] += "," + port
			continue
		}
		out, last = append(out, ref), object
	}
	return out
}

func cleaned(refs []string) []string {
	out := make([]string, len(refs))
	for i, ref := range refs {
		out[i] = clean(ref)
	}
	return out
}

// DiffMarkdown writes a comparison for a comment on a pull request. Its error is
// the writer's.
func DiffMarkdown(w io.Writer, d *sim.Diff) error {
	p := newPage(TextOptions{Width: MaxWidth})
	p.line("**" + diffHeadline(d) + "**")
	p.markdownRefusals(d.Refusals)
	for _, g := range d.Groups {
		p.blank()
		p.markdownGroup(g)
	}
	p.markdownPortability(d.Portability)
	var tail []string
	for title, refs := range map[string][]string{"added": d.Added, "removed": d.Removed} {
		if len(refs) > 0 {
			tail = append(tail, "- "+title+": "+escaped(strings.Join(listed(refs), " ")))
		}
	}
	slices.Sort(tail)
	tail = append(tail, markdownIssues(d.Issues)...)
	if len(tail) > 0 {
		p.blank()
	}
	for _, line := range tail {
		p.line(line)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (p *page) markdownGroup(g sim.DiffGroup) {
	p.line(fmt.Sprintf("### %s %s: %s", effectWords[g.Effect].mark, g.Effect, plural(len(g.Connections), "connection")))
	p.blank()
	for _, side := range []struct {
		title string
		rules []model.Origin
	}{{"before", g.Before}, {"after", g.After}} {
		for _, o := range side.rules {
			p.line(fmt.Sprintf("- %s: %s", side.title, escaped(strings.Join(strings.Fields(o.ID()+" "+o.Rule+" "+position(o)), " "))))
		}
	}
	p.line("- why: " + escaped(g.Why))
	if g.Hint != "" {
		p.line("- hint: " + escaped(g.Hint))
	}
	p.blank()
	p.line("| from | to | |")
	p.line("|---|---|---|")
	rows := diffRows(g.Connections)
	for i, r := range rows {
		if i == shownLines {
			p.line(fmt.Sprintf("| and %d more | | |", connectionsOf(rows[i:])))
			break
		}
		p.line(fmt.Sprintf("| %s | %s | %s |", escaped(strings.Join(listed(r.from), " ")), escaped(strings.Join(listed(r.to), " ")), strings.Trim(r.change, "()")))
	}
}
