package sim

import (
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/iterator"
)

// digraph shows edges to gonum's algorithms. Nodes have the order of the
// workloads, so that the same graph gives the same walk.
type digraph struct {
	out  []map[int64]edge
	next [][]graph.Node
}

type node int64

func (n node) ID() int64 { return int64(n) }

type edge struct {
	Edge
	from, to node
}

func (e edge) From() graph.Node         { return e.from }
func (e edge) To() graph.Node           { return e.to }
func (e edge) ReversedEdge() graph.Edge { return edge{e.Edge, e.to, e.from} }

func (g *Graph) digraph(h heading, keep func(Edge) bool) *digraph {
	d := &digraph{make([]map[int64]edge, len(g.Workloads)), make([][]graph.Node, len(g.Workloads))}
	for _, e := range g.Edges {
		if !keep(e) {
			continue
		}
		from, to := node(g.at[e.From]), node(g.at[e.To])
		if h == backward {
			from, to = to, from
		}
		if d.out[from] == nil {
			d.out[from] = map[int64]edge{}
		}
		d.out[from][to.ID()] = edge{e, from, to}
		d.next[from] = append(d.next[from], to)
	}
	return d
}

// These make a graph.Directed of it.

func (d *digraph) Node(id int64) graph.Node { return node(id) }

func (d *digraph) Nodes() graph.Nodes {
	nodes := make([]graph.Node, len(d.out))
	for i := range nodes {
		nodes[i] = node(i)
	}
	return iterator.NewOrderedNodes(nodes)
}

func (d *digraph) From(id int64) graph.Nodes { return iterator.NewOrderedNodes(d.next[id]) }

func (d *digraph) To(id int64) graph.Nodes {
	var nodes []graph.Node
	for from := range d.out {
		if d.HasEdgeFromTo(int64(from), id) {
			nodes = append(nodes, node(from))
		}
	}
	return iterator.NewOrderedNodes(nodes)
}

func (d *digraph) Edge(from, to int64) graph.Edge {
	if e, found := d.out[from][to]; found {
		return e
	}
	return nil
}

func (d *digraph) HasEdgeFromTo(from, to int64) bool {
	_, found := d.out[from][to]
	return found
}

func (d *digraph) HasEdgeBetween(a, b int64) bool {
	return d.HasEdgeFromTo(a, b) || d.HasEdgeFromTo(b, a)
}
