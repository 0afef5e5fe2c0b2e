package dnat

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// healthCheck answers for a healthCheckNodePort on a node's address: kube-proxy
// answers there, or Cilium in its place, and no policy of a pod is asked. Nil for
// all other destinations. Source: k8s.io/kubernetes v1.37.2
// pkg/proxy/healthcheck/service_health.go.
func (q *query) healthCheck(path Path) []Path {
	if q.Destination.Kind != model.PartyNode || q.Protocol != model.TCP {
		return nil
	}
	for _, svc := range q.ix.Cluster.Services {
		if svc.HealthCheckNodePort == 0 || svc.HealthCheckNodePort != q.PortNumber {
			continue
		}
		kp := *q
		kp.byKubeProxy = !q.settings.KubeProxyReplacement
		if why := kp.unheardHealthCheck(svc); why != "" {
			return kp.deniedOn(kp.arriveAt(q.Destination.Node), ByNone, why, model.SeesRefused)
		}
		path.Service = q.step(model.Allowed, kp.healthCheckWhy(svc))
		return []Path{path}
	}
	return nil
}

func (q *query) healthCheckWhy(svc *model.Service) string {
	subject := healthCheckSubject(svc)
	ready := q.readyOn(q.Destination.Node, svc)
	if ready == 0 {
		return fmt.Sprintf("%s: it answers 503, since %s has no ready endpoint", subject, q.Destination.Node.Name)
	}
	return fmt.Sprintf("%s: it answers 200, since %s has %s", subject, q.Destination.Node.Name, count(ready, "ready endpoint"))
}

func healthCheckSubject(svc *model.Service) string {
	return fmt.Sprintf("port %d is the healthCheckNodePort of Service %s", svc.HealthCheckNodePort, serviceRef(svc))
}

// unheardHealthCheck: kube-proxy listens for each family by itself, where it
// serves NodePorts.
func (q *query) unheardHealthCheck(svc *model.Service) (why string) {
	known := q.settings.KubeProxyMode == model.KubeProxyIPTables || q.settings.KubeProxyMode == model.KubeProxyNFTables
	subject := healthCheckSubject(svc)
	switch {
	case !q.byKubeProxy || !known:
		return ""
	case !q.proxied(svc):
		return fmt.Sprintf("%s, which has no %s ClusterIP: kube-proxy does not listen on %s for it", subject, family(q.Addr), q.Addr)
	case !within(q.nodePortRanges(q.Destination.Node), q.Addr):
		return fmt.Sprintf("%s, and kube-proxy listens for it where it serves NodePorts, which is not on %s", subject, q.Addr)
	}
	return ""
}
