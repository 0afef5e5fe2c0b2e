package engine

import (
	"iter"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/model"
)

// portNames are a pod's named ports.
type portNames map[portName]uint16

type portName struct {
	name  string
	proto u8proto.U8proto
}

// newPortNames reads the named ports of a pod's containers as Cilium does: by
// name alone, so that of two ports of one name the last counts, whatever their
// protocols, and without looking at init containers (cilium v1.20.2
// pkg/k8s/labels.go, GetPodMetadata; pkg/types/portmap.go, AddPort).
func newPortNames(pod *model.Pod) portNames {
	names := portNames{}
	for name, p := range ciliumNamedPorts(pod) {
		names[portName{name, p.Proto}] = p.Port
	}
	return names
}

func ciliumNamedPorts(pod *model.Pod) types.NamedPortMap {
	ports := types.NamedPortMap{}
	for _, p := range pod.Ports {
		if p.Name != "" && !p.Init {
			// A name or number that Cilium refuses is no named port to it.
			_ = ports.AddPort(p.Name, int(p.Port), string(p.Protocol))
		}
	}
	return ports
}

// peerPorts resolves named ports in egress rules, where the number is the
// peer's. It is Cilium's NamedPortMultiMap: since 1.20 each peer identity has
// its own number; before, one name had one number in the whole cluster, and a
// name with several resolved to none (ErrDuplicateNamedPorts).
type peerPorts struct {
	byIdentity  map[identity.NumericIdentity]portNames
	clusterWide bool
}

// newPeerPorts knows which of the two readings a release has.
func newPeerPorts(ids *identities, version model.Version) peerPorts {
	return peerPorts{ids.named, !version.AtLeast(1, 20, 0)}
}

// GetNamedPorts yields the number that each of the identities means by a name.
func (p peerPorts) GetNamedPorts(name string, proto u8proto.U8proto, nids iter.Seq[identity.NumericIdentity]) types.NidPortSeq {
	return func(yield func(identity.NumericIdentity, uint16) bool) {
		for id := range nids {
			if port := p.lookup(id, portName{name, proto}); port != 0 && !yield(id, port) {
				return
			}
		}
	}
}

// GetNamedPort is the number if the identities agree on one.
func (p peerPorts) GetNamedPort(name string, proto u8proto.U8proto, nids iter.Seq[identity.NumericIdentity]) (uint16, error) {
	found := uint16(0)
	for _, port := range p.GetNamedPorts(name, proto, nids) {
		if found != 0 && found != port {
			return 0, types.ErrDuplicateNamedPorts
		}
		found = port
	}
	if found == 0 {
		return 0, types.ErrUnknownNamedPort
	}
	return found, nil
}

// Len is the number of identities that have named ports.
func (p peerPorts) Len() int { return len(p.byIdentity) }

// namedPortsGetter hands peerPorts to the repository.
type namedPortsGetter struct{ ports peerPorts }

func (g namedPortsGetter) GetNamedPorts() types.NamedPortMultiMap { return g.ports }

// lookup is the number that an identity means by a name, 0 for none.
func (p peerPorts) lookup(id identity.NumericIdentity, n portName) uint16 {
	if !p.clusterWide {
		return p.byIdentity[id][n]
	}
	var numbers []uint16
	for _, names := range p.byIdentity {
		if port := names[n]; port != 0 && !slices.Contains(numbers, port) {
			numbers = append(numbers, port)
		}
	}
	if len(numbers) != 1 {
		return 0
	}
	return numbers[0]
}
