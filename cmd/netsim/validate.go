package main

import (
	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
)

func (c *command) validate() *cobra.Command {
	verbose := false
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Say what is wrong with the policies, and what is probably not meant",
		Long: "Validate checks the files as an API server and Cilium's agent would, and warns of\n" +
			"what is valid and probably not meant: selectors that match nothing, a Service's\n" +
			"port where policy sees the targetPort, toFQDNs without the rules.dns that Cilium\n" +
			"learns names by, a policy that only forbids and still switches on default deny.\n" +
			"It ends with 0 where there is neither an error nor a warning, with 1 where there\n" +
			"is, and with 2 where nothing could be read.",
		Example: `  netsim validate -f manifests/
  netsim validate -f overlays/dev -o json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runValidate(verbose) },
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show what netsim assumed, too")
	return cmd
}

func (c *command) runValidate(verbose bool) error {
	format, s, err := c.loadFor()
	if err != nil {
		return err
	}
	v := s.Validate()
	if !v.Clean() {
		c.code = exitIssues
	}
	if format != render.FormatText {
		return render.Encode(c.stdout, v, format)
	}
	return render.Validation(c.stdout, v, c.textOptions(verbose))
}
