package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/bench"
	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/load/hubble"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/replay"
)

func TestMain(m *testing.M) {
	flag.Parse()
	registerTypes()
	beam.Init()
	os.Exit(m.Run())
}

// generated puts the manifests of a generated cluster under manifests/ of the
// working directory.
func generated(t *testing.T) *bench.Cluster {
	t.Helper()
	c, err := bench.Generate(bench.Shape{Pods: 200, Identities: 40, Policies: 60, Seed: 1})
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	for _, f := range c.Files {
		write(t, filepath.Join("manifests", f.Name), f.Data)
	}
	return c
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, os.WriteFile(name, data, 0o600))
}

func flowLog(t *testing.T, c *bench.Cluster, records int, seed uint64) []byte {
	t.Helper()
	var log bytes.Buffer
	_, err := bench.FlowLog{Cluster: c, Records: records, Seed: seed}.WriteTo(&log)
	require.NoError(t, err)
	return log.Bytes()
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// logs are files of all kinds: their names sort as one run of netsim replay reads
// them.
func logs(t *testing.T, c *bench.Cluster) {
	t.Helper()
	malformed := "no flow\n{\"lost_events\":{\"num_events_lost\":\"3\"}}\n\n{\"verdict\":\n"
	write(t, "flows/1.json", append(flowLog(t, c, 5000, 1), malformed...))
	write(t, "flows/2.json.gz", zipped(t, append(flowLog(t, c, 9000, 2), malformed...)))
	write(t, "flows/3.json", nil)
	write(t, "flows/4.json", flowLog(t, c, 1500, 3))
	long := append(bytes.Repeat([]byte("x"), hubble.MaxLine+hubble.MaxLine/2), '\n')
	write(t, "flows/5.json", append(append(long, flowLog(t, c, 100, 4)...), "the last, without a newline"...))
	cut := zipped(t, flowLog(t, c, 3000, 5))
	write(t, "flows/6.json.gz", cut[:len(cut)/2])
}

// oneRun is the report that netsim replay writes of the logs, or of a part.
func oneRun(t *testing.T, shard replay.Shard) *replay.Report {
	t.Helper()
	cluster, issues, err := sim.Load([]string{"manifests"}, nil)
	require.NoError(t, err)
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	judge := replay.NewJudge(s)
	names, err := filepath.Glob("flows/*")
	require.NoError(t, err)
	var counters []*replay.Counter
	var broken []string
	for _, name := range names {
		name = filepath.ToSlash(name)
		file, err := os.Open(name)
		require.NoError(t, err)
		counter := judge.NewCounter(name)
		counters = append(counters, counter)
		if err := hubble.Read(file, []hubble.Taker{counter}, hubble.Options{Wanted: shard.Wants}); err != nil {
			broken = append(broken, name+": "+err.Error())
		}
		require.NoError(t, file.Close())
	}
	return judge.Report(counters, shard.String(), broken)
}

func asText(t *testing.T, r *replay.Report) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, render.JSON(&out, r))
	return out.String()
}

// piped is the report that the pipeline writes.
func piped(t *testing.T, o options) string {
	t.Helper()
	o.manifests, o.output = []string{"manifests"}, filepath.Join(t.TempDir(), "report.json")
	require.NoError(t, run(t.Context(), o))
	written, err := os.ReadFile(o.output)
	require.NoError(t, err)
	return string(written)
}

func TestReportIsThatOfOneRun(t *testing.T) {
	logs(t, generated(t))
	whole := oneRun(t, replay.Shard{})
	require.NotZero(t, whole.WouldDrop.Records)
	require.NotZero(t, whole.WouldPass.Records)
	require.NotZero(t, whole.Undetermined.Records)
	require.NotEmpty(t, whole.Absent.Ends)
	require.EqualValues(t, 6, whole.Unread)
	require.EqualValues(t, 6, whole.Lost)
	require.Len(t, whole.Broken, 1)

	var shards []*replay.Report
	for i := range int64(7) {
		shards = append(shards, oneRun(t, replay.Shard{Index: i + 1, Count: 7}))
	}
	merged, err := replay.Merge(shards)
	require.NoError(t, err)
	require.Equal(t, asText(t, whole), asText(t, merged), "of seven shards, merged")

	for _, row := range []struct {
		name  string
		flows []string
		parts int64
	}{
		{"each log at once", []string{"flows/*"}, 1},
		{"each log in three parts", []string{"flows/*"}, 3},
		{"logs by several globs", []string{"flows/[3-6]*", "flows/2.json.gz", "flows/1.json"}, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, asText(t, whole), piped(t, options{flows: row.flows, parts: row.parts}))
		})
	}
}

