package manifest

import (
	"fmt"
	"hash/fnv"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

// maxMade bounds the pods made for one workload, but for a DaemonSet, which has
// as many as the files have nodes: a query needs a few, and a mistyped number
// of replicas must not fill the memory.
const maxMade = 1000

// fillPods gives pods their owners, makes those of templates, and puts all on
// nodes. A workload that a loaded one owns has no pods of its own, and is left
// out.
func (f *filler) fillPods() {
	o := newOwners(f.workloads)
	f.workloads = slices.DeleteFunc(f.workloads, func(w *workload) bool { return !o.isTop(w) })
	real := map[model.WorkloadRef]bool{}
	names := map[[2]string]bool{}
	for _, p := range f.pods {
		names[[2]string{p.Namespace, p.Name}] = true
		if p.Owner = o.of(p); p.Owner != nil {
			real[*p.Owner] = true
		}
	}
	for _, w := range f.namingOrder() {
		if !real[w.Ref] {
			f.makePods(w, names)
		}
	}
	slices.SortFunc(f.pods, comparePods)
	for _, p := range f.pods {
		f.schedule(p)
	}
}

// namingOrder puts StatefulSets first: the names of their pods are the real
// ones, so that others give way.
func (f *filler) namingOrder() []*workload {
	order := slices.Clone(f.workloads)
	rank := func(w *workload) int {
		if w.Ref.Kind == "StatefulSet" {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(order, func(a, b *workload) int { return rank(a) - rank(b) })
	return order
}

// makePods makes a workload's pods, named WORKLOAD-ORDINAL.
func (f *filler) makePods(w *workload, names map[[2]string]bool) {
	var nodes []*node
	if w.Ref.Kind == "DaemonSet" {
		nodes = f.candidates(w.pattern)
		w.Replicas = len(nodes)
	}
	count := w.Replicas
	if nodes == nil && count > maxMade {
		w.doc.warn(problem{"spec", fmt.Sprintf("%d pods are too many: only %d are made", count, maxMade), "write fewer replicas"})
		count = maxMade
	}
	for i := w.first; i < w.first+count; i++ {
		name := freeName(w, i, names)
		p := w.pod(name, i)
		p.Origin.Kind, p.Origin.Name = "Pod", name
		if nodes != nil && p.Node == "" {
			p.Node = nodes[i].Name
			p.Assigned["node"] = true
		}
		f.pods = append(f.pods, p)
	}
}

func freeName(w *workload, ordinal int, names map[[2]string]bool) string {
	name := fmt.Sprintf("%s-%d", w.Ref.Name, ordinal)
	for names[[2]string{w.Ref.Namespace, name}] {
		name += "-made"
	}
	names[[2]string{w.Ref.Namespace, name}] = true
	return name
}

// schedule spreads a workload's pods over the nodes that take them, one after
// the other, from a node that its name picks.
func (f *filler) schedule(p *pod) {
	if p.Node != "" || p.stuck || p.Finished {
		return
	}
	nodes := f.candidates(p)
	if len(nodes) == 0 {
		p.doc.warn(problem{"spec", "no node takes the pod (nodeSelector, taints): it is not scheduled and has no address", "correct the nodeSelector or the tolerations, or pass the Nodes"})
		return
	}
	name := p.Name
	if p.Owner != nil {
		name = p.Owner.Name
	}
	hash := fnv.New32a()
	hash.Write([]byte(p.Namespace + "/" + name))
	start := int(hash.Sum32() % uint32(len(nodes)))
	p.Node = nodes[(start+p.spread)%len(nodes)].Name
	p.Assigned["node"] = true
}

// candidates are the nodes that take a pod: its nodeSelector matches their
// labels, and it tolerates their taints. Most pods ask for nothing, and share
// the list.
func (f *filler) candidates(p *pod) []*node {
	if p.Node != "" || len(p.scheduling.NodeSelector)+len(p.scheduling.Tolerations) > 0 {
		return takers(f.nodes, p)
	}
	if f.untainted == nil {
		f.untainted = takers(f.nodes, p)
	}
	return f.untainted
}

func takers(nodes []*node, p *pod) []*node {
	var list []*node
	for _, n := range nodes {
		if p.Node != "" && p.Node != n.Name {
			continue
		}
		if subset(p.scheduling.NodeSelector, n.Labels) && tolerates(p.scheduling.Tolerations, n.taints) {
			list = append(list, n)
		}
	}
	return list
}

func subset(selector, labels map[string]string) bool {
	for key, value := range selector {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

func tolerates(tolerations []corev1.Toleration, taints []corev1.Taint) bool {
	for _, taint := range taints {
		if taint.Effect == corev1.TaintEffectPreferNoSchedule {
			continue
		}
		if !slices.ContainsFunc(tolerations, func(t corev1.Toleration) bool { return matches(t, taint) }) {
			return false
		}
	}
	return true
}

// matches follows k8s.io/api core/v1 Toleration.ToleratesTaint.
func matches(t corev1.Toleration, taint corev1.Taint) bool {
	if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
		return false
	}
	if t.Operator == corev1.TolerationOpExists {
		return true
	}
	return t.Key != "" && t.Value == taint.Value
}
