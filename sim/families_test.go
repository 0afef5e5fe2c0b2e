package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// families adds a node and pods of both families and of IPv6 alone; the
// stage's own have IPv4 alone.
const families = `---
{apiVersion: v1, kind: Node, metadata: {name: dual}, status: {addresses: [{type: InternalIP, address: 172.18.0.5}, {type: InternalIP, address: 'fd00:18::5'}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: six}, status: {addresses: [{type: InternalIP, address: 'fd00:18::6'}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: dual, labels: {app: dual}}, spec: {nodeName: dual, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.5.10, podIPs: [{ip: 10.244.5.10}, {ip: 'fd00:5::10'}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: dual2, labels: {app: dual}}, spec: {nodeName: w2, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.2.30, podIPs: [{ip: 10.244.2.30}, {ip: 'fd00:2::30'}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: six, labels: {app: six}}, spec: {nodeName: six, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 'fd00:6::10'}}
`

func TestICMPGoesByTheDestinationsFamily(t *testing.T) {
	s := newSim(t, sim.Options{}, families)
	for _, r := range []struct {
		claim, to, port string
		ip              string
		typ             uint16
		protocol        model.Protocol
	}{
		{"ping an IPv4 address", "10.244.2.20", "ICMP", "10.244.2.20", 8, model.ICMP},
		{"ping an IPv6 address", "fd00:2::30", "ICMP", "fd00:2::30", 128, model.ICMPv6},
		{"ping one that nobody has", "2001:db8::9", "ICMP", "2001:db8::9", 128, model.ICMPv6},
		{"an IPv4 address in IPv6's clothes", "::ffff:10.244.2.20", "ICMP", "10.244.2.20", 8, model.ICMP},
		{"ping6 an IPv4 address is a ping", "10.244.2.20", "ICMPv6", "10.244.2.20", 8, model.ICMP},
		{"ping a pod of IPv4", "dev/api-0", "ICMP", "10.244.1.20", 8, model.ICMP},
		{"ping6 a pod of IPv4 is a ping", "dev/api-0", "ICMPv6", "10.244.1.20", 8, model.ICMP},
		{"ping a pod of IPv6", "dev/six", "ICMP", "fd00:6::10", 128, model.ICMPv6},
		{"ping a pod of both", "dev/dual2", "ICMP", "10.244.2.30", 8, model.ICMP},
		{"ping6 a pod of both", "dev/dual2", "ICMPv6", "fd00:2::30", 128, model.ICMPv6},
		{"a type of IPv6 to a pod of both", "dev/dual2", "ICMPv6/1", "fd00:2::30", 1, model.ICMPv6},
		{"a type of IPv4 to a pod of both", "dev/dual2", "ICMP/13", "10.244.2.30", 13, model.ICMP},
		{"ping a node of IPv4", "node/w2", "ICMP", "172.18.0.4", 8, model.ICMP},
		{"ping a node of IPv6", "node/six", "ICMP", "fd00:18::6", 128, model.ICMPv6},
		{"ping a node of both", "node/dual", "ICMP", "172.18.0.5", 8, model.ICMP},
		{"ping6 a node of both", "node/dual", "ICMPv6", "fd00:18::5", 128, model.ICMPv6},
		{"a type of IPv6 to a node of both", "node/dual", "ICMPv6/1", "fd00:18::5", 1, model.ICMPv6},
		{"the world has no family: as it was written", "world", "ICMPv6/1", "", 1, model.ICMPv6},
	} {
		t.Run(r.claim, func(t *testing.T) {
			a, err := s.Query(sim.Query{From: "dev/dual", To: r.to, Port: r.port})
			require.NoError(t, err)
			assert.Equal(t, r.ip, a.To.IP)
			assert.Equal(t, r.typ, a.To.Port)
			assert.Equal(t, r.protocol, a.To.Protocol)
			for _, p := range a.Paths {
				for _, step := range p.Steps {
					if step.Sees != nil {
						assert.Equal(t, r.protocol, step.Sees.Protocol)
						assert.Equal(t, r.typ, step.Sees.Port)
					}
				}
			}
		})
	}
}

