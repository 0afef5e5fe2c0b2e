package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestProgressIsDrawnOnlyOfLongWork(t *testing.T) {
	for _, row := range []struct {
		name string
		// steps are when each of four steps is done, in milliseconds.
		steps []int
		want  string
	}{
		{"quick work", []int{10, 20, 30, 40}, ""},
		{"long work, taken away at its end", []int{900, 1500, 2000, 2500},
			"\r[###############...............] 2/4\r[######################........] 3/4\r" + strings.Repeat(" ", 36) + "\r"},
		{"no more often than the eye follows", []int{1100, 1150, 1190, 1200},
			"\r[#######.......................] 1/4\r" + strings.Repeat(" ", 36) + "\r"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out strings.Builder
			at := time.Unix(0, 0)
			draw, clear := drawProgress(&out, func() time.Time { return at })
			for i, ms := range row.steps {
				at = time.Unix(0, 0).Add(time.Duration(ms) * time.Millisecond)
				draw(i+1, len(row.steps))
			}
			clear()
			assert.Equal(t, row.want, out.String())
		})
	}
}

func TestNoProgressWithoutATerminal(t *testing.T) {
	var stderr strings.Builder
	draw, clear := (&command{stderr: &stderr}).progress()
	clear()
	assert.Nil(t, draw)
	assert.Empty(t, stderr.String())
}
