package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/dnsfile"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/conntest"
)

const testHelp = `Test runs ConnectivityTest documents: which connections must work, which must
not, and which policy is to be the reason. In a directory, every file with such
a document is run.

  apiVersion: netsim.dev/v1alpha1
  kind: ConnectivityTest
  manifests: [../manifests]      # files and directories, from this file's own
  datapaths:                     # optional: each case runs under each of them;
  - kind                         # a profile, settings, or both
  - kind-kpr cilium.version=1.20
  dns: {www.example.com: [203.0.113.9]}
  dnsFiles: [example.zone]       # as --dns and --dns-file
  flags:                         # optional: how the manifests are read, as the
    helm-values: [prod.yaml]     # flags of those names say
  cases:
  - from: dev/deploy/frontend    # from and to may be lists: each from with each to
    to: uat/svc/api:80
    want: denied                 # or allowed, mixed, undetermined
    because: deny-dev-to-uat     # optional: NAME, NAMESPACE/NAME or
                                 # KIND/NAMESPACE/NAME of what must have decided
  - chain: [gateway/deploy/nginx, "dev/svc/frontend:80", "dev/svc/api:80"]
    want: allowed                # each connection, from what answered before

A case may have a name, and port, via, http, headers, dnsName and sni, which say
the same as the flags of netsim query. A case that fails shows the explanation
that netsim query gives. --datapath and --set run all cases under that datapath
instead of those that the documents list.

--record writes such a document of what netsim matrix says of -f, with every
connection in it: a baseline, which fails once a connection changes. --from, --to,
--ports and --pods narrow it as they do there. What is undetermined is recorded as
such. A denied connection has a because where one policy alone denies it. The
document holds --datapath, --set, --dns, --dns-file and the flags by which manifests
are read; its paths are from FILE's directory, or from the working directory where
it goes to stdout. Absolute ones stay as they are, and what -f - took has to be given
again. A FILE that was recorded before is recorded again, and keeps all that no flag
says otherwise, but neither comments nor cases added by hand. What is new in the
cluster is in no case until then.

Exit codes
  0 all passed, or it is recorded   1 some failed
  2 a document or a case could not be used`

// testFlags are the flags of test alone.
type testFlags struct {
	only    string
	verbose bool
	record  bool
	// matrix is what to record.
	matrix sim.MatrixOptions
}

func (c *command) test() *cobra.Command {
	f := &testFlags{}
	cmd := &cobra.Command{
		Use:   "test FILE|DIR... | test --record [FILE]",
		Short: "Check that what must connect does, and that nothing else does",
		Long:  testHelp,
		Example: `  netsim test tests/
  netsim test tests/isolation.yaml --run 'uat' -v
  netsim test tests/ --set cilium.version=1.20
  kustomize build overlays/dev | netsim test -f - tests/
  netsim test tests/ -o junit > report.xml
  netsim test --record tests/baseline.yaml -f manifests/
  netsim test --record -f manifests/ --from dev --datapath kind > baseline.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.record {
				return c.runRecord(f, cmd.Flags(), args)
			}
			return c.runTest(f, cmd.Flags(), args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.only, "run", "", "run only the cases whose name matches `REGEXP`")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the cases that pass, too")
	flags.StringVarP(&c.output, "output", "o", string(render.FormatText), "output format: text, json, yaml, junit or github")
	flags.BoolVar(&f.record, "record", false, "write what connects today as a test, to FILE or else to stdout")
	addMatrixOptions(cmd, &f.matrix)
	c.dns.add(cmd)
	return cmd
}

func (c *command) runTest(f *testFlags, flags *pflag.FlagSet, args []string) error {
	for _, name := range scopeFlags() {
		if flags.Changed(name) {
			return fmt.Errorf("--%s is for --record: --run picks cases by their names", name)
		}
	}
	format, err := render.ParseTestFormat(c.output)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return errors.New("no tests: name files or directories, as in: netsim test tests/")
	}
	opt, err := c.testOptions(f, args)
	if err != nil {
		return err
	}
	tests, err := conntest.Read(args, c.stdin)
	if err != nil {
		return err
	}
	var suites []conntest.Suite
	for _, t := range tests {
		suites = append(suites, t.Run(opt))
	}
	report := conntest.Summarize(suites)
	if report.Cases() == 0 {
		return fmt.Errorf("--run %q matches the name of no case; -v shows the names", f.only)
	}
	c.code = testCode(report)
	return render.Tests(c.stdout, report, format, c.textOptions(f.verbose))
}

// testCode is the exit code for a report.
func testCode(r *conntest.Report) int {
	switch {
	case r.Errors > 0:
		return exitUnusable
	case r.Failed > 0:
		return exitIssues
	}
	return exitAllowed
}

func (c *command) testOptions(f *testFlags, args []string) (conntest.Options, error) {
	opt := conntest.Options{Manifests: c.files, ReadDNS: dnsfile.Read, Strict: c.strict}
	var err error
	if f.only != "" {
		if opt.Only, err = regexp.Compile(f.only); err != nil {
			return opt, fmt.Errorf("--run: %w", err)
		}
	}
	opt.Sim.Datapath, opt.Sim.AssumeReady = c.datapath, c.ready
	if opt.Sim.Set, err = pairs("--set", "kubeProxyReplacement=true", c.set); err != nil {
		return opt, err
	}
	if opt.Sim.DNS, err = c.dns.read(); err != nil {
		return opt, err
	}
	opt.Load, err = c.manifestReader(&c.sources, args)
	return opt, err
}

// manifestReader reads manifests for one test after the other, by the flags of
// the test and then by those given. What -f - takes from stdin is kept, since each
// test needs it.
func (c *command) manifestReader(given *sourceFlags, args []string) (func(*conntest.Test, []string) (*model.Cluster, []model.Issue, error), error) {
	var stdin []byte
	if slices.Contains(c.files, "-") {
		if slices.Contains(args, "-") {
			return nil, errors.New("-f - and - both read stdin: give one of them a file")
		}
		var err error
		if stdin, err = io.ReadAll(c.stdin); err != nil {
			return nil, fmt.Errorf("-f -: %w", err)
		}
	}
	if _, err := given.chosen(); err != nil {
		return nil, err
	}
	return func(t *conntest.Test, paths []string) (*model.Cluster, []model.Issue, error) {
		flags, err := given.after(t)
		if err != nil {
			return nil, nil, err
		}
		sources, err := flags.chosen()
		if err != nil {
			return nil, nil, &conntest.FlagsError{Problem: err.Error(), Remedy: "write the values that netsim's flags of those names take, and paths from the test file's own directory"}
		}
		return load.Read(paths, bytes.NewReader(stdin), sources)
	}, nil
}
