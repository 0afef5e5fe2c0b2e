package manifest

import (
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/netsim-dev/netsim/model"
)

// valueHolders are the kinds that install a chart with values, each with the
// function that finds those for Cilium's.
func valueHolders() map[groupKind]func(*loader, *document) {
	return map[groupKind]func(*loader, *document){
		{"argoproj.io", "Application"}:            (*loader).applicationValues,
		{"argoproj.io", "ApplicationSet"}:         (*loader).applicationSetValues,
		{"helm.toolkit.fluxcd.io", "HelmRelease"}: (*loader).releaseValues,
		{"helm.cattle.io", "HelmChart"}:           (*loader).helmChartValues,
		{"helm.cattle.io", "HelmChartConfig"}:     (*loader).helmChartConfigValues,
	}
}

// applicationValues reads an Application of Argo CD. Source: argo-cd v2.14.9
// pkg/apis/application/v1alpha1 types.go, values.go, docs/user-guide/helm.md:
// parameters over valuesObject over valueFiles, and values only without
// valuesObject.
func (l *loader) applicationValues(d *document) {
	l.valuesOfSpec(d, d.field("spec"))
}

// applicationSetValues reads the Applications that an ApplicationSet makes, by
// their template: a place holder in it stays one.
func (l *loader) applicationSetValues(d *document) {
	l.valuesOfSpec(d, d.at(d.tree, "spec", "template", "spec"))
}

// valuesOfSpec reads the sources of an Application's spec.
func (l *loader) valuesOfSpec(d *document, spec *yaml.Node) {
	if spec == nil {
		return
	}
	sources := []*yaml.Node{d.at(spec, "source")}
	if several := d.at(spec, "sources"); several != nil && several.Kind == yaml.SequenceNode {
		sources = append(sources, several.Content...)
	}
	for _, source := range sources {
		if source == nil || path.Base(wordOf(d.at(source, "chart"))) != cilium {
			continue
		}
		v := d.newValues(nil)
		d.setVersion(v, d.at(source, "targetRevision"))
		d.unreadValues(d.at(source, "helm", "valueFiles"), "valueFiles")
		d.unreadValues(d.at(source, "helm", "fileParameters"), "fileParameters")
		object, text := d.at(source, "helm", "valuesObject"), d.at(source, "helm", "values")
		if object == nil {
			d.addText(v, text)
		} else {
			d.addValues(v, object, "", object.Line)
		}
		d.addParameters(v, d.at(source, "helm", "parameters"))
		l.objects.addValues(v)
	}
}

// addParameters adds single values by name and value.
func (d *document) addParameters(v *model.HelmValues, list *yaml.Node) {
	if list == nil {
		return
	}
	for _, p := range list.Content {
		p = follow(p)
		if name := wordOf(d.child(p, "name")); name != "" {
			v.Data[name], v.Lines[name] = wordOf(d.child(p, "value")), d.before+p.Line
		}
	}
}

// releaseValues reads a HelmRelease of Flux. A chart that chartRef names is
// known by the name of its source only. Source: fluxcd helm-controller api
// v1.2.0 v2/helmrelease_types.go.
func (l *loader) releaseValues(d *document) {
	name := d.at(d.tree, "spec", "chart", "spec", "chart")
	if name == nil {
		name = d.at(d.tree, "spec", "chartRef", "name")
	}
	if path.Base(wordOf(name)) != cilium {
		return
	}
	values := d.at(d.tree, "spec", "values")
	v := d.newValues(values)
	d.setVersion(v, d.at(d.tree, "spec", "chart", "spec", "version"))
	d.unreadValues(d.at(d.tree, "spec", "valuesFrom"), "valuesFrom")
	d.unreadValues(d.at(d.tree, "spec", "chart", "spec", "valuesFiles"), "valuesFiles")
	l.objects.addValues(v)
}

