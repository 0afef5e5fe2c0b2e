package kustomize_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/helm"
	"github.com/netsim-dev/netsim/load/internal/loadtest"
	"github.com/netsim-dev/netsim/load/kustomize"
	"github.com/netsim-dev/netsim/model"
)

// app is a base with a policy that has no namespace, and a Service.
const app = `
-- base/kustomization.yaml --
resources: [app.yaml, policies/cnp.yaml]
-- base/app.yaml --
# the app
apiVersion: v1
kind: Service
metadata:
  name: app
spec:
  selector: {app: app}
  ports:
    - port: 80
-- base/policies/cnp.yaml --
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: app}
spec:
  endpointSelector:
    matchLabels: {app: app}
  ingress:
    - fromEndpoints:
        - matchLabels: {app: web}
`

// read gives the cluster's Services and policies with their positions, and what
// there is to say but for what netsim assumes.
func read(t *testing.T, paths ...string) (objects, issues []string) {
	t.Helper()
	cluster, found := load1(t, paths...)
	for _, s := range cluster.Services {
		objects = append(objects, fmt.Sprintf("%s %s", s.Origin.ID(), s.Origin.Position()))
	}
	for _, p := range cluster.Policies {
		objects = append(objects, fmt.Sprintf("%s %s", p.Origin.ID(), p.Origin.Position()))
	}
	return objects, loadtest.Texts(found)
}

func load1(t *testing.T, paths ...string) (*model.Cluster, []model.Issue) {
	t.Helper()
	cluster, issues, err := load.Read(paths, nil, []load.Source{kustomize.Source{}, helm.Source{}})
	require.NoError(t, err)
	return cluster, issues
}

func TestAnOverlayIsLoadedAndItsBaseIsNot(t *testing.T) {
	loadtest.Write(t, app+"-- overlays/dev/kustomization.yaml --\nnamespace: dev\nresources: [../../base]\n")
	want := []string{
		"Service dev/app base/app.yaml:2 via overlays/dev",
		"CiliumNetworkPolicy dev/app base/policies/cnp.yaml:1 via overlays/dev",
	}
	for _, paths := range [][]string{{"."}, {"overlays", "base"}, {"base", "overlays/dev"}, {"overlays/dev"}} {
		objects, issues := read(t, paths...)
		assert.Equal(t, want, objects, paths)
		assert.Empty(t, issues, paths)
	}
}

func TestAnyNameOfAFileWillDo(t *testing.T) {
	loadtest.Write(t, "-- my app, @home+1/kustomization.yaml --\nresources: ['a b.yaml']\n-- my app, @home+1/a b.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec: {ports: [{port: 80}]}\n")
	objects, issues := read(t, ".")
	assert.Equal(t, []string{"Service default/app my app, @home+1/a b.yaml:1 via my app, @home+1"}, objects)
	assert.Empty(t, issues)
}

func TestSourceOffLeavesFilesAsTheyAre(t *testing.T) {
	loadtest.Write(t, app+"-- overlays/dev/kustomization.yaml --\nnamespace: dev\nresources: [../../base]\n")
	cluster, _, err := load.Read([]string{"."}, nil, nil)
	require.NoError(t, err)
	require.Len(t, cluster.Services, 1)
	assert.Equal(t, "default", cluster.Services[0].Namespace)
}

func TestAPatchedRuleIsAtTheLinesOfItsBase(t *testing.T) {
	loadtest.Write(t, app+`
-- dev/kustomization.yaml --
resources: [../base]
namePrefix: my-
patches:
  - path: peers.yaml
    target: {kind: CiliumNetworkPolicy}
-- dev/peers.yaml --
- {op: replace, path: /spec/ingress/0/fromEndpoints/0/matchLabels/app, value: proxy}
- {op: add, path: /spec/ingress/-, value: {fromEntities: [host]}}
`)
	cluster, _ := load1(t, ".")
	require.Len(t, cluster.Policies, 1)
	policy := cluster.Policies[0]
	assert.Contains(t, string(policy.JSON), "proxy")
	assert.Equal(t, "my-app", policy.Origin.Name)
	assert.Equal(t, 8, policy.Line("spec.ingress[0]"))
	assert.Equal(t, 9, policy.Line("spec.ingress[0].fromEndpoints[0].matchLabels.app"))
	assert.Equal(t, 7, policy.Line("spec.ingress[1]"), "what a patch adds is at the list that it is added to")
}

