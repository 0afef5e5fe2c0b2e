package argocd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/load/argocd"
	"github.com/netsim-dev/netsim/load/internal/loadtest"
)

// set is an ApplicationSet with the given fields of its spec.
func set(fields string) string {
	return "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set, namespace: argocd}\nspec:\n" + fields
}

// plain and golang are templates for both ways of filling.
const (
	plain  = "  template: {metadata: {name: '{{name}}'}, spec: {source: {repoURL: u/v, path: '{{ path }}'}, destination: {namespace: '{{name}}'}}}\n"
	golang = "  goTemplate: true\n  goTemplateOptions: [missingkey=error]\n  template: {metadata: {name: '{{ .name | upper | lower }}'}, spec: {source: {repoURL: u/v, path: '{{ .dir }}'}, destination: {namespace: '{{ .name }}'}}}\n"
)

func TestGenerators(t *testing.T) {
	files := "-- apps/a/s.yaml --\n" + service("a") + "-- apps/b/s.yaml --\n" + service("b") +
		"-- params/one.json --\n{\"name\": \"from-file\", \"dir\": \"apps/a\", \"nested\": {\"deep\": 1}}\n-- params/two.yaml --\n- {name: two, dir: apps/b}\n- {name: three, dir: apps/b}\n"
	const a, b = "a:80 apps/a/s.yaml:1 via ApplicationSet argocd/set, Application ", "b:80 apps/b/s.yaml:1 via ApplicationSet argocd/set, Application "
	for _, row := range []struct {
		claim, spec string
		want        []string
	}{
		{"a list", "  generators: [{list: {elements: [{name: x, path: apps/a}]}}]\n" + plain, []string{"x/" + a + "x"}},
		{"a list as text", "  generators: [{list: {elementsYaml: '[{name: x, dir: apps/a}]'}}]\n" + golang, []string{"x/" + a + "x"}},
		{"several generators", "  generators: [{list: {elements: [{name: x, path: apps/a}]}}, {list: {elements: [{name: z, path: apps/b}]}}]\n" + plain, []string{"x/" + a + "x", "z/" + b + "z"}},
		{"a selector", "  generators: [{list: {elements: [{name: x, path: apps/a}, {name: z, path: apps/b}]}, selector: {matchLabels: {name: z}}}]\n" + plain, []string{"z/" + b + "z"}},
		{"directories", "  generators: [{git: {repoURL: u/v, directories: [{path: apps/*}], values: {name: 'v-{{path.basename}}'}}}]\n" + strings.ReplaceAll(plain, "{{name}}", "{{values.name}}"), []string{"v-a/" + a + "v-a", "v-b/" + b + "v-b"}},
		{"parts of a path", "  generators: [{git: {repoURL: u/v, directories: [{path: apps/*}, {path: apps/a, exclude: true}]}}]\n" + strings.ReplaceAll(plain, "{{name}}", "{{path[0]}}-{{path[1]}}"), []string{"apps-b/" + b + "apps-b"}},
		{"files", "  generators: [{git: {repoURL: u/v, files: [{path: 'params/*.json'}]}}]\n" + golang, []string{"from-file/" + a + "from-file"}},
		{"lists in files", "  generators: [{git: {repoURL: u/v, files: [{path: params/two.yaml}]}}]\n" + golang, []string{"three/" + b + "three", "two/" + b + "two"}},
		{"a matrix whose second part uses the first", "  generators: [{matrix: {generators: [{list: {elements: [{name: n, which: b}]}}, {git: {repoURL: u/v, directories: [{path: 'apps/{{which}}'}]}}]}}]\n" + plain, []string{"n/" + b + "n"}},
		{"a patch of the template", "  generators: [{list: {elements: [{name: x, dir: apps/a}]}}]\n  templatePatch: 'spec: {destination: {namespace: p-{{ .name }}}}'\n" + golang, []string{"p-x/" + a + "x"}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			row.spec = strings.ReplaceAll(row.spec, "name: n,", "name: 'n',")
			loadtest.Write(t, files+"-- set.yaml --\n"+set(row.spec))
			services, issues := read(t, argocd.Options{}, ".")
			assert.Empty(t, issues)
			var made []string
			for _, s := range services {
				if strings.Contains(s, "ApplicationSet") {
					made = append(made, s)
				}
			}
			assert.ElementsMatch(t, row.want, made)
		})
	}
}

