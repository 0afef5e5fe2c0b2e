package crd

import (
	"maps"
	"slices"

	"github.com/netsim-dev/netsim/internal/nearest"
)

// fromNetworkPolicy is what a Kubernetes NetworkPolicy calls fields that are
// spelt otherwise in Cilium's.
func fromNetworkPolicy() map[string][]string {
	return map[string][]string{
		"podSelector": {"endpointSelector"},
		"from":        {"fromEndpoints"},
		"to":          {"toEndpoints"},
		"ports":       {"toPorts"},
		"ipBlock":     {"fromCIDRSet", "toCIDRSet"},
	}
}

// suggestField gives the property of n that field was probably meant to be, or
// "".
func suggestField(n *node, field string) string {
	for _, name := range fromNetworkPolicy()[field] {
		if _, ok := n.properties[name]; ok {
			return name
		}
	}
	return nearest.Word(field, slices.Sorted(maps.Keys(n.properties)))
}
