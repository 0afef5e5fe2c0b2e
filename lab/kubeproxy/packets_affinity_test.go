package kubeproxy_test

import (
	"net/netip"
	"testing"

	"github.com/netsim-dev/netsim/model"
)

func affinity(s *model.Service) { s.SessionAffinity = true }

// sticky is a Service with session affinity. It is no exhibit: a client meets one
// of its backends only, and dnat gives all that it can meet.
var sticky = exhibit{name: "sticky", claim: "has session affinity", backends: "b1 b2", service: affinity}

// Session affinity holds a client to one backend on one node, by whichever
// address of the Service it asks there, and dnat knows that backend.
func TestPacketsWithAffinityMeetOneBackend(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	for _, s := range usual {
		t.Run(s.claim, func(t *testing.T) {
			t.Parallel()
			l := newLaboratory(t, labCluster([]exhibit{sticky}), s.settings)
			for _, is6 := range []bool{false, true} {
				for _, c := range clients(l.index, is6) {
					l.checkAffinity(t, c)
				}
			}
		})
	}
}

// checkAffinity has a client ask by all addresses that one node translates, one
// after the other.
func (l *laboratory) checkAffinity(t *testing.T, c client) {
	first := map[model.Protocol]outcome{}
	for _, q := range c.questions(l.index, l.index.Service("lab", sticky.name)) {
		if q.port == nil || q.frontend == model.FrontendNodePort && !l.translatesAtHome(c, q.to.Addr()) {
			continue
		}
		for range 5 {
			var got outcome
			err := l.hosts[c.name].do(func() (err error) {
				got, err = q.attempt(longPatience)
				return err
			})
			switch known, asked := first[q.protocol]; {
			case err != nil:
				t.Errorf("%s: %v", q, err)
			case !l.expect(q).allows(got):
				t.Errorf("%s\n\tthe kernel: %s\n\tdnat:       %s", q, got, l.expect(q))
			case !asked:
				first[q.protocol] = got
			case known.name != got.name:
				t.Errorf("%s, and meets %s after %s", q, got, known)
			}
		}
	}
}

// translatesAtHome says whether an address is one of the node that translates
// what the client sends to virtual addresses. A node that sends to its own
// address has it as its source, and loopback would be another client.
func (l *laboratory) translatesAtHome(c client, addr netip.Addr) bool {
	home := c.party.Node
	if c.via != nil {
		home = c.via
	}
	return addr == ofFamily(home.InternalIPs, addr.Is6())
}
