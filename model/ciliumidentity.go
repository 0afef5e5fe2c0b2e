package model

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// CiliumIdentity reads a CiliumIdentity object: the number that the cluster gave,
// and the labels that it stands for, sorted, as "source:key=value" and without the
// "=" where a value is empty. ok is false for an object that is none. Source: cilium
// v1.20.2 pkg/k8s/apis/cilium.io/v2/types.go.
func CiliumIdentity(o *Object) (number uint32, labels []string, ok bool) {
	var identity struct {
		Labels map[string]string `json:"security-labels"`
	}
	parsed, err := strconv.ParseUint(o.Origin.Name, 10, 32)
	if err != nil || json.Unmarshal(o.JSON, &identity) != nil {
		return 0, nil, false
	}
	for key, value := range identity.Labels {
		labels = append(labels, strings.TrimSuffix(key+"="+value, "="))
	}
	slices.Sort(labels)
	return uint32(parsed), labels, true
}
