package flux

import (
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/internal/deploy"
	"github.com/netsim-dev/netsim/load/kustomize"
)

// kustomization is what netsim reads of a Kustomization.
type kustomization struct {
	Spec struct {
		Path            string          `json:"path"`
		SourceRef       reference       `json:"sourceRef"`
		TargetNamespace string          `json:"targetNamespace"`
		NamePrefix      string          `json:"namePrefix"`
		NameSuffix      string          `json:"nameSuffix"`
		Patches         []any           `json:"patches"`
		Images          []any           `json:"images"`
		Components      []string        `json:"components"`
		CommonMetadata  metadata        `json:"commonMetadata"`
		PostBuild       *postBuild      `json:"postBuild"`
		KubeConfig      json.RawMessage `json:"kubeConfig"`
	} `json:"spec"`
}

type metadata struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// kustomization builds the path of a Kustomization.
func (d *deployer) kustomization(o *deploy.Object, out *load.Output) {
	var k kustomization
	if !o.Decode(&k, out) || elsewhere(o, k.Spec.KubeConfig, out) {
		return
	}
	dir, ok := d.path(o, k, out)
	if !ok {
		return
	}
	fields := k.fields()
	if !hasKustomization(d.run, dir) {
		resources, err := d.resources(dir)
		if err != nil {
			o.Fail(out, "spec.path", err.Error(), "correct the path")
		}
		if len(resources) == 0 {
			return
		}
		fields["resources"] = resources
	}
	text, err := json.Marshal(fields)
	if err != nil {
		o.Fail(out, "spec", err.Error(), "correct it")
		return
	}
	*out = kustomize.Source{}.Render(d.run, load.Request{Dir: dir, Via: o.ID(), Kustomization: text})
	if k.Spec.PostBuild != nil {
		d.substitute(o, *k.Spec.PostBuild, out)
	}
}

// elsewhere says whether an object deploys to another cluster.
func elsewhere(o *deploy.Object, kubeConfig json.RawMessage, out *load.Output) bool {
	if len(kubeConfig) == 0 || string(kubeConfig) == "null" {
		return false
	}
	o.Fail(out, "spec.kubeConfig", "it deploys to another cluster than that of Flux: what it deploys is left out", "pass that cluster's files alone, without kubeConfig")
	return true
}

// path finds the directory of a Kustomization. A path begins at the root of the
// repository, and cannot lead out of it.
func (d *deployer) path(o *deploy.Object, k kustomization, out *load.Output) (string, bool) {
	url := d.url(o, k.Spec.SourceRef)
	if kind := k.Spec.SourceRef.Kind; kind != "GitRepository" && d.repos.Given(url) == "" {
		o.Fail(out, "spec.sourceRef", "what it deploys comes from "+strings.TrimSpace(kind+" "+k.Spec.SourceRef.Name)+", which is not at hand, and nothing is fetched: it is missing here",
			"say in which directory it lies: --repo "+cmp.Or(url, "URL")+"=DIR")
		return "", false
	}
	rel := strings.TrimPrefix(path.Clean("/"+k.Spec.Path), "/")
	_, dir, err := d.repos.Locate(d.run, url, cmp.Or(rel, "."))
	switch {
	case err != nil:
		o.Fail(out, "spec.path", err.Error()+": what it deploys is missing here", "correct the path, or say where the repository lies: --repo "+cmp.Or(url, "URL")+"=DIR")
	case !d.run.IsDir(dir):
		o.Fail(out, "spec.path", k.Spec.Path+" is no directory that may be read: what it deploys is missing here", "name a directory of the repository")
	default:
		return dir, true
	}
	return "", false
}

// fields are those that Flux sets in the kustomization of the path. Common metadata
// are set last of all in truth, but no field here changes labels.
func (k kustomization) fields() map[string]any {
	set := map[string]any{}
	for key, value := range map[string]string{"namespace": k.Spec.TargetNamespace, "namePrefix": k.Spec.NamePrefix, "nameSuffix": k.Spec.NameSuffix} {
		if value != "" {
			set[key] = value
		}
	}
	for key, list := range map[string][]any{"patches": k.Spec.Patches, "images": k.Spec.Images} {
		if len(list) > 0 {
			set[key] = list
		}
	}
	if len(k.Spec.Components) > 0 {
		set["components"] = k.Spec.Components
	}
	if labels := k.Spec.CommonMetadata.Labels; len(labels) > 0 {
		set["labels"] = []any{map[string]any{"pairs": labels}}
	}
	if annotations := k.Spec.CommonMetadata.Annotations; len(annotations) > 0 {
		set["commonAnnotations"] = annotations
	}
	return set
}

func hasKustomization(r *load.Run, dir string) bool {
	return slices.ContainsFunc(konfig.RecognizedKustomizationFileNames(), func(base string) bool { return r.Exists(path.Join(dir, base)) })
}

// resources are those of the kustomization that Flux generates for a directory
// without one: all YAML in and below it, and the kustomizations there as a whole.
func (d *deployer) resources(dir string) ([]string, error) {
	names, err := d.run.List(dir)
	if err != nil {
		return nil, err
	}
	var refs []string
	whole := map[string]bool{}
	for _, name := range names {
		if at := d.kustomizationAbove(dir, path.Dir(name)); at != "" {
			if !whole[at] {
				refs = append(refs, strings.TrimPrefix(at, dir+"/"))
			}
			whole[at] = true
			continue
		}
		if ext := path.Ext(name); (ext == ".yaml" || ext == ".yml") && !ignored(strings.TrimPrefix(name, dir+"/")) {
			refs = append(refs, strings.TrimPrefix(name, dir+"/"))
		}
	}
	return refs, nil
}

// kustomizationAbove is the topmost directory with a kustomization from one up to,
// and without, the top.
func (d *deployer) kustomizationAbove(top, dir string) string {
	found := ""
	for ; dir != top && dir != "."; dir = path.Dir(dir) {
		if hasKustomization(d.run, dir) {
			found = dir
		}
	}
	return found
}

// ignored says whether Flux leaves a file out of what it fetches (fluxcd/pkg
// sourceignore ExcludeVCS, ExcludeCI, ExcludeExtra, as far as they are YAML).
func ignored(rel string) bool {
	for _, prefix := range []string{".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml", "codeship-", ".goreleaser.y", ".sops.yaml", ".flux.yaml"} {
		if strings.HasPrefix(rel, prefix) || strings.Contains(rel, "/"+prefix) {
			return true
		}
	}
	return false
}
