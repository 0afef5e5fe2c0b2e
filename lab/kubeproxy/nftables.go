package kubeproxy

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/knftables"
)

// nftable is a table of nftables.
type nftable struct {
	chains chains
	bases  map[hook][]nftBase
}

// nftBase is a base chain with its place among the others of its hook.
type nftBase struct {
	baseChain
	priority int
	nat      bool
}

func (t *nftable) at(h hook, s state) ([]ending, error) {
	var bases []baseChain
	for _, base := range t.bases[h] {
		if !(base.nat && s.looped) {
			bases = append(bases, base.baseChain)
		}
	}
	return inTurn(bases, s)
}

// parseNFTables reads a table. What it does not know is an error.
func parseNFTables(m *Machine, rules Rules) (*nftable, error) {
	fake, family := rules.NFTables, "ip"
	if rules.IPv6 {
		family = "ip6"
	}
	table := &nftable{chains: chains{}, bases: map[hook][]nftBase{}}
	for _, name := range slices.Sorted(maps.Keys(fake.Table.Chains)) {
		chain := fake.Table.Chains[name]
		table.chains[name] = nil
		for _, written := range chain.Rules {
			p := &nftParser{machine: m, table: fake.Table, family: family, words: nftWords(written.Rule)}
			if err := p.parse(); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, written.Rule, err)
			}
			table.chains[name] = append(table.chains[name], p.rule)
		}
		if err := table.hang(chain); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, bases := range table.bases {
		slices.SortFunc(bases, func(a, b nftBase) int { return cmp.Compare(a.priority, b.priority) })
	}
	return table, nil
}

// hang hangs a base chain on its hook.
func (t *nftable) hang(chain *knftables.FakeChain) error {
	if chain.Hook == nil {
		return nil
	}
	priority, err := priorityOf(string(*chain.Priority))
	if err != nil {
		return err
	}
	h := hook(*chain.Hook)
	if !slices.Contains([]hook{prerouting, input, forward, output, postrouting}, h) {
		return fmt.Errorf("unknown hook %s", h)
	}
	t.bases[h] = append(t.bases[h], nftBase{baseChain{t.chains, chain.Name}, priority, *chain.Type == knftables.NATType})
	return nil
}

// priorityOf is a priority as a number. Source: nft(8), standard priority names.
func priorityOf(text string) (int, error) {
	for name, value := range map[string]int{"dstnat": -100, "filter": 0, "srcnat": 100} {
		if rest, found := strings.CutPrefix(text, name); found {
			offset, err := strconv.Atoi(cmp.Or(rest, "0"))
			return value + offset, err
		}
	}
	return 0, fmt.Errorf("unknown priority %s", text)
}

func nftWords(rule string) []string {
	return strings.Fields(strings.ReplaceAll(rule, ",", " , "))
}

// nftParser reads one rule word by word.
type nftParser struct {
	machine *Machine
	table   *knftables.FakeTable
	// family is "ip" or "ip6", as the rules name it.
	family string
	words  []string
	rule
}

