package terraform_test

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
	"github.com/netsim-dev/netsim/load/terraform"
	"github.com/netsim-dev/netsim/model"
)

// read loads files in a directory of their own, which names are relative to.
func read(t *testing.T, files map[string]string) (*model.Cluster, []model.Issue) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	cluster, issues, err := load.Read([]string{"."}, nil, []load.Source{terraform.Source{}})
	require.NoError(t, err)
	return cluster, issues
}

func release(body string) string {
	return "resource \"helm_release\" \"cilium\" {\n  chart = \"cilium\"\n" + body + "\n}\n"
}

func TestValuesAndWhereTheyAreWritten(t *testing.T) {
	for _, row := range []struct {
		name, body, rest, value, at string
	}{
		{"an object written out", "values = [yamlencode({\n routingMode = \"native\"\n})]", "", "native", "main.tf:4"},
		{"a heredoc", "values = [<<EOF\nbpf: {}\nroutingMode: native\nEOF\n]", "", "native", "main.tf:5"},
		{"an indented heredoc with a variable in it", "values = [<<-EOF\n  routingMode: ${var.mode}\n  EOF\n]", "variable \"mode\" { default = \"native\" }", "native", "main.tf:4"},
		{"a local", "values = [yamlencode(local.v)]", "locals {\n v = {\n  routingMode = \"native\"\n }\n}", "native", "rest.tf:3"},
		{"the last of merged objects", "values = [yamlencode(merge(local.v, {\n routingMode = \"native\" }))]", "locals { v = { routingMode = \"tunnel\" } }", "native", "main.tf:4"},
		{"a condition that is decided", "values = [yamlencode(var.native ? { routingMode = \"native\" } : { routingMode = \"tunnel\" })]", "variable \"native\" { default = true }", "native", "main.tf:3"},
		{"a set block over values", "values = [yamlencode({ routingMode = \"tunnel\" })]\nset {\n name = \"routingMode\"\n value = \"native\"\n}", "", "native", "main.tf:6"},
		{"a list of settings", "set = [{ name = \"routingMode\", value = \"native\" }]", "", "native", "main.tf:3"},
		{"a function of the library", "values = [yamlencode({ routingMode = coalesce(null, lower(\"NATIVE\")) })]", "", "native", "main.tf:3"},
		{"one value of an unknown resource beside others", "values = [yamlencode({ k8sServiceHost = kind_cluster.c.endpoint\n routingMode = \"native\" })]", "", "native", "main.tf:4"},
		{"texts that a loop makes", "values = [for m in [\"native\"] : \"routingMode: ${m}\"]", "", "native", "main.tf:3"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cluster, _ := read(t, map[string]string{"main.tf": release(row.body), "rest.tf": row.rest})
			require.Len(t, cluster.CiliumValues, 1)
			v := cluster.CiliumValues[0]
			assert.Equal(t, row.value, v.Data["routingMode"])
			assert.Equal(t, row.at, v.At("routingMode").Position())
		})
	}
}

func TestWhatTheFilesDoNotDecideIsNeverGuessed(t *testing.T) {
	for _, row := range []struct{ name, body, missing string }{
		{"a variable without a value", "values = [yamlencode({ routingMode = var.mode })]", "var.mode"},
		{"a variable that a local hands on", "values = [yamlencode({ routingMode = local.mode })]", "var.mode"},
		{"a condition on one", "values = [yamlencode({ routingMode = var.mode == \"x\" ? \"native\" : \"tunnel\" })]", "var.mode"},
		{"a data source in a heredoc", "values = [<<EOF\nroutingMode: ${data.http.mode.body}\nEOF\n]", "data.http"},
		{"one over a value that is known", "values = [yamlencode({ routingMode = \"native\" }), yamlencode({ routingMode = var.mode })]", "var.mode"},
		{"a setting", "set {\n name = \"routingMode\"\n value = var.mode\n}", "var.mode"},
		{"all values at once", "values = var.mode", "var.mode"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cluster, issues := read(t, map[string]string{"main.tf": release(row.body), "rest.tf": "variable \"mode\" {}\nlocals { mode = var.mode }"})
			require.Len(t, cluster.CiliumValues, 1)
			assert.NotContains(t, cluster.CiliumValues[0].Data, "routingMode")
			assert.Contains(t, fmt.Sprint(issues), row.missing+" has no value in these files")
		})
	}
}

