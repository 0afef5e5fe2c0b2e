package kubeproxy

import (
	"cmp"
	"fmt"
	"maps"
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
