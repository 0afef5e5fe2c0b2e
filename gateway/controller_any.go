package gateway

import (
	"cmp"
	"fmt"

	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// anyController is an implementation that netsim has no row for. Its data plane
// carries the labels that generated resources must have: gateway-api v1.6.1
// apis/v1 well_known_labels.go.
func anyController(name string) *Controller {
	return &Controller{
		Name: cmp.Or(name, "a controller that no file names"), NoEndpoints: 503, Timeout: 504, Refused: 502,
		dataPlane: func(t *Table, g *Gateway) DataPlane {
			if svc := t.labelled(g); svc != nil {
				return DataPlane{svc, fmt.Sprintf("it has the label %s: %s", gatewayapi.GatewayNameLabelKey, g.Name)}
			}
			if g.Namespace == "" {
				return DataPlane{nil, "how the data plane of that controller is found is not known"}
			}
			return DataPlane{nil, fmt.Sprintf("no Service in namespace %s has the label %s: %s", g.Namespace, gatewayapi.GatewayNameLabelKey, g.Name)}
		},
	}
}

// labelled finds the Service that was made for a Gateway.
func (t *Table) labelled(g *Gateway) *model.Service {
	return t.serviceWith(g.Namespace, func(s *model.Service) bool { return s.Labels[gatewayapi.GatewayNameLabelKey] == g.Name })
}
