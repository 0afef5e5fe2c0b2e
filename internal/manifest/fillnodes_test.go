package manifest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A cluster of made nodes has room for all of its pods: with too few nodes,
// some would be left without an address, and queries about them without an
// answer.
func TestMadeNodesHaveRoomForEveryPod(t *testing.T) {
	cluster, issues := Load([]File{{Name: "big.yaml", Data: []byte(`apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: dev}
spec:
  replicas: 600
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: web}]}
`)}})
	require.Len(t, cluster.Pods, 600)
	for _, p := range cluster.Pods {
		assert.NotEmpty(t, p.IPs, p.Name)
	}
	assert.Len(t, cluster.Nodes, 7)
	require.NotEmpty(t, issues)
	assert.Contains(t, issues[0].Message+issues[len(issues)-1].Message, "control-plane and 6 workers")
}
