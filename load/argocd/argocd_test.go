package argocd_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/argocd"
	"github.com/netsim-dev/netsim/load/helm"
	"github.com/netsim-dev/netsim/load/internal/loadtest"
	"github.com/netsim-dev/netsim/load/kustomize"
)

// read gives the Services of what lies behind paths, with their positions, and
// what there is to say but for what netsim assumes.
func read(t *testing.T, options argocd.Options, paths ...string) (services, issues []string) {
	t.Helper()
	cluster, found, err := load.Read(paths, nil, []load.Source{argocd.Source{Options: options}, kustomize.Source{}, helm.Source{}})
	require.NoError(t, err)
	return loadtest.Services(cluster), loadtest.Texts(found)
}

// app is an Application with the given source, in flow style.
func app(name, source string) string {
	return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: " + name + ", namespace: argocd}\nspec:\n  source: " + source + "\n  destination: {namespace: there}\n"
}

func service(name string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {ports: [{port: 80}]}\n"
}

func TestOptionsOfASource(t *testing.T) {
	const files = `
-- k/kustomization.yaml --
namePrefix: own-
resources: [service.yaml]
-- k/service.yaml --
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {ports: [{port: 80}]}
-- k/component/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
nameSuffix: -c
-- c/Chart.yaml --
apiVersion: v2
name: chart
version: 0.1.0
-- c/values.yaml --
port: 1
-- c/more.yaml --
port: 2
-- values/root.yaml --
port: 3
-- c/templates/s.yaml --
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {ports: [{port: {{ .Values.port }}}]}
-- d/a.yaml --
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {ports: [{port: 80}]}
-- d/sub/b.yml --
apiVersion: v1
kind: Service
metadata: {name: b, namespace: own}
spec: {ports: [{port: 80}]}
`
	for _, row := range []struct{ claim, source, want string }{
		{"a kustomization keeps its own", "path: k", "there/own-s:80"},
		{"namePrefix replaces the kustomization's", "path: k, kustomize: {namePrefix: a-, nameSuffix: -z}", "there/a-s-z:80"},
		{"namespace is set for all", "path: k, kustomize: {namespace: mine}", "mine/own-s:80"},
		{"patches are added", `path: k, kustomize: {patches: [{target: {kind: Service}, patch: "- {op: replace, path: /spec/ports/0/port, value: 81}"}]}`, "there/own-s:81"},
		{"components are added", "path: k, kustomize: {components: [component]}", "there/own-s-c:80"},
		{"a chart is released under the name of the Application", "path: c", "there/x:1"},
		{"releaseName and helm.namespace", "path: c, helm: {releaseName: r, namespace: ns}", "ns/r:1"},
		{"valueFiles lie beside the chart", "path: c, helm: {valueFiles: [more.yaml]}", "there/x:2"},
		{"or below the root", "path: c, helm: {valueFiles: [more.yaml, /values/root.yaml]}", "there/x:3"},
		{"values go over valueFiles", `path: c, helm: {valueFiles: [more.yaml], values: "port: 4"}`, "there/x:4"},
		{"valuesObject goes over values", `path: c, helm: {values: "port: 4", valuesObject: {port: 5}}`, "there/x:5"},
		{"parameters go over all", `path: c, helm: {valuesObject: {port: 5}, parameters: [{name: port, value: "6"}]}`, "there/x:6"},
		{"missing valueFiles may be ignored", "path: c, helm: {ignoreMissingValueFiles: true, valueFiles: [gone.yaml]}", "there/x:1"},
		{"a directory is not recursed into", "path: d, directory: {exclude: nothing}", "there/a:80"},
		{"unless that is asked for", "path: d, directory: {recurse: true, include: 'sub/*'}", "own/b:80"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, files+"-- app.yaml --\n"+app("x", "{repoURL: https://example.com/a/b, "+row.source+"}"))
			services, issues := read(t, argocd.Options{}, ".")
			assert.Empty(t, issues)
			found := strings.Join(services, "\n")
			assert.Contains(t, found, row.want+" ")
			assert.Contains(t, found, "via Application argocd/x")
		})
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for _, row := range []struct{ claim, source, want string }{
		{"a path that leads out", "{repoURL: u/v, path: ../../etc}", "app.yaml:5: error: Application argocd/x: the path ../../etc leads out of the repository"},
		{"an absolute path", "{repoURL: u/v, path: /etc}", "the path /etc leads out of the repository"},
		{"a directory that is not there", "{repoURL: u/v, path: gone}", "u/v with the path gone is not at hand"},
		{"a file instead of a directory", "{repoURL: u/v, path: d/a.yaml}", "d/a.yaml is no directory that may be read"},
		{"a root that could be any", "{repoURL: u/v, path: .}", "u/v with the path . is not at hand"},
		{"a chart of a registry", "{repoURL: https://charts.example.com, chart: redis}", "the chart redis of https://charts.example.com is not at hand"},
		{"a file of values", "{repoURL: u/v, path: c, helm: {valueFiles: [../../../../../../../../../../../etc/passwd]}}", "leads out of the directories that -f names"},
		{"remote values", `{repoURL: u/v, path: c, helm: {valueFiles: ["https://example.com/v.yaml"]}}`, "is remote, and nothing is fetched"},
		{"a plugin", "{repoURL: u/v, path: d, plugin: {name: p}}", "a plugin renders it"},
		{"no source", "null", "it has no source"},
		{"a wrong type", "[1]", "Application argocd/x: cannot be read:"},
		{"a name that is no text", "{repoURL: u/v, path: d}\n---\n" + app("y", "{path: d}"), "cannot be read: cannot unmarshal bool"},
		{"a broken pattern", "{repoURL: u/v, path: d, directory: {include: '['}}", "Application argocd/x: unexpected"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, "-- app.yaml --\n"+app("x", row.source)+"-- d/a.yaml --\n"+service("a")+
				"-- c/Chart.yaml --\napiVersion: v2\nname: c\nversion: 0.1.0\n-- good.yaml --\n"+service("good")+"---\n: broken: [\n")
			services, issues := read(t, argocd.Options{}, ".")
			assert.Contains(t, strings.Join(issues, "\n"), row.want)
			assert.Contains(t, strings.Join(services, "\n"), "default/good")
		})
	}
}

