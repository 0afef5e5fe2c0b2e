package conntest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// survey is all that a recorded document is about, as a Matrix finds it: without
// explaining each connection.
type survey struct {
	matrix *sim.Matrix
	// cellsOf has a row for each source.
	cellsOf               [][]cell
	sources, destinations map[string]int
}

// cell is what is recorded of a connection.
type cell struct {
	verdict sim.Verdict
	because string
}

// newSurvey asks about what is recorded, about all connections where that is nil.
func newSurvey(s *sim.Sim, of *Recorded, progress func(done, all int)) (*survey, error) {
	if of == nil {
		of = &Recorded{}
	}
	m, err := s.Matrix(sim.MatrixOptions{From: of.From, To: of.To, Ports: of.Ports, Pods: of.Pods})
	if err != nil {
		return nil, err
	}
	if all := len(m.Sources) * len(m.Destinations); all > MostConnections {
		return nil, fmt.Errorf("these are %d connections, and a test takes %d: narrow them by --from or --to, and record several files", all, MostConnections)
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	found := &survey{matrix: m, sources: map[string]int{}, destinations: map[string]int{}}
	m.Progress = func(done, all int) { progress(done, 2*all) } // the second half is the reasons
	for row := range m.Rows() {
		cells := make([]cell, len(row.Cells))
		for i, o := range row.Cells {
			cells[i].verdict = o.Verdict
		}
		found.sources[row.Source.Ref] = len(found.cellsOf)
		found.cellsOf = append(found.cellsOf, cells)
	}
	for i, d := range m.Destinations {
		found.destinations[d.Ref] = i
	}
	found.findReasons(progress)
	return found, nil
}

// findReasons names the policies that deny connections by themselves, destination
// by destination, as the ways to one are kept no longer than that.
func (f *survey) findReasons(progress func(done, all int)) {
	var lock sync.Mutex
	var workers sync.WaitGroup
	next, done, all := make(chan int), 0, len(f.matrix.Destinations)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for to := range next {
				f.findReasonsAt(to)
				lock.Lock()
				done++
				progress(all+done, 2*all)
				lock.Unlock()
			}
		})
	}
	for to := range f.matrix.Destinations {
		next <- to
	}
	close(next)
	workers.Wait()
}

func (f *survey) findReasonsAt(to int) {
	var denied []*sim.MatrixSource
	var at []*cell
	for i, cells := range f.cellsOf {
		if cells[to].verdict == sim.Denied {
			denied, at = append(denied, &f.matrix.Sources[i]), append(at, &cells[to])
		}
	}
	for i, by := range f.matrix.Denying(&f.matrix.Destinations[to], denied) {
		at[i].because = onlyPolicy(by)
	}
}

// onlyPolicy is the one that all rules are of, as Because names it, "" where they
// are of several or there are none.
func onlyPolicy(by []model.Origin) string {
	only := ""
	for _, o := range by {
		name := strings.Join(slices.DeleteFunc([]string{o.Kind, o.Namespace, o.Name}, func(part string) bool { return part == "" }), "/")
		if only != "" && name != only {
			return ""
		}
		only = name
	}
	return only
}

// passes says whether a case is as it was recorded. Where it is not, or asks for
// more than a Matrix does, Judge tells.
func (f *survey) passes(c Case) bool {
	if f == nil || len(c.Chain)+len(c.Headers) > 0 || c.Port+c.Via+c.HTTP+c.DNSName+c.SNI != "" {
		return false
	}
	from, known := f.sources[c.From]
	to, knownToo := f.destinations[c.To]
	if !known || !knownToo {
		return false
	}
	found := f.cellsOf[from][to]
	return found.verdict == c.Want && (c.Because == "" || c.Because == found.because)
}
