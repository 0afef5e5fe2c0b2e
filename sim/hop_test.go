package sim

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

func TestHopsFoldInOrder(t *testing.T) {
	allowed, denied, unknown := model.Allowed, model.Denied, model.Undetermined
	hop := func(name HopName, v model.Verdict, sees model.ClientSees) Hop {
		return Hop{Name: name, Verdict: v, ClientSees: sees}
	}
	for _, row := range []struct {
		name    string
		hops    []Hop
		verdict model.Verdict
		sees    model.ClientSees
		broken  HopName
	}{
		{"all pass", []Hop{hop(HopEntry, allowed, model.SeesOpen), hop(HopRoute, allowed, ""), hop(HopBackend, allowed, model.SeesOpen)}, allowed, model.SeesOpen, ""},
		{"the first denial decides", []Hop{hop(HopEntry, denied, model.SeesTimeout), hop(HopRoute, denied, "http-404")}, denied, model.SeesTimeout, HopEntry},
		{"a denial decides whatever is not known", []Hop{hop(HopEntry, unknown, ""), hop(HopRoute, denied, "http-404")}, denied, "", HopRoute},
		{"what is not known stays so", []Hop{hop(HopEntry, unknown, ""), hop(HopRoute, allowed, ""), hop(HopBackend, allowed, model.SeesOpen)}, unknown, "", HopEntry},
		{"one of two backends", []Hop{hop(HopEntry, allowed, model.SeesOpen), hop(HopBackend, allowed, model.SeesOpen), hop(HopBackend, denied, "http-504")}, model.Mixed, "", HopBackend},
		{"both backends, alike", []Hop{hop(HopEntry, allowed, model.SeesOpen), hop(HopBackend, denied, "http-504"), hop(HopBackend, denied, "http-504")}, denied, "http-504", HopBackend},
		{"both backends, not alike", []Hop{hop(HopEntry, allowed, model.SeesOpen), hop(HopBackend, denied, "http-503"), hop(HopBackend, denied, "http-504")}, denied, "", HopBackend},
		{"one backend of which nothing is known", []Hop{hop(HopEntry, allowed, model.SeesOpen), hop(HopBackend, allowed, model.SeesOpen), hop(HopBackend, unknown, "")}, unknown, "", HopBackend},
		{"some nodes lead in, and not all", []Hop{hop(HopEntry, model.Mixed, ""), hop(HopBackend, allowed, model.SeesOpen)}, model.Mixed, "", HopEntry},
		{"some nodes lead in, to nowhere", []Hop{hop(HopEntry, model.Mixed, ""), hop(HopBackend, denied, "http-503")}, denied, "", HopBackend},
		{"a redirect is an answer", []Hop{hop(HopEntry, allowed, model.SeesOpen), {Name: HopRoute, Verdict: allowed, ClientSees: "http-301", Route: &Route{}}}, allowed, "http-301", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := Answer{Hops: row.hops}
			a.foldHops()
			assert.Equal(t, row.verdict, a.Verdict)
			assert.Equal(t, row.sees, a.ClientSees)
			assert.Equal(t, row.broken, a.BrokenHop)
		})
	}
}
