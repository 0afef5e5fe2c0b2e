package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
)

// versionInfo says which netsim this is, and whose policy code it runs.
type versionInfo struct {
	Netsim string `json:"netsim"`
	Cilium string `json:"cilium"`
	Go     string `json:"go"`
}

func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of netsim and of the Cilium code in it",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			format, err := render.ParseFormat(c.output)
			if err != nil {
				return err
			}
			v := readVersion()
			if format != render.FormatText {
				return render.Encode(c.stdout, v, format)
			}
			_, err = fmt.Fprintf(c.stdout, "netsim %s (Cilium %s, %s)\n", v.Netsim, v.Cilium, v.Go)
			return err
		},
	}
}

// readVersion reads what the Go tool wrote into the program; a build from a
// working copy says "(devel)".
func readVersion() versionInfo {
	const unknown = "unknown"
	v := versionInfo{unknown, unknown, unknown}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Netsim, v.Go = build.Main.Version, build.GoVersion
	for _, module := range build.Deps {
		if module.Path == "github.com/cilium/cilium" {
			v.Cilium = module.Version
		}
	}
	return v
}
