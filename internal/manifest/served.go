package manifest

import (
	"slices"
	"strings"
)

// ServedKind is a kind of object that an API server may hold and netsim reads.
type ServedKind struct {
	Group, Kind string
	// Versions are those that netsim reads, the one to ask for first; none means
	// any.
	Versions []string
}

// ServedKinds are the kinds to read of a cluster, by group and name. ConfigMaps are
// not among them: SettingsMaps names those that count. Nor are Endpoints, of which
// the control plane keeps a copy in EndpointSlices (k8s.io/kubernetes v1.36
// pkg/controller/endpointslicemirroring).
func ServedKinds() []ServedKind {
	list := keptKinds()
	for name, k := range kinds() {
		if k.singleton || k.group == netsimGroup || name == "ConfigMap" || name == "Endpoints" {
			continue
		}
		list = append(list, ServedKind{k.group, name, k.versions})
	}
	slices.SortFunc(list, func(a, b ServedKind) int { return slices.Compare([]string{a.Group, a.Kind}, []string{b.Group, b.Kind}) })
	return list
}

// keptKinds are those that this package keeps as they are, and others read:
// engine and sim/replay (identities), dnat (what takes traffic elsewhere), gateway
// (listeners that it warns of), and idleKinds.
func keptKinds() []ServedKind {
	return []ServedKind{
		{"cilium.io", "CiliumIdentity", []string{"v2"}},
		{"cilium.io", "CiliumEnvoyConfig", []string{"v2"}},
		{"cilium.io", "CiliumClusterwideEnvoyConfig", []string{"v2"}},
		{"cilium.io", "CiliumEgressGatewayPolicy", []string{"v2"}},
		{"cilium.io", "CiliumNodeConfig", []string{"v2", "v2alpha1"}},
		{"gateway.networking.k8s.io", "ListenerSet", nil},
		{"gateway.networking.x-k8s.io", "XListenerSet", nil},
	}
}

// Resource is the name of a kind's resources: "networkpolicies".
func Resource(kind string) string {
	name := strings.ToLower(kind)
	switch {
	case strings.HasSuffix(name, "y") && !strings.HasSuffix(name, "ay"):
		return strings.TrimSuffix(name, "y") + "ies"
	case strings.HasSuffix(name, "s"):
		if name == "endpoints" {
			return name
		}
		return name + "es"
	}
	return name + "s"
}
