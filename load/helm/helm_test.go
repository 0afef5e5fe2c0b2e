package helm_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
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
	"github.com/netsim-dev/netsim/model"
)

// head is a chart without templates.
const head = `
-- web/Chart.yaml --
apiVersion: v2
name: web
version: 0.1.0
-- web/values.yaml --
port: 80
peers: [a, b]
`

// service is a chart that makes a Service on the port of its values.
const service = head + `
-- web/templates/service.yaml --
{{- /* a comment */}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  ports:
    - port: {{ .Values.port }}
`

// read gives the cluster's Services with their ports and positions, and what there
// is to say but for what netsim assumes.
func read(t *testing.T, options helm.Options) (services, issues []string) {
	t.Helper()
	cluster, found, err := load.Read([]string{"."}, nil, []load.Source{helm.Source{Options: options}})
	require.NoError(t, err)
	return loadtest.Services(cluster), loadtest.Texts(found)
}

func TestAChartIsReleased(t *testing.T) {
	values := func(chart, text string) helm.ChartValues {
		return helm.ChartValues{Chart: chart, File: load.File{Name: "values-prod.yaml", Data: []byte(text)}}
	}
	for _, row := range []struct {
		claim   string
		options helm.Options
		want    string
	}{
		{"under its own name, to default", helm.Options{}, "default/web:80"},
		{"with values of all charts", helm.Options{Values: []helm.ChartValues{values("", "port: 81")}}, "default/web:81"},
		{"with values of its own, the last over the first", helm.Options{Values: []helm.ChartValues{values("web", "port: 81"), values("./web", "port: 82"), values("api", "port: 83")}}, "default/web:82"},
		{"as it is told", helm.Options{Releases: []helm.Release{{Chart: "", Namespace: "a", Name: "b"}, {Chart: "web", Namespace: "shop", Name: "my"}}}, "shop/my:80"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, service)
			services, issues := read(t, row.options)
			assert.Equal(t, []string{row.want + " web/templates/service.yaml:2 via web"}, services)
			assert.Empty(t, issues)
		})
	}
}

func TestLinesOfTemplates(t *testing.T) {
	loadtest.Write(t, head+`
-- web/templates/_labels.tpl --
{{- define "labels" -}}
app: web
tier: front
{{- end }}
-- web/templates/policies.yaml --
{{- range .Values.peers }}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: from-{{ . }}
  labels:
    {{- include "labels" $ | nindent 4 }}
spec:
  endpointSelector: {}
  ingress:
    - fromEndpoints:
        - matchLabels:
            app: {{ . }}
      toPorts:
        - ports:
            - port: "{{ $.Values.port }}"
{{- end }}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: other
spec:
  endpointSelector: {}
  egress:
    - toEntities: [cluster]
`)
	cluster, _, err := load.Read([]string{"."}, nil, []load.Source{helm.Source{}})
	require.NoError(t, err)
	var got []string
	for _, p := range cluster.Policies {
		got = append(got, fmt.Sprintf("%s %d %d %d", p.Origin.Name, p.Origin.Line, p.Line("spec.ingress[0].toPorts[0].ports[0].port"), p.Line("spec.egress[0]")))
	}
	assert.Equal(t, []string{"from-a 3 17 9", "from-b 3 17 9", "other 20 24 27"}, got)
}

func TestDocumentsThatAreAlikeAreToldApart(t *testing.T) {
	one := "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}%s\nspec:\n  ports: [{port: {{ .Values.port }}}]\n"
	loadtest.Write(t, head+"-- web/templates/all.yaml --\n"+fmt.Sprintf(one, "-a")+fmt.Sprintf(one, "-b")+fmt.Sprintf(one, "-{{ .Values.port }}")+fmt.Sprintf(one, "-{{ .Values.port | add 1 }}"))
	services, issues := read(t, helm.Options{})
	assert.Empty(t, issues)
	assert.Equal(t, []string{
		"default/web-80:80 web/templates/all.yaml:16 via web", "default/web-81:80 web/templates/all.yaml:23 via web",
		"default/web-a:80 web/templates/all.yaml:2 via web", "default/web-b:80 web/templates/all.yaml:9 via web",
	}, services)
}

