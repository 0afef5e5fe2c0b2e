package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/netsim-dev/netsim/model"
)

// service is a Service with what it asks of address families.
type service struct {
	*model.Service
	doc    *document
	policy corev1.IPFamilyPolicy
}

func readService(d *document) any {
	var in corev1.Service
	if !d.decode(&in) {
		return nil
	}
	spec := &in.Spec
	d.serviceEnums(spec)
	s := &model.Service{
		Origin: d.origin, Namespace: d.meta.Namespace, Name: d.meta.Name, Labels: model.Labels(d.meta.Labels),
		Type: cmp.Or(string(spec.Type), model.ClusterIPService), Selector: d.labels("spec.selector", spec.Selector),
		Ports: d.servicePorts(spec), ExternalName: spec.ExternalName,
		ExternalIPs:          d.addrs("spec.externalIPs", spec.ExternalIPs),
		InternalTrafficLocal: spec.InternalTrafficPolicy != nil && *spec.InternalTrafficPolicy == corev1.ServiceInternalTrafficPolicyLocal,
		ExternalTrafficLocal: spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal,
		TrafficDistribution:  deref(spec.TrafficDistribution),
		TopologyMode:         topologyMode(in.Annotations),
		SourceRanges:         d.prefixes("spec.loadBalancerSourceRanges", spec.LoadBalancerSourceRanges),
		PublishNotReady:      spec.PublishNotReadyAddresses,
		SessionAffinity:      spec.SessionAffinity == corev1.ServiceAffinityClientIP,
		HealthCheckNodePort:  d.optionalPort("spec.healthCheckNodePort", spec.HealthCheckNodePort),
		NoNodePorts:          spec.AllocateLoadBalancerNodePorts != nil && !*spec.AllocateLoadBalancerNodePorts,
		CiliumAnnotations:    ciliumAnnotations(in.Annotations),
		Assigned:             model.Assigned{},
	}
	if len(s.Selector) == 0 {
		s.Selector = nil
	}
	if d.patchAlone(s) {
		return nil
	}
	d.serviceAddresses(s, spec)
	d.loadBalancer(s, &in)
	d.warnUnrendered()
	out := &service{Service: s, doc: d, policy: corev1.IPFamilyPolicySingleStack}
	if spec.IPFamilyPolicy != nil {
		out.policy = *spec.IPFamilyPolicy
	}
	return out
}

// ciliumAnnotations are those by which Cilium serves a Service otherwise than
// Kubernetes says, by their names without the prefix.
func ciliumAnnotations(all map[string]string) map[string]string {
	var found map[string]string
	for key, value := range all {
		if name, ok := strings.CutPrefix(key, "service.cilium.io/"); ok {
			if found == nil {
				found = map[string]string{}
			}
			found[name] = value
		}
	}
	return found
}

// topologyMode reads the annotation as the EndpointSlice controller and Cilium
// do. Source: cilium v1.20.2 pkg/loadbalancer/reflectors/conversions.go
// getAnnotationTopologyAwareHints.
func topologyMode(annotations map[string]string) bool {
	value, given := annotations[corev1.DeprecatedAnnotationTopologyAwareHints]
	if !given {
		value = annotations[corev1.AnnotationTopologyMode]
	}
	return value != "" && !strings.EqualFold(value, "disabled")
}

// serviceEnums checks the fields that have a few values only.
func (d *document) serviceEnums(spec *corev1.ServiceSpec) {
	d.oneOf("spec.type", string(spec.Type), model.ClusterIPService, model.NodePortService, model.LoadBalancerService, model.ExternalNameService)
	d.oneOf("spec.externalTrafficPolicy", string(spec.ExternalTrafficPolicy), "Cluster", "Local")
	d.oneOf("spec.sessionAffinity", string(spec.SessionAffinity), "None", "ClientIP")
	if spec.InternalTrafficPolicy != nil {
		d.oneOf("spec.internalTrafficPolicy", string(*spec.InternalTrafficPolicy), "Cluster", "Local")
	}
	if spec.IPFamilyPolicy != nil {
		d.oneOf("spec.ipFamilyPolicy", string(*spec.IPFamilyPolicy), "SingleStack", "PreferDualStack", "RequireDualStack")
	}
	d.oneOf("spec.trafficDistribution", deref(spec.TrafficDistribution), "PreferClose", "PreferSameZone", "PreferSameNode")
	for i, family := range spec.IPFamilies {
		d.oneOf(index("spec.ipFamilies", i), string(family), "IPv4", "IPv6")
	}
}

