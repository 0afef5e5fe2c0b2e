package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBar(t *testing.T) {
	for _, row := range []struct {
		done, all int
		want      string
	}{
		{0, 4, "\r[..............................] 0/4"},
		{2, 4, "\r[###############...............] 2/4"},
		{4, 4, "\r[##############################] 4/4"},
	} {
		assert.Equal(t, row.want, bar(row.done, row.all))
	}
}

// TestNoProgressWithoutATerminal: things pass, and nothing is drawn.
func TestNoProgressWithoutATerminal(t *testing.T) {
	var stdout, stderr strings.Builder
	c := &command{stdout: &stdout, stderr: &stderr, output: "text"}
	assert.Equal(t, []int{1, 2, 3}, slices.Collect(progress(c, 3, slices.Values([]int{1, 2, 3}))))
	assert.Empty(t, stderr.String())
}
