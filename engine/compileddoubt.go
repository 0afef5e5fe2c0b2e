package engine

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// doubt finds the identities about which only Judge can tell (unknown.go,
// cidrmode.go, authconflict.go).
func (c *Compiled) doubt() {
	c.doubtedSubjects, c.doubtedPeers = newBitset(len(c.universe.ids)), newBitset(len(c.universe.ids))
	for pod, i := range c.pods {
		party := model.Party{Kind: model.PartyPod, Pod: pod}
		if c.engine.unknownNamespace(party) {
			c.doubtedSubjects.add(i)
			c.doubtedPeers.add(i)
		}
		if c.engine.options.cidrMeansPods() && pod.Assigned["ip"] {
			c.doubtedPeers.add(i)
		}
		for _, d := range c.engine.doubts {
			if couldTouch(d, party) {
				c.doubtedSubjects.add(i)
				if d.Labels {
					c.doubtedPeers.add(i)
				}
			}
		}
	}
	nodes := c.universe.nodes()
	if c.engine.options.cidrMeansNodes() {
		c.doubtedPeers.addAll(nodes)
	}
	if c.engine.options.hostFirewall {
		c.doubtedSubjects.addAll(nodes)
	}
	c.doubtUncomputable()
}

// doubtUncomputable finds the subjects whose policy Cilium cannot compute. It is
// asked only where two rules could conflict: where they give one port to
// different proxies, or demand different authentication for it.
func (c *Compiled) doubtUncomputable() {
	asked := map[[2]*ruleList]bool{}
	for _, i := range c.pods {
		lists := [2]*ruleList{c.bySubject[model.Egress][i], c.bySubject[model.Ingress][i]}
		fails, known := asked[lists]
		if !known {
			fails = (lists[0].couldConflict() || lists[1].couldConflict()) && c.engine.repo.policyMap(c.universe.ids[i], c.engine.ids.host(nil)).err != nil
			asked[lists] = fails
		}
		if fails {
			c.doubtedSubjects.add(i)
		}
	}
}

// couldConflict says whether two rules have something else to say of one port
// (cilium v1.20.2 pkg/policy/rule.go, mergePortProto).
func (l *ruleList) couldConflict() bool {
	said := map[string]string{}
	for _, r := range l.rules {
		says := r.beyondVerdict()
		if says == "" {
			continue
		}
		ports := []string{"every"}
		for _, part := range r.parts {
			ports = append(ports, fmt.Sprint(part.name, part.ports))
		}
		for _, port := range ports[min(1, len(r.parts)):] {
			if other, known := said[port]; known && other != says || r.endsTLS() {
				return true
			}
			said[port] = says
		}
	}
	return false
}

// beyondVerdict is what a rule asks of a packet that it allows, by its kind: a
// mode of authentication and a proxy.
func (r *compiledRule) beyondVerdict() string {
	mode := ""
	if a := r.rule.entry.Authentication; a != nil {
		mode = "authentication " + string(a.Mode)
	}
	ports := r.portRule()
	switch {
	case ports.Listener != nil:
		return mode + "listener " + ports.Listener.Name
	case len(ports.ServerNames) > 0:
		return mode + "server names"
	case ports.Rules != nil && len(ports.Rules.DNS) > 0:
		return mode + "DNS"
	case ports.Rules != nil:
		return mode + "HTTP"
	default:
		return mode
	}
}

func (r *compiledRule) endsTLS() bool {
	return r.portRule().TerminatingTLS != nil || r.portRule().OriginatingTLS != nil
}
