package manifest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPartsAreTakenInTheirOrder, whichever is parsed first.
func TestPartsAreTakenInTheirOrder(t *testing.T) {
	var parts []part
	for i := range 100 {
		text := strings.Repeat("- item\n", (100-i)*10)
		parts = append(parts, part{text: []byte(text), before: i})
	}
	var taken []int
	parseAhead(parts, func(p parsed) {
		assert.Nil(t, p.err)
		assert.Len(t, p.trees, 1)
		taken = append(taken, p.before)
	})
	assert.Len(t, taken, len(parts))
	assert.IsIncreasing(t, taken)
}

// TestATemplatedFileIsToldOnce, though each document of it is bad, and another
// file is told of too.
func TestATemplatedFileIsToldOnce(t *testing.T) {
	const bad = "a:\n{{- if .Values.x }}\n  b: c\n{{- end }}\n"
	text := []byte(bad + "---\n" + bad)
	_, issues := Load([]File{{Name: "one.yaml", Data: text}, {Name: "two.yaml", Data: text}})
	told := grave(issues)
	assert.Len(t, told, 2)
	for i, file := range []string{"one.yaml", "two.yaml"} {
		assert.Contains(t, told[i], file)
		assert.Contains(t, told[i], "helm template")
	}
}