func TestHooksTestsNotesAndLibrariesAreLeftOut(t *testing.T) {
	loadtest.Write(t, service+`
-- web/templates/NOTES.txt --
Hello {{ .Release.Name }}
-- web/templates/hook.yaml --
apiVersion: v1
kind: Service
metadata: {name: hook, annotations: {"helm.sh/hook": pre-install}}
spec: {ports: [{port: 1}]}
-- web/templates/tests/test.yaml --
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {"helm.sh/hook": test}}
spec: {containers: [{name: c, image: i}]}
-- common/Chart.yaml --
apiVersion: v2
name: common
version: 0.1.0
type: library
-- common/templates/_x.yaml --
{{ fail "never" }}
`)
	services, issues := read(t, helm.Options{})
	assert.Len(t, services, 1)
	assert.Empty(t, issues)
	cluster, all, err := load.Read([]string{"."}, nil, []load.Source{helm.Source{}})
	require.NoError(t, err)
	assert.Empty(t, cluster.Pods)
	assert.Contains(t, fmt.Sprint(all), "Service hook is a hook of the chart (pre-install): it was left out")
}

const database = `
apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}-{{ .Chart.Name }}"}
spec: {ports: [{port: {{ .Values.port }}}]}
`

func TestDependencies(t *testing.T) {
	chart := "-- web/Chart.yaml --\napiVersion: v2\nname: web\nversion: 0.1.0\ndependencies:\n"
	for _, row := range []struct {
		claim, files   string
		services, says string
	}{
		{"in charts/, with values from above", chart + "  - {name: db, version: 0.1.0}\n-- web/values.yaml --\ndb: {port: 5433}\n-- web/charts/db/Chart.yaml --\napiVersion: v2\nname: db\nversion: 0.1.0\n-- web/charts/db/values.yaml --\nport: 5432\n-- web/charts/db/templates/s.yaml --" + database,
			"default/web-db:5433 web/charts/db/templates/s.yaml:1 via web", ""},
		{"at a path", chart + "  - {name: db, version: 0.1.0, repository: 'file://../db', alias: store}\n-- db/Chart.yaml --\napiVersion: v2\nname: db\nversion: 0.1.0\ntype: application\n-- db/values.yaml --\nport: 5432\n-- db/templates/s.yaml --" + database,
			"default/web-store:5432 db/templates/s.yaml:1 via web", ""},
		{"switched off", chart + "  - {name: db, version: 0.1.0, repository: 'https://charts.example.com', condition: db.enabled}\n-- web/values.yaml --\ndb: {enabled: false}\n", "", ""},
		{"nowhere", chart + "  - {name: db, version: 0.1.0, repository: 'https://charts.example.com'}\n", "",
			"web/Chart.yaml:1: error: dependency db is not in web/charts, and none is fetched"},
		{"in a circle", chart + "  - {name: web, version: 0.1.0, repository: 'file://.'}\n", "", "more than 16 deep"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, row.files)
			services, issues := read(t, helm.Options{})
			assert.Equal(t, row.services, strings.Join(services, ", "))
			if row.says == "" {
				assert.Empty(t, issues)
				return
			}
			assert.Contains(t, strings.Join(issues, "\n"), row.says)
		})
	}
}

func TestABrokenChartLosesOnlyItself(t *testing.T) {
	for _, row := range []struct{ claim, files, says string }{
		{"a Chart.yaml that is no YAML", "-- x/Chart.yaml --\n{\n", "x/Chart.yaml:1: error: the chart cannot be read: "},
		{"one without a name", "-- x/Chart.yaml --\napiVersion: v2\nversion: 0.1.0\n", "x/Chart.yaml:1: error: the chart cannot be read: "},
		{"values that are no YAML", chartX + "-- x/values.yaml --\na: [\n", "x/Chart.yaml:1: error: the chart cannot be read: "},
		{"a template with an error", chartX + "-- x/templates/a.yaml --\na: 1\nb: {{ .Values.a.b.c }}\n", "x/templates/a.yaml:2: error: the chart cannot be rendered: "},
		{"a template that is none", chartX + "-- x/templates/a.yaml --\na: 1\nb: {{ if }}\n", "x/templates/a.yaml:2: error: the chart cannot be rendered: "},
		{"a value that is required", chartX + "-- x/templates/a.yaml --\n{{ required \"give a host\" .Values.host }}\n", "give a host"},
		{"a template that includes itself", chartX + "-- x/templates/a.yaml --\n{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}\n", "x/templates/a.yaml:1: error: the chart cannot be rendered: "},
		{"values that the schema forbids", chartX + "-- x/values.yaml --\nport: x\n-- x/values.schema.json --\n{\"properties\":{\"port\":{\"type\":\"integer\"}}}\n", "x/Chart.yaml:1: error: the chart cannot be rendered: values don't meet the specifications"},
		{"a document that is no YAML", chartX + "-- x/templates/a.yaml --\nkind: {{ print \"[\" }}\n", "x/templates/a.yaml:1: error: the document cannot be parsed: "},
		{"a file that is too large", chartX + "-- x/files/big.txt --\n" + strings.Repeat("x", 6<<20) + "\n", "x/files/big.txt: a file of a chart may have 5 MiB"},
		{"values with aliases that expand", chartX + "-- x/values.yaml --\n" + bomb, "x/Chart.yaml:1: error: the chart cannot be read: "},
		{"a template that comes to too much", chartX + "-- x/templates/a.yaml --\n{{ range until 70 }}# {{ repeat 1048576 \"x\" }}\n{{ end }}\n", "x/Chart.yaml:1: error: the chart cannot be rendered: it comes to more than 64 MiB"},
		{"a dependency that leads out", "-- x/Chart.yaml --\napiVersion: v2\nname: x\nversion: 0.1.0\ndependencies: [{name: d, version: 0.1.0, repository: 'file://../../../../../../../../../etc'}]\n", "dependency d is not in x/charts"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, service+row.files)
			services, issues := read(t, helm.Options{})
			assert.Equal(t, []string{"default/web:80 web/templates/service.yaml:2 via web"}, services)
			assert.Contains(t, strings.Join(issues, "\n"), row.says)
		})
	}
}

