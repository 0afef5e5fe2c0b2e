package flux

import (
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/internal/deploy"
)

var (
	kustomizations = deploy.Kind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}
	helmReleases   = deploy.Kind{Group: "helm.toolkit.fluxcd.io", Kind: "HelmRelease"}
)

// Repo says in which directory a repository lies.
type Repo = deploy.Repo

// Options say what files cannot.
type Options struct {
	// Repos are repositories, besides the one at hand.
	Repos []Repo
	// Subst are values of variables that go over all others.
	Subst map[string]string
}

// Source loads Kustomizations and HelmReleases.
type Source struct{ Options Options }

// Name is "flux".
func (Source) Name() string { return "flux" }

// Outside are the directories of Options.
func (s Source) Outside() []string { return deploy.Repos(s.Options.Repos).Dirs() }

// Read loads what all Kustomizations and HelmReleases deploy.
func (s Source) Read(r *load.Run) {
	d := &deployer{run: r, repos: s.Options.Repos, subst: s.Options.Subst, parsed: map[parsed][]*deploy.Object{}}
	deploy.Walk(r, deploy.Tool{Kinds: []deploy.Kind{kustomizations, helmReleases}, Render: d.render})
}

// deployer renders the objects of Flux.
type deployer struct {
	run   *load.Run
	repos deploy.Repos
	subst map[string]string
	// parsed are the objects of files, which many ask for.
	parsed map[parsed][]*deploy.Object
}

func (d *deployer) render(o *deploy.Object) load.Output {
	var out load.Output
	if o.Kind == helmReleases {
		d.release(o, &out)
	} else {
		d.kustomization(o, &out)
	}
	return out
}

// reference names an object of Flux's sources.
type reference struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// url is that of a source, "" if no file has it.
func (d *deployer) url(o *deploy.Object, ref reference) string {
	if ref.Namespace == "" {
		ref.Namespace = o.Namespace
	}
	var out load.Output
	source := d.find(o, deploy.Kind{Group: "source.toolkit.fluxcd.io", Kind: ref.Kind}, ref.Namespace, ref.Name, &out)
	if source == nil {
		return ""
	}
	var fields struct {
		Spec struct {
			URL string `json:"url"`
		} `json:"spec"`
	}
	source.Decode(&fields, &out)
	return fields.Spec.URL
}
