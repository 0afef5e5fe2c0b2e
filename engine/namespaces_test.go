package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// ghosts are pods in a namespace that no file holds: one with an address of
// its own and one on its node's.
const ghosts = `---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {namespace: ghost, name: pod, labels: {app: server}}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.1.40}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: ghost, name: hostnet, labels: {app: server}}, spec: {nodeName: w1, hostNetwork: true, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 172.18.0.3}}
`

// Selectors by what they read of a pod's namespace.
const (
	byTeam   = `matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": red}`
	notRed   = `matchExpressions: [{key: "k8s:io.cilium.k8s.namespace.labels.team", operator: NotIn, values: [red]}]`
	byNSName = `matchLabels: {"k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": uat}`
	nameTeam = `matchLabels: {"k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": uat, "k8s:io.cilium.k8s.namespace.labels.team": red}`
)

// What the labels of a namespace are cannot be known where no file holds it;
// its name can.
func TestRulesThatReadLabelsOfAnUnknownNamespaceCastDoubtOnItsPeers(t *testing.T) {
	const in, out = "ingress ghost/pod dev/server 8080", "egress dev/client ghost/pod 8080"
	from := func(selector string) string { return server(`ingress: [{fromEndpoints: [{` + selector + `}]}]`) }
	npFrom := func(selector string) string {
		return npServer(`ingress: [{from: [{namespaceSelector: {` + selector + `}}]}]`)
	}
	const red, blue = "ingress uat/client dev/server 8080", "ingress dev/client dev/server 8080"
	check(t, []row{
		{"a label of the namespace", ghosts + from(byTeam), "", verdicts{in: undetermined, red: allowed, blue: denied}},
		{"one that must not be there", ghosts + from(notRed), "", verdicts{in: undetermined, red: denied, blue: allowed}},
		{"the name alone is known", ghosts + from(byNSName), "", verdicts{in: denied, red: allowed, blue: denied}},
		{"the name and a label", ghosts + from(nameTeam), "", verdicts{in: undetermined, red: allowed, blue: denied}},
		{"the pod's own labels are known", ghosts + from(`matchLabels: {app: server, "k8s:io.kubernetes.pod.namespace": ghost}`), "", verdicts{in: allowed, red: denied}},
		{"a rule for another port does not matter", ghosts + server(`ingress: [{fromEndpoints: [{`+byTeam+`}], toPorts: [{ports: [{port: "9"}]}]}]`), "",
			verdicts{in: denied, "ingress ghost/pod dev/server 9": undetermined}},
		{"nor does one for another pod", ghosts + server(`ingress: [{fromEndpoints: [{`+byTeam+`}]}]`), "", verdicts{"ingress ghost/pod dev/local 8080": allowed}},
		{"nor one of the other direction", ghosts + server(`egress: [{toEndpoints: [{`+byTeam+`}]}]`), "", verdicts{in: allowed}},
		{"a hostNetwork pod has no namespace to Cilium", ghosts + from(byTeam), "", verdicts{"ingress ghost/hostnet dev/server 8080": denied}},
		{"an address has none", ghosts + from(byTeam), "", verdicts{"ingress 203.0.113.9 dev/server 8080": denied}},
		{"a deny rule may mean the pod", ghosts + client(`egress: [{toEntities: [all]}], egressDeny: [{toEndpoints: [{`+byTeam+`}]}]`), "",
			verdicts{out: undetermined, "egress dev/client uat/client 80": denyRule, "egress dev/client dev/server 80": allowed}},
		{"a namespaceSelector by label", ghosts + npFrom(`matchLabels: {team: red}`), "", verdicts{in: undetermined, red: allowed, blue: denied}},
		{"a namespaceSelector that excludes a label's value", ghosts + npFrom(`matchExpressions: [{key: team, operator: NotIn, values: [red]}]`), "", verdicts{in: undetermined, red: denied, blue: allowed}},
		{"a namespaceSelector by a missing label", ghosts + npFrom(`matchExpressions: [{key: team, operator: DoesNotExist}]`), "", verdicts{in: undetermined, red: denied, blue: denied}},
		{"a namespaceSelector by name", ghosts + npFrom(`matchLabels: {kubernetes.io/metadata.name: ghost}`), "", verdicts{in: allowed, red: denied}},
		{"a namespaceSelector by another name", ghosts + npFrom(`matchLabels: {kubernetes.io/metadata.name: uat}`), "", verdicts{in: denied, red: allowed}},
		{"a namespaceSelector that means all", ghosts + npFrom(``), "", verdicts{in: allowed, red: allowed}},
	})
}

