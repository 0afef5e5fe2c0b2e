package kubeproxy

import (
	"fmt"
	"net/netip"
	"strings"
)

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
