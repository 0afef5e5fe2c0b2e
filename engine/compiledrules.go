package engine

import (
	"slices"

	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/model"
)

// compiledRule is one port rule of a rule, or a rule without any, with the
// identities that its selectors mean.
type compiledRule struct {
	hit
	// place is its index among the rules of its direction, and rank that of the
	// first with which it goes together.
	place, rank int
	tier        types.Tier
	verdict     types.Verdict
	// subjects are whom it selects, peers whom it means, and doubtful those of
	// whom only Judge can tell whether it does.
	subjects, peers, doubtful *idSet
	// everyPort is true for a rule without port rules; else parts are the ports.
	everyPort bool
	parts     []portPart
	// auth is true where it names an authentication mode, l7 where it leaves more
	// to a proxy. Both are false for rules that allow nothing.
	auth, l7 bool
}

// portPart is a port of a rule: a range of numbers or, where it has one, a name.
type portPart struct {
	protocols protocols
	ports     portRange
	name      string
}

func newCompiled(e *Engine, like *Compiled) *Compiled {
	u := newUniverse(e.ids)
	if like != nil {
		u.learnFrom(like.universe)
	}
	c := &Compiled{engine: e, universe: u, pods: map[*model.Pod]uint32{}, audit: e.dp.On("policy-audit-mode", false)}
	for pod, id := range e.ids.pods {
		c.pods[pod] = u.index[id]
	}
	c.emptyGroups = slices.ContainsFunc(e.rules, func(r *rule) bool { return r.emptyGroups })
	c.nameNumbers()
	if e.options.policyMode != option.NeverEnforce {
		c.compileRules()
	}
	c.listRules()
	c.doubt()
	return c
}

func (c *Compiled) nameNumbers() {
	c.numbers = make([]portNames, len(c.universe.ids))
	for i, id := range c.universe.ids {
		c.numbers[i] = c.engine.ids.named[id.ID]
	}
	named := c.engine.ports()
	if !named.clusterWide {
		return
	}
	c.clusterNumbers = portNames{}
	for _, names := range c.engine.ids.named {
		for name := range names {
			if _, known := c.clusterNumbers[name]; !known {
				c.clusterNumbers[name] = named.lookup(0, name)
			}
		}
	}
}

// compileRules asks Cilium whom each rule selects and means. Policies for nodes
// are left to Judge.
func (c *Compiled) compileRules() {
	for _, r := range c.engine.rules {
		if r.entry.Node {
			continue
		}
		whole := compiledRule{
			hit: hit{r, -1}, tier: r.entry.Tier, verdict: r.entry.Verdict,
			subjects: c.universe.selection(r.entry.Subject), peers: c.peersOf(r), doubtful: c.doubtfulOf(r),
			everyPort: len(r.entry.L4) == 0,
		}
		mode, explicit := whole.authentication()
		whole.auth = explicit && mode != types.AuthTypeDisabled
		if whole.everyPort {
			c.add(whole)
		}
		for i := range r.entry.L4 {
			part := whole
			part.port, part.parts = i, portParts(r.entry.L4[i])
			part.l7 = r.entry.IsAllow() && (part.hit.l7() != "" || part.endsTLS())
			c.add(part)
		}
	}
	for _, rules := range c.rules {
		rankRules(rules)
	}
}

func rankRules(rules []*compiledRule) {
	slices.SortStableFunc(rules, func(a, b *compiledRule) int { return compareRank(a.hit, b.hit) })
	for i, r := range rules {
		r.place, r.rank = i, i
		if i > 0 && compareRank(rules[i-1].hit, r.hit) == 0 {
			r.rank = rules[i-1].rank
		}
	}
}

func (c *Compiled) add(r compiledRule) {
	c.rules[r.rule.direction()] = append(c.rules[r.rule.direction()], &r)
}

// peersOf are whom flow.peerMatches finds.
func (c *Compiled) peersOf(r *rule) *idSet {
	switch {
	case r.unknownPeers != "" || r.entry.L3 == nil:
		return c.universe.nobody
	case len(r.entry.L3) > 0:
		return c.universe.meaningOf(r.entry.L3)
	case len(r.entry.L4) > 0:
		return c.universe.everyone
	default:
		return c.universe.nobody
	}
}

