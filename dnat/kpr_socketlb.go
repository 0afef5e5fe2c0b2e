package dnat

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// socketLBClusterIP answers for Cilium's socket load balancer, which puts the
// backend's address in the place of the ClusterIP when the client calls
// connect() or sendmsg(): no packet ever carries the ClusterIP. Source:
// bpf/bpf_sock.c __sock4_xlate_fwd.
func socketLBClusterIP(q *query) []Path {
	if q.Port == nil {
		return q.undefinedPort()
	}
	found := q.ciliumChoice()
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
	why := fmt.Sprintf("Cilium's socket load balancer (on %s) turns ClusterIP %s into the backend's %s when the client connects, before egress policy, so %s",
		q.node, q.frontendText(), c.text(), q.policyMustAllow(c))
	return q.clusterIPPath(c, t, why, q.socketLBHairpin)
}

// socketLBHairpin is a pod that connects to itself: with the ClusterIP replaced
// the kernel delivers the packet inside the pod.
func (q *query) socketLBHairpin(path Path) Path {
	path.Translation.SourceSeen = path.Backend.Party.Addr
	path.SkipPolicy = fmt.Sprintf("pod %s reaches itself through its own Service: the packet never leaves the pod, so no policy sees it", podRef(q.Source.Pod))
	return path
}

func (q *query) socketLBNoBackend(none string) []Path {
	subject := fmt.Sprintf("Service %s port %s %s", serviceRef(q.Service), portText(q.PortNumber, q.Protocol), none)
	if !q.settings.On("enable-no-service-endpoints-routable", true) && !q.Service.InternalTrafficLocal {
		return q.undetermined(subject + ": with enable-no-service-endpoints-routable=false Cilium leaves the ClusterIP as it is, and netsim does not model what follows")
	}
	return q.denied(BySocketLB, subject+": Cilium's socket load balancer fails the client's connect() with EHOSTUNREACH, and no policy is asked", model.SeesUnreachable)
}
