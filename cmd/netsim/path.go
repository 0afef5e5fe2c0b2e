package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/sim"
)

func (c *command) path() *cobra.Command {
	q, verbose := sim.Query{}, false
	cmd := &cobra.Command{
		Use:   "path FROM TO...",
		Short: "Judge a chain of connections, and say which is the first that breaks",
		Long: "Path follows a request over several connections: FROM opens one to the first TO,\n" +
			"whatever answers there (the pods behind a Service) opens one to the second, and\n" +
			"so on. Every one is judged; the first that is not allowed is explained, as query\n" +
			"does, and is the verdict. FROM and TO are written as for query.",
		Example: `  netsim path -f manifests/ gateway/deploy/nginx dev/svc/oauth2-proxy:4180 \
    dev/svc/frontend:80 dev/svc/apim:80 dev/svc/api:80
  netsim path -f manifests/ laptop https://dev.127.0.0.1.sslip.io/ dev/svc/frontend:80`,
		RunE: func(_ *cobra.Command, args []string) error { return c.runPath(args, q, verbose) },
	}
	cmd.Flags().StringVar(&q.Via, "via", "", "`node/NAME` at which a packet from outside enters; without it, every node that could")
	c.dns.add(cmd)
	addPatches(cmd, &c.patches)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "explain every connection, and write assumptions in full")
	return cmd
}

func (c *command) runPath(refs []string, q sim.Query, verbose bool) error {
	if len(refs) < 2 {
		return fmt.Errorf("path takes two references or more, not %d, as in: netsim path -f manifests/ dev/deploy/frontend dev/svc/api:80 dev/svc/db:5432", len(refs))
	}
	format, s, err := c.loadFor()
	if err != nil {
		return err
	}
	way, err := s.Journey(refs, q)
	if err != nil {
		return err
	}
	c.code = exitCodes[way.Verdict]
	if format == render.FormatText {
		return render.Journey(c.stdout, way, c.textOptions(verbose))
	}
	return render.Encode(c.stdout, way, format)
}
