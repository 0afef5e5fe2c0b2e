package model

import "net/netip"

// CloudFirewall is what a cloud lets through at the interfaces of machines or
// pods, or at the borders of subnets: a security group, a network ACL, a network
// security group, firewall rules. It knows nothing of Kubernetes or Cilium, and
// judges packets as they are on the network between machines.
type CloudFirewall struct {
	Origin Origin
	// AppliesTo is one of the three below.
	AppliesTo string
	// Selector narrows nodes or pods to those with these labels, and
	// Namespaces pods to those in one of them; empty for all.
	Selector   Labels
	Namespaces []string
	// Subnets are the address ranges of GuardsSubnets.
	Subnets []netip.Prefix
	// Stateless firewalls do not know a reply when they see it.
	Stateless bool
	// Ingress and Egress are tried in order, the first that matches decides,
	// and what none matches is dropped. Nil, unlike empty, is a direction of
	// which the document says nothing.
	Ingress, Egress []CloudRule
	// Unreadable is true where a part of the document could not be taken: what
	// it lets through is then not known.
	Unreadable bool
}

// What a CloudFirewall can apply to: all that enters or leaves nodes, or pods
// that have an interface of their own, or what crosses the border of a subnet.
const (
	GuardsNodes   = "nodes"
	GuardsPods    = "pods"
	GuardsSubnets = "subnets"
)

// CloudRule is one rule of one direction.
type CloudRule struct {
	// Peers are whom it is about, from or to; empty for anybody.
	Peers []CloudPeer
	// Ports are what it is about; empty for every protocol and port.
	Ports []CloudPorts
	// Deny is true for a rule that drops.
	Deny bool
	// Line is where the rule stands.
	Line int
}

// CloudPeer is the other end of a packet. Exactly one of its fields is set.
type CloudPeer struct {
	CIDR netip.Prefix
	// Nodes and Pods are packets with the address of a node, or a pod.
	Nodes, Pods bool
	// Firewall is the name of a CloudFirewall that applies to the other end.
	Firewall string
}

// CloudPorts are the ports from First to Last of a protocol; First is 0 for all
// of them, and for a protocol without ports.
type CloudPorts struct {
	Protocol    Protocol
	First, Last uint16
}
