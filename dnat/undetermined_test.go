package dnat_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// What netsim cannot know it says so, once, and with the reason.
func TestUndeterminedSaysWhy(t *testing.T) {
	fromNode := func(f *fixture) { f.request.Source = model.NewIndex(f.cluster).NodeParty(f.worker, false) }
	frontend := func(kind model.Frontend) func(f *fixture) {
		return func(f *fixture) { f.request.Frontend = kind }
	}
	object := func(kind, json string) func(f *fixture) {
		return func(f *fixture) {
			f.cluster.Others = []*model.Object{{Origin: model.Origin{Kind: kind, Namespace: "dev", Name: "x", File: "x.yaml", Line: 7}, JSON: []byte(json)}}
		}
	}
	rows := []struct {
		claim string
		given func(f *fixture)
		why   string
	}{
		{"a hostPort that nothing publishes", frontend(model.FrontendHostPort), "no pod on worker publishes hostPort 80/TCP"},
		{"an external name of a Service that no file holds", func(f *fixture) {
			f.request.Frontend, f.service.ExternalName = model.FrontendExternalName, "db.dev.svc.cluster.local"
		}, "Service dev/b is a CNAME for db.dev.svc.cluster.local: no Service in these files has that name and an address"},
		{"an external name that may be one of another cluster domain", func(f *fixture) {
			f.request.Frontend, f.service.ExternalName = model.FrontendExternalName, "db.dev.svc.prod.example"
		}, "Service dev/b is a CNAME for db.dev.svc.prod.example: no Service in these files has that name and an address"},
		{"a client outside that asks for loopback", func(f *fixture) {
			f.request.Source = model.Party{Addr: addr("203.0.113.10")}
			f.request.Addr = addr("127.0.0.1")
		}, "127.0.0.1 is every host's own loopback address: nobody outside reaches a node by it"},
		{"a client outside with an address of the other family", func(f *fixture) {
			f.request.Source = model.Party{Addr: addr("2001:db8::1")}
		}, "2001:db8::1 is no address that sends to 10.96.0.20: the two are of different families"},
		{"a client with an address of pods that no pod has", func(f *fixture) {
			f.worker.PodCIDRs = []netip.Prefix{netip.MustParsePrefix("10.244.1.0/24")}
			f.request.Source = model.Party{Addr: addr("10.244.1.99")}
		}, "10.244.1.99 is an address of node worker's pods (10.244.1.0/24), and no pod in these files has it"},
		{"a client with a loopback address", func(f *fixture) { f.request.Source = model.Party{Addr: addr("127.0.0.1")} }, "127.0.0.1 is every host's own loopback address: name the node or the pod that is meant"},
		{"a client with no address of one machine", func(f *fixture) { f.request.Source = model.Party{Addr: addr("224.0.0.1")} }, "224.0.0.1 is no address of one machine"},
		{"a node without an address of the family", func(f *fixture) {
			f.worker.InternalIPs = f.worker.InternalIPs[:1]
			fromNode(f)
			f.request.Addr = addr("fd00:96::20")
		}, "node worker has no IP address of this family in the files"},
		{"a version that decides and that nobody knows", func(f *fixture) {
			f.datapath.CiliumVersion, f.datapath.KubeProxyReplacement = "main", false
			f.request.Frontend = model.FrontendExternalIP
		}, `which Cilium version "main" is decides how a pod reaches a frontend of type externalIP: write it as 1.20 or 1.20.2`},
		{"a pod that is not scheduled", func(f *fixture) { f.a.Node = "" }, "pod dev/a is not scheduled on a node, so netsim does not know its way: give it spec.nodeName"},
		{"a pod on a node that no file holds", func(f *fixture) { f.a.Node = "gone" }, "pod dev/a is on node gone, which no file holds"},
		{"a pod without an address", func(f *fixture) { f.a.IPs = nil }, "pod dev/a has no IP address of this family in the files"},
		{"a pod without an address of the family", func(f *fixture) { f.a.IPs = f.a.IPs[:1]; f.ask("fd00:96::20", 80, model.TCP) }, "pod dev/a has no IP address of this family in the files"},
		{"a pod that has finished", func(f *fixture) { f.a.Finished = true }, "pod dev/a has finished: it has no address any more"},
		{"a pod that nobody names", func(f *fixture) { f.request.Source = model.Party{Kind: model.PartyPod, Addr: addr("10.244.1.5")} }, "netsim does not know which pod is meant"},
		{"a destination that is not scheduled", func(f *fixture) { f.cluster.Pods[1].Node = ""; f.send("10.244.2.7", 80, model.TCP) }, "pod dev/b-0 is not scheduled on a node, so netsim does not know its way: give it spec.nodeName"},
		{"no destination at all", func(f *fixture) {
			f.request.Service, f.request.Frontend, f.request.Addr = nil, model.FrontendNone, netip.Addr{}
		}, "netsim does not know the address"},
		{"a frontend of no Service", func(f *fixture) { f.request.Service = nil }, "netsim does not know which Service has 10.96.0.20"},
		{"a Service without a ClusterIP", func(f *fixture) { f.request.Addr = netip.Addr{} }, "Service dev/b has no ClusterIP"},
		{"a protocol that netsim does not know", func(f *fixture) { f.request.Protocol = "GRE" }, `netsim does not model protocol "GRE": write TCP, UDP, SCTP, ICMP or ICMPv6`},
		{"a backend that is a pod of no file", func(f *fixture) { f.only(endpoint("b-9", "worker2", "10.244.2.99")) }, "backend 10.244.2.99 is pod dev/b-9, which no file holds, so its identity is unknown: add the pod"},
		{"a backend whose pod has another address", func(f *fixture) { f.only(endpoint("b-0", "worker2", "10.244.2.99")) }, "backend 10.244.2.99 is pod dev/b-0 by its slice, but that pod has another address: one of the two files is out of date"},
		{"a headless backend that is a pod of no file", func(f *fixture) {
			f.only(endpoint("b-9", "worker2", "10.244.2.99"))
			f.request.Frontend, f.request.Addr = model.FrontendHeadless, netip.Addr{}
		}, "backend 10.244.2.99 is pod dev/b-9, which no file holds, so its identity is unknown: add the pod"},
		{"a Service that another proxy serves", func(f *fixture) { f.service.Labels = model.Labels{"service.kubernetes.io/service-proxy-name": "other"} }, "label service.kubernetes.io/service-proxy-name of Service dev/b leaves it to a proxy that netsim does not model"},
		{"a ClusterIP under the label of headless Services", func(f *fixture) { f.service.Labels = model.Labels{"service.kubernetes.io/headless": ""} }, "label service.kubernetes.io/headless makes everybody ignore the ClusterIP of Service dev/b"},
		{"a Service that a CiliumEnvoyConfig takes", object("CiliumEnvoyConfig", `{"spec":{"services":[{"name":"b"}]}}`), "CiliumEnvoyConfig dev/x redirects this traffic: netsim does not model where to"},
		{"a Service that a CiliumLocalRedirectPolicy takes from a node", func(f *fixture) {
			object("CiliumLocalRedirectPolicy", `{"spec":{"redirectFrontend":{"serviceMatcher":{"serviceName":"b","namespace":"dev"}}}}`)(f)
			fromNode(f)
		}, "CiliumLocalRedirectPolicy dev/x redirects this traffic: netsim models it for pods, from Cilium 1.18 on"},
		{"a CiliumLocalRedirectPolicy without a backend port", object("CiliumLocalRedirectPolicy", `{"spec":{"redirectFrontend":{"serviceMatcher":{"serviceName":"b","namespace":"dev"}}}}`),
			"CiliumLocalRedirectPolicy dev/x redirects this traffic: it names no backend port"},
	}
	for _, row := range rows {
		for _, datapath := range []model.Datapath{kubeProxy118, socketLB120} {
			t.Run(row.claim, func(t *testing.T) {
				f := newFixture(datapath)
				row.given(f)
				paths := f.resolve()
				require.Len(t, paths, 1)
				assert.Equal(t, model.Undetermined, paths[0].Service.Verdict)
				assert.Equal(t, model.StageService, paths[0].Service.Stage)
				assert.Equal(t, row.why, paths[0].Service.Why)
				assert.NotNil(t, paths[0].Service.By, "lists are never null")
				assert.Nil(t, paths[0].Egress, "what is not known is not judged")
				assert.Nil(t, paths[0].Ingress, "what is not known is not judged")
			})
		}
	}
}

