package engine_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

const (
	byName   = `toServices: [{k8sService: {serviceName: api, namespace: dev}}]`
	byLabels = `toServices: [{k8sServiceSelector: {namespace: dev, selector: {matchLabels: {kind: api}}}}]`
	webPort  = `, toPorts: [{ports: [{port: "8080", protocol: TCP}]}]`

	toBackend = "egress dev/client dev/server 8080"
	toLocal   = "egress dev/client dev/local 8080"
)

func TestToServices(t *testing.T) {
	egress := func(rule string) string { return client(`egress: [{` + rule + `}]`) }
	api := service("api", "kind: api", `selector: {app: server}`)
	outside := service("api", "kind: api", ``) + slice("api", "203.0.113.9")
	headless := service("api", "kind: api", `clusterIP: None, selector: {app: server}`)
	check(t, []row{
		{"a Service by name means the pods it selects", egress(byName) + api, "", verdicts{toBackend: allowed, toLocal: denied, toWorld: denied}},
		{"pods in the Service's namespace only", egress(byName) + service("api", "", `selector: {app: client}`), "", verdicts{"egress dev/client uat/client 80": denied}},
		{"a name without namespace means any", egress(`toServices: [{k8sService: {serviceName: api}}]`) + api, "", verdicts{toBackend: allowed}},
		{"another namespace's Service is another Service", egress(`toServices: [{k8sService: {serviceName: api, namespace: uat}}]`) + api, "", verdicts{toBackend: denied}},
		{"another name is another Service", egress(`toServices: [{k8sService: {serviceName: app, namespace: dev}}]`) + api, "", verdicts{toBackend: denied}},
		{"a Service by its labels", egress(byLabels) + api, "", verdicts{toBackend: allowed, toLocal: denied}},
		{"labels without namespace mean any", egress(`toServices: [{k8sServiceSelector: {selector: {matchLabels: {kind: api}}}}]`) + api, "", verdicts{toBackend: allowed}},
		{"labels in another namespace", egress(`toServices: [{k8sServiceSelector: {namespace: uat, selector: {matchLabels: {kind: api}}}}]`) + api, "", verdicts{toBackend: denied}},
		{"other labels", egress(`toServices: [{k8sServiceSelector: {selector: {matchLabels: {kind: db}}}}]`) + api, "", verdicts{toBackend: denied}},
		{"label expressions", egress(`toServices: [{k8sServiceSelector: {selector: {matchExpressions: [{key: kind, operator: Exists}]}}}]`) + api, "", verdicts{toBackend: allowed}},
		{"label expressions that want a label absent", egress(`toServices: [{k8sServiceSelector: {selector: {matchExpressions: [{key: kind, operator: DoesNotExist}]}}}]`) + api, "", verdicts{toBackend: denied}},
		{"ports are the targetPort's, not the Service's", egress(byName+webPort) + api, "", verdicts{toBackend: allowed, "egress dev/client dev/server 80": denied}},
		{"the Service's own port does not help", egress(byName+`, toPorts: [{ports: [{port: "80"}]}]`) + api, "", verdicts{toBackend: denied}},
		{"a Service without selector means the addresses behind it", egress(byName) + outside, "", verdicts{toWorld: allowed, "egress dev/client 203.0.113.10 443": denied, toBackend: denied}},
		{"such addresses never mean pods", egress(byName) + service("api", "", ``) + slice("api", "10.244.2.10"), "", verdicts{toBackend: denied}},
		{"a headless Service counts like any", egress(byName) + headless, "", verdicts{toBackend: allowed}},
		{"two Services add up", egress(`toServices: [{k8sService: {serviceName: api, namespace: dev}}, {k8sService: {serviceName: near, namespace: dev}}]`) + api + service("near", "", `selector: {app: local}`), "",
			verdicts{toBackend: allowed, toLocal: allowed}},
		{"a Service without selector and addresses means nobody", egress(byName) + service("api", "", ``), "", verdicts{toBackend: denied, toWorld: denied}},
		{"and with ports everybody", egress(byName+webPort) + service("api", "", ``), "", verdicts{toBackend: allowed, toWorld: denied}},
		{"no such Service means nobody", egress(byName), "", verdicts{toBackend: denied, toWorld: denied}},
		{"no such Service, with ports, means everybody on those ports", egress(byName + webPort), "",
			verdicts{toBackend: allowed, "egress dev/client 203.0.113.9 8080": allowed, toWorld: denied}},
	})
}

func slice(service, addr string) string {
	return `---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: dev, name: ` + service + `-1, labels: {kubernetes.io/service-name: ` + service + `}}, addressType: IPv4, ports: [{port: 443}], endpoints: [{addresses: [` + addr + `]}]}
`
}

