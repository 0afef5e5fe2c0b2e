// Command beam is netsim replay as an Apache Beam pipeline: recorded flows, in as
// many files as there are, judged on as many machines as a runner has, to the
// report that one run of netsim replay would give.
//
//	globs ─ match ─▶ parts of files ─ judgeFn: hubble.Read, replay.Counter ─▶ reports ─ mergeFn: replay.Merge ─▶ file
//
// That works since a record is judged by itself and by the manifests alone, never
// by the records before it: whether it is a reply, and whose policy it met, stand
// in it (load/hubble/aside.go). Reports then merge exactly, in any order
// (sim/replay).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
)

func main() {
	o := optionsOf(flag.CommandLine)
	flag.Parse()
	o.flows = flag.Args()
	registerTypes()
	beam.Init() // a worker stays in here, and has none of the flags below
	if err := run(context.Background(), *o); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
}

// options are what the flags say.
type options struct {
	manifests []string
	datapath  string
	set       map[string]string
	// flows are globs of logs.
	flows  []string
	output string
	parts  int64
}

// optionsOf adds the flags, which are named as those of netsim are.
func optionsOf(flags *flag.FlagSet) *options {
	o := &options{set: map[string]string{}}
	flags.Func("f", "a `FILE` or directory of manifests, rendered; repeatable", func(path string) error {
		o.manifests = append(o.manifests, path)
		return nil
	})
	flags.Func("set", "a setting of the datapath, `KEY=VALUE`; repeatable", func(text string) error {
		key, value, found := strings.Cut(text, "=")
		if !found || key == "" {
			return errors.New("want KEY=VALUE, as in --set kubeProxyReplacement=true")
		}
		o.set[key] = value
		return nil
	})
	flags.StringVar(&o.datapath, "datapath", "", "the `NAME` of a datapath's profile")
	flags.StringVar(&o.output, "output", "", "the `FILE` to which the report goes, as netsim replay -o json writes it")
	flags.Int64Var(&o.parts, "parts", 1, "judge each log in `N` parts, each of which reads all of it: for few and large logs")
	return o
}

// check says what is missing, or cannot be meant, before a job is started.
func (o options) check(ctx context.Context) error {
	switch {
	case len(o.manifests) == 0:
		return errors.New("no files: name manifests with -f, as in: -f manifests/")
	case o.output == "":
		return errors.New("no output: name the file of the report, as in: --output report.json")
	case len(o.flows) == 0:
		return errors.New("no flows: name files of recorded flows behind all flags, as in: 'flows/*.json.gz'")
	case o.parts < 1:
		return fmt.Errorf("--parts %d: want 1 or more", o.parts)
	}
	for _, path := range append([]string{o.output}, o.flows...) {
		if strings.HasPrefix(path, "-") {
			return fmt.Errorf("%s stands behind the flows: flags come before them, and flows are files", path)
		}
		if _, err := filesystem.New(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

// run judges the flows, on the runner that --runner names.
func run(ctx context.Context, o options) error {
	if err := o.check(ctx); err != nil {
		return err
	}
	packed, err := pack(o)
	if err != nil {
		return err
	}
	// Made here already, so that what is wrong with it is known before there is a
	// job. A local runner goes on with this one.
	if _, err := judgeOf(packed); err != nil {
		return err
	}
	return beamx.Run(ctx, pipeline(o, packed))
}
