package fuzz

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

func (w *world) makeService(i int) {
	s := &model.Service{
		Namespace: "dev", Name: fmt.Sprintf("svc-%d", i),
		Type:            pick(w.dice, []string{model.ClusterIPService, model.NodePortService, model.LoadBalancerService, model.LoadBalancerService}),
		Selector:        model.Labels{"app": "x"},
		SessionAffinity: w.oneIn(4), PublishNotReady: w.oneIn(6), InternalTrafficLocal: w.oneIn(4),
	}
	s.Origin = model.Origin{Kind: "Service", Namespace: s.Namespace, Name: s.Name}
	families := w.families
	if w.oneIn(4) {
		families = families[:1]
	}
	for _, is6 := range families {
		s.IPFamilies = append(s.IPFamilies, familyName(is6))
		s.ClusterIPs = append(s.ClusterIPs, addr(is6, "Services", i+10))
	}
	if w.oneIn(3) {
		s.ExternalIPs = w.virtual("external IPs", i)
	}
	if s.Type == model.ClusterIPService && len(s.ExternalIPs) > 0 && w.oneIn(4) {
		s.Headless, s.ClusterIPs = true, nil
	}
	if s.Type == model.LoadBalancerService {
		w.makeLoadBalancer(s, i)
	}
	s.ExternalTrafficLocal = (s.Type != model.ClusterIPService || len(s.ExternalIPs) > 0) && w.oneIn(2)
	w.makePorts(s)
	if s.Type == model.LoadBalancerService && s.ExternalTrafficLocal {
		s.HealthCheckNodePort = 32000 + w.nextPort%700
		w.tally.add("healthCheckNodePort")
	}
	w.cluster.Services = append(w.cluster.Services, s)
	w.makeSlices(s)
	w.tellService(s)
}

func familyName(is6 bool) string {
	if is6 {
		return "IPv6"
	}
	return "IPv4"
}

// virtual are addresses of a kind, one or two, sometimes of a node.
func (w *world) virtual(network string, i int) []netip.Addr {
	var found []netip.Addr
	for _, is6 := range w.families {
		found = append(found, addr(is6, network, i+10))
		if w.oneIn(4) {
			found = append(found, addr(is6, network, i+30))
		}
	}
	if w.oneIn(3) {
		n := pick(w.dice, w.cluster.Nodes)
		found = append(found, pick(w.dice, slices.Concat(n.InternalIPs, n.ExternalIPs)))
		w.tally.add("VIP that is a node's address too")
	}
	return found
}

func (w *world) makeLoadBalancer(s *model.Service, i int) {
	for _, a := range w.virtual("load balancers", i) {
		if slices.Contains(s.ExternalIPs, a) {
			continue
		}
		s.LoadBalancerIPs = append(s.LoadBalancerIPs, model.LoadBalancerIP{Addr: a, Proxy: w.oneIn(10)})
	}
	s.NoNodePorts = w.oneIn(4)
	if w.oneIn(2) {
		s.SourceRanges = w.someRanges(s)
	}
}

// someRanges hold clients, nodes, pods, the address itself, everybody, or the
// other family.
func (w *world) someRanges(s *model.Service) []netip.Prefix {
	var all []netip.Prefix
	for _, is6 := range []bool{false, true} {
		n := pick(w.dice, w.cluster.Nodes)
		all = append(all,
			single(addr(is6, "clients", 5)), around(addr(is6, "clients", 0)), around(addr(is6, "nodes", 0)), around(addr(is6, podNetwork(1), 0)),
			around(addr(is6, "outside", 0)), around(addr(is6, "nodes too", 0)))
		for _, a := range n.InternalIPs {
			all = append(all, single(a))
		}
	}
	for _, ip := range s.LoadBalancerIPs {
		all = append(all, single(ip.Addr))
	}
	found := some(w.dice, w.between(1, 3), all)
	if w.oneIn(8) {
		found = append(found, pick(w.dice, []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}))
		w.tally.add("source range /0")
	}
	return slices.Compact(found)
}

func (w *world) makePorts(s *model.Service) {
	for j := range w.between(1, 3) {
		w.nextPort++
		p := model.ServicePort{
			Name: fmt.Sprintf("p%d", j), Port: w.nextPort, Protocol: pick(w.dice, []model.Protocol{model.TCP, model.TCP, model.UDP, model.SCTP}),
			TargetPort: model.TargetPort{Number: uint16(8000 + j)},
		}
		if w.oneIn(3) {
			p.TargetPort = model.TargetPort{Name: "web"}
		}
		if s.Type != model.ClusterIPService && !s.NoNodePorts {
			p.NodePort = 30000 + w.nextPort%1000
		}
		s.Ports = append(s.Ports, p)
	}
	if len(s.Ports) == 1 && w.oneIn(2) {
		s.Ports[0].Name = ""
	}
}

// tellService counts what a Service has.
func (w *world) tellService(s *model.Service) {
	w.tally.add("Service " + s.Type)
	w.tally.addIf(len(s.ExternalIPs) > 0, "external IPs")
	w.tally.addIf(len(s.LoadBalancerIPs) > 0, "load balancer IPs")
	w.tally.addIf(len(s.SourceRanges) > 0, "source ranges")
	w.tally.addIf(s.InternalTrafficLocal, "internalTrafficPolicy Local")
	w.tally.addIf(s.ExternalTrafficLocal, "externalTrafficPolicy Local")
	w.tally.addIf(s.SessionAffinity, "session affinity")
	w.tally.addIf(s.PublishNotReady, "publishNotReadyAddresses")
	w.tally.addIf(s.NoNodePorts, "allocateLoadBalancerNodePorts false")
	w.tally.addIf(s.Headless, "headless Service with external IPs")
	w.tally.addIf(len(s.ClusterIPs) < len(w.families), "single stack Service in a dual stack cluster")
	for _, ip := range s.LoadBalancerIPs {
		w.tally.addIf(ip.Proxy, "ipMode Proxy")
	}
	for _, r := range s.SourceRanges {
		w.tally.addIf(len(w.families) == 1 && r.Addr().Is6() != w.families[0], "source range of the other family")
	}
	for _, p := range s.Ports {
		w.tally.add("port of " + string(p.Protocol))
		w.tally.addIf(p.TargetPort.Name != "", "named targetPort")
		w.tally.addIf(p.TargetPort.Name == "", "numeric targetPort")
	}
}
