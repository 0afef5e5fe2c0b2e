package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim/replay"
)

// FormatMarkdown is for pull requests and wikis.
const FormatMarkdown Format = "markdown"

// ParseReplayFormat reads the value of -o for a replay; its error names the
// formats.
func ParseReplayFormat(text string) (Format, error) {
	switch f := Format(text); f {
	case FormatText, FormatJSON, FormatYAML, FormatMarkdown, FormatJUnit:
		return f, nil
	}
	return "", fmt.Errorf("unknown output format %q: want text, json, yaml, markdown or junit", text)
}

// Replay writes how recorded flows fare. Its error is the writer's.
func Replay(w io.Writer, r *replay.Report, format Format, opt TextOptions) error {
	switch format {
	case FormatText:
		return replayText(w, r, opt)
	case FormatMarkdown:
		return replayMarkdown(w, r)
	case FormatJUnit:
		return replayJUnit(w, r)
	}
	return Encode(w, r, format)
}

// replaySection is one table of a report.
type replaySection struct {
	title, none string
	heads       []string
	rows        [][]string
	// note says what the table does not tell apart.
	note string
}

// replayShown is how many rows of a table text shows without -v.
const replayShown = 20

// replaySections are the tables of a report, what matters most first.
func replaySections(r *replay.Report) []replaySection {
	return []replaySection{
		groupSection("was let through and would be dropped", r.WouldDrop, "BY"),
		groupSection("was dropped and would pass", r.WouldPass, "BY"),
		groupSection("cannot be judged", r.Undetermined, "WHY"),
		asideSection(r.Aside),
		absentSection(r.Absent),
		unusedSection(r.Coverage),
	}
}

func groupSection(title string, c replay.Class, last string) replaySection {
	s := replaySection{
		title: fmt.Sprintf("%s: %s", title, quantity(int(c.Records), "record", "records")), none: title + ": none",
		heads: []string{"RECORDS", "FROM", "TO", "PORT", "JUDGED AT", "FIRST", "LAST", last},
	}
	if c.Detail > 0 {
		s.note = "groups tell apart " + c.Told
	}
	for _, g := range c.Groups {
		reason := g.Why
		if last == "BY" {
			reason = originList(g.By)
		}
		first, until := g.Span()
		s.rows = append(s.rows, []string{fmt.Sprint(g.Records), g.From, g.To, portCell(g), g.Direction, first, until, reason})
	}
	return s
}

func portCell(g replay.Group) string {
	switch {
	case g.Protocol == "":
		return "any"
	case g.Protocol.HasPorts():
		return fmt.Sprintf("%d/%s", g.Port, g.Protocol)
	}
	return fmt.Sprintf("%s/%d", g.Protocol, g.Port)
}

func originList(origins []model.Origin) string {
	var texts []string
	for _, o := range origins {
		texts = append(texts, originText(o))
	}
	return strings.Join(texts, ", ")
}

func originText(o model.Origin) string {
	text := o.ID()
	if o.Rule != "" {
		text += " " + o.Rule
	}
	if at := o.Position(); at != "" {
		text += " (" + at + ")"
	}
	return text
}

func asideSection(asides []replay.Aside) replaySection {
	s := replaySection{title: "set aside, since they tell of no policy's decision on a new connection", heads: []string{"RECORDS", "WHY"}}
	for _, a := range asides {
		why := a.Why
		if why == "" {
			why = "for too many reasons to tell"
		}
		s.rows = append(s.rows, []string{fmt.Sprint(a.Records), why})
	}
	return s
}

func absentSection(a replay.AbsentEnds) replaySection {
	s := replaySection{title: "seen in flows and absent from the files", heads: []string{"RECORDS", "WHAT", "NAMESPACE", "NAME", "FIRST", "LAST"}}
	if a.Detail > 0 {
		s.note = "there are too many to name each"
	}
	for _, e := range a.Ends {
		first, last := e.Span()
		s.rows = append(s.rows, []string{fmt.Sprint(e.Records), e.Kind, e.Namespace, e.Name, first, last})
	}
	return s
}

