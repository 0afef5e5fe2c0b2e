package kubeproxy_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// The laboratory's nodes, with their zones.
var (
	labNodes = []string{"n1", "n2", "n3"}
	labZones = map[string]string{"n1": "east", "n2": "west", "n3": "west"}
)

// labPods are the laboratory's pods, each with its node.
var labPods = []struct{ name, node string }{{"a", "n1"}, {"b1", "n1"}, {"c1", "n1"}, {"b2", "n2"}, {"d", "n3"}}

// Where the addresses of Services begin: those of the i-th end in i+1.
var (
	clusterIPs  = addrs("10.96.0.0", "fd00:10:96::")
	externalIPs = addrs("198.51.100.0", "2001:db8:e::")
	balancerIPs = addrs("198.51.101.0", "2001:db8:f::")
)

// The ports of the i-th Service are these plus i, since some share an address.
const (
	servicePort     = 1000
	nodePortTCP     = 30000
	nodePortUDP     = 31000
	healthCheckPort = 32000
)

const (
	targetPort = 8080
	// undefinedPort is a port that no Service has.
	undefinedPort = 999
)

func addrs(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// offset moves addresses on by n.
func offset(from []netip.Addr, n int) []netip.Addr {
	moved := slices.Clone(from)
	for i := range moved {
		moved[i] = nth(moved[i], n)
	}
	return moved
}

// labCluster is the cluster in which given Services live.
func labCluster(shown []exhibit) *model.Cluster {
	c := &model.Cluster{}
	for _, name := range labNodes {
		c.Nodes = append(c.Nodes, labNode(name))
	}
	for i, p := range labPods {
		pod := &model.Pod{Namespace: "lab", Name: p.name, Node: p.node, Ready: true}
		pod.IPs = offset(gateways(labNode(p.node)), 1+i)
		c.Pods = append(c.Pods, pod)
	}
	for i, e := range shown {
		c.Services = append(c.Services, e.makeService(i))
		c.EndpointSlices = append(c.EndpointSlices, e.makeSlices(c)...)
	}
	return c
}

func labNode(name string) *model.Node {
	i := 1 + slices.Index(labNodes, name)
	return &model.Node{
		Name:        name,
		Labels:      model.Labels{"topology.kubernetes.io/zone": labZones[name]},
		InternalIPs: addrs(fmt.Sprintf("192.168.50.1%d", i), fmt.Sprintf("fd00:50::1%d", i)),
		ExternalIPs: addrs(fmt.Sprintf("192.168.60.1%d", i), fmt.Sprintf("fd00:60::1%d", i)),
		PodCIDRs:    prefixes(fmt.Sprintf("10.244.%d.0/24", i), fmt.Sprintf("fd00:10:244:%d::/64", i)),
	}
}

func (e exhibit) makeService(i int) *model.Service {
	s := &model.Service{
		Origin:    model.Origin{Kind: "Service", Namespace: "lab", Name: e.name},
		Namespace: "lab", Name: e.name, Type: model.LoadBalancerService, IPFamilies: []string{"IPv4", "IPv6"},
		ClusterIPs: offset(clusterIPs, i+1), ExternalIPs: offset(externalIPs, i+1), LoadBalancerIPs: balancers(offset(balancerIPs, i+1)),
		Ports: []model.ServicePort{
			{Name: "web", Protocol: model.TCP, Port: uint16(servicePort + i), NodePort: uint16(nodePortTCP + i), TargetPort: model.TargetPort{Number: targetPort}},
			{Name: "dns", Protocol: model.UDP, Port: uint16(servicePort + i), NodePort: uint16(nodePortUDP + i), TargetPort: model.TargetPort{Number: targetPort}},
		},
	}
	if e.service != nil {
		e.service(s)
	}
	if s.ExternalTrafficLocal && s.Type == model.LoadBalancerService {
		s.HealthCheckNodePort = uint16(healthCheckPort + i)
	}
	return s
}

func balancers(addrs []netip.Addr) []model.LoadBalancerIP {
	var all []model.LoadBalancerIP
	for _, addr := range addrs {
		all = append(all, model.LoadBalancerIP{Addr: addr})
	}
	return all
}

// makeSlices makes a slice for each address of each backend: kube-proxy has to
// put them together.
func (e exhibit) makeSlices(c *model.Cluster) []*model.EndpointSlice {
	var made []*model.EndpointSlice
	for i, backend := range strings.Fields(e.backends) {
		name, state, _ := strings.Cut(backend, ":")
		for _, endpoint := range labEndpoints(c, name, state) {
			s := &model.EndpointSlice{
				Namespace: "lab", Name: fmt.Sprintf("%s-%d-%v", e.name, i, endpoint.Addr.Is6()), Service: e.name,
				Ports: []model.EndpointPort{
					{Name: "web", Port: targetPort, Protocol: model.TCP}, {Name: "dns", Port: targetPort, Protocol: model.UDP},
				},
				Endpoints: []model.Endpoint{endpoint},
			}
			if e.slice != nil {
				e.slice(s)
			}
			made = append(made, s)
		}
	}
	return made
}

// labEndpoints are those of a host, one of each family.
func labEndpoints(c *model.Cluster, name, state string) []model.Endpoint {
	e := model.Endpoint{
		Ready: state == "", Serving: state == "" || state == "draining", Terminating: state == "draining" || state == "gone",
	}
	var addresses []netip.Addr
	for _, pod := range c.Pods {
		if pod.Name == name {
			e.Node, e.PodNamespace, e.PodName, addresses = pod.Node, pod.Namespace, pod.Name, pod.IPs
		}
	}
	for _, node := range c.Nodes {
		if node.Name == name {
			e.Node, addresses = node.Name, node.InternalIPs
		}
	}
	for _, host := range outsiders(c) {
		if host.name == name {
			addresses = host.addrs
		}
	}
	var endpoints []model.Endpoint
	for _, e.Addr = range addresses {
		endpoints = append(endpoints, e)
	}
	return endpoints
}
