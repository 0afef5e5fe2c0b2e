package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/helm"
	"github.com/netsim-dev/netsim/load/kustomize"
	"github.com/netsim-dev/netsim/load/sysdump"
)

// sourceFlags say which sources to use, and how.
type sourceFlags struct {
	off      []string
	values   []string
	releases []string
}

func (f *sourceFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringArrayVar(&f.off, "source", nil, "`NAME=off` leaves unrendered what NAME would render: "+strings.Join(names(sources(helm.Options{})), " or ")+"; repeatable")
	flags.StringArrayVar(&f.values, "helm-values", nil, "a file of values for charts, `[CHART=]FILE`, CHART by name or directory; repeatable")
	flags.StringArrayVar(&f.releases, "helm-release", nil, "how charts are released, `[CHART=][NAMESPACE/]NAME`; repeatable")
}

// sources are what netsim renders itself, in the order of their rank (see
// package load).
func sources(charts helm.Options) []load.Source {
	return []load.Source{sysdump.Source{}, kustomize.Source{}, helm.Source{Options: charts}}
}

// chosen are the sources that no --source has switched off.
func (f *sourceFlags) chosen() ([]load.Source, error) {
	charts, err := f.charts()
	if err != nil {
		return nil, err
	}
	on := sources(charts)
	known := names(on)
	for _, text := range f.off {
		name, state, _ := strings.Cut(text, "=")
		if !slices.Contains(known, name) || state != "off" {
			return nil, fmt.Errorf("--source %q: want NAME=off, with NAME one of %s", text, strings.Join(known, ", "))
		}
		on = slices.DeleteFunc(on, func(s load.Source) bool { return s.Name() == name })
	}
	return on, nil
}

func (f *sourceFlags) charts() (helm.Options, error) {
	var o helm.Options
	for _, text := range f.values {
		chart, file := ofChart(text)
		if file == "" {
			return o, fmt.Errorf("--helm-values %q: want [CHART=]FILE", text)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return o, fmt.Errorf("--helm-values: %w", err)
		}
		o.Values = append(o.Values, helm.ChartValues{Chart: chart, File: load.File{Name: filepath.ToSlash(file), Data: data}})
	}
	for _, text := range f.releases {
		chart, release := ofChart(text)
		namespace, name, both := strings.Cut(release, "/")
		if !both {
			namespace, name = "", release
		}
		if name == "" {
			return o, fmt.Errorf("--helm-release %q: want [CHART=][NAMESPACE/]NAME, as in --helm-release web=shop/web", text)
		}
		o.Releases = append(o.Releases, helm.Release{Chart: chart, Namespace: namespace, Name: name})
	}
	return o, nil
}

// ofChart parts what a flag says from the chart that it is for, "" for all.
func ofChart(text string) (chart, rest string) {
	if chart, rest, named := strings.Cut(text, "="); named {
		return chart, rest
	}
	return "", text
}

func names(list []load.Source) []string {
	var found []string
	for _, s := range list {
		found = append(found, s.Name())
	}
	return found
}
