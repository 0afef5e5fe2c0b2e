package dnat_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// What changes a frontend in a way that netsim does not model is never passed
// over.
func TestWhatIsNotModelledCastsDoubt(t *testing.T) {
	annotate := func(name, value string) func(f *fixture) {
		return func(f *fixture) { f.service.CiliumAnnotations = map[string]string{name: value} }
	}
	rows := []struct {
		claim    string
		datapath model.Datapath
		given    func(f *fixture)
		why      string
	}{
		{"an annotation that leaves the ClusterIP out", kubeProxy120, annotate("type", "LoadBalancer"), "annotation service.cilium.io/type"},
		{"one that leaves it in", kubeProxy120, annotate("type", "ClusterIP"), ""},
		{"one that Cilium ignores, since there is no such type", kubeProxy120, annotate("type", "all"), ""},
		{"one that Cilium does not know yet", version(kubeProxy118, "1.16.19"), annotate("type", "LoadBalancer"), ""},
		{"one that only kube-proxy would have to read", kubeProxy120, func(f *fixture) { annotate("type", "LoadBalancer")(f); f.fromNode("worker") }, ""},
		{"an annotation that chooses nodes", kubeProxy120, annotate("node", "x"), "annotation service.cilium.io/node"},
		{"an annotation that chooses them by labels", kubeProxy120, annotate("node-selector", "x=y"), "annotation service.cilium.io/node-selector"},
		{"an annotation that hands packets to a proxy", kubeProxy120, annotate("proxy-delegation", "delegate-if-local"), "annotation service.cilium.io/proxy-delegation"},
		{"one that does not", kubeProxy120, annotate("proxy-delegation", "none"), ""},
		{"an annotation that chooses DSR, where annotations may", socketLB120, func(f *fixture) { annotate("forwarding-mode", "dsr")(f); f.set("bpf-lb-mode-annotation", "true") }, "annotation service.cilium.io/forwarding-mode"},
		{"where they may not, which is the default", socketLB120, annotate("forwarding-mode", "dsr"), ""},
		{"an annotation that matters to a mesh only does not", kubeProxy120, annotate("affinity", "local"), ""},
		{"kube-proxy reads no option of Cilium's", kubeProxy120, func(f *fixture) {
			f.nodePort("worker2")
			f.set("nodeport-addresses", "10.99.0.0/16")
		}, ""},
		{"bpf masquerading beside kube-proxy, with two traffic policies", kubeProxy120, func(f *fixture) {
			f.frontend(model.FrontendExternalIP, "192.0.2.50")
			f.service.ExternalTrafficLocal = true
			f.set("enable-bpf-masquerade", "true")
		}, "with enable-bpf-masquerade beside kube-proxy"},
		{"an old Cilium with NodePorts of its own", model.Datapath{CiliumVersion: "1.17.14", KubeProxyMode: model.KubeProxyIPTables, RoutingMode: model.RoutingNative}, func(f *fixture) {
			f.nodePort("worker2")
			f.set("enable-node-port", "true")
		}, "enable-node-port gives Cilium this kind of frontend"},
		{"a load balancer address that no file gives, on IPv6", kubeProxy120, func(f *fixture) {
			f.frontend(model.FrontendLoadBalancer, "192.0.2.60")
			f.request.Addr = netip.Addr{}
			f.service.IPFamilies = []string{"IPv6"}
		}, "no file gives Service dev/b its load balancer address"},
		{"later ones do not read it", kubeProxy118, func(f *fixture) {
			f.nodePort("worker2")
			f.set("enable-node-port", "true")
		}, ""},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(row.datapath)
			row.given(f)
			paths := f.resolve()
			if row.why == "" {
				assert.Equal(t, model.Allowed, paths[0].Service.Verdict, paths[0].Service.Why)
				return
			}
			require.Len(t, paths, 1)
			assert.Equal(t, model.Undetermined, paths[0].Service.Verdict)
			assert.Contains(t, paths[0].Service.Why, row.why)
			assert.Nil(t, paths[0].Egress)
		})
	}
}

