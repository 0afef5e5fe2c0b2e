package main

import (
	"encoding/json"

	"github.com/netsim-dev/netsim/sim/replay"
)

// summary is the report of one part of the logs, or of several.
type summary struct{ Report *replay.Report }

// encode gives a summary as netsim replay --shard would write it.
func encode(s summary) ([]byte, error) { return json.Marshal(s.Report) }

func decode(text []byte) (summary, error) {
	r, err := replay.Parse(text)
	return summary{r}, err
}

// mergeFn puts summaries together. In which order, and how many at a time, is all
// the same: replay.Merge is exact, also where a report has lost details because
// its groups are too many.
type mergeFn struct{}

// MergeAccumulators merges two summaries. The error is for those that were judged
// by different manifests.
func (*mergeFn) MergeAccumulators(a, b summary) (summary, error) {
	r, err := replay.Merge([]*replay.Report{a.Report, b.Report})
	return summary{r}, err
}
