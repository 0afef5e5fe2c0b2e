package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// Whom rules with an authentication mode mean, as "SOURCE DESTINATION PORT".
func TestPairsThatMustAuthenticate(t *testing.T) {
	const (
		required  = `, authentication: {mode: required}`
		app       = `fromEndpoints: [{matchLabels: {app: client}}]`
		on8080    = `, toPorts: [{ports: [{port: "8080", protocol: TCP}]}]`
		finished  = "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: over, labels: {app: client}}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Succeeded, podIP: 10.244.1.77}}\n"
		fromUnion = `fromEndpoints: [{matchLabels: {app: client}}, {matchLabels: {tier: front}}]`
	)
	for _, r := range []struct {
		claim, policies, set string
		want                 []string
	}{
		{"each peer on the rule's port", server(`ingress: [{` + app + required + on8080 + `}]`), "", []string{"dev/client dev/server 8080/TCP"}},
		{"once, however many selectors and rules mean it", server(`ingress: [{` + fromUnion + required + on8080 + `}]`), "", []string{"dev/client dev/server 8080/TCP"}},
		{"without ports those that the destination declares", server(`ingress: [{` + app + required + `}]`), "", []string{"dev/client dev/server 9100/TCP", "dev/client dev/server 8080/TCP", "dev/client dev/server 5353/UDP"}},
		{"or none in particular", client(`egress: [{toEndpoints: [{matchLabels: {app: local}}]` + required + `}]`), "", []string{"dev/client dev/local 0/TCP"}},
		{"a port by name is the destination's", server(`ingress: [{` + app + required + `, toPorts: [{ports: [{port: names, protocol: UDP}]}]}]`), "", []string{"dev/client dev/server 5353/UDP"}},
		{"one that it does not have means nothing", server(`ingress: [{` + app + required + `, toPorts: [{ports: [{port: nowhere, protocol: TCP}]}]}]`), "", nil},
		{"nodes and the world are peers too", server(`ingress: [{fromEntities: [host, remote-node, world]` + required + on8080 + `}]`), "", []string{"node/w2 dev/server 8080/TCP", "node/cp dev/server 8080/TCP", "world dev/server 8080/TCP"}},
		{"so are the addresses that a rule names", client(`egress: [{toCIDR: [203.0.113.9/32]` + required + `, toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]`), "", []string{"dev/client 203.0.113.9 443/TCP"}},
		{"a pod that has finished is none", server(`ingress: [{`+app+required+on8080+`}]`) + finished, "", []string{"dev/client dev/server 8080/TCP"}},
		{"pods of different labels stand for themselves", server(`ingress: [{fromEntities: [cluster]`+required+on8080+`}]`) + finished, "", []string{"dev/client dev/server 8080/TCP", "dev/local dev/server 8080/TCP", "uat/client dev/server 8080/TCP", "node/w2 dev/server 8080/TCP", "node/cp dev/server 8080/TCP"}},
		{"a rule without a mode demands nothing", server(`ingress: [{` + app + on8080 + `}]`), "", nil},
		{"nor does one that says disabled", server(`ingress: [{` + app + on8080 + `, authentication: {mode: disabled}}]`), "", nil},
		{"rules for nodes are not asked about", ccnp("nodes", `nodeSelector: {}, ingress: [{fromEntities: [all]`+required+`}]`), "enable-host-firewall=true", nil},
	} {
		t.Run(r.claim, func(t *testing.T) {
			var got []string
			for _, p := range load(t, r.set, r.policies).engine.AuthPairs() {
				got = append(got, fmt.Sprintf("%s %s %d/%s", partyName(p.Source), partyName(p.Destination), p.Port, p.Protocol))
			}
			assert.ElementsMatch(t, r.want, got)
		})
	}
}

// partyName is a party as scene.party reads it.
func partyName(p model.Party) string {
	switch {
	case p.Kind == model.PartyNode:
		return "node/" + p.Node.Name
	case p.Pod != nil:
		return p.Pod.Namespace + "/" + p.Pod.Name
	case p.Addr.IsValid():
		return p.Addr.String()
	default:
		return "world"
	}
}
