package gateway

import (
	"cmp"
	"fmt"
	"strings"
)

// cilium serves Gateways and Ingresses with Envoy on every node. The Service
// that it makes is only an address: its traffic goes to Envoy on the node that it
// reaches, which connects to backends with the identity reserved:ingress. Source:
// cilium v1.20.2 operator/pkg/gateway-api, operator/pkg/ingress,
// operator/pkg/model/translation.
func cilium() *Controller {
	return &Controller{
		Name: "Cilium", names: []string{"io.cilium/gateway-controller", "cilium.io/ingress-controller"}, class: "cilium",
		wholeExpressions: true, skipsInvalid: true, secureStatus: 301, NoEndpoints: 503, Timeout: 503, Refused: 503, OnNode: true,
		dataPlane: (*Table).ciliumService,
	}
}

// ciliumService finds the Service of a Gateway by label, since names over 63
// characters are shortened, or by name; that of an Ingress by name.
func (t *Table) ciliumService(g *Gateway) DataPlane {
	if g.Namespace != "" {
		if svc := t.labelled(g); svc != nil {
			return DataPlane{svc, "its labels name the Gateway"}
		}
		return t.ciliumNamed(g.Namespace, "cilium-gateway-"+g.Name)
	}
	if namespace, name, dedicated := strings.Cut(g.Name, "/"); dedicated {
		return t.ciliumNamed(namespace, "cilium-ingress-"+name)
	}
	name := cmp.Or(t.settings.SharedService, "cilium-ingress")
	for _, svc := range t.index.Cluster.Services {
		if svc.Name == name {
			return DataPlane{svc, "Cilium names the Service so that its Ingresses share"}
		}
	}
	return t.ciliumNamed("kube-system", name)
}

func (t *Table) ciliumNamed(namespace, name string) DataPlane {
	if svc := t.index.Service(namespace, name); svc != nil {
		return DataPlane{svc, "Cilium names the Service so"}
	}
	return DataPlane{nil, fmt.Sprintf("Cilium makes Service %s/%s, and no file holds it", namespace, name)}
}
