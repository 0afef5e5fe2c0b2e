package dnat

import (
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// Crossing is the packet on the network between two machines, as that network
// sees it: a firewall of a cloud knows nothing of what is inside a tunnel.
type Crossing struct {
	// From and To are the nodes that it leaves and reaches; nil for the
	// outside.
	From, To *model.Node
	// Packet is the outermost packet.
	Packet model.Packet
	// Tunnel is TunnelVXLAN, TunnelGeneve or TunnelWireGuard where Packet is one
	// that carries the client's, "" where it is the client's own.
	Tunnel string
	// Doubt says why the form of the packet is not known, "" where it is.
	Doubt string
}

// What carries packets between nodes.
const (
	TunnelVXLAN     = "vxlan"
	TunnelGeneve    = "geneve"
	TunnelWireGuard = "wireguard"
)

// wireGuardPort is the UDP port of Cilium's WireGuard. Source:
// pkg/wireguard/types/types.go ListenPort.
const wireGuardPort = 51871

// crossing adds to each Path where its packet is between machines: on the way to
// the node that translates it, if that is not the client's, and from there to
// the backend.
func (q *query) crossing(paths []Path) []Path {
	for i := range paths {
		if paths[i].Crossings == nil {
			paths[i].Crossings = q.crossings(paths[i])
		}
	}
	return paths
}

func (q *query) crossings(p Path) []Crossing {
	found := []Crossing{}
	if p.Service.Stage != "" && p.Service.Verdict == model.Undetermined {
		return found
	}
	at, entry := q.machine(), q.ix.Node(p.Translation.Node)
	if entry == nil && at == nil {
		entry = q.Via
	}
	if entry != nil && !same(at, entry) {
		found = append(found, q.toEntry(at, entry))
		at = entry
	}
	if b := p.Backend; b != nil && !same(at, b.Party.Node) {
		found = append(found, q.toBackend(at, p))
	}
	return found
}

// machine is the client's node, nil for one outside.
func (q *query) machine() *model.Node {
	if q.Source.Outside() {
		return nil
	}
	return q.Source.Node
}

func same(a, b *model.Node) bool { return a != nil && b != nil && a.Name == b.Name }

// toEntry is the packet on its way to the node where it enters, or where
// somebody translates it: it still has the frontend's address.
func (q *query) toEntry(from, entry *model.Node) Crossing {
	packet := q.packet(q.arriveAt(entry).source, Backend{Party: q.frontendParty(), Port: q.PortNumber})
	return q.wrapped(Crossing{From: from, To: entry, Packet: *packet})
}

// toBackend is the packet on its last way, from the node that has it.
func (q *query) toBackend(from *model.Node, p Path) Crossing {
	source := q.Source
	switch seen := p.Translation.SourceSeen; {
	case from == nil:
	case seen.IsValid():
		source = q.ix.Party(seen)
	case source.Kind != model.PartyPod || p.Translation.Masquerade:
		source = q.nodeParty(from, p.Backend.Party.Addr)
	}
	c := Crossing{From: from, To: p.Backend.Party.Node, Packet: *q.packet(source, *p.Backend)}
	if from != nil && c.To != nil && source.Outside() && p.Translation.By == ByCiliumBPF {
		c.Doubt = "with direct server return the backend answers the client itself, and what a cloud's firewall makes of that netsim does not model"
	}
	return q.wrapped(c)
}

// wrapped puts the packet into what carries it between two nodes. A tunnel
// carries what is for pods; with the host firewall also what is for nodes.
// WireGuard carries what goes from pod to pod, tunnelled or not; of what else it
// carries with the node's own encryption, and of IPsec, netsim has no facts.
// Source: pkg/node/manager/manager.go nodeAddressHasTunnelIP,
// Documentation/security/network/encryption-wireguard.rst.
func (q *query) wrapped(c Crossing) Crossing {
	if c.From == nil || c.To == nil || c.Doubt != "" {
		return c
	}
	source, destination := c.Packet.Source, c.Packet.Destination
	tunnelled := q.settings.RoutingMode == model.RoutingTunnel &&
		(podLike(destination) || destination.Kind == model.PartyNode && q.settings.On("enable-host-firewall", false))
	podToPod := source.Kind == model.PartyPod && podLike(destination)
	wireGuard, ipsec := q.settings.On("enable-wireguard", false), q.settings.On("enable-ipsec", false)
	switch {
	case ipsec && (podToPod || tunnelled), wireGuard && !podToPod && (tunnelled || q.settings.On("encrypt-node", false)):
		c.Doubt = "with encryption between nodes netsim does not model what the network between them sees of this packet"
	case wireGuard && podToPod:
		return q.carried(c, TunnelWireGuard, wireGuardPort)
	case tunnelled:
		protocol, port := q.tunnel()
		return q.carried(c, protocol, port)
	}
	return c
}

// carried is the packet inside one between the nodes' own addresses, of the
// family that underlay-protocol says.
func (q *query) carried(c Crossing, tunnel string, port uint16) Crossing {
	is6 := strings.EqualFold(q.settings.Options["underlay-protocol"], "ipv6")
	c.Tunnel = tunnel
	c.Packet = model.Packet{Source: q.ix.NodeParty(c.From, is6), Destination: q.ix.NodeParty(c.To, is6), Protocol: model.UDP, Port: port}
	return c
}
