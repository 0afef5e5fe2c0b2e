package sim

import (
	"maps"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// kubeProxyPrefix sets kube-proxy's settings apart from Cilium's options.
const kubeProxyPrefix = "kubeProxy."

// readKubeProxy takes kube-proxy's own settings. A ConfigMap that is still
// there when kube-proxy is gone looks the same as one in use: beside
// kube-proxy-replacement it is a contradiction that the user is told of.
func (s *settings) readKubeProxy(c *model.ConfigMap) {
	if c == nil {
		return
	}
	for _, field := range slices.Sorted(maps.Keys(c.Data)) {
		name := kubeProxyPrefix + field
		if field == "mode" {
			name = settingKubeProxyMode
		}
		s.set(name, c.Data[field], lineOf(c, field).Position())
	}
}
