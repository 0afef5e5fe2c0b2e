package kubeproxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// tables are iptables' chains, by table.
type tables map[string]chains

// at runs the tables' built-in chains of a hook, in the kernel's order: nat
// before filter on the way out of the node, and only one of them elsewhere,
// since kube-proxy leaves nat's INPUT empty.
func (t tables) at(h hook, s state) ([]ending, error) {
	var found []baseChain
	for _, table := range []string{"nat", "filter"} {
		chain := strings.ToUpper(string(h))
		if _, exists := t[table][chain]; exists && !(table == "nat" && s.looped) {
			found = append(found, baseChain{t[table], chain})
		}
	}
	return inTurn(found, s)
}

// parseIPTables reads the text of iptables-restore. What it does not know is an
// error: a rule that was passed over would make every comparison worthless.
func parseIPTables(m *Machine, text string) (tables, error) {
	found := tables{}
	var table chains
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line == "COMMIT":
		case line[0] == '*':
			table = chains{}
			found[line[1:]] = table
		case line[0] == ':':
			name, _, _ := strings.Cut(line[1:], " ")
			table[name] = nil
		default:
			chain, r, err := parseRule(m, words(line))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", line, err)
			}
			table[chain] = append(table[chain], r)
		}
	}
	return found, nil
}

// words splits a line as a shell would that knows double quotes only.
func words(line string) []string {
	var found []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			found = append(found, part)
			continue
		}
		found = append(found, strings.Fields(part)...)
	}
	return found
}

// ruleParser reads one rule word by word.
type ruleParser struct {
	machine *Machine
	words   []string
	// negated is true after an exclamation mark.
	negated bool
	chain   string
	rule
}

func parseRule(m *Machine, words []string) (chain string, r rule, err error) {
	p := &ruleParser{machine: m, words: words}
	for len(p.words) > 0 {
		word := p.next()
		if word == "!" {
			p.negated = true
			continue
		}
		option, known := options[word]
		if !known {
			return "", rule{}, fmt.Errorf("unknown option %s", word)
		}
		if err := option(p); err != nil {
			return "", rule{}, fmt.Errorf("%s: %w", word, err)
		}
		if p.negated {
			return "", rule{}, fmt.Errorf("%s cannot be negated", word)
		}
	}
	if p.chain == "" {
		return "", rule{}, fmt.Errorf("the rule is for no chain")
	}
	return p.chain, p.rule, nil
}

func (p *ruleParser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

// must adds a match, turned round after an exclamation mark.
func (p *ruleParser) must(m match) error {
	if p.negated {
		plain := m
		m = func(s *state) answer { return not(plain(s)) }
	}
	p.negated = false
	p.matches = append(p.matches, m)
	return nil
}

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

// target is what comes after the matches; a name that is no target is a chain.
func (p *ruleParser) target() error {
	switch name := p.next(); name {
	case "ACCEPT":
		p.effects = append(p.effects, does(accept))
	case "DROP":
		p.effects = append(p.effects, does(drop))
	case "REJECT":
		p.effects = append(p.effects, does(reject))
	case "RETURN":
		p.effects = append(p.effects, does(leave))
	case "MASQUERADE":
		p.effects = append(p.effects, masquerades)
		return p.expect("--random-fully")
	case "MARK":
		return p.mark()
	case "DNAT":
		return p.dnat()
	default:
		if !strings.HasPrefix(name, "KUBE-") {
			return fmt.Errorf("unknown target %s", name)
		}
		p.effects = append(p.effects, leads(jump, name))
	}
	return nil
}

func (p *ruleParser) mark() error {
	option, value := p.next(), p.next()
	bits, err := number(value)
	switch option {
	case "--or-mark":
		p.effects = append(p.effects, marks(func(mark uint32) uint32 { return mark | bits }))
	case "--xor-mark":
		p.effects = append(p.effects, marks(func(mark uint32) uint32 { return mark ^ bits }))
	default:
		return fmt.Errorf("unknown option %s of MARK", option)
	}
	return err
}

func (p *ruleParser) dnat() error {
	if err := p.expect("--to-destination"); err != nil {
		return err
	}
	to, err := netip.ParseAddrPort(p.next())
	p.effects = append(p.effects, translates(to))
	return err
}

func translates(to netip.AddrPort) effect {
	return func(s state) []ending {
		s.Destination, s.Port, s.translated = to.Addr(), to.Port(), true
		return []ending{{state: s, action: accept}}
	}
}
