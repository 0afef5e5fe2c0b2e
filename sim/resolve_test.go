package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Whatever a destination is called, the same packet gets the same answer.
func TestDestinationsAreWhatTheirAddressesAre(t *testing.T) {
	s := newSim(t, sim.Options{}, "")
	for _, r := range []struct {
		to       string
		frontend model.Frontend
		ip       string
		port     uint16
		backends []string
	}{
		{"dev/svc/api:80", model.FrontendClusterIP, "10.96.0.20", 80, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"dev/svc/api:http", model.FrontendClusterIP, "10.96.0.20", 80, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"dev/svc/api:admin", model.FrontendClusterIP, "10.96.0.20", 9000, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"dev/svc/api:80@clusterip", model.FrontendClusterIP, "10.96.0.20", 80, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"10.96.0.20:80", model.FrontendClusterIP, "10.96.0.20", 80, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"api.dev.svc:80", model.FrontendClusterIP, "10.96.0.20", 80, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"dev/svc/edge", model.FrontendClusterIP, "10.96.0.21", 443, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"dev/svc/direct", model.FrontendHeadless, "", 8080, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"dev/svc/alias", model.FrontendExternalName, "", 443, []string{"world"}},
		{"dev/svc/edge@nodeport=w2", model.FrontendNodePort, "172.18.0.4", 30443, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"dev/svc/edge@NodePort=w1", model.FrontendNodePort, "172.18.0.3", 30443, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"dev/svc/edge@externalip", model.FrontendExternalIP, "198.51.100.20", 443, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"dev/svc/edge@loadbalancer", model.FrontendLoadBalancer, "198.51.100.21", 443, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"node/w2:30443", model.FrontendNodePort, "172.18.0.4", 30443, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"172.18.0.3:30443", model.FrontendNodePort, "172.18.0.3", 30443, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"198.51.100.20:443", model.FrontendExternalIP, "198.51.100.20", 443, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"198.51.100.21:443", model.FrontendLoadBalancer, "198.51.100.21", 443, []string{"dev/pod/api-0", "dev/pod/api-1"}},
		{"node/w2:8090", model.FrontendHostPort, "172.18.0.4", 8090, []string{""}},
		{"node/w1:8090", model.FrontendNone, "172.18.0.3", 8090, []string{"node/w1"}},
		{"node/w2:8090/UDP", model.FrontendNone, "172.18.0.4", 8090, []string{"node/w2"}},
		{"node/w2:30443/UDP", model.FrontendNone, "172.18.0.4", 30443, []string{"node/w2"}},
		{"198.51.100.20:444", model.FrontendExternalIP, "198.51.100.20", 444, []string{""}},
		{"10.244.1.20:8080", model.FrontendNone, "10.244.1.20", 8080, []string{"dev/pod/api-0"}},
		{"dev/api-0:8080", model.FrontendNone, "10.244.1.20", 8080, []string{"dev/pod/api-0"}},
		{"dev/api-0:http", model.FrontendNone, "10.244.1.20", 8080, []string{"dev/pod/api-0"}},
		{"172.18.0.4:22", model.FrontendNone, "172.18.0.4", 22, []string{"node/w2"}},
		{"dev/agent:22", model.FrontendNone, "172.18.0.4", 22, []string{"dev/pod/agent"}},
		{"203.0.113.9:443", model.FrontendNone, "203.0.113.9", 443, []string{"203.0.113.9"}},
		{"world:443", model.FrontendNone, "", 443, []string{"world"}},
	} {
		t.Run(r.to, func(t *testing.T) {
			a := ask(t, s, "dev/client", r.to)
			assert.Equal(t, r.frontend, a.To.Frontend)
			assert.Equal(t, r.ip, a.To.IP)
			assert.Equal(t, r.port, a.To.Port)
			assert.Equal(t, r.to, a.To.Ref)
			backends := []string{}
			for _, p := range a.Paths {
				ref := ""
				if p.Backend != nil {
					ref = p.Backend.Ref
				}
				backends = append(backends, ref)
			}
			assert.Equal(t, r.backends, backends)
		})
	}
}

