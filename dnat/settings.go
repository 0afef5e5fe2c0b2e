package dnat

import (
	"github.com/netsim-dev/netsim/model"
)

// settings are a Datapath's settings with their defaults filled in.
type settings struct {
	model.Datapath
	version model.Version
}

func newSettings(dp model.Datapath) settings {
	return settings{Datapath: dp, version: model.ParseVersion(dp.CiliumVersion)}
}

// mode decides who translates for a source. A node has the socket load balancer
// wherever pods have it, and with hostNamespaceOnly too. Source: pkg/kpr/kpr.go
// (KPR forces the socket load balancer), bpf/bpf_sock.c sock_proto_enabled (TCP
// and UDP only).
func (s settings) mode(source model.PartyKind, p model.Protocol) mode {
	byConnect := p == model.TCP || p == model.UDP
	inPod, outside := source == model.PartyPod, source == model.PartyAddress
	switch {
	case outside && !s.KubeProxyReplacement:
		return modeKubeProxy
	case outside:
		return modeSocketLB
	case !s.KubeProxyReplacement && byConnect && s.On("bpf-lb-sock", false) && (!inPod || s.socketLBInPods()):
		return modeSocketLBBeside
	case !s.KubeProxyReplacement:
		return modeKubeProxy
	case byConnect && (!inPod || s.socketLBInPods()):
		return modeSocketLB
	}
	return modePerPacket
}

// perPacketToo says whether the pods' program translates what the socket load
// balancer has left alone. Source: bpf/bpf_lxc.c ENABLE_PER_PACKET_LB.
func (s settings) perPacketToo() bool {
	return !s.socketLBInPods() || s.sctp() || s.On("enable-envoy-config", false)
}

// bpfNodePort says whether Cilium's programs are built with NodePort support.
// Source: pkg/datapath/linux/config/config.go ENABLE_NODEPORT.
func (s settings) bpfNodePort() bool {
	return s.KubeProxyReplacement || s.On("enable-bpf-masquerade", false)
}

func (s settings) socketLBInPods() bool {
	return (s.KubeProxyReplacement || s.On("bpf-lb-sock", false)) && !s.SocketLBHostNamespaceOnly
}

// hostFirewall says whether policies for nodes are enforced.
func (s settings) hostFirewall() bool { return s.On("enable-host-firewall", false) }

// tunnelsToNodes: for the host firewall's sake, what pods send to other nodes
// takes the tunnel, and keeps its address and identity. Source:
// pkg/node/manager/manager.go nodeAddressHasTunnelIP.
func (s settings) tunnelsToNodes() bool {
	return s.hostFirewall() && s.RoutingMode == model.RoutingTunnel
}

func (s settings) sctp() bool { return s.On("enable-sctp", false) }

// routableWithoutEndpoints is false where Cilium hands on what it finds no
// backends for. The option is known from 1.19 on. Source: bpf/lib/lb.h
// handle_nonroutable_endpoints_v4.
func (s settings) routableWithoutEndpoints() bool {
	return !s.version.AtLeast(1, 19, 0) || s.On("enable-no-service-endpoints-routable", true)
}

// wildcardEntries says whether Cilium has an entry for port 0, without backends,
// beside those of a ClusterIP's or a load balancer address's ports: from 1.19 on.
// Source: pkg/loadbalancer/frontend.go IsWildcardCandidate,
// pkg/loadbalancer/reconciler/bpf_reconciler.go isWildcardClass.
func (s settings) wildcardEntries() bool {
	ipam := s.Options["default-lb-service-ipam"]
	return s.version.AtLeast(1, 19, 0) && s.On("bpf-lb-enable-wildcard-entries", true) && (ipam == "" || ipam == "lbipam")
}

// wildcardInPods says whether the pods' program looks such an entry up: only
// where it is built without NodePort support. Source: bpf/lib/lb.h
// lb4_lookup_service, bpf/bpf_lxc.c ENABLE_PER_PACKET_LB,
// pkg/datapath/linux/config/config.go ENABLE_NODEPORT.
func (s settings) wildcardInPods() bool {
	return s.wildcardEntries() && s.perPacketToo() && !s.bpfNodePort()
}
