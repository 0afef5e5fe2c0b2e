package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/kustomize"
)

// sources are what netsim renders itself, in the order of their rank (see
// package load).
func sources() []load.Source { return []load.Source{kustomize.Source{}} }

// sourceFlags say which sources to use, and how.
type sourceFlags struct {
	switches []string
}

func (f *sourceFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringArrayVar(&f.switches, "source", nil, "`NAME=off` leaves what NAME would render unrendered ("+strings.Join(names(sources()), ", ")+"); repeatable")
}

// chosen are the sources that no --source has switched off.
func (f *sourceFlags) chosen() ([]load.Source, error) {
	all := sources()
	on := slices.Clone(all)
	for _, text := range f.switches {
		name, state, _ := strings.Cut(text, "=")
		switch {
		case !slices.Contains(names(all), name):
			return nil, fmt.Errorf("--source %q: there is no source %q: want one of %s", text, name, strings.Join(names(all), ", "))
		case state != "off" && state != "on":
			return nil, fmt.Errorf("--source %q: want NAME=off, as in --source %s=off", text, name)
		}
		on = slices.DeleteFunc(on, func(s load.Source) bool { return s.Name() == name })
		if state == "on" {
			on = append(on, all[slices.Index(names(all), name)])
		}
	}
	slices.SortFunc(on, func(a, b load.Source) int {
		return slices.Index(names(all), a.Name()) - slices.Index(names(all), b.Name())
	})
	return on, nil
}

func names(list []load.Source) []string {
	var found []string
	for _, s := range list {
		found = append(found, s.Name())
	}
	return found
}
