package render

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/netsim-dev/netsim/sim/conntest"
)

// Formats that only tests have.
const (
	FormatJUnit  Format = "junit"
	FormatGitHub Format = "github"
)

// ParseTestFormat reads the value of -o for tests; its error names the formats.
func ParseTestFormat(text string) (Format, error) {
	if f := Format(text); f == FormatJUnit || f == FormatGitHub {
		return f, nil
	}
	f, err := ParseFormat(text)
	if err != nil {
		return "", fmt.Errorf("unknown output format %q: want text, json, yaml, junit or github", text)
	}
	return f, nil
}

// Tests writes what came of tests. Its error is the writer's.
func Tests(w io.Writer, r *conntest.Report, format Format, opt TextOptions) error {
	switch format {
	case FormatText:
		return testText(w, r, opt)
	case FormatJUnit:
		return testJUnit(w, r)
	case FormatGitHub:
		return testGitHub(w, r)
	}
	return Encode(w, r, format)
}

// outcomeWords are what `go test` writes; it knows no case that cannot run.
var outcomeWords = map[conntest.Outcome]struct {
	word  string
	style style
}{
	conntest.Pass:     {"PASS", green},
	conntest.Fail:     {"FAIL", red},
	conntest.Unusable: {"ERROR", red},
}

// testText writes as `go test` does: what failed, with the explanation that
// `netsim query` gives, and one line for each document. Verbose shows all.
func testText(w io.Writer, r *conntest.Report, opt TextOptions) error {
	p := newPage(opt)
	for _, suite := range r.Suites {
		for _, result := range suite.Results {
			p.result(result, opt)
		}
		p.issues(suite.Issues, true)
		p.leftOut(suite)
		p.line(p.summary(suite))
	}
	if len(r.Suites) > 1 {
		p.line(pad("total", summaryWidth) + tally(r.Counts))
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

const (
	caseIndent   = "    "
	summaryWidth = len("FAIL  ")
)

func (p *page) result(r conntest.Result, opt TextOptions) {
	if opt.Verbose {
		p.line("=== RUN   " + clean(r.Name))
	}
	if r.Outcome == conntest.Pass && !opt.Verbose {
		return
	}
	look := outcomeWords[r.Outcome]
	p.line(p.paint(look.style, "--- "+look.word) + ": " + clean(r.Name))
	if r.Outcome == conntest.Pass {
		return
	}
	for _, line := range indented(caseIndent, caseIndent, clean(resultPosition(r)+r.Problem), p.width) {
		p.line(line)
	}
	if r.Answer != nil {
		opt.Width, opt.Verbose = p.width-len(caseIndent), false
		p.text.WriteString(shifted(explanation(r, opt)))
	}
}

func resultPosition(r conntest.Result) string {
	if r.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", r.File, r.Line)
}

// explanation is the text of the answer of a case that failed, "" for others.
func explanation(r conntest.Result, opt TextOptions) string {
	if r.Answer == nil {
		return ""
	}
	var text bytes.Buffer
	_ = Answer(&text, r.Answer, opt) // a buffer takes all
	return text.String()
}

func shifted(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			out.WriteString(caseIndent)
		}
		out.WriteString(line)
	}
	return out.String()
}

// leftOut warns of what no answer of the document took into account.
func (p *page) leftOut(s conntest.Suite) {
	p.issues(s.LeftOut, true)
	if len(s.LeftOut) > 0 {
		p.prose(p.paint(red, "careful"), plural(len(s.LeftOut), "error")+" above: something in the manifests is left out of every answer")
	}
}

func (p *page) summary(s conntest.Suite) string {
	word := p.paint(green, "ok")
	if !s.Counts().Good() {
		word = p.paint(red, "FAIL")
	}
	return pad(word, summaryWidth) + clean(suiteName(s)) + "  " + tally(s.Counts())
}

// suiteName is a document's file, and its name if it has one.
func suiteName(s conntest.Suite) string {
	return cmp.Or(s.File, "(no file)") + suffixed(prefixed(" (", s.Name), ")")
}

func tally(c conntest.Counts) string {
	if c.Cases() == 0 {
		return "no cases to run"
	}
	pieces := []string{fmt.Sprintf("%d passed", c.Passed)}
	if c.Failed > 0 {
		pieces = append(pieces, fmt.Sprintf("%d failed", c.Failed))
	}
	if c.Errors > 0 {
		pieces = append(pieces, plural(c.Errors, "error"))
	}
	return strings.Join(pieces, ", ")
}