func TestWhatIsWritten(t *testing.T) {
	c := generated(t)
	for _, row := range []struct {
		name         string
		log          []byte
		unread, lost uint64
	}{
		{"an empty log", nil, 0, 0},
		{"a line that is no flow, and nothing else", []byte("no flow\n"), 1, 0},
		{"lost events", []byte(`{"lost_events":{"num_events_lost":"3"}}`), 0, 3},
		{"flows", flowLog(t, c, 10, 1), 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			require.NoError(t, os.RemoveAll("flows"))
			write(t, "flows/a.json", row.log)
			written := piped(t, options{flows: []string{"flows/a.json"}, parts: 1})
			assert.Equal(t, asText(t, oneRun(t, replay.Shard{})), written)
			r, err := replay.Parse([]byte(written))
			require.NoError(t, err)
			assert.Equal(t, []uint64{row.unread, row.lost}, []uint64{r.Unread, r.Lost})
			again, err := replay.Merge([]*replay.Report{r})
			require.NoError(t, err)
			assert.Equal(t, written, asText(t, again), "netsim replay merge takes it")
		})
	}
}

// TestMergeInAnyOrder, also of reports that have lost details: here each flow is
// between workloads that no other has, so that they are too many to tell.
func TestMergeInAnyOrder(t *testing.T) {
	c := generated(t)
	next := 0
	log := regexp.MustCompile(`app-\d+`).ReplaceAllFunc(flowLog(t, c, 20_000, 1), func([]byte) []byte {
		next++
		return fmt.Appendf(nil, "gone-%d", next)
	})
	log = append(log, flowLog(t, c, 5000, 2)...)
	write(t, "flows/a.json", log)
	whole := oneRun(t, replay.Shard{})
	require.NotZero(t, whole.Undetermined.Detail)
	require.NotZero(t, whole.Absent.Detail)
	require.Zero(t, whole.Agrees.Detail)

	packed, err := pack(options{manifests: []string{"manifests"}})
	require.NoError(t, err)
	judge, err := judgeOf(packed)
	require.NoError(t, err)
	const parts = 9
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 3 {
		var left []summary
		for i := range int64(parts) {
			r, err := part{"flows/a.json", i + 1, parts}.judge(judge, bytes.NewReader(log))
			require.NoError(t, err)
			left = append(left, summary{r})
		}
		for len(left) > 1 {
			random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
			merged, err := (&mergeFn{}).MergeAccumulators(left[0], sent(t, left[1]))
			require.NoError(t, err)
			left = append(left[2:], merged)
		}
		assert.Equal(t, asText(t, whole), asText(t, left[0].Report), "round %d", round)
	}
}

// sent is a summary that comes from another machine.
func sent(t *testing.T, s summary) summary {
	t.Helper()
	text, err := encode(s)
	require.NoError(t, err)
	s, err = decode(text)
	require.NoError(t, err)
	return s
}

func TestReportsByDifferentManifestsDoNotMerge(t *testing.T) {
	generated(t)
	write(t, "others/none.yaml", nil)
	var reports []summary
	for _, path := range []string{"manifests", "others"} {
		packed, err := pack(options{manifests: []string{path}})
		require.NoError(t, err)
		judge, err := judgeOf(packed)
		require.NoError(t, err)
		r, err := part{"a.json", 1, 1}.judge(judge, strings.NewReader(""))
		require.NoError(t, err)
		reports = append(reports, summary{r})
	}
	_, err := (&mergeFn{}).MergeAccumulators(reports[0], reports[1])
	assert.ErrorContains(t, err, "different files")
}

