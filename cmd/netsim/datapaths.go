package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/sim"
)

func (c *command) datapaths() *cobra.Command {
	return &cobra.Command{
		Use:   "datapaths [NAME]",
		Short: "List the datapath profiles, or explain one",
		Long: "Datapaths lists the profiles that --datapath takes, and with NAME explains one:\n" +
			"each of its settings with its source, and what it leaves open.",
		Example: `  netsim datapaths
  netsim datapaths eks-eni
  netsim query -f manifests/ --datapath eks-eni dev/web-0 dev/svc/api:80`,
		ValidArgs: profileNames(),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("datapaths takes one NAME, not %d: ask once for each, or leave it out for all", len(args))
			}
			return c.runDatapaths(append(args, "")[0])
		},
	}
}

func (c *command) runDatapaths(name string) error {
	format, err := render.ParseFormat(c.output)
	if err != nil {
		return err
	}
	if name == "" {
		return c.listDatapaths(format)
	}
	profile, err := sim.ProfileNamed(name)
	if err != nil {
		return err
	}
	if format == render.FormatText {
		return render.Profile(c.stdout, profile, c.textOptions(true))
	}
	return render.Encode(c.stdout, profile, format)
}

func (c *command) listDatapaths(format render.Format) error {
	if format == render.FormatText {
		return render.Profiles(c.stdout, sim.Profiles())
	}
	return render.Encode(c.stdout, sim.Profiles(), format)
}

func profileNames() []string {
	var names []string
	for _, p := range sim.Profiles() {
		names = append(names, p.Name)
	}
	return names
}
