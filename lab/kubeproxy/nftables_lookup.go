package kubeproxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/knftables"
)

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
