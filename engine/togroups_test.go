package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// generatedGroup is the CIDR group that the operator of 1.20 makes of an AWS
// security group.
func generatedGroup(id string, cidrs ...string) string {
	g := api.Groups{AWS: &api.AWSGroup{SecurityGroupsIds: []string{id}}}
	return cidrGroup("auto-cilium-external-group-"+id, fmt.Sprintf("%q: %q, app.kubernetes.io/part-of: cilium", g.LabelKey(), ""), cidrs...)
}

func aws(id string) string { return `{aws: {securityGroupsIds: [` + id + `]}}` }

func TestRulesWithGroupsOfTheCloud(t *testing.T) {
	to := func(groups string) string { return client(`egress: [{toGroups: [` + groups + `]}]`) }
	web := generatedGroup("sg-web", "203.0.113.9/32", "203.0.113.200/32")
	check(t, []row{
		{"the addresses are in a CIDR group that the operator made", to(aws("sg-web")) + web, "", verdicts{inWide: allowed, inNarrow: allowed, inNone: denied, toPod: denied}},
		{"each group has its own", to(aws("sg-web")) + generatedGroup("sg-db", "198.51.100.1/32"), "", verdicts{inNone: undetermined}},
		{"several groups add up", to(aws("sg-web")+", "+aws("sg-db")) + web + generatedGroup("sg-db", "198.51.100.1/32"), "", verdicts{inWide: allowed, inNone: allowed, "egress dev/client 198.51.100.2 443": denied}},
		{"one of them unknown leaves all open", to(aws("sg-web")+", "+aws("sg-db")) + web, "", verdicts{inWide: undetermined, inNone: undetermined}},
		{"denied ones", client(`egress: [{toEntities: [all]}], egressDeny: [{toGroups: [`+aws("sg-web")+`]}]`) + web, "", verdicts{inWide: denyRule, inNone: allowed, toPod: allowed}},
		{"on ingress", server(`ingress: [{fromGroups: [`+aws("sg-web")+`]}]`) + web, "", verdicts{"ingress 203.0.113.9 dev/server 80": allowed, "ingress 198.51.100.1 dev/server 80": denied, toServer: denied}},
		{"without it nothing is known", to(aws("sg-web")), "", verdicts{inWide: undetermined, toPod: denied, toNode: denied}},
		{"not of pods either, where CIDRs mean pods", to(aws("sg-web")), matchPods, verdicts{inWide: undetermined, toPod: undetermined, toNode: denied}},
		{"nor of nodes, where they mean nodes", to(aws("sg-web")), matchNodes, verdicts{toPod: denied, toNode: undetermined}},
		{"up to 1.19 no such group is made", to(aws("sg-web")) + web, "version=1.19.4", verdicts{inWide: undetermined, inNone: undetermined}},
	})
	s := load(t, "", to(aws("sg-web")))
	step := s.judge(inWide)
	assert.Contains(t, step.Why, `whom toGroups {"aws":{"securityGroupsIds":["sg-web"]}} in rule egress[0] means cannot be known`)
	s.said(model.Warning, `egress[0].toGroups: no CiliumCIDRGroup was loaded that holds the addresses of {"aws":{"securityGroupsIds":["sg-web"]}}`)
	assert.Empty(t, load(t, "", to(aws("sg-web")), web).issues)
	assert.Contains(t, load(t, "", client(`egress: [{toEntities: [world]}, {toGroups: [`+aws("sg-web")+`]}]`), web).judge("egress dev/client world 443").Conditions[0], "the cloud's groups that it names")
}

// Up to 1.19 the operator's copy is what agents enforce.
func TestPoliciesWithGroupsAreEnforcedThroughTheirCopy(t *testing.T) {
	parent := client(`egress: [{toGroups: [` + aws("sg-web") + `]}, {toEntities: [cluster]}]`)
	copied := `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  namespace: dev
  name: client-groups-123
  labels: {io.cilium.network.policy.kind: derivative, io.cilium.network.policy.parent.uuid: "123"}
  ownerReferences: [{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, name: client, uid: "123"}]
specs:
- endpointSelector: {matchLabels: {app: client}}
  egress:
  - toCIDRSet: [{cidr: 203.0.113.9/32}]
`
	check(t, []row{
		{"the copy's addresses", parent + copied, "version=1.19.4", verdicts{inWide: allowed, inNarrow: denied, toPod: denied}},
		{"who has an owner and not the label is no copy", parent + strings.Replace(copied, "kind: derivative", "kind: other", 1), "version=1.19.4", verdicts{inNone: undetermined, toPod: allowed}},
		{"without the copy netsim takes it that there is one", parent, "version=1.18.4", verdicts{inWide: undetermined, toPod: allowed}},
		{"since 1.20 the policy itself counts", parent + copied, "", verdicts{inNarrow: undetermined, toPod: allowed}},
	})
	load(t, "version=1.19.4", parent, copied).said(model.Info, "CiliumNetworkPolicy dev/client", "in force through the copy")
	load(t, "version=1.19.4", parent).said(model.Warning, "through a copy that its operator makes", "sg-web")
}
