package flux

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"

	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/internal/deploy"
	"github.com/netsim-dev/netsim/model"
)

// helmRelease is what netsim reads of a HelmRelease.
type helmRelease struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Chart struct {
			Spec struct {
				Chart         string    `json:"chart"`
				SourceRef     reference `json:"sourceRef"`
				ValuesFiles   []string  `json:"valuesFiles"`
				IgnoreMissing bool      `json:"ignoreMissingValuesFiles"`
			} `json:"spec"`
		} `json:"chart"`
		ChartRef        *reference        `json:"chartRef"`
		ReleaseName     string            `json:"releaseName"`
		TargetNamespace string            `json:"targetNamespace"`
		ValuesFrom      []valuesFrom      `json:"valuesFrom"`
		Values          json.RawMessage   `json:"values"`
		PostRenderers   []json.RawMessage `json:"postRenderers"`
		KubeConfig      json.RawMessage   `json:"kubeConfig"`
	} `json:"spec"`
}

// cilium is the chart whose values package manifest reads: they say how the
// cluster carries packets, and its pods are not asked about.
const cilium = "cilium"

// release renders the chart of a HelmRelease.
func (d *deployer) release(o *deploy.Object, out *load.Output) {
	var h helmRelease
	if !o.Decode(&h, out) || elsewhere(o, h.Spec.KubeConfig, out) {
		return
	}
	root, dir, ok := d.chart(o, h, out)
	if !ok {
		return
	}
	if !d.run.Renders(dir) {
		o.Fail(out, "spec.chart", dir+" holds no chart: what it deploys is missing here", "name the directory of a Chart.yaml")
		return
	}
	if len(h.Spec.PostRenderers) > 0 {
		warn(o, "spec.postRenderers", "what the chart makes is changed by postRenderers, which are not applied here", "pass what they come to with -f", out)
	}
	q := load.Request{Dir: dir, Via: o.ID(), Name: h.releaseName(), Namespace: cmp.Or(h.Spec.TargetNamespace, o.Namespace)}
	q.Values = append(d.valuesFiles(o, h, root, dir, out), d.values(o, h, out)...)
	made := d.run.Render(q)
	out.Files, out.Used, out.Issues = made.Files, append(out.Used, made.Used...), append(out.Issues, made.Issues...)
}

// releaseName is that of helm-controller's GetReleaseName.
func (h helmRelease) releaseName() string {
	if h.Spec.ReleaseName == "" && h.Spec.TargetNamespace != "" {
		return h.Spec.TargetNamespace + "-" + h.Metadata.Name
	}
	return cmp.Or(h.Spec.ReleaseName, h.Metadata.Name)
}

// chart finds the chart's directory, and the root of the repository that it is in.
func (d *deployer) chart(o *deploy.Object, h helmRelease, out *load.Output) (root, dir string, ok bool) {
	chart, ref, at := h.Spec.Chart.Spec.Chart, h.Spec.Chart.Spec.SourceRef, "spec.chart.spec.chart"
	if h.Spec.ChartRef != nil {
		chart, ref, at = h.Spec.ChartRef.Name, *h.Spec.ChartRef, "spec.chartRef"
	}
	url := d.url(o, ref)
	if ref.Kind == "GitRepository" && h.Spec.ChartRef == nil {
		root, dir, err := d.repos.Locate(d.run, url, path.Clean("/" + chart)[1:])
		if err != nil {
			o.Fail(out, at, err.Error()+": what it deploys is missing here", "correct the path, or say where the repository lies: --repo "+cmp.Or(url, "URL")+"=DIR")
		}
		return root, dir, err == nil
	}
	given := d.repos.Given(url)
	for _, dir := range []string{path.Join(given, path.Base(chart)), given} {
		if given != "" && d.run.Exists(path.Join(dir, "Chart.yaml")) {
			return given, dir, true
		}
	}
	if path.Base(chart) != cilium {
		o.Fail(out, at, fmt.Sprintf("the chart %s of %s %s is not at hand, and nothing is fetched: what it deploys, pods and policies, is missing here", chart, ref.Kind, ref.Name),
			"fetch it (helm pull --untar), and say where it lies: --repo "+cmp.Or(url, "URL")+"=DIR")
	}
	return "", "", false
}

// valuesFiles are files of the chart's repository that Flux takes instead of the
// chart's own values.
func (d *deployer) valuesFiles(o *deploy.Object, h helmRelease, root, dir string, out *load.Output) []load.File {
	const at = "spec.chart.spec.valuesFiles"
	var files []load.File
	own := len(h.Spec.Chart.Spec.ValuesFiles) == 0
	for _, ref := range h.Spec.Chart.Spec.ValuesFiles {
		name := path.Join(root, path.Clean("/" + ref)[1:])
		own = own || name == path.Join(dir, "values.yaml")
		text, err := d.run.ReadFile(name)
		switch {
		case err == nil:
			files = append(files, load.File{Name: name, Data: text})
			out.Used = append(out.Used, name)
		case !h.Spec.Chart.Spec.IgnoreMissing || d.run.Exists(name):
			o.Fail(out, at, err.Error(), "correct the path, which begins at the root of the repository")
		}
	}
	if !own {
		warn(o, at, "the chart's own values.yaml is not listed, and Flux leaves it out: it is taken here, below the files", "list it first", out)
	}
	return files
}

// values are those of ConfigMaps, in order, and over them those written inline.
func (d *deployer) values(o *deploy.Object, h helmRelease, out *load.Output) []load.File {
	var files []load.File
	for i, from := range h.Spec.ValuesFrom {
		at := fmt.Sprintf("spec.valuesFrom[%d]", i)
		data, ok := d.data(o, from, at, out)
		if !ok || data == nil {
			continue
		}
		key := cmp.Or(from.ValuesKey, "values.yaml")
		text, there := data[key]
		switch {
		case !there && from.Optional:
			continue
		case !there:
			o.Fail(out, at, fmt.Sprintf("ConfigMap %s has no key %s", from.Name, key), "correct valuesKey")
			continue
		case from.TargetPath != "":
			values := map[string]any{}
			if err := strvals.ParseInto(from.TargetPath+"="+text, values); err != nil {
				o.Fail(out, at, err.Error(), "correct targetPath")
			}
			set, _ := yaml.Marshal(values)
			text = string(set)
		}
		files = append(files, load.File{Name: o.File, Data: []byte(text)})
	}
	if len(h.Spec.Values) > 0 {
		files = append(files, load.File{Name: o.File, Data: h.Spec.Values})
	}
	return files
}

func warn(o *deploy.Object, at, message, remedy string, out *load.Output) {
	out.Issues = append(out.Issues, model.Issue{Severity: model.Warning, File: o.File, Line: o.Line(at), Message: o.ID() + ": " + message, Remedy: remedy})
}
