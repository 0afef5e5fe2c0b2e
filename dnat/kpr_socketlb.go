package dnat

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// socketLB answers for Cilium's socket load balancer, which puts the backend's
// address in the place of the frontend's when the client calls connect() or
// sendmsg(): no packet ever carries the frontend. It knows ClusterIPs, load
// balancer addresses and the NodePorts of every node. Source: bpf/bpf_sock.c
// __sock4_xlate_fwd, sock4_wildcard_lookup_full.
func socketLB(q *query) []Path {
	switch {
	case q.Port == nil:
		return q.undefinedPort()
	case q.ipModeProxy():
		return q.undeterminedOn(q.arriveAt(q.Source.Node), q.proxyModeWhy())
	}
	found := q.ciliumChoice(q.internal())
	if len(found.backends) == 0 {
		return q.because(q.socketLBNoBackend(found.none), found)
	}
	paths := make([]Path, 0, len(found.backends))
	for _, c := range found.backends {
		paths = append(paths, q.socketLBPath(c))
	}
	return paths
}

func (q *query) socketLBPath(c candidate) Path {
	t := Translation{By: BySocketLB, Node: q.node, BeforeEgressPolicy: true}
	why := fmt.Sprintf("Cilium's socket load balancer (on %s) turns %s %s into the backend's %s when the client connects",
		q.node, frontendNoun(q.Frontend), q.frontendText(), c.text())
	if q.Source.Kind == model.PartyPod {
		why += ", before egress policy, so " + q.policyMustAllow(c)
	}
	return q.translatedPath(c, t, why, q.socketLBHairpin)
}

// socketLBHairpin is a pod that connects to itself: with the frontend replaced
// the kernel delivers the packet inside the pod.
func (q *query) socketLBHairpin(path Path) Path {
	path.Translation.SourceSeen = path.Backend.Party.Addr
	path.SkipPolicy = fmt.Sprintf("pod %s reaches itself through its own %s: the packet never leaves the pod, so no policy sees it", podRef(q.Source.Pod), q.ownFrontend())
	return path
}

// ownFrontend is by what a pod reaches itself.
func (q *query) ownFrontend() string {
	if q.Frontend == model.FrontendHostPort {
		return "hostPort"
	}
	return "Service"
}

func (q *query) socketLBNoBackend(none string) []Path {
	subject := fmt.Sprintf("Service %s port %s %s", serviceRef(q.Service), portText(q.servicePort(), q.Protocol), none)
	if !q.settings.routableWithoutEndpoints() && !q.Service.InternalTrafficLocal {
		paths := q.denied(ByNone, subject+": with enable-no-service-endpoints-routable=false Cilium leaves the frontend's address as it is, and nobody has a backend for it", "")
		paths[0].Egress = q.egressToFrontend()
		return paths
	}
	return q.denied(BySocketLB, subject+": Cilium's socket load balancer fails the client's connect() with EHOSTUNREACH, and no policy is asked", model.SeesUnreachable)
}

// socketLBExternalIP: the socket load balancer leaves an external IP alone that
// the client's own node does not have, or anybody could redirect the traffic to
// any address by a Service; disable-external-ip-mitigation takes that guard away,
// and an entry without backends fails before it. Source: bpf/bpf_sock.c
// __sock4_xlate_fwd, sock4_skip_xlate.
func socketLBExternalIP(q *query) []Path {
	return q.externalIPOr(whereItEnters)
}

// whereItEnters answers for an external IP that Cilium, in kube-proxy's place,
// leaves alone until it enters by some node. A kube-proxy that runs all the same
// has rules for it on the client's own node, which its packets meet unless
// Cilium's host routing bypasses them (pkg/option/config.go
// EnableHostLegacyRouting).
func whereItEnters(q *query) []Path {
	if mode := q.settings.KubeProxyMode; mode != "" && mode != model.KubeProxyNone {
		return q.undeterminedOn(q.arriveAt(q.Source.Node), fmt.Sprintf(
			"Cilium leaves external IP %s alone at the client, and kube-proxy, which runs beside it on %s, may translate it there: netsim does not model the two together", q.Addr, q.node))
	}
	return northSouth(q)
}

// socketLBBesideExternalIP is the same beside kube-proxy, which translates what
// is left alone.
func socketLBBesideExternalIP(q *query) []Path { return q.externalIPOr(kubeProxy) }

func (q *query) externalIPOr(leftAlone func(*query) []Path) []Path {
	own := q.frontendParty()
	guarded := own.Kind != model.PartyNode || own.Node.Name != q.node
	switch {
	case q.oneScope() && (!guarded || q.settings.On("disable-external-ip-mitigation", false)):
		return socketLB(q)
	case q.oneScope() && q.Port != nil && len(q.ciliumChoice(q.internal()).backends) == 0:
		return socketLB(q)
	case q.Source.Kind == model.PartyPod && q.settings.perPacketToo() && q.oneScope():
		return perPacket(q)
	}
	return leftAlone(q)
}

// oneScope is false for an external IP whose Service has different traffic
// policies inside and outside: Cilium looks for an internal entry then, and
// external IPs have none. Source: bpf/lib/lb.h lb4_lookup_service,
// pkg/loadbalancer/writer/writer.go.
func (q *query) oneScope() bool {
	return q.Frontend != model.FrontendExternalIP || q.Service.InternalTrafficLocal == q.Service.ExternalTrafficLocal
}
