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

// mode decides who translates for a pod. Source: pkg/kpr/kpr.go (KPR forces the
// socket load balancer), bpf/bpf_sock.c sock_proto_enabled (TCP and UDP only).
func (s settings) mode(p model.Protocol) mode {
	switch {
	case s.socketLBInPods() && (p == model.TCP || p == model.UDP):
		return modeSocketLB
	case s.KubeProxyReplacement:
		return modePerPacket
	}
	return modeKubeProxy
}

func (s settings) socketLBInPods() bool {
	return (s.KubeProxyReplacement || s.On("bpf-lb-sock", false)) && !s.SocketLBHostNamespaceOnly
}

func (s settings) sctp() bool { return s.On("enable-sctp", false) }

// wildcardEntries says whether the pods' program answers for every port of a
// ClusterIP, defined or not: an entry for port 0 without backends exists from
// 1.19 on, and is looked up only where the program is built without NodePort
// support. Source: pkg/loadbalancer/frontend.go IsWildcardCandidate,
// bpf/lib/lb.h lb4_lookup_service, bpf/bpf_lxc.c ENABLE_PER_PACKET_LB,
// pkg/datapath/linux/config/config.go ENABLE_NODEPORT.
func (s settings) wildcardEntries() bool {
	perPacket := !s.socketLBInPods() || s.sctp() || s.On("enable-envoy-config", false)
	nodePort := s.KubeProxyReplacement || s.On("enable-bpf-masquerade", false)
	ipam := s.Options["default-lb-service-ipam"]
	return s.version.AtLeast(1, 19, 0) && perPacket && !nodePort &&
		s.On("bpf-lb-enable-wildcard-entries", true) && (ipam == "" || ipam == "lbipam")
}
