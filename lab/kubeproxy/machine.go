package kubeproxy

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// Packet is the first packet of a connection as a node meets it.
type Packet struct {
	Source, Destination netip.Addr
	Port                uint16
	Protocol            model.Protocol
	// Interface is the one by which it comes in; "" is a packet that the node
	// itself sends.
	Interface string
}

// Fate is what becomes of a packet on a node.
type Fate string

// The four fates. A rejected packet is answered with an ICMP port unreachable.
const (
	Delivered Fate = "delivered"
	SentOn    Fate = "sent on"
	Dropped   Fate = "dropped"
	Rejected  Fate = "rejected"
)

// Outcome is one way in which a node can treat a packet. Dropped and rejected
// packets have no destination.
type Outcome struct {
	Fate        Fate
	Destination netip.AddrPort
	Translated  bool
	Masqueraded bool
}

// Machine is a node that has a kube-proxy's rules in its kernel.
type Machine struct {
	addresses []netip.Addr
	rules     ruleset
}

// ruleset is what hangs on the kernel's hooks.
type ruleset interface {
	// at gives every way in which the rules at a hook can treat a packet.
	at(hook hook, s state) ([]ending, error)
}

type hook string

const (
	prerouting  hook = "prerouting"
	input       hook = "input"
	forward     hook = "forward"
	output      hook = "output"
	postrouting hook = "postrouting"
)

// NewMachine loads rules into a node that has the given addresses.
func NewMachine(addresses []netip.Prefix, rules Rules) (*Machine, error) {
	m := &Machine{}
	for _, p := range addresses {
		m.addresses = append(m.addresses, p.Addr())
	}
	var err error
	if rules.NFTables != nil {
		m.rules, err = parseNFTables(m, rules)
	} else {
		m.rules, err = parseIPTables(m, rules.IPTables)
	}
	return m, err
}

// isLocal says whether the kernel delivers what is sent to an address to the
// node itself.
func (m *Machine) isLocal(addr netip.Addr) bool {
	return addr.IsLoopback() || slices.Contains(m.addresses, addr)
}

// state is a packet on its way through the rules.
type state struct {
	Packet
	mark                    uint32
	translated, masqueraded bool
	// looped is true once a packet of the node to itself comes in by the loopback
	// interface: connection tracking knows it by then, so nat does nothing more.
	looped bool
}

// Treat gives all outcomes that the random choices and the memory of the rules
// allow, in a fixed order, each once.
func (m *Machine) Treat(p Packet) ([]Outcome, error) {
	way := &way{machine: m, found: map[Outcome]bool{}}
	first := prerouting
	if p.Interface == "" {
		first = output
	}
	if err := way.through(state{Packet: p}, first); err != nil {
		return nil, err
	}
	return way.outcomes(), nil
}

// way collects the outcomes of one packet.
type way struct {
	machine *Machine
	found   map[Outcome]bool
}

func (w *way) outcomes() []Outcome {
	var all []Outcome
	for outcome := range w.found {
		all = append(all, outcome)
	}
	slices.SortFunc(all, func(a, b Outcome) int {
		return cmp.Or(a.Destination.Compare(b.Destination), cmp.Compare(a.Fate, b.Fate), cmp.Compare(bit(a.Masqueraded), bit(b.Masqueraded)))
	})
	return all
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// through sends a packet through a hook, and where that lets it pass on to the
// next.
func (w *way) through(s state, at hook) error {
	endings, err := w.machine.rules.at(at, s)
	if err != nil {
		return err
	}
	for _, e := range endings {
		switch e.action {
		case drop:
			w.found[Outcome{Fate: Dropped}] = true
		case reject:
			w.found[Outcome{Fate: Rejected}] = true
		default:
			if err := w.onwards(e.state, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// onwards is the kernel's way between the hooks. What a node sends to itself
// goes out and comes in again, still as the first packet of its connection.
// Source: Linux net/netfilter/nf_conntrack_core.c nf_conntrack_in, nf_nat_core.c
// nf_nat_inet_fn.
func (w *way) onwards(s state, passed hook) error {
	local := w.machine.isLocal(s.Destination)
	switch {
	case passed == prerouting && local:
		return w.through(s, input)
	case passed == prerouting:
		return w.through(s, forward)
	case passed == forward, passed == output:
		return w.through(s, postrouting)
	case passed == postrouting && s.Interface == "" && local:
		s.Interface, s.looped = "lo", true
		return w.through(s, prerouting)
	case passed == postrouting:
		w.reached(s, SentOn)
	default:
		w.reached(s, Delivered)
	}
	return nil
}

func (w *way) reached(s state, fate Fate) {
	w.found[Outcome{fate, netip.AddrPortFrom(s.Destination, s.Port), s.translated, s.masqueraded}] = true
}
