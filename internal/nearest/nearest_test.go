package nearest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/internal/nearest"
)

func TestWord(t *testing.T) {
	rows := []struct {
		claim, word string
		candidates  []string
		want        string
	}{
		{"one letter off is near", "ingres", []string{"egress", "ingress"}, "ingress"},
		{"case does not count", "TOPORTS", []string{"toPorts", "toCIDR"}, "toPorts"},
		{"the first of equals wins", "ab", []string{"abc", "abd"}, "abc"},
		{"a different word is not near", "kafka", []string{"http", "dns"}, ""},
		{"a short candidate is not near everything", "x", []string{"y"}, ""},
		{"no candidates, no guess", "x", nil, ""},
		{"what is too long for a name is near nothing", strings.Repeat("x", 257), []string{strings.Repeat("x", 257)}, ""},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			assert.Equal(t, row.want, nearest.Word(row.word, row.candidates))
		})
	}
}

func TestWordsPutsTheNearestFirst(t *testing.T) {
	got := nearest.Words("frontend", []string{"frontends2", "frontend-a", "frontend", "backend"}, 2)
	assert.Equal(t, []string{"frontend", "frontends2"}, got)
}
