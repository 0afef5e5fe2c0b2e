package virtual

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// Source infers pods from all that the sources before it have loaded.
type Source struct{}

// Name is "virtual".
func (Source) Name() string { return "virtual" }

// Generates marks a load.Generator.
func (Source) Generates() {}

// Read adds a pod for each Service that selects none, where something accounts for
// it, and one for each such thing that no Service is for.
func (Source) Read(r *load.Run) {
	files := r.Loaded()
	if !slices.ContainsFunc(files, mayAccount) {
		return
	}
	cluster, _ := manifest.Load(files)
	i := newInference(cluster)
	i.accounts = slices.Concat(releases(cluster, rendered(files)), operated(cluster), gateways(i.index))
	i.fromServices()
	i.fromConventions()
	for _, p := range i.made {
		r.Add(load.Output{Files: []load.File{p.file()}})
	}
}

// mayAccount says whether a file could hold what accounts for pods; reading all
// files a second time is only worth it then.
func mayAccount(f load.File) bool {
	for _, kind := range []string{"HelmRelease", "HelmChart", "helm_release", "Application", "Gateway"} {
		if bytes.Contains(f.Data, []byte(kind)) {
			return true
		}
	}
	return slices.ContainsFunc(operators(), func(o operator) bool { return o.mentions(f) })
}

// account is something in the files that makes pods which are not there.
type account struct {
	origin    model.Origin
	namespace string
	// name and labels are those of its pods, by convention.
	name   string
	labels model.Labels
	// named are the labels that name it, of those that its pods have; none where
	// all of them do.
	named []string
	// own is true where it makes no other pods than such with its labels.
	own bool
}

// makes says whether something that makes no other pods than its own makes those
// of a selector: one that names it, or asks for nothing but what all its pods have.
func (a account) makes(selector model.Labels) bool {
	if !agrees(selector, a.labels, false) {
		return false
	}
	names := func(key string) bool { return selector[key] != "" }
	return len(a.named) == 0 || slices.ContainsFunc(a.named, names) || agrees(selector, a.labels, true)
}

func (a account) text() string { return a.origin.ID() + " (" + a.origin.Position() + ")" }

// inference is the work on one cluster.
type inference struct {
	cluster  *model.Cluster
	index    *model.Index
	accounts []account
	served   map[string]bool
	names    map[[2]string]bool
	made     []pod
}

func newInference(c *model.Cluster) *inference {
	i := &inference{cluster: c, index: model.NewIndex(c), served: map[string]bool{}, names: map[[2]string]bool{}}
	for _, p := range c.Pods {
		i.names[[2]string{p.Namespace, p.Name}] = true
	}
	return i
}

// pod is an inferred pod.
type pod struct {
	namespace, name string
	labels          model.Labels
	ports           []model.ServicePort
	from            []account
}

func (i *inference) add(p pod) {
	name := p.name + "-inferred"
	for i.names[[2]string{p.namespace, name}] {
		name += "-inferred"
	}
	i.names[[2]string{p.namespace, name}] = true
	p.name = name
	i.made = append(i.made, p)
	for _, a := range p.from {
		i.served[a.text()] = true
	}
}

// fromServices makes the pods that Services are for.
func (i *inference) fromServices() {
	for _, s := range i.cluster.Services {
		if from := i.accountsFor(s); len(from) > 0 && i.leadsNowhere(s) {
			p := pod{s.Namespace, s.Name, model.Labels{}, s.Ports, from}
			for key, value := range s.Selector {
				p.labels[key] = value
			}
			if len(from) == 1 && from[0].own {
				p.labels = merged(p.labels, from[0].labels)
			}
			i.add(p)
		}
	}
}

// leadsNowhere says whether a Service selects pods, and there is none.
func (i *inference) leadsNowhere(s *model.Service) bool {
	if len(s.Selector) == 0 || s.Type == model.ExternalNameService {
		return false
	}
	given := slices.ContainsFunc(i.index.Slices(s), func(slice *model.EndpointSlice) bool { return !slice.Made || len(slice.Endpoints) > 0 })
	return !given && !slices.ContainsFunc(i.cluster.Pods, func(p *model.Pod) bool {
		return p.Namespace == s.Namespace && agrees(s.Selector, p.Labels, true)
	})
}

