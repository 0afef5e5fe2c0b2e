package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
)

func (c *command) meshauth() *cobra.Command {
	verbose := false
	cmd := &cobra.Command{
		Use:   "meshauth",
		Short: "Check mutual authentication: is it there, what needs it, what does it break",
		Long: "Meshauth checks Cilium's mutual authentication in four steps: SPIRE is ready,\n" +
			"Cilium authenticates, an authenticated connection opens, and the same one fails\n" +
			"without an identity. Then it lists what SPIRE and the agents need to reach, every\n" +
			"connection that must authenticate, and those that policy allows and that\n" +
			"authentication drops.\n\n" +
			"Exit codes\n  0 all good   1 something is missing, not known or breaks   2 unusable input",
		Example: `  netsim meshauth -f manifests/
  netsim meshauth -f manifests/ --set authentication.enabled=true \
    --set authentication.mutual.spire.enabled=true
  netsim meshauth -f manifests/ -o json | jq '.breaks[] | {from, to, port}'`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("meshauth takes no arguments, and got %q: name manifests with -f", args[0])
			}
			return c.runMeshAuth(verbose)
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "write assumptions in full")
	return cmd
}

func (c *command) runMeshAuth(verbose bool) error {
	format, s, err := c.loadFor()
	if err != nil {
		return err
	}
	report := s.MeshAuth()
	if !report.Good {
		c.code = exitIssues
	}
	if format == render.FormatText {
		return render.MeshAuth(c.stdout, report, c.textOptions(verbose))
	}
	return render.Encode(c.stdout, report, format)
}
