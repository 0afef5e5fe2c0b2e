package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// Cilium's own message names no rule: the issue does, at its line, says what is
// wrong in plain words and what to write instead.
func TestRefusalsNameTheRule(t *testing.T) {
	const (
		head = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: bad}
`
		one   = head + "spec:\n  endpointSelector: {matchLabels: {app: server}}\n"
		peers = "make them two rules: one rule has one kind of peers"
		port  = "write a number from 0 to 65535, or a port's name"
	)
	for _, r := range []struct{ claim, text, path, says, remedy string }{
		{"two kinds of peers in the second egress rule", one + `  egress:
  - toEntities: [all]
  - toEndpoints: [{}] # here
    toCIDR: [10.0.0.0/8]
`, "spec.egress[1]", "combining", peers},
		{"of several bad rules the first", one + `  ingress:
  - {}
  - fromEndpoints: [{}] # here
    fromEntities: [all]
  egress:
  - toEndpoints: [{}]
    toCIDR: [10.0.0.0/8]
`, "spec.ingress[1]", "combining", peers},
		{"a port beyond the last", one + `  ingress:
  - toPorts: # here
    - ports: [{port: "70000", protocol: TCP}]
`, "spec.ingress[0]", `"70000" is no number from 0 to 65535`, port},
		{"in a deny rule", one + `  ingressDeny:
  - toPorts: [{ports: [{port: "80"}]}]
  - toPorts: [{ports: [{port: "70000"}]}] # here
`, "spec.ingressDeny[1]", `"70000" is no number`, port},
		{"in an egress deny rule", one + `  egressDeny:
  - toEndpoints: [{}]
  - toEndpoints: [{}] # here
    toCIDR: [10.0.0.0/8]
`, "spec.egressDeny[1]", "combining", peers},
		{"in the second of several specs", head + `specs:
- endpointSelector: {}
  ingress: [{}]
- endpointSelector: {}
  ingress:
  - {}
  - toPorts: [{ports: [{port: "70000", protocol: TCP}]}] # here
`, "specs[1].ingress[1]", `"70000" is no number`, port},
		{"in specs beside a good spec", one + `  ingress: [{}]
specs:
- endpointSelector: {}
  egress:
  - toEndpoints: [{}] # here
    toCIDR: [10.0.0.0/8]
`, "specs[0].egress[0]", "combining", peers},
		{"a whole that says nothing", one + `  ingress: []
`, "", "must have at least one", "add a rule: an empty list alone says nothing"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, "", r.text)
			issue := s.said(model.Error, "CiliumNetworkPolicy dev/bad is refused by Cilium's agent and has no effect: "+r.path, r.says)
			assert.Equal(t, r.remedy, issue.Remedy)
			assert.NotContains(t, issue.Message, "strconv", "that is for programmers")
			assert.NotContains(t, issue.Message, "Invalid Cilium")
			if r.path != "" {
				assert.Equal(t, marked(t, r.text, "here"), issue.Line)
			}
			assert.Len(t, s.issues, 1)
			assert.Empty(t, s.judge(toServer).By, "no part of it is in force")
		})
	}
}

func TestExtendedProtocolsNeedTheirOption(t *testing.T) {
	vrrp := server(`ingress: [{fromEntities: [all], toPorts: [{ports: [{protocol: VRRP}]}]}]`)
	issue := load(t, "enable-extended-ip-protocols=false", vrrp).said(model.Error, "spec.ingress[0]", "no effect")
	assert.Contains(t, issue.Remedy, "enable-extended-ip-protocols")
	assert.Empty(t, load(t, "enable-extended-ip-protocols=true", vrrp).issues)
}

func TestANetworkPolicysMistakesAreNamedByTheirPath(t *testing.T) {
	const text = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: dev, name: bad}
spec:
  podSelector: {}
  ingress:
  - from: [{podSelector: {}}]
    ports:
    - port: 80
    - port: 70000 # port
  egress:
  - {}
  - to:
    - podSelector: {}
    - ipBlock: {cidr: 10.0.0.0/33} # cidr
`
	s := load(t, "", text)
	port := s.said(model.Error, "NetworkPolicy dev/bad is invalid and counts as absent", "spec.ingress[0].ports[1].port: 70000 is not a port")
	assert.Equal(t, marked(t, text, "port"), port.Line)
	assert.Equal(t, "use 1 to 65535", port.Remedy)
	cidr := s.said(model.Error, `spec.egress[1].to[1].ipBlock.cidr: "10.0.0.0/33" is not a CIDR`)
	assert.Equal(t, marked(t, text, "cidr"), cidr.Line)
	assert.NotEmpty(t, cidr.Remedy)
	assert.Equal(t, allowed, outcome(s.judge(toServer)))
}
