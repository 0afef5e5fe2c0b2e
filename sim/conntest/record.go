package conntest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Baseline is what Record found.
type Baseline struct {
	// Counts are how many connections have each verdict.
	Counts map[sim.Verdict]int
	// Groups are the cases: each connection is in one of them.
	Groups []Group
	// Issues are those of the manifests.
	Issues []model.Issue
}

// Tally says how many connections have which verdict.
func (b *Baseline) Tally() string {
	sum, pieces := 0, []string{}
	for _, v := range openFirst {
		if n := b.Counts[v]; n > 0 {
			sum += n
			pieces = append(pieces, fmt.Sprintf("%d %s", n, v))
		}
	}
	return fmt.Sprintf("%d connections (%s)", sum, strings.Join(pieces, ", "))
}

// Group is a case as a document lists several at once: each of From reaches each
// of To as Want says.
type Group struct {
	From    References  `json:"from"`
	To      References  `json:"to"`
	Want    sim.Verdict `json:"want"`
	Because string      `json:"because,omitempty"`
}

// openFirst is the order of a recorded document's cases for one source.
var openFirst = []sim.Verdict{sim.Allowed, sim.Mixed, sim.Denied, sim.Undetermined}

// References are written as a list, or as a text where there is one.
type References []string

// MarshalJSON gives the text or the list.
func (r References) MarshalJSON() ([]byte, error) {
	if len(r) == 1 {
		return json.Marshal(r[0])
	}
	return json.Marshal([]string(r))
}

// Record asks about all connections that t.Recorded means and gives what t.Cases
// have to be for Run to pass, as long as nothing changes. A denied connection has
// the policy that denies it as its reason, where one alone does: those that allow
// one may be rewritten, and nothing has changed. The manifests are loaded as Run
// does it. Progress, unless it is nil, is told how much is done.
//
// A Test has one want for a case under all of its datapaths, so that it is an
// error for it to have several here.
func (t *Test) Record(opt Options, progress func(done, all int)) (*Baseline, error) {
	s, err := t.simulated(opt)
	if err != nil {
		return nil, err
	}
	found, err := newSurvey(s, t.Recorded, progress)
	if err != nil {
		return nil, err
	}
	r := &recorder{survey: found, ids: map[cell]uint32{}, rows: map[string]int{}, counts: map[sim.Verdict]int{}}
	for i := range found.matrix.Sources {
		r.add(i)
	}
	return &Baseline{Counts: r.counts, Groups: r.groups(), Issues: s.Issues()}, nil
}

// simulated is the Sim of the one datapath.
func (t *Test) simulated(opt Options) (*sim.Sim, error) {
	cluster, loaded, issues := t.load(opt)
	answers, more := t.dns(opt)
	for _, issue := range append(issues, more...) {
		return nil, errors.New(issue.Message + ": " + issue.Remedy)
	}
	datapaths := t.datapaths(opt)
	if len(datapaths) > 1 {
		return nil, errors.New("datapaths: there are several, and a connection may have another verdict under each: record a file for each of them")
	}
	return opt.simulate(cluster, loaded, datapaths[0], answers)
}

// recorder gathers sources whose cells are all equal. A row is kept once for
// them, as the numbers of its cells.
type recorder struct {
	*survey
	ids    map[cell]uint32
	cells  []cell
	rows   map[string]int
	alike  []alike
	counts map[sim.Verdict]int
}

// alike are sources with one row.
type alike struct {
	row     string
	sources References
}

const bytesPerCell = 4

func (r *recorder) add(source int) {
	var text []byte
	for _, c := range r.cellsOf[source] {
		r.counts[c.verdict]++
		text = binary.BigEndian.AppendUint32(text, r.number(c))
	}
	at, known := r.rows[string(text)]
	if !known {
		at = len(r.alike)
		r.rows[string(text)] = at
		r.alike = append(r.alike, alike{row: string(text)})
	}
	r.alike[at].sources = append(r.alike[at].sources, r.matrix.Sources[source].Ref)
}

func (r *recorder) number(c cell) uint32 {
	id, known := r.ids[c]
	if !known {
		id = uint32(len(r.cells))
		r.ids[c] = id
		r.cells = append(r.cells, c)
	}
	return id
}

// groups lists for each row what is open first, and what is not known last.
func (r *recorder) groups() []Group {
	var all []Group
	for _, a := range r.alike {
		to := map[uint32]References{}
		var ids []uint32
		for i, d := range r.matrix.Destinations {
			id := binary.BigEndian.Uint32([]byte(a.row[i*bytesPerCell:]))
			if to[id] == nil {
				ids = append(ids, id)
			}
			to[id] = append(to[id], d.Ref)
		}
		slices.SortStableFunc(ids, func(x, y uint32) int {
			return slices.Index(openFirst, r.cells[x].verdict) - slices.Index(openFirst, r.cells[y].verdict)
		})
		for _, id := range ids {
			all = append(all, Group{From: a.sources, To: to[id], Want: r.cells[id].verdict, Because: r.cells[id].because})
		}
	}
	return all
}