func TestLocalsAreValuesWhereNoReleaseHasThem(t *testing.T) {
	locals := "locals {\n  base   = { routingMode = \"tunnel\" }\n  values = merge(local.base, { kubeProxyReplacement = true })\n}\n"
	cluster, issues := read(t, map[string]string{"a/main.tf": locals})
	require.Len(t, cluster.CiliumValues, 1)
	assert.Equal(t, map[string]string{"routingMode": "tunnel", "kubeProxyReplacement": "true"}, cluster.CiliumValues[0].Data)
	assert.Contains(t, fmt.Sprint(issues), "local.values is taken for the values of Cilium's chart")

	cluster, _ = read(t, map[string]string{"a/main.tf": locals, "b/main.tf": release("values = [yamlencode({ routingMode = \"native\" })]")})
	require.Len(t, cluster.CiliumValues, 1)
	assert.Equal(t, "native", cluster.CiliumValues[0].Data["routingMode"])
}

func TestAChartUnderTheFilesIsRendered(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"infra/main.tf":                 "resource \"helm_release\" \"web\" {\n name = \"shop\"\n namespace = \"dev\"\n chart = \"${path.module}/../charts/web\"\n values = [yamlencode({ port = 8080 })]\n}\n",
		"charts/web/Chart.yaml":         "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"charts/web/values.yaml":        "port: 80\n",
		"charts/web/templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{{ .Release.Name }}\"}\nspec: {containers: [{name: web, image: web, ports: [{containerPort: {{ .Values.port }}}]}]}\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	cluster, issues, err := load.Read([]string{"."}, nil, []load.Source{terraform.Source{}, helm.Source{}})
	require.NoError(t, err)
	require.Len(t, cluster.Pods, 1, "%v", issues)
	assert.Equal(t, "dev/shop", cluster.Pods[0].Namespace+"/"+cluster.Pods[0].Name)
	assert.EqualValues(t, 8080, cluster.Pods[0].Ports[0].Port)
}

func TestHostileFilesEndSoonWithAnIssue(t *testing.T) {
	doubling := "locals {\n a0 = \"xxxxxxxxxxxxxxxx\"\n"
	for i := range 60 {
		doubling += fmt.Sprintf(" a%d = \"${local.a%d}${local.a%d}\"\n", i+1, i, i)
	}
	for _, row := range []struct{ name, text, says string }{
		{"brackets without end", release("values = " + strings.Repeat("[", 100_000)), "nested more than"},
		{"a file of several megabytes", strings.Repeat("# x\n", 1<<19), "larger than"},
		{"texts that double", doubling + "}\n" + release("values = [local.a60]"), "larger than netsim works out"},
		{"loops in loops", "locals { l = split(\"\", \"" + strings.Repeat("x", 3000) + "\") }\n" + release("values = [for a in local.l : join(\"\", [for b in local.l : join(\"\", [for c in local.l : c])])]"), "more than netsim works out"},
		{"a format of a gigabyte", release("values = [format(\"%1000000000d\", 1)]"), "width"},
		{"a local of itself", "locals { a = local.a }\n" + release("values = [local.a]"), "hangs on itself"},
		{"a module of itself", "module \"a\" { source = \"../x\" }", ""},
		{"a file that is not there", release("values = [file(\"missing.yaml\")]"), "missing.yaml"},
		{"a file outside", release("values = [file(\"/etc/hostname\")]"), "leads out"},
		{"values that are no YAML", release("values = [\"a: b: c\"]"), "cannot be read"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, issues := read(t, map[string]string{"x/main.tf": row.text})
			assert.Contains(t, fmt.Sprint(issues), row.says)
		})
	}
}