func (p *nftParser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

// skip drops the next words if they are those given.
func (p *nftParser) skip(words ...string) bool {
	if len(p.words) < len(words) || !slices.Equal(p.words[:len(words)], words) {
		return false
	}
	p.words = p.words[len(words):]
	return true
}

func (p *nftParser) expect(words ...string) error {
	if !p.skip(words...) {
		return fmt.Errorf("%v, where %v was expected", p.words, words)
	}
	return nil
}

func (p *nftParser) parse() error {
	for len(p.words) > 0 {
		if err := p.statement(); err != nil {
			return err
		}
	}
	return nil
}

// statement reads a match or an effect. All matches come first.
func (p *nftParser) statement() error {
	if fields := p.selector(); len(fields) > 0 {
		return p.lookup(fields)
	}
	switch word := p.next(); word {
	case "accept", "drop", "reject", "return":
		return p.effect(does(nftVerdicts[word]))
	case "jump", "goto":
		return p.effect(leads(nftVerdicts[word], p.next()))
	case "masquerade":
		return cond(p.expect("fully-random"), p.effect(masquerades))
	case "dnat":
		return p.dnat()
	case "numgen":
		return p.numgenVerdict()
	case "mark":
		return p.mark()
	case "fib":
		return p.fib()
	case "iifname":
		return p.interfaceName()
	case "ct":
		return p.connection()
	case "counter":
		p.next()
		p.next()
		return nil
	case "update": // remembers the client, which "maybe" stands for
		p.next()
		return p.expect("{", p.family, "saddr", "}")
	default:
		return fmt.Errorf("unknown statement %s", word)
	}
}

var nftVerdicts = map[string]action{
	"accept": accept, "drop": drop, "reject": reject, "return": leave, "jump": jump, "goto": enter,
}

func (p *nftParser) effect(e effect) error {
	p.effects = append(p.effects, e)
	return nil
}

func (p *nftParser) must(m match) error {
	if len(p.effects) > 0 {
		return fmt.Errorf("a match after an effect")
	}
	p.matches = append(p.matches, m)
	return nil
}

// field is one part of a packet, in the form in which sets hold it.
type field struct {
	text func(s *state) string
	addr func(s *state) netip.Addr
}

// selector reads fields joined by dots; none if the next words are something
// else.
func (p *nftParser) selector() []field {
	saddr := func(s *state) netip.Addr { return s.Source }
	daddr := func(s *state) netip.Addr { return s.Destination }
	var fields []field
	for len(fields) == 0 || p.skip(".") {
		switch {
		case p.skip(p.family, "saddr"):
			fields = append(fields, field{func(s *state) string { return s.Source.String() }, saddr})
		case p.skip(p.family, "daddr"):
			fields = append(fields, field{func(s *state) string { return s.Destination.String() }, daddr})
		case p.skip("meta", "l4proto"):
			fields = append(fields, field{text: func(s *state) string { return strings.ToLower(string(s.Protocol)) }})
		case p.skip("th", "dport"):
			fields = append(fields, field{text: func(s *state) string { return strconv.Itoa(int(s.Port)) }})
		default:
			return fields
		}
	}
	return fields
}

// key is what a set or map is asked for.
func key(fields []field, s *state) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = f.text(s)
	}
	return strings.Join(texts, keySeparator)
}

const keySeparator = " . "

// lookup reads what a selector is compared with.
func (p *nftParser) lookup(fields []field) error {
	if p.skip("vmap") {
		return p.verdictMap(fields)
	}
	negated := p.skip("!=")
	var m match
	var err error
	switch word := p.next(); {
	case word == "{":
		m, err = p.oneOf(fields)
	case strings.HasPrefix(word, "@"):
		m, err = p.inSet(fields, word[1:])
	default:
		m, err = p.equals(fields, word)
	}
	if err != nil {
		return err
	}
	if negated {
		return p.must(func(s *state) answer { return not(m(s)) })
	}
	return p.must(m)
}

func (p *nftParser) equals(fields []field, value string) (match, error) {
	if len(fields) != 1 {
		return nil, fmt.Errorf("several fields compared with %s", value)
	}
	if fields[0].addr == nil {
		return func(s *state) answer { return when(fields[0].text(s) == value) }, nil
	}
	prefix, err := prefixOf(value)
	return func(s *state) answer { return when(prefix.Contains(fields[0].addr(s))) }, err
}

// oneOf is a set that is written in the rule.
func (p *nftParser) oneOf(fields []field) (match, error) {
	var all []match
	for {
		m, err := p.equals(fields, p.next())
		if err != nil {
			return nil, err
		}
		all = append(all, m)
		if p.skip(",") {
			continue
		}
		return func(s *state) answer {
			return when(slices.ContainsFunc(all, func(m match) bool { return m(s) == yes }))
		}, p.expect("}")
	}
}

// inSet: what kube-proxy remembers of clients in a set is not known.
func (p *nftParser) inSet(fields []field, name string) (match, error) {
	set := p.table.Sets[name]
	switch {
	case set == nil:
		return nil, fmt.Errorf("no set %s", name)
	case slices.Contains(set.Flags, knftables.DynamicFlag):
		return func(*state) answer { return maybe }, nil
	case len(set.Flags) > 0:
		return nil, fmt.Errorf("set %s has unknown flags %v", name, set.Flags)
	}
	elements := map[string]bool{}
	for _, e := range set.Elements {
		elements[strings.Join(e.Key, keySeparator)] = true
	}
	return func(s *state) answer { return when(elements[key(fields, s)]) }, nil
}

func (p *nftParser) verdictMap(fields []field) error {
	name, named := strings.CutPrefix(p.next(), "@")
	table := p.table.Maps[name]
	if !named || table == nil {
		return fmt.Errorf("no map %s", name)
	}
	elements := map[string]effect{}
	for _, e := range table.Elements {
		verdict, err := verdictOf(strings.Fields(strings.Join(e.Value, " ")))
		if err != nil {
			return fmt.Errorf("map %s: %w", name, err)
		}
		elements[strings.Join(e.Key, keySeparator)] = verdict
	}
	return p.effect(func(s state) []ending {
		if verdict, found := elements[key(fields, &s)]; found {
			return verdict(s)
		}
		return []ending{{state: s, action: nextRule}}
	})
}

