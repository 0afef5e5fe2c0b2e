package fuzz

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// makeSlices writes the slices of a Service, by themselves: what a controller
// would write, what people write by hand, and what is seen in between. An
// address that is listed twice is so in the same state: of two states
// kube-proxy's choice could hang on the order of a map.
func (w *world) makeSlices(s *model.Service) {
	hints := pick(w.dice, []string{"", "", "", "zones", "nodes", "both", "patchy"})
	listed := map[netip.Addr]model.Endpoint{}
	for _, is6 := range w.families {
		if !slices.Contains(s.IPFamilies, familyName(is6)) {
			continue
		}
		for k := range w.IntN(4) {
			slice := &model.EndpointSlice{
				Namespace: s.Namespace, Name: fmt.Sprintf("%s-%s-%d", s.Name, familyName(is6), k), Service: s.Name,
				Ports: w.slicePorts(s),
			}
			slice.Origin = model.Origin{Kind: "EndpointSlice", Namespace: slice.Namespace, Name: slice.Name}
			for range w.IntN(4) {
				e := w.endpoint(is6, hints)
				if known, again := listed[e.Addr]; again {
					e = known
				}
				listed[e.Addr] = e
				slice.Endpoints = append(slice.Endpoints, e)
			}
			w.tally.addIf(len(slice.Ports) > 1, "slice of several ports")
			w.cluster.EndpointSlices = append(w.cluster.EndpointSlices, slice)
		}
	}
	w.makeDuplicate(s)
	w.tally.addIf(hints != "", "topology hints")
	w.tellSlices(s)
}

// slicePorts: a named targetPort may be another number in each slice, and a port
// may be left out.
func (w *world) slicePorts(s *model.Service) []model.EndpointPort {
	var ports []model.EndpointPort
	for _, p := range s.Ports {
		if w.oneIn(8) {
			w.tally.add("slice without a port of the Service")
			continue
		}
		number := p.TargetPort.Number
		if p.TargetPort.Name != "" {
			number = pick(w.dice, []uint16{9000, 9001})
		}
		protocol := p.Protocol
		if w.oneIn(20) {
			protocol = pick(w.dice, []model.Protocol{model.TCP, model.UDP, model.SCTP})
		}
		if w.oneIn(30) {
			number = 0
		}
		name := p.Name
		if w.oneIn(15) {
			name = pick(w.dice, []string{"", "p0"})
			w.tally.addIf(name != p.Name, "slice port of another name")
		}
		ports = append(ports, model.EndpointPort{Name: name, Port: number, Protocol: protocol})
	}
	return ports
}

// endpoint is a pod with the node's network or one of its own, an address on a
// node that no file holds a pod for, or one that is nowhere in the cluster.
func (w *world) endpoint(is6 bool, hints string) model.Endpoint {
	n := w.IntN(len(w.cluster.Nodes))
	node := w.cluster.Nodes[n]
	e := model.Endpoint{Node: node.Name}
	switch w.IntN(10) {
	case 0:
		e.Addr, e.Node = addr(is6, "outside", w.between(1, 3)), ""
		w.tally.add("endpoint outside the cluster")
	case 1:
		e.Addr = addr(is6, "other pods", w.between(200, 202)+10*n)
		w.tally.add("endpoint that is no pod of the files")
	default:
		pod := pick(w.dice, w.podsOn(node.Name))
		e.Addr = pod.IPs[slices.Index(w.families, is6)]
		e.PodNamespace, e.PodName = pod.Namespace, pod.Name
		w.tally.addIf(pod.HostNetwork, "endpoint in its node's network")
		if w.oneIn(12) {
			e.Node = ""
			w.tally.add("pod's endpoint without a node")
		}
	}
	e.Zone = node.Labels["topology.kubernetes.io/zone"]
	w.setState(&e)
	w.setHints(&e, hints)
	return e
}

func (w *world) podsOn(node string) []*model.Pod {
	return slices.DeleteFunc(slices.Clone(w.cluster.Pods), func(p *model.Pod) bool { return p.Node != node })
}

func (w *world) setState(e *model.Endpoint) {
	switch w.IntN(10) {
	case 0, 1:
		e.Serving, e.Terminating = true, true
		w.tally.add("endpoint serving and terminating")
	case 2:
		w.tally.add("endpoint not ready")
	case 3:
		e.Ready, e.Serving, e.Terminating = true, true, true
		w.tally.add("endpoint ready and terminating")
	case 4:
		e.Terminating = true
		w.tally.add("endpoint terminating and not serving")
	default:
		e.Ready, e.Serving = true, true
		w.tally.add("endpoint ready")
	}
}

func (w *world) setHints(e *model.Endpoint, hints string) {
	if hints == "patchy" {
		hints = pick(w.dice, []string{"", "zones", "nodes", "both"})
	}
	if hints == "zones" || hints == "both" {
		e.HintZones = some(w.dice, w.between(1, 2), zones)
		w.tally.add("zone hint")
	}
	if hints == "nodes" || hints == "both" {
		e.HintNodes = []string{pick(w.dice, w.cluster.Nodes).Name}
		w.tally.add("node hint")
	}
}

// makeDuplicate lists an endpoint a second time, in a slice of its own: one of
// the two terminates, and kube-proxy takes the other.
func (w *world) makeDuplicate(s *model.Service) {
	all := w.cluster.EndpointSlices
	if len(all) == 0 || all[len(all)-1].Service != s.Name || len(all[len(all)-1].Endpoints) == 0 || !w.oneIn(3) {
		return
	}
	last := all[len(all)-1]
	again := *last
	again.Name += "-again"
	again.Origin.Name = again.Name
	e := last.Endpoints[0]
	w.setState(&e)
	e.Terminating = !last.Endpoints[0].Terminating
	if e.Terminating && e.PodName != "" && w.oneIn(2) {
		e.Node = pick(w.dice, w.cluster.Nodes).Name
	}
	again.Endpoints = []model.Endpoint{e}
	w.cluster.EndpointSlices = append(w.cluster.EndpointSlices, &again)
	w.tally.add("endpoint in two slices")
}

func (w *world) tellSlices(s *model.Service) {
	for _, slice := range w.cluster.EndpointSlices {
		if slice.Service == s.Name {
			return
		}
	}
	w.tally.add("Service without slices")
}