func TestUnresolvedServicesAreWarnedOf(t *testing.T) {
	text := `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: gone}
spec:
  endpointSelector: {}
  egress:
  - toEntities: [cluster]
  - toServices: # services
    - k8sService: {serviceName: api, namespace: dev}
`
	s := load(t, "", text)
	issue := s.said(model.Warning, "CiliumNetworkPolicy dev/gone", "egress[1].toServices", "no Service", "allows nothing")
	assert.Equal(t, marked(t, text, "services"), issue.Line)
	assert.NotEmpty(t, issue.Remedy)
	s = load(t, "", text+`    toPorts: [{ports: [{port: "80"}]}]`)
	s.said(model.Warning, "egress[1].toServices", "EVERY destination")
	s = load(t, "", text, service("api", "", `selector: {app: server}`))
	assert.Empty(t, s.issues, "a Service that exists needs no warning")
}

// Keys with a dot broke toServices in some versions and not in others: in the
// Service's own selector, and in a selector of Services.
func TestDottedKeysInToServices(t *testing.T) {
	dottedPod := `---
{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: dotted, labels: {app.kubernetes.io/name: api}}, spec: {nodeName: w2, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.2.31}}
`
	bySelector := client(`egress: [{`+byName+`}]`) + dottedPod + service("api", "", `selector: {app.kubernetes.io/name: api}`)
	byLabel := client(`egress: [{toServices: [{k8sServiceSelector: {namespace: dev, selector: {matchLabels: {app.kubernetes.io/name: api}}}}]}]`) +
		service("api", "app.kubernetes.io/name: api", `selector: {app: server}`)
	const toDotted = "egress dev/client dev/dotted 8080"
	var rows []row
	for _, v := range []struct{ version, selector, label string }{
		{"1.17.4", denied, allowed}, {"1.17.14", denied, allowed}, {"1.17.15", allowed, allowed},
		{"1.18.4", denied, allowed}, {"1.18.8", denied, allowed}, {"1.18.9", allowed, allowed}, {"1.18.10", allowed, allowed},
		{"1.19.0", denied, denied}, {"1.19.1", denied, denied}, {"1.19.3", allowed, denied}, {"1.19.4", allowed, denied}, {"1.19.5", allowed, allowed},
		{"1.20.0", allowed, allowed}, {"1.20.2", allowed, allowed},
	} {
		set := "version=" + v.version
		rows = append(rows,
			row{"a Service that selects by a dotted key, " + v.version, bySelector, set, verdicts{toDotted: v.selector}},
			row{"a selector of Services with a dotted key, " + v.version, byLabel, set, verdicts{toBackend: v.label}},
			row{"keys without dots, " + v.version, client(`egress: [{`+byName+`}, {`+byLabels+`}]`) + service("api", "kind: api", `selector: {app: server}`), set, verdicts{toBackend: allowed}})
	}
	check(t, rows)
}

func TestDottedKeysInExpressionsOfServices(t *testing.T) {
	by := func(expression string) string {
		return client(`egress: [{toServices: [{k8sServiceSelector: {namespace: dev, selector: {matchExpressions: [{key: app.kubernetes.io/name, `+expression+`}]}}}]}]`) +
			service("api", "app.kubernetes.io/name: api", `selector: {app: server}`)
	}
	check(t, []row{
		{"one that wants the label", by(`operator: Exists`), "", verdicts{toBackend: allowed}},
		{"from 1.19.0 to 1.19.4 never finds it", by(`operator: Exists`), "version=1.19.4", verdicts{toBackend: denied}},
		{"one that wants it absent", by(`operator: DoesNotExist`), "", verdicts{toBackend: denied}},
		{"never finds it either, and means the Service", by(`operator: DoesNotExist`), "version=1.19.4", verdicts{toBackend: allowed}},
		{"likewise one that wants another value", by(`operator: NotIn, values: [api]`), "version=1.19.0", verdicts{toBackend: allowed}},
		{"mended since", by(`operator: NotIn, values: [api]`), "version=1.19.5", verdicts{toBackend: denied}},
	})
}

func TestToServicesKnewNoSelectorsUpTo116(t *testing.T) {
	check(t, []row{
		{"a Service with a selector means nobody", client(`egress: [{`+byName+`}]`) + service("api", "", `selector: {app: server}`), "version=1.16.19", verdicts{toBackend: denied}},
		{"with toPorts the policy is refused", client(`egress: [{`+byName+webPort+`}]`) + service("api", "", `selector: {app: server}`), "version=1.16.19", verdicts{toBackend: allowed, toWorld: allowed}},
		{"one without means the addresses behind it", client(`egress: [{`+byName+`}]`) + service("api", "", ``) + slice("api", "203.0.113.9"), "version=1.16.19", verdicts{toWorld: allowed}},
		{"1.17 was the first to know them", client(`egress: [{`+byName+`}]`) + service("api", "", `selector: {app: server}`), "version=1.17.0", verdicts{toBackend: allowed}},
	})
}