func unusedSection(c replay.Coverage) replaySection {
	s := replaySection{
		title: fmt.Sprintf("rules that decide about no recorded flow: %d of %d", len(c.Unused), c.Rules),
		heads: []string{"RULE", "AT"},
	}
	for _, o := range c.Unused {
		s.rows = append(s.rows, []string{strings.TrimSpace(o.ID() + " " + o.Rule), o.Position()})
	}
	return s
}

// replayNotes are what a reader must know of how much was read.
func replayNotes(r *replay.Report) []string {
	first, last := r.Judged.Span()
	notes := []string{fmt.Sprintf("%s judged%s, %d agree", quantity(int(r.Judged.Records), "record", "records"), prefixed(" from ", first)+prefixed(" to ", last), r.Agrees.Records)}
	if len(r.Shards) > 0 {
		notes = append(notes, "only a part of the log: "+strings.Join(r.Shards, ", "))
	}
	if r.Lost > 0 {
		notes = append(notes, fmt.Sprintf("the log says that %s lost: what they were is not known", quantity(int(r.Lost), "event was", "events were")))
	}
	for _, broken := range r.Broken {
		notes = append(notes, "warning: "+broken)
	}
	if r.Unread > 0 {
		notes = append(notes, fmt.Sprintf("warning: %s could not be read:", quantity(int(r.Unread), "line", "lines")))
	}
	for _, u := range r.UnreadLines {
		notes = append(notes, fmt.Sprintf("  %s:%d: %s", u.File, u.Line, u.Why))
	}
	return notes
}

func replayText(w io.Writer, r *replay.Report, opt TextOptions) error {
	p := newPage(opt)
	for _, note := range replayNotes(r) {
		p.line(clean(note))
	}
	for _, s := range replaySections(r) {
		p.replaySection(s, opt.Verbose)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (p *page) replaySection(s replaySection, all bool) {
	if len(s.rows) == 0 {
		if s.none != "" {
			p.blank()
			p.line(s.none)
		}
		return
	}
	p.blank()
	p.line(s.title + prefixed("; ", s.note))
	rows, hidden := s.rows, 0
	if !all && len(rows) > replayShown {
		rows, hidden = rows[:replayShown], len(rows)-replayShown
	}
	table := [][]string{s.heads}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = clean(cell)
		}
		table = append(table, cells)
	}
	for _, line := range alignBy(table, gap) {
		p.line("  " + line)
	}
	if hidden > 0 {
		p.line(fmt.Sprintf("  and %d more: -v shows all", hidden))
	}
}

func replayMarkdown(w io.Writer, r *replay.Report) error {
	p := newPage(TextOptions{})
	p.line("# Replay of recorded flows")
	p.blank()
	for _, note := range replayNotes(r) {
		p.line("- " + markdownCell(strings.TrimSpace(note)))
	}
	for _, s := range replaySections(r) {
		p.markdownSection(s)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (p *page) markdownSection(s replaySection) {
	if len(s.rows) == 0 && s.none == "" {
		return
	}
	p.blank()
	if len(s.rows) == 0 {
		p.line("## " + capital(s.none))
		return
	}
	p.line("## " + capital(s.title))
	p.blank()
	if s.note != "" {
		p.line(capital(s.note) + ".")
		p.blank()
	}
	p.line("| " + strings.Join(s.heads, " | ") + " |")
	p.line("|" + strings.Repeat("---|", len(s.heads)))
	for _, row := range s.rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = markdownCell(cell)
		}
		p.line("| " + strings.Join(cells, " | ") + " |")
	}
}

// markdownCell keeps text from ending its cell or becoming HTML.
func markdownCell(text string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", ">", "&gt;", "`", "'").Replace(clean(text))
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