// helmChartValues reads a HelmChart of k3s: set over values over valuesContent.
// Source: k3s-io helm-controller v0.17.9 pkg/apis/helm.cattle.io/v1 types.go.
func (l *loader) helmChartValues(d *document) {
	if path.Base(d.wordAt("spec", "chart")) != cilium {
		return
	}
	v := d.k3sValues()
	d.setVersion(v, d.at(d.tree, "spec", "version"))
	if set := d.at(d.tree, "spec", "set"); set != nil {
		d.addValues(v, set, "", set.Line)
	}
	l.objects.addValues(v)
}

// helmChartConfigValues reads a HelmChartConfig, which goes over the HelmChart
// of its name; that of RKE2's Cilium is rke2-cilium (RKE2's documentation).
func (l *loader) helmChartConfigValues(d *document) {
	if slices.Contains([]string{cilium, "rke2-cilium"}, d.origin.Name) {
		l.objects.addValues(d.k3sValues())
	}
}

func (d *document) k3sValues() *model.HelmValues {
	v := d.newValues(nil)
	d.addText(v, d.at(d.tree, "spec", "valuesContent"))
	if values := d.at(d.tree, "spec", "values"); values != nil {
		d.addValues(v, values, "", values.Line)
	}
	d.unreadValues(d.at(d.tree, "spec", "valuesSecrets"), "valuesSecrets")
	return v
}

// addText adds the values that a scalar holds as YAML.
func (d *document) addText(v *model.HelmValues, text *yaml.Node) {
	if text == nil || text.Kind != yaml.ScalarNode {
		return
	}
	inner, err := d.inside(text)
	if err != nil {
		d.tell(model.Issue{Severity: model.Error, File: d.origin.File, Line: d.before + text.Line,
			Message: d.title() + "the values cannot be parsed: " + err.message, Remedy: "correct the YAML"})
		return
	}
	if inner == nil {
		return
	}
	if inner = inner.read(text); inner != nil {
		inner.addValues(v, inner.tree, "", inner.tree.Line)
	}
}

func (d *document) setVersion(v *model.HelmValues, n *yaml.Node) {
	if v.ChartVersion = wordOf(n); v.ChartVersion != "" {
		v.VersionLine = d.before + n.Line
	}
}

// unreadValues warns of values that stand elsewhere.
func (d *document) unreadValues(n *yaml.Node, field string) {
	if n == nil || len(n.Content) == 0 {
		return
	}
	d.tell(model.Issue{Severity: model.Warning, File: d.origin.File, Line: d.before + n.Line,
		Message: d.title() + field + " names more values for Cilium's chart, which are not read from here",
		Remedy:  "pass them too, as a file of values with -f"})
}

// at is the value below a node by way of the given keys, nil if there is none.
func (d *document) at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n = d.child(follow(n), key); n == nil {
			return nil
		}
	}
	return n
}

func (d *document) wordAt(keys ...string) string { return wordOf(d.at(d.tree, keys...)) }

// addValues keeps values for Cilium's chart. A HelmChartConfig goes over all
// others, wherever it stands.
func (o *objects) addValues(v *model.HelmValues) {
	o.values = append(o.values, v)
	slices.SortStableFunc(o.values, func(a, b *model.HelmValues) int { return rankOfValues(a) - rankOfValues(b) })
}

func rankOfValues(v *model.HelmValues) int {
	if v.Origin.Kind == "HelmChartConfig" {
		return 1
	}
	return 0
}

// findOwnCharts looks for charts by their Chart.yaml.
func (l *loader) findOwnCharts(files []File) {
	l.ownCharts = map[string]bool{}
	for _, file := range files {
		if path.Base(file.Name) != "Chart.yaml" {
			continue
		}
		trees, err := parse(file.Data)
		if err != nil || len(trees) == 0 {
			continue
		}
		d := document{tree: trees[0], resolver: l.resolver, borrowed: new(int)}
		l.ownCharts[path.Dir(file.Name)] = d.word("name") == cilium
	}
}