const (
	chartX = "-- x/Chart.yaml --\napiVersion: v2\nname: x\nversion: 0.1.0\n"
	bomb   = "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n" +
		"d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\ng: [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]\n"
)

// TestArchivesThatAreNoCharts are small as long as they are packed.
func TestArchivesThatAreNoCharts(t *testing.T) {
	plain := tar.Header{Name: "db/Chart.yaml", Mode: 0o644}
	for _, row := range []struct {
		claim  string
		header tar.Header
		size   int
		says   string
	}{
		{"a file that is too large", tar.Header{Name: "db/values.yaml", Mode: 0o644}, 6 << 20, "larger than the maximum file size"},
		{"a name that leads out", tar.Header{Name: "db/../../../etc/passwd", Mode: 0o644}, 1, "chart illegally references parent directory"},
		{"a link instead of a chart", tar.Header{Name: "db/Chart.yaml", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, 0, "chart.metadata.name is required"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			var packed bytes.Buffer
			zip := gzip.NewWriter(&packed)
			archive := tar.NewWriter(zip)
			chart := []byte("apiVersion: v2\nname: db\nversion: 0.1.0\n")
			if plain.Size = int64(len(chart)); row.header.Name != plain.Name {
				require.NoError(t, archive.WriteHeader(&plain))
				_, err := archive.Write(chart)
				require.NoError(t, err)
			}
			row.header.Size = int64(row.size)
			require.NoError(t, archive.WriteHeader(&row.header))
			_, err := archive.Write(make([]byte, row.size))
			require.NoError(t, err)
			require.NoError(t, archive.Close())
			require.NoError(t, zip.Close())
			loadtest.Write(t, service+chartX)
			require.NoError(t, os.MkdirAll("x/charts", 0o755))
			require.NoError(t, os.WriteFile("x/charts/db-0.1.0.tgz", packed.Bytes(), 0o644))
			services, issues := read(t, helm.Options{})
			assert.Len(t, services, 1)
			assert.Contains(t, strings.Join(issues, "\n"), "x/Chart.yaml:1: error: the chart cannot be read: ")
			assert.Contains(t, strings.Join(issues, "\n"), row.says)
		})
	}
}

// TestLinksOfAChart: one to a directory is followed, as Helm does, and none leads
// anywhere that -f does not.
func TestLinksOfAChart(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege there")
	}
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret.yaml"), []byte("secret"), 0o644))
	for _, row := range []struct {
		claim string
		links map[string]string
		says  string
	}{
		{"a file outside", map[string]string{"x/templates/a.yaml": filepath.Join(outside, "secret.yaml")}, "x/templates/a.yaml leads out of the directories that -f names"},
		{"a directory outside", map[string]string{"x/templates/a": outside}, "x/templates/a leads out of the directories that -f names"},
		{"a circle", map[string]string{"x/templates/a": ".."}, "links lead, more than 16 deep"},
		{"a directory inside", map[string]string{"x/templates": "../web/templates"}, ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, service+chartX+"-- x/values.yaml --\nport: 81\n")
			for at, to := range row.links {
				require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
				require.NoError(t, os.Symlink(to, at))
			}
			services, issues := read(t, helm.Options{})
			assert.Contains(t, strings.Join(services, "\n"), "default/web:80 web/templates/service.yaml:2 via web")
			assert.Contains(t, strings.Join(issues, "\n"), row.says)
		})
	}
}

