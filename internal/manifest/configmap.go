package manifest

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

// ciliumConfig is the ConfigMap of Cilium's agent, by namespace and name.
const ciliumConfig = "kube-system/cilium-config"

// SettingsMaps are the ConfigMaps that settings are read from, by namespace and
// name.
func SettingsMaps() []string {
	return append([]string{ciliumConfig}, slices.Sorted(maps.Keys(kubeProxyKeys()))...)
}

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
	if name != ciliumConfig {
		return d.object()
	}
	lines := map[string]int{}
	for key := range in.Data {
		lines[key] = d.line("data." + key)
	}
	return &model.ConfigMap{Origin: d.origin, Data: in.Data, Lines: lines}
}
