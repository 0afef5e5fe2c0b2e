package render

import "github.com/netsim-dev/netsim/model"

// escape starts an ANSI colour code; such a code ends with 'm'.
const escape = "\x1b["

type style string

const (
	bold   style = "1"
	faint  style = "2"
	red    style = "1;31"
	green  style = "1;32"
	yellow style = "1;33"
)

func (p *page) paint(s style, text string) string {
	if !p.color || text == "" {
		return text
	}
	return escape + string(s) + "m" + text + escape + "0m"
}

// looks says how a verdict looks; the word stands next to the mark everywhere.
var looks = map[model.Verdict]struct {
	mark  string
	style style
}{
	model.Allowed:      {"✓", green},
	model.Denied:       {"✗", red},
	model.Mixed:        {"±", yellow},
	model.Undetermined: {"?", yellow},
}

func (p *page) mark(v model.Verdict) string {
	return p.paint(looks[v].style, looks[v].mark)
}

func (p *page) verdict(v model.Verdict) string {
	return p.paint(looks[v].style, v.String())
}
