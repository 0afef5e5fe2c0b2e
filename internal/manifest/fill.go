package manifest

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// filler adds what the files leave out. Everything it walks is sorted first,
// so that the order of the files does not show.
type filler struct {
	cluster   *model.Cluster
	reports   *reports
	nodes     []*node
	workloads []*workload
	pods      []*pod
	services  []*service
	slices    []*endpointSlice
	endpoints []*endpoints

	nodeByName map[string]*node
	// untainted are the nodes that take a pod which asks for nothing.
	untainted []*node
	// families are the cluster's IP families, the primary first.
	families []string
	// taken holds every address that something has.
	taken map[netip.Addr]bool
}

// fill runs the steps in the order in which each needs the one before.
func (f *filler) fill() {
	f.sortInputs()
	f.families = f.clusterFamilies()
	f.fillNodes()
	f.fillPods()
	f.takeGiven()
	f.warnShared()
	f.fillPodIPs()
	f.fillClusterIPs()
	f.publish()
	f.fillSlices()
	f.fillNamespaces()
	f.sortOutputs()
}

func (f *filler) sortInputs() {
	slices.SortFunc(f.nodes, func(a, b *node) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(f.workloads, func(a, b *workload) int { return model.CompareOrigins(a.Origin, b.Origin) })
	slices.SortFunc(f.pods, comparePods)
	slices.SortFunc(f.services, func(a, b *service) int { return model.CompareOrigins(a.Origin, b.Origin) })
	slices.SortFunc(f.endpoints, func(a, b *endpoints) int {
		return model.CompareOrigins(a.slices[0].Origin, b.slices[0].Origin)
	})
}

func comparePods(a, b *pod) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// publish puts the filled objects in the cluster.
func (f *filler) publish() {
	for _, n := range f.nodes {
		f.cluster.Nodes = append(f.cluster.Nodes, n.Node)
	}
	for _, p := range f.pods {
		f.cluster.Pods = append(f.cluster.Pods, p.Pod)
	}
	for _, s := range f.services {
		f.cluster.Services = append(f.cluster.Services, s.Service)
	}
	for _, w := range f.workloads {
		f.cluster.Workloads = append(f.cluster.Workloads, w.Workload)
	}
}

func (f *filler) sortOutputs() {
	c := f.cluster
	slices.SortFunc(c.Namespaces, func(a, b *model.Namespace) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.EndpointSlices, func(a, b *model.EndpointSlice) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), model.CompareOrigins(a.Origin, b.Origin))
	})
	for _, objects := range [][]*model.Object{c.Policies, c.Others} {
		slices.SortFunc(objects, func(a, b *model.Object) int {
			return cmp.Or(model.CompareOrigins(a.Origin, b.Origin), cmp.Compare(a.APIVersion, b.APIVersion))
		})
	}
}

// fillNamespaces makes the namespaces that objects refer to, and says which.
func (f *filler) fillNamespaces() {
	c := f.cluster
	known := map[string]bool{"": true}
	var made []string
	for _, ns := range c.Namespaces {
		known[ns.Name] = true
	}
	refer := func(origin model.Origin) {
		name := origin.Namespace
		if known[name] {
			return
		}
		known[name] = true
		if !slices.Contains(systemNamespaces(), name) {
			made = append(made, name)
		}
		c.Namespaces = append(c.Namespaces, &model.Namespace{
			Origin: model.Origin{Kind: "Namespace", Name: name},
			Name:   name, Labels: namespaceLabels(name, nil), Made: true,
		})
	}
	for _, w := range c.Workloads {
		refer(w.Origin)
	}
	for _, p := range c.Pods {
		refer(p.Origin)
	}
	for _, s := range c.Services {
		refer(s.Origin)
	}
	for _, s := range c.EndpointSlices {
		refer(s.Origin)
	}
	for _, o := range slices.Concat(c.Policies, c.Others) {
		refer(o.Origin)
	}
	if c.CiliumConfig != nil {
		refer(c.CiliumConfig.Origin)
	}
	f.noteMadeNamespaces(made)
}

// systemNamespaces are those that an API server makes itself and hardly any
// file holds: that they are made here too is nothing to tell.
// Source: k8s.io/kubernetes v1.36 pkg/controlplane/controller/systemnamespaces.
func systemNamespaces() []string {
	return []string{"default", "kube-node-lease", "kube-public", "kube-system"}
}

// maxNamed bounds the names in one Issue.
const maxNamed = 5

func (f *filler) noteMadeNamespaces(names []string) {
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	shown := strings.Join(names[:min(len(names), maxNamed)], ", ")
	if more := len(names) - maxNamed; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	message := "namespace " + shown + " is not among the files: its labels are not known"
	if len(names) > 1 {
		message = "namespaces " + shown + " are not among the files: their labels are not known"
	}
	f.reports.add(model.Issue{Severity: model.Info, Message: message, Remedy: "pass the Namespaces (kubectl get namespaces -o yaml)"})
}
