package virtual

import (
	"cmp"
	"encoding/json"
	"path"
	"strings"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

const (
	instanceLabel = "app.kubernetes.io/instance"
	managerLabel  = "app.kubernetes.io/managed-by"
	nameLabel     = "app.kubernetes.io/name"
)

// chart is a chart that a release installs from elsewhere.
type chart struct{ name, release, namespace string }

// holders are the kinds of objects that release charts, by group and kind.
func holders() map[string]func(*object) []chart {
	return map[string]func(*object) []chart{
		"argoproj.io/Application":            applicationCharts,
		"helm.toolkit.fluxcd.io/HelmRelease": releaseCharts,
		"helm.cattle.io/HelmChart":           k3sCharts,
		"registry.terraform.io/helm_release": terraformCharts,
	}
}

// object has the fields of all those kinds that matter here.
type object struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		// Argo CD.
		Source      appSource
		Sources     []appSource
		Destination struct{ Namespace string }
		// Flux, k3s and Terraform; Flux has a chart as an object.
		Chart           json.RawMessage
		ChartRef        struct{ Name string }
		ReleaseName     string
		TargetNamespace string
	}
}

type appSource struct {
	Chart string
	Helm  struct{ ReleaseName string }
}

// release names a release of a chart.
type release struct{ namespace, name string }

// rendered are the releases whose charts are at hand: what they make is there.
func rendered(files []load.File) map[release]bool {
	found := map[release]bool{}
	for _, f := range files {
		if f.Rendered != nil && f.Rendered.Release != "" {
			found[release{cmp.Or(f.Rendered.Namespace, "default"), f.Rendered.Release}] = true
		}
	}
	return found
}

// releases are the releases of charts that no file here holds. Cilium's is how the
// cluster carries packets, and its pods are nobody's destination.
func releases(c *model.Cluster, rendered map[release]bool) []account {
	known := holders()
	var out []account
	for _, o := range c.Others {
		group, _, _ := strings.Cut(o.APIVersion, "/")
		read := known[group+"/"+o.Origin.Kind]
		var in object
		if read == nil || json.Unmarshal(o.JSON, &in) != nil {
			continue
		}
		for _, chart := range read(&in) {
			name := path.Base(chart.name)
			if name == "cilium" || strings.HasPrefix(chart.name, ".") || chart.name == "" {
				continue
			}
			r := release{cmp.Or(chart.namespace, o.Origin.Namespace, "default"), cmp.Or(chart.release, in.Metadata.Name)}
			if rendered[r] {
				continue
			}
			out = append(out, account{
				origin: o.Origin, namespace: r.namespace,
				name: r.name, labels: model.Labels{instanceLabel: r.name, nameLabel: name}, named: []string{instanceLabel},
			})
		}
	}
	return out
}

// applicationCharts: argo-cd v2.14.9 docs/user-guide/helm.md: the release has the
// Application's name unless helm.releaseName gives another.
func applicationCharts(o *object) []chart {
	var out []chart
	for _, s := range append([]appSource{o.Spec.Source}, o.Spec.Sources...) {
		out = append(out, chart{s.Chart, s.Helm.ReleaseName, o.Spec.Destination.Namespace})
	}
	return out
}

// releaseCharts: helm-controller api v1.2.0 v2/helmrelease_types.go: the release is
// named after the object, behind the target namespace where there is one. A chart
// by a path is a directory of some repository.
func releaseCharts(o *object) []chart {
	var in struct{ Spec struct{ Chart string } }
	_ = json.Unmarshal(o.Spec.Chart, &in) // absent where chartRef is used
	release := o.Metadata.Name
	if o.Spec.TargetNamespace != "" {
		release = o.Spec.TargetNamespace + "-" + release
	}
	return []chart{{cmp.Or(in.Spec.Chart, o.Spec.ChartRef.Name), cmp.Or(o.Spec.ReleaseName, release), o.Spec.TargetNamespace}}
}

func k3sCharts(o *object) []chart { return []chart{{o.chartName(), "", o.Spec.TargetNamespace}} }

func terraformCharts(o *object) []chart { return []chart{{o.chartName(), "", ""}} }

func (o *object) chartName() string {
	var name string
	_ = json.Unmarshal(o.Spec.Chart, &name) // "" for what is no name
	return name
}
