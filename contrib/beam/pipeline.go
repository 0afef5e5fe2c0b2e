package main

import (
	"bytes"
	"context"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/fileio"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/textio"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/netsim-dev/netsim/internal/render"
)

// registerTypes tells Beam of what it must find by name on workers. It comes
// before beam.Init.
func registerTypes() {
	beam.RegisterType(reflect.TypeFor[part]())
	beam.RegisterCoder(reflect.TypeFor[summary](), encode, decode)
	register.DoFn2x0[fileio.FileMetadata, func(part)](&splitFn{})
	register.DoFn3x1[context.Context, part, func(summary), error](&judgeFn{})
	register.Combiner1[summary](&mergeFn{})
	register.Function1x2(text)
	register.Emitter1[part]()
	register.Emitter1[summary]()
}

// pipeline is all steps from globs to the file of the report.
//
// The logs are opened by judgeFn and not by textio, which of a gzip reads no more
// bytes of text than the file has compressed ones (v2.77.0
// go/pkg/beam/io/textio/textio.go, CreateInitialRestriction): it silently loses
// the rest. Nor does it know at which line it is, or bound a line's length.
func pipeline(o options, packed []byte) *beam.Pipeline {
	p, s := beam.NewPipelineWithRoot()
	files := fileio.MatchAll(s, beam.CreateList(s, o.flows), fileio.MatchEmptyDisallow())
	parts := beam.ParDo(s, &splitFn{o.parts}, files)
	// Without a shuffle, the worker that has listed the files would read them all.
	reports := beam.ParDo(s, &judgeFn{Basis: packed}, beam.Reshuffle(s, parts))
	merged := beam.Combine(s, &mergeFn{}, reports)
	textio.Write(s, o.output, beam.ParDo(s, text, merged))
	return p
}

// text is the report as netsim replay -o json writes it, without the last
// newline: textio.Write adds that.
func text(s summary) (string, error) {
	var out bytes.Buffer
	err := render.JSON(&out, s.Report)
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n"))), err
}
