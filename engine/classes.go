package engine

// marks tell identities apart by the sets that they are in: each set changes the
// mark of its members. That two different memberships end up with the same mark
// of 128 bits does not happen.
type marks struct {
	of   []mark
	told map[*idSet]bool
}

type mark struct{ a, b uint64 }

func newMarks(universe int) *marks { return &marks{make([]mark, universe), map[*idSet]bool{}} }

func (m *marks) tell(s *idSet) {
	if m.told[s] {
		return
	}
	m.told[s] = true
	n := uint64(len(m.told))
	own := mark{mix(2 * n), mix(2*n + 1)}
	s.each(func(id uint32) {
		m.of[id].a ^= own.a
		m.of[id].b ^= own.b
	})
}

// mix is the finalizer of SplitMix64: neighbouring numbers become unrelated.
func mix(x uint64) uint64 {
	x *= 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// classes are the identities that are in the same ones of some sets.
type classes struct {
	// members are those of each class in order, classes by their first member.
	members [][]uint32
	byFirst map[uint32]int
}

func (m *marks) classes() classes {
	c := classes{byFirst: map[uint32]int{}}
	at := map[mark]int{}
	for id, own := range m.of {
		i, known := at[own]
		if !known {
			i = len(c.members)
			at[own], c.byFirst[uint32(id)] = i, i
			c.members = append(c.members, nil)
		}
		c.members[i] = append(c.members[i], uint32(id))
	}
	return c
}

// in visits the classes whose members are in one of the sets.
func (c classes) in(s *idSet, visit func(class int)) {
	for _, id := range s.few {
		if i, isFirst := c.byFirst[id]; isFirst {
			visit(i)
		}
	}
	if s.many == nil {
		return
	}
	for i, members := range c.members {
		if s.many.has(members[0]) {
			visit(i)
		}
	}
}
