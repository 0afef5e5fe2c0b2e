package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// issuesKind is what list takes besides the kinds of objects.
const issuesKind = "issues"

func (c *command) list() *cobra.Command {
	return &cobra.Command{
		Use:   "list [KIND]",
		Short: "Show what was loaded, from where, and what was assumed",
		Long: "List shows the objects that netsim read from the files, with the file and line\n" +
			"of each, and those that it made or filled in as a cluster would. KIND is a name,\n" +
			"plural or short name as kubectl takes it, or issues; without it, all are shown.",
		Example: `  netsim list -f manifests/
  netsim list -f manifests/ svc
  netsim list -f manifests/ issues
  netsim list -f manifests/ pods -o json | jq '.items[].metadata.name'`,
		ValidArgs: append(render.KindNames(), issuesKind),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("list takes one KIND, not %d: ask once for each, or leave it out for all", len(args))
			}
			return c.runList(append(args, "")[0])
		},
	}
}

func (c *command) runList(kind string) error {
	format, s, err := c.loadFor()
	if err != nil {
		return err
	}
	if kind == issuesKind || kind == "issue" {
		return c.listIssues(s, format)
	}
	if err := render.List(c.stdout, s.Cluster(), kind, format); err != nil {
		return err
	}
	if kind == "" && format == render.FormatText && len(s.Issues()) > 0 {
		fmt.Fprintf(c.stdout, "\n%s (%d)\n", issuesKind, len(s.Issues()))
		return c.listIssues(s, format)
	}
	return nil
}

func (c *command) listIssues(s *sim.Sim, format render.Format) error {
	issues := s.Issues()
	if format != render.FormatText {
		return render.Encode(c.stdout, append([]model.Issue{}, issues...), format)
	}
	if len(issues) == 0 {
		_, err := fmt.Fprintln(c.stdout, "none: "+issuesKind)
		return err
	}
	return render.Issues(c.stdout, issues, c.textOptions(true))
}
