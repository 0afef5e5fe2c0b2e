package manifest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestObjectsOfOneGenerateNameAreObjectsOfTheirOwn(t *testing.T) {
	lock := func(app string) string {
		return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {generateName: lock-, namespace: dev}\nspec: {podSelector: {matchLabels: {app: " + app + "}}}\n"
	}
	named := func(name string) string {
		return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: dev}\nspec: {podSelector: {}}\n"
	}
	for _, row := range []struct {
		claim, text string
		want        map[string]string
	}{
		{"they are numbered as they appear", lock("a") + lock("b") + lock("c"), map[string]string{"lock-x": "in.yaml:2", "lock-x2": "in.yaml:7", "lock-x3": "in.yaml:12"}},
		{"equal ones are two as well", lock("a") + lock("a"), map[string]string{"lock-x": "in.yaml:2", "lock-x2": "in.yaml:7"}},
		{"they take no name that a file gives, before or after", named("lock-x") + lock("a") + lock("b") + named("lock-x3"),
			map[string]string{"lock-x": "in.yaml:2", "lock-x2": "in.yaml:7", "lock-x3": "in.yaml:17", "lock-x4": "in.yaml:12"}},
		{"another kind has names of its own", lock("a") + "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {generateName: cnp-, namespace: dev}\nspec: {}\n",
			map[string]string{"lock-x": "in.yaml:2", "cnp-x": "in.yaml:7"}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			got := map[string]string{}
			for _, p := range loadClean(t, row.text).Policies {
				got[p.Origin.Name] = p.Origin.Position()
			}
			assert.Equal(t, row.want, got)
		})
	}
}

func TestGeneratedNamesAreOfOneNamespace(t *testing.T) {
	pod := "---\napiVersion: v1\nkind: Pod\nmetadata: {generateName: run-, namespace: NS}\nspec: {containers: [{name: c}]}\n"
	text := pod + pod
	c := loadClean(t, replaceEach(text, "NS", "dev", "uat"))
	assert.Equal(t, []string{"dev/run-x", "uat/run-x"}, podNames(c))
}
