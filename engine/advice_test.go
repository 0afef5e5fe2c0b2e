package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// front is a Service of port 80 before the server's port 8080, open on nodes
// at 30080.
const front = `---
apiVersion: v1
kind: Service
metadata: {namespace: dev, name: front}
spec: {type: NodePort, selector: {app: server}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
`

func TestAdviceIsAboutWhatIsValidAndProbablyNotMeant(t *testing.T) {
	for _, row := range []struct {
		claim, policies, set string
		// want are fragments of the one issue; none means no advice at all.
		severity model.Severity
		want     []string
	}{
		{"a subject that is nobody", cnp("p", `endpointSelector: {matchLabels: {app: sever}}, ingress: [{fromEntities: [all]}]`), "",
			model.Warning, []string{"endpointSelector matches no pod of namespace dev"}},
		{"a subject of a NetworkPolicy that is nobody", np("p", `podSelector: {matchLabels: {app: sever}}, ingress: [{}]`), "",
			model.Warning, []string{"podSelector matches no pod of namespace dev"}},
		{"a peer that is nobody, by its place in the list",
			server(`ingress: [{fromEndpoints: [{matchLabels: {app: client}}, {matchLabels: {app: cleint}}]}]`), "",
			model.Warning, []string{"ingress[0].fromEndpoints[1] matches no pod of namespace dev"}},
		{"a peer of a NetworkPolicy that is nobody", npServer(`ingress: [{from: [{podSelector: {matchLabels: {app: cleint}}}]}]`), "",
			model.Warning, []string{"ingress[0].from[0] matches no pod"}},
		{"a peer in a namespace of which no pod is loaded is not known to be wrong",
			server(`ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}]}]`), "",
			model.Info, []string{"means pods of namespace kube-system, and none of those is loaded"}},
		{"peers that exist, and entities", server(`ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}, {fromEntities: [world, remote-node]}]`), "",
			"", nil},
		{"a subject that is an endpoint of Cilium's own", ccnp("health", `endpointSelector: {matchLabels: {"reserved:health": ""}}, ingress: [{fromEntities: [remote-node]}]`), "",
			model.Info, []string{"endpointSelector means endpoints of Cilium's own (reserved:health)", "does not judge"}},
		{"which no namespace has", cnp("health", `endpointSelector: {matchLabels: {"reserved:health": ""}}, ingress: [{fromEntities: [remote-node]}]`), "",
			model.Warning, []string{"endpointSelector matches no pod of namespace dev"}},
		{"a selector of a reserved identity is no pod's", server(`ingress: [{fromEndpoints: [{matchLabels: {"reserved:ingress": ""}}]}]`), "",
			"", nil},

		{"the Service's port on egress", front + client(`egress: [{toEndpoints: [{matchLabels: {app: server}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]`), "",
			model.Warning, []string{"egress[0].toPorts[0] names port 80 of Service dev/front and allows nothing", "targetPort 8080", "write 8080/TCP"}},
		{"the Service's port on ingress", front + server(`ingress: [{fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: "80"}]}]}]`), "",
			model.Warning, []string{"names port 80 of Service dev/front"}},
		{"the Service's port in a NetworkPolicy", front + npServer(`ingress: [{ports: [{port: 80}]}]`), "",
			model.Warning, []string{"ingress[0] names port 80 of Service dev/front"}},
		{"the Service's port in a deny rule, which then forbids nothing",
			front + server(`ingress: [{fromEntities: [all]}], ingressDeny: [{toPorts: [{ports: [{port: "80"}]}]}]`), "",
			model.Warning, []string{"ingressDeny[0].toPorts[0] names port 80 of Service dev/front and forbids nothing"}},
		{"both ports are no mistake", front + client(`egress: [{toEndpoints: [{matchLabels: {app: server}}], toPorts: [{ports: [{port: "80"}, {port: "8080"}]}]}]`), "",
			"", nil},
		{"the targetPort is right", front + client(`egress: [{toEndpoints: [{matchLabels: {app: server}}], toPorts: [{ports: [{port: "8080"}]}]}]`), "",
			"", nil},
		{"another protocol is another port", front + client(`egress: [{toEndpoints: [{matchLabels: {app: server}}], toPorts: [{ports: [{port: "80", protocol: UDP}]}]}]`), "",
			"", nil},
		{"a range may mean more", front + client(`egress: [{toEndpoints: [{matchLabels: {app: server}}], toPorts: [{ports: [{port: "80", endPort: 90}]}]}]`), "",
			"", nil},
		{"a policy for nodes is about no Service's pods", front + ccnp("nodes", `nodeSelector: {}, ingress: [{fromEntities: [all], toPorts: [{ports: [{port: "80"}]}]}]`), "",
			"", nil},
		{"a port that a container has as well", podWithPort("dual", "10.244.1.60", 80) +
			service("dual", "", "selector: {app: dual}") + client(`egress: [{toEndpoints: [{matchLabels: {app: dual}}], toPorts: [{ports: [{port: "80"}]}]}]`), "",
			"", nil},

		{"names without rules.dns, which are never learned", client(`egress: [{toFQDNs: [{matchName: api.example.com}, {matchPattern: "*.example.org"}]}, {toPorts: [{ports: [{port: "53"}]}]}]`), "",
			model.Warning, []string{"egress[0].toFQDNs means names that no rules.dns lets pod dev/client look up (*.example.org, api.example.com)", "by itself the rule allows nothing", "rules.dns"}},
		{"of several names the one that no rules.dns lets through", client(`egress: [{toFQDNs: [{matchName: api.example.com}, {matchName: www.example.com}]}, ` + lookups(`{matchName: api.example.com}`) + `]`), "",
			model.Warning, []string{"look up (www.example.com)"}},
		{"a pattern that no rules.dns comes near", client(`egress: [{toFQDNs: [{matchPattern: "*.example.com"}]}, ` + lookups(`{matchPattern: "*.example.org"}`) + `]`), "",
			model.Warning, []string{"look up (*.example.com)"}},
		{"rules.dns for other pods are of no use", client(`egress: [{toFQDNs: [{matchName: api.example.com}]}]`) +
			cnp("dns", `endpointSelector: {matchLabels: {app: server}}, egress: [`+lookups(`{matchPattern: "*"}`)+`]`), "",
			model.Warning, []string{"CiliumNetworkPolicy dev/client", "pod dev/client"}},
		{"rules.dns in another policy for the pod", client(`egress: [{toFQDNs: [{matchName: api.example.com}]}]`) + cnp("dns", `endpointSelector: {}, egress: [`+lookups(`{matchPattern: "*"}`)+`]`), "",
			"", nil},
		{"patterns that can meet", client(`egress: [{toFQDNs: [{matchPattern: "*.example.com"}]}, ` + lookups(`{matchPattern: "api.*"}`) + `]`), "", "", nil},
		{"a pattern and a name that it means", client(`egress: [{toFQDNs: [{matchPattern: "*.example.com"}]}, ` + lookups(`{matchName: api.example.com}`) + `]`), "", "", nil},

		{"a policy that only forbids", client(`egressDeny: [{toPorts: [{ports: [{port: "10255"}]}]}]`), "",
			model.Warning, []string{"only forbids, yet it switches on default deny", "egress of pod dev/client", "enableDefaultDeny.egress"}},
		{"which says itself that it does not", client(`egressDeny: [{toPorts: [{ports: [{port: "10255"}]}]}], enableDefaultDeny: {egress: false}`), "",
			"", nil},
		{"which allows the rest", client(`egressDeny: [{toPorts: [{ports: [{port: "10255"}]}]}], egress: [{toEntities: [all]}]`), "",
			"", nil},
		{"which another policy isolates anyway", client(`egressDeny: [{toPorts: [{ports: [{port: "10255"}]}]}]`) + cnp("rest", `endpointSelector: {}, egress: [{toEntities: [all]}]`), "",
			"", nil},
		{"which another policy isolates the other way", client(`egressDeny: [{toPorts: [{ports: [{port: "10255"}]}]}]`) + cnp("rest", `endpointSelector: {}, ingress: [{fromEntities: [all]}]`), "",
			model.Warning, []string{"only forbids, yet it switches on default deny"}},

		{"host alone before a NodePort", front + server(`ingress: [{fromEntities: [host]}]`), "",
			model.Warning, []string{"lets in entity host and not remote-node", "Service dev/front", "comes as remote-node"}},
		{"host alone before a NodePort, through a tunnel", front + server(`ingress: [{fromEntities: [host]}]`), "tunnel",
			model.Warning, []string{"comes as world"}},
		{"host alone where no NodePort leads", server(`ingress: [{fromEntities: [host]}]`), "", "", nil},
		{"host alone before a load balancer without NodePorts", strings.Replace(front, "type: NodePort,", "type: LoadBalancer, allocateLoadBalancerNodePorts: false,", 1) + server(`ingress: [{fromEntities: [host]}]`), "", "", nil},
		{"host and remote-node", front + server(`ingress: [{fromEntities: [host, remote-node]}]`), "", "", nil},
		{"a nodePort at nodes, which kube-proxy translates after policy",
			front + client(`egress: [{toEntities: [remote-node], toPorts: [{ports: [{port: "30080"}]}]}]`), "",
			model.Info, []string{"allows nodePort 30080 of Service dev/front at a node, which holds with kube-proxy only"}},
		{"a nodePort at nodes, which Cilium translates before policy",
			front + client(`egress: [{toEntities: [remote-node], toPorts: [{ports: [{port: "30080"}]}]}]`), "kpr",
			model.Warning, []string{"Cilium replaces kube-proxy here"}},
		{"a range of ports at nodes", front + client(`egress: [{toEntities: [remote-node], toPorts: [{ports: [{port: "30080", endPort: 30090}]}]}]`), "", "", nil},

		{"the annotation that gives a NetworkPolicy another name", strings.Replace(np("p", `podSelector: {}, ingress: [{}]`), "name: p", `name: p, annotations: {policy.cilium.io/name: q}`, 1), "", "", nil},
		{"an annotation that nothing reads", `---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: p, annotations: {policy.cilium.io/audit-mode: "true"}}, spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}}
`, "", model.Warning, []string{"nothing reads annotation policy.cilium.io/audit-mode", "policy-audit-mode"}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			s := load(t, "", row.policies)
			s.engine = adviserOf(t, s, row.set)
			advice := s.engine.Advice()
			if row.want == nil {
				assert.Empty(t, advice)
				return
			}
			s.issues = advice
			found := s.said(row.severity, row.want...)
			assert.NotZero(t, found.Line)
			assert.Len(t, advice, 1)
		})
	}
}

