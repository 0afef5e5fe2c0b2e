package manifest

import (
	"cmp"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/netsim-dev/netsim/model"
)

// endpointSlice is a slice from a file. made is true for one that Kubernetes'
// own controller made from the Service's selector: there is nothing to add.
type endpointSlice struct {
	*model.EndpointSlice
	made bool
}

// sliceController is the value of the label managed-by on those.
// Source: k8s.io/endpointslice v0.36 reconciler.go, controllerName of
// k8s.io/kubernetes v1.36 pkg/controller/endpointslice.
const sliceController = "endpointslice-controller.k8s.io"

func readEndpointSlice(d *document) any {
	var in discoveryv1.EndpointSlice
	if !d.decode(&in) {
		return nil
	}
	d.oneOf("addressType", string(in.AddressType), "IPv4", "IPv6", "FQDN")
	slice := &model.EndpointSlice{
		Origin: d.origin, Namespace: d.meta.Namespace, Name: d.meta.Name,
		Service: d.meta.Labels[discoveryv1.LabelServiceName], Ports: d.slicePorts(in.Ports),
	}
	switch in.AddressType {
	case "":
		d.reject(problem{"addressType", "the address type is missing", "write addressType: IPv4 or IPv6"})
	case discoveryv1.AddressTypeFQDN:
		d.warn(problem{"addressType", "endpoints by name are not read: kube-proxy and Cilium ignore them too", "list addresses"})
	default:
		slice.Endpoints = d.sliceEndpoints(in.Endpoints)
	}
	if slice.Service == "" {
		d.warn(problem{"metadata.labels", "it has no label " + discoveryv1.LabelServiceName + " and so belongs to no Service", "set that label to the Service's name"})
	}
	return &endpointSlice{slice, d.meta.Labels[discoveryv1.LabelManagedBy] == sliceController}
}

func (d *document) slicePorts(ports []discoveryv1.EndpointPort) []model.EndpointPort {
	var list []model.EndpointPort
	for i, p := range ports {
		at := index("ports", i)
		port := model.EndpointPort{Protocol: model.TCP}
		if p.Name != nil {
			port.Name = *p.Name
		}
		if p.Port != nil {
			port.Port = d.port(at+".port", *p.Port)
		}
		if p.Protocol != nil {
			port.Protocol = d.protocol(at+".protocol", *p.Protocol)
		}
		list = append(list, port)
	}
	return list
}

// sliceEndpoints reads the conditions as kube-proxy does: no value for ready
// or serving is true.
// Source: k8s.io/kubernetes v1.36 pkg/proxy/endpointslicecache.go.
func (d *document) sliceEndpoints(endpoints []discoveryv1.Endpoint) []model.Endpoint {
	var list []model.Endpoint
	for i, e := range endpoints {
		at := index("endpoints", i) + ".addresses"
		if len(e.Addresses) == 0 {
			d.reject(problem{at, "an endpoint needs an address, and has none", "add one"})
			continue
		}
		c := e.Conditions
		out := model.Endpoint{
			Addr:  d.addr(index(at, 0), e.Addresses[0]),
			Ready: c.Ready == nil || *c.Ready, Terminating: c.Terminating != nil && *c.Terminating,
			Serving: c.Serving == nil || *c.Serving,
			Node:    deref(e.NodeName), Zone: deref(e.Zone),
		}
		if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
			out.PodNamespace, out.PodName = cmp.Or(e.TargetRef.Namespace, d.meta.Namespace), e.TargetRef.Name
		}
		addHints(&out, e.Hints)
		list = append(list, out)
	}
	return list
}

func addHints(e *model.Endpoint, hints *discoveryv1.EndpointHints) {
	if hints == nil {
		return
	}
	for _, zone := range hints.ForZones {
		e.HintZones = append(e.HintZones, zone.Name)
	}
	for _, node := range hints.ForNodes {
		e.HintNodes = append(e.HintNodes, node.Name)
	}
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