func TestSourcesAreWhatTheirAddressesAre(t *testing.T) {
	s := newSim(t, sim.Options{}, "")
	for _, r := range []struct{ from, ref, ip, node, label string }{
		{"dev/client", "dev/pod/client", "10.244.1.10", "w1", "k8s:app=client"},
		{"10.244.1.10", "dev/pod/client", "10.244.1.10", "w1", "k8s:app=client"},
		{"node/w2", "node/w2", "172.18.0.4", "w2", "reserved:host"},
		{"172.18.0.4", "node/w2", "172.18.0.4", "w2", "reserved:host"},
		{"dev/agent", "dev/pod/agent", "172.18.0.4", "w2", "reserved:host"},
		{"203.0.113.9", "203.0.113.9", "203.0.113.9", "", "reserved:world"},
		{"world", "world", "", "", "reserved:world"},
	} {
		t.Run(r.from, func(t *testing.T) {
			a := ask(t, s, r.from, "dev/api-0:8080")
			assert.Equal(t, r.from, a.From.Ref)
			assert.Equal(t, r.ip, a.From.IP)
			assert.Equal(t, r.node, a.From.Node)
			assert.Contains(t, a.From.Identity, r.label)
			assert.Zero(t, a.From.Pods)
			assert.Equal(t, r.ref, a.Paths[0].From.Ref)
			assert.Equal(t, 1, a.Paths[0].From.Pods)
			assert.Equal(t, r.ip, a.Paths[0].From.IP)
			assert.Equal(t, r.node, a.Paths[0].From.Node)
		})
	}
}

func TestQuestionsThatCannotBeAskedSayWhatToWrite(t *testing.T) {
	s := newSim(t, sim.Options{}, "")
	for _, r := range []struct{ from, to, port, says string }{
		{"client", "dev/svc/api:80", "", "FROM"},
		{"dev/client", "api", "", "TO"},
		{"dev/client:80", "dev/svc/api:80", "", "a source has no port"},
		{"dev/client@nodeport=w1", "dev/svc/api:80", "", "a source has no frontend"},
		{"dev/client", "fd00::6", "ICMP/13", "ICMP type 13 cannot be sent"},
		{"dev/client", "dev/api-0", "ICMPv6/1", "use ICMP"},
		{"10.96.0.20", "dev/client:80", "", "10.96.0.20 is the ClusterIP of Service dev/api, and Services open no connections"},
		{"dev/svc/api", "dev/client:80", "", "Services open no connections: name a pod or a workload, as in dev/deploy/api"},
		{"example.org", "dev/client:80", "", "as a source, give its IP address, or world"},
		{"dev/cleint", "dev/svc/api:80", "", "did you mean dev/client"},
		{"dev/front", "dev/svc/api:80", "", "no pod named front in namespace dev; there is dev/deploy/front"},
		{"uat/client", "dev/svc/api:80", "", "there is dev/client"},
		{"dev/deploy/api-0", "dev/svc/api:80", "", "no Deployment named api-0 in namespace dev; there is dev/api-0"},
		{"dev/deploy/asleep", "dev/svc/api:80", "", "has no pods: its replicas are 0"},
		{"dev/zzzzzzzzzzzz", "dev/svc/api:80", "", "names nothing that was loaded: `netsim list`"},
		{"node/w3", "dev/svc/api:80", "", "did you mean node/w1 or node/w2?"},
		{"dev/client", "node/w3:80", "", "did you mean node/w1 or node/w2?"},
		{"dev/client", "dev/svc/aip:80", "", "did you mean dev/svc/api"},
		{"dev/client", "uat/svc/edge:443", "", "no Service named edge in namespace uat; there is dev/svc/edge"},
		{"dev/client", "dev/zzzzzzzzzzzz:80", "", "names nothing"},
		{"dev/client", "dev/svc/api", "", "names no port: api has http (80/TCP), admin (9000/TCP)"},
		{"dev/client", "dev/svc/api:web", "", "has no port named web; it has http (80/TCP), admin (9000/TCP)"},
		{"dev/client", "dev/svc/edge:web", "", "it has 443/TCP"},
		{"dev/client", "dev/api-0:web", "", "pod dev/api-0 has no port named web (it has: http)"},
		{"dev/client", "dev/svc/api:http/UDP", "", "port http of Service dev/api is 80/TCP"},
		{"dev/client", "dev/api-0:http/UDP", "", "has no port named http"},
		{"dev/client", "kube-system/svc/kube-dns:dns/TCP", "", "port dns of Service kube-system/kube-dns is 53/UDP"},
		{"dev/client", "dev/svc/api", "http/UDP", "port http of Service dev/api is 80/TCP"},
		{"dev/client", "dev/svc/api:http/SCTP", "", "is 80/TCP"},
		{"dev/client", "10.96.0.20:http", "", "an address has no port names"},
		{"dev/client", "dev/api-0", "", "names no port: add :PORT or -p PORT, or -p ICMP"},
		{"dev/client", "world", "", "names no port"},
		{"dev/client", "example.org", "", "names no port"},
		{"dev/client", "dev/api-0:80@nodeport=w1", "", "only a Service has a frontend"},
		{"dev/client", "dev/svc/edge@gateway", "", "unknown frontend @gateway: use clusterip, nodeport=NODE, externalip or loadbalancer"},
		{"dev/client", "dev/svc/edge@nodeport=w3", "", "did you mean node/w1 or node/w2?"},
		{"dev/client", "dev/svc/edge@nodeport", "", "say on which node, as in @nodeport="},
		{"dev/client", "dev/svc/api:80", "443", "give one of them"},
	} {
		t.Run(r.from+" "+r.to, func(t *testing.T) {
			_, err := s.Query(sim.Query{From: r.from, To: r.to, Port: r.port})
			var refError *sim.RefError
			require.ErrorAs(t, err, &refError)
			assert.Contains(t, err.Error(), r.says)
		})
	}
}

