package manifest

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

// endpoints is an Endpoints object as the slices that mirror it. Empty ones
// give one slice without endpoints: they say that the Service has none.
type endpoints struct{ slices []*model.EndpointSlice }

func readEndpoints(d *document) any {
	var in corev1.Endpoints
	if !d.decode(&in) {
		return nil
	}
	out := &endpoints{}
	for i, subset := range in.Subsets {
		for _, is6 := range []bool{false, true} {
			d.addSubset(out, index("subsets", i), &subset, is6)
		}
	}
	if len(out.slices) == 0 {
		out.slices = append(out.slices, d.mirror(out))
	}
	return out
}

func (d *document) mirror(out *endpoints) *model.EndpointSlice {
	name := d.meta.Name
	if n := len(out.slices); n > 0 {
		name = fmt.Sprintf("%s-%d", name, n)
	}
	return &model.EndpointSlice{Origin: d.origin, Namespace: d.meta.Namespace, Name: name, Service: d.meta.Name}
}

// addSubset adds the slice of one family of a subset, if it has any of it.
func (d *document) addSubset(out *endpoints, at string, subset *corev1.EndpointSubset, is6 bool) {
	slice := d.mirror(out)
	add := func(list string, addresses []corev1.EndpointAddress, ready bool) {
		for i, address := range addresses {
			addr := d.addr(index(at+"."+list, i)+".ip", address.IP)
			if !addr.IsValid() || addr.Is6() != is6 {
				continue
			}
			slice.Endpoints = append(slice.Endpoints, d.mirrored(address, model.Endpoint{Addr: addr, Ready: ready, Serving: ready}))
		}
	}
	add("addresses", subset.Addresses, true)
	add("notReadyAddresses", subset.NotReadyAddresses, false)
	if len(slice.Endpoints) == 0 {
		return
	}
	for i, p := range subset.Ports {
		at := index(at+".ports", i)
		slice.Ports = append(slice.Ports, model.EndpointPort{
			Name: p.Name, Port: d.port(at+".port", p.Port), Protocol: d.protocol(at+".protocol", p.Protocol),
		})
	}
	out.slices = append(out.slices, slice)
}

func (d *document) mirrored(address corev1.EndpointAddress, e model.Endpoint) model.Endpoint {
	e.Node = deref(address.NodeName)
	if ref := address.TargetRef; ref != nil && ref.Kind == "Pod" {
		e.PodNamespace, e.PodName = cmp.Or(ref.Namespace, d.meta.Namespace), ref.Name
	}
	return e
}
