package sim

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// MatrixOptions choose what a Matrix asks about.
type MatrixOptions struct {
	// From and To narrow the sources and destinations: a namespace ("dev"), a
	// reference without a port ("dev/deploy/frontend"), labels of pods
	// ("app=web", "dev/app in (web, api)"), "node" or "world". None means all.
	From, To []string
	// Ports are those to ask about ("443", "53/UDP", "ICMP"): every workload,
	// node and the world is then a destination. Without any, the Services with
	// their own ports are, the nodes' kubelets, the API server and the world's
	// port 443.
	Ports []string
	// Pods asks about each pod by itself instead of whole workloads.
	Pods bool
}

// Matrix is every source against every destination. Both are references, so
// that Query tells of any cell why.
type Matrix struct {
	Sources      []MatrixSource
	Destinations []MatrixDestination
	sim          *Sim
}

// MatrixSource is a row of a Matrix.
type MatrixSource struct {
	Ref string `json:"ref"`
	// Namespace is "" for what is in none.
	Namespace string `json:"namespace,omitempty"`
	Pods      int    `json:"pods,omitempty"`

	likes []like
}

// like is a source, and all others that only a destination can tell from it.
type like struct {
	party model.Party
	all   []model.Party
}

// MatrixDestination is a column of a Matrix.
type MatrixDestination struct {
	Ref       string `json:"ref"`
	Namespace string `json:"namespace,omitempty"`

	column *column
}

// MatrixRow is what one source can reach.
type MatrixRow struct {
	Source *MatrixSource
	// Cells has an Outcome for each destination, in the order of the Matrix.
	Cells []Outcome
}

// Matrix prepares the verdicts of all sources and destinations that the options
// leave. The error is a *RefError for a selector that means nothing, or a port
// that cannot be read.
func (s *Sim) Matrix(o MatrixOptions) (*Matrix, error) {
	from, err := s.selectors("--from", o.From)
	if err != nil {
		return nil, err
	}
	to, err := s.selectors("--to", o.To)
	if err != nil {
		return nil, err
	}
	m := &Matrix{sim: s}
	for _, p := range s.participants(o.Pods) {
		if from.mean(p) {
			m.Sources = append(m.Sources, s.matrixSource(p))
		}
	}
	m.Destinations, err = s.matrixDestinations(o, to)
	if err != nil {
		return nil, err
	}
	switch {
	case len(m.Sources) == 0:
		return nil, refErrorf("--from %v means none of the %s: see netsim list", o.From, "workloads, nodes and the world")
	case len(m.Destinations) == 0:
		return nil, refErrorf("--to %v means no destination: see netsim list svc, or name --ports", o.To)
	}
	return m, nil
}

// Rows yields the rows in order. They are computed on all processors, a few
// ahead of the one that is asked for, so that a matrix of any size needs little
// memory.
func (m *Matrix) Rows() iter.Seq[MatrixRow] {
	return func(yield func(MatrixRow) bool) {
		pending := make(chan chan MatrixRow, 2*runtime.GOMAXPROCS(0))
		stop := make(chan struct{})
		defer close(stop)
		go m.compute(pending, stop)
		for row := range pending {
			if !yield(<-row) {
				return
			}
		}
	}
}

// compute puts a promise for each row into pending, which bounds how many are
// worked on at a time.
func (m *Matrix) compute(pending chan<- chan MatrixRow, stop <-chan struct{}) {
	defer close(pending)
	for i := range m.Sources {
		row := make(chan MatrixRow, 1)
		select {
		case pending <- row:
			go func() { row <- m.row(&m.Sources[i]) }()
		case <-stop:
			return
		}
	}
}

func (m *Matrix) row(source *MatrixSource) MatrixRow {
	cells := make([]Outcome, len(m.Destinations))
	for i := range m.Destinations {
		cells[i] = m.Destinations[i].column.fold(source)
	}
	return MatrixRow{source, cells}
}

// fold is the outcome for all pods of a source.
func (c *column) fold(source *MatrixSource) Outcome {
	var folded Outcome
	first := true
	add := func(party model.Party) {
		o := c.outcome(party)
		if first {
			folded, first = o, false
			return
		}
		folded = Outcome{model.Paths(folded.Verdict, o.Verdict), folded.Auth || o.Auth, folded.L7 || o.L7}
	}
	for _, l := range source.likes {
		together := false
		for _, p := range l.all {
			if !c.byAddress && !c.apart[p.Pod] {
				together = true
				continue
			}
			add(p)
		}
		if together {
			add(l.party)
		}
	}
	return folded
}

// A Difference is a cell for which Query gives another verdict.
type Difference struct {
	From, To       string
	Matrix, Answer model.Verdict
}

// Verify asks Query about n cells drawn at random, the same ones for the same
// seed, and returns those where it differs.
func (m *Matrix) Verify(n int, seed uint64) ([]Difference, error) {
	random := rand.New(rand.NewPCG(seed, 0))
	var out []Difference
	for range n {
		from := &m.Sources[random.IntN(len(m.Sources))]
		to := m.Destinations[random.IntN(len(m.Destinations))]
		a, err := m.sim.Query(Query{From: from.Ref, To: to.Ref})
		if err != nil {
			return nil, fmt.Errorf("%s to %s: %w", from.Ref, to.Ref, err)
		}
		if o := to.column.fold(from); o.Verdict != a.Verdict {
			out = append(out, Difference{from.Ref, to.Ref, o.Verdict, a.Verdict})
		}
	}
	return out, nil
}

