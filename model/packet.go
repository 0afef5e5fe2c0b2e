package model

import (
	"net/netip"
	"strconv"
)

// PartyKind says what one end of a packet is.
type PartyKind uint8

const (
	// PartyAddress is an address that is no pod's and no node's: the world, or
	// whatever a CIDR rule makes of it.
	PartyAddress PartyKind = iota
	// PartyPod is a pod with an address of its own.
	PartyPod
	// PartyNode is a node, or a hostNetwork pod on it: the identity is host or
	// remote-node, depending on which node judges.
	PartyNode
	// PartyWorld is the world as such: any address outside that no rule names,
	// or a source whose address says nothing of its identity.
	PartyWorld
	// PartyIngress is Cilium's Envoy on a node where it serves Gateways and
	// Ingresses: an endpoint of its own, with the identity reserved:ingress.
	PartyIngress
)

// Party is one end of a packet as one point of its way sees it.
type Party struct {
	Kind PartyKind
	// Pod is set for PartyPod, and for PartyNode where a hostNetwork pod is
	// meant.
	Pod *Pod
	// Node is set for PartyNode and PartyIngress, and for PartyPod where the pod
	// is scheduled.
	Node *Node
	// Addr is the address that the packet carries.
	Addr netip.Addr
}

// Outside says whether the party is nothing of the cluster's.
func (p Party) Outside() bool { return p.Kind == PartyAddress || p.Kind == PartyWorld }

// Packet is what a point of the way sees: who, to whom, and the protocol and
// destination port that the packet carries at that point. For ICMP, Port is
// the type.
type Packet struct {
	Source, Destination Party
	Protocol            Protocol
	Port                uint16
}

// Stage names the kind of point that a Step stands for.
type Stage string

// The stages of a packet's way, in the order in which a path meets them.
const (
	StageDNS          Stage = "dns"
	StageService      Stage = "service"
	StageEgress       Stage = "egress"
	StageHostFirewall Stage = "host-firewall"
	StageSourceRange  Stage = "source-range"
	StageIngress      Stage = "ingress"
	StageAuth         Stage = "auth"
	StageL7           Stage = "l7"
	StageReturn       Stage = "return"
	StageCloud        Stage = "cloud"
	// StageInferred doubts a path because one of its ends is in no file.
	StageInferred Stage = "inferred"
)

// Sees is what a policy or a translator saw of the packet. Source and
// Destination are identities: Cilium's labels, comma-separated; a Service's
// address has none.
type Sees struct {
	Source        string `json:"source,omitempty"`
	SourceIP      string `json:"sourceIP,omitempty"`
	Destination   string `json:"destination,omitempty"`
	DestinationIP string `json:"destinationIP,omitempty"`
	Port          uint16 `json:"port,omitempty"`
	// Protocol is the packet's; with ICMP, Port is the ICMP type.
	Protocol Protocol `json:"protocol,omitempty"`
}

// Step is one point of a path and what was decided there.
type Step struct {
	Stage   Stage   `json:"stage"`
	Node    string  `json:"node,omitempty"`
	Verdict Verdict `json:"verdict"`
	Sees    *Sees   `json:"sees,omitempty"`
	// By names every rule that decided; for a default deny, every policy that
	// switched it on.
	By []Origin `json:"by"`
	// Why says it in words, one sentence.
	Why string `json:"why"`
	// DropReason is set where the step drops the packet in Cilium's datapath.
	DropReason *DropReason `json:"dropReason,omitempty"`
	// ClientSees is what the client notices of a denial that is no drop: a
	// proxy's answer.
	ClientSees ClientSees `json:"clientSees,omitempty"`
	// Conditions are what the verdict hangs on beyond this packet (an L7
	// rule, say).
	Conditions []string `json:"conditions,omitempty"`
	// Hint is one change that would alter the verdict, "" if none is known.
	Hint string `json:"hint,omitempty"`
}

// ClientSees is what the client's program would notice.
type ClientSees string

// What a client can see of a connection attempt.
const (
	SeesOpen        ClientSees = "open"
	SeesTimeout     ClientSees = "timeout"
	SeesRefused     ClientSees = "refused"
	SeesUnreachable ClientSees = "unreachable"
	SeesReset       ClientSees = "reset"
	SeesHTTP403     ClientSees = "http-403"
	SeesDNSRefused  ClientSees = "dns-refused"
	SeesDNSTimeout  ClientSees = "dns-timeout"
)

// SeesHTTP is an answer with an HTTP status that a gateway gives by itself
// ("http-404").
func SeesHTTP(status int) ClientSees { return ClientSees("http-" + strconv.Itoa(status)) }

// Frontend is what kind of address of a Service a packet is sent to.
type Frontend string

// The frontends, as the JSON output names them.
const (
	FrontendClusterIP    Frontend = "clusterIP"
	FrontendNodePort     Frontend = "nodePort"
	FrontendExternalIP   Frontend = "externalIP"
	FrontendLoadBalancer Frontend = "loadBalancer"
	FrontendHostPort     Frontend = "hostPort"
	FrontendHeadless     Frontend = "headless"
	FrontendExternalName Frontend = "externalName"
	FrontendNone         Frontend = "none"
)
