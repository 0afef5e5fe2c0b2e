package manifest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const agentsNode = `apiVersion: cilium.io/v2
kind: CiliumNode
metadata: {name: worker, labels: {zone: a, node-role.kubernetes.io/control-plane: ""}}
spec:
  addresses:
  - {type: InternalIP, ip: 172.18.0.7}
  - {type: InternalIP, ip: "fd00::7"}
  - {type: ExternalIP, ip: 203.0.113.7}
  - {type: CiliumInternalIP, ip: 10.9.0.4}
  ipam: {podCIDRs: [10.9.0.0/24]}
  bootid: x
`

func TestACiliumNodeStandsForItsNode(t *testing.T) {
	c, issues := Load([]File{{Name: "a.yaml", Data: []byte(agentsNode)}})
	require.Len(t, c.Nodes, 1)
	n := c.Nodes[0]
	assert.Equal(t, "[172.18.0.7 fd00::7] [203.0.113.7] [10.9.0.0/24]", fmt.Sprint(n.InternalIPs, n.ExternalIPs, n.PodCIDRs))
	assert.Equal(t, "a", n.Labels["zone"])
	assert.True(t, n.ControlPlane)
	assert.False(t, n.Made)
	assert.Equal(t, "a.yaml:1", n.Origin.Position())
	assert.Contains(t, fmt.Sprint(issues), "1 CiliumNodes stand for Nodes that are not given: taints and provider ids are not known")
	require.Len(t, c.Others, 1, "it is listed, too")
	assert.NotEmpty(t, c.Others[0].JSON)
}

func TestANodeIsItself(t *testing.T) {
	const node = "---\napiVersion: v1\nkind: Node\nmetadata: {name: worker}\nstatus: {addresses: [{type: InternalIP, address: 172.18.0.2}]}\n"
	c, issues := Load([]File{{Name: "a.yaml", Data: []byte(agentsNode + node)}})
	require.Len(t, c.Nodes, 1)
	assert.Equal(t, "[172.18.0.2] [10.9.0.0/24]", fmt.Sprint(c.Nodes[0].InternalIPs, c.Nodes[0].PodCIDRs), "pods have addresses of Cilium's CIDR")
	assert.NotContains(t, fmt.Sprint(issues), "stand for Nodes")
}

func TestACiliumNodeWithAWrongAddressIsRefused(t *testing.T) {
	c, issues := Load([]File{{Name: "a.yaml", Data: []byte("apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {name: worker}\nspec: {addresses: [{type: InternalIP, ip: nowhere}]}\n")}})
	assert.Contains(t, fmt.Sprint(issues), `spec.addresses[0].ip: "nowhere" is no IP address`)
	for _, n := range c.Nodes {
		assert.True(t, n.Made, n.Name)
	}
}
