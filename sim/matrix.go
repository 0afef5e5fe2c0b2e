package sim

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/netsim-dev/netsim/model"
)

// MatrixOptions choose what a Matrix asks about.
type MatrixOptions struct {
	// From and To narrow the sources and destinations: a namespace ("dev"), a
	// reference without a port ("dev/deploy/frontend"), labels of pods
	// ("app=web", "dev/app in (web, api)"), "node" or "world". None means all.
	// A workload or a pod means each Service that leads to it, too; a pod is its
	// workload where workloads are asked about.
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
	Datapath     DatapathInfo
	// Issues are those of the Sim: what is left out of every verdict here.
	Issues []model.Issue
	// Unready are pods behind the destinations that are predicted not to become
	// ready.
	Unready []Unready
	// Progress, where it is set before Rows is called, is told how much of all the
	// work is done, by one goroutine at a time.
	Progress func(done, all int)

	sim *Sim
	// pods is true where each pod is asked about by itself.
	pods bool
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
	// identity is the one that policies know it by, 0 for none known.
	identity uint32
	all      []model.Party
}

// MatrixDestination is a column of a Matrix.
type MatrixDestination struct {
	Ref       string `json:"ref"`
	Namespace string `json:"namespace,omitempty"`
	// Behind are the workloads whose pods it leads to, as sources are named;
	// also nodes, the world, and addresses that nobody in the cluster has.
	Behind []string `json:"behind"`

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
	m := &Matrix{Datapath: s.datapathInfo(), Issues: s.Issues(), sim: s, pods: o.Pods}
	key := fmt.Sprintf("%q %q %q %t", o.From, o.To, o.Ports, o.Pods)
	ends, known := s.matrices.Load(key)
	if !known {
		fresh, err := s.matrixEnds(o)
		if err != nil {
			return nil, err
		}
		ends, _ = s.matrices.LoadOrStore(key, fresh)
	}
	m.Sources, m.Destinations = slices.Clone(ends.(matrixEnds).sources), slices.Clone(ends.(matrixEnds).destinations)
	m.Unready = s.unreadyBehind(m.Destinations)
	return m, nil
}

// matrixEnds are the ends of what a Matrix asks about: finding them takes longer
// than asking about a few.
type matrixEnds struct {
	sources      []MatrixSource
	destinations []MatrixDestination
}

func (s *Sim) matrixEnds(o MatrixOptions) (ends matrixEnds, err error) {
	from, err := s.selectors("--from", o.From)
	if err != nil {
		return ends, err
	}
	to, err := s.selectors("--to", o.To)
	if err != nil {
		return ends, err
	}
	if err := checkPorts(o.Ports); err != nil {
		return ends, err
	}
	if i := slices.IndexFunc(from, func(one selector) bool { return one.service }); i >= 0 {
		return ends, refErrorf("--from %s: Services open no connections: name a workload", o.From[i])
	}
	for _, p := range s.participants(o.Pods) {
		if from.mean(p) {
			ends.sources = append(ends.sources, s.matrixSource(p))
		}
	}
	ends.destinations, err = s.matrixDestinations(o, to)
	switch {
	case err != nil:
		return ends, err
	case len(ends.sources) == 0:
		return ends, refErrorf("--from %s means none of the workloads, nodes and the world: see netsim list", strings.Join(o.From, ", "))
	case len(ends.destinations) == 0:
		return ends, refErrorf("--to %s means no destination: see netsim list svc, or name --ports", strings.Join(o.To, ", "))
	}
	return ends, nil
}

func checkPorts(ports []string) error {
	for _, text := range ports {
		port, err := parsePort(text)
		switch {
		case err != nil:
			return refErrorf("--ports %s: %v", text, err)
		case port.name != "":
			return refErrorf("--ports %s: give the number: not every workload has a port of that name", text)
		}
	}
	return nil
}

// mostCells bounds what is kept of the rows that are worked on: three bytes a
// cell.
const mostCells = 1 << 26

// Rows yields the rows in order. Each block of them is computed destination by
// destination, on all processors, since the ways to one are what takes memory:
// they are found once for a block, and then forgotten.
func (m *Matrix) Rows() iter.Seq[MatrixRow] {
	return m.rowsInBlocks(max(1, mostCells/len(m.Destinations)))
}

