package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// adminRules and baselineRules are ClusterNetworkPolicies for the server of dev.
func adminRules(rules string) string {
	return clusterNetworkPolicy("admin", "Admin", serverSubject+rules)
}

func baselineRules(rules string) string {
	return clusterNetworkPolicy("baseline", "Baseline", serverSubject+rules)
}

const (
	serverSubject = `subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: server}}}}, `
	fromAnyPod    = `from: [{namespaces: {}}]`
	fromClient    = `from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: client}}}}]`
	on8080        = `protocols: [{tcp: {destinationPort: {number: 8080}}}]`
)

func TestTiers(t *testing.T) {
	const fromLocal = "ingress dev/local dev/server 8080"
	accept := `ingress: [{action: Accept, ` + fromAnyPod + `}]`
	deny := `ingress: [{action: Deny, ` + fromAnyPod + `}]`
	pass := `ingress: [{action: Pass, ` + fromAnyPod + `}]`
	allowAll, denyAll := server(`ingress: [{fromEndpoints: [{}]}]`), server(`ingressDeny: [{fromEntities: [all]}]`)
	isolated := server(`ingress: [{}]`)
	check(t, []row{
		{"an Accept of the Admin tier goes before a deny rule", adminRules(accept) + denyAll, "", verdicts{toServer: allowed}},
		{"a Deny of the Admin tier goes before an allow rule", adminRules(deny) + allowAll, "", verdicts{toServer: denyRule}},
		{"a Deny of the Baseline tier goes behind an allow rule", baselineRules(deny) + allowAll, "", verdicts{toServer: allowed}},
		{"and decides where none allows", baselineRules(deny), "", verdicts{toServer: denyRule, "ingress world dev/server 8080": allowed}},
		{"an Accept of the Baseline tier goes behind a deny rule", baselineRules(accept) + denyAll, "", verdicts{toServer: denyRule}},
		{"an Accept of the Baseline tier opens a pod that a CiliumNetworkPolicy isolates", baselineRules(accept) + isolated, "", verdicts{toServer: allowed}},
		{"and one that a NetworkPolicy isolates", baselineRules(accept) + npServer(``), "", verdicts{toServer: allowed}},
		{"and one without enforcement by default", baselineRules(accept), "enable-policy=always", verdicts{toServer: allowed, otherNode: denied}},
		{"a ClusterNetworkPolicy isolates nobody", adminRules(`ingress: [{action: Accept, ` + fromClient + `}]`), "", verdicts{toServer: allowed, fromLocal: allowed, "ingress world dev/server 8080": allowed}},
		{"a Pass leaves it to the next tier, which denies", adminRules(pass) + denyAll, "", verdicts{toServer: denyRule}},
		{"or allows", adminRules(`ingress: [{action: Pass, `+fromAnyPod+`}, {action: Deny, `+fromAnyPod+`}]`) + allowAll, "", verdicts{toServer: allowed}},
		{"or says nothing, and the Baseline tier decides", adminRules(pass) + baselineRules(deny), "", verdicts{toServer: denyRule}},
		{"or says nothing, as all tiers", adminRules(pass) + baselineRules(pass), "", verdicts{toServer: allowed}},
		{"behind a Pass, default deny comes as a deny rule", adminRules(pass) + isolated, "", verdicts{toServer: denyRule, otherNode: denyRule, ownNode: allowed}},
		{"a Pass for one port leaves the others to their tier", adminRules(`ingress: [{action: Pass, ` + fromAnyPod + `, ` + on8080 + `}, {action: Deny, ` + fromAnyPod + `}]`), "",
			verdicts{toServer: allowed, "ingress dev/client dev/server 81": denyRule}},
		{"the first of a policy's rules decides", adminRules(`ingress: [{action: Accept, ` + fromClient + `}, {action: Deny, ` + fromAnyPod + `}]`), "", verdicts{toServer: allowed, fromLocal: denyRule}},
		{"whatever its action", adminRules(`ingress: [{action: Deny, ` + fromAnyPod + `}, {action: Accept, ` + fromClient + `}]`), "", verdicts{toServer: denyRule}},
		{"the lower priority number goes first", clusterNetworkPolicy("a", "Admin", "priority: 2, "+serverSubject+deny) + clusterNetworkPolicy("b", "Admin", "priority: 1, "+serverSubject+accept), "", verdicts{toServer: allowed}},
		{"whichever stands first", clusterNetworkPolicy("a", "Admin", "priority: 1, "+serverSubject+deny) + clusterNetworkPolicy("b", "Admin", "priority: 2, "+serverSubject+accept), "", verdicts{toServer: denyRule}},
		{"of equal priorities Deny goes first", clusterNetworkPolicy("a", "Admin", serverSubject+accept) + clusterNetworkPolicy("b", "Admin", serverSubject+deny), "", verdicts{toServer: denyRule}},
		{"unless the other's index is lower", clusterNetworkPolicy("a", "Admin", serverSubject+accept) + clusterNetworkPolicy("b", "Admin", serverSubject+`ingress: [{action: Pass, from: [{namespaces: {matchLabels: {no: body}}}]}, {action: Deny, `+fromAnyPod+`}]`), "", verdicts{toServer: allowed}},
		{"an Admin Deny of any pod does not shut the own node out", adminRules(deny) + isolated, "", verdicts{ownNode: allowed, toServer: denyRule}},
		{"policies of the other direction have no say", adminRules(deny), "", verdicts{"egress dev/server dev/client 80": allowed}},
		{"never enforces no tier", adminRules(deny), "enable-policy=never", verdicts{toServer: allowed}},
	})
}

