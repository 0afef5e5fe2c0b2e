package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// What a field means hangs on the cluster's Cilium, not on the one whose code
// netsim runs.
func TestFieldsByRelease(t *testing.T) {
	kafka := server(`ingress: [{fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {kafka: [{role: produce}]}}]}]`)
	l7proto := server(`ingress: [{fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {l7proto: testparser, l7: [{cmd: READ}]}}]}]`)
	fromRequires := server(`ingress: [{fromRequires: [{matchLabels: {tier: front}}]}]`)
	toRequires := client(`egress: [{toRequires: [{matchLabels: {app: server}}]}]`)
	mesh := server(`ingress: [{fromEntities: [cluster-mesh]}]`)
	meshDenied := client(`egressDeny: [{toEntities: [cluster-mesh]}]`)
	toServices := service("web", "", `selector: {app: server}`) +
		client(`egress: [{toServices: [{k8sService: {serviceName: web, namespace: dev}}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]`)
	const other, out = "ingress dev/local dev/server 8080", "egress dev/client dev/server 8080"
	check(t, []row{
		{"1.18 enforces Kafka rules", kafka, "version=1.18.4", verdicts{toServer: undetermined, other: undetermined}},
		{"1.19 does too", kafka, "version=1.19.6", verdicts{toServer: undetermined, other: undetermined}},
		{"1.20's API server knows only HTTP and DNS rules, and refuses the policy", kafka, "version=1.20.0", verdicts{toServer: allowed, other: allowed}},
		{"1.19 enforces generic L7 rules", l7proto, "version=1.19.6", verdicts{toServer: undetermined}},
		{"1.20's API server refuses those too", l7proto, "version=1.20.0", verdicts{toServer: allowed, other: allowed}},
		{"1.16 enforces fromRequires", fromRequires, "version=1.16.0", verdicts{toServer: undetermined, other: undetermined}},
		{"1.17 enforces fromRequires", fromRequires, "version=1.17.4", verdicts{toServer: undetermined}},
		{"1.18 enforces fromRequires", fromRequires, "version=1.18", verdicts{toServer: undetermined}},
		{"1.19 refuses fromRequires", fromRequires, "version=1.19.0", verdicts{toServer: allowed, other: allowed}},
		{"1.20 refuses fromRequires", fromRequires, "version=1.20.2", verdicts{toServer: allowed, other: allowed}},
		{"1.18 enforces toRequires", toRequires, "version=1.18.10", verdicts{out: undetermined}},
		{"1.19 refuses toRequires", toRequires, "version=1.19.0", verdicts{out: allowed}},
		{"1.19 refuses the entity cluster-mesh", mesh, "version=1.19.6", verdicts{toServer: allowed, "ingress world dev/server 8080": allowed}},
		{"1.20 lets the cluster in by it", mesh, "version=1.20.0", verdicts{toServer: allowed, "ingress world dev/server 8080": denied}},
		{"1.19 refuses to deny cluster-mesh too", meshDenied, "version=1.19.6", verdicts{out: allowed, toWorld: allowed}},
		{"1.20 denies it", meshDenied, "version=1.20.0", verdicts{out: denyRule}},
		{"1.16 refuses ports beside toServices", toServices, "version=1.16.9", verdicts{out: allowed, "egress dev/client dev/server 81": allowed}},
		{"1.16 refuses them in deny rules too", service("web", "", `selector: {app: server}`) + client(`egress: [{toEntities: [world]}], egressDeny: [{toServices: [{k8sService: {serviceName: web, namespace: dev}}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]`), "version=1.16.9", verdicts{out: allowed}},
		{"a field whose name only begins like one that went is none", server(`ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {l7x: [{cmd: READ}], http: [{method: GET}]}}]}]`), "version=1.19.6", verdicts{toServer: allowed}},
		{"1.19 refuses an asterisk within a label, on ingress too", server(`ingress: [{fromEntities: [world], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: ["api*.example.com"]}]}]`), "version=1.19.6", verdicts{toServer: allowed}},
		{"1.20 takes it", server(`ingress: [{fromEntities: [world], toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: ["api*.example.com"]}]}]`), "version=1.20.0", verdicts{toServer: denied}},
		{"1.17 takes them", toServices, "version=1.17.0", verdicts{out: allowed, "egress dev/client dev/server 81": denied}},
	})
}

func TestFieldsThatTheReleaseLacksOrStillHasAreSaidAtTheirLine(t *testing.T) {
	const text = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: old}
spec:
  endpointSelector: {matchLabels: {app: server}}
  ingress:
  - fromEndpoints: [{}]
  - fromRequires: # requires
    - matchLabels: {a: b}
`
	old := load(t, "version=1.18.4", text)
	inForce := old.said(model.Error, "Cilium 1.18.4 enforces spec.ingress[1].fromRequires", "undetermined")
	assert.Equal(t, marked(t, text, "requires"), inForce.Line)
	assert.Equal(t, []string{"old"}, rulesBy(old.judge(toServer)))
	absent := load(t, "version=1.19.0", text)
	refused := absent.said(model.Error, "counts as absent", "fromRequires")
	assert.Equal(t, marked(t, text, "requires"), refused.Line)
	assert.Empty(t, absent.judge(toServer).By)
	load(t, "version=1.19.6", server(`egress: [{toEntities: [cluster-mesh]}]`)).
		said(model.Error, "no effect", "Cilium is 1.19.6 here", "cluster-mesh came with 1.20")
	load(t, "version=1.16.9", service("web", "", ``)+client(`egress: [{toServices: [{k8sService: {serviceName: web, namespace: dev}}], toPorts: [{ports: [{port: "80"}]}]}]`)).
		said(model.Error, "no effect", "Cilium is 1.16.9 here", "toServices with toPorts came with 1.17")
	kafka := load(t, "version=1.20.0", server(`ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {kafka: [{role: produce}]}}]}]`))
	kafka.said(model.Warning, "spec.ingress[0].toPorts[0].rules.kafka is not known", "an API server drops it")
	kafka.said(model.Error, "counts as absent", "spec.ingress[0].toPorts[0].rules", "exactly one of http, dns")
	generic := load(t, "version=1.20.0", server(`ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {l7proto: r2d2, l7: [{cmd: READ}]}}]}]`))
	generic.said(model.Warning, "rules.l7proto is not known")
	generic.said(model.Warning, "rules.l7 is not known")
	generic.said(model.Error, "counts as absent")
}
