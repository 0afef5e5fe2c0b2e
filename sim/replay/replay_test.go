package replay_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/bench"
	"github.com/netsim-dev/netsim/load/hubble"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/replay"
)

// generated is a Judge of a generated cluster, and a log of its flows with some
// lines that are none.
func generated(t *testing.T, records int) (*sim.Sim, *replay.Judge, []byte) {
	t.Helper()
	c, err := bench.Generate(bench.Shape{Pods: 200, Identities: 40, Policies: 60, Seed: 1})
	require.NoError(t, err)
	dir := t.TempDir()
	for _, f := range c.Files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600))
	}
	t.Chdir(dir)
	cluster, issues, err := sim.Load([]string{"."}, nil)
	require.NoError(t, err)
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	var log bytes.Buffer
	for seed := range uint64(3) {
		_, err = bench.FlowLog{Cluster: c, Records: records / 3, Seed: seed}.WriteTo(&log)
		require.NoError(t, err)
		log.WriteString("no flow\n{\"lost_events\":{\"num_events_lost\":\"3\"}}\n")
	}
	return s, replay.NewJudge(s), log.Bytes()
}

// run reads a shard of a log with so many counters.
func run(t *testing.T, judge *replay.Judge, log []byte, shard replay.Shard, workers int) *replay.Report {
	t.Helper()
	var counters []*replay.Counter
	var takers []hubble.Taker
	for range workers {
		counters = append(counters, judge.NewCounter("flows.json"))
		takers = append(takers, counters[len(counters)-1])
	}
	require.NoError(t, hubble.Read(bytes.NewReader(log), takers, hubble.Options{Wanted: shard.Wants}))
	return judge.Report(counters, shard.String(), nil)
}

func text(t *testing.T, r *replay.Report) string {
	t.Helper()
	out, err := json.MarshalIndent(r, "", " ")
	require.NoError(t, err)
	return string(out)
}

func TestShardsMergeToTheWhole(t *testing.T) {
	s, judge, log := generated(t, 9000)
	whole := run(t, judge, log, replay.Shard{}, 1)
	require.NotZero(t, whole.WouldDrop.Records)
	require.NotZero(t, whole.WouldPass.Records)
	require.NotZero(t, whole.Undetermined.Records)
	require.NotZero(t, whole.Agrees.Records)
	require.NotEmpty(t, whole.Absent.Ends)
	require.EqualValues(t, 3, whole.Unread)
	require.EqualValues(t, 9, whole.Lost)

	assert.Equal(t, text(t, whole), text(t, run(t, replay.NewJudge(s), log, replay.Shard{}, 4)), "on several processors")
	var shards []*replay.Report
	for i := range int64(4) {
		written := text(t, run(t, replay.NewJudge(s), log, replay.Shard{Index: 4 - i, Count: 4}, 2))
		shard, err := replay.Parse([]byte(written))
		require.NoError(t, err)
		shards = append(shards, shard)
	}
	merged, err := replay.Merge(shards)
	require.NoError(t, err)
	assert.Equal(t, text(t, whole), text(t, merged))

	some, err := replay.Merge(shards[:3])
	require.NoError(t, err)
	assert.Equal(t, []string{"2/4", "3/4", "4/4"}, some.Shards)
	_, err = replay.Merge([]*replay.Report{shards[0], shards[0]})
	assert.EqualError(t, err, "shard 4/4 is there twice")
}

func TestEveryRecordCounts(t *testing.T) {
	_, judge, log := generated(t, 3000)
	r := run(t, judge, log, replay.Shard{}, 2)
	records := r.Judged.Records + r.Unread
	for _, a := range r.Aside {
		records += a.Records
	}
	assert.EqualValues(t, bytes.Count(log, []byte("\n")), records)
	groups := uint64(0)
	for _, c := range []replay.Class{r.WouldDrop, r.WouldPass, r.Undetermined, r.Agrees} {
		for _, g := range c.Groups {
			groups += g.Records
		}
	}
	assert.Equal(t, r.Judged.Records, groups)
	assert.Equal(t, r.Coverage.Rules, len(r.Coverage.Used)+len(r.Coverage.Unused))
}

// TestEqualKeysRuleAlike: what is remembered of one packet holds for all with its
// key, and is what the policies say.
func TestEqualKeysRuleAlike(t *testing.T) {
	s, _, _ := generated(t, 3)
	index := model.NewIndex(s.Cluster())
	seen := map[sim.PointKey]sim.Ruling{}
	same, verdicts := 0, map[model.Verdict]int{}
	parties := []model.Party{
		{Kind: model.PartyAddress, Addr: netip.MustParseAddr("203.0.113.9")},
		{Kind: model.PartyAddress, Addr: netip.MustParseAddr("198.51.100.7")},
		{Kind: model.PartyAddress, Addr: netip.MustParseAddr("10.1.2.3")},
		index.NodeParty(s.Cluster().Nodes[0], false),
	}
	for i, p := range s.Cluster().Pods {
		if i%3 == 0 && !p.HostNetwork {
			parties = append(parties, index.PodParty(p, false))
		}
	}
	for _, from := range parties {
		for _, to := range parties {
			for _, d := range []model.Direction{model.Egress, model.Ingress} {
				p := sim.Point{Direction: d, Packet: model.Packet{Source: from, Destination: to, Protocol: model.TCP, Port: 8010}}
				ruling := s.Rule(p)
				known, is := seen[s.PointKey(p)]
				if is {
					same++
					assert.Equal(t, known, ruling, "%v to %v", from, to)
				}
				seen[s.PointKey(p)] = ruling
				verdicts[ruling.Verdict]++
			}
		}
	}
	assert.Greater(t, same, len(seen)/2)
	assert.NotZero(t, verdicts[model.Allowed])
	assert.NotZero(t, verdicts[model.Denied])
}