func verdictOf(words []string) (effect, error) {
	action, known := nftVerdicts[words[0]]
	switch {
	case known && len(words) == 1 && action != jump && action != enter:
		return does(action), nil
	case known && len(words) == 2 && (action == jump || action == enter):
		return leads(action, words[1]), nil
	}
	return nil, fmt.Errorf("unknown verdict %v", words)
}

// dnat has one address and port, or one of several by chance.
func (p *nftParser) dnat() error {
	if p.skip("to") {
		to, err := netip.ParseAddrPort(p.next())
		return cond(err, p.effect(translates(to)))
	}
	if err := p.expect(p.family, "addr", ".", "port", "to", "numgen"); err != nil {
		return err
	}
	choices, err := p.numgen("map")
	if err != nil {
		return err
	}
	var all []effect
	for _, choice := range choices {
		addr, port, _ := strings.Cut(strings.Join(choice, " "), keySeparator)
		ip, err := netip.ParseAddr(addr)
		number, err2 := strconv.ParseUint(port, 10, 16)
		if err := cond(err, err2); err != nil {
			return err
		}
		all = append(all, translates(netip.AddrPortFrom(ip, uint16(number))))
	}
	return p.effect(anyOf(all))
}

func (p *nftParser) numgenVerdict() error {
	choices, err := p.numgen("vmap")
	if err != nil {
		return err
	}
	var all []effect
	for _, choice := range choices {
		verdict, err := verdictOf(choice)
		if err != nil {
			return err
		}
		all = append(all, verdict)
	}
	return p.effect(anyOf(all))
}

func anyOf(all []effect) effect {
	return func(s state) []ending {
		var endings []ending
		for _, e := range all {
			endings = append(endings, e(s)...)
		}
		return endings
	}
}

// numgen reads "random mod 2 map { 0 : a b , 1 : c d }" and gives the words of
// each choice. There must be as many as the number says.
func (p *nftParser) numgen(kind string) ([][]string, error) {
	if err := p.expect("random", "mod"); err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(p.next())
	if err := cond(err, p.expect(kind, "{")); err != nil {
		return nil, err
	}
	var choices [][]string
	for i := range n {
		if err := p.expect(strconv.Itoa(i), ":"); err != nil {
			return nil, err
		}
		var choice []string
		for len(p.words) > 0 && p.words[0] != "," && p.words[0] != "}" {
			choice = append(choice, p.next())
		}
		choices = append(choices, choice)
		if i < n-1 && !p.skip(",") {
			return nil, fmt.Errorf("%d choices where there should be %d", i+1, n)
		}
	}
	return choices, p.expect("}")
}

func (p *nftParser) mark() error {
	if p.skip("and") {
		mask, err := number(p.next())
		if err := cond(err, p.expect("!=", "0")); err != nil {
			return err
		}
		return p.must(func(s *state) answer { return when(s.mark&mask != 0) })
	}
	if err := p.expect("set", "mark"); err != nil {
		return err
	}
	operator := p.next()
	bits, err := number(p.next())
	switch operator {
	case "or":
		return cond(err, p.effect(marks(func(mark uint32) uint32 { return mark | bits })))
	case "xor":
		return cond(err, p.effect(marks(func(mark uint32) uint32 { return mark ^ bits })))
	}
	return fmt.Errorf("unknown operator %s", operator)
}

func (p *nftParser) fib() error {
	of := func(s *state) netip.Addr { return s.Source }
	if !p.skip("saddr") {
		of = func(s *state) netip.Addr { return s.Destination }
		if err := p.expect("daddr"); err != nil {
			return err
		}
	}
	return cond(p.expect("type", "local"), p.must(func(s *state) answer { return when(p.machine.isLocal(of(s))) }))
}

func (p *nftParser) interfaceName() error {
	negated := p.skip("!=")
	name, prefix := strings.CutSuffix(p.next(), "*")
	return p.must(func(s *state) answer { return when(s.enters(name, prefix) != negated) })
}

// connection: the packet is its connection's first, perhaps translated.
func (p *nftParser) connection() error {
	switch {
	case p.skip("state", "new"):
		return nil
	case p.skip("status", "dnat"):
		return p.must(func(s *state) answer { return when(s.translated) })
	}
	return fmt.Errorf("unknown property of a connection: %v", p.words)
}
