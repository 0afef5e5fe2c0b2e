package main

import (
	"fmt"
	"iter"
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

// progress passes things on and draws on stderr how many of them are done: on a
// terminal only, and only where stdout is not there too, or it would be drawn
// into the output.
func progress[T any](c *command, all int, things iter.Seq[T]) iter.Seq[T] {
	_, seen := terminal(c.stderr)
	if _, mixed := terminal(c.stdout); !seen || mixed && c.output != "text" && c.output != "table" {
		return things
	}
	return func(yield func(T) bool) {
		next, done := time.Now().Add(patience), 0
		clear := ""
		defer func() { fmt.Fprint(c.stderr, clear) }()
		for thing := range things {
			if done++; time.Now().After(next) {
				next = time.Now().Add(redraw)
				clear = "\r" + strings.Repeat(" ", barWidth+24) + "\r"
				fmt.Fprint(c.stderr, bar(done, all))
			}
			if !yield(thing) {
				return
			}
		}
	}
}

func bar(done, all int) string {
	full := barWidth * done / max(all, 1)
	return fmt.Sprintf("\r[%s%s] %d/%d", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, all)
}
