package hubble

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/netsim-dev/netsim/model"
)

// Sizes in bytes. No flow is as long as MaxLine: a longer line is passed over,
// and not kept.
const (
	blockSize = 1 << 20
	MaxLine   = 8 << 20
)

// Taker takes what one processor has read. Lines count from 1.
type Taker interface {
	// Take takes a record, which is valid until it returns.
	Take(*model.Record)
	// Unread takes a line that is no flow, and why.
	Unread(line int64, why error)
}

// Options say what is wanted of a log.
type Options struct {
	// Wanted says which lines to read; nil is all of them.
	Wanted func(line int64) bool
	// Progress, if any, is told how many more lines have been read. It is called
	// from several goroutines.
	Progress func(lines int64)
}

// Read reads a log, and hands its records to the takers, each of which works on
// its own goroutine: which one takes a record is left to chance. The error is for
// a stream that ends before its end; what came before it has been taken.
func Read(r io.Reader, takers []Taker, opt Options) error {
	text, err := Open(r)
	if err != nil {
		return err
	}
	blocks := make(chan block, len(takers))
	free := make(chan []byte, 2*len(takers)+1)
	var workers sync.WaitGroup
	for _, taker := range takers {
		workers.Go(func() {
			w := worker{decoder: NewDecoder(), taker: taker, opt: opt}
			for b := range blocks {
				w.block(b)
				select {
				case free <- b.text[:0]:
				default:
				}
			}
		})
	}
	err = cut(text, blocks, free)
	close(blocks)
	workers.Wait()
	return err
}

// block is some whole lines.
type block struct {
	// first is the number of the first of them.
	first int64
	text  []byte
	// long is true for a line that was too long, of which text is the start.
	long bool
}

// cut cuts a text into blocks. The last line needs no newline, unless the stream
// broke off in it.
func cut(r io.Reader, blocks chan<- block, free <-chan []byte) error {
	line, pending := int64(1), []byte(nil)
	for {
		text := append(buffer(free), pending...)
		text, err := fill(r, text)
		end := bytes.LastIndexByte(text, '\n') + 1
		if err != nil && (errors.Is(err, io.EOF)) {
			end = len(text)
		}
		if end > 0 {
			pending = append(pending[:0], text[end:]...)
			lines := int64(bytes.Count(text[:end], []byte("\n")))
			blocks <- block{first: line, text: text[:end]}
			line += lines
		} else if err == nil {
			err = passOver(r, &pending)
			blocks <- block{first: line, text: text[:min(len(text), 64)], long: true}
			line++
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the log breaks off after line %d: %w", line-1, err)
		}
	}
}

func buffer(free <-chan []byte) []byte {
	select {
	case b := <-free:
		return b
	default:
		return make([]byte, 0, blockSize)
	}
}

// fill reads until there is a block with an end of a line in it, or more than a
// line may have.
func fill(r io.Reader, text []byte) ([]byte, error) {
	searched := 0
	for {
		if len(text) == cap(text) {
			text = append(text, make([]byte, len(text)+1)...)[:len(text)]
		}
		n, err := r.Read(text[len(text):min(cap(text), len(text)+blockSize)])
		text = text[:len(text)+n]
		if err != nil {
			return text, err
		}
		if len(text) >= blockSize && bytes.IndexByte(text[searched:], '\n') >= 0 || len(text) > MaxLine {
			return text, nil
		}
		if len(text) >= blockSize {
			searched = len(text)
		}
	}
}

// passOver reads to the end of a line that nobody wants, and keeps what is
// behind it.
func passOver(r io.Reader, behind *[]byte) error {
	buffer := make([]byte, 1<<16)
	for {
		n, err := r.Read(buffer)
		if i := bytes.IndexByte(buffer[:n], '\n'); i >= 0 {
			*behind = append((*behind)[:0], buffer[i+1:n]...)
			return err
		}
		if err != nil {
			*behind = (*behind)[:0]
			return err
		}
	}
}

// worker decodes blocks.
type worker struct {
	decoder *Decoder
	taker   Taker
	opt     Options
	record  model.Record
}

var errLong = fmt.Errorf("the line is longer than %d MiB, which no flow is, and was passed over", MaxLine>>20)

func (w *worker) block(b block) {
	number, lines := b.first, int64(0)
	for text := b.text; len(text) > 0; number++ {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		lines++
		if w.opt.Wanted == nil || w.opt.Wanted(number) {
			w.line(number, line, b.long)
		}
	}
	if w.opt.Progress != nil {
		w.opt.Progress(lines)
	}
}

func (w *worker) line(number int64, line []byte, long bool) {
	line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")))
	if len(line) == 0 {
		return
	}
	err := errLong
	if !long {
		err = w.decoder.Decode(line, &w.record)
	}
	if err != nil {
		w.taker.Unread(number, err)
		return
	}
	w.taker.Take(&w.record)
}
