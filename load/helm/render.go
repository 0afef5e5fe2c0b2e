package helm

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// kubeVersion is the Kubernetes that charts are rendered for: that of the API
// types which netsim is built with.
const kubeVersion = "v1.36.0"

// served are the API versions that a cluster with Cilium serves besides
// Kubernetes' own.
func served() []string {
	return []string{"cilium.io/v2", "cilium.io/v2/CiliumNetworkPolicy", "cilium.io/v2/CiliumClusterwideNetworkPolicy", "cilium.io/v2alpha1"}
}

func capabilities() *chartutil.Capabilities {
	c := chartutil.DefaultCapabilities.Copy()
	if version, err := chartutil.ParseKubeVersion(kubeVersion); err == nil {
		c.KubeVersion = *version
	}
	c.APIVersions = append(slices.Clone(c.APIVersions), served()...)
	return c
}

// render adds what a chart comes to.
func (l *reader) render(q load.Request, c *chart.Chart, values map[string]any, release chartutil.ReleaseOptions) {
	name := path.Join(q.Dir, chartFile)
	rendered, err := l.execute(q, c, values, release)
	if err != nil {
		file, line, text := l.place(c, err)
		l.out.Fail(cmp.Or(file, name), max(line, 1), "the chart cannot be rendered: "+text, "correct it, or give the values that it needs: nothing of the chart is loaded")
		return
	}
	through := &load.Rendered{Via: q.Through(), Namespace: release.Namespace, Release: release.Name}
	if slices.ContainsFunc(l.out.Issues, func(i model.Issue) bool { return i.Severity == model.Error }) {
		through.Release = "" // a dependency is missing, for one
	}
	for _, key := range slices.Sorted(maps.Keys(rendered)) {
		base := path.Base(key)
		if strings.HasPrefix(base, "_") || base == "NOTES.txt" {
			continue
		}
		l.documents(l.fileOf(key), templateOf(c, key), rendered[key], through)
	}
}

// execute settles dependencies and values, and runs the templates.
func (l *reader) execute(q load.Request, c *chart.Chart, values map[string]any, release chartutil.ReleaseOptions) (map[string]string, error) {
	name := path.Join(q.Dir, chartFile)
	if want := c.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, kubeVersion) {
		l.warn(name, 1, fmt.Sprintf("the chart is for Kubernetes %s, and is rendered for %s", want, kubeVersion), "see whether it makes other objects there")
	}
	declared := slices.Clone(c.Metadata.Dependencies)
	if err := chartutil.ProcessDependenciesWithMerge(c, values); err != nil {
		return nil, err
	}
	for _, d := range declared {
		if d.Enabled && !has(c, d) {
			l.out.Fail(name, 1, fmt.Sprintf("dependency %s is not in %s, and none is fetched: what it holds is missing here", d.Name, path.Join(q.Dir, "charts")), "put it there (helm dependency build)")
		}
	}
	if release.Namespace == "" {
		release.Namespace = "default"
	}
	top, err := chartutil.ToRenderValuesWithSchemaValidation(c, values, release, capabilities(), fetchesSchemas(c))
	if err != nil {
		return nil, err
	}
	rendered, err := run(c, top)
	if err == nil && size(rendered) > manifest.MaxFileSize {
		err = fmt.Errorf("it comes to more than %d MiB", manifest.MaxFileSize>>20)
	}
	if err == nil && usesChance(c) {
		err = l.settleChance(c, top, rendered)
	}
	return rendered, err
}

// run runs the templates. A panic of one is an error.
func run(c *chart.Chart, values chartutil.Values) (rendered map[string]string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the engine panics: %v", p)
		}
	}()
	return engine.Engine{}.Render(c, values)
}

func size(rendered map[string]string) int {
	total := 0
	for _, text := range rendered {
		total += len(text)
	}
	return total
}

// fileOf is the file of a template, which the engine names "web/charts/db/templates/x".
func (l *reader) fileOf(key string) string {
	longest, file := 0, key
	for full, dir := range l.dirs {
		if rel, below := strings.CutPrefix(key, full+"/"); below && len(full) > longest {
			longest, file = len(full), path.Join(dir, rel)
		}
	}
	return file
}

// templateOf is the text of a template.
func templateOf(c *chart.Chart, key string) []byte {
	for _, t := range c.Templates {
		if path.Join(c.ChartFullPath(), t.Name) == key {
			return t.Data
		}
	}
	for _, below := range c.Dependencies() {
		if text := templateOf(below, key); text != nil {
			return text
		}
	}
	return nil
}

// place finds the template and line in an error of the engine, and what remains
// to be said.
func (l *reader) place(c *chart.Chart, err error) (file string, line int, text string) {
	text = strings.Join(strings.Fields(err.Error()), " ")
	found := regexp.MustCompile(`(` + regexp.QuoteMeta(c.Name()) + `/[^\s:()]+):(\d+)`).FindStringSubmatch(text)
	if found == nil {
		return "", 0, text
	}
	line, _ = strconv.Atoi(found[2])
	return l.fileOf(found[1]), line, text
}
