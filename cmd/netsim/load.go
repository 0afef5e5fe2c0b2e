package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// loadFor is load for a command without a question, with the output format.
func (c *command) loadFor() (render.Format, *sim.Sim, error) {
	format, err := render.ParseFormat(c.output)
	if err != nil {
		return "", nil, err
	}
	s, err := c.load()
	return format, s, err
}

// addPatches is the flag for documents on top.
func addPatches(cmd *cobra.Command, patches *[]string) {
	cmd.Flags().StringArrayVar(patches, "with-patch", nil, "add the objects in `FILE`, in place of those of the same kind, namespace and name; repeatable")
}

// load reads the files that -f names and makes a Sim of them and of what DNS
// answers. Under --strict it writes what is wrong with them and fails.
func (c *command) load() (*sim.Sim, error) { return c.loadOver(c.patches) }

// loadOver is load with files whose objects take the place of those that -f
// names.
func (c *command) loadOver(over []string) (*sim.Sim, error) {
	if len(c.files) == 0 {
		return nil, errors.New("no files: name manifests with -f, as in: netsim list -f manifests/")
	}
	settings, err := pairs("--set", "kubeProxyReplacement=true", c.set)
	if err != nil {
		return nil, err
	}
	answers, err := c.dns.read()
	if err != nil {
		return nil, err
	}
	sources, err := c.sources.chosen()
	if err != nil {
		return nil, err
	}
	cluster, issues, err := load.ReadOver(c.files, over, c.stdin, sources)
	if err != nil {
		return nil, err
	}
	s, err := sim.New(cluster, issues, sim.Options{Datapath: c.datapath, Set: settings, DNS: answers, AssumeReady: c.ready})
	if err != nil {
		return nil, err
	}
	return s, c.checkStrictly(s.Issues())
}

func (c *command) checkStrictly(issues []model.Issue) error {
	if !c.strict {
		return nil
	}
	grave := slices.DeleteFunc(issues, func(issue model.Issue) bool { return issue.Severity == model.Info })
	if len(grave) == 0 {
		return nil
	}
	if err := render.Issues(c.stderr, grave, render.TextOptions{}); err != nil {
		return err
	}
	return fmt.Errorf("--strict: %d errors or warnings, listed above; mend them or leave out --strict", len(grave))
}

// pairs reads the values of a flag that gives KEY=VALUE; of several for one key
// the last wins.
func pairs(flag, example string, texts []string) (map[string]string, error) {
	values := map[string]string{}
	for _, text := range texts {
		key, value, found := strings.Cut(text, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("%s %q: want KEY=VALUE, as in %s %s", flag, text, flag, example)
		}
		values[key] = value
	}
	return values, nil
}
