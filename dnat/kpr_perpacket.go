package dnat

import (
	"fmt"
	"net/netip"

	"github.com/netsim-dev/netsim/model"
)

// serviceLoopback is the source address that a pod sees when it reaches itself
// through its own Service. Source: option ipv4-service-loopback-address.
const serviceLoopback = "169.254.42.1"

// perPacket answers for the load balancer in the pods' own BPF program, which
// translates each packet before it asks egress policy. Source: bpf/bpf_lxc.c
// __per_packet_lb_svc_xlate_4.
func perPacket(q *query) []Path {
	switch {
	case q.Port == nil:
		return q.undefinedPort()
	case q.ipModeProxy():
		return q.undeterminedOn(q.arriveAt(q.Source.Node), q.proxyModeWhy())
	}
	from := q.perPacketView()
	found := q.ciliumChoice(from)
	if len(found.backends) == 0 {
		subject := fmt.Sprintf("Service %s port %s %s", serviceRef(q.Service), portText(q.servicePort(), q.Protocol), found.none)
		return q.because(q.perPacketNoBackend(subject, from.local, q.node), found)
	}
	paths := make([]Path, 0, len(found.backends))
	for _, c := range found.backends {
		paths = append(paths, q.perPacketPath(c))
	}
	return paths
}

// perPacketView: beside kube-proxy the program is built without NodePort support
// and knows the outside's view of external frontends only, so that
// externalTrafficPolicy holds for pods too. Source: bpf/bpf_lxc.c
// lb4_lookup_service(&key, is_defined(ENABLE_NODEPORT)); seen on a live 1.19.4.
func (q *query) perPacketView() localView {
	if q.Frontend == model.FrontendClusterIP || q.settings.bpfNodePort() {
		return q.internal()
	}
	return q.external(q.Source.Node)
}

// perPacketExternalIP: with kube-proxy replaced, an external IP is translated at
// the pod unless its entry has two scopes.
func perPacketExternalIP(q *query) []Path {
	if q.oneScope() {
		return perPacket(q)
	}
	return whereItEnters(q)
}

// perPacketNodePort: up to 1.18 the pods' program knows the NodePorts of its own
// node only. Source: bpf/lib/lb.h lb4_lookup_wildcard_service, since 1.19.
func perPacketNodePort(q *query) []Path {
	party := q.frontendParty()
	switch {
	case party.Node == nil || party.Node.Name != q.node:
		return northSouth(q)
	case !q.listed():
		return q.onEach(q.entries(), q.unlisted)
	}
	return perPacket(q)
}

func (q *query) perPacketPath(c candidate) Path {
	t := Translation{By: ByCiliumBPF, Node: q.node, BeforeEgressPolicy: true}
	why := fmt.Sprintf("Cilium (BPF, on %s) translates %s %s to the backend's %s before egress policy, so %s",
		q.node, frontendNoun(q.Frontend), q.frontendText(), c.text(), q.policyMustAllow(c))
	return q.translatedPath(c, t, why, q.perPacketHairpin)
}

// perPacketHairpin is a pod that reaches itself through its own Service: the
// program gives the packet another source address and skips both policies.
// Source: bpf/bpf_lxc.c hairpin_flow, ct_state.loopback.
func (q *query) perPacketHairpin(path Path) Path {
	if q.Addr.Is6() && !q.settings.version.AtLeast(1, 20, 0) {
		return q.unknownBackend(*path.Backend, fmt.Sprintf(
			"netsim does not know whether Cilium %s carries a pod's IPv6 packets back to the pod itself", q.settings.CiliumVersion))
	}
	path.Translation.Masquerade = true
	if q.Addr.Is4() {
		path.Translation.SourceSeen = q.loopbackSource()
	}
	path.SkipPolicy = fmt.Sprintf("pod %s reaches itself through its own %s: Cilium asks neither policy", podRef(q.Source.Pod), q.ownFrontend())
	return path
}

func (q *query) loopbackSource() netip.Addr {
	if addr, err := netip.ParseAddr(q.settings.Options["ipv4-service-loopback-address"]); err == nil {
		return addr
	}
	return netip.MustParseAddr(serviceLoopback)
}

// perPacketNoBackend is the outcome where the program finds an entry without
// backends. The subject is what has none, as a clause. Source: bpf/bpf_lxc.c
// DROP_NO_SERVICE, bpf/lib/lb.h handle_nonroutable_endpoints_v4.
func (q *query) perPacketNoBackend(subject string, local bool, node string) []Path {
	routable := q.settings.routableWithoutEndpoints()
	reject := q.settings.Options["service-no-backend-response"] != "drop"
	switch {
	case !routable && !local:
		return q.denied(ByNone, subject+": with enable-no-service-endpoints-routable=false Cilium hands the packet on untranslated, and nobody has a backend for it", "")
	case routable && reject:
		sees, answer := q.rejectSeen()
		return q.denied(ByCiliumBPF, fmt.Sprintf("%s: Cilium (BPF, on %s) rejects the packet before any policy is asked, with %s", subject, node, answer), sees)
	}
	paths := q.denied(ByCiliumBPF, fmt.Sprintf("%s: Cilium (BPF, on %s) drops the packet before any policy is asked", subject, node), model.SeesTimeout)
	drop := model.DropServiceNoBackend
	paths[0].Service.DropReason = &drop
	return paths
}

// rejectSeen is what becomes of the ICMP port unreachable that the program
// answers with. 1.20.2 cut its sample of the packet (bpf/lib/icmp.h
// ICMP_PACKET_MAX_SAMPLE_SIZE) so short that an interface with checksum
// offload, the default, loses it; ICMPv6 kept its sample. What versions after
// 1.20 do is not known.
func (q *query) rejectSeen() (sees model.ClientSees, answer string) {
	v := q.settings.version
	switch {
	case !v.Known() || v.AtLeast(1, 21, 0):
		return "", "an ICMP port unreachable"
	case q.Addr.Is4() && v.AtLeast(1, 20, 2):
		return model.SeesTimeout, "an ICMP port unreachable that gets lost on its way to the client in this version"
	}
	return model.SeesRefused, "an ICMP port unreachable"
}

// undefinedPort answers for a port that the Service does not have. Nothing ever
// answers there; what differs is whether egress policy is asked first.
func (q *query) undefinedPort() []Path {
	subject := fmt.Sprintf("Service %s has no port %s", serviceRef(q.Service), portText(q.PortNumber, q.Protocol))
	var paths []Path
	switch {
	case !q.settings.version.Known():
		paths = q.denied(ByNone, subject+", and no version of Cilium finds a backend for it", "")
	case q.Source.Kind == model.PartyPod && q.settings.wildcardInPods():
		paths = q.perPacketNoBackend(subject, q.Service.InternalTrafficLocal, q.node)
	default:
		paths = q.lost(fmt.Sprintf("%s: nothing translates %s%s, and nobody answers", subject, q.frontendText(), q.egressSeesIt()))
	}
	for i := range paths {
		paths[i].Hint = q.portHint()
	}
	return paths
}
