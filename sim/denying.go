package sim

import "github.com/netsim-dev/netsim/model"

// Denying names, for each of some sources of the Matrix, the rules and policies
// that deny all that is denied of its connections to one of the destinations. It
// is empty where something else than a policy denies one of them too, or where
// only Query can tell.
func (m *Matrix) Denying(to *MatrixDestination, sources []*MatrixSource) [][]model.Origin {
	out := make([][]model.Origin, len(sources))
	for i, source := range sources {
		out[i] = m.sim.denying(to.column, source)
	}
	to.column.forget()
	return out
}

func (s *Sim) denying(c *column, source *MatrixSource) []model.Origin {
	var all []model.Origin
	for party := range c.differing(source) {
		for _, w := range c.waysFrom(party) {
			if s.outcomeOf(w, party).Verdict != model.Denied {
				continue
			}
			by := s.policiesDenying(w, party)
			if len(by) == 0 {
				return nil
			}
			all = append(all, by...)
		}
	}
	return model.SortOrigins(all)
}

// policiesDenying are those of a way that is denied, none where they are not all
// that denies it.
func (s *Sim) policiesDenying(w *way, party model.Party) []model.Origin {
	if w.fixed != model.Allowed {
		return nil
	}
	var all []model.Origin
	for _, one := range w.sides {
		if s.outcomeOfSide(w, one, party).Verdict != model.Denied {
			continue
		}
		policies := s.engine.Compiled()
		by := policies.Origins(policies.AddDeciders(nil, one.direction, w.standIn(one.packet, party)))
		if len(by) == 0 {
			return nil
		}
		all = append(all, by...)
	}
	return all
}