func TestPeersOfClusterNetworkPolicies(t *testing.T) {
	denyFrom := func(peer string) string { return adminRules(`ingress: [{action: Deny, from: [` + peer + `]}]`) }
	denyTo := func(peer string) string {
		return clusterNetworkPolicy("admin", "Admin", `subject: {namespaces: {matchLabels: {team: blue}}}, egress: [{action: Deny, to: [`+peer+`]}]`)
	}
	const (
		foreign = "ingress uat/client dev/server 8080"
		world   = "ingress world dev/server 8080"
		pod     = "egress dev/client dev/server 80"
		node    = "egress dev/client node/w2 80"
		near    = "egress dev/client 203.0.113.9 80"
		far     = "egress dev/client 198.51.100.1 80"
	)
	check(t, []row{
		{"namespaces {} means every pod, and neither nodes nor the world", denyFrom(`{namespaces: {}}`), "", verdicts{toServer: denyRule, foreign: denyRule, otherNode: allowed, world: allowed}},
		{"namespaces go by the namespace's labels", denyFrom(`{namespaces: {matchLabels: {team: red}}}`), "", verdicts{toServer: allowed, foreign: denyRule}},
		{"and by its name", denyFrom(`{namespaces: {matchLabels: {kubernetes.io/metadata.name: uat}}}`), "", verdicts{toServer: allowed, foreign: denyRule}},
		{"expressions are read too", denyFrom(`{namespaces: {matchExpressions: [{key: team, operator: In, values: [red, green]}]}}`), "", verdicts{toServer: allowed, foreign: denyRule}},
		{"pods go by both", denyFrom(`{pods: {namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: client}}}}`), "", verdicts{toServer: allowed, foreign: denyRule}},
		{"pods {} {} means every pod", denyFrom(`{pods: {namespaceSelector: {}, podSelector: {}}}`), "", verdicts{toServer: denyRule, foreign: denyRule, otherNode: allowed, world: allowed}},
		{"pods of a label that Cilium does not keep are nobody", denyFrom(`{pods: {namespaceSelector: {}, podSelector: {matchLabels: {pod-template-hash: abc}}}}`), "", verdicts{toServer: allowed}},
		{"several peers mean each", denyFrom(`{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: local}}}}, {namespaces: {matchLabels: {team: red}}}`), "", verdicts{toServer: allowed, foreign: denyRule, "ingress dev/local dev/server 80": denyRule}},
		{"a subject by namespaces means their pods", denyTo(`{namespaces: {}}`), "", verdicts{pod: denyRule, node: allowed, "egress uat/client dev/server 80": allowed}},
		{"networks mean what is outside", denyTo(`{networks: [203.0.113.0/24, "2001:db8::/32"]}`), "", verdicts{near: denyRule, far: allowed}},
		{"with bits behind the prefix too", denyTo(`{networks: [203.0.113.77/24]}`), "", verdicts{near: denyRule, far: allowed}},
		{"they mean neither pods nor nodes", denyTo(`{networks: [0.0.0.0/0]}`), "", verdicts{near: denyRule, pod: allowed, node: allowed}},
		{"nodes are refused while node labels are off", denyTo(`{nodes: {}}`), "enable-node-selector-labels=false", verdicts{node: allowed, pod: allowed}},
		{"and by their labels where those are on", denyTo(`{nodes: {matchLabels: {role: edge}}}`), "enable-node-selector-labels=true", verdicts{node: allowed, pod: allowed, near: allowed}},
		{"without a cilium-config the rule speaks for its option", denyTo(`{nodes: {matchLabels: {disk: ssd}}}`) + ssdNode, "", verdicts{"egress dev/client node/w3 80": denyRule, node: allowed}},
		{"which every node has that nothing is asked of", denyTo(`{nodes: {}}`), "enable-node-selector-labels=true", verdicts{node: denyRule, pod: allowed, near: allowed}},
		{"a namespace's label that is absent, nodes and the world lack too", denyFrom(`{namespaces: {matchExpressions: [{key: team, operator: DoesNotExist}]}}`), "", verdicts{otherNode: denyRule, world: denyRule}},
		{"and every pod, by the common entry of 1.20", denyFrom(`{namespaces: {matchExpressions: [{key: team, operator: NotIn, values: [red, blue]}]}}`), "", verdicts{toServer: denyRule, foreign: denyRule}},
		{"not where the peer is pods, which names the cluster", denyFrom(`{pods: {namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [red]}]}, podSelector: {}}}`), "", verdicts{toServer: denyRule, foreign: allowed, otherNode: allowed, world: allowed}},
	})
}

