package render_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// cell reads "✓", "✗ auth", "± L7" or "?".
func cell(text string) sim.Outcome {
	verdicts := map[string]model.Verdict{"✓": model.Allowed, "✗": model.Denied, "±": model.Mixed, "?": model.Undetermined}
	return sim.Outcome{
		Verdict: verdicts[strings.Fields(text)[0]],
		Auth:    strings.Contains(text, "auth"), L7: strings.Contains(text, "L7"),
	}
}

// drawn is a matrix of these references, and its rows of cells.
func drawn(destinations []string, table [][]string) (*sim.Matrix, iter.Seq[sim.MatrixRow]) {
	m := &sim.Matrix{Datapath: sim.DatapathInfo{Name: "kind"}, Issues: []model.Issue{}}
	for _, ref := range destinations {
		m.Destinations = append(m.Destinations, sim.MatrixDestination{Ref: ref, Namespace: namespaceOf(ref), Behind: []string{}})
	}
	for _, row := range table {
		m.Sources = append(m.Sources, sim.MatrixSource{Ref: row[0], Namespace: namespaceOf(row[0])})
	}
	return m, func(yield func(sim.MatrixRow) bool) {
		for i, row := range table {
			var cells []sim.Outcome
			for _, text := range row[1:] {
				cells = append(cells, cell(text))
			}
			if !yield(sim.MatrixRow{Source: &m.Sources[i], Cells: cells}) {
				return
			}
		}
	}
}

func namespaceOf(ref string) string {
	if first, _, found := strings.Cut(ref, "/"); found && first != "node" {
		return first
	}
	return ""
}

// small has equal rows, equal columns, two nodes that differ, and every mark.
func small() (*sim.Matrix, iter.Seq[sim.MatrixRow]) {
	return drawn(
		[]string{"dev/svc/api:80", "dev/svc/api:81", "dev/svc/db:5432", "node/a:10250", "node/b:10250", "world:443"},
		[][]string{
			{"dev/deploy/api", "✓", "✓", "✓ L7", "✗", "✗", "✓"},
			{"dev/deploy/web", "✓", "✓", "✓ L7", "✗", "✗", "✓"},
			{"uat/deploy/web", "✗", "✗", "✗ auth", "✓", "✗", "?"},
			{"node/a", "✓", "✓", "✓", "✓", "✓", "✓"},
			{"node/b", "✓", "✓", "✗", "✓", "✓", "✓"},
			{"world", "✗", "✗", "✗", "✗", "✗", "?"},
		},
	)
}

func TestMatrixText(t *testing.T) {
	m, rows := small()
	const head = `6 sources × 6 destinations: ✓ 20 allowed, ✗ 14 denied, ? 2 undetermined
L7: a proxy lets only some requests through
auth: mutual authentication is demanded, and the verdict counts it

`
	const tail = `
datapath   kind, kube-proxy
why        netsim query FROM TO explains a cell
`
	for _, row := range []struct {
		name string
		opt  render.TextOptions
		want string
	}{
		{"one table where it fits, rows and columns merged, nodes as one", render.TextOptions{}, head + `                 dev
                 svc/api:80
                 svc/api:81  svc/db:5432  2 nodes:10250  world:443
dev
  deploy/api     ✓           ✓ L7         ✗              ✓
  deploy/web
uat
  deploy/web     ✗           ✗ auth       ±              ?
in no namespace
  2 nodes        ✓           ±            ✓              ✓
  world          ✗           ✗            ✗              ?
` + tail},
		{"else a table of namespaces and lists", render.TextOptions{Width: 55}, `6 sources × 6 destinations: ✓ 20 allowed, ✗ 14 denied,
? 2 undetermined
L7: a proxy lets only some requests through
auth: mutual authentication is demanded, and the
verdict counts it

From namespace to namespace (the heads are the numbers
of the rows): ✓ all allowed, ✗ none, else how many are,
mixed ones too; ? where some are undetermined.

                   1 3
 1 dev             ✓ 2
 2 uat             ✗ 1?
 3 in no namespace 3 2?

dev
  deploy/api, deploy/web
    ✓      dev: svc/api:80,81; world:443
    ✓ L7   dev: svc/db:5432
    ✗      2 nodes:10250

uat
  deploy/web
    ±      2 nodes:10250
    ?      world:443
    ✗      dev: svc/api:80,81
    ✗ auth dev: svc/db:5432

in no namespace
  2 nodes
    ✓      dev: svc/api:80,81; 2 nodes:10250, world:443
    ±      dev: svc/db:5432
  world
    ?      world:443
    ✗      dev: all 3; 2 nodes:10250
` + tail},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out strings.Builder
			require.NoError(t, render.Matrix(&out, m, rows, row.opt))
			assert.Equal(t, row.want, out.String())
		})
	}
}

