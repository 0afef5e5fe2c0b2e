package engine

import (
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// Compiled gives the verdicts of Judge without the reasons, for as many packets
// as there are: what each selector means is asked of Cilium once, and a packet
// is then a walk over the rules that select its subject, in the order in which
// they decide. It is safe for concurrent use and takes no lock.
//
// It knows what it does not know: where a verdict hangs on what only Judge looks
// at, the Cell says so.
type Compiled struct {
	engine   *Engine
	universe *universe
	pods     map[*model.Pod]uint32
	// rules are those of each direction, in the order in which they decide.
	rules [2][]*compiledRule
	// bySubject are the rules that select an identity; like ones share a list.
	bySubject [2][]*ruleList
	// open are the subjects that no ingress rule isolates.
	open bitset
	// doubted are the identities of whose policies only Judge can tell, as
	// subjects for their own packets and as peers for everybody's.
	doubtedSubjects, doubtedPeers bitset
	// numbers are those that identities give to names of ports, clusterNumbers
	// those that hold for egress in the whole cluster, nil where none do.
	numbers        []portNames
	clusterNumbers portNames
	// emptyGroups is true where some cidrGroupSelector demands nothing.
	emptyGroups bool
	// audit is true where what would be denied is only reported.
	audit bool
}

// Cell is what policies of one side do with a packet.
type Cell struct {
	// Ask is true where only Judge can tell; the rest but L7 then says nothing.
	Ask bool
	// Allowed says whether the packet passes.
	Allowed bool
	// Auth is true where a rule that means the packet names an authentication
	// mode: Judge says what comes of it.
	Auth bool
	// L7 is true where a rule that allows the packet leaves more to a proxy.
	L7 bool
}

// ruleList are the rules for some subject, in order.
type ruleList struct {
	rules []*compiledRule
	// enforced says whether what no rule decides is denied.
	enforced bool
	// marked is true where some rule has more to say than a verdict, and so must
	// be met even behind the one that decides.
	marked bool
}

// PortNumber is a port with its protocol, or an ICMP type.
type PortNumber struct {
	Number   uint16
	Protocol model.Protocol
}

// Compiled is made on first use.
func (e *Engine) Compiled() *Compiled {
	e.compileOnce.Do(func() {
		var like *Compiled
		if e.like != nil {
			like, e.like = e.like.Compiled(), nil
		}
		e.options.withOptions(func() { e.compiled = newCompiled(e, like) })
	})
	return e.compiled
}

// LearnFrom spares this Engine, before its first use of Compiled, asking anew what
// selectors mean that another one under the same datapath has asked about. It may
// be nil.
func (e *Engine) LearnFrom(other *Engine) { e.like = other }

// Judge says what the policies of one side of a packet do with it, as far as
// that can be told without Engine.Judge.
func (c *Compiled) Judge(d model.Direction, packet model.Packet) Cell {
	self, other := packet.Source, packet.Destination
	if d == model.Ingress {
		self, other = other, self
	}
	switch {
	case self.Outside():
		return Cell{Allowed: true}
	case self.Kind == model.PartyNode && !c.engine.options.hostFirewall:
		return Cell{Allowed: true}
	case self.Kind != model.PartyPod, other.Kind == model.PartyNode && other.Node == self.Node:
		return Cell{Ask: true}
	}
	subject, known := c.pods[self.Pod]
	peer, knownToo := c.Identity(other, self.Node)
	if !known || !knownToo {
		return Cell{Ask: true}
	}
	return c.judge(d, subject, peer, PortNumber{packet.Port, packet.Protocol})
}

func (c *Compiled) judge(d model.Direction, subject, peer uint32, port PortNumber) Cell {
	list := c.bySubject[d][subject]
	cell, decided, passed := Cell{Allowed: !list.enforced}, false, types.TierUnspec
	cell.Ask = c.doubtedSubjects.has(subject) || c.doubtedPeers.has(peer)
	for _, r := range list.rules {
		if decided && !list.marked {
			break
		}
		if !c.meansPort(r, d, subject, peer, port) {
			continue
		}
		cell.Ask = cell.Ask || r.doubtful.has(peer)
		if !r.peers.has(peer) {
			continue
		}
		cell.Auth, cell.L7 = cell.Auth || r.auth, cell.L7 || r.l7
		switch {
		case decided || r.tier == passed:
		case r.verdict == types.Pass:
			passed = r.tier
		default:
			cell.Allowed, decided = r.verdict == types.Allow, true
		}
	}
	if cell.Ask {
		return Cell{Ask: true, L7: cell.L7}
	}
	return c.audited(cell)
}

// audited lets through what policy-audit-mode only reports.
func (c *Compiled) audited(cell Cell) Cell {
	if cell.Allowed {
		return cell
	}
	return Cell{Allowed: c.audit}
}

// number is what a rule's subject or its peer means by the name of a port, 0 for
// nothing.
func (c *Compiled) number(d model.Direction, subject, peer uint32, name portName) uint16 {
	switch {
	case d == model.Ingress:
		return c.numbers[subject][name]
	case c.clusterNumbers != nil:
		return c.clusterNumbers[name]
	default:
		return c.numbers[peer][name]
	}
}
