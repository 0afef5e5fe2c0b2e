package sim

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// String says what a reference was taken for.
func (r reference) String() string {
	what := ""
	switch {
	case r.world:
		what = "world"
	case r.addr.IsValid():
		what = "address " + r.addr.String()
	case r.node != "":
		what = "node " + r.node
	case r.kind != "":
		what = r.kind + " " + r.name.namespace + "/" + r.name.name
	}
	if r.host != "" {
		what += " host " + r.host
	}
	if r.port.given() {
		what += fmt.Sprintf(" port %s%d/%s", r.port.name, r.port.number, r.port.protocol)
	}
	if r.frontend != "" {
		what += " @" + r.frontend + " " + r.frontendArg
	}
	return what
}

func TestReferences(t *testing.T) {
	for _, r := range []struct{ text, portFlag, want string }{
		{"dev/api-0", "", "Pod dev/api-0"},
		{"dev/pod/api-0", "", "Pod dev/api-0"},
		{"dev/po/api-0", "", "Pod dev/api-0"},
		{"dev/PODS/api-0", "", "Pod dev/api-0"},
		{"dev/deploy/front", "", "Deployment dev/front"},
		{"dev/deployment/front", "", "Deployment dev/front"},
		{"dev/sts/db", "", "StatefulSet dev/db"},
		{"dev/ds/agent", "", "DaemonSet dev/agent"},
		{"dev/rs/front", "", "ReplicaSet dev/front"},
		{"dev/rc/front", "", "ReplicationController dev/front"},
		{"dev/job/once", "", "Job dev/once"},
		{"dev/cj/nightly", "", "CronJob dev/nightly"},
		{"dev/svc/api:80", "", "Service dev/api port 80/TCP"},
		{"dev/service/api:http", "", "Service dev/api port http0/TCP"},
		{"dev/svc/api", "", "Service dev/api"},
		{"dev/svc/api:53/UDP", "", "Service dev/api port 53/UDP"},
		{"dev/svc/api:53/udp", "", "Service dev/api port 53/UDP"},
		{"dev/svc/api:36412/SCTP", "", "Service dev/api port 36412/SCTP"},
		{"dev/svc/api", "80", "Service dev/api port 80/TCP"},
		{"dev/svc/api:80", "80", "Service dev/api port 80/TCP"},
		{"dev/svc/api:80@nodeport=w1", "", "Service dev/api port 80/TCP @nodeport w1"},
		{"dev/svc/api:80@externalip", "", "Service dev/api port 80/TCP @externalip "},
		{"api.dev.svc:80", "", "Service dev/api host api.dev.svc port 80/TCP"},
		{"api.dev.svc.cluster.local:80", "", "Service dev/api host api.dev.svc.cluster.local port 80/TCP"},
		{"api.dev.svc.cluster.local.:80", "", "Service dev/api host api.dev.svc.cluster.local port 80/TCP"},
		{"api.dev.pod:80", "", " host api.dev.pod port 80/TCP"},
		{"example.org:443", "", " host example.org port 443/TCP"},
		{"www.example.org", "443", " host www.example.org port 443/TCP"},
		{"world", "", "world"},
		{"world:443", "", "world port 443/TCP"},
		{"node/w1", "", "node w1"},
		{"no/w1:22", "", "node w1 port 22/TCP"},
		{"nodes/w1", "22/UDP", "node w1 port 22/UDP"},
		{"10.96.0.20", "", "address 10.96.0.20"},
		{"localhost:30080", "", "address 127.0.0.1 port 30080/TCP"},
		{"10.96.0.20:80", "", "address 10.96.0.20 port 80/TCP"},
		{"10.96.0.20:1", "", "address 10.96.0.20 port 1/TCP"},
		{"10.96.0.20:65535", "", "address 10.96.0.20 port 65535/TCP"},
		{"fd00::1", "", "address fd00::1"},
		{"fd00::1", "80", "address fd00::1 port 80/TCP"},
		{"[fd00::1]", "", "address fd00::1"},
		{"[fd00::1]:80", "", "address fd00::1 port 80/TCP"},
		{"[fd00::1]:53/UDP", "", "address fd00::1 port 53/UDP"},
		{"::ffff:10.0.0.1", "", "address 10.0.0.1"},
		{"dev/api-0", "ICMP", "Pod dev/api-0 port 8/ICMP"},
		{"dev/api-0", "icmp/13", "Pod dev/api-0 port 13/ICMP"},
		{"dev/api-0", "ICMP/0", "Pod dev/api-0 port 0/ICMP"},
		{"dev/api-0", "ICMP/255", "Pod dev/api-0 port 255/ICMP"},
		{"dev/api-0", "ICMPv6", "Pod dev/api-0 port 128/ICMPv6"},
	} {
		t.Run(r.text+" "+r.portFlag, func(t *testing.T) {
			got, err := parseReference(r.text, r.portFlag)
			require.NoError(t, err)
			assert.Equal(t, r.want, got.String())
			assert.Equal(t, r.text, got.text)
		})
	}
}

func TestReferencesThatCannotBeRead(t *testing.T) {
	for _, r := range []struct{ text, portFlag, says string }{
		{"", "", "is no reference"},
		{"api", "", "a name needs its namespace, as in default/api"},
		{"dev/", "", `"dev/" is no reference`},
		{"/api", "", "is no reference"},
		{"dev//api", "", "is no reference"},
		{"dev/svc/api/80", "", "is no reference"},
		{"dev/configmap/api", "", `does not know the kind "configmap"`},
		{"dev/api:0", "", `port "0" is neither`},
		{"dev/api:65536", "", `port "65536" is neither a number from 1 to 65535 nor a port's name`},
		{"dev/api:-1", "", `port "-1" is neither`},
		{"dev/api:8o", "", `port "8o" is neither`},
		{"dev/api:80/ICMP", "", `protocol "ICMP" is none of TCP, UDP, SCTP`},
		{"dev/api:80/QUIC", "", `protocol "QUIC" is none of`},
		{"dev/api:80/", "", `protocol "" is none of`},
		{"dev/api:/UDP", "", `port "" is neither`},
		{"dev/api:80", "81", "names port 80 and -p says 81: give one of them"},
		{"dev/api", "ICMP/256", `ICMP type "256" is no number from 0 to 255`},
		{"dev/api", "ICMPv6/x", `ICMPv6 type "x"`},
	} {
		t.Run(r.text+" "+r.portFlag, func(t *testing.T) {
			_, err := parseReference(r.text, r.portFlag)
			require.ErrorContains(t, err, r.says)
		})
	}
}
