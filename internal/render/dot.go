package render

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// edgeStyles say how graphviz draws what is not denied.
var edgeStyles = map[model.Verdict]string{model.Allowed: "solid", model.Mixed: "dashed", model.Undetermined: "dotted"}

// MatrixDOT writes a matrix for graphviz, edge by edge: sources as boxes,
// destinations as ellipses, and no edge where all is denied. Its error is the
// writer's.
func MatrixDOT(w io.Writer, m *sim.Matrix, rows iter.Seq[sim.MatrixRow]) error {
	d := newDOT(w, "matrix")
	for _, s := range m.Sources {
		d.node(s.Ref, s.Namespace, "box")
	}
	for _, t := range m.Destinations {
		object, _ := splitRef(t.Ref)
		d.node(object, t.Namespace, "ellipse")
	}
	d.clusters()
	for row := range rows {
		d.row(m, row)
		if d.err != nil {
			return d.err
		}
	}
	return d.end()
}

// row draws an edge for each object and outcome, with its ports.
func (d *dot) row(m *sim.Matrix, row sim.MatrixRow) {
	type end struct {
		object  string
		outcome sim.Outcome
	}
	ports := map[end][]string{}
	var order []end
	for i, o := range row.Cells {
		if o.Verdict == model.Denied {
			continue
		}
		object, port := splitRef(m.Destinations[i].Ref)
		e := end{object, o}
		if ports[e] == nil {
			order = append(order, e)
		}
		ports[e] = append(ports[e], port)
	}
	for _, e := range order {
		d.edge(row.Source.Ref, e.object, e.outcome, strings.Join(ports[e], ","))
	}
}

// GraphDOT writes a graph of workloads for graphviz; those of a group that reach
// each other have a double border. Its error is the writer's.
func GraphDOT(w io.Writer, g *sim.Graph) error {
	d := newDOT(w, "reach")
	grouped := map[string]bool{}
	for _, group := range g.Groups {
		for _, ref := range group {
			grouped[ref] = true
		}
	}
	for _, n := range g.Workloads {
		shape := "box"
		if grouped[n.Ref] {
			shape = "box, peripheries=2"
		}
		d.node(n.Ref, n.Namespace, shape)
	}
	d.clusters()
	for _, e := range g.Edges {
		d.edge(e.From, e.To, e.Outcome, strings.Join(portsOf(e.Ports), ","))
	}
	return d.end()
}

// ReachDOT writes for graphviz the shortest chains from and to a workload. Its
// error is the writer's.
func ReachDOT(w io.Writer, r *sim.Reach) error {
	d := newDOT(w, "reach")
	for _, reached := range slices.Concat(r.Reaches, r.ReachedBy) {
		e := reached.By
		d.edge(e.From, e.To, e.Outcome, strings.Join(portsOf(e.Ports), ","))
	}
	return d.end()
}

// ChainDOT writes one chain for graphviz. Its error is the writer's.
func ChainDOT(w io.Writer, c *sim.Chain) error {
	d := newDOT(w, "chain")
	for _, e := range c.Edges {
		d.edge(e.From, e.To, e.Outcome, strings.Join(portsOf(e.Ports), ","))
	}
	return d.end()
}

// portsOf are the ports of destinations, each once.
func portsOf(refs []string) []string {
	var out []string
	known := map[string]bool{}
	for _, ref := range refs {
		_, port := splitRef(ref)
		port, _, _ = strings.Cut(port, "@")
		if !known[port] {
			known[port] = true
			out = append(out, port)
		}
	}
	return out
}

// dot writes a directed graph.
type dot struct {
	out   *bufio.Writer
	err   error
	nodes map[string][]string
	order []string
	known map[string]bool
}

func newDOT(w io.Writer, name string) *dot {
	d := &dot{out: bufio.NewWriter(w), nodes: map[string][]string{}, known: map[string]bool{}}
	d.printf("digraph %s {\n  rankdir=LR;\n", name)
	return d
}

func (d *dot) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(d.out, format, args...); err != nil {
		d.err = err
	}
}

// node keeps a node for its namespace's cluster.
func (d *dot) node(ref, namespace, shape string) {
	if d.known[ref] {
		return
	}
	d.known[ref] = true
	if d.nodes[namespace] == nil {
		d.order = append(d.order, namespace)
	}
	d.nodes[namespace] = append(d.nodes[namespace], fmt.Sprintf("%s [label=%s, shape=%s];", quoted(ref), quoted(relative(ref, namespace)), shape))
}

func (d *dot) clusters() {
	for i, namespace := range d.order {
		indent := "  "
		if namespace != "" {
			d.printf("  subgraph cluster_%d {\n    label=%s;\n", i, quoted(namespace))
			indent = "    "
		}
		for _, line := range d.nodes[namespace] {
			d.printf("%s%s\n", indent, line)
		}
		if namespace != "" {
			d.printf("  }\n")
		}
	}
}

func (d *dot) edge(from, to string, o sim.Outcome, ports string) {
	label := strings.TrimSpace(ports + " " + demands(o))
	d.printf("  %s -> %s [label=%s, style=%s];\n", quoted(from), quoted(to), quoted(label), edgeStyles[o.Verdict])
}

func (d *dot) end() error {
	d.printf("}\n")
	if d.err != nil {
		return d.err
	}
	return d.out.Flush()
}

// quoted is a DOT string: backslashes and quotes are escaped, as in Go, and
// clean leaves nothing else to escape.
func quoted(text string) string { return strconv.Quote(clean(text)) }
