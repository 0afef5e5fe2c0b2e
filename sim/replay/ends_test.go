package replay_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/replay"
)

const east = `apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {cluster-name: east}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: x}]}
---
apiVersion: cilium.io/v2
kind: CiliumIdentity
metadata: {name: "4711"}
security-labels: {"k8s:app": web, "k8s:io.kubernetes.pod.namespace": shop}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress: [{fromEntities: [host]}]
  egress:
  - toFQDNs: [{matchName: a.example}]
  - toCIDR: [10.9.0.0/16]
`

// TestWhoAnEndIs tells, of a flow between web and another end, in which class it
// comes, under which name, and why it cannot be judged.
func TestWhoAnEndIs(t *testing.T) {
	const web = `{"namespace":"shop","pod_name":"web-5d4f-x","labels":["k8s:app=web","k8s:io.kubernetes.pod.namespace=shop"],"cluster_name":"east"}`
	for _, row := range []struct {
		name, direction, self, other, more string
		class, from, to, why               string
	}{
		{"a pod by its labels, the host by its number", "INGRESS", web, `{"identity":1}`, ``, "agrees", "host", "shop/deploy/web", ""},
		{"a pod by the number of a CiliumIdentity", "INGRESS", `{"identity":4711,"namespace":"shop"}`, `{"labels":["reserved:host"]}`, ``, "agrees", "host", "shop/deploy/web", ""},
		{"a pod by its workload", "INGRESS", `{"namespace":"shop","pod_name":"x","workloads":[{"kind":"Deployment","name":"web"}]}`, `{"identity":1}`, ``, "agrees", "host", "shop/deploy/web", ""},
		{"another node", "INGRESS", web, `{"identity":6,"labels":["reserved:remote-node"]}`, ``, "wouldDrop", "remote-node", "shop/deploy/web", ""},
		{"the world", "EGRESS", web, `{"identity":2}`, ``, "undetermined", "shop/deploy/web", "world", "the addresses of a.example"},
		{"an address with a name that the agent knew", "EGRESS", web, `{"identity":16777217,"labels":["fqdn:a.example"]}`, `"destination_names":["a.example"],`, "agrees", "shop/deploy/web", "a.example", ""},
		{"an address with another name", "EGRESS", web, `{"identity":2}`, `"destination_names":["b.example"],`, "wouldDrop", "shop/deploy/web", "b.example", ""},
		{"an address in a rule's CIDR", "EGRESS", web, `{"identity":16777217,"labels":["cidr:10.9.0.0/16"]}`, `"IP":{"source":"10.0.0.1","destination":"10.9.1.1"},`, "agrees", "shop/deploy/web", "10.9.0.0/16", ""},
		{"an API server that no file places", "EGRESS", web, `{"identity":7,"labels":["reserved:kube-apiserver"]}`, ``, "undetermined", "shop/deploy/web", "world", "no file says that the API server has the address"},
		{"a health probe", "INGRESS", web, `{"identity":4}`, ``, "undetermined", "health", "shop/deploy/web", "health probe"},
		{"another cluster's pod", "INGRESS", web, `{"identity":99999,"namespace":"shop","pod_name":"web-1","labels":["k8s:app=web"],"cluster_name":"west"}`, ``, "undetermined", "cluster west", "shop/deploy/web", "cluster west"},
		{"a pod that no file holds", "INGRESS", web, `{"identity":300,"namespace":"shop","pod_name":"gone-1","labels":["k8s:app=gone"]}`, ``, "undetermined", "shop/gone-1", "shop/deploy/web", "no file holds a pod"},
		{"an identity that no file holds", "INGRESS", web, `{"identity":300,"labels":["k8s:app=gone","k8s:io.kubernetes.pod.namespace=shop"]}`, ``, "undetermined", "shop{k8s:app=gone}", "shop/deploy/web", "with the labels"},
		{"nobody", "INGRESS", web, `{}`, ``, "undetermined", "unknown", "shop/deploy/web", "does not say who"},
	} {
		t.Run(row.name, func(t *testing.T) {
			source, destination := row.self, row.other
			if row.direction == "INGRESS" {
				source, destination = destination, source
			}
			line := fmt.Sprintf(`{"flow":{"time":"2025-01-01T00:00:00Z","verdict":"FORWARDED","is_reply":false,"traffic_direction":%q,"IP":{"source":"10.0.0.1","destination":"203.0.113.9"},%s"l4":{"TCP":{"destination_port":443}},"source":%s,"destination":%s}}`,
				row.direction, row.more, source, destination)
			r := run(t, replay.NewJudge(ofText(t, east)), []byte(line), replay.Shard{}, 1)
			require.Zero(t, r.Unread, "%v", r.UnreadLines)
			for name, class := range map[string]replay.Class{"wouldDrop": r.WouldDrop, "wouldPass": r.WouldPass, "undetermined": r.Undetermined, "agrees": r.Agrees} {
				if name != row.class {
					assert.Empty(t, class.Groups, name)
					continue
				}
				require.Len(t, class.Groups, 1)
				g := class.Groups[0]
				assert.Equal(t, row.from, g.From)
				assert.Equal(t, row.to, g.To)
				assert.Contains(t, g.Why, row.why)
				assert.Equal(t, row.why == "", g.Why == "", g.Why)
			}
		})
	}
}

func ofText(t *testing.T, manifests string) *sim.Sim {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("m.yaml", []byte(manifests), 0o600))
	c, issues, err := sim.Load([]string{"m.yaml"}, nil)
	require.NoError(t, err)
	s, err := sim.New(c, issues, sim.Options{})
	require.NoError(t, err)
	return s
}
