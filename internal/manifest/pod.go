package manifest

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/netsim-dev/netsim/model"
)

// pod is a pod with what is needed to give it an owner, a node and an address.
type pod struct {
	*model.Pod
	doc        *document
	controller *metav1.OwnerReference
	// scheduling is as much of the pod's spec as the scheduler reads here.
	scheduling *corev1.PodSpec
	// spread says how far from the workload's first node this pod goes.
	spread int
	// stuck is true where the cluster itself says that no node takes the pod.
	stuck bool
	// hostIPs are its node's addresses, as its status gives them.
	hostIPs []netip.Addr
}

func readPod(d *document) any {
	var in corev1.Pod
	if !d.decode(&in) {
		return nil
	}
	p := d.podOf(&in.Spec, "spec")
	p.Namespace, p.Name, p.Labels = d.meta.Namespace, d.meta.Name, model.Labels(d.meta.Labels)
	p.Terminating = d.meta.DeletionTimestamp != nil
	p.Finished = in.Status.Phase == corev1.PodSucceeded || in.Status.Phase == corev1.PodFailed
	p.Ready = len(in.Status.Conditions) == 0 || conditionIs(&in.Status, corev1.PodReady, corev1.ConditionTrue)
	p.ReadyGiven = slices.ContainsFunc(in.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady })
	p.Needs = readyNeeds(d.meta.Annotations)
	p.stuck = conditionIs(&in.Status, corev1.PodScheduled, corev1.ConditionFalse)
	p.IPs = d.podIPs(&in.Status)
	p.hostIPs = d.hostIPs(&in.Status)
	p.controller = d.meta.controller()
	if p.Finished {
		p.IPs = nil
	}
	return p
}

// podOf reads a pod's spec, a pod's own or a template's.
func (d *document) podOf(spec *corev1.PodSpec, at string) *pod {
	if len(spec.Containers) == 0 {
		d.reject(problem{at + ".containers", "a pod needs a container, and has none", "add one with a name and an image"})
	}
	return &pod{
		Pod: &model.Pod{
			Origin:         d.origin,
			Inferred:       d.inferred,
			ServiceAccount: cmp.Or(cmp.Or(spec.ServiceAccountName, spec.DeprecatedServiceAccount), "default"),
			Node:           spec.NodeName, HostNetwork: spec.HostNetwork,
			Ports: d.podPorts(spec, at), Probes: probes(spec), Assigned: model.Assigned{},
		},
		doc: d, scheduling: &corev1.PodSpec{NodeSelector: spec.NodeSelector, Tolerations: spec.Tolerations},
	}
}

func conditionIs(status *corev1.PodStatus, wanted corev1.PodConditionType, is corev1.ConditionStatus) bool {
	for _, c := range status.Conditions {
		if c.Type == wanted {
			return c.Status == is
		}
	}
	return false
}

func (d *document) podIPs(status *corev1.PodStatus) []netip.Addr {
	var texts []string
	for _, ip := range status.PodIPs {
		texts = append(texts, ip.IP)
	}
	if len(texts) == 0 && status.PodIP != "" {
		return d.addrs("status.podIP", []string{status.PodIP})
	}
	return d.addrs("status.podIPs", texts)
}

func (d *document) hostIPs(status *corev1.PodStatus) []netip.Addr {
	var texts []string
	for _, ip := range status.HostIPs {
		texts = append(texts, ip.IP)
	}
	if len(texts) == 0 && status.HostIP != "" {
		texts = []string{status.HostIP}
	}
	return d.addrs("status.hostIPs", texts)
}

// podPorts lists the ports in the order in which named ports are looked up:
// containers, then restartable init containers.
// Source: k8s.io/kubernetes v1.36 pkg/api/v1/pod FindPort.
func (d *document) podPorts(spec *corev1.PodSpec, at string) []model.ContainerPort {
	var ports []model.ContainerPort
	names := map[string]bool{}
	for i, c := range spec.Containers {
		ports = append(ports, d.containerPorts(&c, index(at+".containers", i), names)...)
	}
	for i, c := range spec.InitContainers {
		own := d.containerPorts(&c, index(at+".initContainers", i), names)
		if c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways {
			continue
		}
		for _, port := range own {
			port.Init = true
			ports = append(ports, port)
		}
	}
	return ports
}

// containerPorts checks a container's name and ports; names holds those of the
// pod's containers so far.
func (d *document) containerPorts(c *corev1.Container, at string, names map[string]bool) []model.ContainerPort {
	if wrong := validation.IsDNS1123Label(c.Name); len(wrong) > 0 {
		d.reject(problem{at + ".name", quoted(c.Name) + " is not valid: " + wrong[0], "give the container a name"})
	} else if names[c.Name] {
		d.reject(problem{at + ".name", quoted(c.Name) + " is there a second time", "give each container a name of its own"})
	}
	names[c.Name] = true
	var ports []model.ContainerPort
	var portNames []string
	for i, p := range c.Ports {
		at := index(at+".ports", i)
		d.portName(at+".name", p.Name, portNames)
		portNames = append(portNames, p.Name)
		ports = append(ports, d.containerPort(&p, at, c.Name))
	}
	return ports
}

func (d *document) containerPort(p *corev1.ContainerPort, at, container string) model.ContainerPort {
	out := model.ContainerPort{
		Name: p.Name, Container: container,
		Port:     d.port(at+".containerPort", p.ContainerPort),
		HostPort: d.optionalPort(at+".hostPort", p.HostPort),
		Protocol: d.protocol(at+".protocol", p.Protocol),
	}
	if p.HostIP != "" {
		out.HostIP = d.addr(at+".hostIP", p.HostIP)
	}
	return out
}

// portName checks the name of a container's port, "" if it has none.
func (d *document) portName(at, name string, others []string) {
	if name == "" {
		return
	}
	if wrong := validation.IsValidPortName(name); len(wrong) > 0 {
		d.reject(problem{at, quoted(name) + " is not valid: " + wrong[0], "write a name of at most 15 lower-case letters, digits and dashes"})
	}
	if slices.Contains(others, name) {
		d.reject(problem{at, quoted(name) + " is there a second time", "give each port a name of its own"})
	}
}
