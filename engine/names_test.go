package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// generated is a document that leaves its name to the API server.
func generated(document, name string) string {
	return strings.Replace(document, "name: "+name, "generateName: "+name+"-", 1)
}

func TestPoliciesWithoutANameOfTheirOwnAreInForce(t *testing.T) {
	const lock, open = `endpointSelector: {matchLabels: {app: server}}, ingress: [{}]`, `podSelector: {matchLabels: {app: server}}, ingress: [{from: [{podSelector: {matchLabels: {app: `
	from := func(app string) string { return generated(np("lock", open+app+`}}}]}]`), "lock") }
	const fromLocal = "ingress dev/local dev/server 80"
	check(t, []row{
		{"a CiliumNetworkPolicy", generated(cnp("lock", lock), "lock"), "", verdicts{toServer: denied}},
		{"a CiliumClusterwideNetworkPolicy", generated(ccnp("lock", lock), "lock"), "", verdicts{toServer: denied}},
		{"two CiliumNetworkPolicies of one generateName", generated(client(`egress: [{toEntities: [world]}]`), "client") + generated(client(`egress: [{toEndpoints: [{}]}]`), "client"), "",
			verdicts{toWorld: allowed, "egress dev/client dev/server 80": allowed, "egress dev/client uat/client 80": denied}},
		{"a NetworkPolicy", from("client"), "", verdicts{toServer: allowed, fromLocal: denied}},
		{"two NetworkPolicies of one generateName", from("client") + from("local"), "", verdicts{toServer: allowed, fromLocal: allowed, "ingress uat/client dev/server 80": denied}},
	})
	step := load(t, "", from("client"), from("local")).judge("ingress world dev/server 80")
	assert.Equal(t, []string{"lock-x", "lock-x2"}, rulesBy(step), "both isolate, and each has a name")
	s := load(t, "", generated(cnp("lock", lock), "lock"))
	assert.Empty(t, s.issues)
	assert.Equal(t, []string{"lock-x"}, rulesBy(s.judge(toServer)))
}