// TestLinksThatMultiply: ten links to the next directory in each of eight.
func TestLinksThatMultiply(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege there")
	}
	loadtest.Write(t, service+chartX)
	for i := range 8 {
		require.NoError(t, os.MkdirAll(fmt.Sprintf("d%d", i), 0o755))
		for k := range 10 {
			require.NoError(t, os.Symlink(fmt.Sprintf("../d%d", i+1), fmt.Sprintf("d%d/l%d", i, k)))
		}
	}
	require.NoError(t, os.MkdirAll("d8", 0o755))
	require.NoError(t, os.Symlink("../d0", "x/files"))
	services, issues := read(t, helm.Options{})
	assert.Len(t, services, 1)
	assert.Contains(t, strings.Join(issues, "\n"), "by its links the chart has more than 10000 files")
}

// TestASchemaElsewhereIsNotFetched: nothing listens at that port, and Helm would
// refuse the values if it had asked.
func TestASchemaElsewhereIsNotFetched(t *testing.T) {
	loadtest.Write(t, service+"-- web/values.schema.json --\n{\"properties\":{\"port\":{\"$ref\":\"http://127.0.0.1:1/port.json\"}}}\n")
	services, issues := read(t, helm.Options{})
	assert.Len(t, services, 1)
	assert.Empty(t, issues)
}

func TestChanceGivesTheSameEachTime(t *testing.T) {
	loadtest.Write(t, service+`
-- web/templates/random.yaml --
apiVersion: v1
kind: Service
metadata: {name: random, labels: {run: "{{ randAlphaNum 8 }}", fixed: yes-it-is}}
spec: {ports: [{port: 1}]}
`)
	for range 2 {
		cluster, _, err := load.Read([]string{"."}, nil, []load.Source{helm.Source{}})
		require.NoError(t, err)
		assert.Equal(t, model.Labels{"run": "random", "fixed": "yes-it-is"}, cluster.Services[0].Labels)
	}
}

func TestCilium(t *testing.T) {
	own := "-- cilium/Chart.yaml --\napiVersion: v2\nname: cilium\nversion: 1.18.4\n-- cilium/values.yaml --\nroutingMode: tunnel\nkubeProxyReplacement: \"false\"\n" +
		"-- cilium/templates/config.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\ndata: {routing-mode: {{ .Values.routingMode }}}\n"
	loadtest.Write(t, own)
	cluster, _, err := load.Read([]string{"."}, nil, []load.Source{helm.Source{}})
	require.NoError(t, err)
	assert.Nil(t, cluster.CiliumConfig, "the defaults of Cilium's own chart are no settings of a cluster")
	assert.Empty(t, cluster.CiliumValues)

	native := helm.Options{Values: []helm.ChartValues{{Chart: "cilium", File: load.File{Name: "v.yaml", Data: []byte("routingMode: native")}}}}
	cluster, _, err = load.Read([]string{"."}, nil, []load.Source{helm.Source{Options: native}})
	require.NoError(t, err)
	require.NotNil(t, cluster.CiliumConfig)
	assert.Equal(t, "native", cluster.CiliumConfig.Data["routing-mode"])

	loadtest.Write(t, "-- net/Chart.yaml --\napiVersion: v2\nname: net\nversion: 0.1.0\ndependencies: [{name: cilium, version: 1.18.4, repository: 'https://helm.cilium.io'}]\n-- net/values.yaml --\ncilium: {routingMode: native}\n")
	cluster, _, err = load.Read([]string{"."}, nil, []load.Source{helm.Source{}})
	require.NoError(t, err)
	require.Len(t, cluster.CiliumValues, 1, "a chart around Cilium's holds the cluster's values")
	assert.Equal(t, "native", cluster.CiliumValues[0].Data["routingMode"])
}

func TestChartsAskForCiliumAndAModernKubernetes(t *testing.T) {
	loadtest.Write(t, head+`
-- web/templates/service.yaml --
{{- if and (.Capabilities.APIVersions.Has "cilium.io/v2") (semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version) }}
apiVersion: v1
kind: Service
metadata: {name: modern}
spec: {ports: [{port: 1}]}
{{- end }}
`)
	services, _ := read(t, helm.Options{})
	assert.Equal(t, []string{"default/modern:1 web/templates/service.yaml:2 via web"}, services)
}
