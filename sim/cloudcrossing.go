package sim

import (
	"slices"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// crossing is a packet between two machines, and whom it is for.
type crossing struct {
	dnat.Crossing
	// first and last are the ports that it may carry; equal where the port is
	// known.
	first, last  uint16
	loadBalanced bool
	controlPlane bool
}

// end is one end of a crossing: a party and, inside the cluster, its machine.
type end struct {
	party model.Party
	node  *model.Node
}

func (x crossing) from() end { return end{x.Packet.Source, x.From} }
func (x crossing) to() end   { return end{x.Packet.Destination, x.To} }

// comesBack says whether the packet of one machine reaches another by an address
// that is neither's inside the network between them: a public one, or a virtual
// one that some node answers for.
func (x crossing) comesBack() bool {
	if x.From == nil || x.To == nil || x.Tunnel != "" {
		return false
	}
	d := x.Packet.Destination
	return d.Kind == model.PartyAddress && d.Node == nil || slices.Contains(x.To.ExternalIPs, d.Addr)
}

// step is the step of a crossing that nobody has judged yet.
func (x crossing) step() model.Step {
	sees := &model.Sees{Port: x.Packet.Port, Protocol: x.Packet.Protocol}
	if addr := x.Packet.Source.Addr; addr.IsValid() {
		sees.SourceIP = addr.String()
	}
	if addr := x.Packet.Destination.Addr; addr.IsValid() {
		sees.DestinationIP = addr.String()
	}
	step := model.Step{Stage: model.StageCloud, Sees: sees, By: []model.Origin{}}
	for _, node := range []*model.Node{x.From, x.To} {
		if node != nil {
			step.Node = node.Name
		}
	}
	return step
}
