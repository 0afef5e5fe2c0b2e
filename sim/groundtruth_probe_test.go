package sim_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// probe is one question that was put to a live cluster, and what it did.
type probe struct {
	From, To        map[string]string
	IP              string
	Port            uint16
	Protocol        string
	Via             string
	Outcomes        map[string]int
	ReachedBackends map[string]int
	SourceSeen      []string
	// DropReasons are what Cilium's monitor said of the packets of this probe,
	// as far as it could tell which those were.
	DropReasons []string
	Flaky       bool
	Listening   *bool
}

func (p probe) String() string {
	text := fmt.Sprintf("%s -> %s %s:%d/%s", endText(p.From), endText(p.To), p.IP, p.Port, p.Protocol)
	if p.Via != "" {
		text += " via " + p.Via
	}
	return text
}

// endText is "pod shop/fe1" or "service shop/api clusterIP".
func endText(end map[string]string) string {
	for _, kind := range []string{"pod", "node", "external", "ip"} {
		if name, ok := end[kind]; ok {
			return kind + " " + name
		}
	}
	return "service " + end["service"] + " " + end["frontend"]
}

// drops are the monitor's reasons without the number that it appends to some.
// The lab's routes, not policy, made the kernel find no way for some packets.
func (p probe) drops() []string {
	var reasons []string
	for _, r := range p.DropReasons {
		if text, _, _ := strings.Cut(r, ", "); text != "FIB lookup failed" {
			reasons = append(reasons, text)
		}
	}
	return reasons
}

// verdict is what a cluster's outcomes amount to.
func (p probe) verdict() model.Verdict {
	arrived, lost := p.Outcomes["OPEN"], p.Outcomes["TIMEOUT"]+p.Outcomes["UNREACH"]
	if p.Listening != nil && !*p.Listening {
		arrived += p.Outcomes["REFUSED"]
	} else {
		lost += p.Outcomes["REFUSED"]
	}
	switch {
	case lost == 0:
		return model.Allowed
	case arrived == 0:
		return model.Denied
	}
	return model.Mixed
}

func source(p probe) string {
	if node := p.From["node"]; node != "" {
		return "node/" + node
	}
	return p.From["pod"] + p.From["external"]
}

// via is the node that the lab's router sends the packet to: what a probe from
// outside names, and the one that has the external IPs.
func via(p probe) string {
	switch {
	case p.Via != "":
		return "node/" + p.Via
	case p.To["frontend"] == "externalIP":
		return "node/node1"
	}
	return ""
}

// destinations are the ways to ask for a probe's destination: by address, and
// by name where it is a Service.
func destinations(c *model.Cluster, p probe) []string {
	byAddress := fmt.Sprintf("%s:%d/%s", p.IP, p.Port, p.Protocol)
	if p.To["service"] == "" {
		return []string{byAddress}
	}
	namespace, name, _ := strings.Cut(p.To["service"], "/")
	i := slices.IndexFunc(c.Services, func(s *model.Service) bool { return s.Namespace == namespace && s.Name == name })
	port := p.Port
	for _, sp := range c.Services[i].Ports {
		if sp.NodePort == p.Port {
			port = sp.Port
		}
	}
	frontend, node, _ := strings.Cut(p.To["frontend"], "@")
	suffix := map[string]string{
		"clusterIP": "@clusterip", "nodePort": "@nodeport=" + node, "externalIP": "@externalip", "loadBalancerIP": "@loadbalancer",
	}
	return []string{byAddress, fmt.Sprintf("%s/svc/%s:%d/%s%s", namespace, name, port, p.Protocol, suffix[frontend])}
}
