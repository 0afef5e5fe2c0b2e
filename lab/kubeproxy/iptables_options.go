package kubeproxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// options are all that this kube-proxy writes.
var options = map[string]func(*ruleParser) error{
	"-A": func(p *ruleParser) error { p.chain = p.next(); return nil },
	"-m": (*ruleParser).module,
	"-j": (*ruleParser).target,
	"-p": func(p *ruleParser) error {
		protocol := model.Protocol(strings.ToUpper(p.next()))
		return p.must(func(s *state) answer { return when(s.Protocol == protocol) })
	},
	"-s": func(p *ruleParser) error { return p.address(func(s *state) netip.Addr { return s.Source }) },
	"-d": func(p *ruleParser) error { return p.address(func(s *state) netip.Addr { return s.Destination }) },
	"-i": func(p *ruleParser) error {
		name, prefix := strings.CutSuffix(p.next(), "+")
		return p.must(func(s *state) answer { return when(s.enters(name, prefix)) })
	},
	"--dport": func(p *ruleParser) error {
		port, err := strconv.ParseUint(p.next(), 10, 16)
		return cond(err, p.must(func(s *state) answer { return when(s.Port == uint16(port)) }))
	},
	"--mark": func(p *ruleParser) error {
		value, mask, err := markAndMask(p.next())
		return cond(err, p.must(func(s *state) answer { return when(s.mark&mask == value) }))
	},
	"--ctstate":  (*ruleParser).conntrackState,
	"--src-type": func(p *ruleParser) error { return p.local(func(s *state) netip.Addr { return s.Source }) },
	"--dst-type": func(p *ruleParser) error { return p.local(func(s *state) netip.Addr { return s.Destination }) },
	"--mode":     func(p *ruleParser) error { return p.expect("random") },
	"--probability": func(p *ruleParser) error {
		_, err := strconv.ParseFloat(p.next(), 64)
		return cond(err, p.must(func(*state) answer { return maybe }))
	},
	// Session affinity: whether the client came before is not known.
	"--rcheck":  func(p *ruleParser) error { return p.must(func(*state) answer { return maybe }) },
	"--seconds": (*ruleParser).skipValue,
	"--reap":    func(*ruleParser) error { return nil },
	"--set":     func(*ruleParser) error { return nil },
	"--name":    (*ruleParser).skipValue,
	// What only counts or explains.
	"--nfacct-name": (*ruleParser).skipValue,
	"--comment":     (*ruleParser).skipValue,
}

func (p *ruleParser) skipValue() error { p.next(); return nil }

func cond(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// module: a module does nothing by itself, its options do. Those of a protocol
// go with -p.
func (p *ruleParser) module() error {
	known := []string{"comment", "conntrack", "mark", "addrtype", "statistic", "recent", "nfacct", "tcp", "udp", "sctp"}
	if name := p.next(); !slices.Contains(known, name) {
		return fmt.Errorf("unknown match %s", name)
	}
	return nil
}

func (p *ruleParser) expect(want string) error {
	if got := p.next(); got != want {
		return fmt.Errorf("unknown value %s, want %s", got, want)
	}
	return nil
}

func (p *ruleParser) address(of func(*state) netip.Addr) error {
	prefix, err := prefixOf(p.next())
	return cond(err, p.must(func(s *state) answer { return when(prefix.Contains(of(s))) }))
}

// prefixOf reads an address or a range.
func prefixOf(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

func (p *ruleParser) local(of func(*state) netip.Addr) error {
	return cond(p.expect("LOCAL"), p.must(func(s *state) answer { return when(p.machine.isLocal(of(s))) }))
}

// enters says whether a packet came in by an interface, or by one whose name
// begins so.
func (s *state) enters(name string, prefix bool) bool {
	if prefix {
		return s.Interface != "" && strings.HasPrefix(s.Interface, name)
	}
	return s.Interface == name
}

// conntrackState: the packet is its connection's first, perhaps translated.
func (p *ruleParser) conntrackState() error {
	states := strings.Split(p.next(), ",")
	for _, one := range states {
		if !slices.Contains([]string{"NEW", "RELATED", "ESTABLISHED", "INVALID", "DNAT"}, one) {
			return fmt.Errorf("unknown state %s", one)
		}
	}
	isNew, isDNAT := slices.Contains(states, "NEW"), slices.Contains(states, "DNAT")
	return p.must(func(s *state) answer { return when(isNew || isDNAT && s.translated) })
}

func markAndMask(text string) (value, mask uint32, err error) {
	first, second, _ := strings.Cut(text, "/")
	value, err = number(first)
	if err != nil {
		return 0, 0, err
	}
	mask, err = number(second)
	return value, mask, err
}

func number(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 0, 32)
	return uint32(n), err
}
