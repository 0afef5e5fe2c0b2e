package engine

import (
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// portView is whom each rule concerns on one port, by the rule's place; nil where
// it is not about the port.
type portView struct {
	// peers are those of egress rules, doubtful the ones of them of whom only
	// Judge can tell; subjects are those of ingress rules.
	peers, doubtful, subjects []*idSet
}

func (c *Compiled) viewOf(port PortNumber) portView {
	var v portView
	for _, r := range c.rules[model.Egress] {
		v.peers = append(v.peers, c.concerned(r, r.peers, port))
		v.doubtful = append(v.doubtful, c.concerned(r, r.doubtful, port))
	}
	for _, r := range c.rules[model.Ingress] {
		v.subjects = append(v.subjects, c.concerned(r, r.subjects, port))
	}
	return v
}

// concerned are those of a set whom a rule is about on a port: all of them, or
// those that give the port's name its number.
func (c *Compiled) concerned(r *compiledRule, all *idSet, port PortNumber) *idSet {
	named := false
	for _, part := range r.parts {
		switch {
		case part.protocols&bitOf(port.Protocol) == 0:
		case part.name != "":
			named = true
		case part.ports.hold(port.Number):
			return all
		}
	}
	switch {
	case r.everyPort:
		return all
	case !named:
		return nil
	}
	var members []uint32
	all.each(func(id uint32) {
		if c.meansPort(r, r.rule.direction(), id, id, port) {
			members = append(members, id)
		}
	})
	return newIDSet(members, len(c.universe.ids))
}

// side is what the policies of one side make of packets on one port, for every
// identity on the other side.
type side struct {
	allowed, ask, auth, l7 bitset
	// decided are those that some rule has decided about, passed those that a
	// Pass sent on to the next tier, level those that rules of one rank mean.
	decided, passed, level bitset
	tier                   types.Tier
}

func newSide(universe int) *side {
	return &side{
		allowed: newBitset(universe), ask: newBitset(universe), auth: newBitset(universe), l7: newBitset(universe),
		decided: newBitset(universe), passed: newBitset(universe), level: newBitset(universe),
	}
}

func (s *side) reset() {
	for _, b := range []bitset{s.allowed, s.ask, s.auth, s.l7, s.decided, s.passed, s.level} {
		clear(b)
	}
	s.tier = types.TierUnspec
}

// decide goes through rules in their order, like Compiled.judge.
func (s *side) decide(rules []*compiledRule, concerned []*idSet) {
	for start := 0; start < len(rules); {
		end := start + 1
		for end < len(rules) && rules[end].rank == rules[start].rank {
			end++
		}
		s.decideLevel(rules[start:end], concerned)
		start = end
	}
}

func (s *side) decideLevel(rules []*compiledRule, concerned []*idSet) {
	met := false
	for _, r := range rules {
		set := concerned[r.place]
		if set == nil {
			continue
		}
		met = true
		s.level.addAll(set)
		if r.auth {
			s.auth.addAll(set)
		}
		if r.l7 {
			s.l7.addAll(set)
		}
	}
	if !met {
		return
	}
	if s.tier != rules[0].tier {
		s.tier = rules[0].tier
		clear(s.passed)
	}
	s.settle(rules[0].verdict)
}

// settle gives a verdict to those on the level that have none.
func (s *side) settle(v types.Verdict) {
	for i, word := range s.level {
		fresh := word &^ (s.decided[i] | s.passed[i])
		s.level[i] = 0
		switch v {
		case types.Pass:
			s.passed[i] |= fresh
			continue
		case types.Allow:
			s.allowed[i] |= fresh
		}
		s.decided[i] |= fresh
	}
}

// open allows those that no rule has decided about.
func (s *side) open(undecided bitset) {
	for i, word := range undecided {
		s.allowed[i] |= word &^ s.decided[i]
	}
}

// exempt takes away whatever rules say of some, and allows them: no policy of
// pods judges what a node or an address outside is sent.
func (s *side) exempt(some *idSet) {
	some.each(func(id uint32) {
		for _, b := range []bitset{s.ask, s.auth, s.l7} {
			b[id/wordBits] &^= 1 << (id % wordBits)
		}
	})
	s.allowed.addAll(some)
}

// sweep computes rows for one class of sources after another.
type sweep struct {
	c      *Compiled
	views  []portView
	egress *side
	// ingress has a side for each port, which the sources of a peerClass share.
	ingress []*side
	out     []Outcome
}

func newSweep(c *Compiled, views []portView) *sweep {
	n := c.Identities()
	s := &sweep{c: c, views: views, egress: newSide(n)}
	for range views {
		s.ingress = append(s.ingress, newSide(n))
		s.out = append(s.out, Outcome{newBitset(n), newBitset(n), newBitset(n), newBitset(n)})
	}
	return s
}

func (s *sweep) sweep(class *peerClass, visit func(Row)) {
	for i := range s.views {
		s.judgeIngress(class, i)
	}
	for _, source := range class.sources {
		for i := range s.views {
			s.judgeEgress(source, i)
			s.combine(i)
		}
		visit(Row{source.members, s.out})
	}
}

func (s *sweep) judgeIngress(class *peerClass, port int) {
	side, concerned := s.ingress[port], s.views[port].subjects
	side.reset()
	side.decide(class.means, concerned)
	side.open(s.c.open)
	for _, r := range class.doubts {
		if set := concerned[r.place]; set != nil {
			side.ask.addAll(set)
		}
	}
	if s.c.doubtedPeers.has(class.first) {
		side.ask.addAll(s.c.universe.everyone)
	}
	side.exempt(s.c.universe.notPods)
	side.ask.addAll(&idSet{many: s.c.doubtedSubjects})
	s.audit(side)
}

func (s *sweep) judgeEgress(source sourceClass, port int) {
	side, view := s.egress, s.views[port]
	side.reset()
	side.decide(source.egress.rules, view.peers)
	if !source.egress.enforced {
		side.open(s.c.universe.everyone.many)
	}
	for _, r := range source.egress.rules {
		if set := view.doubtful[r.place]; set != nil {
			side.ask.addAll(set)
		}
	}
	side.ask.addAll(&idSet{many: s.c.doubtedPeers})
	if s.c.doubtedSubjects.has(source.members[0]) {
		side.ask.addAll(s.c.universe.everyone)
	}
	s.audit(side)
}

func (s *sweep) audit(side *side) {
	if s.c.audit {
		side.allowed.addAll(s.c.universe.everyone)
	}
}

// combine folds both sides: a denial decides whatever the other side leaves
// open.
func (s *sweep) combine(port int) {
	e, in, out := s.egress, s.ingress[port], s.out[port]
	for i := range e.allowed {
		denied := ^(e.allowed[i] | e.ask[i]) | ^(in.allowed[i] | in.ask[i])
		ask := (e.ask[i] | in.ask[i]) &^ denied
		allowed := e.allowed[i] & in.allowed[i] &^ ask
		out.Allowed[i], out.Ask[i] = allowed, ask
		out.Auth[i], out.L7[i] = allowed&(e.auth[i]|in.auth[i]), allowed&(e.l7[i]|in.l7[i])
	}
}
