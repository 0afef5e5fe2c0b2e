package bench

import (
	"fmt"
	"slices"
)

// share is a kind of rule: the list that it stands in, the percentage of
// policies that have one, and how it is written.
type share struct {
	list    string
	percent float64
	write   func(g *generator, subject *app) object
}

// ciliumShares are the shares of 686 CiliumNetworkPolicies and clusterwide
// ones in public GitOps repositories.
func ciliumShares() []share {
	return []share{
		{"egress", 62, toEndpoints},
		{"egress", 42, entities("toEntities", "kube-apiserver", "world", "host")},
		{"egress", 17, toFQDNs},
		{"egress", 10.5, lookups},
		{"egress", 7, func(g *generator, _ *app) object { return object{"toCIDR": []string{g.cidr()}} }},
		{"egress", 5, func(g *generator, _ *app) object { return object{"toCIDRSet": []object{{"cidr": g.cidr()}}} }},
		{"egress", 5, toServices},
		{"egress", 2, func(*generator, *app) object { return object{"icmps": []object{{"fields": []object{{"type": 8}}}}} }},
		{"egress", 2.5, namespacePeer},
		{"egressDeny", 1.2, func(g *generator, _ *app) object { return object{"toCIDR": []string{g.cidr()}} }},
		{"ingress", 50, fromEndpoints},
		{"ingress", 36, entities("fromEntities", "host", "remote-node", "ingress", "kube-apiserver", "world")},
		{"ingress", 3, func(g *generator, _ *app) object { return object{"fromCIDRSet": []object{{"cidr": g.cidr()}}} }},
		{"ingress", 1.7, http},
		{"ingressDeny", 4.5, entities("fromEntities", "world")},
	}
}

// rarerShares are of features that the same policies have now and then. Only
// Shapes with Policies have them.
func rarerShares() []share {
	return []share{
		{"egress", 8, anyProtocol},
		{"egress", 1, exceptCIDR},
		{"egress", 0.3, func(*generator, *app) object { return object{"toCIDRSet": []object{{"cidrGroupRef": partners}}} }},
		{"egress", 0.1, portRange},
		{"ingress", 2.5, authenticated},
	}
}

// Of the policies, so many of a hundred are of each kind; of Cilium's, so many
// select every pod of the namespace.
const (
	networkPolicies = 13
	clusterwide     = 10
	selectsAll      = 14
	// clusterNetworkPolicies are too new to be counted.
	clusterNetworkPolicies = 1
	// namedPorts and ipBlocks are of the NetworkPolicies.
	namedPorts = 56
	ipBlocks   = 22
)

// policies adds one for each app, or as many as the Shape asks for, each for
// the next app.
func (g *generator) policies() {
	if g.shape.Policies == 0 {
		for i := range g.apps[1:] {
			g.policy(&g.apps[i+1], g.apps[i+1].name)
		}
		return
	}
	g.add("platform", cidrGroup())
	for i := range g.shape.Policies {
		a := &g.apps[1+i%(len(g.apps)-1)]
		g.policy(a, fmt.Sprintf("%s-%d", a.name, i/(len(g.apps)-1)))
	}
}

func (g *generator) policy(a *app, name string) {
	switch {
	case g.shape.Policies > 0 && g.chance(clusterNetworkPolicies):
		g.add(a.namespace, g.clusterNetworkPolicy(a, name))
	case g.chance(networkPolicies):
		g.add(a.namespace, g.networkPolicy(a, name))
	default:
		g.add(a.namespace, g.ciliumPolicy(a, name))
	}
}

func (g *generator) ciliumPolicy(a *app, name string) object {
	spec := object{"endpointSelector": selector(a.name)}
	shares := ciliumShares()
	if g.shape.Policies > 0 {
		shares = append(shares, rarerShares()...)
	}
	for _, s := range shares {
		if g.chance(s.percent) {
			list, _ := spec[s.list].([]object)
			spec[s.list] = append(list, s.write(g, a))
		}
	}
	if len(spec) == 1 {
		spec["ingress"] = []object{{}}
	}
	p := object{"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": meta(a.namespace, name), "spec": spec}
	switch {
	case g.chance(clusterwide):
		p["kind"], p["metadata"] = "CiliumClusterwideNetworkPolicy", object{"name": a.namespace + "-" + name}
		spec["endpointSelector"] = inNamespace(a)
	case g.chance(selectsAll):
		spec["endpointSelector"] = object{}
	}
	return p
}

