package engine

import (
	"math/bits"
	"slices"
)

// idSet is a set of identities by their index: a list where they are few, a bit
// for each identity where they are many. Most selectors mean few.
type idSet struct {
	few  []uint32
	many bitset
}

// sparseness is the share of a universe below which a list takes less room and
// time than a bit for each identity.
const sparseness = 64

func newIDSet(members []uint32, universe int) *idSet {
	if len(members)*sparseness <= universe {
		return &idSet{few: slices.Clip(members)}
	}
	s := &idSet{many: newBitset(universe)}
	for _, id := range members {
		s.many.add(id)
	}
	return s
}

func (s *idSet) has(id uint32) bool {
	if s.many != nil {
		return s.many.has(id)
	}
	_, found := slices.BinarySearch(s.few, id)
	return found
}

func (s *idSet) empty() bool { return s.many == nil && len(s.few) == 0 }

// each visits the members in order.
func (s *idSet) each(visit func(id uint32)) {
	for _, id := range s.few {
		visit(id)
	}
	s.many.each(visit)
}

func (s *idSet) members() []uint32 {
	var all []uint32
	s.each(func(id uint32) { all = append(all, id) })
	return all
}

// union is the set of all members of some sets, of which a single one is not
// copied.
func union(universe int, sets []*idSet) *idSet {
	if len(sets) == 1 {
		return sets[0]
	}
	all := newBitset(universe)
	for _, s := range sets {
		all.addAll(s)
	}
	return all.set()
}

// bitset has a bit for each identity.
type bitset []uint64

const wordBits = 64

func newBitset(universe int) bitset { return make(bitset, (universe+wordBits-1)/wordBits) }

func (b bitset) has(id uint32) bool { return b[id/wordBits]&(1<<(id%wordBits)) != 0 }

func (b bitset) add(id uint32) { b[id/wordBits] |= 1 << (id % wordBits) }

func (b bitset) addAll(s *idSet) {
	for _, id := range s.few {
		b.add(id)
	}
	for i, word := range s.many {
		b[i] |= word
	}
}

// fill adds the first n identities.
func (b bitset) fill(n int) {
	for i := range b {
		b[i] = ^uint64(0)
	}
	if rest := n % wordBits; rest != 0 {
		b[len(b)-1] = 1<<rest - 1
	}
}

func (b bitset) count() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

func (b bitset) each(visit func(id uint32)) {
	for i, word := range b {
		for ; word != 0; word &= word - 1 {
			visit(uint32(i*wordBits + bits.TrailingZeros64(word)))
		}
	}
}

// set is the same set in the form that suits its size.
func (b bitset) set() *idSet {
	if n := b.count(); n*sparseness <= len(b)*wordBits {
		members := make([]uint32, 0, n)
		b.each(func(id uint32) { members = append(members, id) })
		return &idSet{few: members}
	}
	return &idSet{many: b}
}