// doubtfulOf are peers of whom no file says whether the rule means them, or too
// little (unknown.go, fqdn.go, cidrgroup.go).
func (c *Compiled) doubtfulOf(r *rule) *idSet {
	u, aPod := c.universe, &flow{other: model.Party{Kind: model.PartyPod}}
	switch {
	case r.unknownPeers != "" && c.engine.couldMean(r, aPod), c.emptyGroups && r.entry.L3.SelectsAllEndpoints() && r.namesPorts():
		return u.everyone
	case r.unknownPeers != "", len(r.fqdns()) > 0, r.readsNodes:
		return u.notPods
	default:
		return u.nobody
	}
}

// namesPorts says whether a rule gives any port by name.
func (r *rule) namesPorts() bool {
	return slices.ContainsFunc(r.entry.L4, func(ports api.PortRule) bool { return slices.ContainsFunc(ports.Ports, isNamed) })
}

func portParts(ports api.PortRule) []portPart {
	var parts []portPart
	for _, p := range ports.Ports {
		part := portPart{}
		for _, protocol := range knownProtocols() {
			f := flow{packet: model.Packet{Protocol: protocol}}
			if f.protocolMatch(p.Protocol) {
				part.protocols |= bitOf(protocol)
			}
		}
		isNumber := false
		if part.ports, isNumber = numericPorts(p); !isNumber {
			part.name = p.Port
		}
		parts = append(parts, part)
	}
	return parts
}

// protocols is a set of those that policies know.
type protocols uint8

func knownProtocols() []model.Protocol {
	return []model.Protocol{model.TCP, model.UDP, model.SCTP, model.ICMP, model.ICMPv6}
}

func bitOf(p model.Protocol) protocols {
	switch p {
	case model.TCP:
		return 1
	case model.UDP:
		return 2
	case model.SCTP:
		return 4
	case model.ICMP:
		return 8
	case model.ICMPv6:
		return 16
	default:
		return 0
	}
}

// numberOf is the protocol as names of ports have it.
func numberOf(p model.Protocol) u8proto.U8proto {
	switch p {
	case model.TCP:
		return u8proto.TCP
	case model.UDP:
		return u8proto.UDP
	case model.SCTP:
		return u8proto.SCTP
	default:
		return 0
	}
}

func (c *Compiled) meansPort(r *compiledRule, d model.Direction, subject, peer uint32, port PortNumber) bool {
	if r.everyPort {
		return true
	}
	for i := range r.parts {
		part := &r.parts[i]
		switch {
		case part.protocols&bitOf(port.Protocol) == 0:
		case part.name == "":
			if part.ports.hold(port.Number) {
				return true
			}
		case port.Number != 0 && c.number(d, subject, peer, portName{part.name, numberOf(port.Protocol)}) == port.Number:
			return true
		}
	}
	return false
}

// listRules gives each subject its rules. Subjects that the same selectors mean
// share a list.
func (c *Compiled) listRules() {
	c.open = newBitset(len(c.universe.ids))
	for d, rules := range c.rules {
		alike := newMarks(len(c.universe.ids))
		for _, r := range rules {
			alike.tell(r.subjects)
		}
		classes := alike.classes()
		lists := make([]ruleList, len(classes.members))
		for _, r := range rules {
			classes.in(r.subjects, func(i int) { lists[i].add(r) })
		}
		c.bySubject[d] = make([]*ruleList, len(c.universe.ids))
		for i, members := range classes.members {
			lists[i].enforced = lists[i].enforced || c.engine.options.policyMode == option.AlwaysEnforce
			for _, id := range members {
				c.bySubject[d][id] = &lists[i]
			}
			if model.Direction(d) == model.Ingress && !lists[i].enforced {
				c.open.addAll(&idSet{few: members})
			}
		}
	}
}

func (l *ruleList) add(r *compiledRule) {
	l.rules = append(l.rules, r)
	l.enforced = l.enforced || isolates(r.rule)
	l.marked = l.marked || r.auth || r.l7 || !r.doubtful.empty()
}
