package virtual_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/argocd"
	"github.com/netsim-dev/netsim/load/flux"
	"github.com/netsim-dev/netsim/load/helm"
	"github.com/netsim-dev/netsim/load/internal/loadtest"
	"github.com/netsim-dev/netsim/load/terraform"
	"github.com/netsim-dev/netsim/load/virtual"
)

// TestAReleaseWhoseChartIsRenderedAccountsForNothing: what it makes is there, and a
// Service of the chart whose selector has a typo leads nowhere.
func TestAReleaseWhoseChartIsRenderedAccountsForNothing(t *testing.T) {
	const charts = `
-- charts/web/Chart.yaml --
apiVersion: v2
name: web
version: 0.1.0
-- charts/web/templates/web.yaml --
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: wbe}, ports: [{port: 80}]}
`
	const (
		fluxes = "-- hr.yaml --\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec: {chart: {spec: {chart: charts/web, sourceRef: {kind: GitRepository, name: g}}}}\n"
		argos  = "-- app.yaml --\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\nspec: {source: {repoURL: https://charts.example.com, chart: web}, destination: {namespace: shop}}\n"
		terra  = "-- main.tf --\nresource \"helm_release\" \"web\" {\n name = \"web\"\n namespace = \"shop\"\n chart = \"./charts/web\"\n}\n"
	)
	repos := []flux.Repo{{URL: "https://charts.example.com", Dir: "charts"}}
	for _, row := range []struct {
		claim, files string
		sources      []load.Source
		inferred     string
	}{
		{"Flux renders it", fluxes, []load.Source{flux.Source{}}, ""},
		{"Argo CD renders it", argos, []load.Source{argocd.Source{Options: argocd.Options{Repos: repos}}}, ""},
		{"Terraform renders it", terra, []load.Source{terraform.Source{}}, ""},
		{"a repository that is not at hand", argos, []load.Source{argocd.Source{}}, "web-inferred"},
		{"one that Flux does not render", strings.Replace(fluxes, "charts/web", "web", 1), nil, "web-inferred"},
		{"one of which a dependency is missing", strings.Replace(fluxes, "charts/web", "charts/part", 1) +
			"-- charts/part/Chart.yaml --\napiVersion: v2\nname: part\nversion: 0.1.0\ndependencies: [{name: db, version: 0.1.0, repository: https://charts.example.com}]\n-- charts/part/templates/a.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: db}, ports: [{port: 80}]}\n",
			[]load.Source{flux.Source{}}, "web-inferred"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, charts+row.files)
			cluster, issues, err := load.Read([]string{"."}, nil, append(row.sources, helm.Source{}, virtual.Source{}))
			require.NoError(t, err)
			var found []string
			for _, p := range cluster.Pods {
				if p.Inferred != "" {
					found = append(found, p.Name)
				}
			}
			assert.Equal(t, row.inferred, strings.Join(found, " "), issues)
		})
	}
}
