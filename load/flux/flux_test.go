package flux_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/flux"
	"github.com/netsim-dev/netsim/load/helm"
	"github.com/netsim-dev/netsim/load/internal/loadtest"
	"github.com/netsim-dev/netsim/load/kustomize"
)

// read gives the Services of what lies behind paths, with their positions, and
// what there is to say but for what netsim assumes.
func read(t *testing.T, options flux.Options, paths ...string) (services, issues []string) {
	t.Helper()
	cluster, found, err := load.Read(paths, nil, []load.Source{flux.Source{Options: options}, kustomize.Source{}, helm.Source{}})
	require.NoError(t, err)
	return loadtest.Services(cluster), loadtest.Texts(found)
}

// ks is a Kustomization with the given fields of its spec, in flow style.
func ks(name, fields string) string {
	return "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: " + name + ", namespace: flux-system}\nspec: {sourceRef: {kind: GitRepository, name: flux-system}, " + fields + "}\n"
}

// hr is a HelmRelease with the given fields of its spec, in flow style.
func hr(fields string) string {
	return "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r, namespace: apps}\nspec: {" + fields + "}\n"
}

func service(name string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {ports: [{port: 80}]}\n"
}

const chart = `
-- charts/c/Chart.yaml --
apiVersion: v2
name: chart
version: 0.1.0
-- charts/c/values.yaml --
port: 1
-- charts/c/more.yaml --
port: 2
-- charts/c/templates/s.yaml --
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {ports: [{port: {{ .Values.port }}}]}
`

func TestKustomizations(t *testing.T) {
	files := "-- plain/a.yaml --\n" + service("a") + "-- plain/sub/b.yml --\n" + service("b") + "-- plain/whole/kustomization.yaml --\nnamespace: own\nresources: [c.yaml]\n-- plain/whole/c.yaml --\n" + service("c") +
		"-- plain/whole/patch.yaml --\n" + service("patch") + "-- k/kustomization.yaml --\nresources: [s.yaml]\nnamePrefix: own-\n-- k/s.yaml --\n" + service("s") +
		"-- part/kustomization.yaml --\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -part\n"
	for _, row := range []struct {
		claim, fields string
		want          []string
	}{
		{"all YAML of a directory, and kustomizations there as a whole", "path: ./plain", []string{"default/a:80 plain/a.yaml:1", "default/b:80 plain/sub/b.yml:1", "own/c:80 plain/whole/c.yaml:1"}},
		{"targetNamespace is for all", "path: plain, targetNamespace: t", []string{"t/a:80 plain/a.yaml:1", "t/b:80 plain/sub/b.yml:1", "t/c:80 plain/whole/c.yaml:1"}},
		{"a path begins at the root", "path: /k", []string{"default/own-s:80 k/s.yaml:1"}},
		{"a prefix replaces the kustomization's", "path: k, namePrefix: f-", []string{"default/f-s:80 k/s.yaml:1"}},
		{"patches", `path: k, patches: [{target: {kind: Service}, patch: "- {op: replace, path: /spec/ports/0/port, value: 81}"}]`, []string{"default/own-s:81 k/s.yaml:1"}},
		{"components", "path: k, components: [../part]", []string{"default/own-s-part:80 k/s.yaml:1"}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, files+"-- clusters/ks.yaml --\n"+ks("x", row.fields))
			services, issues := read(t, flux.Options{}, ".")
			assert.Empty(t, strings.ReplaceAll(strings.Join(issues, "\n"), unused, ""))
			var made []string
			for _, s := range services {
				if at, _, ours := strings.Cut(s, " via Kustomization flux-system/x, "); ours {
					made = append(made, at)
				}
			}
			assert.Equal(t, row.want, made)
			assert.NotContains(t, strings.Join(services, "\n"), "/patch:")
		})
	}
}

// unused is said of the patch beside a kustomization.
const unused = "plain/whole/patch.yaml:1: warning: no kustomization uses it, and others of its directory are kustomize's: it was left out (name it in plain/whole/kustomization.yaml, or pass the file itself with -f)"

