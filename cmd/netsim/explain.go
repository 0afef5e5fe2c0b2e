package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/symptom"
)

func (c *command) explain() *cobra.Command {
	ends, verbose := symptom.Ends{}, false
	cmd := &cobra.Command{
		Use:   "explain TEXT",
		Short: "Say what a drop or a failed connection means, and what causes it",
		Long: "Explain takes what people see: a line of cilium monitor or hubble observe (as text or\n" +
			"JSON), a drop reason by name, number or text, what a client says, or the kubelet's\n" +
			"event of a probe that fails. It tells what that means, where in the packet's way it\n" +
			"happens and what usually causes it.\n\n" +
			"With -f it asks the loaded files for the connection, in the direction that was seen,\n" +
			"and names the policy or the Service that gives it. --from and --to say who the ends\n" +
			"are where the text names addresses that no file gives.\n\n" +
			"Exit codes\n  0 explained   2 not understood, or unusable input",
		Example: `  netsim explain 'Policy denied'
  netsim explain 189
  netsim explain -f manifests/ --from dev/deploy/web --to dev/svc/api:80 'connection refused'
  netsim explain -f manifests/ "$(hubble observe --verdict DROPPED --last 1 -o json)"`,
		RunE: func(_ *cobra.Command, args []string) error {
			return c.runExplain(strings.Join(args, " "), ends, verbose)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&ends.From, "from", "", "who opened the connection, a `REFERENCE` as query takes it")
	flags.StringVar(&ends.To, "to", "", "to whom, a `REFERENCE` with the port")
	c.dns.add(cmd)
	addPatches(cmd, &c.patches)
	flags.BoolVarP(&verbose, "verbose", "v", false, "write assumptions in full")
	return cmd
}

func (c *command) runExplain(text string, ends symptom.Ends, verbose bool) error {
	format, err := render.ParseFormat(c.output)
	if err != nil {
		return err
	}
	if text == "" {
		return errors.New("explain takes what was seen, as in: netsim explain 'Policy denied'")
	}
	var s *sim.Sim
	switch {
	case len(c.files) > 0:
		if s, err = c.load(); err != nil {
			return err
		}
	case ends != symptom.Ends{}:
		return errors.New("--from and --to ask the loaded files: name them with -f")
	}
	explanation, err := symptom.Explain(text, s, ends)
	if err != nil {
		return err
	}
	if format == render.FormatText {
		return render.Symptom(c.stdout, explanation, c.textOptions(verbose))
	}
	return render.Encode(c.stdout, explanation, format)
}
