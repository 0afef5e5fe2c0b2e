package kubeproxy

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/knftables"
)

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
