package kubeproxy

import (
	"fmt"
	"strings"
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
