package dnat

import (
	"fmt"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// externalName answers for a Service that is only another name: DNS answers with
// a CNAME, and nothing is translated, the port included. Where the name is a
// Service of the cluster, that Service answers.
func externalName(q *query) []Path {
	target := q.namedService()
	if target == nil || len(target.ClusterIPs) == 0 {
		paths := q.undetermined(fmt.Sprintf("Service %s is a CNAME for %s: netsim does not resolve names outside the cluster", serviceRef(q.Service), q.Service.ExternalName))
		paths[0].Hint = "say which address that is: --dns " + q.Service.ExternalName + "=IP"
		return paths
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

// namedService is the Service that the external name is, nil if it is none. A
// CNAME's target is a whole name: without the cluster's domain it means nobody.
func (q *query) namedService() *model.Service {
	labels := strings.Split(strings.TrimSuffix(q.Service.ExternalName, "."), ".")
	if len(labels) != 5 || strings.Join(labels[2:], ".") != "svc.cluster.local" {
		return nil
	}
	return q.ix.Service(labels[1], labels[0])
}
