package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/load/dnsfile"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/conntest"
)

// scopeFlags are those that say which connections to record.
func scopeFlags() []string { return []string{"from", "to", "ports", "pods"} }

// runRecord writes what connects today as a test, whose paths are from its own
// directory. It loads what the test says, so that running it loads the same.
func (c *command) runRecord(f *testFlags, flags *pflag.FlagSet, args []string) error {
	if err := c.checkRecord(flags, args); err != nil {
		return err
	}
	file := append(args, "")[0]
	t, err := c.toRecord(f, flags, file)
	if err != nil {
		return err
	}
	opt := conntest.Options{ReadDNS: dnsfile.Read}
	if slices.Contains(c.files, "-") {
		opt.Manifests = []string{"-"} // as netsim test will be given it
	}
	if opt.Load, err = c.manifestReader(&sourceFlags{}, nil); err != nil {
		return err
	}
	progress, clear := c.progress()
	defer clear()
	b, err := t.Record(opt, progress)
	if err != nil {
		return err
	}
	if err := c.checkStrictly(b.Issues); err != nil {
		return err
	}
	c.warnOfErrors(b.Issues)
	return c.writeBaseline(file, t, b)
}

func (c *command) checkRecord(flags *pflag.FlagSet, args []string) error {
	for _, name := range []string{"run", "verbose"} {
		if flags.Changed(name) {
			return fmt.Errorf("--%s does not go with --record, which runs no cases", name)
		}
	}
	switch {
	case c.output != string(render.FormatText) && c.output != string(render.FormatYAML):
		return fmt.Errorf("-o %s does not go with --record, which writes YAML", c.output)
	case len(args) > 1:
		return fmt.Errorf("--record takes one FILE to write, not %d: manifests are named with -f", len(args))
	case len(args) == 1 && args[0] == "-":
		return errors.New("--record -: leave out the - to write to stdout")
	}
	return nil
}

// toRecord is the test that a file holds, or a new one, with what the flags say.
func (c *command) toRecord(f *testFlags, flags *pflag.FlagSet, file string) (*conntest.Test, error) {
	t, err := recordedIn(file)
	if err != nil {
		return nil, err
	}
	f.holdScope(t.Recorded, flags)
	if err := c.holdManifests(t); err != nil {
		return nil, err
	}
	if err := c.holdDatapath(t); err != nil {
		return nil, err
	}
	if err := c.dns.hold(t); err != nil {
		return nil, err
	}
	if _, err := c.sources.chosen(); err != nil {
		return nil, err
	}
	c.sources.hold(t, func(path string) string { return pathIn(t, path) })
	return t, nil
}

// holdScope puts those of scopeFlags that are given into what is recorded.
func (f *testFlags) holdScope(of *conntest.Recorded, flags *pflag.FlagSet) {
	if flags.Changed("from") {
		of.From = f.matrix.From
	}
	if flags.Changed("to") {
		of.To = f.matrix.To
	}
	if flags.Changed("ports") {
		of.Ports = f.matrix.Ports
	}
	if flags.Changed("pods") {
		of.Pods = f.matrix.Pods
	}
}

// recordedIn is the test that a file has been recorded in before, or a new one for
// a file that is not there. What else is in a file is not written over.
func recordedIn(file string) (*conntest.Test, error) {
	fresh := &conntest.Test{APIVersion: sim.APIVersion, Kind: conntest.Kind, Recorded: &conntest.Recorded{}, File: file}
	if file == "" {
		return fresh, nil
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if dir, err := os.Stat(filepath.Dir(file)); err != nil || !dir.IsDir() {
			return nil, fmt.Errorf("cannot write %s: there is no directory %s", file, filepath.Dir(file))
		}
		return fresh, nil
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("--record %s: it is a directory: name the file to write, as in %s", file, filepath.ToSlash(filepath.Join(file, "baseline.yaml")))
	}
	tests, err := conntest.Read([]string{file}, nil)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--record writes over nothing but what it has written: %w", err)
	case len(tests) > 1:
		return nil, fmt.Errorf("--record writes over nothing but what it has written: %s holds several tests; name another file", file)
	case tests[0].Recorded == nil && len(tests[0].Issues) == 0:
		return nil, fmt.Errorf("--record writes over nothing but what it has written: %s holds a test that was written by hand; name another file", file)
	case len(tests[0].Issues) > 0:
		return nil, fmt.Errorf("--record writes over nothing but what it has written: %s; mend or remove the file", tests[0].Issues[0])
	}
	return tests[0], nil
}