// accountsFor are what can make the pods of a Service: what its selector names as
// the instance, else all that the namespace has. Where it names an instance that
// nothing has, nothing accounts for it.
func (i *inference) accountsFor(s *model.Service) []account {
	var own, others []account
	for _, a := range i.accounts {
		switch {
		case a.namespace != s.Namespace:
		case a.own && a.makes(s.Selector):
			own = append(own, a)
		case !a.own:
			others = append(others, a)
		}
	}
	if len(own) > 0 {
		return own
	}
	instance, named := s.Selector[instanceLabel]
	return slices.DeleteFunc(others, func(a account) bool { return named && a.labels[instanceLabel] != instance })
}

// agrees says whether labels have all that a selector asks for or, where the
// labels may have more than is known, something of it and nothing against it.
func agrees(selector, labels model.Labels, all bool) bool {
	common := 0
	for key, value := range selector {
		have, there := labels[key]
		if there && have != value || all && !there {
			return false
		}
		if there {
			common++
		}
	}
	return common > 0
}

func merged(a, b model.Labels) model.Labels {
	for key, value := range b {
		a[key] = value
	}
	return a
}

// fromConventions makes a pod for what no Service was for, unless pods that carry
// its labels are there.
func (i *inference) fromConventions() {
	for _, a := range i.accounts {
		there := slices.ContainsFunc(i.cluster.Pods, func(p *model.Pod) bool {
			return p.Namespace == a.namespace && (agrees(a.labels, p.Labels, true) || a.isNamedBy(p.Labels))
		})
		if !there && !i.served[a.text()] {
			i.add(pod{a.namespace, a.name, a.labels, nil, []account{a}})
		}
	}
}

// isNamedBy says whether a pod that is there is one of its own.
func (a account) isNamedBy(labels model.Labels) bool {
	return slices.ContainsFunc(a.named, func(key string) bool { return labels[key] == a.labels[key] })
}

// gateways are those whose controllers make pods for them.
func gateways(ix *model.Index) []account {
	table, _ := gateway.New(ix, gateway.Settings{})
	var out []account
	for _, g := range table.Gateways() {
		if made := table.MadePods(g); made != nil && g.Namespace != "" && !isThere(ix, g.Namespace, made.Name) {
			out = append(out, account{origin: g.Origin, namespace: g.Namespace, name: made.Name, labels: made.Labels, own: true})
		}
	}
	return out
}

// isThere says whether a file holds what a controller would make, under the name
// that it would give.
func isThere(ix *model.Index, namespace, name string) bool {
	return slices.ContainsFunc(ix.Cluster.Workloads, func(w *model.Workload) bool {
		return w.Ref.Namespace == namespace && w.Ref.Name == name
	})
}

// file writes the pod as its origin's file would hold it.
func (p pod) file() load.File {
	first := p.from[0]
	inferred := first.text()
	for _, a := range p.from[1:] {
		inferred += " or " + a.text()
	}
	ports := []map[string]any{}
	for _, sp := range p.ports {
		number := sp.TargetPort.Number
		if sp.TargetPort.Name != "" {
			number = sp.Port
			inferred += fmt.Sprintf(", with port %s as %d", sp.TargetPort.Name, number)
		}
		ports = append(ports, map[string]any{"containerPort": number, "protocol": sp.Protocol})
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"namespace": p.namespace, "name": p.name, "labels": p.labels},
		"spec":     map[string]any{"containers": []any{map[string]any{"name": "inferred", "image": "inferred", "ports": ports}}},
	})
	if err != nil {
		return load.File{}
	}
	return load.File{Name: first.origin.File, Data: text, Rendered: &load.Rendered{Via: first.origin.Via, Lines: []int{first.origin.Line}, Inferred: inferred}}
}
