package dnat

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// How netsim writes names and addresses in its sentences.

func podRef(p *model.Pod) string { return p.Namespace + "/" + p.Name }

func serviceRef(s *model.Service) string { return s.Namespace + "/" + s.Name }

func partyRef(p model.Party) string {
	switch {
	case p.Pod != nil:
		return "pod " + podRef(p.Pod)
	case p.Kind == model.PartyNode && p.Node != nil:
		return "node " + p.Node.Name
	}
	return p.Addr.String()
}

// frontendNoun is a kind of frontend as a sentence names it.
func frontendNoun(f model.Frontend) string {
	switch f {
	case model.FrontendClusterIP:
		return "ClusterIP"
	case model.FrontendNodePort:
		return "NodePort"
	case model.FrontendExternalIP:
		return "external IP"
	case model.FrontendLoadBalancer:
		return "load balancer address"
	}
	return string(f)
}

func portText(port uint16, protocol model.Protocol) string {
	return fmt.Sprintf("%d/%s", port, protocol)
}

func portList(ports []model.ServicePort) string {
	texts := make([]string, len(ports))
	for i, p := range ports {
		texts[i] = portText(p.Port, p.Protocol)
		if p.Name != "" {
			texts[i] += " (" + p.Name + ")"
		}
	}
	return strings.Join(texts, ", ")
}

// frontendText is "10.96.0.20:443", or with brackets for IPv6.
func (q *query) frontendText() string {
	if !q.Addr.IsValid() {
		return fmt.Sprintf("of Service %s, port %d", serviceRef(q.Service), q.PortNumber)
	}
	return netip.AddrPortFrom(q.Addr, q.PortNumber).String()
}

func (c candidate) text() string {
	return netip.AddrPortFrom(c.endpoint.Addr, c.port).String()
}

func family(addr netip.Addr) string {
	if addr.Is6() {
		return "IPv6"
	}
	return "IPv4"
}

// count is "1 endpoint" or "3 endpoints".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