func TestWhatNoKustomizationUsesIsLeftOut(t *testing.T) {
	const patch = "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 30075}]}\n"
	loadtest.Write(t, app+"-- base/service-patch.yaml --\n---\n"+patch+"---\n"+"-- base/node-port.yaml --\n"+patch+
		"-- base/policies/operations.yaml --\n- {op: remove, path: /spec}\n"+
		"-- base/kind.yaml --\nkind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{role: control-plane}]\n"+
		"-- base/cilium.yaml --\nroutingMode: native\n"+
		"-- plain/other.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: other, namespace: dev}\nspec: {ports: [{port: 80}]}\n")
	cluster, _ := load1(t, ".")
	objects, issues := read(t, ".")
	assert.Equal(t, []string{"Service default/app base/app.yaml:2 via base", "Service dev/other plain/other.yaml:1", "CiliumNetworkPolicy default/app base/policies/cnp.yaml:1 via base"}, objects)
	require.Len(t, issues, 3)
	for i, name := range []string{"base/node-port.yaml", "base/policies/operations.yaml", "base/service-patch.yaml"} {
		assert.Contains(t, issues[i], name+":1: warning: no kustomization uses it")
	}
	assert.Zero(t, cluster.Services[0].Ports[0].NodePort)
	assert.NotNil(t, cluster.Kind, "what is no object for an API server is not kustomize's")
	assert.Len(t, cluster.CiliumValues, 1)

	cluster, _ = load1(t, "base", "base/node-port.yaml")
	assert.EqualValues(t, model.ClusterIPService, cluster.Services[0].Type, "named by -f it is loaded, and is a patch by its looks")
}

func TestOverlaysThatCollide(t *testing.T) {
	loadtest.Write(t, app+"-- dev/kustomization.yaml --\nresources: [../base]\nlabels: [{pairs: {env: dev}}]\n"+
		"-- uat/kustomization.yaml --\nresources: [../base]\nlabels: [{pairs: {env: uat}}]\n"+
		"-- twin/kustomization.yaml --\nresources: [../base]\nlabels: [{pairs: {env: dev}}]\n")
	objects, issues := read(t, ".")
	assert.Equal(t, []string{"Service default/app base/app.yaml:2 via dev", "CiliumNetworkPolicy default/app base/policies/cnp.yaml:1 via dev"}, objects)
	require.Len(t, issues, 1, "one that is the same does no harm")
	assert.Equal(t, "uat/kustomization.yaml:1: error: dev and uat both make Service app of base/app.yaml:2, each in its own way: uat was left out (pass the one that is meant: -f dev or -f uat)", issues[0])

	objects, issues = read(t, "uat", ".")
	assert.Contains(t, objects[0], "via uat", "what -f names first goes first")
	assert.Len(t, issues, 2)
	objects, issues = read(t, "uat")
	assert.Len(t, objects, 2)
	assert.Empty(t, issues)
}

func TestComponentsGeneratorsAndListsHaveOrigins(t *testing.T) {
	loadtest.Write(t, `
-- kustomization.yaml --
resources: [list.yaml]
components: [comp]
generators: [gen/gen.yaml]
configMapGenerator:
  - name: settings
    files: [key=settings.txt]
-- settings.txt --
a
-- list.yaml --
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: {name: one, namespace: dev}
    spec: {ports: [{port: 80}]}
  - apiVersion: v1
    kind: Service
    metadata: {name: two, namespace: dev}
    spec: {ports: [{port: 80}]}
-- gen/gen.yaml --
apiVersion: builtin
kind: ConfigMapGenerator
metadata: {name: made}
files: [settings.txt]
-- comp/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [three.yaml]
-- comp/three.yaml --
apiVersion: v1
kind: Service
metadata: {name: three, namespace: dev}
spec: {ports: [{port: 80}]}
-- alone/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [four.yaml]
-- alone/four.yaml --
apiVersion: v1
kind: Service
metadata: {name: four, namespace: dev}
spec: {ports: [{port: 80}]}
`)
	objects, issues := read(t, ".")
	assert.Empty(t, issues)
	assert.Equal(t, []string{
		"Service dev/one list.yaml:4 via .", "Service dev/three comp/three.yaml:1 via .", "Service dev/two list.yaml:8 via .",
	}, objects, "a component that nobody uses is not deployed")
	cluster, _ := load1(t, ".")
	var others []string
	for _, o := range cluster.Others {
		others = append(others, o.Origin.Position())
	}
	assert.Equal(t, []string{"gen/gen.yaml:3 via .", "kustomization.yaml:5 via ."}, others)
}

