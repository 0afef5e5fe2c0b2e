package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// What shows how far work is appears where it takes longer than patience, and is
// drawn again no more often than the eye follows.
const (
	patience = time.Second
	redraw   = 100 * time.Millisecond
	barWidth = 30
)

// drawing is one line on a terminal that is drawn over itself. Several goroutines
// may show it; nil shows nothing.
type drawing struct {
	to    io.Writer
	now   func() time.Time
	next  time.Time
	drawn string
	mutex sync.Mutex
}

// drawing is nil where stderr is no terminal.
func (c *command) drawing() *drawing {
	if _, seen := terminal(c.stderr); !seen {
		return nil
	}
	return newDrawing(c.stderr, time.Now)
}

func newDrawing(to io.Writer, now func() time.Time) *drawing {
	return &drawing{to: to, now: now, next: now().Add(patience)}
}

// show draws a line if it is time for one.
func (d *drawing) show(line func() string) {
	if d == nil || !d.mutex.TryLock() {
		return
	}
	defer d.mutex.Unlock()
	if now := d.now(); now.After(d.next) {
		d.next = now.Add(redraw)
		d.draw(line())
	}
}

// draw leaves nothing of a line before that was longer.
func (d *drawing) draw(line string) {
	fmt.Fprint(d.to, "\r"+line+strings.Repeat(" ", max(len(d.drawn)-len(line), 0)))
	d.drawn = line
}

// clear takes the line away, before any output comes.
func (d *drawing) clear() {
	if d == nil {
		return
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.drawn != "" {
		d.draw("")
		fmt.Fprint(d.to, "\r")
	}
}

// progress gives what draws on stderr how much of the work is done, and what
// takes it away again. It is nil where stderr is no terminal.
func (c *command) progress() (draw func(done, all int), clear func()) {
	d := c.drawing()
	if d == nil {
		return nil, func() {}
	}
	return d.steps, d.clear
}

// steps draws how many of all steps are done. It takes the line away with the last.
func (d *drawing) steps(done, all int) {
	if done == all {
		d.clear()
		return
	}
	d.show(func() string {
		return fmt.Sprintf("%s %d/%d", bar(float64(done)/float64(max(all, 1))), done, all)
	})
}

// bar draws a part, from 0 to 1, of a whole.
func bar(done float64) string {
	full := int(barWidth * done)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "]"
}
