package manifest

import (
	"math"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netsim-dev/netsim/model"
)

// probes are the checks over the network that a pod must pass to become ready:
// the readiness and startup probes of its containers, and of its restartable init
// containers. One to another host than the pod says nothing of policies for it and
// is left out. Source: k8s.io/kubernetes v1.36 pkg/kubelet/prober/prober.go.
func probes(spec *corev1.PodSpec) []model.Probe {
	var list []model.Probe
	for i := range spec.Containers {
		list = append(list, containerProbes(&spec.Containers[i])...)
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			list = append(list, containerProbes(c)...)
		}
	}
	return list
}

func containerProbes(c *corev1.Container) []model.Probe {
	var list []model.Probe
	for _, p := range []struct {
		field string
		probe *corev1.Probe
	}{{"readinessProbe", c.ReadinessProbe}, {"startupProbe", c.StartupProbe}} {
		if p.probe == nil {
			continue
		}
		handler, port := probed(p.probe, c)
		if port != 0 {
			list = append(list, model.Probe{Field: p.field, Handler: handler, Port: port, Container: c.Name})
		}
	}
	return list
}

// probed is the port that a probe connects to; 0 for none at the pod.
func probed(p *corev1.Probe, c *corev1.Container) (handler string, port uint16) {
	switch {
	case p.HTTPGet != nil && p.HTTPGet.Host == "":
		return "httpGet", probePort(p.HTTPGet.Port, c)
	case p.TCPSocket != nil && p.TCPSocket.Host == "":
		return "tcpSocket", probePort(p.TCPSocket.Port, c)
	case p.GRPC != nil:
		return "grpc", probePort(intstr.FromInt32(p.GRPC.Port), c)
	default:
		return "", 0
	}
}

// probePort is a number, or the container's own port of a name. Source:
// k8s.io/kubernetes v1.36 pkg/probe/util.go ResolveContainerPort.
func probePort(p intstr.IntOrString, c *corev1.Container) uint16 {
	number := p.IntVal
	if p.Type == intstr.String {
		for _, port := range c.Ports {
			if port.Name == p.StrVal {
				number = port.ContainerPort
			}
		}
	}
	if number < 1 || number > math.MaxUint16 {
		return 0
	}
	return uint16(number)
}

// readyNeeds are the references that the annotation lists.
func readyNeeds(annotations map[string]string) []string {
	var list []string
	for _, ref := range strings.Split(annotations[model.ReadyNeeds], ",") {
		if ref = strings.TrimSpace(ref); ref != "" {
			list = append(list, ref)
		}
	}
	return list
}
