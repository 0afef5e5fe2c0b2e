package sim

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// published is a port of a node that kind publishes on the machine it runs on.
type published struct {
	node    *model.Node
	mapping model.KindPortMapping
	// rule is the mapping's path in the kind config.
	rule string
}

// publishedAt finds what kind publishes at an address and port of the laptop;
// an invalid address is whichever it listens on. Source: kind v0.31
// pkg/apis/config/v1alpha4 types.go PortMapping.
func (s *Sim) publishedAt(addr netip.Addr, port uint16, protocol model.Protocol) (published, bool) {
	for _, p := range s.allPublished() {
		m := p.mapping
		anywhere := !m.ListenAddress.IsValid() || m.ListenAddress.IsUnspecified()
		if m.HostPort == port && m.Protocol == protocol && (!addr.IsValid() || anywhere || m.ListenAddress == addr) {
			return p, true
		}
	}
	return published{}, false
}

func (s *Sim) allPublished() []published {
	kind := s.index.Cluster.Kind
	if kind == nil {
		return nil
	}
	var list []published
	for i, name := range kind.NodeNames() {
		for j, m := range kind.Nodes[i].PortMappings {
			if node := s.index.Node(name); node != nil && m.HostPort != 0 {
				list = append(list, published{node, m, fmt.Sprintf("nodes[%d].extraPortMappings[%d]", i, j)})
			}
		}
	}
	return list
}

// unpublished says what there is instead of a port.
func (s *Sim) unpublished(addr netip.Addr, port uint16) string {
	var have []string
	for _, p := range s.allPublished() {
		have = append(have, fmt.Sprintf("%d (%s, port %d)", p.mapping.HostPort, p.node.Name, p.mapping.ContainerPort))
	}
	where := "the kind config publishes " + cmp.Or(strings.Join(slices.Compact(have), ", "), "no port")
	if s.index.Cluster.Kind == nil {
		where = "no kind config is loaded"
	}
	return fmt.Sprintf("nothing leads from %s:%d of the laptop into the cluster: %s", addr, port, where)
}

// throughKind takes a connection to the laptop's own address to the node whose
// port kind publishes there.
func (s *Sim) throughKind(q *Query, from reference, to *reference) error {
	own := to.addr.IsValid() && to.addr.IsLoopback()
	if !from.laptop && !(from.world && own) || !to.addr.IsValid() || to.port.name != "" {
		return nil
	}
	p, found := s.publishedAt(to.addr, to.port.number, to.port.protocol)
	switch {
	case !found && !own:
		return nil
	case !found:
		return refErrorf("%s: %s", to.text, s.unpublished(to.addr, to.port.number))
	}
	to.addr, to.node, to.port.number = netip.Addr{}, p.node.Name, p.mapping.ContainerPort
	q.via = p.node
	return nil
}
