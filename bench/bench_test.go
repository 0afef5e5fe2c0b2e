package bench

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/sim"
)

// bySize runs a benchmark on clusters of each size.
func bySize(b *testing.B, run func(*testing.B, *Cluster)) {
	for _, pods := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("pods=%d", pods), func(b *testing.B) {
			c := generated(b, Shape{Pods: pods, Seed: 1})
			b.ReportAllocs()
			run(b, c)
		})
	}
}

// BenchmarkLoad is from YAML to a filled-in cluster.
func BenchmarkLoad(b *testing.B) {
	bySize(b, func(b *testing.B, c *Cluster) {
		files := manifests(c)
		b.SetBytes(int64(size(c)))
		for b.Loop() {
			manifest.Load(files)
		}
	})
}

// BenchmarkDecodeAlone is what BenchmarkLoad is held against: each document
// decoded with sigs.k8s.io/yaml and no more, on one core and on all.
func BenchmarkDecodeAlone(b *testing.B) {
	bySize(b, func(b *testing.B, c *Cluster) {
		for _, cores := range []int{1, runtime.GOMAXPROCS(0)} {
			b.Run(fmt.Sprintf("cores=%d", cores), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(size(c)))
				for b.Loop() {
					require.NoError(b, decode(c.Files, cores))
				}
			})
		}
	})
}

// decode splits each file and decodes its documents, with so many workers.
func decode(files []File, workers int) error {
	queue := make(chan File, len(files))
	for _, f := range files {
		queue <- f
	}
	close(queue)
	failed := make([]error, workers)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			for f := range queue {
				failed[i] = errors.Join(failed[i], decodeFile(f))
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

func decodeFile(f File) error {
	for _, document := range bytes.Split(f.Data, []byte("---\n")) {
		var into map[string]any
		if err := yaml.Unmarshal(document, &into); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkNew is from a cluster to a Sim: every policy is read.
func BenchmarkNew(b *testing.B) {
	bySize(b, func(b *testing.B, c *Cluster) {
		cluster, issues := manifest.Load(manifests(c))
		for b.Loop() {
			_, err := sim.New(cluster, issues, sim.Options{})
			require.NoError(b, err)
		}
	})
}

// BenchmarkEngine is nearly all of that, for whole clusters.
func BenchmarkEngine(b *testing.B) {
	byShape(b, func(b *testing.B, fresh func() *engine.Engine) {
		for b.Loop() {
			fresh()
		}
	})
}

// BenchmarkQueryFirst asks about workloads that nothing was asked about
// before: their policies are computed. Where they run out, a new Sim is made,
// which is not counted, nor is its first query, which fills the repository.
func BenchmarkQueryFirst(b *testing.B) {
	bySize(b, func(b *testing.B, c *Cluster) {
		const crowds = 2 // they come first, and are another benchmark's
		fresh := func() *sim.Sim {
			s := simulated(b, c)
			query(b, s, c.Workloads[0], c.Services[0])
			return s
		}
		s, next := fresh(), crowds
		for b.Loop() {
			if next+1 >= len(c.Workloads) {
				b.StopTimer()
				s, next = fresh(), crowds
				b.StartTimer()
			}
			query(b, s, c.Workloads[next], c.Services[next+1])
			next += 2
		}
	})
}

// BenchmarkQueryRepeated asks what has been asked before.
func BenchmarkQueryRepeated(b *testing.B) {
	bySize(b, func(b *testing.B, c *Cluster) {
		s := simulated(b, c)
		from, to := c.Workloads[2], c.Services[3]
		query(b, s, from, to)
		for b.Loop() {
			query(b, s, from, to)
		}
	})
}

// BenchmarkQueryCrowd asks about a source of many pods and a Service with as
// many backends.
func BenchmarkQueryCrowd(b *testing.B) {
	bySize(b, func(b *testing.B, c *Cluster) {
		s, paths := simulated(b, c), 0
		query(b, s, c.Workloads[0], c.Services[1])
		for b.Loop() {
			paths = len(query(b, s, c.Workloads[0], c.Services[1]).Paths)
		}
		b.ReportMetric(float64(paths), "paths")
	})
}

// BenchmarkExample is all that one run of the command does on the example, but
// for the start of the process.
func BenchmarkExample(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		cluster, issues, err := sim.Load([]string{"../examples/kind-argocd"}, nil)
		require.NoError(b, err)
		s, err := sim.New(cluster, issues, sim.Options{})
		require.NoError(b, err)
		query(b, s, "azure-auth-gateway/deploy/azure-auth-gateway-nginx", "nginx-gateway/svc/nginx-gateway:443")
	}
}

// size is that of a cluster's files in bytes.
func size(c *Cluster) int {
	sum := 0
	for _, f := range c.Files {
		sum += len(f.Data)
	}
	return sum
}

func query(b *testing.B, s *sim.Sim, from, to string) *sim.Answer {
	b.Helper()
	answer, err := s.Query(sim.Query{From: from, To: to})
	require.NoError(b, err)
	return answer
}
