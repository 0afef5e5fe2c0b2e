package main

import (
	"fmt"
	"io"
	"iter"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// matrixFlags are the flags of matrix alone.
type matrixFlags struct {
	sim.MatrixOptions
	verify int
	seed   uint64
}

func (c *command) matrix() *cobra.Command {
	m := &matrixFlags{}
	cmd := &cobra.Command{
		Use:   "matrix",
		Short: "Say for all sources and destinations at once who reaches whom",
		Long: "Matrix asks about every workload, node and the world as sources, and as\n" +
			"destinations about every Service's ports, the nodes' kubelets, the API server and\n" +
			"the world. A verdict is that of netsim query for the same two references.\n\n" +
			"As text it is one table where that fits, else lists by namespace; sources that\n" +
			"reach the same are in one row, and the nodes are told as one. csv and json have\n" +
			"every cell, a row a line, and keep only a block of rows in memory. md is for a\n" +
			"comment on a pull request, dot for graphviz.\n\n" +
			"A SELECTOR is a namespace, a reference without a port (dev/deploy/web), labels\n" +
			"('app in (web, api)', dev/app=web), node or world; several add up. The exit code\n" +
			"is 0 whatever the verdicts are.",
		Example: `  netsim matrix -f manifests/
  netsim matrix -f manifests/ --from dev --to dev/deploy/api
  netsim matrix -f manifests/ --ports 443,53/UDP --to world -o csv
  netsim matrix -f manifests/ -o md >> "$GITHUB_STEP_SUMMARY"`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runMatrix(m) },
	}
	addMatrixOptions(cmd, &m.MatrixOptions)
	flags := cmd.Flags()
	flags.IntVar(&m.verify, "verify", 0, "first ask netsim query about `N` cells drawn at random, and fail if one differs")
	flags.Uint64Var(&m.seed, "seed", 1, "what draws the cells of --verify")
	return cmd
}

// addMatrixOptions adds the flags that choose which connections are asked about.
func addMatrixOptions(cmd *cobra.Command, o *sim.MatrixOptions) {
	flags := cmd.Flags()
	flags.StringArrayVar(&o.From, "from", nil, "only sources that `SELECTOR` means; repeatable")
	flags.StringArrayVar(&o.To, "to", nil, "only destinations that `SELECTOR` means; repeatable")
	flags.StringSliceVar(&o.Ports, "ports", nil, "ask about these `PORTS` (443,53/UDP,ICMP) of all workloads, nodes and the world, not about Services")
	flags.BoolVar(&o.Pods, "pods", false, "ask about each pod by itself")
}

type matrixWriter func(*command, *sim.Matrix, iter.Seq[sim.MatrixRow]) error

// matrixFormats are the values of -o.
func matrixFormats() map[string]matrixWriter {
	text := func(c *command, m *sim.Matrix, rows iter.Seq[sim.MatrixRow]) error {
		return render.Matrix(c.stdout, m, rows, c.textOptions(false))
	}
	to := func(write func(io.Writer, *sim.Matrix, iter.Seq[sim.MatrixRow]) error) matrixWriter {
		return func(c *command, m *sim.Matrix, rows iter.Seq[sim.MatrixRow]) error { return write(c.stdout, m, rows) }
	}
	return map[string]matrixWriter{
		"text": text, "table": text,
		"csv": to(render.MatrixCSV), "json": to(render.MatrixJSON), "md": to(render.MatrixMarkdown), "dot": to(render.MatrixDOT),
	}
}

func (c *command) runMatrix(flags *matrixFlags) error {
	write, known := matrixFormats()[c.output]
	if !known {
		return fmt.Errorf("unknown output format %q: matrix writes table, csv, json, md or dot", c.output)
	}
	if flags.verify < 0 {
		return fmt.Errorf("--verify %d: want how many cells to ask about", flags.verify)
	}
	s, err := c.load()
	if err != nil {
		return err
	}
	m, err := s.Matrix(flags.MatrixOptions)
	if err != nil {
		return err
	}
	if err := c.verifyMatrix(m, flags); err != nil {
		return err
	}
	if c.output == "csv" || c.output == "dot" {
		c.warnOfErrors(m.Issues)
	}
	progress, clear := c.progress()
	m.Progress = progress
	defer clear()
	return write(c, m, m.Rows())
}

// verifyMatrix names the cells for which query says otherwise.
func (c *command) verifyMatrix(m *sim.Matrix, flags *matrixFlags) error {
	if flags.verify == 0 {
		return nil
	}
	differ, err := m.Verify(flags.verify, flags.seed)
	if err != nil {
		return fmt.Errorf("--verify: %w", err)
	}
	for _, d := range differ {
		fmt.Fprintf(c.stderr, "netsim: %s to %s: the matrix says %s, query says %s\n", d.From, d.To, d.Matrix, d.Answer)
	}
	if len(differ) > 0 {
		return fmt.Errorf("--verify: %d of %d cells differ, listed above: that is a bug of netsim, please report it", len(differ), flags.verify)
	}
	_, err = fmt.Fprintf(c.stderr, "netsim: %d cells agree with query\n", flags.verify)
	return err
}

// warnOfErrors goes to stderr where the output has no place for it.
func (c *command) warnOfErrors(issues []model.Issue) {
	errors := 0
	for _, issue := range issues {
		if issue.Severity == model.Error {
			errors++
		}
	}
	if errors > 0 {
		fmt.Fprintf(c.stderr, "netsim: errors in the files: %d; something that you wrote is left out of this, and netsim list issues shows it\n", errors)
	}
}
