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
			d := newDrawing(&out, func() time.Time { return at })
			for i, ms := range row.steps {
				at = time.Unix(0, 0).Add(time.Duration(ms) * time.Millisecond)
				d.steps(i+1, len(row.steps))
			}
			d.clear()
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

func TestALineLeavesNothingOfALongerOne(t *testing.T) {
	var out strings.Builder
	at := time.Unix(0, 0)
	d := newDrawing(&out, func() time.Time { return at })
	for i, line := range []string{"too early", "long line", "short"} {
		at = time.Unix(int64(i), 1)
		d.show(func() string { return line })
	}
	assert.Equal(t, "\rlong line\rshort    ", out.String())
}

func TestProgressOfALog(t *testing.T) {
	for _, row := range []struct {
		name        string
		bytes, size int64
		want        string
	}{
		{"of a stream, nobody knows how long it is", 0, 0, "3000 lines, 1500 a second"},
		{"a quarter", 25, 100, "[#######.......................] 25%  3000 lines, 1500 a second, 6s left"},
		{"a file that grows", 120, 100, "[##############################] 100%  3000 lines, 1500 a second, 0s left"},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, row.want, logLine(2*time.Second, 3000, row.bytes, row.size))
		})
	}
}
