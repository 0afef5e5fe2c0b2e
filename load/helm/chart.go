package helm

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"

	"github.com/netsim-dev/netsim/load"
)

// Bounds on a chart and what it depends on by path. Helm's own are on each file
// and on each archive.
const (
	maxDepth = 16
	maxSize  = 100 << 20
	maxNames = 10_000
)

// reader reads a chart by way of a run.
type reader struct {
	run  *load.Run
	out  *load.Output
	size int
	// listed counts the files that links have led to.
	listed int
	// dirs are the directories of charts by their full path ("web/charts/db").
	dirs map[string]string
}

// chart reads the chart in a directory with all that it depends on, nil with an
// Issue if that is not possible.
func (l *reader) chart(dir string, depth int) *chart.Chart {
	name := path.Join(dir, chartFile)
	files, err := l.files(dir, depth)
	if err != nil {
		l.out.Fail(name, 1, "the chart cannot be read: "+err.Error(), "correct it, or leave it out")
		return nil
	}
	c, err := loader.LoadFiles(files)
	if err != nil {
		l.out.Used = append(append(l.out.Used, name), l.templates(dir)...)
		l.out.Fail(name, 1, "the chart cannot be read: "+err.Error(), "correct it: nothing of the chart is loaded")
		return nil
	}
	l.dirs[c.ChartFullPath()] = dir
	l.local(c, dir, depth)
	return c
}

// files are those of a chart, without what .helmignore lists.
func (l *reader) files(dir string, depth int) ([]*loader.BufferedFile, error) {
	names, err := l.names(dir, depth)
	if err != nil {
		return nil, err
	}
	rules := ignore.Empty()
	if text, err := l.run.ReadFile(path.Join(dir, ignore.HelmIgnore)); err == nil {
		if rules, err = ignore.Parse(bytes.NewReader(text)); err != nil {
			return nil, err
		}
	}
	rules.AddDefaults()
	var files []*loader.BufferedFile
	for _, name := range names {
		rel := strings.TrimPrefix(name, dir+"/")
		if ignored(rules, rel) {
			continue
		}
		data, err := l.run.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if l.size += len(data); l.size > maxSize || int64(len(data)) > loader.MaxDecompressedFileSize {
			return nil, fmt.Errorf("%s: a file of a chart may have %d MiB, and a chart %d MiB", name, loader.MaxDecompressedFileSize>>20, maxSize>>20)
		}
		files = append(files, &loader.BufferedFile{Name: rel, Data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))})
	}
	return files, nil
}

// names lists a chart's files. A symlink to a directory, as people make them to
// share a chart, is followed.
func (l *reader) names(dir string, depth int) ([]string, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: charts depend on each other, or links lead, more than %d deep", dir, maxDepth)
	}
	all, err := l.run.List(dir)
	if err != nil {
		return nil, err
	}
	if l.listed += len(all); l.listed > maxNames {
		return nil, fmt.Errorf("%s: by its links the chart has more than %d files", dir, maxNames)
	}
	var names []string
	for _, name := range all {
		switch {
		case strings.HasPrefix(name, path.Join(dir, ".git")+"/"):
		case l.run.IsDir(name):
			below, err := l.names(name, depth+1)
			if err != nil {
				return nil, err
			}
			names = append(names, below...)
		default:
			names = append(names, name)
		}
	}
	return names, nil
}

// local adds the dependencies that are given by path and not copied to charts/.
func (l *reader) local(c *chart.Chart, dir string, depth int) {
	for _, d := range c.Metadata.Dependencies {
		rel, byPath := strings.CutPrefix(d.Repository, "file://")
		if !byPath || has(c, d) {
			continue
		}
		at := path.Join(dir, rel)
		if !l.run.IsDir(at) {
			continue // told of as missing
		}
		if below := l.chart(at, depth+1); below != nil {
			c.AddDependency(below)
			l.dirs[below.ChartFullPath()] = at
			if d.Alias != "" {
				l.dirs[path.Join(c.ChartFullPath(), "charts", d.Alias)] = at
			}
			l.out.Used = append(append(append(l.out.Used, path.Join(at, chartFile)), l.templates(at)...), l.valuesFiles(at)...)
		}
	}
}

// has says whether a dependency is there.
func has(c *chart.Chart, d *chart.Dependency) bool {
	for _, there := range c.Dependencies() {
		if there.Name() == d.Name || d.Alias != "" && there.Name() == d.Alias {
			return true
		}
	}
	return false
}

// valuesFiles are the files of values beside a chart.
func (l *reader) valuesFiles(dir string) []string {
	names, _ := l.run.List(dir)
	return slices.DeleteFunc(names, func(name string) bool {
		return path.Dir(name) != dir || !strings.HasPrefix(path.Base(name), "values")
	})
}

// templates are the files of a chart that are no manifests.
func (l *reader) templates(dir string) []string {
	names, _ := l.names(dir, 0)
	var used []string
	for _, name := range names {
		rel := strings.TrimPrefix(name, dir+"/")
		top, _, below := strings.Cut(rel, "/")
		switch {
		case below && (top == "templates" || top == "charts"):
			used = append(used, name)
		case rel == "values.schema.json" || rel == "requirements.yaml":
			used = append(used, name)
		}
	}
	return used
}
