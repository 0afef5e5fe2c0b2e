package kubeproxy

import "fmt"

// What both kinds of rules come down to: chains of rules, each with matches that
// must all hold and effects that are then had in turn.

type chains map[string][]rule

type rule struct {
	matches []match
	effects []effect
}

// match looks at a packet.
type match func(s *state) answer

// answer is maybe where chance or the past decides.
type answer uint8

const (
	no answer = iota
	yes
	maybe
)

func when(b bool) answer {
	if b {
		return yes
	}
	return no
}

func not(a answer) answer {
	switch a {
	case yes:
		return no
	case no:
		return yes
	}
	return maybe
}

// effect gives every way in which a packet can go on.
type effect func(s state) []ending

// ending is a packet, and what the rules want done with it.
type ending struct {
	state
	action action
	// chain is where jump and enter lead.
	chain string
}

type action uint8

const (
	// nextEffect and nextRule go on inside a chain, leave to the one that
	// jumped into it, accept out of the table or base chain.
	nextEffect action = iota
	nextRule
	leave
	accept
	drop
	reject
	// jump comes back to the next rule, enter (nftables: goto) to where the
	// chain that it stands in would come back to.
	jump
	enter
)

// run sends a packet through a chain. Endings are leave, accept, drop and
// reject.
func (c chains) run(chain string, s state) ([]ending, error) {
	rules, known := c[chain]
	if !known {
		return nil, fmt.Errorf("a rule leads to chain %s, which does not exist", chain)
	}
	var done []ending
	under := []state{s}
	for i := range rules {
		var still []state
		for _, s := range under {
			endings, err := c.apply(&rules[i], s)
			if err != nil {
				return nil, err
			}
			for _, e := range endings {
				if e.action == nextRule {
					still = append(still, e.state)
				} else {
					done = append(done, e)
				}
			}
		}
		if under = still; len(under) == 0 {
			return done, nil
		}
	}
	for _, s := range under {
		done = append(done, ending{state: s, action: leave})
	}
	return done, nil
}

// apply is one rule for one packet; its endings are nextRule and those of run.
func (c chains) apply(r *rule, s state) ([]ending, error) {
	holds := yes
	for _, match := range r.matches {
		switch match(&s) {
		case no:
			return []ending{{state: s, action: nextRule}}, nil
		case maybe:
			holds = maybe
		}
	}
	endings, err := c.effects(r.effects, s)
	if holds == maybe {
		endings = append(endings, ending{state: s, action: nextRule})
	}
	return endings, err
}

func (c chains) effects(effects []effect, s state) ([]ending, error) {
	if len(effects) == 0 {
		return []ending{{state: s, action: nextRule}}, nil
	}
	var all []ending
	for _, e := range effects[0](s) {
		var endings []ending
		var err error
		switch e.action {
		case nextEffect:
			endings, err = c.effects(effects[1:], e.state)
		case jump:
			endings, err = c.run(e.chain, e.state)
			for i := range endings {
				if endings[i].action == leave {
					endings[i].action = nextRule
				}
			}
		case enter:
			endings, err = c.run(e.chain, e.state)
		default:
			endings = []ending{e}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, endings...)
	}
	return all, nil
}

// baseChain is a chain that hangs on a hook.
type baseChain struct {
	chains chains
	name   string
}

// inTurn sends a packet through base chains: to accept it in one is to leave it
// to the next. Its endings are accept, drop and reject.
func inTurn(bases []baseChain, s state) ([]ending, error) {
	if len(bases) == 0 {
		return []ending{{state: s, action: accept}}, nil
	}
	endings, err := bases[0].chains.run(bases[0].name, s)
	if err != nil {
		return nil, err
	}
	var all []ending
	for _, e := range endings {
		if e.action == drop || e.action == reject {
			all = append(all, e)
			continue
		}
		more, err := inTurn(bases[1:], e.state)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// The effects that both kinds of rules have.

func does(a action) effect {
	return func(s state) []ending { return []ending{{state: s, action: a}} }
}

func leads(a action, chain string) effect {
	return func(s state) []ending { return []ending{{state: s, action: a, chain: chain}} }
}

func masquerades(s state) []ending {
	s.masqueraded = true
	return []ending{{state: s, action: accept}}
}

func marks(change func(uint32) uint32) effect {
	return func(s state) []ending {
		s.mark = change(s.mark)
		return []ending{{state: s, action: nextEffect}}
	}
}
