package main

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/sim/conntest"
)

// heldFlag is a flag of sourceFlags that a ConnectivityTest may hold.
type heldFlag struct {
	name   string
	values *[]string
	// relocate gives a value with its paths changed; nil where it has none.
	relocate func(value string, path func(string) string) string
}

// held are the flags that a ConnectivityTest may hold.
func (f *sourceFlags) held() []heldFlag {
	return []heldFlag{
		{"source", &f.off, nil},
		{"helm-values", &f.values, relocateChartFile},
		{"helm-release", &f.releases, relocateChart},
		{"repo", &f.repos, relocateRepo},
		{"subst", &f.subst, nil},
		{"tfvars", &f.varFiles, func(file string, path func(string) string) string { return path(file) }},
		{"namespace-label", &f.labels, nil},
	}
}

// relocateChart changes the CHART of CHART=REST where that is a directory: a name
// has no slash.
func relocateChart(value string, path func(string) string) string {
	chart, rest := ofChart(value)
	if strings.Contains(chart, "/") {
		chart = path(chart)
	}
	if chart == "" {
		return rest
	}
	return chart + "=" + rest
}

func relocateChartFile(value string, path func(string) string) string {
	chart, file := ofChart(value)
	if chart == "" {
		return path(file)
	}
	return relocateChart(chart+"="+path(file), path)
}

func relocateRepo(value string, path func(string) string) string {
	at := strings.LastIndex(value, "=") + 1
	return value[:at] + path(value[at:])
}

// after are the flags that a document holds, and these behind them.
func (f *sourceFlags) after(t *conntest.Test) (sourceFlags, error) {
	all := *f
	var known []string
	for _, h := range all.held() {
		known = append(known, h.name)
		var values []string
		for _, value := range t.Flags[h.name] {
			if h.relocate != nil {
				value = h.relocate(value, func(path string) string { return filepath.ToSlash(t.Path(path)) })
			}
			values = append(values, value)
		}
		*h.values = append(values, *h.values...)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Flags)) {
		if !slices.Contains(known, name) {
			return all, &conntest.FlagsError{Problem: name + " is none that a test can hold", Remedy: "write some of " + strings.Join(known, ", ")}
		}
	}
	return all, nil
}

// hold puts these flags into a document, whose paths are as path gives them. What
// the document holds of a flag that is not given stays.
func (f *sourceFlags) hold(t *conntest.Test, path func(string) string) {
	given := *f
	if given.noVirtual {
		given.off = append(slices.Clone(given.off), "virtual=off")
	}
	for _, h := range given.held() {
		if len(*h.values) == 0 {
			continue
		}
		var values []string
		for _, value := range *h.values {
			if h.relocate != nil {
				value = h.relocate(value, path)
			}
			values = append(values, value)
		}
		if t.Flags == nil {
			t.Flags = map[string][]string{}
		}
		t.Flags[h.name] = values
	}
}
