package gateway

// ingressNginx runs nginx in pods of its own, which its manifests and its Helm
// chart label app.kubernetes.io/name: ingress-nginx and
// app.kubernetes.io/component: controller.
func ingressNginx() *Controller {
	return &Controller{
		Name: "ingress-nginx", names: []string{"k8s.io/ingress-nginx"},
		secureStatus: 308, NoEndpoints: 503, Timeout: 504, Refused: 502,
		dataPlane: func(t *Table, _ *Gateway) DataPlane {
			for _, s := range t.index.Cluster.Services {
				is := s.Selector["app.kubernetes.io/name"] == "ingress-nginx" && s.Selector["app.kubernetes.io/component"] == "controller"
				for _, p := range s.Ports {
					if is && (p.Port == 80 || p.Port == 443 && p.TargetPort.Name != "webhook" && p.TargetPort.Number != 8443) {
						return DataPlane{s, "it selects the pods of ingress-nginx"}
					}
				}
			}
			return DataPlane{nil, "no Service selects pods with app.kubernetes.io/name: ingress-nginx and app.kubernetes.io/component: controller"}
		},
	}
}
