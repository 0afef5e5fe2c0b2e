package manifest

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// objects holds what was read, one object for each name. Of two documents for
// one object the last wins; equal ones are one.
type objects struct {
	reports *reports
	entries []entry
	byID    map[id]int
	values  []*model.HelmValues
}

// id is what makes two documents the same object to an API server, whatever
// version they are written in.
type id struct{ group, kind, namespace, name string }

type entry struct {
	doc   *document
	value any
}

func newObjects(r *reports) *objects { return &objects{reports: r, byID: map[id]int{}} }

// add keeps an object. Its tree has been read, and is much larger.
func (o *objects) add(d *document, group string, value any) {
	d.tree = nil
	key := id{group, d.origin.Kind, d.origin.Namespace, d.origin.Name}
	if _, singleton := value.(*model.KindConfig); singleton {
		key.name = ""
	}
	before, twice := o.byID[key]
	if !twice || d.origin.Name == "" && key.kind != "Cluster" {
		o.byID[key] = len(o.entries)
		o.entries = append(o.entries, entry{d, value})
		return
	}
	first := o.entries[before].doc
	switch {
	case d.replaces:
		o.entries[before] = entry{d, value}
		return
	case first.same(d):
		return
	case isPatchOf(value, o.entries[before].value):
		d.warnPatch(first)
		return
	case isPatchOf(o.entries[before].value, value):
		first.warnPatch(d)
		o.entries[before] = entry{d, value}
		return
	}
	d.warn(problem{
		says: fmt.Sprintf("the object is there twice and differs: %s is taken, %s is not", d.origin.Position(), first.origin.Position()),
		do:   "pass one of them only; a base and its overlay are not to be loaded together",
	})
	o.entries[before] = entry{d, value}
}

// assemble puts every object in its place in a cluster, and fills in the rest.
func (o *objects) assemble() *model.Cluster {
	c := &model.Cluster{CiliumValues: o.values}
	f := &filler{cluster: c, reports: o.reports}
	var ciliumNodes []*ciliumNode
	for _, e := range o.entries {
		switch v := e.value.(type) {
		case *node:
			f.nodes = append(f.nodes, v)
		case *ciliumNode:
			ciliumNodes = append(ciliumNodes, v)
			c.Others = append(c.Others, e.doc.object())
		case *model.Namespace:
			c.Namespaces = append(c.Namespaces, v)
		case *workload:
			f.workloads = append(f.workloads, v)
		case *pod:
			f.pods = append(f.pods, v)
		case *service:
			f.services = append(f.services, v)
		case *endpointSlice:
			f.slices = append(f.slices, v)
		case *endpoints:
			f.endpoints = append(f.endpoints, v)
		case *policy:
			c.Policies = append(c.Policies, (*model.Object)(v))
		case *model.ConfigMap:
			c.CiliumConfig = v
		case *model.KindConfig:
			c.Kind = v
		case *kubeProxy:
			o.takeKubeProxy(c, v)
		case *snapshot:
			c.Doubts = append(c.Doubts, v.doubts(e.doc)...)
		case *model.CloudFirewall:
			c.CloudFirewalls = append(c.CloudFirewalls, v)
			c.Others = append(c.Others, e.doc.object())
		case *model.Object:
			c.Others = append(c.Others, v)
		}
	}
	o.checkFirewalls()
	f.takeCiliumNodes(ciliumNodes)
	f.fill()
	return c
}

// takeKubeProxy keeps the last settings of kube-proxy: its ConfigMap and a
// KubeProxyConfiguration are two objects about one thing.
func (o *objects) takeKubeProxy(c *model.Cluster, p *kubeProxy) {
	if before := c.KubeProxyConfig; before != nil {
		o.reports.add(model.Issue{
			Severity: model.Warning, File: p.settings.Origin.File, Line: p.settings.Origin.Line,
			Message: fmt.Sprintf("kube-proxy is configured twice: %s is taken, %s is not", p.settings.Origin.Position(), before.Origin.Position()),
			Remedy:  "pass one of them only",
		})
	}
	c.KubeProxyConfig = p.settings
	c.Others = append(c.Others, p.raw)
}
