package engine

import (
	"runtime"
	"slices"
	"sync"

	"github.com/netsim-dev/netsim/model"
)

// Row is what the policies of both sides do with the packets from some sources,
// which nothing tells apart, to every identity. Nodes are judged as other nodes
// than the source's own.
type Row struct {
	// Sources are identities by their index in Compiled.Identities.
	Sources []uint32
	// Ports has a result for each port asked for, in that order.
	Ports []Outcome
}

// Outcome is a set of destinations for each thing that can become of a packet,
// as bits by their index in Compiled.Identities.
type Outcome struct {
	// Allowed are those that a packet reaches, Ask those about which only
	// Engine.Judge can tell. All others are denied.
	Allowed, Ask []uint64
	// Auth and L7 are those of the allowed that the marks of a Cell hold for.
	Auth, L7 []uint64
}

// Identities is how many there are.
func (c *Compiled) Identities() int { return len(c.universe.ids) }

// Identity is the index of a party's identity, as the agent on node judge (nil
// for none in particular) knows it; known is false for a pod without one.
func (c *Compiled) Identity(party model.Party, judge *model.Node) (index uint32, known bool) {
	if party.Kind == model.PartyPod {
		index, known = c.pods[party.Pod]
		return index, known
	}
	index, known = c.universe.index[c.engine.ids.of(party, judge)]
	return index, known
}

// Rows visits what every identity of a pod can reach on some ports. Sources that
// the same selectors mean come together. It works on all processors, and calls
// visit from several goroutines at a time; what visit is given is valid until it
// returns.
func (c *Compiled) Rows(ports []PortNumber, visit func(Row)) {
	views := make([]portView, len(ports))
	for i, port := range ports {
		views[i] = c.viewOf(port)
	}
	work := make(chan *peerClass)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			s := newSweep(c, views)
			for class := range work {
				s.sweep(class, visit)
			}
		})
	}
	for _, class := range c.peerClasses() {
		work <- class
	}
	close(work)
	workers.Wait()
}

// sourceClass is the sources that share all rules: those that select them for
// egress, and those that mean them for ingress.
type sourceClass struct {
	members []uint32
	egress  *ruleList
}

// peerClass is the sources that the same ingress rules mean.
type peerClass struct {
	first uint32
	// means are the ingress rules that mean them, doubts those of which only
	// Judge can tell.
	means, doubts []*compiledRule
	sources       []sourceClass
}

func (c *Compiled) peerClasses() []*peerClass {
	alike := newMarks(len(c.universe.ids))
	for _, r := range c.rules[model.Ingress] {
		alike.tell(r.peers)
		alike.tell(r.doubtful)
	}
	alike.tell(&idSet{many: c.doubtedPeers})
	alike.tell(&idSet{many: c.doubtedSubjects})
	classes := alike.classes()
	all := make([]*peerClass, len(classes.members))
	for i, members := range classes.members {
		all[i] = &peerClass{first: members[0], sources: c.sourceClasses(members)}
	}
	for _, r := range c.rules[model.Ingress] {
		classes.in(r.peers, func(i int) { all[i].means = append(all[i].means, r) })
		classes.in(r.doubtful, func(i int) { all[i].doubts = append(all[i].doubts, r) })
	}
	return slices.DeleteFunc(all, func(p *peerClass) bool { return len(p.sources) == 0 })
}

// sourceClasses groups identities by the egress rules that select them. Only
// pods send packets of their own.
func (c *Compiled) sourceClasses(members []uint32) []sourceClass {
	var classes []sourceClass
	at := map[*ruleList]int{}
	for _, id := range members {
		if !isPodIdentity(c.universe.ids[id]) {
			continue
		}
		list := c.bySubject[model.Egress][id]
		i, known := at[list]
		if !known {
			i = len(classes)
			at[list] = i
			classes = append(classes, sourceClass{egress: list})
		}
		classes[i].members = append(classes[i].members, id)
	}
	return classes
}
