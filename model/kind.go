package model

import "strconv"

// NodeNames are the names that kind gives to its nodes, in their order.
// Source: kind v0.31 pkg/cluster/internal/providers/common/namer.go.
func (k *KindConfig) NodeNames() []string {
	count := map[string]int{}
	names := make([]string, len(k.Nodes))
	for i, n := range k.Nodes {
		role := "worker"
		if n.ControlPlane {
			role = "control-plane"
		}
		count[role]++
		names[i] = k.Name + "-" + role
		if count[role] > 1 {
			names[i] += strconv.Itoa(count[role])
		}
	}
	return names
}