func TestPortsOfClusterNetworkPolicies(t *testing.T) {
	deny := func(protocols string) string {
		return adminRules(`ingress: [{action: Deny, ` + fromAnyPod + `, protocols: [` + protocols + `]}]`)
	}
	in := func(port string) string { return "ingress dev/client dev/server " + port }
	check(t, []row{
		{"without protocols, all of them", adminRules(`ingress: [{action: Deny, ` + fromAnyPod + `}]`), "", verdicts{in("1"): denyRule, in("1/UDP"): denyRule, in("8/ICMP"): denyRule}},
		{"a number of one protocol", deny(`{tcp: {destinationPort: {number: 8080}}}`), "", verdicts{in("8080"): denyRule, in("8081"): allowed, in("8080/UDP"): allowed}},
		{"of another", deny(`{udp: {destinationPort: {number: 53}}}`), "", verdicts{in("53/UDP"): denyRule, in("53"): allowed}},
		{"of SCTP", deny(`{sctp: {destinationPort: {number: 7}}}`), "", verdicts{in("7/SCTP"): denyRule, in("7"): allowed}},
		{"a range, ends included", deny(`{tcp: {destinationPort: {range: {start: 80, end: 90}}}}`), "", verdicts{in("79"): allowed, in("80"): denyRule, in("90"): denyRule, in("91"): allowed}},
		{"a name is the pod's own, of whatever protocol", deny(`{destinationNamedPort: web}, {destinationNamedPort: names}`), "", verdicts{in("8080"): denyRule, in("5353/UDP"): denyRule, in("5353"): allowed, in("80"): allowed}},
		{"on egress it is the peer's", clusterNetworkPolicy("admin", "Admin", `subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}], protocols: [{destinationNamedPort: web}]}]`), "",
			verdicts{"egress dev/client dev/server 8080": denyRule, "egress dev/client dev/local 8080": allowed}},
	})
}