// TestAFailingDiskIsNoEndOfALog: the first is an error, and the second stands in
// the report.
func TestAFailingDiskIsNoEndOfALog(t *testing.T) {
	c := generated(t)
	packed, err := pack(options{manifests: []string{"manifests"}})
	require.NoError(t, err)
	judge, err := judgeOf(packed)
	require.NoError(t, err)
	whole := zipped(t, flowLog(t, c, 1000, 1))
	half := whole[:len(whole)/2]

	_, err = part{"a.json.gz", 1, 1}.judge(judge, io.MultiReader(bytes.NewReader(half), failing{}))
	assert.EqualError(t, err, "cannot read the flows of a.json.gz to their end: the disk fails")
	r, err := part{"a.json.gz", 1, 1}.judge(judge, bytes.NewReader(half))
	require.NoError(t, err)
	require.Len(t, r.Broken, 1)
	assert.Contains(t, r.Broken[0], "a.json.gz: the log breaks off after line ")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk fails") }

func TestOneJudgeInAProcess(t *testing.T) {
	generated(t)
	packed, err := pack(options{manifests: []string{"manifests"}})
	require.NoError(t, err)
	a, b := &judgeFn{Basis: packed}, &judgeFn{Basis: bytes.Clone(packed)}
	require.NoError(t, a.Setup())
	require.NoError(t, b.Setup())
	assert.Same(t, a.judge, b.judge)
}

func TestWhatCannotRun(t *testing.T) {
	generated(t)
	write(t, "kyverno.yaml", []byte("apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: deny}\n"))
	for _, row := range []struct{ name, args, want string }{
		{"without manifests", "--output r.json a.json", "no files: name manifests with -f, as in: -f manifests/"},
		{"without an output", "-f manifests a.json", "no output: name the file of the report, as in: --output report.json"},
		{"without flows", "-f manifests --output r.json", "no flows: name files of recorded flows behind all flags, as in: 'flows/*.json.gz'"},
		{"in no parts", "-f manifests --output r.json --parts 0 a.json", "--parts 0: want 1 or more"},
		{"with flags at the end", "-f manifests a.json --output r.json", "no output: name the file of the report, as in: --output report.json"},
		{"with more flags at the end", "-f manifests --output r.json a.json --parts 2", "--parts stands behind the flows: flags come before them, and flows are files"},
		{"without a file system", "-f manifests --output r.json tape://a.json", `file system scheme "tape" not registered for "tape://a.json"`},
		{"without those manifests", "-f gone --output r.json a.json", "gone"},
		{"with a datapath that nobody knows", "-f manifests --datapath gone --output r.json a.json", "gone"},
		{"with Kyverno's policies", "-f kyverno.yaml --output r.json a.json", "kyverno.yaml:1: ClusterPolicy deny may make or change policies, and Kyverno is not run here"},
		{"where no file matches", "-f manifests --output r.json gone/*.json", `no files matching pattern "gone/*.json"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			flags := flag.NewFlagSet("", flag.ContinueOnError)
			o := optionsOf(flags)
			require.NoError(t, flags.Parse(strings.Fields(row.args)))
			o.flows = flags.Args()
			assert.ErrorContains(t, run(t.Context(), *o), row.want)
		})
	}
}

func TestSettings(t *testing.T) {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	o := optionsOf(flags)
	require.NoError(t, flags.Parse([]string{"-f", "a", "-f", "b", "--set", "x=y=z"}))
	assert.Equal(t, []string{"a", "b"}, o.manifests)
	assert.Equal(t, map[string]string{"x": "y=z"}, o.set)
	assert.ErrorContains(t, flags.Parse([]string{"--set", "x"}), "want KEY=VALUE")
}

// TestBasisTravels in the JSON of a DoFn, as Beam sends it to workers.
func TestBasisTravels(t *testing.T) {
	generated(t)
	packed, err := pack(options{manifests: []string{"manifests"}, set: map[string]string{"routingMode": "native"}})
	require.NoError(t, err)
	sent, err := json.Marshal(&judgeFn{Basis: packed})
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll("manifests"))
	var there judgeFn
	require.NoError(t, json.Unmarshal(sent, &there))
	require.NoError(t, there.Setup())
	r, err := part{"a.json", 1, 1}.judge(there.judge, strings.NewReader(""))
	require.NoError(t, err)
	assert.NotZero(t, r.Coverage.Rules)
	assert.Equal(t, "native", r.Datapath.RoutingMode)
}
