package engine_test

import (
	"fmt"
	"testing"
)

// onPorts is a policy of the server that admits everybody on some ports.
func onPorts(ports string) string {
	return server(`ingress: [{toPorts: [{ports: [` + ports + `]}]}]`)
}

func TestPorts(t *testing.T) {
	at := func(port string) string { return "ingress dev/client dev/server " + port }
	check(t, []row{
		{"a port means that port of that protocol", onPorts(`{port: "8080", protocol: TCP}`), "",
			verdicts{at("8080"): allowed, at("8079"): denied, at("8081"): denied, at("8080/UDP"): denied}},
		{"port 0 means every port of the protocol", onPorts(`{port: "0", protocol: UDP}`), "", verdicts{at("1/UDP"): allowed, at("65535/UDP"): allowed, at("1"): denied}},
		{"no protocol means TCP, UDP and SCTP, never ICMP", onPorts(`{port: "80"}`), "",
			verdicts{at("80"): allowed, at("80/UDP"): allowed, at("80/SCTP"): allowed, at("80/ICMP"): denied}},
		{"ANY means the same", onPorts(`{port: "80", protocol: ANY}`), "", verdicts{at("80"): allowed, at("80/UDP"): allowed, at("80/SCTP"): allowed, at("80/ICMP"): denied}},
		{"port 0 of ANY leaves ICMP out", onPorts(`{port: "0", protocol: ANY}`), "", verdicts{at("80/SCTP"): allowed, at("8/ICMP"): denied}},
		{"a range holds both its ends", onPorts(`{port: "8000", endPort: 8080, protocol: TCP}`), "",
			verdicts{at("7999"): denied, at("8000"): allowed, at("8080"): allowed, at("8081"): denied, at("8000/UDP"): denied}},
		{"a range of ANY holds every protocol", onPorts(`{port: "8000", endPort: 8080}`), "", verdicts{at("8040/UDP"): allowed, at("8040/SCTP"): allowed, at("8040/ICMP"): denied}},
		{"SCTP is a protocol of its own", onPorts(`{port: "80", protocol: SCTP}`), "", verdicts{at("80/SCTP"): allowed, at("80"): denied}},
		{"several ports are alternatives", onPorts(`{port: "80", protocol: TCP}, {port: "53", protocol: UDP}`), "", verdicts{at("80"): allowed, at("53/UDP"): allowed, at("53"): denied}},
		{"a rule without ports holds for ICMP too", server(`ingress: [{fromEndpoints: [{}]}]`), "", verdicts{at("8/ICMP"): allowed, at("1/SCTP"): allowed}},
		{"a NetworkPolicy's port is TCP by default", npServer(`ingress: [{ports: [{port: 80}]}]`), "", verdicts{at("80"): allowed, at("80/UDP"): denied}},
		{"a NetworkPolicy's range holds both its ends", npServer(`ingress: [{ports: [{port: 80, endPort: 90, protocol: UDP}]}]`), "", verdicts{at("79/UDP"): denied, at("80/UDP"): allowed, at("90/UDP"): allowed, at("91/UDP"): denied}},
	})
}

func TestICMPRules(t *testing.T) {
	icmps := func(fields string) string { return server(`ingress: [{icmps: [{fields: [` + fields + `]}]}]`) }
	at := func(typ string) string { return "ingress dev/client dev/server " + typ }
	check(t, []row{
		{"a type means that type", icmps(`{type: 8, family: IPv4}`), "", verdicts{at("8/ICMP"): allowed, at("13/ICMP"): denied, at("8"): denied, at("128/ICMPv6"): denied}},
		{"a type may have a name", icmps(`{type: EchoRequest, family: IPv4}`), "", verdicts{at("8/ICMP"): allowed, at("0/ICMP"): denied}},
		{"ICMPv6 has its own types", icmps(`{type: 128, family: IPv6}`), "enable-ipv6=true", verdicts{at("128/ICMPv6"): allowed, at("128/ICMP"): denied}},
		{"type 0 means all types", icmps(`{type: 0, family: IPv4}`), "", verdicts{at("0/ICMP"): allowed, at("8/ICMP"): allowed, at("128/ICMPv6"): denied}},
		{"ICMP can be denied", server(`ingress: [{fromEndpoints: [{}]}], ingressDeny: [{icmps: [{fields: [{type: 8}]}]}]`), "", verdicts{at("8/ICMP"): denyRule, at("13/ICMP"): allowed, at("80"): allowed}},
	})
}