func TestABrokenKustomizationLosesOnlyItself(t *testing.T) {
	service := "apiVersion: v1\nkind: Service\nmetadata: {name: app, namespace: dev}\nspec: {ports: [{port: 80}]}\n"
	for _, row := range []struct{ claim, files, says string }{
		{"a field that is none", "-- x/kustomization.yaml --\nnamespace: dev\nresource: [a.yaml]\n", `x/kustomization.yaml:2: error: the kustomization cannot be read: json: unknown field "resource"`},
		{"no YAML", "-- x/kustomization.yaml --\na: b\n c: d\n", "x/kustomization.yaml:2: error: the kustomization cannot be read: "},
		{"a file that is not there", "-- x/kustomization.yaml --\nresources:\n  - gone.yaml\n", "x/kustomization.yaml:2: error: cannot read x/gone.yaml: "},
		{"a patch that is not there", "-- x/kustomization.yaml --\npatches:\n  - path: gone.yaml\n", "x/kustomization.yaml:2: error: cannot read x/gone.yaml: "},
		{"a directory with no kustomization", "-- x/kustomization.yaml --\nresources:\n  - sub\n-- x/sub/a.yaml --\n# nothing\n", "x/kustomization.yaml:2: error: sub is a directory without a kustomization.yaml"},
		{"two that build on each other", "-- x/kustomization.yaml --\nresources: [../y]\n-- y/kustomization.yaml --\nresources: [../x]\n", "error: kustomize cannot build it: "},
		{"one that builds on itself", "-- x/kustomization.yaml --\nresources: [.]\n", "x/kustomization.yaml:1: error: kustomize cannot build it: "},
		{"two files for one", "-- x/kustomization.yaml --\nresources: []\nnamespace: a\n-- x/Kustomization --\nresources: []\n", "x/kustomization.yaml:1: error: there is Kustomization too"},
		{"a patch that fits nothing", "-- x/kustomization.yaml --\nresources: [a.yaml]\npatches:\n  - patch: |-\n      - {op: remove, path: /spec/gone}\n    target: {kind: Service}\n-- x/a.yaml --\n" + service, "x/kustomization.yaml:1: error: kustomize cannot build it: "},
		{"a base that is broken", "-- x/kustomization.yaml --\nresources: [base]\n-- x/base/kustomization.yaml --\nnonsense: 1\n", `x/base/kustomization.yaml:1: error: the kustomization cannot be read: json: unknown field "nonsense"`},
		{"an absolute path", "-- x/kustomization.yaml --\nresources: [/etc/hosts]\n", "x/kustomization.yaml:1: error: /etc/hosts is no file of this repository"},
		{"a patch from elsewhere", "-- x/kustomization.yaml --\npatches: [{path: 'https://127.0.0.1:1/p.yaml'}]\n", "x/kustomization.yaml:1: error: https://127.0.0.1:1/p.yaml is no file of this repository"},
		{"a plugin's file from elsewhere", "-- x/kustomization.yaml --\ntransformers: [t.yaml]\n-- x/t.yaml --\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: http://127.0.0.1:1/p.yaml\n", "x/t.yaml:4: error: http://127.0.0.1:1/p.yaml is no file of this repository"},
		{"an inline plugin's file from elsewhere", "-- x/kustomization.yaml --\ntransformers:\n  - |-\n    apiVersion: builtin\n    kind: PatchTransformer\n    metadata: {name: t}\n    path: http://127.0.0.1:1/p.yaml\n", "http://127.0.0.1:1/p.yaml is no file of this repository"},
		{"a patch from elsewhere, in capitals and braces", "-- x/kustomization.yaml --\npatchesStrategicMerge: ['HTTP://127.0.0.1:1/{p}.yaml']\n", "x/kustomization.yaml:1: error: HTTP://127.0.0.1:1/{p}.yaml is no file of this repository"},
		{"a plugin's file by an alias", "-- x/kustomization.yaml --\ntransformers: [t.yaml]\n-- x/t.yaml --\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t, annotations: {a: &u 'http://127.0.0.1:1/p.yaml'}}\nPath: *u\n", "error: http://127.0.0.1:1/p.yaml is no file of this repository"},
		{"a plugin that would run", "-- x/kustomization.yaml --\ngenerators: [g.yaml]\n-- x/g.yaml --\napiVersion: example.com/v1\nkind: Gen\nmetadata: {name: g, annotations: {config.kubernetes.io/function: 'exec: {path: ./run.sh}'}}\n", "x/kustomization.yaml:1: error: kustomize cannot build it: "},
		{"aliases that expand", "-- x/kustomization.yaml --\nresources: [a.yaml]\n-- x/a.yaml --\n" + bomb, "x/a.yaml:1: error: its aliases expand to more than 10 MB"},
		{"aliases in the kustomization", "-- x/kustomization.yaml --\n" + bomb, "x/kustomization.yaml:1: error: the kustomization cannot be read: its aliases expand"},
		{"a base that leads out", "-- x/kustomization.yaml --\nresources: [../../../../../../../../../../../etc]\n", "/etc leads out of the directories that -f names"},
		{"a document that nests without end", "-- x/kustomization.yaml --\nresources: [a.yaml]\n-- x/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: " + strings.Repeat("[", 20_000) + "\n", "x/kustomization.yaml:1: error: kustomize cannot build it: "},
		{"bases of bases", chain(70), "error: kustomizations build on each other more than 64 deep"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, row.files+"-- good/kustomization.yaml --\nresources: [app.yaml]\n-- good/app.yaml --\n"+service)
			objects, issues := read(t, ".")
			assert.Equal(t, []string{"Service dev/app good/app.yaml:1 via good"}, objects, issues)
			assert.Contains(t, strings.Join(issues, "\n"), row.says)
			here, _ := os.Getwd()
			assert.NotContains(t, strings.Join(issues, "\n"), here)
		})
	}
}

