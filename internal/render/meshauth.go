package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// checkTitles say what each check is about.
var checkTitles = map[string]string{
	"spire-ready":               "SPIRE is ready",
	"cilium-enabled":            "Cilium authenticates",
	"authenticated-connection":  "an authenticated connection opens",
	"no-identity-no-connection": "the same connection fails without an identity",
}

// MeshAuth writes what sim.MeshAuth found as text: the checks, what the
// identity plane needs, what must authenticate, and what that breaks. Its error
// is the writer's.
func MeshAuth(w io.Writer, m *sim.MeshAuth, opt TextOptions) error {
	t := meshAuthText{newPage(opt), m}
	t.headline()
	t.checks()
	t.plane()
	t.edges("must authenticate", m.Required)
	t.edges("breaks: policy allows it, authentication drops it", m.Breaks)
	t.blank()
	if m.Closed > 0 {
		t.prose("closed", plural(m.Closed, "other connection")+" of these rules: other policies deny them anyway")
	}
	t.issues(m.Issues, opt.Verbose)
	t.datapath(m.Datapath)
	_, err := io.WriteString(w, t.text.String())
	return err
}

// meshAuthText is a report on its way to a page.
type meshAuthText struct {
	*page
	report *sim.MeshAuth
}

func (t meshAuthText) headline() {
	const title = "mutual authentication"
	if t.report.Good {
		t.line(t.paint(green, title+"   in order"))
		return
	}
	var checks, plane, edges []model.Verdict
	for _, c := range t.report.Checks {
		checks = append(checks, c.Verdict)
	}
	for _, f := range t.report.Plane {
		plane = append(plane, f.Verdict)
	}
	for _, e := range slices.Concat(t.report.Required, t.report.Breaks) {
		edges = append(edges, e.Verdict)
	}
	pieces := []string{
		counted(checks, model.Denied, "of 4 checks fail"), counted(checks, model.Undetermined, "of 4 checks unclear"),
		counted(plane, model.Denied, "needs of SPIRE blocked"), counted(plane, model.Undetermined, "needs of SPIRE unclear"),
		counted(edges, model.Denied, "broken edges"), counted(edges, model.Undetermined, "unclear edges"),
	}
	pieces = slices.DeleteFunc(pieces, func(p string) bool { return p == "" })
	for _, line := range fill([]string{t.paint(red, title), " " + strings.Join(pieces, ", ")}, "  ", t.width) {
		t.line(line)
	}
}

func counted(verdicts []model.Verdict, verdict model.Verdict, what string) string {
	n := 0
	for _, v := range verdicts {
		if v == verdict {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	if n == 1 {
		what = strings.Replace(strings.Replace(what, "needs", "need", 1), "edges", "edge", 1)
	}
	return fmt.Sprintf("%d %s", n, what)
}

func (t meshAuthText) section(title string) {
	t.blank()
	t.line(t.paint(bold, title))
}

func (t meshAuthText) checks() {
	t.section("checks")
	for i, c := range t.report.Checks {
		mark := t.mark(c.Verdict)
		if c.Skipped {
			mark = t.paint(faint, "-")
		}
		t.line(fmt.Sprintf("%2d %s %s", i+1, mark, cmp.Or(checkTitles[c.Name], clean(c.Name))))
		t.under("", c.Why)
		t.under("fix", c.Hint)
	}
}

func (t meshAuthText) plane() {
	if len(t.report.Plane) == 0 {
		return
	}
	t.section("identity plane: what it needs to reach")
	for _, f := range t.report.Plane {
		t.entry(f.Verdict, clean(f.What), fmt.Sprintf("%d/%s", f.Port, f.Protocol))
		t.under("", strings.Join(listed(cleanAll(f.From)), " ")+" → "+clean(f.To))
		if f.Verdict == model.Allowed {
			continue
		}
		t.origins(f.By)
		t.under("why", f.Why)
		t.under("fix", f.Hint)
	}
}

// edges lists connections: sources that fare alike together, and a reason that
// several share once, after the last of them.
func (t meshAuthText) edges(title string, edges []sim.AuthEdge) {
	if len(edges) == 0 {
		return
	}
	t.section(title)
	for _, group := range alikeEdges(edges, func(a, b sim.AuthEdge) bool {
		return a.Why == b.Why && a.Verdict == b.Verdict || a.Verdict == model.Allowed && b.Verdict == model.Allowed
	}) {
		for _, same := range alikeEdges(group, sameTarget) {
			t.edge(same)
		}
		if first := group[0]; first.Verdict != model.Allowed {
			t.under("why", first.Why)
			t.under("fix", first.Hint)
		}
	}
}

func (t meshAuthText) edge(same []sim.AuthEdge) {
	var sources []string
	for _, e := range same {
		sources = append(sources, clean(e.From))
	}
	e := same[0]
	port := "every port"
	if e.Port != 0 {
		port = fmt.Sprintf("%d/%s", e.Port, e.Protocol)
	}
	t.entry(e.Verdict, strings.Join(listed(sources), " ")+" → "+clean(e.To), port)
	t.origins(e.Rules)
}

// alikeEdges puts edges together that are alike, in the order of the first of
// each.
func alikeEdges(edges []sim.AuthEdge, alike func(a, b sim.AuthEdge) bool) [][]sim.AuthEdge {
	var groups [][]sim.AuthEdge
	for _, e := range edges {
		i := slices.IndexFunc(groups, func(g []sim.AuthEdge) bool { return alike(g[0], e) })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], e)
	}
	return groups
}

func sameTarget(a, b sim.AuthEdge) bool {
	return a.To == b.To && a.Port == b.Port && a.Protocol == b.Protocol && slices.Equal(a.Rules, b.Rules)
}

// entry is the first line of something, with its mark.
func (t meshAuthText) entry(v model.Verdict, what, port string) {
	for _, line := range hang("   "+t.mark(v)+" ", fill([]string{what, port}, "  ", max(t.width-stepIndent, minText))) {
		t.line(line)
	}
}

func (t meshAuthText) under(label, text string) {
	t.prose(strings.Repeat(" ", stepIndent)+t.paint(faint, label), text)
}

func (t meshAuthText) origins(origins []model.Origin) {
	t.block(strings.Repeat(" ", stepIndent)+t.paint(faint, "by"), originLines(origins, t.room()))
}

func cleanAll(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = clean(n)
	}
	return out
}
