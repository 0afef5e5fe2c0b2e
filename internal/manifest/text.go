package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
)

// size is that of the file's text in bytes.
func (f File) size() int64 {
	if f.Path != "" {
		return f.Size
	}
	return int64(len(f.Data))
}

// part is a stretch of the file.
func (f File) part(from, to int64, before int) part {
	p := part{file: f, from: from, to: to, before: before}
	if f.Path == "" {
		p.text = f.Data[from:to]
	}
	return p
}

// stretch reads from one place of the file to another.
func (f File) stretch(from, to int64) io.Reader {
	if f.Path == "" {
		return bytes.NewReader(f.Data[from:to])
	}
	return &onDisk{path: f.Path, at: from, to: to}
}

// textStart is where the text begins: behind a byte order mark.
func (f File) textStart() int64 {
	const mark = "\xef\xbb\xbf"
	head := make([]byte, len(mark))
	if _, err := io.ReadFull(f.stretch(0, f.size()), head); err == nil && string(head) == mark {
		return int64(len(mark))
	}
	return 0
}

// Mentions says whether the file's text has one of the words. Each is shorter than
// 4 KiB.
func (f File) Mentions(words ...string) bool {
	const overlap = 4 << 10
	r := f.stretch(0, f.size())
	window, kept := make([]byte, min(1<<20, f.size()+overlap+1)), 0
	for {
		n, err := io.ReadFull(r, window[kept:])
		text := window[:kept+n]
		for _, word := range words {
			if bytes.Contains(text, []byte(word)) {
				return true
			}
		}
		if err != nil {
			return false
		}
		kept = copy(window, text[len(text)-overlap:])
	}
}

// load reads the text of a part that lies on disk.
func (p part) load() (part, error) {
	if p.text != nil || p.file.Path == "" {
		return p, nil
	}
	if p.to-p.from > MaxFileSize {
		return p, errTooLarge
	}
	text := make([]byte, p.to-p.from)
	_, err := io.ReadFull(p.file.stretch(p.from, p.to), text)
	p.text = text
	return p, err
}

// onDisk reads a stretch of a file, which is open only meanwhile: there can be
// many, and a reader has no end.
type onDisk struct {
	path   string
	at, to int64
}

func (r *onDisk) Read(b []byte) (int, error) {
	if r.at >= r.to {
		return 0, io.EOF
	}
	file, err := os.Open(r.path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	n, err := file.ReadAt(b[:min(int64(len(b)), r.to-r.at)], r.at)
	r.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// lines walks over the lines of a stretch of a file.
type lines struct {
	from *bufio.Reader
	// at is where the line begins, next where the one after it does, and line
	// counts those above it.
	at, next int64
	line     int
	// head is the line, or its beginning: nothing hangs on more of it.
	head []byte
	err  error
}

// maxHead is how much of a line is looked at.
const maxHead = 64 << 10

func (f File) lines(from, to int64) *lines {
	return &lines{from: bufio.NewReaderSize(f.stretch(from, to), maxHead), next: from, line: -1}
}

// scan steps to the next line. It is false at the end.
func (l *lines) scan() bool {
	head, err := l.from.ReadSlice('\n')
	if len(head) == 0 {
		l.fail(err)
		return false
	}
	l.head, l.at, l.line = append(l.head[:0], head...), l.next, l.line+1
	l.next += int64(len(head))
	for errors.Is(err, bufio.ErrBufferFull) {
		head, err = l.from.ReadSlice('\n')
		l.next += int64(len(head))
	}
	l.fail(err)
	return true
}

func (l *lines) fail(err error) {
	if err != nil && !errors.Is(err, io.EOF) {
		l.err = err
	}
}