// holdManifests puts what -f names into a test. What comes from stdin it cannot
// hold.
func (c *command) holdManifests(t *conntest.Test) error {
	var paths []string
	for _, path := range c.files {
		if path == "-" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("cannot read %s: %w", path, errors.Unwrap(err))
		}
		paths = append(paths, pathIn(t, path))
	}
	if len(c.files) > 0 {
		t.Manifests, t.Recorded.Stdin = paths, slices.Contains(c.files, "-")
		return nil
	}
	if len(t.Manifests) == 0 && !t.Recorded.Stdin {
		return errors.New("no files: name manifests with -f, as in: netsim test --record -f manifests/")
	}
	return nil
}

// holdDatapath puts --datapath and --set into a test.
func (c *command) holdDatapath(t *conntest.Test) error {
	set, err := pairs("--set", "kubeProxyReplacement=true", c.set)
	if err != nil {
		return err
	}
	var words []string
	if c.datapath != "" {
		words = append(words, c.datapath)
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		words = append(words, key+"="+set[key])
	}
	for _, word := range words {
		if len(strings.Fields(word)) != 1 {
			return fmt.Errorf("%q cannot be recorded: an entry of datapaths has blanks between settings, and none in them", word)
		}
	}
	if len(words) > 0 {
		t.Datapaths = []string{strings.Join(words, " ")}
	}
	return nil
}

// hold puts --dns and --dns-file into a test.
func (d *dnsFlags) hold(t *conntest.Test) error {
	if len(d.answers)+len(d.files) == 0 {
		return nil
	}
	answers, err := (&dnsFlags{answers: d.answers}).read()
	if err != nil {
		return err
	}
	t.DNS, t.DNSFiles = map[string][]string{}, nil
	for name, addrs := range answers {
		t.DNS[name] = []string{}
		for _, addr := range addrs {
			t.DNS[name] = append(t.DNS[name], addr.String())
		}
	}
	for _, file := range d.files {
		t.DNSFiles = append(t.DNSFiles, pathIn(t, file))
	}
	return nil
}

// pathIn is a path of the working directory as a test has to name it. One from
// the root stays as it is: whoever gave it so may mean it for any directory.
func pathIn(t *conntest.Test, path string) string {
	if filepath.IsAbs(path) {
		return filepath.ToSlash(path)
	}
	dir, err := filepath.Abs(filepath.Dir(t.File))
	if err != nil {
		return filepath.ToSlash(path)
	}
	here, err := filepath.Abs(path)
	if err != nil {
		return filepath.ToSlash(path)
	}
	relative, err := filepath.Rel(dir, here)
	if err != nil { // on another drive
		return filepath.ToSlash(here)
	}
	return filepath.ToSlash(relative)
}

// writeBaseline writes where it is wanted, and says on stderr what it has written.
func (c *command) writeBaseline(file string, t *conntest.Test, b *conntest.Baseline) error {
	cases := fmt.Sprintf("%s, in %d cases", b.Tally(), len(b.Groups))
	if file == "" {
		if err := render.Baseline(c.stdout, t, b); err != nil {
			return err
		}
		_, err := fmt.Fprintf(c.stderr, "netsim: recorded %s\n", cases)
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := errors.Join(render.Baseline(out, t, b), out.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "recorded %s: %s\n", file, cases)
	return err
}
