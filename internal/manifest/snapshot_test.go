package manifest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestWhatASnapshotLacks: a kind that could forbid makes doubts; what netsim fills
// in, or a ConfigMap, is an Issue alone.
func TestWhatASnapshotLacks(t *testing.T) {
	cluster, issues := Load([]File{{Name: "dump.yaml", Data: []byte(`apiVersion: netsim.dev/v1alpha1
kind: Snapshot
missing:
- {apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, why: forbidden}
- {apiVersion: apps/v1, kind: Deployment, why: forbidden}
- {apiVersion: v1, kind: ConfigMap, namespace: kube-system, name: cilium-config, why: forbidden}
`)}})
	var told []string
	for _, issue := range issues[:min(3, len(issues))] { // further down is what netsim assumed
		told = append(told, fmt.Sprintf("%s:%d: %s", issue.File, issue.Line, issue.Message))
	}
	assert.Equal(t, []string{
		"dump.yaml:4: Snapshot cluster: missing[0]: the snapshot lacks every CiliumNetworkPolicy: forbidden",
		"dump.yaml:5: Snapshot cluster: missing[1]: the snapshot lacks every Deployment: forbidden",
		"dump.yaml:6: Snapshot cluster: missing[2]: the snapshot lacks ConfigMap kube-system/cilium-config: forbidden",
	}, told)
	if assert.Len(t, cluster.Doubts, 1) {
		assert.Equal(t, 4, cluster.Doubts[0].Origin.Line)
		assert.Equal(t, "every CiliumNetworkPolicy is missing from the snapshot, and one may be in force", cluster.Doubts[0].Why)
	}
}

// TestDecisiveKindsAreServed: a misspelt one would never be missed.
func TestDecisiveKindsAreServed(t *testing.T) {
	served := map[string]bool{}
	for _, k := range ServedKinds() {
		served[k.Kind] = true
	}
	for _, kind := range decisive() {
		assert.True(t, served[kind], kind)
	}
	for name, k := range kinds() {
		if isPolicyGroup(k.group) || k.group == "networking.k8s.io" && name == "NetworkPolicy" {
			assert.Contains(t, decisive(), name)
		}
	}
}

func isPolicyGroup(group string) bool {
	return group == "cilium.io" || group == "policy.networking.k8s.io"
}