func TestSubstitution(t *testing.T) {
	settings := "-- clusters/settings.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  A: from-map\n  LINES: |\n    one\n    two\n"
	for _, row := range []struct{ claim, name, postBuild, want string }{
		{"inline", "${A}", "substitute: {A: inline}", "default/inline:80"},
		{"from a ConfigMap", "${A}", "substituteFrom: [{kind: ConfigMap, name: settings}]", "default/from-map:80"},
		{"inline goes over a ConfigMap", "${A}", "substitute: {A: inline}, substituteFrom: [{kind: ConfigMap, name: settings}]", "default/inline:80"},
		{"the user's goes over all", "${GIVEN}", "substitute: {GIVEN: inline}", "default/user:80"},
		{"line breaks are lost", "a-${LINES}", "substituteFrom: [{kind: ConfigMap, name: settings}]", "default/a-onetwo:80"},
		{"a default", "${B:=fallback}", "substitute: {A: a}", "default/fallback:80"},
		{"another way to write it", "${B:-fallback}", "substitute: {A: a}", "default/fallback:80"},
		{"what nothing gives is empty", "x${B}", "substitute: {A: a}", "default/x:80"},
		{"in lower case", "${A,,}", "substitute: {A: LOUD}", "default/loud:80"},
		{"an escape", "x$${A}", "substitute: {A: a}", `"x${A}" is not valid`},
		{"no postBuild", "x${A}", "", `"x${A}" is not valid`},
		{"a Secret", "${SECRET}", "substituteFrom: [{kind: Secret, name: gone}]", "Secret gone is in none of the files"},
		{"what a Secret may give stays", "x${SECRET}", "substituteFrom: [{kind: Secret, name: gone}]", `"x${SECRET}" is not valid`},
		{"a Secret's defaults are taken", "${SECRET:=d}", "substituteFrom: [{kind: Secret, name: gone}]", "default/d:80"},
		{"a ConfigMap that is not there", "${A}", "substituteFrom: [{kind: ConfigMap, name: gone}], substitute: {A: a}", "clusters/ks.yaml:4: warning: Kustomization flux-system/x: ConfigMap gone is in none of the files"},
		{"one that need not be", "${A}", "substituteFrom: [{kind: ConfigMap, name: gone, optional: true}], substitute: {A: a}", "default/a:80"},
		{"a brace that is not closed", "${A", "substitute: {A: a}", "the variables cannot be substituted"},
		{"a negative length", "${A:2:-5}", "substitute: {A: abcdefgh}", "the variables cannot be substituted"},
		{"no name of a variable", "${A}", "substitute: {a-b: a}", `"a-b" is no name of a variable`},
	} {
		t.Run(row.claim, func(t *testing.T) {
			fields := "path: app"
			if row.postBuild != "" {
				fields += ", postBuild: {" + row.postBuild + "}"
			}
			loadtest.Write(t, settings+"-- clusters/ks.yaml --\n"+ks("x", fields)+"-- app/s.yaml --\n"+service("'"+row.name+"'")+"---\n"+service("good"))
			services, issues := read(t, flux.Options{Subst: map[string]string{"GIVEN": "user"}}, ".")
			assert.Contains(t, strings.Join(append(services, issues...), "\n"), row.want)
		})
	}
}

// TestVariablesThatExpand: a small file and a value that come to gigabytes.
func TestVariablesThatExpand(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, row := range []struct{ claim, text string }{
		{"a value in many places", strings.Repeat("${A}", 100)},
		{"a text for each letter of it", "${A//x/" + strings.Repeat("y", 1000) + "}"},
		{"a value for each letter of it", "${A//x/${A}}"},
		{"a pattern that is looked for everywhere", "${A##*y*y*y}"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, "-- clusters/ks.yaml --\n"+ks("x", "path: app, postBuild: {substitute: {A: "+long+"}}")+"-- app/s.yaml --\n"+service("'"+row.text+"'")+"---\n"+service("good"))
			services, issues := read(t, flux.Options{}, ".")
			assert.Contains(t, strings.Join(issues, "\n"), "the variables cannot be substituted: they come to more than 64 MiB")
			assert.Equal(t, []string{"default/good:80 app/s.yaml:6 via Kustomization flux-system/x, app"}, services)
		})
	}
}