// Domain names are addresses that only a cluster's DNS knows.
func TestDomainNamesOfClusterNetworkPolicies(t *testing.T) {
	names := clusterNetworkPolicy("admin", "Admin", `subject: {namespaces: {}}, egress: [{action: Accept, to: [{domainNames: ["*.example.org"]}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]`)
	check(t, []row{
		{"an Accept of names leaves addresses open that a later rule denies", names, "", verdicts{toWorld: undetermined, "egress dev/client dev/server 80": allowed}},
		{"not if it comes after the Deny", clusterNetworkPolicy("admin", "Admin", `subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}, {action: Accept, to: [{domainNames: ["*.example.org"]}]}]`), "", verdicts{toWorld: denyRule}},
		{"nor in a later tier", adminAll(`egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]`) + client(`egress: [{toFQDNs: [{matchName: example.org}]}]`), "", verdicts{toWorld: denyRule}},
		{"an earlier tier can turn a deny rule of a later one", adminAll(`egress: [{action: Accept, to: [{domainNames: [example.org]}]}]`) + client(`egressDeny: [{toEntities: [world]}]`), "", verdicts{toWorld: undetermined}},
		{"an Accept that comes first turns nothing", adminAll(`egress: [{action: Accept, to: [{networks: [0.0.0.0/0]}]}, {action: Accept, to: [{domainNames: [example.org]}]}]`), "", verdicts{toWorld: allowed}},
	})
	s := load(t, "", names)
	assert.Contains(t, s.judge(toWorld).Why, "whether the address has a name that rule egress[0].to[0] means is not known")
	s.said(model.Info, "egress[0].to[0].domainNames is a field of the CRD's experimental channel")
	dns := load(t, "", names, client(`egressDeny: [{toEntities: [all]}]`),
		"---\n{apiVersion: v1, kind: Pod, metadata: {namespace: kube-system, name: dns, labels: {k8s-app: kube-dns}}, spec: {nodeName: w1, containers: [{name: c, image: i, ports: [{name: dns, containerPort: 53, protocol: UDP}]}]}, status: {phase: Running, podIP: 10.244.1.53}}\n").
		judge("egress dev/client kube-system/dns 53/UDP")
	assert.Equal(t, allowed, outcome(dns), "names bring the lookup with them")
	assert.Contains(t, dns.Conditions[0], "DNS **.example.org")
	assert.Equal(t, allowed, outcome(s.named(toWorld, learned("a.b.example.org"))), "an asterisk means names of any depth")
	assert.Equal(t, denyRule, outcome(s.named(toWorld, learned("example.org"))))
}

// The DNS proxy is given one filter for a port: the earliest tier's. Its names are
// all that pods can look up there, whatever a CiliumNetworkPolicy adds.
func TestTheEarliestTierAloneFillsTheDNSProxy(t *testing.T) {
	const server = "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: kube-system, name: dns, labels: {k8s-app: kube-dns}}, spec: {nodeName: w1, containers: [{name: c, image: i, ports: [{name: dns, containerPort: 53, protocol: UDP}]}]}, status: {phase: Running, podIP: 10.244.1.53}}\n"
	own := func(port string) string {
		return client(`egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system}}], toPorts: [{ports: [{port: "` + port + `", protocol: UDP}], rules: {dns: [{matchName: own.example}]}}]}]`)
	}
	admin := adminAll(`egress: [{action: Accept, to: [{domainNames: [admin.example]}]}]`)
	for _, r := range []struct {
		claim, policies string
		want            map[string]model.Verdict
	}{
		{"a CiliumNetworkPolicy alone", own("53"), map[string]model.Verdict{"own.example": model.Allowed, "admin.example": model.Denied}},
		{"behind an Admin rule", own("53") + admin, map[string]model.Verdict{"own.example": model.Denied, "admin.example": model.Allowed}},
		{"two in one tier, by number and by name", own("53") + cnp("b", `endpointSelector: {matchLabels: {app: client}}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system}}], toPorts: [{ports: [{port: dns, protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]`),
			map[string]model.Verdict{"own.example": model.Undetermined}},
	} {
		s := load(t, "", server, r.policies)
		for name, want := range r.want {
			step := s.request("egress dev/client kube-system/dns 53/UDP", engine.Request{DNSName: name})
			assert.Equal(t, want, step.Verdict, "%s: %s: %s", r.claim, name, step.Why)
		}
	}
}