// TestMatrixOfManyDestinations counts what most cells are, and what a namespace
// wholly is.
func TestMatrixOfManyDestinations(t *testing.T) {
	var destinations []string
	first, second := []string{"dev/deploy/a"}, []string{"dev/deploy/b"}
	for i := range 30 {
		destinations = append(destinations, fmt.Sprintf("ns%d/svc/s%d:80", i/10, i))
		first = append(first, map[bool]string{true: "✓", false: "✗"}[i < 10 || i == 12])
		second = append(second, "✗")
	}
	m, rows := drawn(destinations, [][]string{first, second})
	var out strings.Builder
	require.NoError(t, render.Matrix(&out, m, rows, render.TextOptions{Width: 50}))
	assert.Contains(t, out.String(), `
dev
  deploy/a
    ✓      ns0: all 10; ns1: svc/s12:80
    ✗      all others (19)
  deploy/b
    ✗      everything (30)
`)
}

// TestNodesAlone are told one by one.
func TestNodesAlone(t *testing.T) {
	m, rows := drawn([]string{"dev/svc/api:80"}, [][]string{{"node/a", "✓"}, {"node/b", "✗"}})
	var out strings.Builder
	require.NoError(t, render.Matrix(&out, m, rows, render.TextOptions{}))
	assert.Contains(t, out.String(), "  node/a         ✓\n  node/b         ✗\n")
}

func TestMatrixMarkdown(t *testing.T) {
	m, rows := small()
	var out strings.Builder
	require.NoError(t, render.MatrixMarkdown(&out, m, rows))
	assert.Contains(t, out.String(), `
| from | dev/svc/api:80,81 | dev/svc/db:5432 | 2 nodes:10250 | world:443 |
|---|:-:|:-:|:-:|:-:|
| dev/deploy/api<br>dev/deploy/web | ✓ | ✓ L7 | ✗ | ✓ |
| uat/deploy/web | ✗ | ✗ auth | ± | ? |
`)
}

func TestMatrixMarkdownOfManyDestinations(t *testing.T) {
	destinations := []string{"dev/svc/evil|_x_:80"}
	row := []string{"dev/deploy/a", "✓ L7"}
	for i := range 2 * 8 {
		destinations = append(destinations, fmt.Sprintf("ns%d/svc/s:80", i))
		row = append(row, "✗")
	}
	m, rows := drawn(destinations, [][]string{row, {"dev/deploy/b", "✓", "✗", "✓", "✗", "✓", "✗", "✓", "✗", "✓", "✗", "✓", "✗", "✓", "✗", "✓", "✗", "✓"}})
	var out strings.Builder
	require.NoError(t, render.MatrixMarkdown(&out, m, rows))
	assert.Contains(t, out.String(), "| from | ✓ allowed | ✗ denied |\n|---|---|---|\n| dev/deploy/a | L7: dev: svc/evil\\|\\_x\\_:80 | all others (16) |\n")
}