// lookups is an egress rule that lets the DNS proxy pass queries on.
func lookups(names string) string {
	return `{toEntities: [world], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [` + names + `]}}]}`
}

func TestAdviceAboutNobodyNeedsPods(t *testing.T) {
	e, issues := engineOf(t, cnp("p", `endpointSelector: {matchLabels: {app: anything}}, ingress: [{}]`))
	assert.Empty(t, issues)
	assert.Empty(t, e.Advice())
}

// adviserOf is the scene's Engine under another datapath: "tunnel" or "kpr".
func adviserOf(t *testing.T, s *scene, set string) *engine.Engine {
	t.Helper()
	dp := datapath("")
	dp.RoutingMode = model.RoutingNative
	switch set {
	case "tunnel":
		dp.RoutingMode = model.RoutingTunnel
	case "kpr":
		dp.KubeProxyReplacement = true
	}
	e, issues := engine.New(s.index, dp)
	for _, i := range issues {
		require.NotEqual(t, model.Error, i.Severity, i.String())
	}
	return e
}

// engineOf is an Engine of these documents alone.
func engineOf(t *testing.T, documents string) (*engine.Engine, []model.Issue) {
	t.Helper()
	cluster, _ := manifest.Load([]manifest.File{{Name: "policies.yaml", Data: []byte(documents)}})
	return engine.New(model.NewIndex(cluster), datapath(""))
}
