package manifest

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// firewall is a CloudFirewall whose spec begins on line 5.
func firewall(name, spec string) string {
	return "apiVersion: netsim.dev/v1alpha1\nkind: CloudFirewall\nmetadata: {name: " + name + "}\nspec:\n" + spec + "---\n"
}

func TestCloudFirewallsAreRead(t *testing.T) {
	c := loadClean(t, firewall("workers", `  nodeSelector: {matchLabels: {role: worker}}
  ingress:
  - from: [10.0.0.1/16, nodes, pods, self, firewall/masters]
    ports: [{port: 443}, {port: 30000, endPort: 32767, protocol: UDP}, {protocol: ICMP}]
  - from: ["::/0"]
    action: deny
`)+firewall("masters", "  appliesTo: pods\n  podSelector: {matchLabels: {app: api}}\n  namespaces: [shop]\n  ingress: []\n  egress:\n  - {}\n")+
		firewall("acl", "  appliesTo: subnets\n  subnets: [10.0.1.0/24]\n  stateful: false\n  egress: [{to: [0.0.0.0/0]}]\n"))
	require.Len(t, c.CloudFirewalls, 3)
	workers := *c.CloudFirewalls[0]
	assert.Equal(t, model.CloudFirewall{
		Origin: model.Origin{File: "in.yaml", Line: 1, Kind: "CloudFirewall", Name: "workers"}, AppliesTo: model.GuardsNodes, Selector: model.Labels{"role": "worker"},
		Ingress: []model.CloudRule{
			{
				Peers: []model.CloudPeer{{CIDR: netip.MustParsePrefix("10.0.0.0/16")}, {Nodes: true}, {Pods: true}, {Firewall: "workers"}, {Firewall: "masters"}},
				Ports: []model.CloudPorts{{Protocol: model.TCP, First: 443, Last: 443}, {Protocol: model.UDP, First: 30000, Last: 32767}, {Protocol: model.ICMP}},
				Line:  7,
			},
			{Peers: []model.CloudPeer{{CIDR: netip.MustParsePrefix("::/0")}}, Deny: true, Line: 9},
		},
	}, workers)
	masters := *c.CloudFirewalls[1]
	assert.Equal(t, []string{"shop"}, masters.Namespaces)
	assert.NotNil(t, masters.Ingress, "an empty list is a statement: nothing enters")
	assert.Len(t, masters.Egress, 1)
	acl := *c.CloudFirewalls[2]
	assert.True(t, acl.Stateless)
	assert.Nil(t, acl.Ingress, "no list is none")
	assert.Equal(t, "10.0.1.0/24", texts(acl.Subnets))
	assert.Len(t, c.Others, 3, "the documents are still listed")
}

func TestWhatIsWrongWithACloudFirewallMakesItUnreadable(t *testing.T) {
	for _, r := range []struct {
		claim, spec string
		line        int
		says, do    string
	}{
		{"a misspelt direction", "  ingres: []\n  egress: []\n", 5, "spec.ingres: the field is not known", "did you mean ingress?"},
		{"a misspelt field of a rule", "  ingress:\n  - form: [10.0.0.0/8]\n", 6, "spec.ingress[0].form: the field is not known", "did you mean from?"},
		{"a bad CIDR", "  ingress:\n  - from: [10.0.0.0/33]\n", 6, `spec.ingress[0].from[0]: "10.0.0.0/33" is no CIDR`, "write one like 10.0.0.0/16"},
		{"an address", "  ingress:\n  - from: [10.0.0.1]\n", 6, `"10.0.0.1" is no CIDR`, "write one like"},
		{"the world", "  ingress: [{from: [world]}]\n", 5, `"world" is no peer`, "write 0.0.0.0/0"},
		{"a port beyond all", "  egress:\n  - ports: [{port: 70000}]\n", 6, "70000 to 70000 is no range of ports", "1 to 65535"},
		{"a range upside down", "  egress: [{ports: [{port: 90, endPort: 80}]}]\n", 5, "endPort 80 is below port 90", "the lower one"},
		{"an end without a beginning", "  egress: [{ports: [{endPort: 80}]}]\n", 5, "0 to 80 is no range of ports", ""},
		{"a port that says nothing", "  egress: [{ports: [{}]}]\n", 5, "names neither a port nor a protocol", "port: 443"},
		{"a port of ICMP", "  egress: [{ports: [{protocol: ICMP, port: 8}]}]\n", 5, "ICMP has no ports", "remove"},
		{"a protocol in small letters", "  egress: [{ports: [{protocol: tcp}]}]\n", 5, `"tcp" is no protocol`, "write TCP"},
		{"a port as text", "  egress: [{ports: [{port: https}]}]\n", 5, "must be a whole number", ""},
		{"an empty list of peers", "  ingress: [{from: []}]\n", 5, "has an empty list", "leave from out for anybody"},
		{"a rule that is a dash alone", "  ingress:\n  -\n", 6, "spec.ingress[0]: is empty", "write {} for anybody"},
		{"an unknown action", "  ingress: [{action: drop}]\n", 5, `"drop" is not known`, "write allow or deny"},
		{"an unknown place", "  appliesTo: node\n  ingress: []\n", 5, `"node" is not known`, "nodes or pods or subnets"},
		{"a selector of something else", "  podSelector: {matchLabels: {a: b}}\n  ingress: []\n", 5, "does not go with appliesTo: nodes", "write appliesTo: pods"},
		{"more than labels in a selector", "  nodeSelector: {matchExpressions: []}\n  ingress: []\n", 5, "the field is not known", ""},
		{"subnets without ranges", "  appliesTo: subnets\n  ingress: []\n", 4, "spec.subnets: is missing", "list"},
		{"no direction", "  stateful: true\n", 4, "states neither ingress nor egress", "[] is nothing"},
		{"a firewall that nobody loaded", "  ingress:\n  - from: [firewall/masters]\n", 6, "no CloudFirewall named masters was loaded", "pass its document too"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			c, issues := load(firewall("a", r.spec))
			require.Len(t, c.CloudFirewalls, 1)
			assert.True(t, c.CloudFirewalls[0].Unreadable)
			require.Len(t, grave(issues), 1)
			assert.Equal(t, model.Error, issues[0].Severity)
			assert.Equal(t, r.line, issues[0].Line)
			assert.Contains(t, issues[0].Message, "CloudFirewall a: ")
			assert.Contains(t, issues[0].Message, r.says)
			assert.Contains(t, issues[0].Message, "what this firewall lets through is not known")
			assert.Contains(t, issues[0].Remedy, r.do)
		})
	}
}

func TestACloudFirewallOfAnotherVersionOrNameIsRefused(t *testing.T) {
	for text, do := range map[string]string{
		"apiVersion: netsim.dev/v1\nkind: CloudFirewall\nmetadata: {name: a}\nspec: {ingress: []}\n":      "write apiVersion: netsim.dev/v1alpha1",
		"apiVersion: netsim.dev/v1alpha1\nkind: CloudFirewal\nmetadata: {name: a}\nspec: {ingress: []}\n": "did you mean CloudFirewall?",
	} {
		c, issues := load(text)
		assert.Empty(t, c.CloudFirewalls)
		require.Len(t, grave(issues), 1)
		assert.Contains(t, grave(issues)[0], do)
	}
}
