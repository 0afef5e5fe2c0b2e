package model

import (
	"net/netip"
	"slices"
)

// Index finds the objects of a Cluster by name and address. It is made once
// and only read afterwards.
type Index struct {
	Cluster *Cluster

	nodes      map[string]*Node
	namespaces map[string]*Namespace
	pods       map[name]*Pod
	services   map[name]*Service
	slices     map[name][]*EndpointSlice
	podByIP    map[netip.Addr]*Pod
	nodeByIP   map[netip.Addr]*Node
	publishing map[string][]*Pod
	redirects  []*Object
}

type name struct{ namespace, name string }

// NewIndex builds the index of a cluster. Where two objects share an address
// the first in the cluster's order keeps it.
func NewIndex(c *Cluster) *Index {
	ix := &Index{
		Cluster:    c,
		nodes:      map[string]*Node{},
		namespaces: map[string]*Namespace{},
		pods:       map[name]*Pod{},
		services:   map[name]*Service{},
		slices:     map[name][]*EndpointSlice{},
		podByIP:    map[netip.Addr]*Pod{},
		nodeByIP:   map[netip.Addr]*Node{},
		publishing: map[string][]*Pod{},
	}
	for _, n := range c.Nodes {
		ix.addNode(n)
	}
	for _, ns := range c.Namespaces {
		ix.namespaces[ns.Name] = ns
	}
	for _, p := range c.Pods {
		ix.addPod(p)
	}
	for _, s := range c.Services {
		ix.services[name{s.Namespace, s.Name}] = s
	}
	ix.redirects = redirects(c)
	for _, s := range c.EndpointSlices {
		key := name{s.Namespace, s.Service}
		ix.slices[key] = append(ix.slices[key], s)
	}
	return ix
}

// WithSlices is the index with other endpoint slices in place of the cluster's.
func (ix *Index) WithSlices(list []*EndpointSlice) *Index {
	out := *ix
	out.slices = map[name][]*EndpointSlice{}
	for _, s := range list {
		key := name{s.Namespace, s.Service}
		out.slices[key] = append(out.slices[key], s)
	}
	return &out
}

func (ix *Index) addNode(n *Node) {
	ix.nodes[n.Name] = n
	for _, ips := range [][]netip.Addr{n.InternalIPs, n.ExternalIPs} {
		for _, ip := range ips {
			if _, taken := ix.nodeByIP[ip]; !taken {
				ix.nodeByIP[ip] = n
			}
		}
	}
}

func (ix *Index) addPod(p *Pod) {
	ix.pods[name{p.Namespace, p.Name}] = p
	if p.HostNetwork || p.Finished {
		return
	}
	for _, ip := range p.IPs {
		if _, taken := ix.podByIP[ip]; !taken {
			ix.podByIP[ip] = p
		}
	}
	if slices.ContainsFunc(p.Ports, func(port ContainerPort) bool { return port.HostPort != 0 }) {
		ix.publishing[p.Node] = append(ix.publishing[p.Node], p)
	}
}

// Publishing are the pods on a node that publish a hostPort and have an address
// of their own, in the cluster's order.
func (ix *Index) Publishing(n *Node) []*Pod { return ix.publishing[n.Name] }

// Node finds a node by name, nil if there is none.
func (ix *Index) Node(nodeName string) *Node { return ix.nodes[nodeName] }

// Namespace finds a namespace by name, nil if there is none.
func (ix *Index) Namespace(namespace string) *Namespace { return ix.namespaces[namespace] }

// Pod finds a pod, nil if there is none.
func (ix *Index) Pod(namespace, podName string) *Pod { return ix.pods[name{namespace, podName}] }

// Service finds a Service, nil if there is none.
func (ix *Index) Service(namespace, serviceName string) *Service {
	return ix.services[name{namespace, serviceName}]
}

// Slices are the endpoint slices of a Service, in the cluster's order.
func (ix *Index) Slices(s *Service) []*EndpointSlice {
	return ix.slices[name{s.Namespace, s.Name}]
}

// Party says who has an address: a pod, a node, or nobody in the cluster.
func (ix *Index) Party(addr netip.Addr) Party {
	if pod := ix.podByIP[addr]; pod != nil {
		return Party{Kind: PartyPod, Pod: pod, Node: ix.nodes[pod.Node], Addr: addr}
	}
	if node := ix.nodeByIP[addr]; node != nil {
		return Party{Kind: PartyNode, Node: node, Addr: addr}
	}
	return Party{Kind: PartyAddress, Addr: addr}
}

// PodParty is a pod as an end of a packet, with its address of the wanted
// family (the primary one if it has none of that family). A hostNetwork pod is
// its node.
func (ix *Index) PodParty(p *Pod, is6 bool) Party {
	party := Party{Kind: PartyPod, Pod: p, Node: ix.nodes[p.Node], Addr: pick(p.IPs, is6)}
	if p.HostNetwork {
		party.Kind = PartyNode
	}
	return party
}

// NodeParty is a node as an end of a packet.
func (ix *Index) NodeParty(n *Node, is6 bool) Party {
	return Party{Kind: PartyNode, Node: n, Addr: pick(n.InternalIPs, is6)}
}

func pick(ips []netip.Addr, is6 bool) netip.Addr {
	for _, ip := range ips {
		if ip.Is6() == is6 {
			return ip
		}
	}
	if len(ips) > 0 {
		return ips[0]
	}
	return netip.Addr{}
}

// With is the index of a cluster that differs in its policies only.
func (ix *Index) With(c *Cluster) *Index {
	next := *ix
	next.Cluster, next.redirects = c, redirects(c)
	return &next
}

// redirects are the objects that can take traffic away from Services, in the
// cluster's order.
func redirects(c *Cluster) []*Object {
	var out []*Object
	for _, objects := range [][]*Object{c.Others, c.Policies} {
		for _, o := range objects {
			switch o.Origin.Kind {
			case "CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig", LocalRedirectKind:
				out = append(out, o)
			}
		}
	}
	return out
}

// LocalRedirectKind is the kind of object that sends traffic to a pod on the
// client's own node.
const LocalRedirectKind = "CiliumLocalRedirectPolicy"

// Redirects are the objects that can take traffic away from Services: Envoy's
// configurations and local redirects.
func (ix *Index) Redirects() []*Object { return ix.redirects }
