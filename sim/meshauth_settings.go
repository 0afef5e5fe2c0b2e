package sim

import "github.com/netsim-dev/netsim/model"

// completeMeshAuth: where SPIRE is switched on by anything but a cilium-config,
// what goes with it is what the chart writes there (cilium v1.20.2
// install/kubernetes/cilium/templates/cilium-configmap.yaml and values.yaml).
// A cilium-config itself is taken at its word.
func (s *settings) completeMeshAuth(rendered *model.ConfigMap) {
	const mutual = "mesh-auth-mutual-enabled"
	if s.values[mutual] != "true" || rendered != nil && rendered.Data[mutual] == "true" {
		return
	}
	for option, value := range map[string]string{
		"mesh-auth-mutual-listener-port": "4250",
		"mesh-auth-spire-admin-socket":   "/run/spire/sockets/admin.sock",
		"mesh-auth-spire-server-address": "spire-server.cilium-spire.svc:8081",
	} {
		if s.values[option] == "" {
			s.set(option, value, "the chart's default")
		}
	}
}