func TestCandidatesAreFew(t *testing.T) {
	many := ""
	for _, ns := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		many += "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: " + ns + ", name: twin}, spec: {nodeName: w1, containers: [{name: c, image: i}]}}\n"
	}
	_, err := newSim(t, sim.Options{}, many).Query(sim.Query{From: "dev/twin", To: "world:80"})
	require.ErrorContains(t, err, "there is a/twin, b/twin, c/twin, d/twin, e/twin and 2 more")
}

func TestThePortMayStandApart(t *testing.T) {
	s := newSim(t, sim.Options{}, "")
	for _, r := range []struct {
		to, flag string
		port     uint16
		protocol model.Protocol
	}{
		{"dev/svc/api", "http", 80, model.TCP},
		{"dev/svc/api", "80", 80, model.TCP},
		{"dev/api-0", "53/UDP", 53, model.UDP},
		{"dev/api-0", "ICMP", 8, model.ICMP},
		{"dev/api-0", "ICMP/13", 13, model.ICMP},
		{"dev/api-0", "ICMPv6", 8, model.ICMP},
		{"fd00::6", "ICMP", 128, model.ICMPv6},
		{"fd00::6", "ICMPv6/1", 1, model.ICMPv6},
		{"world", "ICMP", 8, model.ICMP},
		{"world", "ICMPv6", 128, model.ICMPv6},
		{"kube-system/svc/kube-dns", "dns", 53, model.UDP},
		{"kube-system/svc/kube-dns", "dns/UDP", 53, model.UDP},
		{"dev/svc/api", "http/TCP", 80, model.TCP},
		{"kube-system/svc/kube-dns", "", 53, model.UDP},
	} {
		a, err := s.Query(sim.Query{From: "dev/client", To: r.to, Port: r.flag})
		require.NoError(t, err)
		assert.Equal(t, r.port, a.To.Port, r)
		assert.Equal(t, r.protocol, a.To.Protocol, r)
	}
}
