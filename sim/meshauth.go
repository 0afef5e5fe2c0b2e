package sim

import (
	"github.com/netsim-dev/netsim/model"
)

// MeshAuth says how mutual authentication stands: whether it is there, what
// demands it, and what it breaks. Its JSON form is stable within an
// APIVersion; lists are never null.
type MeshAuth struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Good is true where nothing is missing and nothing breaks.
	Good bool `json:"good"`
	// Checks are those of a smoke test, in its order.
	Checks []AuthCheck `json:"checks"`
	// Plane is what SPIRE and Cilium's agents need to reach.
	Plane []PlaneFlow `json:"plane"`
	// Required are the connections that must authenticate and that policy
	// otherwise allows. Those that fail are in Breaks.
	Required []AuthEdge `json:"required"`
	// Breaks are connections that policy allows and authentication drops.
	Breaks []AuthEdge `json:"breaks"`
	// Closed is how many of the connections that rules with authentication
	// mean other policies deny anyway.
	Closed   int           `json:"closed"`
	Datapath DatapathInfo  `json:"datapath"`
	Issues   []model.Issue `json:"issues"`
}

// AuthCheck is one check of the smoke test.
type AuthCheck struct {
	// Name is "spire-ready", "cilium-enabled", "authenticated-connection" or
	// "no-identity-no-connection".
	Name string `json:"name"`
	// Verdict is allowed where the check passes. A check that has nothing to
	// look at is Skipped, and passes.
	Verdict model.Verdict `json:"verdict"`
	Skipped bool          `json:"skipped,omitempty"`
	Why     string        `json:"why"`
	Hint    string        `json:"hint,omitempty"`
}

// PlaneFlow is a connection without which nobody authenticates.
type PlaneFlow struct {
	// What says who talks to whom ("spire-agent → spire-server").
	What string `json:"what"`
	// From are references of the sources that fare alike.
	From     []string       `json:"from"`
	To       string         `json:"to"`
	Port     uint16         `json:"port"`
	Protocol model.Protocol `json:"protocol"`
	Verdict  model.Verdict  `json:"verdict"`
	By       []model.Origin `json:"by"`
	Why      string         `json:"why"`
	Hint     string         `json:"hint,omitempty"`

	// node is the node whose pods cannot authenticate without it; everywhere is
	// true where no pod can.
	node       string
	everywhere bool
	// asIfKnown is true where only the files leave it open.
	asIfKnown bool
}

// AuthEdge is a connection that a rule with authentication means.
type AuthEdge struct {
	// From and To are workloads, pods, nodes, addresses or "world".
	From string `json:"from"`
	To   string `json:"to"`
	// Port is 0 for every port.
	Port     uint16         `json:"port,omitempty"`
	Protocol model.Protocol `json:"protocol"`
	Verdict  model.Verdict  `json:"verdict"`
	// Rules are those that demand it.
	Rules []model.Origin `json:"rules"`
	Why   string         `json:"why"`
	Hint  string         `json:"hint,omitempty"`
}

// MeshAuth looks at mutual authentication as a whole.
func (s *Sim) MeshAuth() *MeshAuth {
	m := &MeshAuth{
		APIVersion: APIVersion, Kind: "MeshAuth", Plane: []PlaneFlow{}, Required: []AuthEdge{}, Breaks: []AuthEdge{},
		Datapath: s.datapathInfo(), Issues: s.Issues(),
	}
	m.Plane = append(m.Plane, joinFlows(s.plane())...)
	edges := s.authEdges()
	for _, e := range edges.open {
		if e.Verdict == model.Denied {
			m.Breaks = append(m.Breaks, e)
		} else {
			m.Required = append(m.Required, e)
		}
	}
	m.Closed = edges.closed
	m.Checks = s.authChecks(edges)
	m.Good = m.isGood()
	return m
}

func (m *MeshAuth) isGood() bool {
	for _, c := range m.Checks {
		if c.Verdict != model.Allowed {
			return false
		}
	}
	for _, f := range m.Plane {
		if f.Verdict != model.Allowed && !f.asIfKnown {
			return false
		}
	}
	for _, e := range m.Required {
		if e.Verdict != model.Allowed {
			return false
		}
	}
	return len(m.Breaks) == 0
}
