package argocd

import (
	"strings"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/internal/deploy"
)

const group = "argoproj.io"

var (
	applications    = deploy.Kind{Group: group, Kind: "Application"}
	applicationSets = deploy.Kind{Group: group, Kind: "ApplicationSet"}
)

// Repo says in which directory a repository lies.
type Repo = deploy.Repo

// Options say what files cannot.
type Options struct {
	// Repos are repositories, besides the one at hand.
	Repos []Repo
	// Subst are the values of placeholders in templates of Applications.
	Subst map[string]string
}

// Source loads Applications and ApplicationSets.
type Source struct{ Options Options }

// Name is "argocd".
func (Source) Name() string { return "argocd" }

// Outside are the directories of Options.
func (s Source) Outside() []string { return deploy.Repos(s.Options.Repos).Dirs() }

// Read loads what all Applications and ApplicationSets deploy.
func (s Source) Read(r *load.Run) {
	s.readTemplates(r)
	d := &deployer{run: r, repos: s.Options.Repos}
	deploy.Walk(r, deploy.Tool{Kinds: []deploy.Kind{applications, applicationSets}, Render: d.render})
}

// deployer renders Applications.
type deployer struct {
	run   *load.Run
	repos deploy.Repos
	// cluster is the one that is loaded: that of the first Application which
	// deploys more than Applications. by names it, "" before there is one.
	cluster, by string
}

func (d *deployer) render(o *deploy.Object) load.Output {
	var out load.Output
	if o.Kind == applicationSets {
		d.applicationSet(o, &out)
		return out
	}
	var app application
	if o.Decode(&app, &out) {
		app.object, app.at, app.via = o, "spec.", o.ID()
		d.application(app, &out)
	}
	return out
}

// application renders the sources of an Application, unless they are for another
// cluster than the one that is loaded.
func (d *deployer) application(app application, out *load.Output) {
	made := load.Output{}
	sources, at := app.sources()
	if len(sources) == 0 {
		app.fail(out, "", "it has no source", "give spec.source or spec.sources")
	}
	for i, s := range sources {
		if s.Ref != "" && s.Path == "" && s.Chart == "" {
			continue // it is there for others to take values from
		}
		d.source(app, s, at(i), &made)
	}
	if len(made.Files) > 0 && onlyApplications(made.Files) {
		add(out, made)
		return
	}
	cluster := app.Spec.Destination.cluster()
	if len(made.Files) > 0 && d.by == "" {
		d.cluster, d.by = cluster, app.via
	}
	if len(made.Files) > 0 && cluster != d.cluster {
		app.fail(out, "destination", "it deploys to the cluster "+cluster+", and "+d.by+" to "+d.cluster+": one cluster is loaded, and what this one deploys is left out", "pass the Applications of one cluster only")
		made.Files = nil
	}
	add(out, made)
}

func add(out *load.Output, made load.Output) {
	out.Files = append(out.Files, made.Files...)
	out.Used = append(out.Used, made.Used...)
	out.Issues = append(out.Issues, made.Issues...)
}

// onlyApplications says whether files hold nothing but Argo CD's own objects:
// those are for the cluster where Argo CD runs, wherever the rest goes.
func onlyApplications(files []load.File) bool {
	for _, file := range files {
		if !strings.Contains(string(file.Data), "apiVersion: "+group+"/") {
			return false
		}
	}
	return true
}
