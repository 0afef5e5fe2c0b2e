package dnat

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// externalName answers for a Service that is only another name: DNS answers with
// a CNAME, and nothing is translated, the port included. Where the name is a
// Service of the cluster, that Service answers.
func externalName(q *query) []Path {
	target := q.namedService()
	switch {
	case target == nil && q.namesOutside():
		return q.outsideName()
	case target == nil || len(target.ClusterIPs) == 0:
		return q.undetermined(fmt.Sprintf("Service %s is a CNAME for %s: no Service in these files has that name and an address", serviceRef(q.Service), q.Service.ExternalName))
	}
	req := q.Request
	req.Service, req.Port, req.Frontend, req.Addr = target, nil, model.FrontendClusterIP, target.ClusterIPs[0]
	for i := range target.Ports {
		if p := &target.Ports[i]; p.Port == q.PortNumber && p.Protocol == q.Protocol {
			req.Port = p
		}
	}
	paths := Resolve(q.ix, q.settings.Datapath, req)
	for i := range paths {
		if paths[i].Service.Stage == model.StageService {
			paths[i].Service.Why = fmt.Sprintf("Service %s is a CNAME for Service %s: %s", serviceRef(q.Service), serviceRef(target), paths[i].Service.Why)
			paths[i].Service.By = model.SortOrigins(append(paths[i].Service.By, q.Service.Origin))
		}
	}
	return paths
}

// namesOutside says whether the external name can be taken for one outside the
// cluster: it has dots, and is none that a cluster gives to its Services.
func (q *query) namesOutside() bool {
	name := strings.TrimSuffix(q.Service.ExternalName, ".")
	inside := strings.HasSuffix(name, ".cluster.local") || slices.Contains(strings.Split(name, "."), "svc")
	return strings.Contains(name, ".") && !inside
}

// outsideName is the way to a name outside: policy sees the world, whatever the
// address is.
func (q *query) outsideName() []Path {
	name, req := strings.TrimSuffix(q.Service.ExternalName, "."), q.Request
	req.Service, req.Port, req.Frontend, req.Destination = nil, nil, model.FrontendNone, model.Party{Kind: model.PartyWorld}
	paths := Resolve(q.ix, q.settings.Datapath, req)
	for i := range paths {
		if paths[i].Service.Stage == "" {
			paths[i].Service = q.step(model.Allowed, fmt.Sprintf("Service %s is a CNAME for %s: nobody translates, and policy sees an address outside the cluster", serviceRef(q.Service), name))
		}
		paths[i].Conditions = append(paths[i].Conditions, name+" has an address outside the cluster")
		paths[i].Hint = cmp.Or(paths[i].Hint, "say which address that is: --dns "+name+"=IP")
	}
	return paths
}

// namedService is the Service that the external name is, nil if it is none. A
// CNAME's target is a whole name: without the cluster's domain it means nobody.
func (q *query) namedService() *model.Service {
	labels := strings.Split(strings.TrimSuffix(q.Service.ExternalName, "."), ".")
	if len(labels) != 5 || strings.Join(labels[2:], ".") != "svc.cluster.local" {
		return nil
	}
	return q.ix.Service(labels[1], labels[0])
}
