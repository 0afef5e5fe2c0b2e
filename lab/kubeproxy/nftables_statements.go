package kubeproxy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

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
