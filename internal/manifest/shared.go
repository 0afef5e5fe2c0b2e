package manifest

import (
	"fmt"
	"net/netip"
)

// holders are the documents that claim addresses.
type holders map[netip.Addr]*document

// claim warns where another document has one of the addresses.
func (h holders) claim(addrs []netip.Addr, at string, d *document) {
	for _, addr := range addrs {
		first, shared := h[addr]
		if !shared {
			h[addr] = d
			continue
		}
		if first != d {
			d.warn(problem{at, fmt.Sprintf("%s is also the address of %s (%s)", addr, first.origin.ID(), first.origin.Position()), "give one of them another, or leave one out: in a cluster no two share an address"})
			return
		}
	}
}

// warnShared warns of two pods, or two Services, with one address: what is
// sent to it is judged as if it were for one of them. The addresses are those
// that files give; a pod on its node's network shares that node's.
func (f *filler) warnShared() {
	pods := holders{}
	for _, p := range f.pods {
		if !p.HostNetwork && !p.Finished {
			pods.claim(p.IPs, "status.podIPs", p.doc)
		}
	}
	services := holders{}
	for _, s := range f.services {
		services.claim(s.ClusterIPs, "spec.clusterIPs", s.doc)
	}
}
