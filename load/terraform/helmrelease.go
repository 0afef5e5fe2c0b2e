package terraform

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

const cilium = "cilium"

// helmRelease reads a release of the Helm provider: Cilium's is how the cluster
// carries packets, that of a chart under -f is rendered, and any other is kept, so
// that it shows who makes what no file holds. Source: terraform-provider-helm
// v3.0.2 helm/resource_helm_release.go: set over set_sensitive over set_list over
// values, each of those over the one before.
func (r *resource) helmRelease() {
	body := r.block.Body
	chart, chartAt := r.word(body, "chart", "which chart is released is not known, and the release is left out")
	name, _ := r.word(body, "name", "the release is taken under the name of its chart")
	namespace, _ := r.word(body, "namespace", "the release is taken for namespace default")
	name, namespace = cmp.Or(name, path.Base(chart)), cmp.Or(namespace, "default")
	dir := localPath(r.m.dir, r.chartDir(chart))
	switch {
	case chart == "":
	case path.Base(chart) == cilium:
		r.cilium(namespace)
	case dir != "" && r.m.run.Renders(dir):
		r.render(load.Request{Dir: dir, Via: fmt.Sprintf("%s:%d", r.at.file, r.at.line), Name: name, Namespace: namespace})
	default:
		repository, _ := r.word(body, "repository", "the chart is taken by its name alone")
		r.keepRelease(name, namespace, chart, repository, chartAt)
	}
}

// render renders a chart under -f with the values of the release.
func (r *resource) render(q load.Request) {
	for _, w := range r.values() {
		q.Values = append(q.Values, load.File{Name: w.line(1).file, Data: []byte(plain(w.text.String()))})
		for _, doubt := range w.doubts {
			r.m.unknown(doubt, "it stands as a place holder in the values of "+q.Dir)
		}
	}
	r.m.run.Add(r.m.run.Render(q))
}

// chartDir writes a path that begins with path.module as one from the module.
func (r *resource) chartDir(chart string) string {
	if rest, inside := strings.CutPrefix(chart, r.m.dir+"/"); inside {
		return "./" + rest
	}
	return chart
}

// keepRelease keeps a release whose chart is elsewhere, under the address of its
// provider.
func (r *resource) keepRelease(name, namespace, chart, repository string, at position) {
	w := &written{}
	w.add(fmt.Sprintf("apiVersion: registry.terraform.io/hashicorp/helm\nkind: helm_release\nmetadata: {name: %s, namespace: %s}\nspec: {chart: %s, repository: %s}\n",
		quoted(name), quoted(namespace), quoted(chart), quoted(repository)), r.at, 0)
	r.add(w)
}

// cilium hands on the values of Cilium's chart.
func (r *resource) cilium(namespace string) {
	v := &model.HelmValues{
		Origin: model.Origin{File: r.at.file, Line: r.at.line, Kind: "helm_release", Namespace: namespace, Name: r.block.Labels[1]},
		Data:   map[string]string{}, Lines: map[string]int{}, Files: map[string]string{},
	}
	version, at := r.word(r.block.Body, "version", "Cilium's version is not known from here")
	v.ChartVersion, v.VersionLine, v.VersionFile = version, at.line, at.file
	r.m.addValues(v, r.values())
}

// addValues lays texts of values over each other, and leaves out what the files
// do not decide.
func (m *module) addValues(v *model.HelmValues, texts []*written) {
	for _, w := range texts {
		read, _, err := manifest.ReadValues(manifest.File{Data: []byte(w.text.String())})
		if err != nil {
			m.report(model.Error, w.line(1), "the values of Cilium's chart cannot be read: "+err.Error(), "correct the YAML")
			continue
		}
		for path, value := range read.Data {
			at := w.line(read.Lines[path])
			v.Data[path], v.Lines[path], v.Files[path] = value, at.line, at.file
		}
		for _, doubt := range w.doubts {
			m.unknown(doubt, "values of Cilium's chart that hang on it are left out, as if nobody gave them")
		}
	}
	for path, value := range v.Data {
		if isMarked(value) || isMarked(path) {
			delete(v.Data, path)
		}
	}
	m.out.Files = append(m.out.Files, load.File{Name: v.Origin.File, Values: v})
}

