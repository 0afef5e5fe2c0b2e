package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
)

func (c *command) graph() *cobra.Command {
	return &cobra.Command{
		Use:   "graph [REF [TO]]",
		Short: "Say what a workload could get to over hops, and what could get to it",
		Long: "Graph asks who reaches whom, workload by workload, and follows the connections:\n" +
			"somebody who has taken over one workload can open those of its pods.\n\n" +
			"With REF it says what that reaches and what reaches it, by the number of hops.\n" +
			"With TO as well it shows the shortest chain between the two. Without either it\n" +
			"lists the groups of workloads that all reach each other.\n\n" +
			"A hop is a port of a Service at any of its frontends, or one that pods declare\n" +
			"and no Service leads to. Nodes and the world can be either end of a chain, and\n" +
			"never a link of it.\n\n" +
			"The exit code of REF TO is 0 where there is a chain, 1 where there is none, 3\n" +
			"where the files cannot tell; else it is 0.",
		Example: `  netsim graph -f manifests/
  netsim graph -f manifests/ dev/deploy/frontend
  netsim graph -f manifests/ world dev/sts/database
  netsim graph -f manifests/ -o dot | dot -Tsvg > graph.svg`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return fmt.Errorf("graph takes REF, or FROM and TO, not %d references", len(args))
			}
			return c.runGraph(args)
		},
	}
}

func (c *command) runGraph(args []string) error {
	if c.output != "text" && c.output != "json" && c.output != "yaml" && c.output != "dot" {
		return fmt.Errorf("unknown output format %q: graph writes text, json, yaml or dot", c.output)
	}
	s, err := c.load()
	if err != nil {
		return err
	}
	g, err := s.Graph()
	if err != nil {
		return err
	}
	refs := make([]string, len(args))
	for i, arg := range args {
		if refs[i], err = g.Find(arg); err != nil {
			return err
		}
	}
	switch len(refs) {
	case 0:
		return showGraph(c, g, render.Graph, render.GraphDOT)
	case 1:
		return showGraph(c, g.Reach(refs[0]), render.Reach, render.ReachDOT)
	}
	if refs[0] == refs[1] {
		return fmt.Errorf("%s and %s are the same workload: a chain needs two", args[0], args[1])
	}
	chain := g.Chain(refs[0], refs[1])
	c.code = exitCodes[chain.Verdict]
	return showGraph(c, chain, render.Chain, render.ChainDOT)
}

// showGraph writes a part of a graph in the format asked for.
func showGraph[T any](c *command, value *T, text func(io.Writer, *T, render.TextOptions) error, dot func(io.Writer, *T) error) error {
	switch c.output {
	case "text":
		return text(c.stdout, value, c.textOptions(false))
	case "dot":
		return dot(c.stdout, value)
	}
	return render.Encode(c.stdout, value, render.Format(c.output))
}
