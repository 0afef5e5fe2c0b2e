package sim

import (
	"cmp"
	"slices"
	"strings"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/topo"
	"gonum.org/v1/gonum/graph/traverse"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// Reach is what one workload of a Graph can get to, and what can get to it.
type Reach struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Ref        string        `json:"ref"`
	Datapath   DatapathInfo  `json:"datapath"`
	Reaches    []Reached     `json:"reaches"`
	ReachedBy  []Reached     `json:"reachedBy"`
	Unready    []Unready     `json:"unready,omitempty"`
	Issues     []model.Issue `json:"issues"`
}

// Reached is a workload at the other end of a chain.
type Reached struct {
	Ref string `json:"ref"`
	// Hops is the number of connections of the shortest chain.
	Hops int `json:"hops"`
	// Verdict is undetermined where every chain has an edge that is.
	Verdict model.Verdict `json:"verdict"`
	// By is the edge of the shortest chain at this workload.
	By Edge `json:"by"`
}

// Chain is a way from one workload to another.
type Chain struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	From       string        `json:"from"`
	To         string        `json:"to"`
	Datapath   DatapathInfo  `json:"datapath"`
	Verdict    model.Verdict `json:"verdict"`
	// Edges is empty where there is no chain: the verdict is denied then.
	Edges   []Edge        `json:"edges"`
	Unready []Unready     `json:"unready,omitempty"`
	Issues  []model.Issue `json:"issues"`
}

// Find gives the name that a reference has in the graph. A pod is its workload,
// and a Service what is behind it, if that is one. The error is a *RefError.
func (g *Graph) Find(text string) (string, error) {
	if _, known := g.at[text]; known {
		return text, nil
	}
	one, err := g.sim.objectSelector(text)
	if err != nil {
		return "", refErrorf("%s: %v", text, err)
	}
	refs := g.sim.standsFor(one.ref)
	if len(refs) == 1 {
		if _, known := g.at[refs[0]]; known {
			return refs[0], nil
		}
	}
	return "", refErrorf("%s is no workload, and leads to %d (%s): name one workload, node or world", text, len(refs), strings.Join(refs, ", "))
}

// standsFor are the workloads of a pod, a Service or a workload.
func (s *Sim) standsFor(ref string) []string {
	r, err := parseReference(ref, "")
	if err != nil {
		return nil
	}
	if svc := s.index.Service(r.name.namespace, r.name.name); svc != nil && r.kind == "Service" {
		return s.newColumn([]dnat.Request{{Service: svc}}).behind(false)
	}
	pods, err := s.pods(r)
	if err != nil {
		return nil
	}
	return []string{cmp.Or(ownerRef(pods[0]), podRef(pods[0]))}
}

// Reach follows all edges from and to a workload, named as in the graph.
func (g *Graph) Reach(ref string) *Reach {
	return &Reach{APIVersion, "Reach", ref, g.Datapath, g.reached(ref, forward), g.reached(ref, backward), g.Unready, g.Issues}
}

// Chain is the shortest chain between two workloads named as in the graph: one
// of edges that are certain, if there is any.
func (g *Graph) Chain(from, to string) *Chain {
	c := &Chain{APIVersion, "Chain", from, to, g.Datapath, model.Denied, []Edge{}, g.Unready, g.Issues}
	for _, verdict := range []model.Verdict{model.Allowed, model.Undetermined} {
		steps := g.walk(from, forward, verdict)
		if _, found := steps[to]; !found || from == to {
			continue
		}
		for at := to; at != from; at = steps[at].By.From {
			c.Edges = append(c.Edges, steps[at].By)
		}
		slices.Reverse(c.Edges)
		c.Verdict = verdict
		break
	}
	return c
}

// heading is which way edges are followed.
type heading int

const (
	forward heading = iota
	backward
)

// reached are the workloads that can be walked to, the nearest first.
func (g *Graph) reached(ref string, h heading) []Reached {
	certain, all := g.walk(ref, h, model.Allowed), g.walk(ref, h, model.Undetermined)
	out := []Reached{}
	for _, n := range g.Workloads {
		if r, found := certain[n.Ref]; found {
			out = append(out, r)
		} else if r, found := all[n.Ref]; found {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b Reached) int { return a.Hops - b.Hops })
	return out
}

// walk goes breadth first, over undetermined edges too where the verdict says
// so, and through workloads only.
func (g *Graph) walk(ref string, h heading, verdict model.Verdict) map[string]Reached {
	d := g.digraph(h, func(e Edge) bool { return verdict == model.Undetermined || e.Verdict != model.Undetermined })
	out := map[string]Reached{}
	walk := traverse.BreadthFirst{Traverse: func(e graph.Edge) bool {
		from, to := g.Workloads[e.From().ID()], g.Workloads[e.To().ID()]
		if from.Ref != ref && !from.between() {
			return false
		}
		if _, known := out[to.Ref]; !known && to.Ref != ref {
			out[to.Ref] = Reached{to.Ref, out[from.Ref].Hops + 1, verdict, e.(edge).Edge}
		}
		return true
	}}
	walk.Walk(d, node(g.at[ref]), nil)
	return out
}

// groups are the strongly connected components of workloads.
func (g *Graph) groups() [][]string {
	out := [][]string{}
	certain := func(e Edge) bool {
		return e.Verdict != model.Undetermined && g.Workloads[g.at[e.From]].between() && g.Workloads[g.at[e.To]].between()
	}
	for _, component := range topo.TarjanSCC(g.digraph(forward, certain)) {
		if len(component) < 2 {
			continue
		}
		ids := make([]int, len(component))
		for i, n := range component {
			ids[i] = int(n.ID())
		}
		slices.Sort(ids)
		refs := make([]string, len(ids))
		for i, id := range ids {
			refs[i] = g.Workloads[id].Ref
		}
		out = append(out, refs)
	}
	slices.SortFunc(out, func(a, b []string) int { return g.at[a[0]] - g.at[b[0]] })
	return out
}
