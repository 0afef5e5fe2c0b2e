package dnat

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// translatedPath is the Path to one backend of a frontend that Cilium translates
// where the client is. Where the backend is the client itself, hairpin finishes
// it.
func (q *query) translatedPath(c candidate, t Translation, why string, hairpin func(Path) Path) Path {
	party, unknown := q.party(c)
	backend := Backend{Party: party, Port: c.port, Slice: c.slice.Origin}
	if unknown != "" {
		return q.unknownBackend(backend, unknown)
	}
	if dropped := q.sctpPortChanged(t, backend); dropped != nil {
		return *dropped
	}
	path := Path{Translation: t, Backend: &backend}
	if q.Source.Kind == model.PartyPod && party.Addr == q.sourceFor(party.Addr).Addr {
		path = hairpin(path)
	} else {
		path = q.deliver(t, backend)
	}
	if path.Service.Stage != "" {
		return path
	}
	if c.draining() {
		why += "; the backend is terminating, and serves because no endpoint is ready"
	}
	path.Service = q.step(model.Allowed, why)
	path.Service.By = q.origins(c.slice)
	return path
}

// unknownBackend is the Path to a backend of which the files do not say enough.
func (q *query) unknownBackend(b Backend, why string) Path {
	path := q.undetermined(why)[0]
	path.Backend = &b
	return path
}

// because adds to Paths without a backend which slices decided, and the hint.
func (q *query) because(paths []Path, none choice) []Path {
	for i := range paths {
		paths[i].Service.By = q.origins(none.slices...)
		paths[i].Hint = none.hint
	}
	return paths
}

// policyMustAllow ends the sentence about a translation that comes before
// egress policy: it is where people write the Service's port and wonder.
func (q *query) policyMustAllow(c candidate) string {
	switch {
	case c.port == q.PortNumber:
		return "policy sees the backend, not the Service"
	case q.Frontend == model.FrontendNodePort || q.Frontend == model.FrontendHostPort:
		return fmt.Sprintf("policy must allow the targetPort %d, not the %s %d", c.port, q.Frontend, q.PortNumber)
	}
	return fmt.Sprintf("policy must allow the targetPort %d, not the Service's port %d", c.port, q.PortNumber)
}

// portHint says which ports the Service has instead.
func (q *query) portHint() string {
	ports := q.Service.Ports
	targeted := func(p model.ServicePort) bool { return p.TargetPort.Number == q.PortNumber && p.Protocol == q.Protocol }
	if i := slices.IndexFunc(ports, targeted); i >= 0 {
		return fmt.Sprintf("%d is the targetPort: connect to the Service's port %d", q.PortNumber, ports[i].Port)
	}
	return fmt.Sprintf("connect to a port that Service %s has: %s", serviceRef(q.Service), portList(ports))
}