func (m *Matrix) rowsInBlocks(size int) iter.Seq[MatrixRow] {
	return func(yield func(MatrixRow) bool) {
		done := m.steps(size)
		for sources := range slices.Chunk(m.Sources, size) {
			rows := m.block(sources, done)
			for i := range sources {
				if !yield(MatrixRow{&sources[i], rows[i]}) {
					return
				}
			}
		}
	}
}

// steps tells Progress of each destination that is done.
func (m *Matrix) steps(size int) func() {
	if m.Progress == nil {
		return func() {}
	}
	var lock sync.Mutex
	blocks := (len(m.Sources) + size - 1) / size
	done, all := 0, blocks*len(m.Destinations)
	return func() {
		lock.Lock()
		defer lock.Unlock()
		done++
		m.Progress(done, all)
	}
}

func (m *Matrix) block(sources []MatrixSource, done func()) [][]Outcome {
	rows := make([][]Outcome, len(sources))
	for i := range rows {
		rows[i] = make([]Outcome, len(m.Destinations))
	}
	inParallel(len(m.Destinations), func() func(int) {
		return func(j int) {
			column := m.Destinations[j].column
			for i := range sources {
				rows[i][j] = m.sim.fold(column, &sources[i])
			}
			column.forget()
			done()
		}
	})
	return rows
}

// inParallel does n pieces of work on all processors. Each of its goroutines
// gets a worker of its own.
func inParallel(n int, worker func() func(piece int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			work := worker()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				work(int(i))
			}
		})
	}
	running.Wait()
}

// fold is the outcome for all pods of a source.
func (s *Sim) fold(c *column, source *MatrixSource) Outcome {
	var folded outcomes
	for party := range c.differing(source) {
		folded.add(s.outcome(c, party))
	}
	return folded.all
}

// differing are the parties of a source that this destination can tell apart,
// one for all that it cannot.
func (c *column) differing(source *MatrixSource) iter.Seq[model.Party] {
	return func(yield func(model.Party) bool) {
		var last likeness
		for _, l := range source.likes {
			together := false
			for _, p := range l.all {
				if c.shares(p) {
					if together {
						continue
					}
					together = true
					here, known := c.likeness(l.identity, p)
					if known && here == last {
						continue
					}
					last = here
				}
				if !yield(p) {
					return
				}
			}
		}
	}
}

// likeness is what this destination can tell of a source in a place like many.
// known is false in other places, and where policies see the node.
func (c *column) likeness(identity uint32, p model.Party) (here likeness, known bool) {
	here = likeness{sideKey{identity: identity}, c.place(p)}
	if !here.at.likeMany || identity == 0 || inferred(p) != "" {
		return here, false
	}
	return here, !slices.ContainsFunc(c.waysFrom(p), func(w *way) bool { return w.namesNode })
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
		if o := m.sim.fold(to.column, from); o.Verdict != a.Verdict {
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
		if pods || ownerRef(p) == "" {
			out = append(out, participant{podRef(p), p.Namespace, []model.Party{party}})
			continue
		}
		i, known := at[*p.Owner]
		if !known {
			i = len(out)
			at[*p.Owner] = i
			out = append(out, participant{ownerRef(p), p.Namespace, nil})
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
	if ref := ownerRef(p); ref != "" {
		return ref
	}
	return podRef(p)
}

// ownerRef is the workload that a pod belongs to, "" for none that a reference
// can name.
func ownerRef(p *model.Pod) string {
	if p.Owner == nil || shortKinds()[p.Owner.Kind] == "" {
		return ""
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
			source.likes = append(source.likes, like{identity: key.side.identity})
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
	for _, p := range refs {
		d, err := s.matrixDestination(p, o.Pods)
		if err != nil {
			return nil, err
		}
		if to.meanDestination(d) {
			out = append(out, d)
		}
	}
	return out, nil
}

func (s *Sim) matrixDestination(p participant, pods bool) (MatrixDestination, error) {
	r, err := parseReference(p.ref, "")
	if err != nil {
		return MatrixDestination{}, err
	}
	requests, err := s.destinations(r)
	if err != nil {
		return MatrixDestination{}, err
	}
	c := s.newColumn(requests)
	return MatrixDestination{Ref: p.ref, Namespace: p.namespace, Behind: c.behind(pods), column: c}, nil
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
