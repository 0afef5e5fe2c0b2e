package sim

import (
	"fmt"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// authChecks are the smoke test: SPIRE is ready, Cilium authenticates, an
// authenticated connection opens, and the same one does not without an
// identity.
func (s *Sim) authChecks(edges authEdges) []AuthCheck {
	plane := s.engine.IdentityPlane()
	return []AuthCheck{
		check("spire-ready", s.spireReady(plane)),
		check("cilium-enabled", enabled(plane)),
		s.checkOpens(edges),
		s.checkCloses(edges),
	}
}

func check(name string, f engine.Finding) AuthCheck {
	return AuthCheck{Name: name, Verdict: f.Verdict, Why: f.Why, Hint: f.Hint}
}

// spireReady is the server and the agent of every node that has pods.
func (s *Sim) spireReady(plane engine.IdentityPlane) engine.Finding {
	found := plane.ServerReady()
	for _, n := range s.index.Cluster.Nodes {
		if next := plane.AgentReady(s.index.NodeParty(n, false)); worse(next.Verdict, found.Verdict) {
			found = next
		}
	}
	if found.Verdict == model.Allowed {
		found.Why = fmt.Sprintf("spire-server is ready, and a spire-agent on each of %d nodes", len(s.index.Cluster.Nodes))
	}
	return found
}

// worse says whether a verdict stands more in the way than another.
func worse(a, b model.Verdict) bool {
	return a != b && (a == model.Denied || b == model.Allowed)
}

func enabled(plane engine.IdentityPlane) engine.Finding {
	found := plane.Processing()
	if found.Verdict == model.Allowed {
		found.Why = fmt.Sprintf("mesh-auth-enabled is on, with SPIRE's certificates and handshakes on %d/TCP", plane.Port)
	}
	return found
}

const nothingDemands = "no rule requires authentication of a connection that policy allows: require it on one edge, then ask again"

func (s *Sim) checkOpens(edges authEdges) AuthCheck {
	const name = "authenticated-connection"
	if edges.sample == nil {
		return AuthCheck{Name: name, Verdict: model.Allowed, Skipped: true, Why: nothingDemands}
	}
	a, err := s.Query(*edges.sample)
	if err != nil {
		return AuthCheck{Name: name, Why: err.Error()}
	}
	c := AuthCheck{Name: name, Verdict: a.Verdict, Why: sampleText(*edges.sample) + " opens"}
	if p, i := a.decisive(); p != nil {
		c.Why, c.Hint = fmt.Sprintf("%s: %s", sampleText(*edges.sample), p.Steps[i].Why), p.Steps[i].Hint
	}
	return c
}

// checkCloses asks about the same connection as if nobody had a certificate.
func (s *Sim) checkCloses(edges authEdges) AuthCheck {
	const name = "no-identity-no-connection"
	if edges.sample == nil {
		return AuthCheck{Name: name, Verdict: model.Allowed, Skipped: true, Why: nothingDemands}
	}
	bare := s.withoutPlane()
	bare.identityMissing = true
	a, err := bare.Query(*edges.sample)
	if err != nil {
		return AuthCheck{Name: name, Why: err.Error()}
	}
	text := sampleText(*edges.sample)
	if a.Verdict == model.Denied {
		return AuthCheck{Name: name, Verdict: model.Allowed, Why: text + " is dropped where the ends have no certificates"}
	}
	c := AuthCheck{Name: name, Verdict: model.Denied, Why: text + " opens without certificates too"}
	if s.datapath.On("policy-audit-mode", false) {
		c.Why, c.Hint = c.Why+": policy-audit-mode is on, which enforces nothing", "switch policy-audit-mode off"
	}
	if a.Verdict == model.Undetermined {
		c.Verdict, c.Why = model.Undetermined, "whether "+text+" needs certificates cannot be known"
	}
	return c
}

func sampleText(q Query) string { return fmt.Sprintf("%s → %s on %s", q.From, q.To, q.Port) }
