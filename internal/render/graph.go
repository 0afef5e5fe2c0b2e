package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Graph writes the groups of workloads that reach each other, and how many others
// there are. Its error is the writer's.
func Graph(w io.Writer, g *sim.Graph, opt TextOptions) error {
	p := newPage(opt)
	grouped, all := 0, 0
	for _, n := range g.Workloads {
		if n.Pods > 0 {
			all++
		}
	}
	p.line(p.paint(bold, fmt.Sprintf("%s, %s", plural(all, "workload"), plural(len(g.Edges), "edge"))))
	p.caveat(g.Issues, leftOut)
	for i, group := range g.Groups {
		grouped += len(group)
		p.blank()
		p.line(fmt.Sprintf("group %d: %s that all reach each other, directly or over hops", i+1, plural(len(group), "workload")))
		p.refs(group)
	}
	p.blank()
	p.line(fmt.Sprintf("%s in no group: what one of them reaches never leads back to it", plural(all-grouped, "workload")))
	p.blank()
	p.unready(g.Unready)
	p.datapath(g.Datapath)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// refs writes out all names, side by side.
func (p *page) refs(refs []string) {
	pieces := make([]string, len(refs))
	for i, ref := range refs {
		pieces[i] = clean(ref)
		if i < len(refs)-1 {
			pieces[i] += ","
		}
	}
	for _, line := range fill(pieces, " ", p.width-2) {
		p.line("  " + line)
	}
}

// Reach writes what a workload reaches, and what reaches it, by hops. Its error
// is the writer's.
func Reach(w io.Writer, r *sim.Reach, opt TextOptions) error {
	p := newPage(opt)
	p.line(p.paint(bold, clean(r.Ref)))
	p.caveat(r.Issues, leftOut)
	p.hops(fmt.Sprintf("reaches %d", len(r.Reaches)), r.Reaches, func(e sim.Edge) string {
		if e.From == r.Ref {
			return ""
		}
		return "from " + e.From
	})
	p.hops(fmt.Sprintf("is reached by %d", len(r.ReachedBy)), r.ReachedBy, func(e sim.Edge) string {
		if e.To == r.Ref {
			return ""
		}
		return "through " + e.To
	})
	p.blank()
	p.unready(r.Unready)
	p.datapath(r.Datapath)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// hops lists workloads under a title, with their last edge and what it joins
// them to.
func (p *page) hops(title string, reached []sim.Reached, joins func(sim.Edge) string) {
	p.blank()
	p.line(p.paint(bold, title))
	last := 0
	for _, r := range reached {
		label := ""
		if r.Hops != last {
			label = plural(r.Hops, "hop")
			last = r.Hops
		}
		p.block("  "+label, p.edge(clean(r.Ref), r.By, joins(r.By)))
	}
}

// edge is a name with the sign of an edge, and below it what leads there.
func (p *page) edge(name string, e sim.Edge, joins string) []string {
	const indent = "    "
	by := []string{clean(e.Ports[0])}
	if n := len(e.Ports) - 1; n > 0 {
		by = append(by, fmt.Sprintf("and %d more", n))
	}
	width := p.room() - len(indent)
	if columns("by "+by[0]) <= width {
		by[0] = "by " + by[0]
	}
	lines := append(fill(by, " ", width), fill([]string{clean(joins)}, " ", width)...)
	if all := strings.Join(lines, "  "); columns(all) <= width {
		lines = []string{all}
	}
	first := p.sign(e.Outcome) + " " + name
	if whole := first + "  " + lines[0]; len(lines) == 1 && columns(whole) <= p.room() {
		return []string{whole}
	}
	return append([]string{first}, hang(indent, lines)...)
}

// Chain writes the shortest chain between two workloads, an edge a line, or that
// there is none. Its error is the writer's.
func Chain(w io.Writer, c *sim.Chain, opt TextOptions) error {
	p := newPage(opt)
	words := map[model.Verdict]string{
		model.Allowed:      "a chain of " + plural(len(c.Edges), "hop"),
		model.Undetermined: "a chain of " + plural(len(c.Edges), "hop") + ", which the files cannot tell for certain",
		model.Denied:       "no chain",
	}
	p.line(p.paint(looks[c.Verdict].style, words[c.Verdict]) + "   " + p.paint(bold, clean(c.From)+" → "+clean(c.To)))
	p.caveat(c.Issues, leftOut)
	if len(c.Edges) > 0 {
		p.blank()
	}
	for i, e := range c.Edges {
		p.block(fmt.Sprintf("  hop %d", i+1), p.edge(clean(e.To), e, ""))
	}
	p.blank()
	p.unready(c.Unready)
	p.datapath(c.Datapath)
	_, err := io.WriteString(w, p.text.String())
	return err
}