// TestQuotesAroundAVariableAreLost, as in Flux, which substitutes in what kustomize
// has written: a number is then no text any more.
func TestQuotesAroundAVariableAreLost(t *testing.T) {
	const cnp = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec:\n  endpointSelector: {}\n  ingress: [{toPorts: [{ports: [{port: \"${PORT}\"}]}]}]\n"
	loadtest.Write(t, "-- clusters/ks.yaml --\n"+ks("x", "path: app, postBuild: {substitute: {PORT: '80'}}")+"-- app/p.yaml --\n"+cnp)
	cluster, _, err := load.Read([]string{"."}, nil, []load.Source{flux.Source{}, kustomize.Source{}})
	require.NoError(t, err)
	require.Len(t, cluster.Policies, 1)
	assert.Contains(t, string(cluster.Policies[0].JSON), `"port":80`)
}

func TestHelmReleases(t *testing.T) {
	const local = "chart: {spec: {chart: ./charts/c, sourceRef: {kind: GitRepository, name: g}%s}}"
	maps := "-- maps.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: apps}\ndata: {values.yaml: 'port: 3', other: '4'}\n"
	for _, row := range []struct{ claim, chart, fields, want string }{
		{"named as it is", "", "", "apps/r:1"},
		{"in another namespace, which is part of the name", "", "targetNamespace: t", "t/t-r:1"},
		{"under another name", "", "releaseName: n1", "apps/n1:1"},
		{"other files of values", ", valuesFiles: [charts/c/values.yaml, charts/c/more.yaml]", "", "apps/r:2"},
		{"values from a ConfigMap", "", "valuesFrom: [{kind: ConfigMap, name: m}]", "apps/r:3"},
		{"a value from a ConfigMap", "", "valuesFrom: [{kind: ConfigMap, name: m, valuesKey: other, targetPath: port}]", "apps/r:4"},
		{"values go over all", "", "values: {port: 5}, valuesFrom: [{kind: ConfigMap, name: m}]", "apps/r:5"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, chart+maps+"-- hr.yaml --\n"+hr(fmt.Sprintf(local, row.chart)+", "+row.fields))
			services, issues := read(t, flux.Options{}, ".")
			assert.Empty(t, issues)
			assert.Equal(t, []string{row.want + " charts/c/templates/s.yaml:1 via HelmRelease apps/r, charts/c"}, services)
		})
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	const local = "chart: {spec: {chart: ./charts/c, sourceRef: {kind: GitRepository, name: g}}}, "
	for _, row := range []struct{ claim, object, want string }{
		{"a chart of a registry", hr("chart: {spec: {chart: redis, sourceRef: {kind: HelmRepository, name: h}}}"), "x.yaml:4: error: HelmRelease apps/r: the chart redis of HelmRepository h is not at hand"},
		{"a chart of an OCIRepository", hr("chartRef: {kind: OCIRepository, name: podinfo}"), "the chart podinfo of OCIRepository podinfo is not at hand"},
		{"a chart that is not there", hr("chart: {spec: {chart: gone, sourceRef: {kind: GitRepository, name: g}}}"), "with the path gone is not at hand"},
		{"a directory without a chart", hr("chart: {spec: {chart: charts, sourceRef: {kind: GitRepository, name: g}}}"), "charts holds no chart"},
		{"values of a Secret", hr(local + "valuesFrom: [{kind: Secret, name: s}]"), "Secret s is in none of the files"},
		{"a key that is not there", hr(local + "valuesFrom: [{kind: ConfigMap, name: m, valuesKey: k}]"), "ConfigMap m has no key k"},
		{"postRenderers", hr(local + "postRenderers: [{kustomize: {}}]"), "changed by postRenderers, which are not applied here"},
		{"values without the chart's own", strings.Replace(hr(local), "name: g}}", "name: g}, valuesFiles: [charts/c/more.yaml]}", 1), "own values.yaml is not listed"},
		{"another cluster", ks("x", "path: app, kubeConfig: {secretRef: {name: s}}"), "it deploys to another cluster than that of Flux"},
		{"a directory that is not there", ks("x", "path: gone"), "with the path gone is not at hand"},
		{"one that would lead out", ks("x", "path: ../../etc"), "with the path etc is not at hand"},
		{"a file instead of a directory", ks("x", "path: good.yaml"), "is no directory that may be read"},
		{"a bucket", strings.Replace(ks("x", "path: app"), "GitRepository", "Bucket", 1), "what it deploys comes from Bucket flux-system, which is not at hand"},
		{"a wrong type", ks("x", "path: [a]"), "Kustomization flux-system/x: cannot be read"},
		{"YAML that is broken", ks("x", "path: broken"), "broken:1: error: kustomize cannot build it"},
		{"a patch that is broken", ks("x", "path: app, patches: [{patch: '{'}]"), "app:1: error: kustomize cannot build it"},
		{"a ConfigMap of a wrong type", ks("x", "path: app, postBuild: {substituteFrom: [{kind: ConfigMap, name: m2}]}"), "ConfigMap flux-system/m2: cannot be read"},
		{"what SOPS has encrypted", ks("x", "path: app, postBuild: {substituteFrom: [{kind: Secret, name: s2}]}"), "Secret s2 (maps.yaml:11) is encrypted with SOPS"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, chart+"-- x.yaml --\n"+row.object+"-- good.yaml --\n"+service("good")+"-- app/s.yaml --\n"+service("a")+"-- broken/s.yaml --\n: [\n"+`-- maps.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: m, namespace: apps}
data: {}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: m2, namespace: flux-system}
data: [1]
---
apiVersion: v1
kind: Secret
metadata: {name: s2, namespace: flux-system}
data: {a: "ENC[AES256_GCM,data:x]"}
sops: {version: 3.9.0}
`)
			services, issues := read(t, flux.Options{}, ".")
			assert.Contains(t, strings.ReplaceAll(strings.Join(issues, "\n"), "the repository with", "with"), row.want)
			assert.Contains(t, strings.Join(services, "\n"), "default/good")
		})
	}
}

func TestAChartOfARegistryMayLieElsewhere(t *testing.T) {
	loadtest.Write(t, strings.ReplaceAll(chart, "charts/c/", "outside/redis/")+"-- repo/hr.yaml --\n"+hr("chart: {spec: {chart: redis, sourceRef: {kind: HelmRepository, name: h}}}")+
		"---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: h, namespace: apps}\nspec: {url: https://charts.example.com/stable}\n")
	services, issues := read(t, flux.Options{Repos: []flux.Repo{{URL: "https://charts.example.com/stable", Dir: "outside"}}}, "repo")
	assert.Empty(t, issues)
	assert.Equal(t, []string{"apps/r:1 outside/redis/templates/s.yaml:1 via HelmRelease apps/r, outside/redis"}, services)
}

func TestKustomizationsThatDeployEachOtherEnd(t *testing.T) {
	loadtest.Write(t, "-- c/ks.yaml --\n"+ks("x", "path: c")+"---\n"+service("a"))
	services, issues := read(t, flux.Options{}, ".")
	assert.Empty(t, issues)
	assert.Equal(t, []string{"default/a:80 c/ks.yaml:6 via Kustomization flux-system/x, c"}, services)
}

func TestOneClusterOfSeveralIsLoaded(t *testing.T) {
	loadtest.Write(t, "-- dev/ks.yaml --\n"+ks("apps", "path: apps/dev")+"-- prod/ks.yaml --\n"+ks("apps", "path: apps/prod")+"-- apps/dev/s.yaml --\n"+service("a")+"-- apps/prod/s.yaml --\n"+service("b"))
	services, issues := read(t, flux.Options{}, ".")
	assert.Equal(t, []string{"default/a:80 apps/dev/s.yaml:1 via Kustomization flux-system/apps, apps/dev"}, services)
	require.Len(t, issues, 1)
	assert.Contains(t, issues[0], "prod/ks.yaml:1: error: Kustomization flux-system/apps: the object is there twice and differs: dev/ks.yaml:1 is taken")
}