func TestPoliciesThatChooseTheirPodsByNamespaceLabelsCastDoubtOnPodsOfAnUnknownOne(t *testing.T) {
	const in, out = "ingress dev/client ghost/pod 80", "egress ghost/pod dev/client 80"
	const red, blue = "ingress dev/client uat/client 80", "ingress dev/client dev/server 80"
	choosing := func(selector, rules string) string {
		return ghosts + ccnp("teams", `endpointSelector: {`+selector+`}, `+rules)
	}
	check(t, []row{
		{"a label of the namespace", choosing(byTeam, `ingress: [{}]`), "", verdicts{in: undetermined, out: allowed, red: denied, blue: allowed}},
		{"one that must not be there", choosing(notRed, `ingress: [{}]`), "", verdicts{in: undetermined, red: allowed, blue: denied}},
		{"the name alone is known", choosing(byNSName, `ingress: [{}]`), "", verdicts{in: allowed, red: denied, blue: allowed}},
		{"on egress", choosing(byTeam, `egress: [{}]`), "", verdicts{out: undetermined, in: allowed}},
		{"a rule for another port isolates all the same", choosing(byTeam, `ingress: [{toPorts: [{ports: [{port: "9"}]}]}]`), "", verdicts{in: undetermined, red: denied}},
		{"a deny rule", choosing(byTeam, `ingressDeny: [{fromEntities: [all]}]`), "", verdicts{in: undetermined, red: denyRule}},
		{"a hostNetwork pod is no endpoint", choosing(byTeam, `ingress: [{}]`), "", verdicts{"ingress dev/client ghost/hostnet 80": allowed}},
		{"a policy of another namespace cannot mean it", ghosts + cnp("teams", `endpointSelector: {`+byTeam+`}, ingress: [{}]`), "", verdicts{in: allowed}},
		{"a policy for nodes does not", ghosts + ccnp("teams", `nodeSelector: {`+byTeam+`}, ingress: [{}]`), "", verdicts{in: allowed}},
	})
}

func TestDoubtAboutANamespaceNamesTheRuleAndTheNamespace(t *testing.T) {
	for _, r := range []struct{ claim, policies, packet, by string }{
		{"the peer's", client(`egress: [{toEndpoints: [{}]}, {toEndpoints: [{` + byTeam + `}]}]`), "egress dev/client ghost/pod 80", "client egress[1]"},
		{"the subject's", ccnp("teams", `endpointSelector: {`+byTeam+`}, ingress: [{}]`), "ingress dev/client ghost/pod 80", "teams ingress[0]"},
		{"a NetworkPolicy's", npServer(`ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]`), "ingress ghost/pod dev/server 80", "np ingress[0].from[0]"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			step := load(t, "", ghosts+r.policies).judge(r.packet)
			assert.Equal(t, undetermined, outcome(step))
			assert.Contains(t, rulesBy(step), r.by)
			assert.Contains(t, step.Why, "reads labels of namespace ghost, which no file holds")
			assert.Nil(t, step.DropReason)
			assert.Empty(t, step.Hint, "what is not known denied needs no hint")
		})
	}
}

func TestANamespaceThatAFileHoldsIsJudgedByItsLabels(t *testing.T) {
	rule := ghosts + server(`ingress: [{fromEndpoints: [{`+byTeam+`}]}]`)
	for labels, want := range map[string]string{`team: red`: allowed, `team: blue`: denied, ``: denied} {
		held := fmt.Sprintf("---\n{apiVersion: v1, kind: Namespace, metadata: {name: ghost, labels: {%s}}}\n", labels)
		assert.Equal(t, want, outcome(load(t, "", rule+held).judge("ingress ghost/pod dev/server 8080")), labels)
	}
}
