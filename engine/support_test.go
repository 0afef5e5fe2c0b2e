package engine_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/engine/internal/crd"
)

var update = flag.Bool("update", false, "rewrite docs/policy-support.md")

// fieldsOf are the fields that a kind's spec can have, by its schema.
func fieldsOf(t *testing.T, kind string) []string {
	t.Helper()
	if kind == "NetworkPolicy" {
		return goFields(reflect.TypeFor[networkingv1.NetworkPolicySpec](), "spec")
	}
	fields, err := crd.New().Fields(kind)
	require.NoError(t, err)
	return fields
}

// goFields are the fields of a Go type by their names in JSON. What is inside a
// label selector is the same everywhere and left out.
func goFields(t reflect.Type, path string) []string {
	switch {
	case t.Kind() == reflect.Pointer:
		return goFields(t.Elem(), path)
	case t.Kind() == reflect.Slice:
		return goFields(t.Elem(), path+"[]")
	case t.Kind() != reflect.Struct || t == reflect.TypeFor[metav1.LabelSelector]() || t == reflect.TypeFor[intstr.IntOrString]():
		return nil
	}
	var fields []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields = append(append(fields, path+"."+name), goFields(t.Field(i).Type, path+"."+name)...)
	}
	return fields
}

// covers says whether a row is about a field: it is one of its own, or inside one
// that the row does not hold alone.
func covers(row engine.Support, field string) bool {
	return slices.ContainsFunc(row.Fields(), func(own string) bool {
		rest, found := strings.CutPrefix(field, own)
		return found && (rest == "" || !row.Alone && (rest[0] == '.' || rest[0] == '['))
	})
}

func TestEveryFieldOfEveryPolicyKindHasARow(t *testing.T) {
	rows := map[string][]engine.Support{}
	for _, row := range engine.SupportTable() {
		for _, kind := range row.Kinds {
			rows[kind] = append(rows[kind], row)
		}
	}
	for kind, of := range rows {
		fields := fieldsOf(t, kind)
		for _, field := range fields {
			assert.True(t, slices.ContainsFunc(of, func(row engine.Support) bool { return covers(row, field) }), "%s: no row for %s", kind, field)
		}
		for _, row := range of {
			assert.Subset(t, fields, row.Fields(), "fields that %s does not have", kind)
		}
	}
}

func TestEveryRowHasAScenarioThatShowsIt(t *testing.T) {
	for _, row := range engine.SupportTable() {
		if row.State == engine.NoEffect && row.Scenario == "" {
			continue
		}
		assert.FileExists(t, filepath.Join("..", "scenarios", row.Scenario+".txtar"), row.Field)
	}
}

func TestThePageIsTheTable(t *testing.T) {
	page := supportPage()
	path := filepath.Join("..", "docs", "policy-support.md")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(page), 0o644))
	}
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, page, string(written), "run go test ./engine -update")
}

// supportPage is the table as Markdown, one table for the kinds that share their
// fields.
func supportPage() string {
	var page strings.Builder
	page.WriteString(`# What netsim does with each field of a policy

A row holds for the field and everything inside it that has no row of its own.
**modelled**: judged as Cilium does, by the version that the files name.
**undetermined**: a verdict that the field could turn is undetermined, with the
reason. **rejected**: the policy counts as absent, with an issue. **no effect**:
it decides nothing in Cilium either. Each scenario is a small cluster to run.
A star stands for ingress, egress, ingressDeny and egressDeny.
`)
	short := strings.NewReplacer(
		"spec.{ingress[].from,ingressDeny[].from,egress[].to,egressDeny[].to}", "*[].{from,to}",
		"spec.{ingress,egress,ingressDeny,egressDeny}", "*", "spec.", "")
	kinds := ""
	for _, row := range engine.SupportTable() {
		if heading := strings.Join(row.Kinds, ", "); heading != kinds {
			kinds = heading
			fmt.Fprintf(&page, "\n## %s\n\n| field | | what that means | shown by |\n|---|---|---|---|\n", kinds)
		}
		shown := ""
		if row.Scenario != "" {
			shown = fmt.Sprintf("[%s](../scenarios/%s.txtar)", row.Scenario, row.Scenario)
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", short.Replace(row.Field), row.State, row.How, shown)
	}
	return page.String()
}
