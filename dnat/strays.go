package dnat

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// stray says why an address that no file gives to anybody cannot be taken for
// one outside the cluster, "" if it can: the cluster hands out addresses of its
// own ranges, and a pod that the files lack may have it.
func (q *query) stray(p model.Party) string {
	addr := p.Addr
	switch {
	case p.Kind != model.PartyAddress || !addr.IsValid():
		return ""
	case addr.IsLoopback():
		return fmt.Sprintf("%s is every host's own loopback address: name the node or the pod that is meant", addr)
	case addr.IsUnspecified() || addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Sprintf("%s is no address of one machine", addr)
	}
	for _, n := range q.ix.Cluster.Nodes {
		for _, cidr := range n.PodCIDRs {
			if cidr.Contains(addr) {
				return fmt.Sprintf("%s is an address of node %s's pods (%s), and no pod in these files has it", addr, n.Name, cidr)
			}
		}
	}
	for _, cidr := range q.podSubnets() {
		if cidr.Contains(addr) {
			return fmt.Sprintf("%s is in the cluster's range of pods (%s), and no pod in these files has it", addr, cidr)
		}
	}
	for _, cidr := range q.serviceSubnets() {
		if cidr.Contains(addr) {
			return fmt.Sprintf("%s is in the range of ClusterIPs (%s), and no Service in these files has it", addr, cidr)
		}
	}
	return ""
}

// unreachable says what is missing before a packet could arrive at a Party, or
// leave it.
func (q *query) unreachable(p model.Party) string {
	if why := unplaced(p); why != "" {
		return why
	}
	return q.stray(p)
}

// podSubnets are the ranges that the files name for pods as a whole.
func (q *query) podSubnets() []netip.Prefix {
	var subnets []netip.Prefix
	if k := q.ix.Cluster.Kind; k != nil {
		subnets = append(subnets, k.PodSubnets...)
	}
	for _, option := range []string{"cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr"} {
		for _, text := range strings.Fields(q.settings.Options[option]) {
			if cidr, err := netip.ParsePrefix(text); err == nil {
				subnets = append(subnets, cidr)
			}
		}
	}
	return subnets
}

// serviceSubnets are those of the kind config, else kind's or kubeadm's default.
func (q *query) serviceSubnets() []netip.Prefix {
	switch k := q.ix.Cluster.Kind; {
	case k == nil:
		return []netip.Prefix{netip.MustParsePrefix("10.96.0.0/12")}
	case len(k.ServiceSubnets) == 0:
		return []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16")}
	default:
		return k.ServiceSubnets
	}
}

// leaving looks at each Path once more as the pod's own program does when the
// packet leaves, which is after Cilium's translation and before the node's: it
// may not look like a tunnel's, and an egress gateway may take it.
func (q *query) leaving(paths []Path) []Path {
	if q.Source.Kind != model.PartyPod {
		return paths
	}
	gateway := q.egressGateway()
	for i := range paths {
		p := &paths[i]
		switch {
		case p.Egress == nil:
		case q.encapsulated(*p.Egress):
			*p = q.prohibited(*p)
		case gateway != nil && p.Egress.Destination.Outside():
			*p = q.undeterminedBy(gateway, "which node sends it on, and with which address, is not in these files")[0]
		}
	}
	return paths
}

// encapsulated: with a tunnel, pods may not send what looks like its packets,
// whoever it is for. Source: bpf/lib/policy.h policy_can_egress, bpf/lib/common.h
// HAVE_ENCAP.
func (q *query) encapsulated(p model.Packet) bool {
	_, port := q.tunnel()
	return q.settings.RoutingMode == model.RoutingTunnel && p.Protocol == model.UDP && p.Port == port
}

func (q *query) prohibited(p Path) Path {
	protocol, port := q.tunnel()
	drop := model.DropEncapProhibited
	step := q.step(model.Denied, fmt.Sprintf("pods may not send to UDP port %d: it is the port of Cilium's own %s tunnel", port, protocol))
	step.DropReason = &drop
	return Path{Translation: Translation{By: p.Translation.By, Node: p.Translation.Node}, Service: step, ClientSees: model.SeesTimeout}
}

// tunnel is the tunnel's protocol and UDP port. Source: pkg/datapath/tunnel.
func (q *query) tunnel() (protocol string, port uint16) {
	protocol, port = TunnelVXLAN, 8472
	if q.settings.Options["tunnel-protocol"] == TunnelGeneve {
		protocol, port = TunnelGeneve, 6081
	}
	if n, err := strconv.ParseUint(q.settings.Options["tunnel-port"], 10, 16); err == nil && n != 0 {
		port = uint16(n)
	}
	return protocol, port
}

// egressGateway is a CiliumEgressGatewayPolicy that may send, or drop, what
// leaves the cluster; nil if there is none in force.
func (q *query) egressGateway() *model.Object {
	// The key lost its "ipv4" with 1.18.
	byDefault := q.ix.Cluster.CiliumConfig == nil
	if !q.settings.On("enable-ipv4-egress-gateway", q.settings.On("enable-egress-gateway", byDefault)) {
		return nil
	}
	for _, o := range q.ix.Cluster.Others {
		if o.Origin.Kind == "CiliumEgressGatewayPolicy" {
			return o
		}
	}
	return nil
}
