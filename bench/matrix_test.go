package bench

import (
	"math/bits"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// fivePorts are those that whole matrices are measured with.
func fivePorts() []engine.PortNumber {
	return []engine.PortNumber{
		{Number: 53, Protocol: model.UDP}, {Number: 80, Protocol: model.TCP}, {Number: 443, Protocol: model.TCP},
		{Number: 8000, Protocol: model.TCP}, {Number: 8080, Protocol: model.TCP},
	}
}

// byShape runs a benchmark on whole clusters, with what makes an Engine of each.
func byShape(b *testing.B, run func(*testing.B, func() *engine.Engine)) {
	for _, shape := range Shapes() {
		b.Run(shape.String(), func(b *testing.B) {
			if testing.Short() && shape.Pods > 10_000 {
				b.Skip("takes minutes")
			}
			cluster, issues := manifest.Load(manifests(generated(b, shape)))
			s, err := sim.New(cluster, issues, sim.Options{})
			require.NoError(b, err)
			b.ReportAllocs()
			run(b, func() *engine.Engine {
				e, _ := engine.New(model.NewIndex(cluster), s.Datapath())
				return e
			})
		})
	}
}

// BenchmarkCompile is what comes before the first row of a matrix.
func BenchmarkCompile(b *testing.B) {
	byShape(b, func(b *testing.B, fresh func() *engine.Engine) {
		for b.Loop() {
			b.StopTimer()
			e := fresh()
			b.StartTimer()
			e.Compiled()
		}
	})
}

// BenchmarkMatrix is the rest: all pairs of identities on five ports.
func BenchmarkMatrix(b *testing.B) {
	byShape(b, func(b *testing.B, fresh func() *engine.Engine) {
		c := fresh().Compiled()
		var allowed, ask atomic.Int64
		for b.Loop() {
			allowed.Store(0)
			ask.Store(0)
			c.Rows(fivePorts(), func(r engine.Row) {
				for _, port := range r.Ports {
					allowed.Add(int64(len(r.Sources) * ones(port.Allowed)))
					ask.Add(int64(len(r.Sources) * ones(port.Ask)))
				}
			})
		}
		b.ReportMetric(float64(allowed.Load()), "allowed")
		b.ReportMetric(float64(ask.Load()), "asked")
	})
}

func ones(words []uint64) int {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}

// BenchmarkVerdictWarm is one verdict without reasons about a pair that was
// asked about before.
func BenchmarkVerdictWarm(b *testing.B) {
	bySize(b, func(b *testing.B, c *Cluster) {
		s := simulated(b, c)
		pods := s.Cluster().Pods
		from, to := pods[len(pods)/3], pods[2*len(pods)/3]
		s.Verdict(from, to, 8080, model.TCP)
		for b.Loop() {
			s.Verdict(from, to, 8080, model.TCP)
		}
	})
}

// BenchmarkMatrixOfWorkloads is the matrix that people ask for: every workload
// against every Service, through whatever translates.
func BenchmarkMatrixOfWorkloads(b *testing.B) {
	bySize(b, func(b *testing.B, c *Cluster) {
		s, cells := simulated(b, c), 0
		for b.Loop() {
			m, err := s.Matrix(sim.MatrixOptions{})
			require.NoError(b, err)
			cells = 0
			for row := range m.Rows() {
				cells += len(row.Cells)
			}
		}
		b.ReportMetric(float64(cells), "cells")
	})
}