func TestModulesAndIncludesThatLeadOut(t *testing.T) {
	const out = "../../../../../../../../../../../../etc"
	for _, row := range []struct{ name, file, text, says string }{
		{"a module", "x/main.tf", "module \"a\" { source = \"" + out + "\" }\n", "/etc is not there, or leads out"},
		{"a module that is not there", "x/main.tf", "module \"a\" { source = \"./gone\" }\n", "x/gone is not there"},
		{"terragrunt's source", "x/terragrunt.hcl", "terraform {\n source = \"" + out + "\"\n}\n", "/etc is not there, or leads out"},
		{"an include", "x/terragrunt.hcl", "include {\n path = \"/etc/hostname\"\n}\n", "/etc/hostname leads out"},
		{"a file that includes itself", "x/terragrunt.hcl", "include {\n path = \"terragrunt.hcl\"\n}\ninputs = [\n", "Terraform cannot read this"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cluster, issues := read(t, map[string]string{row.file: row.text, "good/main.tf": "resource \"kubernetes_namespace\" \"a\" {\n metadata { name = \"good\" }\n}\n"})
			assert.Contains(t, fmt.Sprint(issues), row.says)
			assert.Contains(t, fmt.Sprint(cluster.Namespaces[0].Name), "good")
		})
	}
}

func TestALinkThatLeadsOutIsNotRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symlinks need a privilege there")
	}
	outside := filepath.Join(t.TempDir(), "main.tf")
	require.NoError(t, os.WriteFile(outside, []byte(release("version = \"1.17.3\"")), 0o644))
	dir := t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "main.tf")))
	t.Chdir(dir)
	cluster, issues, err := load.Read([]string{"."}, nil, []load.Source{terraform.Source{}})
	require.NoError(t, err)
	assert.Empty(t, cluster.CiliumValues)
	assert.Contains(t, fmt.Sprint(issues), "main.tf leads out of the directories that -f names")
}

func TestTheSameInputGivesTheSameIssues(t *testing.T) {
	files := map[string]string{"main.tf": release("values = [yamlencode({ a = var.b, c = var.d, e = local.f })]"), "rest.tf": "variable \"b\" {}\nvariable \"d\" {}\nlocals { f = \"${var.b}${var.d}\" }"}
	_, first := read(t, files)
	for range 5 {
		_, again := read(t, files)
		assert.Equal(t, first, again)
	}
}

func TestWhatATypeChangesIsReadAsChanged(t *testing.T) {
	for _, row := range []struct{ claim, variable, want, at string }{
		{"a field that is left out has its default", "{\n type = object({ routingMode = optional(string, \"native\") })\n default = {}\n}", "native", "main.tf:3"},
		{"what stays as it is written is found there", "{\n type = object({ routingMode = optional(string, \"tunnel\") })\n default = { routingMode = \"native\" }\n}", "native", "rest.tf:3"},
	} {
		cluster, issues := read(t, map[string]string{"main.tf": release("values = [yamlencode(var.v)]"), "rest.tf": "variable \"v\" " + row.variable})
		require.Len(t, cluster.CiliumValues, 1)
		v := cluster.CiliumValues[0]
		assert.Equal(t, row.want, v.Data["routingMode"], "%s: %v", row.claim, issues)
		assert.Equal(t, row.at, v.At("routingMode").Position(), row.claim)
	}
}

func TestAVariableHasItsType(t *testing.T) {
	for _, row := range []struct{ claim, variable, want, issue string }{
		{"a list given for a set has no numbers as keys", "{\n type = set(string)\n default = [\"dev\", \"uat\"]\n}", "dev uat", ""},
		{"a map stays one", "{\n type = map(string)\n default = { dev = \"a\" }\n}", "dev", ""},
		{"a field that may be left out has its default", "{\n type = map(object({ a = optional(string, \"b\") }))\n default = { dev = {} }\n}", "dev", ""},
		{"one of another type is nothing", "{\n type = set(string)\n default = { dev = \"a\" }\n}", "", "the value of var.names is not of its type"},
		{"a type that is none is told", "{\n type = sett(string)\n default = { dev = \"a\" }\n}", "dev", "Invalid type specification"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, issues := read(t, map[string]string{"main.tf": "variable \"names\" " + row.variable + "\nresource \"kubernetes_namespace\" \"own\" {\n for_each = var.names\n metadata { name = each.key }\n}\n"})
			var names []string
			for _, n := range cluster.Namespaces {
				if n.Origin.File != "" {
					names = append(names, n.Name)
				}
			}
			assert.Equal(t, row.want, strings.Join(names, " "), issues)
			assert.Contains(t, fmt.Sprint(issues), row.issue)
		})
	}
}
