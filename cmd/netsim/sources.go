package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/argocd"
	"github.com/netsim-dev/netsim/load/flux"
	"github.com/netsim-dev/netsim/load/helm"
	"github.com/netsim-dev/netsim/load/kustomize"
	"github.com/netsim-dev/netsim/load/kyverno"
	"github.com/netsim-dev/netsim/load/namespacelabel"
	"github.com/netsim-dev/netsim/load/sysdump"
	"github.com/netsim-dev/netsim/load/terraform"
	"github.com/netsim-dev/netsim/load/virtual"
)

// sourceFlags say which sources to use, and how.
type sourceFlags struct {
	off      []string
	values   []string
	releases []string
	repos    []string
	subst    []string
	varFiles []string
	// noVirtual is --source virtual=off by a name of its own.
	noVirtual bool
	labels    []string
}

func (f *sourceFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringArrayVar(&f.off, "source", nil, "`NAME=off` leaves unrendered what NAME would render: "+strings.Join(names(options{}.sources()), ", ")+"; repeatable")
	flags.StringArrayVar(&f.values, "helm-values", nil, "a file of values for charts, `[CHART=]FILE`, CHART by name or directory; repeatable")
	flags.StringArrayVar(&f.releases, "helm-release", nil, "how charts are released, `[CHART=][NAMESPACE/]NAME`; repeatable")
	flags.StringArrayVar(&f.repos, "repo", nil, "the directory where a repository of Argo CD or Flux lies, `URL=DIR`; repeatable")
	flags.StringArrayVar(&f.subst, "subst", nil, "a variable of Flux's postBuild, or of a template of Applications, `VAR=VALUE`; repeatable")
	flags.StringArrayVar(&f.varFiles, "tfvars", nil, "a `FILE` of values for Terraform's variables, over terraform.tfvars; repeatable")
	flags.BoolVar(&f.noVirtual, "no-virtual", false, "infer no pods from releases and Gateways; the same as --source virtual=off")
	flags.StringArrayVar(&f.labels, "namespace-label", nil, "a label of a namespace that no file holds, `NAMESPACE=KEY=VALUE`; repeatable")
}

// options are those of all sources.
type options struct {
	charts  helm.Options
	modules terraform.Options
	repos   []argocd.Repo
	subst   map[string]string
}

// sources are what netsim renders itself, in the order of their rank (see
// package load): Flux may deploy Argo CD's Applications, and both what kustomize
// and Helm render; Kyverno sees all of it.
func (o options) sources() []load.Source {
	return []load.Source{
		sysdump.Source{},
		terraform.Source{Options: o.modules},
		flux.Source{Options: flux.Options{Repos: o.repos, Subst: o.subst}},
		argocd.Source{Options: argocd.Options{Repos: o.repos, Subst: o.subst}},
		kustomize.Source{},
		helm.Source{Options: o.charts},
		virtual.Source{},
		kyverno.Source{},
	}
}

// chosen are the sources that no --source has switched off.
func (f *sourceFlags) chosen() ([]load.Source, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	labels, err := namespacelabel.Parse(f.labels)
	if err != nil {
		return nil, err
	}
	on := o.sources()
	known := names(on)
	for _, text := range f.off {
		name, state, _ := strings.Cut(text, "=")
		if !slices.Contains(known, name) || state != "off" {
			return nil, fmt.Errorf("--source %q: want NAME=off, with NAME one of %s", text, strings.Join(known, ", "))
		}
		on = slices.DeleteFunc(on, func(s load.Source) bool { return s.Name() == name })
	}
	if f.noVirtual {
		on = slices.DeleteFunc(on, func(s load.Source) bool { return s.Name() == virtual.Source{}.Name() })
	}
	return withLabels(on, labels), nil
}

// withLabels puts labels of namespaces in before Kyverno, whose policies ask for
// them.
func withLabels(on []load.Source, labels load.Source) []load.Source {
	at := slices.IndexFunc(on, func(s load.Source) bool { return s.Name() == kyverno.Name })
	if at < 0 {
		at = len(on)
	}
	return slices.Insert(on, at, labels)
}

func (f *sourceFlags) options() (o options, err error) {
	if o.charts, err = f.charts(); err != nil {
		return o, err
	}
	if o.modules, err = f.modules(); err != nil {
		return o, err
	}
	for _, text := range f.repos {
		at := strings.LastIndex(text, "=")
		if at <= 0 || at == len(text)-1 {
			return o, fmt.Errorf("--repo %q: want URL=DIR, as in --repo https://git.example.com/team/apps.git=../apps", text)
		}
		dir := filepath.ToSlash(text[at+1:])
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return o, fmt.Errorf("--repo %q: %s is no directory", text, dir)
		}
		o.repos = append(o.repos, argocd.Repo{URL: text[:at], Dir: dir})
	}
	o.subst, err = pairs("--subst", "CLUSTER=dev", f.subst)
	return o, err
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

func (f *sourceFlags) modules() (terraform.Options, error) {
	var o terraform.Options
	for _, file := range f.varFiles {
		data, err := os.ReadFile(file)
		if err != nil {
			return o, fmt.Errorf("--tfvars: %w", err)
		}
		o.VarFiles = append(o.VarFiles, load.File{Name: filepath.ToSlash(file), Data: data})
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
