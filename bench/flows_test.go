package bench

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load/hubble"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/replay"
)

// BenchmarkReplay is from the text of a log to a report. One round is 100,000
// records.
func BenchmarkReplay(b *testing.B) {
	const records = 100_000
	c := generated(b, Shape{Pods: 1_000, Identities: 100, Policies: 200, Seed: 1})
	var log bytes.Buffer
	_, err := FlowLog{Cluster: c, Records: records, Seed: 1}.WriteTo(&log)
	require.NoError(b, err)
	cluster, issues := manifest.Load(manifests(c))
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(b, err)
	judge := replay.NewJudge(s)
	b.SetBytes(int64(log.Len()))
	b.ReportAllocs()
	for b.Loop() {
		var counters []*replay.Counter
		var takers []hubble.Taker
		for range runtime.GOMAXPROCS(0) {
			counters = append(counters, judge.NewCounter("flows.json"))
			takers = append(takers, counters[len(counters)-1])
		}
		require.NoError(b, hubble.Read(bytes.NewReader(log.Bytes()), takers, hubble.Options{}))
		report := judge.Report(counters, "", nil)
		require.Zero(b, report.Unread)
		require.NotZero(b, report.Agrees.Records)
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
