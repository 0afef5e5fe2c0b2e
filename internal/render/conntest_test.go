package render_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/conntest"
)

// hostile is a name that would steer a terminal, end a comment of XML or start a
// command of GitHub's, if it were written as it stands.
const hostile = "a\x1b[31m ]]> <b> & \ufffe\n::error::x"

// report has a case of each outcome, and a document that cannot be used.
func report(t *testing.T) *conntest.Report {
	t.Helper()
	return conntest.Summarize([]conntest.Suite{
		{File: "tests/one.yaml", Name: hostile, Results: []conntest.Result{
			{Name: "passes", File: "tests/one.yaml", Line: 3, Outcome: conntest.Pass, Want: sim.Allowed},
			{Name: hostile, File: "tests/one.yaml", Line: 4, Outcome: conntest.Fail, Want: sim.Allowed, Problem: "want allowed, got denied " + hostile, Answer: load(t, "denied-by-deny-rule")},
			{Name: "names nothing", File: "tests/one.yaml", Line: 5, Outcome: conntest.Unusable, Problem: hostile},
		}},
		{File: "tests/two.yaml", Issues: []model.Issue{{Severity: model.Error, File: "tests/two.yaml", Line: 2, Message: hostile, Remedy: "write another"}}},
		{LeftOut: []model.Issue{{Severity: model.Error, File: "lost.yaml", Line: 1, Message: "lost"}}},
	})
}

func testsText(t *testing.T, format render.Format, opt render.TextOptions) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, render.Tests(&text, report(t), format, opt))
	return text.String()
}

func TestTestsAsText(t *testing.T) {
	brief := testsText(t, render.FormatText, render.TextOptions{})
	verbose := testsText(t, render.FormatText, render.TextOptions{Verbose: true})
	assert.NotContains(t, brief, "passes")
	assert.Contains(t, verbose, "=== RUN   passes\n--- PASS: passes\n")
	assert.NotContains(t, verbose, "\x1b")
	assert.Contains(t, brief, "--- ERROR: names nothing\n    tests/one.yaml:5: ")
	assert.Contains(t, brief, "FAIL  tests/two.yaml  0 passed, 1 error\n")
	assert.Contains(t, brief, "ok    (no file)  no cases to run\n")
	assert.Contains(t, brief, "careful    1 error above")
	assert.True(t, strings.HasSuffix(brief, "total 1 passed, 1 failed, 2 errors\n"), brief)

	colored := testsText(t, render.FormatText, render.TextOptions{Color: true})
	for _, code := range []string{"0", "1", "2", "1;31", "1;32", "1;33"} {
		colored = strings.ReplaceAll(colored, "\x1b["+code+"m", "")
	}
	assert.Equal(t, brief, colored)
}

// TestExplanationOfACaseFits: the answer is laid out for what the indent leaves.
func TestExplanationOfACaseFits(t *testing.T) {
	for _, width := range []int{60, 80, 120} {
		for line := range strings.Lines(testsText(t, render.FormatText, render.TextOptions{Width: width})) {
			if strings.HasPrefix(line, "    ") {
				assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, line)
			}
		}
	}
}

func TestTestsAsJUnit(t *testing.T) {
	var read struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Tests   int    `xml:"tests,attr"`
			LeftOut string `xml:"system-err"`
			Cases   []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
				Error *struct {
					Text string `xml:",chardata"`
				} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal([]byte(testsText(t, render.FormatJUnit, render.TextOptions{})), &read))
	assert.Equal(t, []int{4, 1, 2}, []int{read.Tests, read.Failures, read.Errors})
	require.Len(t, read.Suites, 3)
	cases := read.Suites[0].Cases
	require.Len(t, cases, 3)
	assert.Equal(t, "passes", cases[0].Name)
	assert.Nil(t, cases[0].Failure)
	assert.Contains(t, cases[1].Failure.Message, "want allowed, got denied")
	assert.Contains(t, cases[1].Failure.Text, answerText(t, load(t, "denied-by-deny-rule"), render.TextOptions{}))
	assert.NotNil(t, cases[2].Error)
	assert.Contains(t, read.Suites[1].Cases[0].Error.Text, "]]>")
	assert.Contains(t, read.Suites[1].Cases[0].Error.Text, "write another")
	assert.Equal(t, "lost.yaml:1: error: lost\n", read.Suites[2].LeftOut)
}

func TestTestsAsGitHubAnnotations(t *testing.T) {
	text := testsText(t, render.FormatGitHub, render.TextOptions{})
	var commands []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "::") {
			commands = append(commands, line)
		}
	}
	require.Len(t, commands, 4, "a name starts no command")
	assert.True(t, strings.HasPrefix(commands[0], "::error file=tests/one.yaml,line=4,title=a [31m ]]> <b> & "), commands[0])
	assert.Contains(t, commands[0], "%0A 1 ")
	assert.True(t, strings.HasPrefix(commands[2], "::error file=tests/two.yaml,line=2,"), commands[2])
	assert.Contains(t, commands[2], "%0Afix: write another")
	assert.True(t, strings.HasPrefix(commands[3], "::warning file=lost.yaml,line=1,"), commands[3])
}

func TestParseTestFormat(t *testing.T) {
	for _, good := range []string{"text", "json", "yaml", "junit", "github"} {
		format, err := render.ParseTestFormat(good)
		require.NoError(t, err)
		assert.Equal(t, good, string(format))
	}
	_, err := render.ParseTestFormat("xml")
	assert.EqualError(t, err, `unknown output format "xml": want text, json, yaml, junit or github`)
}
