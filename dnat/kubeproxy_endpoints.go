package dnat

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// The endpoints that kube-proxy on one node has to choose from. Source:
// k8s.io/kubernetes v1.37.2 pkg/proxy/topology.go CategorizeEndpoints.

// clusterEndpoints are the ready endpoints, by topology hints only those that
// are near, or, where none is ready, those that terminate and still serve.
func (q *query) clusterEndpoints(node *model.Node) []candidate {
	all := q.onPort(q.ix.Slices(q.Service))
	ready := filter(all, func(c candidate) bool { return c.endpoint.Ready })
	if len(ready) == 0 {
		return filter(all, candidate.draining)
	}
	if hinted := byHint(ready, node.Name, func(e model.Endpoint) []string { return e.HintNodes }); hinted != nil {
		return hinted
	}
	if zone := node.Labels[model.ZoneLabel]; zone != "" {
		if hinted := byHint(ready, zone, func(e model.Endpoint) []string { return e.HintZones }); hinted != nil {
			return hinted
		}
	}
	return ready
}

// byHint are the endpoints whose hints name the node or zone; nil where an
// endpoint has no hint or none names it.
func byHint(ready []candidate, name string, hints func(model.Endpoint) []string) []candidate {
	if slices.ContainsFunc(ready, func(c candidate) bool { return len(hints(c.endpoint)) == 0 }) {
		return nil
	}
	return filter(ready, func(c candidate) bool { return slices.Contains(hints(c.endpoint), name) })
}

// localEndpoints are those on a node: the ready ones, else those that terminate
// and still serve. Topology hints do not apply.
func (q *query) localEndpoints(node *model.Node) []candidate {
	local := filter(q.onPort(q.ix.Slices(q.Service)), func(c candidate) bool { return c.endpoint.Node == node.Name })
	return readyFirst(filter(local, candidate.usable))
}

// anyEndpoint says whether the Service has a usable endpoint on any node, by
// which kube-proxy decides between an answer and silence.
func (q *query) anyEndpoint() bool {
	return slices.ContainsFunc(q.onPort(q.ix.Slices(q.Service)), candidate.usable)
}

// missing says why kube-proxy has no endpoint to choose.
func (q *query) missing(local bool, policy string, node *model.Node) (none, hint string) {
	all := q.ix.Slices(q.Service)
	onPort := q.onPort(all)
	if local && q.anyEndpoint() {
		return fmt.Sprintf("has %s Local and no endpoint on %s", policy, node.Name),
			fmt.Sprintf("run a backend on %s, or set %s to Cluster", node.Name, policy)
	}
	c := q.noChoice(all, onPort, nil, localView{})
	return c.none, c.hint
}
