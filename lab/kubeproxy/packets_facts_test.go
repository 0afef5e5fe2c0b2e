package kubeproxy_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/netsim-dev/netsim/model"
)

// fact is one answer of the kernel, in words and as it was met: what the
// comparison with dnat would miss is that both are wrong.
type fact struct {
	claim string
	// from asks for to: SERVICE@FRONTEND, where a NodePort names its node or
	// address: "spread@nodeport=n2".
	from, to string
	iptables string
	// nftables is what differs in that mode, "" where nothing does.
	nftables string
}

var facts = []fact{
	{"a ClusterIP leads a pod to every backend, which sees the pod", "a", "spread@clusterip", "b1 sees 10.244.1.2; b2 sees 10.244.1.2", ""},
	{"a node is masqueraded: as the pods' gateway to pods of its own", "n1", "spread@clusterip", "b1 sees 10.244.1.1; b2 sees 192.168.50.11", ""},
	{"a host outside reaches a ClusterIP that it routes to a node, and is masqueraded there", "outside-n2", "spread@clusterip", "b1 sees 192.168.50.12; b2 sees 10.244.2.1", ""},
	{"externalTrafficPolicy Cluster masquerades even a pod", "a", "spread@loadbalancer", "b1 sees 10.244.1.1; b2 sees 192.168.50.11", ""},
	{"another node's NodePort is translated there", "a", "spread@nodeport=n2", "b1 sees 192.168.50.12; b2 sees 10.244.2.1", ""},
	{"NodePorts are on all addresses of a node, or on the primary ones only", "a", "spread@nodeport=192.168.60.12", "b1 sees 192.168.50.12; b2 sees 10.244.2.1", "refused"},
	{"NodePorts are on a node's localhost in one mode only", "n1", "spread@nodeport=127.0.0.1", "b1 sees 10.244.1.1; b2 sees 192.168.50.11", "refused"},
	{"the pods' gateway is an address of the node too", "a", "spread@nodeport=10.244.1.1", "b1 sees 10.244.1.1; b2 sees 192.168.50.11", "refused"},
	{"a pod that is its own Service's backend is masqueraded to itself", "a", "self@clusterip", "a sees 10.244.1.1", ""},

	{"externalTrafficPolicy Local shows the backend its client", "outside-n2", "external-local@loadbalancer", "b2 sees 203.0.113.11", ""},
	{"it drops what enters by a node without a backend", "outside-n3", "external-local@loadbalancer", "timeout", ""},
	{"it gives a pod of the cluster every backend, and shows them the pod", "a", "external-local@loadbalancer", "b1 sees 10.244.1.2; b2 sees 10.244.1.2", ""},
	{"it gives a node every backend, and masquerades it", "n3", "external-n2@loadbalancer", "b2 sees 192.168.50.13", ""},
	{"another node takes a pod for its own: a backend that is elsewhere answers past it, in vain", "a", "external-local@nodeport=n2", "b2 sees 10.244.1.2; timeout", ""},
	{"so no backend can be reached by a node that has none", "a", "external-n2@nodeport=n3", "timeout", ""},
	{"a pod that comes back to itself by another node is masqueraded there in one mode only", "a", "external-self@nodeport=n2", "a sees 192.168.50.12", "timeout"},
	{"internalTrafficPolicy Local drops what a node without a backend sends", "n1", "internal-n2@clusterip", "timeout", ""},
	{"it does not bear on other frontends", "n1", "internal-n2@loadbalancer", "b2 sees 192.168.50.11", ""},

	{"a Service without endpoints refuses", "a", "empty@clusterip", "refused", ""},
	{"it refuses on NodePorts, whatever the policy", "outside-n1", "empty-external-local@nodeport=n1", "refused", ""},
	{"it refuses a node on the address of a load balancer in one mode only: in the other the packet leaves the node", "n1", "empty@loadbalancer", "timeout", "refused"},
	{"terminating endpoints serve while there is no other", "a", "draining@clusterip", "b1 sees 10.244.1.2; b2 sees 10.244.1.2", ""},
	{"not beside a ready one", "a", "half-draining@clusterip", "b2 sees 10.244.1.2", ""},
	{"but on their own node, with policy Local", "outside-n1", "external-draining@loadbalancer", "b1 sees 203.0.113.10", ""},
	{"an undefined port of a ClusterIP is refused in one mode and lost in the other", "a", "spread@undefined", "timeout", "refused"},

	{"source ranges let in whom they name", "outside-n1", "for-outside@loadbalancer", "b1 sees 10.244.1.1; b2 sees 192.168.50.11", ""},
	{"and nobody else: not another host outside", "outside-n2", "for-outside@loadbalancer", "timeout", ""},
	{"not a pod", "a", "for-outside@loadbalancer", "timeout", ""},
	{"not a node", "n1", "for-outside@loadbalancer", "timeout", ""},
	{"but do not guard NodePorts", "outside-n2", "for-outside@nodeport=n1", "b1 sees 10.244.1.1; b2 sees 192.168.50.11", ""},
	{"without endpoints they guard nothing in one mode", "outside-n2", "for-outside-empty@loadbalancer", "refused", "timeout"},

	{"a backend on the host network of the node that translates sees its client, masqueraded or not", "outside-n2", "host-network@nodeport=n2", "n2 sees 203.0.113.11", ""},
	{"on another node it sees the node", "outside-n2", "host-network@nodeport=n1", "n2 sees 192.168.50.11", ""},
	{"an external IP is translated by the first node, even where it is another's address", "a", "node-as-external@externalip", "b1 sees 10.244.1.1; b2 sees 192.168.50.11", ""},
	{"hints keep to the zone of the node that translates", "outside-n3", "zones@loadbalancer", "b2 sees 192.168.50.13", ""},
	{"but do not bear on policy Local", "outside-n1", "zones-external-local@loadbalancer", "b1 sees 203.0.113.10", ""},
}

