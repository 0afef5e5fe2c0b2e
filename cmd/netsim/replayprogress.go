package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// progress shows on a terminal how far a long run is. Without one it shows
// nothing.
type progress struct {
	to          io.Writer
	size        int64
	started     time.Time
	bytes, read atomic.Int64
	// shown is when the line was last written, in nanoseconds since the start.
	shown atomic.Int64
}

// progressEvery is how often the line is written.
const progressEvery = 200 * time.Millisecond

// newProgress is for some files; the size of what is no file is not known.
func (c *command) newProgress(names []string) *progress {
	p := &progress{started: time.Now()}
	if _, isTerminal := terminal(c.stderr); isTerminal {
		p.to = c.stderr
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			p.size = 0
			return p
		}
		p.size += info.Size()
	}
	return p
}

// reading counts what is read from r, compressed or not.
func (p *progress) reading(r io.Reader) io.Reader { return &counted{r, &p.bytes} }

type counted struct {
	io.Reader
	bytes *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.bytes.Add(int64(n))
	return n, err
}

// lines counts lines, and shows how far it is from time to time.
func (p *progress) lines(more int64) {
	read := p.read.Add(more)
	if p.to == nil {
		return
	}
	now, last := time.Since(p.started), p.shown.Load()
	if now-time.Duration(last) < progressEvery || !p.shown.CompareAndSwap(last, int64(now)) {
		return
	}
	fmt.Fprintf(p.to, "\r\x1b[K%s", progressLine(now, read, p.bytes.Load(), p.size))
}

// progressLine is a bar where the size is known, the rate, and the time left.
func progressLine(now time.Duration, lines, bytes, size int64) string {
	rate := float64(lines) / now.Seconds()
	text := fmt.Sprintf("%d lines, %.0f a second", lines, rate)
	if size <= 0 || bytes <= 0 {
		return text
	}
	const width = 20
	done := min(float64(bytes)/float64(size), 1)
	filled := int(done * width)
	left := time.Duration(float64(now) * (1 - done) / done).Round(time.Second)
	return fmt.Sprintf("[%s%s] %3.0f%%  %s, %v left", strings.Repeat("=", filled), strings.Repeat(" ", width-filled), done*100, text, left)
}

// end takes the line away.
func (p *progress) end() {
	if p.to != nil {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}