func adminAll(rules string) string {
	return clusterNetworkPolicy("admin", "Admin", `subject: {namespaces: {}}, `+rules)
}

func TestClusterNetworkPoliciesThatAreRefused(t *testing.T) {
	for _, r := range []struct {
		claim, set, rules string
		says              []string
	}{
		{"an API server refuses an action that does not exist", "", `ingress: [{action: Allow, ` + fromAnyPod + `}]`,
			[]string{"ClusterNetworkPolicy admin is invalid and counts as absent", `spec.ingress[0].action: "Allow" is not one of Accept, Deny, Pass`}},
		{"a network that is none", "", `egress: [{action: Deny, to: [{networks: [10.0.0.1]}]}]`,
			[]string{"counts as absent", `spec.egress[0].to[0].networks[0]: "10.0.0.1" is not a CIDR`}},
		{"the agent refuses nodes without their labels", "enable-node-selector-labels=false", `egress: [{action: Deny, to: [{namespaces: {}}]}, {action: Deny, to: [{nodes: {}}]}]`,
			[]string{"ClusterNetworkPolicy admin is refused by Cilium's agent and has no effect: spec.egress[1]: egress.to.nodes is not supported", "set enable-node-selector-labels"}},
		{"and to deny names", "", `egress: [{action: Deny, to: [{domainNames: [a.example]}]}]`,
			[]string{"has no effect: spec.egress[0]", "only supported for egress.action=Accept", "deny the addresses as networks"}},
		{"and names without its proxy", "enable-l7-proxy=false", `egress: [{action: Accept, to: [{domainNames: [a.example]}]}]`,
			[]string{"has no effect: spec.egress[0]", "L7 proxy is disabled", "set enable-l7-proxy"}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set, adminAll(r.rules))
			said := s.said(model.Error, r.says...)
			assert.Positive(t, said.Line)
			assert.Equal(t, allowed, outcome(s.judge(toServer)))
			assert.Empty(t, s.judge(toServer).By)
		})
	}
}

func TestSelectorsThatNobodyChecks(t *testing.T) {
	s := load(t, "", adminRules(`ingress: [{action: Deny, from: [{namespaces: {matchExpressions: [{key: team, operator: Equals, values: [red]}]}}]}]`))
	s.said(model.Warning, "spec.ingress[0].from[0].namespaces.matchExpressions[0].operator", `"Equals"`, "means more than it says", "operators are In and NotIn")
	assert.Equal(t, denyRule, outcome(s.judge(toServer)), "Cilium reads the selector without the expression")
}

