package manifest

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

// readConfigMap reads the agent's configuration and kube-proxy's, and keeps
// every other ConfigMap as it is.
func readConfigMap(d *document) any {
	var in corev1.ConfigMap
	if !d.decode(&in) {
		return nil
	}
	name := d.meta.Namespace + "/" + d.meta.Name
	if key, is := kubeProxyKeys()[name]; is {
		return readKubeProxyConfigMap(d, key)
	}
	if name != "kube-system/cilium-config" {
		return d.object()
	}
	lines := map[string]int{}
	for key := range in.Data {
		lines[key] = d.line("data." + key)
	}
	return &model.ConfigMap{Origin: d.origin, Data: in.Data, Lines: lines}
}