// checkFacts holds the kernel of a laboratory against the facts of its mode about
// the Services that it has.
func (l *laboratory) checkFacts(t *testing.T) {
	for _, f := range facts {
		name, _, _ := strings.Cut(f.to, "@")
		if l.index.Service("lab", name) == nil {
			continue
		}
		t.Run(f.claim, func(t *testing.T) {
			t.Parallel()
			want := f.iptables
			if l.datapath.KubeProxyMode == model.KubeProxyNFTables && f.nftables != "" {
				want = f.nftables
			}
			q := l.asks(f.from, f.to)
			met, err := l.ask(q, expectation{outcomes: outcomesOf(want)})
			if err != nil {
				t.Fatal(err)
			}
			if got := listed(met); got != want {
				t.Errorf("%s:\n\tgot  %s\n\twant %s", q, got, want)
			}
		})
	}
}

// asks is the question that a fact is about, in IPv4.
func (l *laboratory) asks(from, to string) question {
	name, frontend, _ := strings.Cut(to, "@")
	frontend, node, _ := strings.Cut(frontend, "=")
	s := l.index.Service("lab", name)
	q := question{client: client{name: from}, service: s, frontend: model.Frontend(frontend), protocol: model.TCP}
	addr, port := s.ClusterIPs[0], s.Ports[0].Port
	switch frontend {
	case "externalip":
		addr = s.ExternalIPs[0]
	case "loadbalancer":
		addr = s.LoadBalancerIPs[0].Addr
	case "undefined":
		port = undefinedPort
	case "nodeport":
		port = s.Ports[0].NodePort
		if slices.Contains(labNodes, node) {
			addr = labNode(node).InternalIPs[0]
		} else {
			addr = netip.MustParseAddr(node)
		}
	}
	q.to = netip.AddrPortFrom(addr, port)
	return q
}

// outcomesOf reads what listed writes.
func outcomesOf(text string) []outcome {
	var all []outcome
	for _, one := range strings.Split(text, "; ") {
		var name, source string
		if _, err := fmt.Sscanf(one, "%s sees %s", &name, &source); err != nil {
			all = append(all, outcome{sees: model.ClientSees(one)})
			continue
		}
		all = append(all, outcome{model.SeesOpen, name, netip.MustParseAddr(source)})
	}
	return all
}
