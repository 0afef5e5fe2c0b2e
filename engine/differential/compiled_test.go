package differential_test

import (
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// compiledAgrees compares a cell of the compiled evaluator with the steps of
// the exact path: where it does not leave the packet to that, the verdict is the
// same, and nothing more is asked of the packet than its marks say.
func compiledAgrees(t *testing.T, c *engine.Compiled, q engine.Question, steps []model.Step, seen counts) {
	t.Helper()
	cell := c.Judge(q.Direction, q.Packet)
	if cell.Ask {
		seen["left to the exact path"]++
		return
	}
	seen["judged by the compiled evaluator"]++
	want := model.Denied
	if cell.Allowed {
		want = model.Allowed
	}
	require.Equal(t, want, steps[0].Verdict, "compiled verdict of %+v", steps[0])
	for _, step := range steps[1:] {
		require.True(t, step.Stage != model.StageAuth || cell.Auth, "authentication is not marked: %+v", steps)
		require.True(t, step.Stage != model.StageL7 || cell.L7, "a proxy is not marked: %+v", steps)
	}
	if cell.Auth {
		seen["marked with authentication"]++
	}
	if cell.L7 {
		seen["marked with a proxy"]++
	}
}

// rowsAgree compares whole rows with single cells: a row folds what both sides
// say of a packet.
func rowsAgree(t *testing.T, w *world, ix *model.Index, c *engine.Compiled) {
	t.Helper()
	ports := []engine.PortNumber{{Number: 80, Protocol: model.TCP}, {Number: 8080, Protocol: model.TCP}, {Number: 53, Protocol: model.UDP}, {Number: 8443, Protocol: model.TCP}, {Number: 8, Protocol: model.ICMP}}
	var parties []model.Party
	for _, p := range w.pods {
		parties = append(parties, ix.PodParty(ix.Pod(p.namespace, p.name), false))
	}
	for _, a := range addresses {
		if addr := netip.MustParseAddr(a); addr.Is4() && ix.Party(addr).Outside() {
			parties = append(parties, ix.Party(addr))
		}
	}
	rows := rowsOf(c, ports)
	for _, source := range parties[:len(w.pods)] {
		from, known := c.Identity(source, nil)
		require.True(t, known)
		for _, destination := range parties {
			to, _ := c.Identity(destination, source.Node)
			for i, port := range ports {
				packet := model.Packet{Source: source, Destination: destination, Protocol: port.Protocol, Port: port.Number}
				want := bothSides(c.Judge(model.Egress, packet), c.Judge(model.Ingress, packet))
				require.Equal(t, want, rows[from][i].at(to), "%+v", packet)
				w.count("cells of rows")
			}
		}
	}
}

func bothSides(egress, ingress engine.Cell) engine.Cell {
	sure := func(c engine.Cell) bool { return !c.Ask && !c.Allowed }
	switch {
	case sure(egress) || sure(ingress):
		return engine.Cell{}
	case egress.Ask || ingress.Ask:
		return engine.Cell{Ask: true}
	default:
		return engine.Cell{Allowed: true, Auth: egress.Auth || ingress.Auth, L7: egress.L7 || ingress.L7}
	}
}

type rowOutcome engine.Outcome

func (o rowOutcome) at(i uint32) engine.Cell {
	has := func(bits []uint64) bool { return bits[i/64]&(1<<(i%64)) != 0 }
	return engine.Cell{Ask: has(o.Ask), Allowed: has(o.Allowed), Auth: has(o.Auth), L7: has(o.L7)}
}

// rowsOf are the rows of all identities.
func rowsOf(c *engine.Compiled, ports []engine.PortNumber) map[uint32][]rowOutcome {
	var lock sync.Mutex
	all := map[uint32][]rowOutcome{}
	c.Rows(ports, func(r engine.Row) {
		lock.Lock()
		defer lock.Unlock()
		var copied []rowOutcome
		for _, o := range r.Ports {
			copied = append(copied, rowOutcome{slices.Clone(o.Allowed), slices.Clone(o.Ask), slices.Clone(o.Auth), slices.Clone(o.L7)})
		}
		for _, source := range r.Sources {
			all[source] = copied
		}
	})
	return all
}