// Cilium resolves toServices in allow rules only.
func TestToServicesInDenyRules(t *testing.T) {
	api := service("api", "", `selector: {app: server}`)
	deny := func(rule string) string {
		return client(`egress: [{toEntities: [all]}], egressDeny: [{`+rule+`}]`) + api
	}
	check(t, []row{
		{"alone it denies nobody", deny(byName), "", verdicts{toBackend: allowed, toWorld: allowed}},
		{"with ports it denies everybody on those", deny(byName + webPort), "", verdicts{toBackend: denyRule, "egress dev/client 203.0.113.9 8080": denyRule, toWorld: allowed}},
		{"in 1.16 the policy is refused for that", deny(byName + webPort), "version=1.16.19", verdicts{"egress dev/client 203.0.113.9 8080": allowed}},
		{"as it did before", deny(byName + webPort), "version=1.18.4", verdicts{"egress dev/client 203.0.113.9 8080": denyRule}},
	})
	load(t, "", deny(byName)).said(model.Warning, "egressDeny[0].toServices stands in a deny rule", "denies nothing")
	load(t, "", deny(byName+webPort)).said(model.Warning, "egressDeny[0].toServices stands in a deny rule", "EVERY destination")
}

// Every cluster has the Service default/kubernetes, whatever the files hold.
func TestToServicesThatMeanTheAPIServer(t *testing.T) {
	const (
		kubernetes = `toServices: [{k8sService: {serviceName: kubernetes, namespace: default}}]`
		byLabel    = `toServices: [{k8sServiceSelector: {selector: {matchLabels: {component: apiserver}}}}]`
		port       = `, toPorts: [{ports: [{port: "6443", protocol: TCP}]}]`
		outside    = "egress dev/client 203.0.113.77 6443"
		node       = "egress dev/client node/cp 6443"
	)
	egress := func(rule string) string { return client(`egress: [{` + rule + `}]`) }
	check(t, []row{
		{"it means addresses, and so no node", egress(kubernetes + port), "", verdicts{node: denied, outside: denied, toBackend: denied}},
		{"by its labels too", egress(byLabel + port), "", verdicts{node: denied, outside: denied}},
		{"unless CIDRs mean nodes", egress(kubernetes + port), matchNodes, verdicts{node: allowed, "egress dev/client node/w2 6443": denied}},
		{"outside it means the API server", egress(kubernetes+port) + apiServerOutside, "", verdicts{outside: allowed, "egress dev/client 203.0.113.77 443": denied, node: denied}},
		{"another namespace's Service of the name is another", egress(`toServices: [{k8sService: {serviceName: kubernetes, namespace: dev}}]`), "", verdicts{node: denied, outside: denied}},
	})
	assert.Empty(t, load(t, "", egress(kubernetes+port)).issues)

	unknown := &model.Cluster{Nodes: []*model.Node{{Name: "w", InternalIPs: []netip.Addr{netip.MustParseAddr("172.18.0.9")}}}, Namespaces: []*model.Namespace{{Name: "dev"}}}
	unknown.Nodes = append(unknown.Nodes, &model.Node{Name: "made", Made: true, ControlPlane: true, InternalIPs: []netip.Addr{netip.MustParseAddr("172.18.0.8")}})
	pod := &model.Pod{Namespace: "dev", Name: "client", Node: "w", Labels: model.Labels{"app": "client"}}
	unknown.Pods = []*model.Pod{pod}
	unknown.Policies = []*model.Object{{Origin: model.Origin{Kind: "CiliumNetworkPolicy", Namespace: "dev", Name: "client"}, APIVersion: "cilium.io/v2",
		JSON: []byte(`{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"namespace":"dev","name":"client"},"spec":{"endpointSelector":{},"egress":[{"toServices":[{"k8sService":{"serviceName":"kubernetes","namespace":"default"}}],"toPorts":[{"ports":[{"port":"6443"}]}]}]}}`)}}
	index := model.NewIndex(unknown)
	e, issues := engine.New(index, datapath(""))
	assert.Empty(t, issues)
	judge := func(to model.Party, port uint16) model.Step {
		packet := model.Packet{Source: index.PodParty(pod, false), Destination: to, Protocol: model.TCP, Port: port}
		return decisive(e.Judge(engine.Question{Direction: model.Egress, Packet: packet, AskedPort: port}))
	}
	address := index.Party(netip.MustParseAddr("203.0.113.77"))
	assert.Equal(t, undetermined, outcome(judge(address, 6443)), "no file tells where it is")
	assert.Contains(t, judge(address, 6443).Why, "whom toServices in rule egress[0] means cannot be known")
	assert.Equal(t, denied, outcome(judge(address, 443)))
	assert.Equal(t, denied, outcome(judge(index.NodeParty(unknown.Nodes[0], false), 6443)))
}
