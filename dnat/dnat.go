package dnat

import (
	"net/netip"

	"github.com/netsim-dev/netsim/model"
)

// Request is one client and what it connects to.
type Request struct {
	Source model.Party
	// Service and Port are nil when Destination is a plain address that is no
	// frontend. Port alone is nil where the Service has no such port:
	// PortNumber is then an undefined port.
	Service *model.Service
	Port    *model.ServicePort
	// Frontend is which kind of address of the Service is meant, FrontendNone
	// for a direct destination.
	Frontend model.Frontend
	// Addr is the address that the client sends to. For FrontendHeadless it may
	// be left out: every address that DNS would give is then a path.
	Addr netip.Addr
	// Destination says, for FrontendNone, who has Addr.
	Destination model.Party
	// PortNumber is the port that the client sends to; for ICMP, the type.
	PortNumber uint16
	Protocol   model.Protocol
	// Via is the node by which a packet off the wire enters the cluster; nil
	// makes a Path of each node that could receive it.
	Via *model.Node
}

// Path is one way that the packet can take: one usable backend, or the one
// outcome where there is none.
type Path struct {
	Translation Translation
	// Backend is nil where none is reached.
	Backend *Backend
	// Service is the step of the translation. Its Stage is "" where there is
	// nothing to say, as between two pods. Its Sees names addresses only:
	// identities are for whoever knows the policies.
	Service model.Step
	// Egress is what the source's egress policy sees; nil where it is never
	// asked.
	Egress *model.Packet
	// Ingress is what the destination's ingress policy sees (a node's host
	// policy where a node is the destination); nil where nobody is asked.
	Ingress *model.Packet
	// HostIngress is what the host firewall of the node that translates sees
	// before it does; nil where there is none to ask.
	HostIngress *model.Packet
	// Crossings are where the packet is between machines, in its order; what
	// stays on one node has none.
	Crossings []Crossing
	// Return is the step of a reply that does not find its way back; its Stage
	// is "" normally.
	Return model.Step
	// SkipPolicy says why no policy is asked although the packet arrives; ""
	// normally.
	SkipPolicy string
	// ClientSees is what the client notices where Service.Verdict is Denied; ""
	// where that is not known.
	ClientSees model.ClientSees
	Conditions []string
	Hint       string
}

// Who translates, as Translation.By and the JSON output name it.
const (
	ByCiliumBPF = "cilium-bpf"
	BySocketLB  = "socket-lb"
	ByKubeProxy = "kube-proxy"
	ByNone      = "none"
)

// Translation says who turned the frontend into a backend, and where.
type Translation struct {
	// By is one of the four names above.
	By string
	// Node is the node's name, "" where nothing is translated.
	Node string
	// BeforeEgressPolicy is true where the source's egress policy already sees
	// the backend.
	BeforeEgressPolicy bool
	// Masquerade is true where the destination sees another source address
	// than the client's own.
	Masquerade bool
	// SourceSeen is the source address at the destination, invalid where it is
	// not known or nothing arrives.
	SourceSeen netip.Addr
}

// Backend is where the packet ends up.
type Backend struct {
	Party model.Party
	// Port is the port that the packet carries there.
	Port uint16
	// Slice is where the backend was listed, zero for a direct destination.
	Slice model.Origin
}

// Resolve says which ways the packet of a Request can take in a cluster with
// the given datapath. There is always at least one Path. They are sorted by the
// node that the packet enters by, where there are several, and then by the
// backend's address and port, and the same input gives the same Paths.
func Resolve(ix *model.Index, dp model.Datapath, req Request) []Path {
	q := newQuery(ix, dp, req)
	for _, answer := range []func(*query) []Path{
		unnamedService, unknownProtocol, unplacedSource, toItself, sctpDisabled, icmpToService, otherFamily, claimedService, doubtful, byDatapath,
	} {
		if paths := answer(q); len(paths) > 0 {
			return q.crossing(q.sctpArriving(q.leaving(paths)))
		}
	}
	return q.undetermined("netsim found no path for this packet")
}