func inNamespace(a *app) object {
	labels := appLabel(a.name)
	labels["k8s:io.kubernetes.pod.namespace"] = a.namespace
	return object{"matchLabels": labels}
}

// peers is a rule for a port, with another app as the peer; one in the same
// namespace needs no naming of it.
func (g *generator) peers(field string, subject, peer *app, port int) object {
	to := []object{selector(peer.name)}
	switch {
	case g.shape.Wide:
		to = g.everyNamespace()
	case peer.namespace != subject.namespace:
		to = []object{inNamespace(peer)}
	}
	return object{field: to, "toPorts": ports(port, "TCP")}
}

func toEndpoints(g *generator, subject *app) object {
	peer := g.next(subject)
	return g.peers("toEndpoints", subject, peer, peer.port)
}

func fromEndpoints(g *generator, subject *app) object {
	return g.peers("fromEndpoints", subject, g.caller(subject), subject.port)
}

func ports(port int, protocol string) []object {
	return []object{{"ports": []object{{"port": fmt.Sprint(port), "protocol": protocol}}}}
}

// entities is a rule for one of some entities, and every port.
func entities(field string, names ...string) func(*generator, *app) object {
	return func(g *generator, _ *app) object {
		return object{field: []string{names[g.random.IntN(len(names))]}}
	}
}

func toFQDNs(g *generator, _ *app) object {
	name := fmt.Sprintf("api-%d.example.com", g.random.IntN(100))
	return object{"toFQDNs": []object{{"matchName": name}}, "toPorts": ports(443, "TCP")}
}

func lookups(*generator, *app) object {
	to := ports(53, "UDP")
	to[0]["rules"] = object{"dns": []object{{"matchPattern": "*"}}}
	return object{"toEndpoints": []object{inNamespace(&app{namespace: dnsNamespace, name: "kube-dns"})}, "toPorts": to}
}

func toServices(g *generator, subject *app) object {
	peer := g.next(subject)
	return object{"toServices": []object{{"k8sService": object{"serviceName": peer.name, "namespace": peer.namespace}}}}
}

func namespacePeer(g *generator, subject *app) object {
	team := g.next(subject).namespace
	return object{"toEndpoints": []object{{"matchLabels": object{"k8s:io.cilium.k8s.namespace.labels.team": team}}}}
}

func http(_ *generator, subject *app) object {
	to := ports(subject.port, "TCP")
	to[0]["rules"] = object{"http": []object{{"method": "GET", "path": "/v1/.*"}}}
	return object{"fromEndpoints": []object{{}}, "toPorts": to}
}

// cidr is a network outside the cluster; 198.18.0.0/15 is set aside for
// benchmarks (RFC 2544).
func (g *generator) cidr() string { return fmt.Sprintf("198.18.%d.0/24", g.random.IntN(256)) }

func (g *generator) networkPolicy(a *app, name string) object {
	var port any = a.port
	if g.chance(namedPorts) {
		port = "http"
	}
	peer := g.caller(a)
	from := []object{{"podSelector": selector(peer.name)}}
	switch {
	case g.shape.Wide:
		from = []object{{"namespaceSelector": g.anyTeam()}}
	case peer.namespace != a.namespace:
		from[0]["namespaceSelector"] = object{"matchLabels": object{"team": peer.namespace}}
	}
	if g.chance(ipBlocks) {
		from = slices.Insert(from, 0, object{"ipBlock": object{"cidr": g.cidr()}})
	}
	return object{
		"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta(a.namespace, name),
		"spec": object{
			"podSelector": selector(a.name), "policyTypes": []string{"Ingress"},
			"ingress": []object{{"from": from, "ports": []object{{"port": port}}}},
		},
	}
}