func TestRedirectsThatDoNotApply(t *testing.T) {
	rows := []struct {
		claim, kind, json string
		config            *model.ConfigMap
		option, value     string
	}{
		{claim: "one for another Service", kind: "CiliumEnvoyConfig", json: `{"spec":{"services":[{"name":"other"}]}}`},
		{claim: "one for a Service of another namespace", kind: "CiliumEnvoyConfig", json: `{"spec":{"services":[{"name":"b","namespace":"uat"}]}}`},
		{claim: "one that the loaded cilium-config does not enable", kind: "CiliumEnvoyConfig", json: `{"spec":{"services":[{"name":"b"}]}}`, config: &model.ConfigMap{}},
		{claim: "one that is switched off", kind: "CiliumEnvoyConfig", json: `{"spec":{"services":[{"name":"b"}]}}`, option: "enable-envoy-config", value: "false"},
		{claim: "one that no API server would take", kind: "CiliumEnvoyConfig", json: `{"spec":{"services":"b"}}`},
		{claim: "an object of another kind", kind: "Gateway", json: `{"spec":{"services":[{"name":"b"}]}}`},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(kubeProxy120)
			f.cluster.CiliumConfig = row.config
			f.cluster.Others = []*model.Object{{Origin: model.Origin{Kind: row.kind, Namespace: "dev", Name: "x"}, JSON: []byte(row.json)}}
			if row.option != "" {
				f.set(row.option, row.value)
			}
			assert.Len(t, f.resolve(), 2)
		})
	}
}
