package kustomize

import (
	"cmp"
	"fmt"
	"path"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/load"
)

// charts renders the charts of helmCharts that lie beside the kustomization, by
// whatever source renders charts, and gives them as resources. Kustomize itself
// would run helm, and would fetch those that are not there.
func (w *walker) charts(k *kustomization, dir, namespace string) []string {
	home := types.HelmDefaultHome
	if k.HelmGlobals != nil {
		home = cmp.Or(k.HelmGlobals.ChartHome, home)
	}
	var refs []string
	for i, chart := range k.HelmCharts {
		home := home // a chart with a version and a repository has a directory of its own
		if chart.Version != "" && chart.Repo != "" {
			home = path.Join(home, chart.Name+"-"+chart.Version)
		}
		at := path.Join(dir, home, chart.Name)
		if !w.run.IsDir(at) || !w.run.Renders(at) {
			w.missing(k, chart.Name, fmt.Sprintf("is a chart that is not in %s, and none is fetched: what it holds is missing here", path.Join(dir, home)), "put the chart there (helm pull --untar)")
			continue
		}
		out := w.run.Render(load.Request{Dir: at, Via: w.via, Name: cmp.Or(chart.ReleaseName, "release-name"), Namespace: cmp.Or(chart.Namespace, k.Namespace, namespace), Values: w.values(k, dir, chart)})
		w.out.Used = append(w.out.Used, out.Used...)
		w.out.Issues = append(w.out.Issues, out.Issues...)
		for j, file := range out.Files {
			ref := fmt.Sprintf("netsim-chart-%d-%d.yaml", i, j)
			w.keepAs(inMemory(path.Join(dir, ref)), file)
			w.memory.put(inMemory(path.Join(dir, ref)), helmGenerated(file.Data))
			refs = append(refs, ref)
		}
	}
	return refs
}

// values are those that a chart is given: its file's, those of more files, and
// those written inline, which go over the files' unless valuesMerge says else.
func (w *walker) values(k *kustomization, dir string, chart types.HelmChart) []load.File {
	var values []load.File
	read := func(ref string) {
		if ref == "" {
			return
		}
		w.reference(k, dir, ref)
		if text, err := w.run.ReadFile(path.Join(dir, ref)); err == nil {
			values = append(values, load.File{Name: path.Join(dir, ref), Data: text})
		}
	}
	read(chart.ValuesFile)
	inline, err := yaml.Marshal(chart.ValuesInline)
	own := load.File{Name: k.name, Data: inline}
	switch {
	case len(chart.ValuesInline) == 0 || err != nil:
	case chart.ValuesMerge == "replace":
		values = []load.File{own}
	case chart.ValuesMerge == "merge":
		values = append([]load.File{own}, values...)
	default:
		values = append(values, own)
	}
	for _, ref := range chart.AdditionalValuesFiles {
		read(ref)
	}
	return values
}

// helmGenerated marks an object as a chart's, as kustomize's own generator does:
// the namespace of a kustomization is not for those (kustomize api v0.21.1
// NamespaceTransformer).
func helmGenerated(text []byte) []byte {
	object := map[string]any{}
	if yaml.Unmarshal(text, &object) != nil {
		return text
	}
	metadata, _ := object["metadata"].(map[string]any)
	if metadata == nil {
		return text
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	if annotations == nil {
		annotations = map[string]any{}
	}
	annotations[konfig.HelmGeneratedAnnotation] = "true"
	metadata["annotations"] = annotations
	marked, err := yaml.Marshal(object)
	if err != nil {
		return text
	}
	return marked
}
