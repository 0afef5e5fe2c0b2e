package kubeproxy

import (
	"net/netip"

	v1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/netsim-dev/netsim/model"
)

// affinitySeconds is what the API server fills in for sessionAffinity ClientIP.
const affinitySeconds = int32(10800)

// apiService is a Service as the API server would hand it to kube-proxy.
func apiService(s *model.Service) *v1.Service {
	service := &v1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name, Labels: s.Labels},
		Spec: v1.ServiceSpec{
			Type: v1.ServiceType(s.Type), Selector: s.Selector, ExternalName: s.ExternalName,
			ClusterIPs: texts(s.ClusterIPs), ExternalIPs: texts(s.ExternalIPs),
			LoadBalancerSourceRanges:      texts(s.SourceRanges),
			InternalTrafficPolicy:         new(v1.ServiceInternalTrafficPolicy(policyName(s.InternalTrafficLocal))),
			ExternalTrafficPolicy:         v1.ServiceExternalTrafficPolicy(policyName(s.ExternalTrafficLocal)),
			HealthCheckNodePort:           int32(s.HealthCheckNodePort),
			PublishNotReadyAddresses:      s.PublishNotReady,
			AllocateLoadBalancerNodePorts: new(!s.NoNodePorts),
			SessionAffinity:               v1.ServiceAffinityNone,
		},
	}
	if s.Headless {
		service.Spec.ClusterIPs = []string{v1.ClusterIPNone}
	}
	if len(service.Spec.ClusterIPs) > 0 {
		service.Spec.ClusterIP = service.Spec.ClusterIPs[0]
	}
	if s.SessionAffinity {
		service.Spec.SessionAffinity = v1.ServiceAffinityClientIP
		service.Spec.SessionAffinityConfig = &v1.SessionAffinityConfig{ClientIP: &v1.ClientIPConfig{TimeoutSeconds: new(affinitySeconds)}}
	}
	for _, family := range s.IPFamilies {
		service.Spec.IPFamilies = append(service.Spec.IPFamilies, v1.IPFamily(family))
	}
	for _, port := range s.Ports {
		service.Spec.Ports = append(service.Spec.Ports, apiPort(port))
	}
	for _, ip := range s.LoadBalancerIPs {
		service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, apiIngress(ip))
	}
	return service
}

func apiPort(p model.ServicePort) v1.ServicePort {
	target := intstr.FromInt32(int32(p.TargetPort.Number))
	if p.TargetPort.Name != "" {
		target = intstr.FromString(p.TargetPort.Name)
	}
	return v1.ServicePort{
		Name: p.Name, Protocol: v1.Protocol(p.Protocol), Port: int32(p.Port), NodePort: int32(p.NodePort), TargetPort: target,
	}
}

func apiIngress(ip model.LoadBalancerIP) v1.LoadBalancerIngress {
	mode := v1.LoadBalancerIPModeVIP
	if ip.Proxy {
		mode = v1.LoadBalancerIPModeProxy
	}
	return v1.LoadBalancerIngress{IP: ip.Addr.String(), IPMode: &mode}
}

func policyName(local bool) string {
	if local {
		return string(v1.ServiceExternalTrafficPolicyLocal)
	}
	return string(v1.ServiceExternalTrafficPolicyCluster)
}

// apiSlice is an EndpointSlice as the API server would hand it to kube-proxy. A
// slice has one family: that of its endpoints, or of is6 where it has none.
func apiSlice(s *model.EndpointSlice, is6 bool) *discovery.EndpointSlice {
	slice := &discovery.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: s.Name, Labels: map[string]string{discovery.LabelServiceName: s.Service},
		},
		AddressType: discovery.AddressTypeIPv4,
	}
	if len(s.Endpoints) > 0 {
		is6 = s.Endpoints[0].Addr.Is6()
	}
	if is6 {
		slice.AddressType = discovery.AddressTypeIPv6
	}
	for _, p := range s.Ports {
		slice.Ports = append(slice.Ports, discovery.EndpointPort{
			Name: new(p.Name), Port: new(int32(p.Port)), Protocol: new(v1.Protocol(p.Protocol)),
		})
	}
	for _, e := range s.Endpoints {
		slice.Endpoints = append(slice.Endpoints, apiEndpoint(e))
	}
	return slice
}

func apiEndpoint(e model.Endpoint) discovery.Endpoint {
	endpoint := discovery.Endpoint{
		Addresses:  []string{e.Addr.String()},
		Conditions: discovery.EndpointConditions{Ready: &e.Ready, Serving: &e.Serving, Terminating: &e.Terminating},
	}
	if e.Node != "" {
		endpoint.NodeName = &e.Node
	}
	if e.Zone != "" {
		endpoint.Zone = &e.Zone
	}
	if len(e.HintZones)+len(e.HintNodes) > 0 {
		endpoint.Hints = &discovery.EndpointHints{}
	}
	for _, zone := range e.HintZones {
		endpoint.Hints.ForZones = append(endpoint.Hints.ForZones, discovery.ForZone{Name: zone})
	}
	for _, node := range e.HintNodes {
		endpoint.Hints.ForNodes = append(endpoint.Hints.ForNodes, discovery.ForNode{Name: node})
	}
	return endpoint
}

func texts[T netip.Addr | netip.Prefix](all []T) []string {
	var found []string
	for _, one := range all {
		found = append(found, any(one).(interface{ String() string }).String())
	}
	return found
}