func TestACNAMEMeansAServiceByItsWholeNameOnly(t *testing.T) {
	const service, outside, unknown = "b-1", "the world", "undetermined"
	for name, want := range map[string]string{
		"b.dev.svc.cluster.local": service, "b.dev.svc.cluster.local.": service,
		"b.dev.svc": unknown, "b.dev.svc.prod.example.com": unknown, "other.dev.svc.cluster.local": unknown, "b": unknown,
		"b.dev.svc.cluster.local.example": unknown, "example.com": outside, "example.com.": outside,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(kubeProxy120)
			alias := &model.Service{Namespace: "dev", Name: "alias", Type: model.ExternalNameService, ExternalName: name}
			f.cluster.Services = append(f.cluster.Services, alias)
			f.ask("10.96.0.20", 80, model.TCP)
			f.request.Service, f.request.Frontend, f.request.Addr = alias, model.FrontendExternalName, netip.Addr{}
			path := f.resolve()[0]
			if want == unknown {
				assert.Equal(t, model.Undetermined, path.Service.Verdict)
				assert.Nil(t, path.Backend)
				return
			}
			assert.Equal(t, want, who(path.Egress.Destination))
			assert.Equal(t, model.Allowed, path.Service.Verdict)
			if want == outside {
				assert.Equal(t, []string{"example.com has an address outside the cluster"}, path.Conditions)
			}
		})
	}
}

// The agent refuses a redirect policy for a Service of another namespace.
func TestARedirectPolicyOfAnotherNamespaceRedirectsNothing(t *testing.T) {
	for namespace, redirects := range map[string]bool{"dev": true, "other": false} {
		t.Run(namespace, func(t *testing.T) {
			f := newFixture(kubeProxy120)
			f.set("enable-local-redirect-policy", "true")
			f.cluster.Policies = []*model.Object{{
				Origin: model.Origin{Kind: "CiliumLocalRedirectPolicy", Namespace: namespace, Name: "r", File: "r.yaml", Line: 1},
				JSON: []byte(`{"spec":{"redirectFrontend":{"serviceMatcher":{"serviceName":"b","namespace":"dev"}},
					"redirectBackend":{"localEndpointSelector":{},"toPorts":[{"port":"9000","protocol":"TCP"}]}}}`),
			}}
			backend := f.resolve()[0].Backend
			require.NotNil(t, backend)
			assert.Equal(t, redirects, backend.Port == 9000)
		})
	}
}

func TestRangesThatTheFilesNameAreTheClusters(t *testing.T) {
	rows := []struct {
		claim, to string
		given     func(f *fixture)
	}{
		{"kind's range of pods", "10.50.200.7", func(f *fixture) {
			f.cluster.Kind = &model.KindConfig{PodSubnets: []netip.Prefix{netip.MustParsePrefix("10.50.0.0/16")}}
		}},
		{"Cilium's pool", "10.0.3.7", func(f *fixture) { f.set("cluster-pool-ipv4-cidr", "10.0.0.0/8") }},
		{"kubeadm's range of ClusterIPs", "10.100.3.7", func(*fixture) {}},
		{"kind's own range of ClusterIPs", "10.77.0.9", func(f *fixture) {
			f.cluster.Kind = &model.KindConfig{ServiceSubnets: []netip.Prefix{netip.MustParsePrefix("10.77.0.0/16")}}
		}},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(kubeProxy120)
			row.given(f)
			f.send(row.to, 80, model.TCP)
			assert.Equal(t, model.Undetermined, f.resolve()[0].Service.Verdict)
		})
	}
}

// A kube-proxy that runs beside what replaces it meets only what Cilium leaves
// alone; a denial by the client's own policy decides all the same.
func TestAKubeProxyThatIsLeftRunning(t *testing.T) {
	for _, row := range []struct {
		claim string
		given func(f *fixture)
		doubt bool
	}{
		{"may translate an external IP", func(f *fixture) {}, true},
		{"may do so where pods have no socket load balancer", func(f *fixture) {
			f.service.ExternalTrafficLocal = true
			f.datapath.SocketLBHostNamespaceOnly = true
		}, true},
		{"may do so for a node", func(f *fixture) { f.fromNode("worker") }, true},
		{"sees no NodePort of a pod's", func(f *fixture) { f.nodePort("worker2") }, false},
		{"sees nothing that enters from outside", func(f *fixture) { f.fromOutside("worker2") }, false},
	} {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(hybrid120)
			f.frontend(model.FrontendExternalIP, "192.0.2.50")
			row.given(f)
			p := f.resolve()[0]
			if !row.doubt {
				assert.Equal(t, model.Allowed, p.Service.Verdict)
				return
			}
			assert.Equal(t, model.Undetermined, p.Service.Verdict)
			assert.Contains(t, p.Service.Why, "kube-proxy, which runs beside it on worker")
			assert.NotNil(t, p.Egress)
		})
	}
}
