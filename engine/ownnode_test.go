package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestMayRefuseOwnNode: it is asked of every pod with a probe, so it is to rule out
// the common policies. That it rules out none that refuses is in check.
func TestMayRefuseOwnNode(t *testing.T) {
	for _, row := range []struct {
		claim, policies, set string
		want                 bool
	}{
		{"no policy", "", "", false},
		{"an allow rule for others: allow-localhost lets the node in", from(`{matchLabels: {app: client}}`), "", false},
		{"a deny rule for others", server(`ingressDeny: [{fromEndpoints: [{matchLabels: {app: client}}]}]`), "", false},
		{"a deny rule for the node", server(`ingressDeny: [{fromEntities: [host]}]`), "", true},
		{"a deny rule for everybody", server(`ingressDeny: [{fromEntities: [all]}]`), "", true},
		{"authentication of everybody on a port", server(`ingress: [{toPorts: [{ports: [{port: "8080"}]}], authentication: {mode: required}}]`), "", true},
		{"no allow-localhost", "", "allow-localhost=policy", true},
		{"policy is enforced without any", "", "enable-policy=always", true},
	} {
		s := load(t, row.set, row.policies)
		q := s.question(ownNode).Packet
		assert.Equal(t, row.want, s.engine.MayRefuseOwnNode(q.Destination.Pod, q.Source.Node), row.claim)
	}
}
