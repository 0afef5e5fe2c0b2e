package render

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"strings"

	"github.com/netsim-dev/netsim/sim"
)

// MatrixCSV writes a matrix row by row: the source, then a cell for each
// destination, as in "allowed" or "allowed L7". Its error is the writer's.
func MatrixCSV(w io.Writer, m *sim.Matrix, rows iter.Seq[sim.MatrixRow]) error {
	out := csv.NewWriter(w)
	record := []string{"from"}
	for _, d := range m.Destinations {
		record = append(record, clean(d.Ref))
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for row := range rows {
		record[0] = clean(row.Source.Ref)
		for i, o := range row.Cells {
			record[i+1] = strings.TrimSpace(o.Verdict.String() + " " + demands(o))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// matrixHead is a matrix as JSON without its rows, which come last.
type matrixHead struct {
	APIVersion   string                  `json:"apiVersion"`
	Kind         string                  `json:"kind"`
	Datapath     sim.DatapathInfo        `json:"datapath"`
	Unready      []sim.Unready           `json:"unready,omitempty"`
	Issues       any                     `json:"issues"`
	Destinations []sim.MatrixDestination `json:"destinations"`
}

type matrixRow struct {
	From  *sim.MatrixSource `json:"from"`
	Cells []sim.Outcome     `json:"cells"`
}

// MatrixJSON writes one object of kind Matrix, with a row a line as they come.
// Cells are in the order of the destinations. Its error is the writer's.
func MatrixJSON(w io.Writer, m *sim.Matrix, rows iter.Seq[sim.MatrixRow]) error {
	out := bufio.NewWriter(w)
	head, err := json.Marshal(matrixHead{sim.APIVersion, "Matrix", m.Datapath, m.Unready, m.Issues, m.Destinations})
	if err != nil {
		return err
	}
	out.Write(head[:len(head)-1])
	out.WriteString(`,"rows":[`)
	separator := "\n"
	for row := range rows {
		line, err := json.Marshal(matrixRow{row.Source, row.Cells})
		if err != nil {
			return err
		}
		out.WriteString(separator)
		if _, err := out.Write(line); err != nil {
			return err
		}
		separator = ",\n"
	}
	out.WriteString("\n]}\n")
	return out.Flush()
}
