package render

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim/conntest"
)

// The elements of JUnit's XML that CI systems read. There is no time among
// them: the same input gives the same bytes.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
		// LeftOut is what the manifests hold and no answer does.
		LeftOut *junitNotes `xml:"system-err"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		Classname string        `xml:"classname,attr"`
		File      string        `xml:"file,attr,omitempty"`
		Line      int           `xml:"line,attr,omitempty"`
		Failure   *junitProblem `xml:"failure"`
		Error     *junitProblem `xml:"error"`
	}
	junitNotes struct {
		Text string `xml:",cdata"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}
)

// testJUnit writes one suite for each document. A document that cannot be used
// is a suite with one case that has an error.
func testJUnit(w io.Writer, r *conntest.Report) error {
	out := junitSuites{Tests: r.Cases(), Failures: r.Failed, Errors: r.Errors}
	for _, s := range r.Suites {
		counts := s.Counts()
		suite := junitSuite{Name: suiteName(s), Tests: counts.Cases(), Failures: counts.Failed, Errors: counts.Errors}
		if len(s.Issues) > 0 {
			suite.Cases = append(suite.Cases, unusableCase(s))
		}
		for _, result := range s.Results {
			suite.Cases = append(suite.Cases, junitResult(s, result))
		}
		if len(s.LeftOut) > 0 {
			suite.LeftOut = &junitNotes{cleanLines(issueLines(s.LeftOut))}
		}
		out.Suites = append(out.Suites, suite)
	}
	return writeJUnit(w, out)
}

func writeJUnit(w io.Writer, out junitSuites) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func unusableCase(s conntest.Suite) junitCase {
	return junitCase{Name: "(the document)", Classname: s.File, File: s.Issues[0].File, Line: s.Issues[0].Line,
		Error: &junitProblem{s.Issues[0].Message, cleanLines(issueLines(s.Issues))}}
}

func junitResult(s conntest.Suite, r conntest.Result) junitCase {
	c := junitCase{Name: r.Name, Classname: s.File, File: r.File, Line: r.Line}
	problem := &junitProblem{r.Problem, cleanLines(explanation(r, TextOptions{}))}
	switch r.Outcome {
	case conntest.Fail:
		c.Failure = problem
	case conntest.Unusable:
		c.Error = problem
	}
	return c
}

// cleanLines is clean for text of several lines, without what XML cannot hold.
func cleanLines(text string) string {
	lines := strings.Split(strings.ToValidUTF8(text, "?"), "\n")
	for i, line := range lines {
		lines[i] = strings.NewReplacer("\uFFFE", "?", "\uFFFF", "?").Replace(clean(line))
	}
	return strings.Join(lines, "\n")
}

func issueLines(issues []model.Issue) string {
	var text strings.Builder
	for _, issue := range issues {
		fmt.Fprintln(&text, issue)
	}
	return text.String()
}

// testGitHub writes a workflow command for each thing that is wrong, which
// GitHub shows beside the line, and then one line for each document.
func testGitHub(w io.Writer, r *conntest.Report) error {
	p := newPage(TextOptions{})
	for _, s := range r.Suites {
		for _, issue := range s.Issues {
			p.annotate("error", issue.File, issue.Line, conntest.Kind, issue.Message+prefixed("\nfix: ", issue.Remedy))
		}
		for _, issue := range s.LeftOut {
			p.annotate("warning", issue.File, issue.Line, "left out of every answer", issue.Message+prefixed("\nfix: ", issue.Remedy))
		}
		for _, result := range s.Results {
			if result.Outcome != conntest.Pass {
				p.annotate("error", result.File, result.Line, result.Name, result.Problem+prefixed("\n", explanation(result, TextOptions{})))
			}
		}
		p.line(p.summary(s))
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// Escapes of workflow commands, in a message and in a property. Source: the
// command module of github.com/actions/toolkit, packages/core/src/command.ts.
var (
	escapeMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func (p *page) annotate(level, file string, line int, title, message string) {
	var properties []string
	for _, property := range []struct{ key, value string }{{"file", file}, {"line", fmt.Sprint(line)}, {"title", title}} {
		if property.value != "" && property.value != "0" {
			properties = append(properties, property.key+"="+escapeProperty.Replace(clean(property.value)))
		}
	}
	p.line("::" + level + " " + strings.Join(properties, ",") + "::" + escapeMessage.Replace(cleanLines(strings.TrimSpace(message))))
}
