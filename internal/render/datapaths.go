package render

import (
	"cmp"
	"io"
	"strings"

	"github.com/netsim-dev/netsim/sim"
)

// filesDecide stands for what a profile leaves open.
const filesDecide = "as in the files"

// Profiles writes a table of profiles, one a line.
func Profiles(w io.Writer, profiles []sim.Profile) error {
	rows := [][]string{{"NAME", "SERVICES", "ROUTING", "WHAT IT IS"}}
	for _, p := range profiles {
		rows = append(rows, []string{p.Name, cmp.Or(p.Services(), filesDecide), cmp.Or(p.Routing(), filesDecide), p.Summary})
	}
	_, err := io.WriteString(w, strings.Join(alignBy(rows, gap), "\n")+"\n")
	return err
}

// Profile explains a profile: each setting with its source, then the notes.
func Profile(w io.Writer, profile sim.Profile, opt TextOptions) error {
	p := newPage(opt)
	p.line(profile.Name + gap + profile.Summary)
	p.blank()
	p.items("services", cmp.Or(profile.Services(), filesDecide))
	p.items("routing", cmp.Or(profile.Routing(), filesDecide))
	p.blank()
	for i, s := range profile.Settings {
		label := ""
		if i == 0 {
			label = "settings"
		}
		setting := s.Name + "=" + cmp.Or(s.Value, `""`)
		if s.Since != "" {
			setting += " (from Cilium " + s.Since + " on)"
		}
		p.block(label, append([]string{setting}, indented("  ", "  ", s.Source, p.room())...))
	}
	p.blank()
	for i, note := range profile.Notes {
		label := ""
		if i == 0 {
			label = "notes"
		}
		p.block(label, indented("- ", "  ", note, p.room()))
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// indented wraps running text behind what its first line and its others begin
// with.
func indented(first, others, text string, width int) []string {
	lines := fill(strings.Fields(text), " ", width-len(others))
	for i := range lines {
		lines[i] = first + lines[i]
		first = others
	}
	return lines
}