func (d *document) serviceAddresses(s *model.Service, spec *corev1.ServiceSpec) {
	for _, family := range spec.IPFamilies {
		s.IPFamilies = append(s.IPFamilies, string(family))
	}
	if s.Type == model.ExternalNameService {
		if spec.ExternalName == "" {
			d.reject(problem{"spec", "the external name is missing", "set spec.externalName"})
		}
		return
	}
	at, given := "spec.clusterIPs", spec.ClusterIPs
	if len(given) == 0 && spec.ClusterIP != "" {
		at, given = "spec.clusterIP", []string{spec.ClusterIP}
	}
	if s.Headless = slices.Contains(given, corev1.ClusterIPNone); s.Headless {
		if s.Type != model.ClusterIPService {
			d.reject(problem{at, "a Service of type " + s.Type + " cannot be headless", "remove clusterIP: None"})
		}
		return
	}
	s.ClusterIPs = d.addrs(at, given)
}

func (d *document) servicePorts(spec *corev1.ServiceSpec) []model.ServicePort {
	if len(spec.Ports) == 0 && spec.ClusterIP != corev1.ClusterIPNone && spec.Type != corev1.ServiceTypeExternalName {
		d.reject(problem{"spec.ports", "a Service needs a port, and has none", "add one, or set clusterIP: None"})
	}
	var ports []model.ServicePort
	for i, p := range spec.Ports {
		at := index("spec.ports", i)
		port := model.ServicePort{
			Name: p.Name, Protocol: d.protocol(at+".protocol", p.Protocol),
			Port: d.port(at+".port", p.Port), NodePort: d.optionalPort(at+".nodePort", p.NodePort),
			TargetPort: d.targetPort(at+".targetPort", p),
		}
		port.AppProtocol = deref(p.AppProtocol)
		d.servicePortName(at, p.Name, len(spec.Ports) > 1)
		d.servicePortTwice(at, port, ports)
		ports = append(ports, port)
	}
	return ports
}

func (d *document) servicePortName(at, name string, needed bool) {
	if name == "" {
		if needed {
			d.reject(problem{at, "the name is missing: where there are several ports each needs one", "set " + at + ".name"})
		}
		return
	}
	if wrong := validation.IsDNS1123Label(name); len(wrong) > 0 {
		d.reject(problem{at + ".name", quoted(name) + " is not valid: " + wrong[0], "choose a valid name"})
	}
}

func (d *document) servicePortTwice(at string, port model.ServicePort, others []model.ServicePort) {
	for _, other := range others {
		if port.Name != "" && other.Name == port.Name {
			d.reject(problem{at + ".name", quoted(port.Name) + " is there a second time", "give each port a name of its own"})
		}
		if other.Port == port.Port && other.Protocol == port.Protocol {
			d.reject(problem{at + ".port", fmt.Sprintf("%d/%s is there a second time", port.Port, port.Protocol), "remove one of them"})
		}
	}
}

// targetPort is the port itself where none is given.
func (d *document) targetPort(at string, p corev1.ServicePort) model.TargetPort {
	switch {
	case p.TargetPort.Type == intstr.Int && p.TargetPort.IntVal == 0, p.TargetPort == intstr.FromString(""):
		return model.TargetPort{Number: uint16(p.Port)}
	case p.TargetPort.Type == intstr.Int:
		return model.TargetPort{Number: d.port(at, p.TargetPort.IntVal)}
	}
	name := p.TargetPort.StrVal
	if wrong := validation.IsValidPortName(name); len(wrong) > 0 {
		d.reject(problem{at, quoted(name) + " is not valid: " + wrong[0], "write a container port's name, or a number without quotes"})
	}
	return model.TargetPort{Name: name}
}

// loadBalancer reads the addresses that a load balancer gave, or that the spec
// asks one for.
func (d *document) loadBalancer(s *model.Service, in *corev1.Service) {
	if s.Type != model.LoadBalancerService {
		return
	}
	for i, ingress := range in.Status.LoadBalancer.Ingress {
		if ingress.IP == "" {
			continue
		}
		addr := d.addr(index("status.loadBalancer.ingress", i)+".ip", ingress.IP)
		proxy := ingress.IPMode != nil && *ingress.IPMode == corev1.LoadBalancerIPModeProxy
		s.LoadBalancerIPs = append(s.LoadBalancerIPs, model.LoadBalancerIP{Addr: addr, Proxy: proxy})
	}
	if wanted := strings.TrimSpace(in.Spec.LoadBalancerIP); len(s.LoadBalancerIPs) == 0 && wanted != "" {
		s.LoadBalancerIPs = []model.LoadBalancerIP{{Addr: d.addr("spec.loadBalancerIP", wanted)}}
		s.Assigned["loadBalancerIP"] = true
	}
}
