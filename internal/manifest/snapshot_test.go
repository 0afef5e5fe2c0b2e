package manifest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestWhatASnapshotLacks: policies and settings make doubts; what makes pods is an
// Issue alone.
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
	var doubts []string
	for _, d := range cluster.Doubts {
		doubts = append(doubts, fmt.Sprintf("%d: %s", d.Origin.Line, d.Why))
	}
	assert.Equal(t, []string{
		"4: every CiliumNetworkPolicy is missing from the snapshot, and could change this",
		"6: ConfigMap kube-system/cilium-config is missing from the snapshot, and could change this",
	}, doubts)
}

// TestASnapshotThatCannotBeReadIsADoubt: it is there because something is missing.
func TestASnapshotThatCannotBeReadIsADoubt(t *testing.T) {
	cluster, issues := Load([]File{{Name: "dump.yaml", Data: []byte("apiVersion: netsim.dev/v1alpha1\nkind: Snapshot\nmissing: all\n")}})
	assert.Len(t, cluster.Doubts, 1)
	assert.Contains(t, issues[0].String(), "dump.yaml:3: error")
}

// TestIdleKindsAreServed: a misspelt one would be no exception.
func TestIdleKindsAreServed(t *testing.T) {
	var served []string
	for _, k := range ServedKinds() {
		served = append(served, k.Kind)
	}
	assert.Subset(t, served, idle())
}
