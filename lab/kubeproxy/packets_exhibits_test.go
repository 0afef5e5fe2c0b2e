package kubeproxy_test

import (
	"github.com/netsim-dev/netsim/model"
)

// exhibit is one Service of the laboratory's cluster, with what is peculiar
// about it.
type exhibit struct {
	// name is the Service's, and claim goes on from it.
	name, claim string
	// backends are pods, nodes and outside hosts by their names, with a colon
	// and their state where they are not ready: "b1 b2:draining".
	backends string
	service  func(*model.Service)
	slice    func(*model.EndpointSlice)
}

// exhibits are the Services that every client asks for. Pods a, b1 and c1 are
// on n1, b2 is on n2 and d on n3.
var exhibits = []exhibit{
	{name: "spread", claim: "has a backend on each of two nodes", backends: "b1 b2"},
	{name: "on-n1", claim: "has its backends on n1", backends: "b1 c1"},
	{name: "external-local", claim: "has externalTrafficPolicy Local and backends on two nodes", backends: "b1 b2", service: externalLocal},
	{name: "external-n2", claim: "has externalTrafficPolicy Local and a backend on n2 only", backends: "b2", service: externalLocal},
	{name: "internal-n2", claim: "has internalTrafficPolicy Local and a backend on n2 only", backends: "b2", service: internalLocal},
	{name: "both-n1", claim: "has both policies Local and a backend on n1 only", backends: "b1", service: bothLocal},

	{name: "empty", claim: "has no endpoints"},
	{name: "empty-external-local", claim: "has no endpoints and externalTrafficPolicy Local", service: externalLocal},
	{name: "empty-both-local", claim: "has no endpoints and both policies Local", service: bothLocal},
	{name: "unready", claim: "has endpoints that are not ready", backends: "b1:unready b2:unready"},
	{name: "draining", claim: "has only terminating endpoints that still serve", backends: "b1:draining b2:draining"},
	{name: "gone", claim: "has only a terminating endpoint that serves no more", backends: "b1:gone"},
	{name: "half-draining", claim: "has a terminating endpoint beside a ready one", backends: "b1:draining b2"},
	{name: "external-draining", claim: "has externalTrafficPolicy Local and on n1 a terminating endpoint", backends: "b1:draining b2", service: externalLocal},
	{name: "external-gone", claim: "has externalTrafficPolicy Local and on n1 an endpoint that serves no more", backends: "b1:gone b2", service: externalLocal},
	{name: "both-draining", claim: "has both policies Local and on n1 a terminating endpoint", backends: "b1:draining b2", service: bothLocal},

	{name: "self", claim: "is served by its client alone", backends: "a"},
	{name: "self-and-other", claim: "is served by its client and another pod", backends: "a b2"},
	{name: "external-self", claim: "has externalTrafficPolicy Local and is served by its client alone", backends: "a", service: externalLocal},
	{name: "external-self-and-other", claim: "has externalTrafficPolicy Local and is served by its client and another pod", backends: "a b2", service: externalLocal},

	{name: "for-outside", claim: "lets one outside host in", backends: "b1 b2", service: ranges("203.0.113.10/32", "2001:db8::10/128")},
	{name: "for-pods", claim: "lets pods in", backends: "b1 b2", service: ranges("10.244.0.0/16", "fd00:10:244::/48")},
	{name: "for-nodes", claim: "lets nodes in", backends: "b1 b2", service: ranges("192.168.50.0/24", "fd00:50::/64")},
	{name: "for-everybody", claim: "lets everybody in by one of its source ranges", backends: "b1 b2", service: ranges("203.0.113.10/32", "0.0.0.0/0", "2001:db8::10/128", "::/0")},
	{name: "for-ipv4", claim: "has a source range of IPv4 only", backends: "b1 b2", service: ranges("203.0.113.10/32")},
	{name: "for-outside-empty", claim: "lets one outside host in and has no endpoints", service: ranges("203.0.113.10/32", "2001:db8::10/128")},
	{name: "for-outside-n2", claim: "lets two outside hosts in, with externalTrafficPolicy Local and a backend on n2 only", backends: "b2", service: together(externalLocal, ranges("203.0.113.10/31", "2001:db8::10/127"))},

	{name: "host-network", claim: "has a backend on the host network of n2", backends: "n2"},
	{name: "external-host-network", claim: "has externalTrafficPolicy Local and a backend on the host network of n2", backends: "n2", service: externalLocal},
	{name: "every-node", claim: "is served by every node itself", backends: "n1 n2 n3"},
	{name: "abroad", claim: "has a backend outside the cluster", backends: "outside-n1"},
	{name: "external-abroad", claim: "has externalTrafficPolicy Local and a backend outside the cluster", backends: "outside-n1", service: externalLocal},

	{name: "node-as-external", claim: "has the address of n2 as its external IP", backends: "b1 b2", service: externalIPsOf("n2")},
	{name: "node-as-external-local", claim: "has externalTrafficPolicy Local and the address of n2 as its external IP", backends: "b1", service: together(externalLocal, externalIPsOf("n2"))},
	{name: "node-as-balancer", claim: "has the address of n2 as its load balancer's", backends: "b1 b2", service: balancerIPsOf("n2")},
	{name: "empty-node-as-external", claim: "has no endpoints and the address of n2 as its external IP", service: externalIPsOf("n2")},
	{name: "for-outside-node-as-balancer", claim: "lets one outside host in, to the address of n2", backends: "b1 b2", service: together(balancerIPsOf("n2"), ranges("203.0.113.10/32", "2001:db8::10/128"))},
	{name: "for-nodes-node-as-balancer", claim: "lets nodes in, to the address of n2", backends: "b1 b2", service: together(balancerIPsOf("n2"), ranges("192.168.50.0/24", "fd00:50::/64"))},
	{name: "plain", claim: "is of type ClusterIP with an external IP", backends: "b1 b2", service: plain},
	{name: "no-nodeport", claim: "has no NodePort", backends: "b1 b2", service: withoutNodePort},

	{name: "ipv4-only", claim: "has a ClusterIP of IPv4 only", backends: "b1 b2", service: together(externalLocal, ipv4Only)},
	{name: "twice", claim: "has an endpoint in two slices, in one of them terminating", backends: "b1:draining b1"},
	{name: "twice-unready", claim: "has an endpoint in two slices, in one not ready and in the other terminating", backends: "b1:unready b1:draining"},

	{name: "zones", claim: "has hints for zones", backends: "b1 b2", slice: zoneHint},
	{name: "zones-external-local", claim: "has hints for zones and externalTrafficPolicy Local", backends: "b1 b2", slice: zoneHint, service: externalLocal},
	{name: "nodes", claim: "has hints for nodes", backends: "b1 b2", slice: nodeHint},
	{name: "one-hint", claim: "has a hint on one endpoint only", backends: "b1 b2", slice: hintOnN1},
	{name: "ports", claim: "has another port on each backend", backends: "b1 b2", slice: otherPortOnN2},
}

