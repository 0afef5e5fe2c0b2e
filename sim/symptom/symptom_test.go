package symptom_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim/symptom"
)

func TestRead(t *testing.T) {
	denied, deny, auth := model.DropPolicyDenied, model.DropPolicyDeny, model.DropAuthRequired
	end := func(ip string, port uint16, identity string) *symptom.End {
		return &symptom.End{IP: ip, Port: port, Identity: identity}
	}
	for _, row := range []struct {
		name, text string
		want       symptom.Sighting
	}{
		{"the monitor's drop at the destination's ingress",
			"xx drop (Policy denied) flow 0x1f to endpoint 123, ifindex 9, file bpf_lxc.c:2409, , identity 111->222: 10.0.0.1:1234 -> 10.0.0.2:8443 tcp SYN",
			symptom.Sighting{Drop: &denied, From: end("10.0.0.1", 1234, "111"), To: end("10.0.0.2", 8443, "222"), Protocol: model.TCP, Direction: "ingress"}},
		{"one at the source's egress names no endpoint, and words for identities",
			"xx drop (Policy denied by denylist) flow 0x1f to endpoint 0, ifindex 9, file bpf_lxc.c:1661, , identity 111->world: 10.0.0.1:1234 -> 9.9.9.9:53 udp",
			symptom.Sighting{Drop: &deny, From: end("10.0.0.1", 1234, "111"), To: end("9.9.9.9", 53, "world"), Protocol: model.UDP, Direction: "egress"}},
		{"an extended error, and IPv6",
			"xx drop (Authentication required, 3) flow 0x0 to endpoint 7, ifindex 1, file auth.h:5, , identity 1->2: [fd00::1]:4000 -> [fd00::2]:80 tcp SYN",
			symptom.Sighting{Drop: &auth, From: end("fd00::1", 4000, "1"), To: end("fd00::2", 80, "2"), Protocol: model.TCP, Direction: "ingress"}},
		{"the monitor's ping of IPv6",
			"xx drop (Policy denied) flow 0x0 to endpoint 7, ifindex 1, file bpf_lxc.c:5, , identity 1->2: fd00::1 -> fd00::2 icmp EchoRequest",
			symptom.Sighting{Drop: &denied, From: end("fd00::1", 0, "1"), To: end("fd00::2", 0, "2"), Protocol: model.ICMPv6, Direction: "ingress"}},
		{"a policy's verdict: nothing matched",
			"Policy verdict log: flow 0x1 local EP ID 5, remote ID 222, proto 6, egress, action deny, auth: disabled, match none, 10.0.0.1:1234 -> 10.0.0.2:80 tcp SYN",
			symptom.Sighting{Drop: &denied, From: end("10.0.0.1", 1234, ""), To: end("10.0.0.2", 80, "222"), Protocol: model.TCP, Direction: "egress"}},
		{"a policy's verdict: a deny rule matched",
			"Policy verdict log: flow 0x1 local EP ID 5, remote ID 111, proto 6, ingress, action deny, auth: disabled, match L3-L4, 10.0.0.1:1234 -> 10.0.0.2:80 tcp SYN",
			symptom.Sighting{Drop: &deny, From: end("10.0.0.1", 1234, "111"), To: end("10.0.0.2", 80, ""), Protocol: model.TCP, Direction: "ingress"}},
		{"Hubble's line of a verdict",
			"Nov 24 12:00:00.123: dev/a:41234 (ID:123) <> uat/b:80 (ID:456) policy-verdict:none EGRESS DENIED (TCP Flags: SYN)",
			symptom.Sighting{Drop: &denied, Direction: "egress", Protocol: model.TCP,
				From: &symptom.End{Namespace: "dev", Pod: "a", Port: 41234, Identity: "123"}, To: &symptom.End{Namespace: "uat", Pod: "b", Port: 80, Identity: "456"}}},
		{"Hubble's line of a drop, with a node and a reserved identity",
			"Nov 24 12:00:00.123 [kind/worker]: 10.1.1.1:41234 (world) <> uat/b:53 (ID:456) Policy denied DROPPED (UDP)",
			symptom.Sighting{Drop: &denied, Protocol: model.UDP,
				From: end("10.1.1.1", 41234, "world"), To: &symptom.End{Namespace: "uat", Pod: "b", Port: 53, Identity: "456"}}},
		{"Hubble's JSON, in its response",
			`{"flow":{"verdict":"DROPPED","drop_reason":133,"IP":{"source":"10.0.0.1","destination":"10.0.0.2"},"l4":{"TCP":{"source_port":4,"destination_port":80}},"source":{"identity":111,"namespace":"dev","pod_name":"a-1","workloads":[{"name":"a","kind":"Deployment"}]},"destination":{"identity":2},"traffic_direction":"EGRESS","drop_reason_desc":"POLICY_DENIED"},"node_name":"n"}`,
			symptom.Sighting{Drop: &denied, Direction: "egress", Protocol: model.TCP,
				From: &symptom.End{IP: "10.0.0.1", Namespace: "dev", Pod: "a-1", Workloads: []string{"a"}, Port: 4, Identity: "111"}, To: end("10.0.0.2", 80, "2")}},
		{"a reply belongs to the connection that it answers",
			`{"verdict":"DROPPED","drop_reason_desc":"POLICY_DENIED","is_reply":true,"IP":{"source":"10.0.0.2","destination":"10.0.0.1"},"l4":{"UDP":{"source_port":53,"destination_port":4}},"source":{"identity":2},"destination":{"identity":1},"traffic_direction":"INGRESS"}`,
			symptom.Sighting{Drop: &denied, Protocol: model.UDP, From: end("10.0.0.1", 4, "1"), To: end("10.0.0.2", 53, "2")}},
		{"of several flows the first that was dropped, by whom nobody knows",
			`{"flow":{"verdict":"FORWARDED"}}` + "\n" + `{"flow":{"verdict":"DROPPED","drop_reason":181,"IP":{"source":"10.0.0.1","destination":"10.0.0.2"}}}`,
			symptom.Sighting{Drop: &deny, From: end("10.0.0.1", 0, ""), To: end("10.0.0.2", 0, "")}},
		{"a name", "POLICY_DENIED", symptom.Sighting{Drop: &denied}},
		{"a number as the datapath prints it", "0x85", symptom.Sighting{Drop: &denied}},
		{"the kubelet's event", `Readiness probe failed: Get "http://10.0.0.1:8081/readyz": dial tcp 10.0.0.1:8081: connect: connection refused`,
			symptom.Sighting{Probe: "readiness", ClientSees: model.SeesRefused}},
		{"a person's words for it", "dataplane readiness probe failing on 8081", symptom.Sighting{Probe: "readiness"}},
		{"a TLS handshake that ends", "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to dev:443", symptom.Sighting{ClientSees: model.SeesReset}},
		{"a gateway's route to nowhere", "HTTP/1.1 500 Internal Server Error", symptom.Sighting{ClientSees: model.SeesHTTP(500)}},
		{"a gateway's 404", "404 Not Found", symptom.Sighting{ClientSees: model.SeesHTTP(404)}},
		{"milliseconds are no status", "curl: (28) Connection timed out after 503 milliseconds", symptom.Sighting{ClientSees: model.SeesTimeout}},
		{"a status of curl -w", "returned error: 502", symptom.Sighting{ClientSees: model.SeesHTTP(502)}},
		{"a name that does not resolve", "curl: (6) Could not resolve host: api.dev", symptom.Sighting{ClientSees: model.SeesDNSTimeout}},
		{"a name in small letters", "auth_required", symptom.Sighting{Drop: &auth}},
		{"a number", "181", symptom.Sighting{Drop: &deny}},
		{"a text", `"Policy denied"`, symptom.Sighting{Drop: &denied}},
		{"a refusal", "dial tcp 10.0.0.1:80: connect: connection refused", symptom.Sighting{ClientSees: model.SeesRefused}},
		{"a timeout", "curl: (28) Connection timed out after 5001 milliseconds", symptom.Sighting{ClientSees: model.SeesTimeout}},
		{"a lookup that times out is another thing", "lookup api.dev on 10.96.0.10:53: read udp: i/o timeout", symptom.Sighting{ClientSees: model.SeesDNSTimeout}},
		{"so is a gateway's", "504 Gateway Time-out", symptom.Sighting{ClientSees: model.SeesHTTP(504)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := symptom.Read(row.text)
			require.NoError(t, err)
			assert.Equal(t, row.want, got)
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                "",
		"half an object":         `{"flow":{"verdict":"DROPPED",`,
		"a code that is no drop": "3",
		"a code below all":       "-133",
		"words":                  "hello",
	} {
		_, err := symptom.Read(text)
		assert.ErrorContains(t, err, "netsim cannot tell what this is", name)
	}
	for name, text := range map[string]string{
		"a flow that was forwarded":   `{"verdict":"FORWARDED","source":{},"destination":{}}`,
		"a verdict that lets through": "Policy verdict log: flow 0x1 local EP ID 5, remote ID 1, proto 6, egress, action allow, auth: disabled, match all, 10.0.0.1:1 -> 10.0.0.2:80 tcp SYN",
	} {
		_, err := symptom.Read(text)
		assert.ErrorContains(t, err, "nothing was dropped here", name)
	}
	_, err := symptom.Read("POLICY_DENIE")
	assert.ErrorContains(t, err, "POLICY_DENIED")
}

// TestEveryDropIsExplained: each reason has words, and no words are of a reason
// that there is none of.
func TestEveryDropIsExplained(t *testing.T) {
	own := 0
	for _, d := range model.DropReasons() {
		e, err := symptom.Explain(d.Text, nil, symptom.Ends{})
		require.NoError(t, err)
		assert.NotEmpty(t, e.Means, d.Name)
		assert.NotEmpty(t, e.Causes, d.Name)
		if e.Where != "" {
			own++
		}
	}
	assert.Equal(t, len(symptom.Drops()), own)
}

func FuzzRead(f *testing.F) {
	f.Add("xx drop (Policy denied) flow 0x1f to endpoint 123, ifindex 9, identity 111->222: 10.0.0.1:1234 -> 10.0.0.2:8443 tcp SYN")
	f.Add(`{"flow":{"verdict":"DROPPED","drop_reason":133}}`)
	f.Add("a: b (ID:1) <> c (ID:2) Policy denied DROPPED (TCP)")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := symptom.Read(text); err == nil {
			assert.True(t, s.Drop != nil || s.ClientSees != "")
		}
	})
}
