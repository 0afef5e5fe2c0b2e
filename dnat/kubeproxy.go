package dnat

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// kubeProxyClusterIP answers for kubeProxyReplacement=false. Against its name
// it is not kube-proxy that translates a ClusterIP for pods: Cilium's
// per-packet load balancer knows the ClusterIPs in this mode too and comes
// first. Source: pkg/loadbalancer/reconciler/bpf_reconciler.go
// isDatapathCandidate.
func kubeProxyClusterIP(q *query) []Path { return perPacketClusterIP(q) }

// lost is the way of a packet to a ClusterIP that Cilium does not translate:
// egress policy judges it as a packet to the ClusterIP's own address, and on
// the node it takes the default route, unless kube-proxy answers. Source:
// k8s.io/kubernetes v1.37.2 pkg/proxy/iptables (an undefined port matches no
// rule), pkg/proxy/nftables (cluster-ips: reject).
func (q *query) lost(why string) []Path {
	sees := model.SeesTimeout
	if !q.settings.KubeProxyReplacement {
		switch q.settings.KubeProxyMode {
		case model.KubeProxyIPVS:
			return q.undetermined(fmt.Sprintf("in ipvs mode kube-proxy makes %s an address of every node, and netsim does not model what the node then answers", q.Addr))
		case model.KubeProxyNFTables:
			sees = nftablesReject(q.Protocol)
		}
	}
	paths := q.denied(ByNone, why, sees)
	destination := Backend{Party: model.Party{Kind: model.PartyAddress, Addr: q.Addr}, Port: q.PortNumber}
	paths[0].Egress = q.packet(q.sourceFor(q.Addr), destination)
	return paths
}

// nftablesReject is what an ICMP port unreachable does to a client.
func nftablesReject(p model.Protocol) model.ClientSees {
	if p.HasPorts() {
		return model.SeesRefused
	}
	return model.SeesUnreachable
}