// What the Services change of themselves.

func externalLocal(s *model.Service) { s.ExternalTrafficLocal = true }
func internalLocal(s *model.Service) { s.InternalTrafficLocal = true }
func bothLocal(s *model.Service)     { s.ExternalTrafficLocal, s.InternalTrafficLocal = true, true }

func together(changes ...func(*model.Service)) func(*model.Service) {
	return func(s *model.Service) {
		for _, change := range changes {
			change(s)
		}
	}
}

func ranges(texts ...string) func(*model.Service) {
	return func(s *model.Service) { s.SourceRanges = prefixes(texts...) }
}

func externalIPsOf(node string) func(*model.Service) {
	return func(s *model.Service) { s.ExternalIPs = labNode(node).InternalIPs }
}

func balancerIPsOf(node string) func(*model.Service) {
	return func(s *model.Service) { s.LoadBalancerIPs = balancers(labNode(node).InternalIPs) }
}

func plain(s *model.Service) {
	s.Type, s.LoadBalancerIPs = model.ClusterIPService, nil
	withoutNodePort(s)
}

func withoutNodePort(s *model.Service) {
	s.NoNodePorts = true
	for i := range s.Ports {
		s.Ports[i].NodePort = 0
	}
}

func ipv4Only(s *model.Service) { s.IPFamilies, s.ClusterIPs = s.IPFamilies[:1], s.ClusterIPs[:1] }

// What they change of each of their slices, which has one endpoint.

func zoneHint(s *model.EndpointSlice) {
	s.Endpoints[0].HintZones = []string{labZones[s.Endpoints[0].Node]}
}

func nodeHint(s *model.EndpointSlice) { s.Endpoints[0].HintNodes = []string{s.Endpoints[0].Node} }

func hintOnN1(s *model.EndpointSlice) {
	if s.Endpoints[0].Node == "n1" {
		zoneHint(s)
	}
}

func otherPortOnN2(s *model.EndpointSlice) {
	if s.Endpoints[0].Node == "n2" {
		for i := range s.Ports {
			s.Ports[i].Port++
		}
	}
}
