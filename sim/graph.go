package sim

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// Graph is who can reach whom: the workloads of a cluster (pods of none, nodes
// and the world are there too), and an edge from one to another wherever a port
// of the other opens. It tells what somebody who has taken over one workload
// could get to next.
type Graph struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Datapath   DatapathInfo `json:"datapath"`
	Workloads  []GraphNode  `json:"workloads"`
	Edges      []Edge       `json:"edges"`
	// Groups are the sets of two workloads and more each of which reaches all
	// others of the set, directly or over hops.
	Groups [][]string `json:"groups"`
	// Unready are pods that are predicted not to become ready: no way through a
	// Service leads to them, one by their own address may.
	Unready []Unready     `json:"unready,omitempty"`
	Issues  []model.Issue `json:"issues"`

	sim *Sim
	at  map[string]int
}

// GraphNode is a workload, a pod of none, a node or the world.
type GraphNode struct {
	Ref       string `json:"ref"`
	Namespace string `json:"namespace,omitempty"`
	Pods      int    `json:"pods,omitempty"`
}

// between says whether a chain may pass through: a node is no workload, and what
// reaches the world does not come back from there as itself.
func (n GraphNode) between() bool { return n.Pods > 0 }

// Edge says that From reaches To. Its verdict is that of the best port: allowed;
// mixed, where only some pods of From reach only some of To; or undetermined.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	Outcome
	// Ports are the destinations that do it, as they can be queried.
	Ports []string `json:"ports"`
}

// Graph asks about all workloads and every way to them: the ports of Services
// at each of their frontends, and what pods declare that no Service leads to.
// An error means that netsim made a reference which it cannot read.
func (s *Sim) Graph() (*Graph, error) {
	m := &Matrix{sim: s}
	for _, p := range s.participants(false) {
		m.Sources = append(m.Sources, s.matrixSource(p))
	}
	for _, p := range slices.Concat(s.usualDestinations(), s.otherFrontends(), s.unservedPorts()) {
		d, err := s.matrixDestination(p, false)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.ref, err)
		}
		m.Destinations = append(m.Destinations, d)
	}
	g := &Graph{
		APIVersion: APIVersion, Kind: "Graph", Datapath: s.datapathInfo(), Issues: s.Issues(),
		Workloads: []GraphNode{}, Edges: []Edge{}, sim: s, at: map[string]int{},
	}
	for _, source := range m.Sources {
		g.at[source.Ref] = len(g.Workloads)
		g.Workloads = append(g.Workloads, GraphNode{source.Ref, source.Namespace, source.Pods})
	}
	for row := range m.Rows() {
		g.Edges = append(g.Edges, g.edges(m, row)...)
	}
	g.Groups = g.groups()
	g.Unready = s.unreadyBehind(m.Destinations)
	return g, nil
}

// edges are those out of one source, in the order of the workloads.
func (g *Graph) edges(m *Matrix, row MatrixRow) []Edge {
	found := map[string]*Edge{}
	for i, cell := range row.Cells {
		if cell.Verdict == model.Denied {
			continue
		}
		to := &m.Destinations[i]
		for _, end := range m.endsOf(row.Source, to, cell) {
			_, known := g.at[end.Ref]
			if end.Verdict == model.Denied || !known || end.Ref == row.Source.Ref {
				continue
			}
			if found[end.Ref] == nil {
				found[end.Ref] = &Edge{From: row.Source.Ref, To: end.Ref, Outcome: end.Outcome}
			}
			found[end.Ref].add(to.Ref, end.Outcome)
		}
	}
	var out []Edge
	for _, e := range found {
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b Edge) int { return cmp.Compare(g.at[a.To], g.at[b.To]) })
	return out
}

// add keeps the best of the outcomes.
func (e *Edge) add(port string, o Outcome) {
	rank := map[model.Verdict]int{model.Allowed: 0, model.Mixed: 1, model.Undetermined: 2}
	if rank[o.Verdict] < rank[e.Verdict] {
		e.Outcome = o
	}
	e.Ports = append(e.Ports, port)
}

// otherFrontends are the load balancers, external IPs and nodePorts of Services:
// the ways in from outside, and some that a pod may take where a ClusterIP is
// closed to it, since a node's address can hide it.
func (s *Sim) otherFrontends() []participant {
	var out []participant
	for _, svc := range s.index.Cluster.Services {
		for _, port := range svc.Ports {
			ref := fmt.Sprintf("%s/svc/%s:%s", svc.Namespace, svc.Name, portSuffix(port.Port, port.Protocol))
			if len(svc.ExternalIPs) > 0 {
				out = append(out, participant{ref + "@externalip", svc.Namespace, nil})
			}
			if svc.Type == model.LoadBalancerService {
				out = append(out, participant{ref + "@loadbalancer", svc.Namespace, nil})
			}
			if svc.Type != model.NodePortService && (svc.Type != model.LoadBalancerService || svc.NoNodePorts) {
				continue
			}
			for _, n := range s.index.Cluster.Nodes {
				out = append(out, participant{ref + "@nodeport=" + n.Name, svc.Namespace, nil})
			}
		}
	}
	return out
}

// unservedPorts are the ports that pods declare and no Service leads to: one that
// is not ready has its own address still.
func (s *Sim) unservedPorts() []participant {
	served := map[string]bool{}
	for _, svc := range s.index.Cluster.Services {
		for _, slice := range s.index.Slices(svc) {
			for _, e := range slice.Endpoints {
				if !e.Ready {
					continue
				}
				for _, p := range slice.Ports {
					served[fmt.Sprintf("%s %s", e.Addr, portSuffix(p.Port, p.Protocol))] = true
				}
			}
		}
	}
	var out []participant
	for _, p := range s.participants(false) {
		known := map[string]bool{}
		for _, party := range p.parties {
			if party.Pod == nil {
				continue
			}
			for _, port := range party.Pod.Ports {
				suffix := portSuffix(port.Port, port.Protocol)
				if known[suffix] || served[fmt.Sprintf("%s %s", party.Addr, suffix)] {
					continue
				}
				known[suffix] = true
				out = append(out, participant{p.ref + ":" + suffix, p.namespace, nil})
			}
		}
	}
	return out
}
