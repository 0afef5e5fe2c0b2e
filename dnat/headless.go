package dnat

import (
	"fmt"
	"net/netip"

	"github.com/netsim-dev/netsim/model"
)

// headless answers for a Service without a ClusterIP: DNS gives the addresses
// of its ready endpoints, the client sends to one of them, and nothing
// translates anything, the port included. Source: no frontend is made,
// pkg/loadbalancer/reflectors/conversions.go convertService.
func headless(q *query) []Path {
	published := q.published()
	if len(published) == 0 {
		return q.denied(ByNone, fmt.Sprintf("headless Service %s has no ready endpoint that this client could reach, so DNS gives no address for it", serviceRef(q.Service)), "")
	}
	paths := make([]Path, 0, len(published))
	for _, b := range published {
		paths = append(paths, q.headlessPath(b))
	}
	return paths
}

func (q *query) headlessPath(b candidate) Path {
	party, why := q.party(b)
	backend := Backend{Party: party, Port: q.PortNumber, Slice: b.slice.Origin}
	if why != "" {
		return q.unknownBackend(backend, why)
	}
	var path Path
	if q.Source.Kind == model.PartyPod && party.Addr == q.sourceFor(party.Addr).Addr {
		path = q.insidePod(backend)
	} else {
		path = q.deliver(Translation{By: ByNone}, backend)
	}
	path.Service = q.step(model.Allowed, fmt.Sprintf(
		"Service %s is headless: DNS gives the pods' own addresses, nobody translates, and the packet keeps port %d", serviceRef(q.Service), q.PortNumber))
	path.Service.By = q.origins(b.slice)
	if q.Protocol.HasPorts() && b.port != 0 && b.port != q.PortNumber {
		path.Conditions = append(path.Conditions, fmt.Sprintf(
			"something listens on port %d of %s: the Service's targetPort is %d, and a headless Service maps no ports", q.PortNumber, partyRef(party), b.port))
		path.Hint = fmt.Sprintf("connect to port %d, the targetPort", b.port)
	}
	return path
}

// published are the endpoints that DNS gives: the ready ones of the families
// that the source has, once each, only Addr if one is asked for. A candidate's
// port is the one that the Service's port leads to, 0 if the slice has none.
func (q *query) published() []candidate {
	found := map[netip.Addr]candidate{}
	for _, slice := range q.ix.Slices(q.Service) {
		for _, e := range slice.Endpoints {
			wanted := !q.Addr.IsValid() || q.Addr == e.Addr
			if !e.Ready || !e.Addr.IsValid() || !wanted || !q.hasFamilyOf(e.Addr) {
				continue
			}
			c := candidate{endpoint: e, slice: slice}
			if ports := q.matchingPorts(slice); len(ports) > 0 {
				c.port = ports[0].Port
			}
			if known, ok := found[e.Addr]; !ok || known.port == 0 {
				found[e.Addr] = c
			}
		}
	}
	return sortedCandidates(found)
}

// hasFamilyOf says whether the source can send to an address: the world has
// every family.
func (q *query) hasFamilyOf(destination netip.Addr) bool {
	source := q.sourceFor(destination)
	return source.Kind == model.PartyWorld || source.Addr.IsValid() && source.Addr.Is6() == destination.Is6()
}
