package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// DefaultWidth is the line length where no terminal says otherwise.
	DefaultWidth = 80
	// MaxWidth is the longest line: longer ones are hard to read, however
	// wide the terminal is.
	MaxWidth = 120

	// labelWidth is the column at which all text starts.
	labelWidth = 11
	// minText keeps a very narrow page readable at the price of its width.
	minText = 16
)

// TextOptions say how text is laid out. The zero value is plain text of
// DefaultWidth columns.
type TextOptions struct {
	// Color adds ANSI colours.
	Color bool
	// Width is the line length in columns; 0 is DefaultWidth, and more than
	// MaxWidth is MaxWidth.
	Width int
	// Verbose writes issues of severity info in full instead of counting them.
	Verbose bool
}

// page collects lines of at most width columns.
type page struct {
	text  strings.Builder
	width int
	color bool
}

func newPage(opt TextOptions) *page {
	width := opt.Width
	if width <= 0 {
		width = DefaultWidth
	}
	return &page{width: min(width, MaxWidth), color: opt.Color}
}

func (p *page) line(text string) {
	p.text.WriteString(strings.TrimRight(text, " "))
	p.text.WriteByte('\n')
}

func (p *page) blank() { p.text.WriteByte('\n') }

// room is how many columns are left right of the labels.
func (p *page) room() int { return max(p.width-labelWidth, minText) }

// block writes a label and, right of it, lines.
func (p *page) block(label string, lines []string) {
	for _, line := range lines {
		p.line(pad(label, labelWidth) + line)
		label = ""
	}
}

// items writes a label and pieces side by side.
func (p *page) items(label string, pieces ...string) {
	p.block(label, fill(pieces, "  ", p.room()))
}

// prose writes a label and running text.
func (p *page) prose(label, text string) {
	p.block(label, fill(strings.Fields(clean(text)), " ", p.room()))
}

// fill lays pieces side by side, sep between them, on lines of at most width
// columns. Empty pieces are left out.
func fill(pieces []string, sep string, width int) []string {
	var lines []string
	for _, piece := range pieces {
		last := len(lines) - 1
		switch {
		case piece == "":
		case last >= 0 && columns(lines[last]+sep+piece) <= width:
			lines[last] += sep + piece
		default:
			lines = append(lines, fold(piece, width)...)
		}
	}
	return lines
}

// fold breaks a piece that is longer than a line: between words, and a word
// after a comma, a brace, a slash or a dot. What has none of these stays whole.
func fold(piece string, width int) []string {
	if columns(piece) <= width {
		return []string{piece}
	}
	if words := strings.Fields(piece); len(words) > 1 {
		return fill(words, " ", width)
	}
	for _, sep := range []string{",", "{", "/", "."} {
		if parts := strings.SplitAfter(piece, sep); len(parts) > 1 && parts[1] != "" {
			return fill(parts, "", width)
		}
	}
	return []string{piece}
}

// columns counts the columns that text takes on a screen: its runes, without
// colour codes.
func columns(text string) int {
	count := utf8.RuneCountInString(text)
	for {
		start := strings.Index(text, escape)
		if start < 0 {
			return count
		}
		end := strings.IndexByte(text[start:], 'm') + 1
		if end == 0 {
			return count
		}
		count -= end
		text = text[start+end:]
	}
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-columns(text), 0))
}

// clean makes control and format characters harmless: names and messages come
// from files, and a terminal would obey them.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf) {
			return ' '
		}
		return r
	}, text)
}

func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}