func TestWhatCannotBeGenerated(t *testing.T) {
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("{name: n%d, path: p}", i))
	}
	list := "{list: {elements: [" + strings.Join(many, ", ") + "]}}"
	for _, row := range []struct{ claim, spec, want string }{
		{"clusters", "  generators: [{clusters: {}}]\n" + plain, `set.yaml:5: error: ApplicationSet argocd/set: files cannot tell what the generator "clusters" makes`},
		{"a product that is huge", "  generators: [{matrix: {generators: [" + list + ", " + list + "]}}]\n" + plain, "the generators make more than 2000 Applications"},
		{"three parts of a matrix", "  generators: [{matrix: {generators: [{}, {}, {}]}}]\n" + plain, "a matrix combines two generators"},
		{"a directory that is not there", "  generators: [{git: {repoURL: u/v, directories: [{path: gone/*}]}}]\n" + plain, "u/v with the path gone is not at hand"},
		{"a path that leads out", "  generators: [{git: {repoURL: u/v, directories: [{path: ../../etc/*}]}}]\n" + plain, "the path ../../etc leads out of the repository"},
		{"a broken pattern", "  generators: [{git: {repoURL: u/v, directories: [{path: 'apps/[']}]}}]\n" + plain, "cannot be parsed"},
		{"a broken file", "  generators: [{git: {repoURL: u/v, files: [{path: set.yaml}, {path: broken.json}]}}]\n" + plain, "broken.json: the file of parameters cannot be read"},
		{"a parameter that nothing gives", "  generators: [{list: {elements: [{name: x}]}}]\n" + golang, `map has no entry for key "dir"`},
		{"a template that is broken", "  generators: [{list: {elements: [{name: x}]}}]\n" + strings.Replace(golang, "{{ .dir }}", "{{ .dir", 1), "cannot be parsed"},
		{"what asks the machine", "  generators: [{list: {elements: [{name: x}]}}]\n" + strings.Replace(golang, "{{ .dir }}", "{{ env `HOME` }}", 1), `function "env" not defined`},
		{"a count that is huge", "  generators: [{list: {elements: [{name: x}]}}]\n" + strings.Replace(golang, "{{ .dir }}", "{{ range until 1000000000 }}{{ end }}", 1), "1000000000 is more than netsim counts to"},
		{"a sequence that is huge", "  generators: [{list: {elements: [{name: x}]}}]\n" + strings.Replace(golang, "{{ .dir }}", "{{ seq 0 1 1000000000 }}", 1), "1000000000 is more than netsim counts to"},
		{"a text that is huge", "  generators: [{list: {elements: [{name: x}]}}]\n" + strings.Replace(golang, "{{ .dir }}", "{{ range until 60000 }}{{ repeat 60000 `x` }}{{ end }}", 1), "it comes to more than 1 MiB"},
		{"an element that is no map", "  generators: [{list: {elements: [x]}}]\n" + plain, "an element of the list is no map"},
		{"a wrong type", "  generators: {}\n" + plain, "ApplicationSet argocd/set: cannot be read"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			loadtest.Write(t, "-- set.yaml --\n"+set(row.spec)+"-- broken.json --\n{\n-- good.yaml --\n"+service("good")+"-- apps/a/a.yaml --\n"+service("a"))
			services, issues := read(t, argocd.Options{}, ".")
			assert.Contains(t, strings.Join(issues, "\n"), row.want)
			assert.Contains(t, strings.Join(services, "\n"), "default/good")
		})
	}
}
