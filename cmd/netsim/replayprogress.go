package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// logProgress shows on a terminal how much of some logs has been read.
type logProgress struct {
	*drawing
	size        int64
	started     time.Time
	bytes, read atomic.Int64
}

// logProgress is for some files; the size of what is no file is not known.
func (c *command) logProgress(names []string) *logProgress {
	p := &logProgress{drawing: c.drawing(), started: time.Now()}
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
func (p *logProgress) reading(r io.Reader) io.Reader { return &counted{r, &p.bytes} }

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
func (p *logProgress) lines(more int64) {
	read := p.read.Add(more)
	p.show(func() string {
		return logLine(p.now().Sub(p.started), read, p.bytes.Load(), p.size)
	})
}

// logLine is a bar where the size is known, the rate, and the time left.
func logLine(since time.Duration, lines, bytes, size int64) string {
	rate := float64(lines) / since.Seconds()
	text := fmt.Sprintf("%d lines, %.0f a second", lines, rate)
	if size <= 0 || bytes <= 0 {
		return text
	}
	done := min(float64(bytes)/float64(size), 1)
	left := time.Duration(float64(since) * (1 - done) / done).Round(time.Second)
	return fmt.Sprintf("%s %.0f%%  %s, %v left", bar(done), done*100, text, left)
}
