package replay

import (
	"encoding/json"
	"net/netip"
	"sync"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Bounds on what is remembered to be fast. Beyond them, memory starts anew.
const (
	maxRulings = 1 << 17
	maxPairs   = 1 << 17
	maxEnds    = 1 << 16
)

// Judge knows the files that flows are judged by. It is safe for concurrent use.
type Judge struct {
	sim    *sim.Sim
	people *people
	rules  []model.Origin

	lock    sync.RWMutex
	rulings map[sim.PointKey]*ruling
	// same are the rulings by what they say, so that equal ones are one.
	same map[string]*ruling
}

// ruling is a sim.Ruling that many points share.
type ruling struct {
	sim.Ruling
	// by is the JSON of By.
	by string
}

// NewJudge makes a Judge of a Sim.
func NewJudge(s *sim.Sim) *Judge {
	return &Judge{
		sim: s, people: newPeople(s), rules: s.Rules(),
		rulings: map[sim.PointKey]*ruling{}, same: map[string]*ruling{},
	}
}

// ruling asks about a point once.
func (j *Judge) ruling(p sim.Point) *ruling {
	key := j.sim.PointKey(p)
	j.lock.RLock()
	known := j.rulings[key]
	j.lock.RUnlock()
	if known != nil {
		return known
	}
	fresh := j.sim.Rule(p)
	var by []byte
	if len(fresh.By) > 0 {
		by, _ = json.Marshal(fresh.By) // strings and numbers: it cannot fail
	}
	text := fresh.Verdict.String() + string(by) + fresh.Why
	j.lock.Lock()
	defer j.lock.Unlock()
	if len(j.rulings) >= maxRulings {
		clear(j.rulings)
	}
	if j.same[text] == nil {
		j.same[text] = &ruling{fresh, string(by)}
	}
	j.rulings[key] = j.same[text]
	return j.same[text]
}

// judged is what becomes of a record.
type judged struct {
	class  class
	group  group
	ruling *ruling
	absent []absent
}

// judge finds the ends of a record in the files, and what the policies say.
func (j *Judge) judge(r *model.Record, source, destination *end) judged {
	out := judged{class: undetermined, group: group{
		Direction: r.Direction, From: source.ref, To: destination.ref, Port: r.Port, Protocol: r.Protocol,
	}}
	for _, e := range []*end{source, destination} {
		if e.problem != "" {
			out.group.Why = e.problem
		}
		if e.absent != (absent{}) {
			out.absent = append(out.absent, e.absent)
		}
	}
	if out.group.Why == "" && source.cluster != "" && destination.cluster != "" && source.cluster != destination.cluster {
		out.group.Why = "the ends are in different clusters, and the files are those of one"
	}
	if out.group.Why != "" {
		return out
	}
	point, why := j.point(r, source, destination)
	if why != "" {
		out.group.Why = why
		return out
	}
	out.group.From = j.people.named(source, point.Packet.Source, "")
	out.group.To = j.people.named(destination, point.Packet.Destination, r.Names)
	out.ruling = j.ruling(point)
	out.group.By, out.group.Why = out.ruling.by, out.ruling.Why
	out.class = classOf(r.Dropped, out.ruling.Verdict)
	return out
}

// point puts the ends where the side stood that judged. That side's node is
// where a pod of the files is, or else the one that wrote the record.
func (j *Judge) point(r *model.Record, source, destination *end) (sim.Point, string) {
	self, selfIP := source, r.SourceIP
	other, otherIP := destination, r.DestinationIP
	if r.Direction == model.Ingress {
		self, selfIP, other, otherIP = other, otherIP, self, selfIP
	}
	at := j.people.index.Node(r.Node)
	if self.pod != nil {
		at = j.people.index.Node(self.pod.Node)
	}
	near, why := j.people.party(self, selfIP, at)
	if why != "" {
		return sim.Point{}, why
	}
	far, why := j.people.party(other, otherIP, at)
	if why != "" {
		return sim.Point{}, why
	}
	p := sim.Point{Direction: r.Direction, Packet: model.Packet{Source: near, Destination: far, Protocol: r.Protocol, Port: r.Port}}
	if r.Direction == model.Ingress {
		p.Packet.Source, p.Packet.Destination = far, near
	}
	if far.Outside() && r.Direction == model.Egress {
		p.Names = r.Names
	}
	return p, ""
}

// class is how what policy would do compares to what it did.
type class uint8

const (
	wouldDrop class = iota
	wouldPass
	undetermined
	agrees
	classes
)

func classOf(dropped bool, now model.Verdict) class {
	switch {
	case now == model.Undetermined:
		return undetermined
	case dropped && now == model.Allowed:
		return wouldPass
	case !dropped && now == model.Denied:
		return wouldDrop
	}
	return agrees
}

// pair is what tells records apart, as far as it matters here. Addresses are
// those of ends that are no pods.
type pair struct {
	source, destination     *end
	sourceIP, destinationIP netip.Addr
	names, node             string
	direction               model.Direction
	dropped                 bool
	port                    uint16
	protocol                model.Protocol
}

func pairOf(r *model.Record, source, destination *end) pair {
	p := pair{source: source, destination: destination, direction: r.Direction, dropped: r.Dropped, port: r.Port, protocol: r.Protocol}
	if source.kind != pod {
		p.sourceIP, p.node = r.SourceIP, r.Node
	}
	if destination.kind != pod {
		p.destinationIP, p.node, p.names = r.DestinationIP, r.Node, r.Names
	}
	return p
}
