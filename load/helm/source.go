package helm

import (
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// Options say how charts are released. A chart is known by its name or by its
// directory; "" means every chart that no other entry names.
type Options struct {
	// Values are the files of values for each chart, each over those before it.
	Values []ChartValues
	// Releases are the names and namespaces of releases.
	Releases []Release
}

// ChartValues is a file of values for a chart.
type ChartValues struct {
	Chart string
	File  load.File
}

// Release is how a chart is released.
type Release struct{ Chart, Namespace, Name string }

// Source renders charts.
type Source struct{ Options Options }

const (
	chartFile = "Chart.yaml"
	cilium    = "cilium"
)

// Name is "helm".
func (Source) Name() string { return "helm" }

// Holds says whether a directory is a chart.
func (Source) Holds(r *load.Run, dir string) bool { return r.Exists(path.Join(dir, chartFile)) }

// Read releases every chart under -f that no other one depends on.
func (s Source) Read(r *load.Run) {
	s.claimValues(r)
	dirs := r.Dirs(chartFile)
	below := byPath(r, dirs)
	for _, dir := range dirs {
		if below[dir] || inAnother(dir, dirs) || r.Claimed(path.Join(dir, chartFile)) {
			continue
		}
		r.Add(s.release(r, load.Request{Dir: dir}, true))
	}
}

// Render renders a chart as a release that somebody asks for.
func (s Source) Render(r *load.Run, q load.Request) load.Output { return s.release(r, q, false) }

// claimValues takes the files of values that Options name out of the manifests.
func (s Source) claimValues(r *load.Run) {
	for _, v := range s.Options.Values {
		r.Claim(path.Clean(v.File.Name))
	}
}

// inAnother says whether a chart lies in the charts/ of another.
func inAnother(dir string, dirs []string) bool {
	for _, other := range dirs {
		if strings.HasPrefix(dir, path.Join(other, "charts")+"/") {
			return true
		}
	}
	return false
}

// byPath are the charts that others depend on at a path.
func byPath(r *load.Run, dirs []string) map[string]bool {
	found := map[string]bool{}
	for _, dir := range dirs {
		text, err := r.ReadFile(path.Join(dir, chartFile))
		var c chart.Metadata
		if err != nil || yaml.Unmarshal(text, &c) != nil {
			continue
		}
		for _, d := range c.Dependencies {
			if rel, is := strings.CutPrefix(d.Repository, "file://"); is && path.Join(dir, rel) != dir {
				found[path.Join(dir, rel)] = true
			}
		}
	}
	return found
}

// release renders a chart. Where nobody has asked for it, a chart that is there for
// others, and Cilium's own with nothing but its defaults, come to nothing.
func (s Source) release(r *load.Run, q load.Request, unasked bool) load.Output {
	l := &reader{run: r, out: &load.Output{}, dirs: map[string]string{}}
	c := l.chart(q.Dir, 0)
	if c == nil {
		return *l.out
	}
	values := s.values(q, c, l.out)
	l.out.Used = append(l.out.Used, l.templates(q.Dir)...)
	if unasked && c.Name() == cilium && len(values) == 0 {
		return load.Output{Used: l.out.Used}
	}
	l.out.Used = append(l.out.Used, path.Join(q.Dir, chartFile))
	if !hasCilium(c) {
		l.out.Used = append(l.out.Used, l.valuesFiles(q.Dir)...)
	}
	if c.Metadata.Type == "library" {
		return *l.out
	}
	name, namespace := s.names(q, c)
	l.render(q, c, values, chartutil.ReleaseOptions{Name: name, Namespace: namespace, Revision: 1, IsInstall: true})
	return *l.out
}

// hasCilium says whether a chart depends on Cilium's: its values may then hold
// those of the cluster's Cilium, which package manifest reads.
func hasCilium(c *chart.Chart) bool {
	return slices.ContainsFunc(c.Metadata.Dependencies, func(d *chart.Dependency) bool { return d.Name == cilium })
}

// names are the name and namespace of a release; the latter is "" where nobody
// gives it.
func (s Source) names(q load.Request, c *chart.Chart) (name, namespace string) {
	name, namespace = c.Name(), ""
	for _, wanted := range []string{"", c.Name(), q.Dir} {
		for _, r := range s.Options.Releases {
			if r.Chart == wanted {
				name, namespace = r.Name, r.Namespace
			}
		}
	}
	if q.Name != "" {
		name = q.Name
	}
	if q.Namespace != "" {
		namespace = q.Namespace
	}
	return name, namespace
}

// values are those over the chart's own, from Options and then from the request.
func (s Source) values(q load.Request, c *chart.Chart, out *load.Output) map[string]any {
	var files []load.File
	for _, v := range s.Options.Values {
		if v.Chart != "" && v.Chart != c.Name() && path.Clean(v.Chart) != q.Dir {
			continue
		}
		files = append(files, v.File)
	}
	merged := map[string]any{}
	for _, file := range append(files, q.Values...) {
		values, err := chartutil.ReadValues(file.Data)
		if err != nil {
			out.Fail(file.Name, 1, "the values cannot be read: "+err.Error(), "correct the YAML")
			continue
		}
		merged = chartutil.MergeTables(values, merged)
	}
	return merged
}

func (l *reader) warn(name string, line int, message, remedy string) {
	l.out.Issues = append(l.out.Issues, model.Issue{Severity: model.Warning, File: name, Line: line, Message: message, Remedy: remedy})
}