// TestALinkThatLeadsOutIsNotRead: the path is in the repository, and what it stands
// for is not.
func TestALinkThatLeadsOutIsNotRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege there")
	}
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret.yaml"), []byte(service("secret")), 0o644))
	for _, row := range []struct{ claim, link, to, want string }{
		{"a directory", "apps", outside, "apps is no directory that may be read"},
		{"a file", "apps/a.yaml", filepath.Join(outside, "secret.yaml"), "apps/a.yaml leads out of the directories that -f names"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, "-- argo/app.yaml --\n"+app("x", "{repoURL: u/v, path: apps}"))
			require.NoError(t, os.MkdirAll(filepath.Dir(row.link), 0o755))
			require.NoError(t, os.Symlink(row.to, row.link))
			services, issues := read(t, argocd.Options{}, "argo")
			assert.Empty(t, services)
			assert.Contains(t, strings.Join(issues, "\n"), row.want)
		})
	}
}

func TestCiliumsOwnChartIsNotMissed(t *testing.T) {
	loadtest.Write(t, "-- app.yaml --\n"+app("cilium", "{repoURL: https://helm.cilium.io, chart: cilium, targetRevision: 1.18.4}"))
	_, issues := read(t, argocd.Options{}, ".")
	assert.Empty(t, issues)
}

func TestWhichRepositoryIsAtHand(t *testing.T) {
	remote := func(url string) string {
		return "-- repo/.git/config --\n[remote \"origin\"]\n\turl = " + url + "\n"
	}
	const found, missing = "there/a:80 repo/apps/a/a.yaml:1 via Application argocd/x", "is not at hand"
	for _, row := range []struct{ claim, config, url, path, want string }{
		{"no remote is known", "", "https://example.com/team/repo.git", "apps/a", found},
		{"the remote's URL", remote("https://example.com/team/repo"), "https://example.com/team/repo.git", "apps/a", found},
		{"the same by ssh", remote("git@example.com:team/repo.git"), "https://example.com/team/repo", "apps/a", found},
		{"a mirror in the cluster", remote("ssh://git@example.com:22/team/repo.git"), "http://gitea.gitea.svc:3000/team/repo.git", "apps/a", found},
		{"another repository with such a path", remote("https://example.com/team/repo"), "https://example.com/team/other.git", "apps/a", missing},
		{"the whole of it", remote("https://example.com/team/repo"), "https://example.com/team/repo.git", ".", "there/a:80"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, row.config+"-- repo/argocd/app.yaml --\n"+app("x", "{repoURL: '"+row.url+"', path: "+row.path+", directory: {recurse: true, exclude: argocd/*}}")+"-- repo/apps/a/a.yaml --\n"+service("a"))
			services, issues := read(t, argocd.Options{}, "repo")
			assert.Contains(t, strings.Join(append(services, issues...), "\n"), row.want)
			services, issues = read(t, argocd.Options{}, "repo/argocd")
			if row.config != "" {
				assert.Contains(t, strings.Join(append(services, issues...), "\n"), row.want, "from a directory of the work tree")
			}
		})
	}
}

func TestADirectoryInsideOfAnotherRepositoryIsOne(t *testing.T) {
	loadtest.Write(t, "-- .git/config --\n[remote \"origin\"]\n\turl = https://example.com/big/one\n-- example/app.yaml --\n"+app("x", "{repoURL: https://example.com/team/small, path: a}")+"-- example/a/a.yaml --\n"+service("a"))
	services, issues := read(t, argocd.Options{}, "example")
	assert.Empty(t, issues)
	assert.Equal(t, []string{"there/a:80 example/a/a.yaml:1 via Application argocd/x"}, services)
}