func TestAnICMPTypeOfTheOtherFamilyCannotBeSent(t *testing.T) {
	s := newSim(t, sim.Options{}, families)
	for _, r := range []struct{ to, port, says string }{
		{"fd00:2::30", "ICMP/8", "ICMP type 8 cannot be sent to an address of the other family: use ICMPv6"},
		{"10.244.2.20", "ICMPv6/128", "ICMPv6 type 128 cannot be sent to an address of the other family: use ICMP"},
		{"dev/six", "ICMP/8", "use ICMPv6"},
		{"dev/api-0", "ICMPv6/128", "use ICMP"},
		{"node/six", "ICMP/8", "use ICMPv6"},
		{"node/w2", "ICMPv6/128", "use ICMP"},
		{"dev/deploy/front", "ICMPv6/128", "use ICMP"},
	} {
		t.Run(r.to+" "+r.port, func(t *testing.T) {
			_, err := s.Query(sim.Query{From: "dev/dual", To: r.to, Port: r.port})
			var refError *sim.RefError
			require.ErrorAs(t, err, &refError)
			assert.Contains(t, err.Error(), r.says)
			assert.Contains(t, err.Error(), r.to, "and says for which destination")
		})
	}
}

// An ICMPv6 rule is what lets a ping to an IPv6 address through.
func TestPolicyJudgesTheICMPOfTheFamily(t *testing.T) {
	echo := func(family, typ string) string {
		return families + policy("dual", `egress: [{icmps: [{fields: [{family: `+family+`, type: `+typ+`}]}]}]`)
	}
	for _, r := range []struct {
		claim, rules, to string
		want             model.Verdict
	}{
		{"ICMPv6 to IPv6", echo("IPv6", "128"), "fd00:2::30", model.Allowed},
		{"ICMPv6 to IPv4", echo("IPv6", "128"), "10.244.2.30", model.Denied},
		{"ICMP to IPv4", echo("IPv4", "8"), "10.244.2.30", model.Allowed},
		{"ICMP to IPv6", echo("IPv4", "8"), "fd00:2::30", model.Denied},
	} {
		t.Run(r.claim, func(t *testing.T) {
			a, err := newSim(t, sim.Options{}, r.rules).Query(sim.Query{From: "dev/dual", To: r.to, Port: "ICMP"})
			require.NoError(t, err)
			assert.Equal(t, r.want, a.Verdict, a.Paths[0].Steps)
		})
	}
}

// Pods that differ in nothing but their families do not go the same way.
func TestPodsOfOtherFamiliesAreGroupsOfTheirOwn(t *testing.T) {
	pod := func(name, ips string) string {
		return "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: " + name + ", labels: {app: mix}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: mix, uid: u, controller: true}]}, " +
			"spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Running, podIPs: [" + ips + "]}}\n"
	}
	mix := "---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: dev, name: mix}, spec: {replicas: 5, selector: {matchLabels: {app: mix}}, template: {metadata: {labels: {app: mix}}, spec: {containers: [{name: c, image: i}]}}}}\n" +
		pod("mix-0", "{ip: 10.244.1.60}") + pod("mix-1", "{ip: 10.244.1.61}, {ip: 'fd00:1::61'}") + pod("mix-2", "{ip: 10.244.1.62}") +
		pod("mix-3", "{ip: 'fd00:1::63'}") + pod("mix-4", "{ip: 10.244.1.64}, {ip: 'fd00:1::64'}")
	s := newSim(t, sim.Options{}, families+mix)
	groups := func(to string) map[string]int {
		out := map[string]int{}
		for _, p := range ask(t, s, "dev/sts/mix", to).Paths {
			out[p.From.Ref+" "+p.Verdict.String()] = p.From.Pods
		}
		return out
	}
	assert.Equal(t, map[string]int{"dev/pod/mix-0 allowed": 2, "dev/pod/mix-1 allowed": 2, "dev/pod/mix-3 undetermined": 1}, groups("10.244.2.30:80"))
	assert.Equal(t, map[string]int{"dev/pod/mix-0 undetermined": 2, "dev/pod/mix-1 allowed": 2, "dev/pod/mix-3 allowed": 1}, groups("[fd00:2::30]:80"))
}