// values are the texts of values, the weakest first.
func (r *resource) values() []*written {
	var out []*written
	if at, given := r.attribute(r.block.Body, "values"); given {
		out = append(out, r.m.textsOf(at)...)
	}
	for _, kind := range []string{"set_list", "set_sensitive", "set"} {
		for _, s := range r.settings(kind) {
			out = append(out, s.text())
		}
	}
	return slices.DeleteFunc(out, func(w *written) bool { return w == nil })
}

// textsOf are the texts of a list.
func (m *module) textsOf(list place) []*written {
	var out []*written
	if items, found := list.items(); found {
		for _, item := range items {
			out = append(out, item.text())
		}
		return out
	}
	v := list.value()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		m.unknown(list, "the values that it holds are left out")
		return nil
	}
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		w := &written{}
		if isText(element) {
			w.add(element.AsString(), list.at, 0)
		} else if !element.IsKnown() {
			w.doubt(list)
		}
		out = append(out, w)
	}
	return out
}

// setting is one value by its path.
type setting struct {
	name, value place
}

// settings are blocks, as the provider had them up to version 2, or the elements
// of a list.
func (r *resource) settings(kind string) []setting {
	var out []setting
	for _, b := range blocks(r.block.Body, kind) {
		out = r.addSetting(out, b.Body)
	}
	if list, given := r.attribute(r.block.Body, kind); given {
		items, found := list.items()
		if !found && !list.value().IsWhollyKnown() {
			r.m.unknown(list, "the values that it sets are left out")
		}
		for _, item := range items {
			out = append(out, setting{item.child("name"), item.child("value")})
		}
	}
	return out
}

func (r *resource) addSetting(list []setting, body *hclsyntax.Body) []setting {
	name, named := r.attribute(body, "name")
	value, given := r.attribute(body, "value")
	if !named || !given {
		return list
	}
	return append(list, setting{name, value})
}

// text is the setting as a map in a map; nil where its name is not known.
func (s setting) text() *written {
	name := s.name.value()
	if !isText(name) {
		s.name.m.unknown(s.name, "the value that it sets is left out")
		return nil
	}
	w := &written{}
	keys := strings.Split(strings.ReplaceAll(name.AsString(), `\.`, markEnd), ".")
	for _, key := range keys {
		w.add("{"+quoted(strings.ReplaceAll(key, markEnd, "."))+": ", s.value.at, 0)
	}
	v := s.value.value()
	switch {
	case !v.IsWhollyKnown():
		w.add(quoted(w.doubt(s.value)), s.value.at, 0)
	case isText(v) && (v.AsString() == "true" || v.AsString() == "false" || v.AsString() == "null"):
		w.add(v.AsString(), s.value.at, 0)
	case v.Type().IsPrimitiveType():
		w.add(leaf(v), s.value.at, 0)
	default:
		w.add("["+strings.Join(leaves(v), ", ")+"]", s.value.at, 0)
	}
	w.add(strings.Repeat("}", len(keys)), s.value.at, 0)
	return w
}

func leaves(v cty.Value) []string {
	var out []string
	for it := v.ElementIterator(); v.CanIterateElements() && it.Next(); {
		_, element := it.Element()
		out = append(out, leaf(element))
	}
	return out
}

// valuesOfLocals takes a local for the values of Cilium's chart where no release
// in sight has them, and it can be for no other chart.
func (m *module) valuesOfLocals() {
	if slices.ContainsFunc(m.out.Files, func(f load.File) bool { return f.Values != nil }) {
		return
	}
	var names []string
	for name := range m.locals {
		names = append(names, name)
	}
	slices.Sort(names)
	used := map[string]bool{}
	found := map[string]*written{}
	for _, name := range names {
		l := m.locals[name]
		if m.settle(l); !l.value.Type().IsObjectType() {
			continue
		}
		w := &written{}
		w.encode(l.place, 0)
		if _, is, err := manifest.ReadValues(manifest.File{Data: []byte(w.text.String())}); err != nil || !is {
			continue
		}
		found[name] = w
		for _, t := range l.place.expr.Variables() {
			used[attribute(t, 1)] = true
		}
	}
	for _, name := range names {
		if w := found[name]; w != nil && !used[name] {
			at := m.locals[name].place.at
			m.report(model.Info, at, "local."+name+" is taken for the values of Cilium's chart: no helm_release has them", "write the helm_release, or pass the values with -f")
			v := &model.HelmValues{Origin: model.Origin{File: at.file, Line: at.line, Kind: "locals", Name: name}, Data: map[string]string{}, Lines: map[string]int{}, Files: map[string]string{}}
			m.addValues(v, []*written{w})
		}
	}
}