func TestApplicationsThatDeployEachOtherEnd(t *testing.T) {
	const url = "repoURL: https://example.com/a/b, "
	for _, row := range []struct{ claim, files string }{
		{"one that deploys itself", "-- apps/x.yaml --\n" + app("x", "{"+url+"path: apps}")},
		{"two in a circle", "-- one/x.yaml --\n" + app("x", "{"+url+"path: two}") + "-- two/y.yaml --\n" + app("z", "{"+url+"path: one}") + "---\n" + service("a")},
		{"one under ever other names", "-- apps/x.yaml --\n" + app("x", "{"+url+"path: apps, kustomize: {namePrefix: p-}}") + "-- apps/kustomization.yaml --\nresources: [x.yaml, s.yaml]\n-- apps/s.yaml --\n" + service("a")},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, row.files+"-- apps/s/s.yaml --\n"+service("a"))
			services, issues := read(t, argocd.Options{}, ".")
			assert.NotEmpty(t, services, issues)
			assert.LessOrEqual(t, len(issues), 1)
		})
	}
}

func TestAnAppOfAppsGivesItsApplicationsValues(t *testing.T) {
	loadtest.Write(t, `-- root.yaml --
`+app("root", "{repoURL: u/v, path: apps, helm: {parameters: [{name: env, value: uat}]}}")+`-- apps/Chart.yaml --
apiVersion: v2
name: apps
version: 0.1.0
-- apps/templates/web.yaml --
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  source: {repoURL: u/v, path: overlays/{{ .Values.env }}}
  destination: {namespace: {{ .Values.env }}}
-- overlays/uat/a.yaml --
`+service("a"))
	services, issues := read(t, argocd.Options{}, ".")
	assert.Empty(t, issues)
	assert.Equal(t, []string{"uat/a:80 overlays/uat/a.yaml:1 via Application argocd/web"}, services)
}

func TestAnOverlayThatSomebodyAppliesByHandSaysMoreThanItsBase(t *testing.T) {
	loadtest.Write(t, "-- argo/base/kustomization.yaml --\nresources: [x.yaml]\n-- argo/base/x.yaml --\n"+app("x", "{repoURL: u/v, path: one}")+`-- argo/prod/kustomization.yaml --
resources: [../base]
patches:
  - target: {kind: Application}
    patch: '[{"op": "replace", "path": "/spec/source/path", "value": "two"}]'
-- one/a.yaml --
`+service("a")+"-- two/b.yaml --\n"+service("b"))
	services, issues := read(t, argocd.Options{}, ".")
	assert.Empty(t, issues)
	assert.Contains(t, services, "there/b:80 two/b.yaml:1 via Application argocd/x")
	assert.NotContains(t, strings.Join(services, "\n"), "there/a")
}

func TestOneClusterIsLoaded(t *testing.T) {
	other := strings.Replace(app("z", "{repoURL: u/v, path: two}"), "{namespace: there}", "{name: prod, namespace: there}", 1)
	loadtest.Write(t, "-- x.yaml --\n"+app("x", "{repoURL: u/v, path: one}")+"-- y.yaml --\n"+other+"-- one/a.yaml --\n"+service("a")+"-- two/a.yaml --\n"+service("a"))
	services, issues := read(t, argocd.Options{}, ".")
	assert.Equal(t, []string{"there/a:80 one/a.yaml:1 via Application argocd/x"}, services)
	require.Len(t, issues, 1)
	assert.Contains(t, issues[0], "it deploys to the cluster prod, and Application argocd/x to in-cluster")
}

func TestTemplatesOfApplications(t *testing.T) {
	template := app("x", "{repoURL: '${ url }', path: a}") + "# $${escaped}\n"
	for _, row := range []struct{ claim, template, want string }{
		{"all is given", template, "there/a:80"},
		{"a name is missing", template + "# ${other} ${more}\n", "app.yaml.tpl:8: error: nothing gives a value for ${other}, ${more}"},
		{"an expression", template + "# ${upper(url)}\n", "only names are substituted here"},
		{"directives", template + "%{ if true }\n%{ endif }\n", "app.yaml.tpl:8: error: the template has directives"},
		{"YAML that is broken", template + "---\n: [\n", "app.yaml.tpl:9: error: the document cannot be parsed"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, "-- app.yaml.tpl --\n"+row.template+"-- a/a.yaml --\n"+service("a"))
			services, issues := read(t, argocd.Options{Subst: map[string]string{"url": "u/v"}}, ".")
			assert.Contains(t, strings.Join(append(services, issues...), "\n"), row.want)
		})
	}
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	loadtest.Write(t, "-- x.yaml --\n"+app("x", "{repoURL: u/v, path: a}")+"---\n"+app("x", "{repoURL: u/v, path: b}")+"-- a/a.yaml --\n"+service("a")+"-- b/b.yaml --\n"+service("b"))
	services, issues := read(t, argocd.Options{}, ".")
	require.NotEmpty(t, issues)
	for range 3 {
		again, told := read(t, argocd.Options{}, ".")
		assert.Equal(t, services, again)
		assert.Equal(t, issues, told)
	}
}