const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
g: [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]
`

func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "-- d%02d/kustomization.yaml --\nresources: [../d%02d]\n", i, i+1)
	}
	fmt.Fprintf(&b, "-- d%02d/kustomization.yaml --\nnamespace: x\n", n)
	return b.String()
}

func TestASymlinkThatLeadsOutIsNotRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege there")
	}
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	require.NoError(t, os.WriteFile(outside, []byte("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n"), 0o644))
	loadtest.Write(t, "-- x/kustomization.yaml --\nresources:\n  - link.yaml\n")
	require.NoError(t, os.Symlink(outside, "x/link.yaml"))
	objects, issues := read(t, ".")
	assert.Empty(t, objects)
	assert.Contains(t, strings.Join(issues, "\n"), "x/kustomization.yaml:2: error: x/link.yaml leads out of the directories that -f names")
}

// TestARemoteBaseIsMissingAndTheRestIsLoaded: nothing listens at that port, and
// the test would fail if netsim asked it.
func TestARemoteBaseIsMissingAndTheRestIsLoaded(t *testing.T) {
	for _, ref := range []string{"https://127.0.0.1:1/base.yaml", "github.com/example/repo//deploy?ref=v1", "git@github.com:example/repo.git", "https://github.com/example/repo"} {
		loadtest.Write(t, app+"-- dev/kustomization.yaml --\nresources:\n  - ../base\n  - "+ref+"\n")
		objects, issues := read(t, ".")
		assert.Len(t, objects, 2, ref)
		require.Len(t, issues, 1, ref)
		assert.Contains(t, issues[0], "dev/kustomization.yaml:3: error: "+ref+" is remote, and nothing is fetched")

		loadtest.Write(t, app+"-- dev/kustomization.yaml --\nresources: [../base]\ncomponents:\n  - "+ref+"\n")
		objects, issues = read(t, ".")
		assert.Len(t, objects, 2, ref)
		assert.Contains(t, issues[0], "dev/kustomization.yaml:3: error: "+ref+" is remote, and nothing is fetched")
	}
}

func TestChartsOfAKustomization(t *testing.T) {
	loadtest.Write(t, `
