package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/fileio"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/netsim-dev/netsim/load/hubble"
	"github.com/netsim-dev/netsim/sim/replay"
)

// part is some of the lines of a log: those of a replay.Shard.
type part struct {
	File         string
	Index, Count int64
}

// splitFn says which parts a log has.
type splitFn struct {
	Parts int64
}

// ProcessElement gives the parts of a log.
func (f *splitFn) ProcessElement(file fileio.FileMetadata, emit func(part)) {
	for i := range f.Parts {
		emit(part{file.Path, i + 1, f.Parts})
	}
}

// judgeFn judges the lines of a part.
type judgeFn struct {
	// Basis is a packed basis.
	Basis []byte
	judge *replay.Judge
}

// Setup makes the Judge, or takes that of another copy in this process.
func (f *judgeFn) Setup() (err error) {
	f.judge, err = judgeOf(f.Basis)
	return err
}

// ProcessElement gives the report of a part. The error is the file system's, after
// which the runner may try again.
func (f *judgeFn) ProcessElement(ctx context.Context, p part, emit func(summary)) error {
	files, err := filesystem.New(ctx, p.File)
	if err != nil {
		return err
	}
	defer files.Close()
	file, err := files.OpenRead(ctx, p.File)
	if err != nil {
		return fmt.Errorf("cannot read the flows: %w", err)
	}
	defer file.Close()
	report, err := p.judge(f.judge, file)
	if err != nil {
		return err
	}
	emit(summary{report})
	return nil
}

// judge is what netsim replay does with a log. What ends before its end is noted
// in the report if the text itself does, as a gzip that was cut off.
func (p part) judge(judge *replay.Judge, file io.Reader) (*replay.Report, error) {
	shown := filepath.ToSlash(p.File)
	counters := make([]*replay.Counter, runtime.GOMAXPROCS(0))
	takers := make([]hubble.Taker, len(counters))
	for i := range counters {
		counters[i] = judge.NewCounter(shown)
		takers[i] = counters[i]
	}
	stored := &stored{from: file}
	var broken []string
	err := hubble.Read(stored, takers, hubble.Options{Wanted: replay.Shard{Index: p.Index, Count: p.Count}.Wants})
	switch {
	case stored.err != nil:
		return nil, fmt.Errorf("cannot read the flows of %s to their end: %w", shown, stored.err)
	case err != nil:
		broken = []string{shown + ": " + strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	return judge.Report(counters, "", broken), nil
}

// stored remembers how reading what is stored has failed, apart from what is wrong
// with its content.
type stored struct {
	from io.Reader
	err  error
}

// Read reads on.
func (s *stored) Read(b []byte) (int, error) {
	n, err := s.from.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
