package dnat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// Nodes and the outside, asking for addresses that are no frontend.
func TestDirectFromNodesAndOutside(t *testing.T) {
	via := func(name string) func(f *fixture) {
		return func(f *fixture) { f.send("10.244.2.7", 8080, model.TCP); f.fromOutside(name) }
	}
	runFrontends(t, []frontendRow{
		{"a node is the host to its own pods", kubeProxy120, func(f *fixture) { f.send("10.244.1.8", 8080, model.TCP); f.fromNode("worker") },
			lines{"no service step, to b-1:8080, egress sees b-1:8080, ingress sees worker"}},
		{"a node is itself to pods of others", routing(kubeProxy120), func(f *fixture) { f.send("10.244.2.7", 8080, model.TCP); f.fromNode("worker") },
			lines{"no service step, to b-0:8080, egress sees b-0:8080, ingress sees worker"}},
		{"a pod is masqueraded on its way to another node through a tunnel", routing(kubeProxy120), func(f *fixture) { f.send("192.168.50.12", 22, model.TCP) },
			lines{"no service step, to worker2:22, egress sees worker2:22, ingress sees worker, masqueraded as 192.168.50.11"}},
		{"but not where the host firewall wants to know it", routing(kubeProxy120), func(f *fixture) {
			f.send("192.168.50.12", 22, model.TCP)
			f.set("enable-host-firewall", "true")
		}, lines{"no service step, to worker2:22, egress sees worker2:22, ingress sees a"}},
		{"a hostNetwork pod is its node", kubeProxy120, func(f *fixture) { f.send("10.244.2.7", 8080, model.TCP); f.a.HostNetwork = true },
			lines{"no service step, to b-0:8080, egress sees b-0:8080, ingress sees worker"}},
		{"a node that sends to itself meets nobody", kubeProxy120, func(f *fixture) { f.send("192.168.50.11", 22, model.TCP); f.fromNode("worker") },
			lines{"no service step, to worker:22, policy skipped"}},
		{"a node's SCTP to a pod is dropped at the pod", kubeProxy120, func(f *fixture) { f.send("10.244.2.7", 8080, model.SCTP); f.fromNode("worker") },
			lines{"denied by none, on worker2, to b-0:8080, drop 137, client sees timeout"}},
		{"a node's SCTP to a node is none of Cilium's business", kubeProxy120, func(f *fixture) { f.send("192.168.50.12", 8080, model.SCTP); f.fromNode("worker") },
			lines{"no service step, to worker2:8080, egress sees worker2:8080, ingress sees worker"}},
		{"the outside keeps its address on the way to a pod", kubeProxy120, via(""), lines{"no service step, to b-0:8080, ingress sees address 203.0.113.10"}},
		{"the outside keeps its address through another node with native routing", kubeProxy120, via("worker"), lines{"no service step, to b-0:8080, ingress sees address 203.0.113.10"}},
		{"what a tunnel leaves of it is not known", routing(kubeProxy120), via("worker"), lines{"undetermined by none"}},
		{"the outside reaches a node", kubeProxy120, func(f *fixture) { f.send("192.168.50.12", 22, model.TCP); f.fromOutside("") },
			lines{"no service step, to worker2:22, ingress sees address 203.0.113.10"}},
		{"the world as such keeps no address", kubeProxy120, func(f *fixture) {
			f.send("10.244.2.7", 8080, model.TCP)
			f.request.Source = model.Party{Kind: model.PartyWorld}
		}, lines{"no service step, to b-0:8080, ingress sees the world"}},
		{"a headless Service leads a node to the pods", kubeProxy120, func(f *fixture) {
			f.only(b0)
			f.fromNode("worker")
			f.request.Frontend, f.request.Addr = model.FrontendHeadless, b0.Addr
		}, lines{"allowed by none, to b-0:80, egress sees b-0:80, ingress sees worker"}},
	})
}

// Where the source address is one that no file holds it is left open.
func TestSourceSeenByTheBackend(t *testing.T) {
	for _, row := range []struct {
		claim, backend string
		datapath       model.Datapath
		want           string
		// policy is the address by which policy at the other end knows the node.
		policy string
	}{
		{"the node's Cilium interface, on its own node", "10.244.1.8", kubeProxy120, "invalid IP", "192.168.50.11"},
		{"the node, with native routing", "10.244.2.7", kubeProxy120, "192.168.50.11", "192.168.50.11"},
		{"the node's Cilium interface, through a tunnel", "10.244.2.7", routing(kubeProxy120), "invalid IP", "invalid IP"},
		{"the node, for what is no pod", "203.0.113.10", routing(kubeProxy120), "192.168.50.11", ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(row.datapath)
			f.send(row.backend, 8080, model.TCP)
			f.fromNode("worker")
			path := f.resolve()[0]
			assert.Equal(t, row.want, path.Translation.SourceSeen.String())
			if row.policy == "" {
				assert.Nil(t, path.Ingress)
				return
			}
			assert.Equal(t, row.policy, path.Ingress.Source.Addr.String())
		})
	}
}

func TestExternalName(t *testing.T) {
	f := newFixture(kubeProxy120)
	f.only(b0)
	alias := &model.Service{Origin: model.Origin{Kind: "Service", Namespace: "dev", Name: "alias"}, Namespace: "dev", Name: "alias", Type: model.ExternalNameService, ExternalName: "b.dev.svc.cluster.local."}
	f.request.Service, f.request.Port, f.request.Frontend = alias, nil, model.FrontendExternalName
	paths := f.resolve()
	assert.Equal(t, bpf, lines(summary(paths)))
	assert.Contains(t, paths[0].Service.Why, "Service dev/alias is a CNAME for Service dev/b: ")
	assert.Contains(t, paths[0].Service.By, alias.Origin)
}
