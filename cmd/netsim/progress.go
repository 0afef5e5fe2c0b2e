package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A progress bar appears where work takes longer than patience, and is drawn
// again no more often than the eye follows.
const (
	patience = time.Second
	redraw   = 100 * time.Millisecond
	barWidth = 30
)

// progress gives what draws on stderr how much of the work is done, and what
// takes it away again. It is nil where stderr is no terminal.
func (c *command) progress() (draw func(done, all int), clear func()) {
	if _, seen := terminal(c.stderr); !seen {
		return nil, func() {}
	}
	return drawProgress(c.stderr, time.Now)
}

// drawProgress takes the bar away with the last step, before any output comes.
func drawProgress(w io.Writer, now func() time.Time) (draw func(done, all int), clear func()) {
	next, drawn := now().Add(patience), ""
	clear = func() {
		if drawn != "" {
			fmt.Fprintf(w, "\r%s\r", strings.Repeat(" ", len(drawn)))
			drawn = ""
		}
	}
	draw = func(done, all int) {
		switch {
		case done == all:
			clear()
		case now().After(next):
			next = now().Add(redraw)
			drawn = bar(done, all)
			fmt.Fprint(w, "\r"+drawn)
		}
	}
	return draw, clear
}

func bar(done, all int) string {
	full := barWidth * done / max(all, 1)
	return fmt.Sprintf("[%s%s] %d/%d", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, all)
}