func TestMatrixForPrograms(t *testing.T) {
	m, rows := small()
	var text bytes.Buffer
	require.NoError(t, render.MatrixCSV(&text, m, rows))
	records, err := csv.NewReader(&text).ReadAll()
	require.NoError(t, err)
	assert.Len(t, records, 7)
	assert.Equal(t, []string{"from", "dev/svc/api:80", "dev/svc/api:81", "dev/svc/db:5432", "node/a:10250", "node/b:10250", "world:443"}, records[0])
	assert.Equal(t, []string{"uat/deploy/web", "denied", "denied", "denied auth", "allowed", "denied", "undetermined"}, records[3])

	text.Reset()
	require.NoError(t, render.MatrixJSON(&text, m, rows))
	var object struct {
		APIVersion, Kind     string
		Issues, Destinations []any
		Rows                 []struct {
			From  struct{ Ref string }
			Cells []sim.Outcome
		}
	}
	require.NoError(t, json.Unmarshal(text.Bytes(), &object))
	assert.Equal(t, "Matrix", object.Kind)
	assert.NotNil(t, object.Issues)
	assert.Len(t, object.Destinations, 6)
	assert.Equal(t, "uat/deploy/web", object.Rows[2].From.Ref)
	assert.Equal(t, cell("✗ auth"), object.Rows[2].Cells[2])
	assert.Equal(t, 8, strings.Count(text.String(), "\n"), "a row a line")
}

func TestMatrixDOT(t *testing.T) {
	m, rows := small()
	var out strings.Builder
	require.NoError(t, render.MatrixDOT(&out, m, rows))
	assert.Contains(t, out.String(), `    "dev/svc/api" [label="svc/api", shape=ellipse];`)
	assert.Contains(t, out.String(), `  "dev/deploy/web" -> "dev/svc/api" [label="80,81", style=solid];`)
	assert.Contains(t, out.String(), `  "dev/deploy/web" -> "dev/svc/db" [label="5432 L7", style=solid];`)
	assert.Contains(t, out.String(), `  "world" -> "world" [label="443", style=dotted];`)
	assert.NotContains(t, out.String(), `"uat/deploy/web" -> "dev/svc/db"`)
}

// TestMatrixStopsWhereNobodyReads: a closed pipe ends the work.
func TestMatrixStopsWhereNobodyReads(t *testing.T) {
	destinations, row := []string{}, []string{"dev/deploy/a"}
	for i := range 200 {
		destinations = append(destinations, fmt.Sprintf("dev/svc/s%d:80", i))
		row = append(row, "✓")
	}
	table := make([][]string, 500)
	for i := range table {
		table[i] = row
	}
	for name, write := range map[string]func(io.Writer, *sim.Matrix, iter.Seq[sim.MatrixRow]) error{
		"csv": render.MatrixCSV, "json": render.MatrixJSON, "dot": render.MatrixDOT,
	} {
		m, rows := drawn(destinations, table)
		asked := 0
		err := write(closed{}, m, func(yield func(sim.MatrixRow) bool) {
			for r := range rows {
				if asked++; !yield(r) {
					return
				}
			}
		})
		assert.ErrorIs(t, err, io.ErrClosedPipe, name)
		assert.Less(t, asked, len(table), name)
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestMatrixColoursSignsOnly(t *testing.T) {
	m, rows := small()
	var plain, coloured strings.Builder
	require.NoError(t, render.Matrix(&plain, m, rows, render.TextOptions{}))
	require.NoError(t, render.Matrix(&coloured, m, rows, render.TextOptions{Color: true}))
	stripped := coloured.String()
	for _, code := range []string{"\x1b[1m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m", "\x1b[0m"} {
		stripped = strings.ReplaceAll(stripped, code, "")
	}
	assert.Equal(t, plain.String(), stripped)
	assert.Contains(t, coloured.String(), "\x1b[1;32m✓\x1b[0m \x1b[1;32mL7\x1b[0m")
}
