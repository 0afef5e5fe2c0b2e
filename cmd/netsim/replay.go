package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/load/hubble"
	"github.com/netsim-dev/netsim/load/sysdump"
	"github.com/netsim-dev/netsim/sim/replay"
)

const replayHelp = `Replay judges recorded flows by the policies of the files, which may be other ones
than those that the flows met: what was let through and would now be dropped,
what was dropped and would now pass, and what no file can tell.

FLOWS is what hubble observe -o jsonpb (or json) writes, plain or compressed by
gzip or zstd; - is stdin. Each record is judged where it was made: by the policy
of its own side (traffic_direction), after translation. Replies, requests that a
proxy saw and drops for other reasons than policy are set aside and counted.
The report also has the rules that decide about no recorded flow, and the pods
that flows have and the files do not.

A log may be of any length. --shard I/N reads one of N parts of it, and writes
the report as JSON; netsim replay merge puts such reports together, to exactly
what one run would give.

Exit codes
  0 judged   1 with --exit-code: something would change   2 unusable input`

// replayFlags are the flags of replay alone.
type replayFlags struct {
	shard    string
	exitCode bool
	verbose  bool
}

func (c *command) replay() *cobra.Command {
	f := &replayFlags{}
	cmd := &cobra.Command{
		Use:   "replay FLOWS...",
		Short: "Judge recorded flows by the policies, and say what would change",
		Long:  replayHelp,
		Example: `  netsim replay -f manifests/ flows.json.gz
  hubble observe --since 1h -o jsonpb | netsim replay -f overlays/dev -
  netsim replay -f manifests/ flows.json --exit-code -o markdown
  netsim replay -f manifests/ flows.json --shard 1/4 > 1.json
  netsim replay merge 1.json 2.json 3.json 4.json`,
		RunE: func(_ *cobra.Command, args []string) error { return c.runReplay(f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.shard, "shard", "", "read only part `I/N` of the log, and write the report as JSON")
	c.replayOutput(cmd, f)
	c.dns.add(cmd)
	cmd.AddCommand(c.replayMerge())
	return cmd
}

func (c *command) replayOutput(cmd *cobra.Command, f *replayFlags) {
	flags := cmd.Flags()
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit 1 where something would change")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show all rows of every table")
	flags.StringVarP(&c.output, "output", "o", string(render.FormatText), "output format: text, json, yaml, markdown or junit")
}

func (c *command) replayMerge() *cobra.Command {
	f := &replayFlags{}
	cmd := &cobra.Command{
		Use:     "merge REPORT...",
		Short:   "Put the reports of parts of a log together",
		Example: `  netsim replay merge 1.json 2.json 3.json 4.json`,
		RunE:    func(_ *cobra.Command, args []string) error { return c.runReplayMerge(f, args) },
	}
	c.replayOutput(cmd, f)
	return cmd
}

func (c *command) runReplay(f *replayFlags, args []string) error {
	format, err := render.ParseReplayFormat(c.output)
	if err != nil {
		return err
	}
	shard, err := parseShard(f.shard)
	if err != nil {
		return err
	}
	if f.shard != "" {
		format = render.FormatJSON
	}
	if len(args) == 0 {
		return errors.New("no flows: name a file of recorded flows, as in: netsim replay -f manifests/ flows.json")
	}
	if stdins(c.files)+stdins(args) > 1 {
		return errors.New("-f - and - both read stdin: give one of them a file")
	}
	s, err := c.load()
	if err != nil {
		return err
	}
	judge := replay.NewJudge(s)
	r := replaying{command: c, judge: judge, shard: shard, progress: c.logProgress(args)}
	defer r.progress.clear()
	for _, name := range args {
		if err := r.read(name); err != nil {
			return err
		}
	}
	r.progress.clear()
	return c.finishReplay(judge.Report(r.counters, shard.String(), r.broken), f, format)
}

func (c *command) finishReplay(report *replay.Report, f *replayFlags, format render.Format) error {
	if f.exitCode && report.Changes() {
		c.code = exitIssues
	}
	return render.Replay(c.stdout, report, format, c.textOptions(f.verbose))
}

func stdins(names []string) int {
	count := 0
	for _, name := range names {
		if name == "-" {
			count++
		}
	}
	return count
}

// parseShard reads I/N; "" is the whole log.
func parseShard(text string) (replay.Shard, error) {
	if text == "" {
		return replay.Shard{}, nil
	}
	index, count, _ := strings.Cut(text, "/")
	i, err := strconv.ParseInt(index, 10, 32)
	n, errToo := strconv.ParseInt(count, 10, 32)
	if err != nil || errToo != nil || i < 1 || i > n {
		return replay.Shard{}, fmt.Errorf("--shard %q: want I/N, with I from 1 to N, as in --shard 1/4", text)
	}
	return replay.Shard{Index: i, Count: n}, nil
}

// replaying is one run over some logs.
type replaying struct {
	*command
	judge    *replay.Judge
	shard    replay.Shard
	progress *logProgress
	counters []*replay.Counter
	broken   []string
}

// read reads one log, or all those in a sysdump.
func (r *replaying) read(name string) error {
	shown := filepath.ToSlash(name)
	switch {
	case name == "-":
		return r.log("<stdin>", r.stdin)
	case sysdump.IsArchive(name):
		return r.dump(name, shown)
	}
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("cannot read the flows: %w", err)
	}
	defer file.Close()
	return r.log(shown, r.progress.reading(file))
}

// dump reads the logs in a sysdump.
func (r *replaying) dump(name, shown string) error {
	logs := 0
	err := sysdump.Flows(name, func(member string, flows io.Reader) error {
		logs++
		return r.log(shown+"/"+member, flows)
	})
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, errStrict):
		return err
	case err != nil:
		return r.breaksOff(shown, err)
	case logs == 0:
		return fmt.Errorf("%s holds no recorded flows: cilium sysdump writes them as hubble-flows-*.json where Hubble is on", shown)
	}
	return nil
}

func (r *replaying) log(shown string, flows io.Reader) error {
	takers := make([]hubble.Taker, runtime.GOMAXPROCS(0))
	for i := range takers {
		counter := r.judge.NewCounter(shown)
		r.counters = append(r.counters, counter)
		takers[i] = counter
	}
	err := hubble.Read(flows, takers, hubble.Options{Wanted: r.shard.Wants, Progress: r.progress.lines})
	if err != nil {
		return r.breaksOff(shown, err)
	}
	return nil
}

var errStrict = errors.New("--strict")

// breaksOff notes a log that ends before its end: what came before has been
// judged.
func (r *replaying) breaksOff(shown string, err error) error {
	r.broken = append(r.broken, fmt.Sprintf("%s: %s", shown, strings.ReplaceAll(err.Error(), "\n", "; ")))
	if r.strict {
		return fmt.Errorf("%w: %s: %w", errStrict, shown, err)
	}
	return nil
}

func (c *command) runReplayMerge(f *replayFlags, args []string) error {
	format, err := render.ParseReplayFormat(c.output)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return errors.New("no reports: name those that netsim replay --shard wrote, as in: netsim replay merge 1.json 2.json")
	}
	var reports []*replay.Report
	for _, name := range args {
		data, err := c.readReport(name)
		if err != nil {
			return err
		}
		report, err := replay.Parse(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
		if err != nil {
			return fmt.Errorf("%s %w", name, err)
		}
		reports = append(reports, report)
	}
	merged, err := replay.Merge(reports)
	if err != nil {
		return err
	}
	return c.finishReplay(merged, f, format)
}

func (c *command) readReport(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.stdin)
	}
	return os.ReadFile(name)
}