// participant is what a matrix can have as a source: some pods, a node or the
// world.
type participant struct {
	ref, namespace string
	parties        []model.Party
}

// participants are the workloads and the pods of none, or all pods; the nodes
// and the world.
func (s *Sim) participants(pods bool) []participant {
	var out []participant
	at := map[model.WorkloadRef]int{}
	for _, p := range s.index.Cluster.Pods {
		if p.Finished {
			continue
		}
		party := s.index.PodParty(p, false)
		if pods || WorkloadOf(p) == podRef(p) {
			out = append(out, participant{podRef(p), p.Namespace, []model.Party{party}})
			continue
		}
		i, known := at[*p.Owner]
		if !known {
			i = len(out)
			at[*p.Owner] = i
			out = append(out, participant{WorkloadOf(p), p.Namespace, nil})
		}
		out[i].parties = append(out[i].parties, party)
	}
	slices.SortStableFunc(out, func(a, b participant) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.ref, b.ref))
	})
	for _, n := range s.index.Cluster.Nodes {
		out = append(out, participant{"node/" + n.Name, "", []model.Party{s.index.NodeParty(n, false)}})
	}
	return append(out, participant{"world", "", []model.Party{{Kind: model.PartyWorld}}})
}

// WorkloadOf is the reference of what a pod belongs to ("dev/deploy/web"), its own
// where it belongs to nothing that a reference can name.
func WorkloadOf(p *model.Pod) string {
	if p.Owner == nil || shortKinds()[p.Owner.Kind] == "" {
		return podRef(p)
	}
	return p.Owner.Namespace + "/" + shortKinds()[p.Owner.Kind] + "/" + p.Owner.Name
}

func podRef(p *model.Pod) string { return p.Namespace + "/pod/" + p.Name }

// shortKinds are the kinds of workloads as references name them.
func shortKinds() map[string]string {
	return map[string]string{
		"Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds", "ReplicaSet": "rs",
		"ReplicationController": "rc", "Job": "job", "CronJob": "cj",
	}
}

func (s *Sim) matrixSource(p participant) MatrixSource {
	source := MatrixSource{Ref: p.ref, Namespace: p.namespace}
	if p.parties[0].Pod != nil {
		source.Pods = len(p.parties)
	}
	at := map[likeness]int{}
	for _, party := range p.parties {
		key := s.likenessOf(party)
		i, known := at[key]
		if !known {
			i = len(source.likes)
			at[key] = i
			source.likes = append(source.likes, like{party: party})
		}
		source.likes[i].all = append(source.likes[i].all, party)
	}
	return source
}

// likeness is what policies and datapath know of a source.
type likeness struct {
	side sideKey
	at   sourcePlace
}

func (s *Sim) likenessOf(p model.Party) likeness {
	if p.Pod == nil || len(p.Pod.IPs) == 0 {
		return likeness{side: sideKey{other: p}}
	}
	return likeness{s.sideOf(p), placeOf(p)}
}

func (s *Sim) matrixDestinations(o MatrixOptions, to selectors) ([]MatrixDestination, error) {
	refs := s.usualDestinations()
	if len(o.Ports) > 0 {
		refs = s.destinationsAt(o)
	}
	var out []MatrixDestination
	for _, d := range refs {
		r, err := parseReference(d.ref, "")
		if err != nil {
			return nil, &RefError{"--ports " + err.Error()}
		}
		requests, err := s.destinations(r)
		if err != nil {
			return nil, err
		}
		c := s.newColumn(requests)
		if to.meanDestination(d, c) {
			out = append(out, MatrixDestination{Ref: d.ref, Namespace: d.namespace, column: c})
		}
	}
	return out, nil
}

// kubeletPort is where a node answers the API server.
const kubeletPort = 10250

// usualDestinations are the ports of all Services, the nodes' kubelets, the
// world's port 443, and the API server where no Service leads to it.
func (s *Sim) usualDestinations() []participant {
	var out []participant
	apiServer := s.index.Service("default", "kubernetes") != nil
	for _, svc := range s.index.Cluster.Services {
		for _, p := range svc.Ports {
			out = append(out, participant{fmt.Sprintf("%s/svc/%s:%s", svc.Namespace, svc.Name, portSuffix(p.Port, p.Protocol)), svc.Namespace, nil})
		}
	}
	slices.SortStableFunc(out, func(a, b participant) int { return cmp.Compare(a.namespace, b.namespace) })
	for _, n := range s.index.Cluster.Nodes {
		if n.ControlPlane && !apiServer {
			out = append(out, participant{fmt.Sprintf("node/%s:6443", n.Name), "", nil})
		}
		out = append(out, participant{fmt.Sprintf("node/%s:%d", n.Name, kubeletPort), "", nil})
	}
	return append(out, participant{"world:443", "", nil})
}

func portSuffix(number uint16, protocol model.Protocol) string {
	if protocol == model.TCP {
		return fmt.Sprint(number)
	}
	return fmt.Sprintf("%d/%s", number, protocol)
}

// destinationsAt are all participants on the ports asked for.
func (s *Sim) destinationsAt(o MatrixOptions) []participant {
	var out []participant
	for _, p := range s.participants(o.Pods) {
		for _, port := range o.Ports {
			p := p
			p.ref += ":" + port
			out = append(out, p)
		}
	}
	return out
}