func TestNamedPorts(t *testing.T) {
	const named = `{port: web, protocol: TCP}`
	toNamed := func(port string) string {
		return client(fmt.Sprintf(`egress: [{toEndpoints: [{}], toPorts: [{ports: [%s]}]}]`, port))
	}
	to := func(pod string, port string) string { return "egress dev/client dev/" + pod + " " + port }
	in := func(port string) string { return "ingress dev/client dev/server " + port }
	same, other := podWithPort("twin", "10.244.1.21", 8080), podWithPort("other", "10.244.1.22", 9090)
	check(t, []row{
		{"on ingress a name is the pod's own port", onPorts(named), "", verdicts{in("8080"): allowed, in("80"): denied, in("8080/UDP"): denied}},
		{"a name belongs to a protocol", onPorts(`{port: names, protocol: UDP}`), "", verdicts{in("5353/UDP"): allowed, in("5353"): denied}},
		{"a name under another protocol means nothing", onPorts(`{port: names, protocol: TCP}`), "", verdicts{in("5353"): denied, in("5353/UDP"): denied}},
		{"a name without protocol fits any", onPorts(`{port: names}`), "", verdicts{in("5353/UDP"): allowed, in("5353"): denied}},
		{"a name that the pod lacks means nothing", onPorts(`{port: nowhere, protocol: TCP}`), "", verdicts{in("8080"): denied, in("1"): denied}},
		{"an init container's name is no named port", onPorts(`{port: metrics, protocol: TCP}`), "", verdicts{in("9100"): denied}},
		{"on egress a name is the peer's port", toNamed(named), "", verdicts{to("server", "8080"): allowed, to("server", "80"): denied, to("local", "8080"): denied}},
		{"a NetworkPolicy's name is the pod's own port too", npServer(`ingress: [{ports: [{port: web}]}]`), "", verdicts{in("8080"): allowed, in("80"): denied}},
		{"since 1.20 each peer has its own number", toNamed(named) + other, "version=1.20.0",
			verdicts{to("server", "8080"): allowed, to("other", "9090"): allowed, to("server", "9090"): denied, to("other", "8080"): denied}},
		{"up to 1.19 a name with two numbers means nothing on egress", toNamed(named) + other, "version=1.19.6",
			verdicts{to("server", "8080"): denied, to("other", "9090"): denied}},
		{"up to 1.19 a name with one number means it for every peer", toNamed(named) + same, "version=1.19.6",
			verdicts{to("server", "8080"): allowed, to("twin", "8080"): allowed, to("local", "8080"): allowed, to("local", "80"): denied}},
		{"up to 1.19 ingress goes by the pod's own number all the same", onPorts(named) + other, "version=1.19.6", verdicts{in("8080"): allowed, in("9090"): denied}},
	})
}

// Kubernetes asks for different names within one container only.
func TestOfTwoPortsOfOneNameTheLastCounts(t *testing.T) {
	twins := func(first, second string) string {
		return "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: twin, labels: {app: server}}, spec: {nodeName: w1, containers: [{name: a, image: i, ports: [{name: api, " +
			first + "}]}, {name: b, image: i, ports: [{name: api, " + second + "}]}]}, status: {phase: Running, podIP: 10.244.1.50}}\n"
	}
	const tcp, udp, tcp2 = `containerPort: 7000`, `containerPort: 7001, protocol: UDP`, `containerPort: 7002`
	named := func(protocol string) string { return onPorts(`{port: api` + protocol + `}`) }
	in := func(port string) string { return "ingress dev/client dev/twin " + port }
	out := func(port string) string { return "egress dev/client dev/twin " + port }
	toNamed := client(`egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: api}]}]}]`)
	check(t, []row{
		{"of one protocol", twins(tcp, tcp2) + named(`, protocol: TCP`), "", verdicts{in("7000"): denied, in("7002"): allowed}},
		{"of two protocols the last takes the name from the first", twins(tcp, udp) + named(``), "", verdicts{in("7000"): denied, in("7001/UDP"): allowed, in("7001"): denied}},
		{"so that the first's protocol has none of that name", twins(tcp, udp) + named(`, protocol: TCP`), "", verdicts{in("7000"): denied, in("7001"): denied, in("7001/UDP"): denied}},
		{"the other way round likewise", twins(udp, tcp) + named(``), "", verdicts{in("7001/UDP"): denied, in("7000"): allowed}},
		{"on egress too", twins(tcp, udp) + toNamed, "", verdicts{out("7000"): denied, out("7001/UDP"): allowed}},
		{"and before 1.20", twins(tcp, udp) + toNamed, "version=1.19.6", verdicts{out("7000"): denied, out("7001/UDP"): allowed}},
	})
}
