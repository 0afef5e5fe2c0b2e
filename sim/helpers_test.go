package sim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// stage is the cluster that the tables play on: two nodes, a client, the
// workload front of three pods, two pods api behind the Service of that name,
// and DNS.
const stage = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: w1}, status: {addresses: [{type: InternalIP, address: 172.18.0.3}]}}
- {apiVersion: v1, kind: Node, metadata: {name: w2}, status: {addresses: [{type: InternalIP, address: 172.18.0.4}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: dev}}
- {apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {namespace: dev, name: front}
  spec:
    replicas: 3
    selector: {matchLabels: {app: front}}
    template: {metadata: {labels: {app: front}}, spec: {containers: [{name: c, image: i}]}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {namespace: dev, name: asleep}
  spec:
    replicas: 0
    selector: {matchLabels: {app: asleep}}
    template: {metadata: {labels: {app: asleep}}, spec: {containers: [{name: c, image: i}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: client, labels: {app: client}}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.1.10}}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: dev, name: api-0, labels: {app: api, version: one}}
  spec: {nodeName: w1, containers: [{name: c, image: i, ports: [{name: http, containerPort: 8080}]}]}
  status: {phase: Running, podIP: 10.244.1.20, conditions: [{type: Ready, status: "True"}]}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: dev, name: api-1, labels: {app: api, version: two}}
  spec: {nodeName: w2, containers: [{name: c, image: i, ports: [{name: http, containerPort: 8080, hostPort: 8090}]}]}
  status: {phase: Running, podIP: 10.244.2.20, conditions: [{type: Ready, status: "True"}]}
- {apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: agent, labels: {app: agent}}, spec: {nodeName: w2, hostNetwork: true, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 172.18.0.4}}
- apiVersion: v1
  kind: Service
  metadata: {namespace: dev, name: api}
  spec: {clusterIP: 10.96.0.20, selector: {app: api}, ports: [{name: http, port: 80, targetPort: http}, {name: admin, port: 9000, targetPort: 9001}]}
- apiVersion: v1
  kind: Service
  metadata: {namespace: dev, name: edge}
  spec: {type: LoadBalancer, clusterIP: 10.96.0.21, selector: {app: api}, externalIPs: [198.51.100.20], ports: [{port: 443, targetPort: 8080, nodePort: 30443}]}
  status: {loadBalancer: {ingress: [{ip: 198.51.100.21}]}}
- {apiVersion: v1, kind: Service, metadata: {namespace: dev, name: direct}, spec: {clusterIP: None, selector: {app: api}, ports: [{port: 8080}]}}
- {apiVersion: v1, kind: Service, metadata: {namespace: dev, name: alias}, spec: {type: ExternalName, externalName: example.org, ports: [{port: 443}]}}
- {apiVersion: v1, kind: Service, metadata: {namespace: dev, name: empty}, spec: {clusterIP: 10.96.0.22, selector: {app: nobody}, ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {namespace: kube-system, name: kube-dns}, spec: {clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}]}}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: kube-system, name: coredns, labels: {k8s-app: kube-dns}}
  spec: {nodeName: w2, containers: [{name: c, image: i}]}
  status: {phase: Running, podIP: 10.244.2.53, conditions: [{type: Ready, status: "True"}]}
`

// newSim makes a Sim of the stage and more documents.
func newSim(t *testing.T, opt sim.Options, documents string) *sim.Sim {
	t.Helper()
	cluster, issues := cluster(t, stage, documents)
	s, err := sim.New(cluster, issues, opt)
	require.NoError(t, err)
	return s
}

// cluster loads documents in which nothing is wrong.
func cluster(t testing.TB, documents ...string) (*model.Cluster, []model.Issue) {
	t.Helper()
	c, issues := loadAll(t, documents...)
	for _, i := range issues {
		require.NotEqual(t, model.Error, i.Severity, i.String())
	}
	return c, issues
}

// loadAll loads documents, one file each.
func loadAll(t testing.TB, documents ...string) (*model.Cluster, []model.Issue) {
	t.Helper()
	names := []string{"stage.yaml", "more.yaml"}
	var files []manifest.File
	for i, d := range documents {
		files = append(files, manifest.File{Name: names[i], Data: []byte(d)})
	}
	return manifest.Load(files)
}

func ask(t *testing.T, s *sim.Sim, from, to string) *sim.Answer {
	t.Helper()
	answer, err := s.Query(sim.Query{From: from, To: to})
	require.NoError(t, err)
	return answer
}

// policy is a CiliumNetworkPolicy of dev for the pods with a label app.
func policy(app, rules string) string {
	return "---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: " + app + "}, spec: {endpointSelector: {matchLabels: {app: " + app + "}}, " + rules + "}}\n"
}

// dnsRule is an egress rule that lets queries for some names through to kube-dns,
// and so through Cilium's DNS proxy.
func dnsRule(pattern string) string {
	return `{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, k8s-app: kube-dns}}], toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "` + pattern + `"}]}}]}`
}

// steps are a path's steps, "STAGE VERDICT" each.
func steps(p sim.Path) string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, string(s.Stage)+" "+s.Verdict.String())
	}
	return strings.Join(out, ", ")
}