func TestTiersAreExplained(t *testing.T) {
	accept, deny, pass := `ingress: [{action: Accept, `+fromAnyPod+`}]`, `ingress: [{action: Deny, `+fromAnyPod+`}]`, `ingress: [{action: Pass, `+fromAnyPod+`}]`
	for _, r := range []struct {
		claim, policies string
		by              []string
		why, hint       string
	}{
		{"an Accept over a deny rule", adminRules(accept) + server(`ingressDeny: [{fromEndpoints: [{}]}]`), []string{"admin ingress[0].from[0]"},
			"an Accept rule of the Admin tier (priority 10) lets pod dev/client in on 8080/TCP; it goes before ingressDeny[0] of CiliumNetworkPolicy dev/server, which would deny it", ""},
		{"a Deny over an allow rule", adminRules(deny) + server(`ingress: [{fromEndpoints: [{}]}]`), []string{"admin ingress[0].from[0]"},
			"a Deny rule of the Admin tier (priority 10) forbids traffic from pod dev/client on 8080/TCP; the Admin tier goes before every NetworkPolicy and CiliumNetworkPolicy; it goes before ingress[0] of CiliumNetworkPolicy dev/server, which would allow it",
			"only a change to ClusterNetworkPolicy admin (ingress[0].from[0]), or an Accept before it in the Admin tier, opens this: no NetworkPolicy or CiliumNetworkPolicy overrides that tier"},
		{"a Deny of the last tier", baselineRules(deny), []string{"baseline ingress[0].from[0]"},
			"a Deny rule of the Baseline tier (priority 10) forbids traffic from pod dev/client on 8080/TCP; no rule of the tiers before it decides",
			"an allow rule for it in a NetworkPolicy or CiliumNetworkPolicy opens this, since those go before the Baseline tier; so does a change to ClusterNetworkPolicy baseline (ingress[0].from[0])"},
		{"a deny rule that has tiers around it", baselineRules(accept) + server(`ingressDeny: [{fromEndpoints: [{}]}]`), []string{"server ingressDeny[0]"},
			"a deny rule forbids traffic from pod dev/client on 8080/TCP; deny beats every allow but those of the Admin tier; it goes before ingress[0].from[0] of ClusterNetworkPolicy baseline, which would allow it",
			"only a change to CiliumNetworkPolicy dev/server (ingressDeny[0]), or an Accept in the Admin tier, opens this: no other allow rule overrides a deny"},
		{"an allow rule behind a Pass", adminRules(pass) + server(`ingress: [{fromEndpoints: [{}]}]`), []string{"admin ingress[0].from[0]", "server ingress[0]"},
			"ingress[0].from[0] of ClusterNetworkPolicy admin passes it on from the Admin tier; a rule lets pod dev/client in on 8080/TCP", ""},
		{"default deny behind a Pass", adminRules(pass) + server(`ingress: [{fromEntities: [world]}]`), []string{"admin ingress[0].from[0]", "server"},
			"ingress[0].from[0] of ClusterNetworkPolicy admin passes it on from the Admin tier; default deny: 1 policy isolates pod dev/server for ingress and no rule lets pod dev/client in on 8080/TCP; since a Pass rule selects it, Cilium reports that as the drop of a deny rule",
			"add an ingress rule for it with fromEndpoints {io.kubernetes.pod.namespace: dev, app: client} on 8080/TCP"},
		{"nothing behind a Pass", adminRules(pass), []string{"admin ingress[0].from[0]"},
			"ingress[0].from[0] of ClusterNetworkPolicy admin passes it on from the Admin tier; the policies that select pod dev/server for ingress do not switch on default deny, and no deny rule matches", ""},
		{"a Pass skips what is left of its tier", adminRules(`ingress: [{action: Pass, `+fromAnyPod+`}, {action: Deny, `+fromAnyPod+`}]`) + server(`ingress: [{fromEndpoints: [{}]}]`), []string{"admin ingress[0].from[0]", "server ingress[0]"},
			"ingress[0].from[0] of ClusterNetworkPolicy admin passes it on from the Admin tier; a rule lets pod dev/client in on 8080/TCP", ""},
		{"that a policy's rules go in their order needs no saying", adminRules(`ingress: [{action: Accept, ` + fromAnyPod + `}, {action: Deny, ` + fromAnyPod + `}]`), []string{"admin ingress[0].from[0]"},
			"an Accept rule of the Admin tier (priority 10) lets pod dev/client in on 8080/TCP", ""},
		{"a Pass that comes too late would decide nothing", adminRules(accept) + clusterNetworkPolicy("late", "Admin", "priority: 20, "+serverSubject+pass), []string{"admin ingress[0].from[0]"},
			"an Accept rule of the Admin tier (priority 10) lets pod dev/client in on 8080/TCP", ""},
		{"several of one rank", adminRules(`ingress: [{action: Accept, from: [{namespaces: {}}, {namespaces: {matchLabels: {team: blue}}}]}]`), []string{"admin ingress[0].from[0]", "admin ingress[0].from[1]"},
			"each of 2 Accept rules of the Admin tier (priority 10) lets pod dev/client in on 8080/TCP", ""},
	} {
		t.Run(r.claim, func(t *testing.T) {
			step := load(t, "", r.policies).judge(toServer)
			assert.Equal(t, r.by, rulesBy(step))
			assert.Equal(t, r.why, step.Why)
			assert.Equal(t, r.hint, step.Hint)
		})
	}
}
