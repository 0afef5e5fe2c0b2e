package gateway

import (
	"fmt"
	"strings"

	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// nginxGatewayFabric runs nginx in pods. Since 2.0 each Gateway has a Deployment
// and a Service of its own, in its namespace and named GATEWAY-CLASS, and the
// agent in those pods connects to the control plane; before, the controller's pod
// was the data plane of all. Its listeners, hostnames and statuses pass the
// conformance tests of gateway-api (conformance/reports/v1.5, version 2.6.0).
// That nginx gives up on a backend with 504 when connecting times out, and with
// 502 when it is refused, is ngx_http_upstream's.
func nginxGatewayFabric() *Controller {
	return &Controller{
		Name: "NGINX Gateway Fabric", names: []string{"gateway.nginx.org/nginx-gateway-controller"}, class: "nginx",
		NoEndpoints: 503, Timeout: 504, Refused: 502,
		dataPlane: func(t *Table, g *Gateway) DataPlane {
			name := g.Name + "-" + g.Class
			if svc := t.labelled(g); svc != nil {
				return DataPlane{svc, "its labels name the Gateway"}
			}
			if svc := t.index.Service(g.Namespace, name); svc != nil {
				return DataPlane{svc, "NGINX Gateway Fabric names the data plane after Gateway and class"}
			}
			if svc := t.nginxControl(); svc != nil && t.runsNginx(svc) {
				return DataPlane{svc, "before version 2.0 the controller's pod is the data plane"}
			}
			return DataPlane{nil, fmt.Sprintf("NGINX Gateway Fabric makes Deployment and Service %s/%s, and no file holds them", g.Namespace, name)}
		},
		made: func(t *Table, g *Gateway) *MadePods {
			if svc := t.nginxControl(); svc != nil && t.runsNginx(svc) {
				return nil
			}
			name := g.Name + "-" + g.Class
			return &MadePods{name, model.Labels{"app.kubernetes.io/name": name, gatewayapi.GatewayNameLabelKey: g.Name}}
		},
		agent: func(t *Table, g *Gateway) *AgentTarget {
			svc := t.nginxControl()
			if svc == nil || svc == t.DataPlane(g).Service {
				return nil
			}
			for _, p := range svc.Ports {
				if p.Port == 443 {
					return &AgentTarget{svc, p.Port, "the agent in a data plane pod connects to the control plane, and without that the pod never gets Ready"}
				}
			}
			return nil
		},
	}
}

// nginxControl finds the control plane's Service, by the image of the pods
// behind it.
func (t *Table) nginxControl() *model.Service {
	for _, s := range t.index.Cluster.Services {
		if t.runsImage(s, "nginx-gateway-fabric") {
			return s
		}
	}
	return nil
}

// runsNginx says whether the pods behind a Service have nginx's own container.
func (t *Table) runsNginx(svc *model.Service) bool {
	return t.runsImage(svc, "nginx-gateway-fabric/nginx") || t.runsImage(svc, "nginx-gateway-fabric/nginx-plus")
}

// runsImage says whether a workload behind a Service has an image of a name,
// whatever its registry and tag.
func (t *Table) runsImage(svc *model.Service, image string) bool {
	for _, w := range t.index.Cluster.Workloads {
		if w.Ref.Namespace != svc.Namespace || !t.owns(svc, w.Ref) {
			continue
		}
		for _, have := range w.Images {
			name, _, _ := strings.Cut(have, "@")
			if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
				name = name[:i]
			}
			if name == image || strings.HasSuffix(name, "/"+image) {
				return true
			}
		}
	}
	return false
}

// owns says whether a Service selects a pod of a workload.
func (t *Table) owns(svc *model.Service, ref model.WorkloadRef) bool {
	for _, p := range t.index.Cluster.Pods {
		if p.Owner != nil && *p.Owner == ref && selects(svc.Selector, p.Labels) {
			return true
		}
	}
	return false
}

func selects(selector, labels model.Labels) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}
