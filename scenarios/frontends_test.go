package scenarios_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

const frontends = "../examples/frontends"

// datapath is a group of columns of the README's table.
type datapath struct {
	title, profile string
	set            map[string]string
}

func datapaths() []datapath {
	return []datapath{
		{"kube-proxy", "kind", nil},
		{"KPR", "kind-kpr", nil},
		{"KPR, pods per packet", "kind-kpr", map[string]string{"socketLB.hostNamespaceOnly": "true"}},
	}
}

// column is what a datapath answers, one cell a question, from one version of
// Cilium to another.
type column struct {
	title, from, to string
	cells           []string
}

func (c column) versions() string {
	if c.from == c.to {
		return c.from
	}
	return c.from + "–" + c.to
}

// TestReadmeFrontends asks the questions of examples/frontends under each
// datapath and each version of Cilium, and compares the table of the answers
// with the README's. `go test ./scenarios -update` writes the true one there.
func TestReadmeFrontends(t *testing.T) {
	const begin, end = "<!-- frontends: written by go test ./scenarios -update -->\n", "<!-- end of frontends -->\n"
	path := filepath.FromSlash("../README.md")
	readme, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(readme), begin)
	require.True(t, found, "the README has no line %s", begin)
	shown, after, found := strings.Cut(rest, end)
	require.True(t, found, "the README has no line %s", end)

	questions := frontendQuestions(t)
	table := markdown(rows(questions, columns(t, questions)))
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile(path, []byte(before+begin+table+end+after), 0o644))
		return
	}
	require.Equal(t, table, shown, "the README's table is out of date: go test ./scenarios -update")
}

// frontendQuestions are the lines that `netsim query --batch` takes.
func frontendQuestions(t *testing.T) []sim.Query {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(frontends + "/questions.jsonl"))
	require.NoError(t, err)
	var questions []sim.Query
	for line := range bytes.Lines(text) {
		var q struct{ ID, From, To string }
		require.NoError(t, json.Unmarshal(line, &q))
		questions = append(questions, sim.Query{ID: q.ID, From: q.From, To: q.To})
	}
	return questions
}

// columns are one for each datapath and version; versions of a datapath that
// follow each other and answer alike share one.
func columns(t *testing.T, questions []sim.Query) []column {
	t.Helper()
	var all []column
	for _, d := range datapaths() {
		for _, version := range []string{"1.16", "1.17", "1.18", "1.19", "1.20"} {
			cells := answers(t, questions, d, version)
			if last := len(all) - 1; last >= 0 && all[last].title == d.title && slices.Equal(all[last].cells, cells) {
				all[last].to = version
				continue
			}
			all = append(all, column{d.title, version, version, cells})
		}
	}
	return all
}

func answers(t *testing.T, questions []sim.Query, d datapath, version string) []string {
	t.Helper()
	cluster, issues, err := sim.Load([]string{frontends}, nil)
	require.NoError(t, err)
	set := map[string]string{"cilium.version": version}
	maps.Copy(set, d.set)
	s, err := sim.New(cluster, issues, sim.Options{Datapath: d.profile, Set: set})
	require.NoError(t, err)
	cells := make([]string, len(questions))
	for i, q := range questions {
		answer, err := s.Query(q)
		require.NoError(t, err, q.ID)
		cells[i] = cell(answer)
	}
	return cells
}

// cell is the verdict as a sign, and what the client sees on each of the ways.
func cell(a *sim.Answer) string {
	signs := map[model.Verdict]string{model.Allowed: "✓", model.Denied: "✗", model.Mixed: "±", model.Undetermined: "?"}
	seen := map[string]bool{}
	for _, path := range a.Paths {
		seen[string(path.ClientSees)] = true
	}
	return signs[a.Verdict] + " " + strings.Join(slices.Sorted(maps.Keys(seen)), "/")
}

// rows are the table's, with a cell in bold where it differs from the one to
// its left.
func rows(questions []sim.Query, all []column) [][]string {
	head, versions := []string{""}, []string{"Cilium"}
	for i, c := range all {
		title := c.title
		if i > 0 && all[i-1].title == title {
			title = ""
		}
		head, versions = append(head, title), append(versions, c.versions())
	}
	table := [][]string{head, versions}
	for i, q := range questions {
		row := []string{q.ID.(string)}
		for j, c := range all {
			text := c.cells[i]
			if j > 0 && text != all[j-1].cells[i] {
				text = "**" + text + "**"
			}
			row = append(row, text)
		}
		table = append(table, row)
	}
	return table
}

// markdown is a table whose first row is its head, padded so that it reads
// without being rendered.
func markdown(table [][]string) string {
	widths := make([]int, len(table[0]))
	rule := make([]string, len(widths))
	for i := range widths {
		for _, row := range table {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		rule[i] = strings.Repeat("-", widths[i])
	}
	var b strings.Builder
	for _, row := range slices.Insert(slices.Clone(table), 1, rule) {
		for i, text := range row {
			b.WriteString("| " + text + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)) + " ")
		}
		b.WriteString("|\n")
	}
	return b.String()
}
