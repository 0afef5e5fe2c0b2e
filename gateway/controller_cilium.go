package gateway

import "fmt"

// cilium serves Gateways and Ingresses with Envoy on every node. The Service
// cilium-gateway-NAME is only an address: its traffic goes to Envoy on the node
// that it reaches, which connects to backends with the identity
// reserved:ingress. Source: cilium v1.20.2 operator/pkg/gateway-api,
// operator/pkg/model/translation.
func cilium() *Controller {
	return &Controller{
		Name: "Cilium", names: []string{"io.cilium/gateway-controller", "cilium.io/ingress-controller"}, class: "cilium",
		wholeExpressions: true, skipsInvalid: true, secureStatus: 301, NoEndpoints: 503, Timeout: 503, Refused: 503, OnNode: true,
		dataPlane: func(t *Table, g *Gateway) DataPlane {
			names := []string{"cilium-gateway-" + g.Name}
			namespace := g.Namespace
			if namespace == "" {
				names, namespace = []string{"cilium-ingress"}, "kube-system"
			}
			for _, name := range names {
				if svc := t.index.Service(namespace, name); svc != nil {
					return DataPlane{svc, "Cilium names the Service so"}
				}
			}
			return DataPlane{nil, fmt.Sprintf("Cilium makes Service %s/%s, and no file holds it", namespace, names[0])}
		},
	}
}