-- dev/kustomization.yaml --
namespace: dev
helmCharts:
  - name: web
    releaseName: my
    valuesFile: my-values.yaml
    valuesInline: {second: 82}
  - name: gone
    repo: https://charts.example.com
labels: [{pairs: {env: dev}}]
-- dev/my-values.yaml --
first: 81
second: 99
-- dev/charts/web/Chart.yaml --
apiVersion: v2
name: web
version: 0.1.0
-- dev/charts/web/values.yaml --
first: 1
second: 2
-- dev/charts/web/templates/service.yaml --
{{- if true }}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
spec:
  ports:
    - name: first
      port: {{ .Values.first }}
    - name: second
      port: {{ .Values.second }}
{{- end }}
`)
	objects, issues := read(t, ".")
	assert.Equal(t, []string{"Service dev/my dev/charts/web/templates/service.yaml:2 via dev"}, objects)
	require.Len(t, issues, 1)
	assert.Contains(t, issues[0], "dev/kustomization.yaml:7: error: gone is a chart that is not in dev/charts")
	cluster, _ := load1(t, ".")
	assert.EqualValues(t, 81, cluster.Services[0].Ports[0].Port)
	assert.EqualValues(t, 82, cluster.Services[0].Ports[1].Port)
	assert.Equal(t, "dev", cluster.Services[0].Labels["env"])
}

// TestANamespaceIsNotForCharts: since kustomize api v0.21, what a chart leaves
// without a namespace stays so.
func TestANamespaceIsNotForCharts(t *testing.T) {
	loadtest.Write(t, `
-- kustomization.yaml --
namespace: dev
resources: [own.yaml]
helmCharts: [{name: web}]
-- own.yaml --
apiVersion: v1
kind: Service
metadata: {name: own}
spec: {ports: [{port: 80}]}
-- charts/web/Chart.yaml --
apiVersion: v2
name: web
version: 0.1.0
-- charts/web/templates/service.yaml --
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
`)
	objects, issues := read(t, ".")
	assert.Empty(t, issues)
	assert.Equal(t, []string{"Service default/web charts/web/templates/service.yaml:1 via .", "Service dev/own own.yaml:1 via ."}, objects)
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	loadtest.Write(t, app+chain(5)+"-- dev/kustomization.yaml --\nnamespace: dev\nresources: [../base]\n-- uat/kustomization.yaml --\nresources: [../base, gone.yaml]\n")
	first, issues := load1(t, ".")
	for range 3 {
		again, told := load1(t, ".")
		assert.Equal(t, first, again)
		assert.Equal(t, issues, told)
	}
}

// asker asks for the base with fields of its own, as an Application of Argo CD
// or a Kustomization of Flux does.
type asker struct{}

func (asker) Name() string { return "asker" }
func (asker) Read(r *load.Run) {
	r.Add(r.Render(load.Request{Dir: "base", Via: "app.yaml", Namespace: "else", Kustomization: []byte("namespace: mine\nnamePrefix: a-\n")}))
}

func TestAnotherSourceSetsFieldsOfAKustomization(t *testing.T) {
	loadtest.Write(t, app)
	cluster, issues, err := load.Read([]string{"."}, nil, []load.Source{asker{}, kustomize.Source{}})
	require.NoError(t, err)
	require.Len(t, cluster.Services, 1, issues)
	assert.Equal(t, "Service mine/a-app base/app.yaml:2 via app.yaml, base", cluster.Services[0].Origin.ID()+" "+cluster.Services[0].Origin.Position())
}

func TestNothingIsWrittenToStandardError(t *testing.T) {
	loadtest.Write(t, app+"-- dev/kustomization.yaml --\nbases: [../base]\ncommonLabels: {env: dev}\nvars: []\n")
	stderr := os.Stderr
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	os.Stderr = file
	_, issues := read(t, ".")
	os.Stderr = stderr
	require.NoError(t, file.Close())
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	assert.Empty(t, string(text))
	assert.Empty(t, issues)
}
