package manifest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

// fillSlices settles the endpoints of every Service: slices from files, else
// Endpoints objects from files, and slices made from the selector as the
// EndpointSlice controller makes them, unless its own work is among the files.
// A slice that somebody else wrote does not keep the controller from its work.
// Source: k8s.io/endpointslice v0.36 reconciler.go, utils.go.
func (f *filler) fillSlices() {
	c := f.cluster
	settled := f.givenSlices()
	pods := newPodIndex(f.pods)
	for _, s := range f.services {
		if s.Selector == nil || s.Type == model.ExternalNameService || settled[[2]string{s.Namespace, s.Name}] {
			continue
		}
		for _, family := range s.IPFamilies {
			c.EndpointSlices = append(c.EndpointSlices, f.makeSlices(s, family, pods.candidates(s))...)
		}
	}
}

// givenSlices puts the endpoints that files give in the cluster. It tells the
// Services, by namespace and name, whose selectors have been followed already.
func (f *filler) givenSlices() map[[2]string]bool {
	given, settled := map[[2]string]bool{}, map[[2]string]bool{}
	for _, slice := range f.slices {
		key := [2]string{slice.Namespace, slice.Service}
		given[key] = true
		settled[key] = settled[key] || slice.made
		f.cluster.EndpointSlices = append(f.cluster.EndpointSlices, slice.EndpointSlice)
	}
	for _, e := range f.endpoints {
		key := [2]string{e.slices[0].Namespace, e.slices[0].Service}
		if !given[key] {
			given[key], settled[key] = true, true
			f.cluster.EndpointSlices = append(f.cluster.EndpointSlices, e.slices...)
		}
	}
	return settled
}

// makeSlices makes one slice for each distinct set of ports that the selected
// pods have. A Service that selects none has one empty slice, as in a cluster.
func (f *filler) makeSlices(s *service, family string, pods []*pod) []*model.EndpointSlice {
	var list []*model.EndpointSlice
	real := false
	slice := func(ports []model.EndpointPort) *model.EndpointSlice {
		for _, made := range list {
			if slices.Equal(made.Ports, ports) {
				return made
			}
		}
		list = append(list, madeSlice(s, family, len(list), ports))
		return list[len(list)-1]
	}
	for _, p := range realFirst(pods) {
		addr := ofFamily(p.IPs, family)
		if p.Finished || !addr.IsValid() || !subset(s.Selector, p.Labels) {
			continue
		}
		if p.Inferred != "" && real {
			break // none is a backend beside pods that are there
		}
		real = real || p.Inferred == ""
		to := slice(endpointPorts(s, p))
		to.Endpoints = append(to.Endpoints, f.endpoint(s, p, addr))
	}
	if len(list) == 0 {
		slice(nil)
	}
	return list
}

// realFirst puts inferred pods behind all others.
func realFirst(pods []*pod) []*pod {
	if !slices.ContainsFunc(pods, func(p *pod) bool { return p.Inferred != "" }) {
		return pods
	}
	order := slices.Clone(pods)
	slices.SortStableFunc(order, func(a, b *pod) int { return min(len(a.Inferred), 1) - min(len(b.Inferred), 1) })
	return order
}

func madeSlice(s *service, family string, number int, ports []model.EndpointPort) *model.EndpointSlice {
	name := s.Name + "-" + strings.ToLower(family)
	if number > 0 {
		name = fmt.Sprintf("%s-%d", name, number)
	}
	return &model.EndpointSlice{
		Origin:    model.Origin{Kind: "EndpointSlice", Namespace: s.Namespace, Name: name},
		Namespace: s.Namespace, Name: name, Service: s.Name, Ports: ports, Made: true,
	}
}

func ofFamily(addrs []netip.Addr, family string) netip.Addr {
	for _, addr := range addrs {
		if familyOf(addr) == family {
			return addr
		}
	}
	return netip.Addr{}
}

func (f *filler) endpoint(s *service, p *pod, addr netip.Addr) model.Endpoint {
	e := model.Endpoint{
		Addr: addr, Ready: s.PublishNotReady || p.Ready && !p.Terminating,
		Serving: p.Ready, Terminating: p.Terminating,
		Node: p.Node, PodNamespace: p.Namespace, PodName: p.Name,
	}
	if n := f.nodeByName[p.Node]; n != nil {
		e.Zone = n.Labels[corev1.LabelTopologyZone]
	}
	hint(&e, s)
	return e
}

// hint writes the hints of spec.trafficDistribution; those of the annotation
// topology-mode, which go by the nodes' sizes, are left out. Source:
// k8s.io/endpointslice v0.36 trafficdist/trafficdist.go preferCloseHeuristic.
func hint(e *model.Endpoint, s *service) {
	if s.TrafficDistribution == "" || s.TopologyMode || !e.Ready {
		return
	}
	if e.Zone != "" {
		e.HintZones = []string{e.Zone}
	}
	if e.Node != "" && s.TrafficDistribution == corev1.ServiceTrafficDistributionPreferSameNode {
		e.HintNodes = []string{e.Node}
	}
}

// endpointPorts are the Service's ports that the pod has: a named target port
// is whatever number the pod gives that name, and is left out where it gives
// none.
func endpointPorts(s *service, p *pod) []model.EndpointPort {
	var ports []model.EndpointPort
	for _, sp := range s.Ports {
		number := sp.TargetPort.Number
		if sp.TargetPort.Name != "" {
			number = namedPort(p, sp)
		}
		if number != 0 {
			ports = append(ports, model.EndpointPort{Name: sp.Name, Port: number, Protocol: sp.Protocol})
		}
	}
	return ports
}

// namedPort is 0 where the pod has no port of that name and protocol. An inferred
// pod is taken to have it under the Service's own number.
func namedPort(p *pod, sp model.ServicePort) uint16 {
	for _, port := range p.Ports {
		if port.Name == sp.TargetPort.Name && port.Protocol == sp.Protocol {
			return port.Port
		}
	}
	if p.Inferred != "" {
		return sp.Port
	}
	return 0
}
