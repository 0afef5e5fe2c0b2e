package sim

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// ruling is what one firewall says of a packet at one end of its way, or of the
// reply.
type ruling struct {
	firewall *model.CloudFirewall
	verdict  model.Verdict
	at       model.Direction
	reply    bool
	// origin is the firewall, with the rule that decided if one did.
	origin model.Origin
	// denies is true where a rule forbids what another might have allowed.
	denies bool
	// named is true where a rule names addresses of which an unknown one might
	// be one.
	named bool
}

// Ports from which clients send, over all systems: replies go there.
const firstClientPort, lastClientPort = 1024, 65535

// rulings are those of every firewall at both ends, first about the packet and
// then about the reply. A stateful firewall knows a reply as one, unless it is a
// tunnel's: such a packet has the tunnel's own port as its destination, both
// ways, and so belongs to no connection. WireGuard's has the same port at both
// ends (cilium v1.20.2 Documentation/operations/system_requirements.rst asks for
// rules in both directions for the first and for one port for the second).
func (c cloud) rulings(x crossing) []ruling {
	from, to := x.from(), x.to()
	found := slices.Concat(c.at(from, to, model.Egress, x, false), c.at(to, from, model.Ingress, x, false))
	back := x
	if x.Tunnel == "" && x.Packet.Protocol.HasPorts() {
		back.first, back.last = firstClientPort, lastClientPort
	}
	return slices.Concat(found, c.at(to, from, model.Egress, back, true), c.at(from, to, model.Ingress, back, true))
}

// at are the rulings at one end.
func (c cloud) at(self, other end, d model.Direction, x crossing, reply bool) []ruling {
	var found []ruling
	for _, f := range c.firewalls {
		rules := f.Egress
		if d == model.Ingress {
			rules = f.Ingress
		}
		known := reply && !f.Stateless && (x.Tunnel == "" || x.Tunnel == dnat.TunnelWireGuard)
		if rules == nil && !f.Unreadable || known || !c.guards(f, self, other) {
			continue
		}
		r := ruling{firewall: f, at: d, reply: reply, origin: f.Origin}
		if !f.Unreadable {
			c.judge(&r, rules, other, x)
		}
		found = append(found, r)
	}
	return found
}

// judge asks the rules about every stretch of ports between two of their
// bounds; where stretches differ the verdict hangs on the port.
func (c cloud) judge(r *ruling, rules []model.CloudRule, other end, x crossing) {
	verdicts := map[model.Verdict]bool{}
	for _, port := range bounds(rules, x) {
		i := slices.IndexFunc(rules, func(rule model.CloudRule) bool {
			return matchesPorts(rule, x.Packet.Protocol, port) && c.matchesPeer(rule, other)
		})
		r.named = r.named || slices.ContainsFunc(rules, func(rule model.CloudRule) bool {
			return matchesPorts(rule, x.Packet.Protocol, port) && mayName(rule, other)
		})
		verdict := model.Denied
		if i >= 0 {
			r.origin.Rule, r.origin.Line = fmt.Sprintf("%s[%d]", r.at, i), rules[i].Line
			r.denies = rules[i].Deny
		}
		if i >= 0 && !rules[i].Deny {
			verdict = model.Allowed
		}
		verdicts[verdict] = true
		r.verdict = verdict
	}
	if len(verdicts) > 1 {
		r.verdict, r.origin = model.Undetermined, r.firewall.Origin
	}
}

// bounds are ports of the crossing, one of each stretch that the rules treat
// alike.
func bounds(rules []model.CloudRule, x crossing) []uint16 {
	ports := []uint16{x.first}
	for _, rule := range rules {
		for _, p := range rule.Ports {
			for _, port := range []uint16{p.First, p.Last + 1} {
				if port > x.first && port <= x.last {
					ports = append(ports, port)
				}
			}
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

func matchesPorts(rule model.CloudRule, protocol model.Protocol, port uint16) bool {
	return len(rule.Ports) == 0 || slices.ContainsFunc(rule.Ports, func(p model.CloudPorts) bool {
		return p.Protocol == protocol && (p.First == 0 || p.First <= port && port <= p.Last)
	})
}

// matchesPeer says whether a rule is about an end. Of an outside whose address
// is not known only a rule for all addresses is.
func (c cloud) matchesPeer(rule model.CloudRule, e end) bool {
	return len(rule.Peers) == 0 || slices.ContainsFunc(rule.Peers, func(p model.CloudPeer) bool {
		switch {
		case p.Nodes:
			return e.party.Kind == model.PartyNode
		case p.Pods:
			return isPod(e)
		case p.Firewall != "":
			return slices.ContainsFunc(c.firewalls, func(f *model.CloudFirewall) bool { return f.Origin.Name == p.Firewall && c.applies(f, e) })
		case !e.party.Addr.IsValid():
			return p.CIDR.IsValid() && p.CIDR.Bits() == 0
		}
		return p.CIDR.Contains(e.party.Addr)
	})
}

// mayName says whether a rule names addresses and the end's is not known.
func mayName(rule model.CloudRule, e end) bool {
	return !e.party.Addr.IsValid() && slices.ContainsFunc(rule.Peers, func(p model.CloudPeer) bool {
		return p.CIDR.IsValid() && p.CIDR.Bits() > 0
	})
}

// isPod is true of what has a pod's own address, even if no file holds the pod.
func isPod(e end) bool {
	return e.party.Kind == model.PartyPod || e.party.Kind == model.PartyAddress && e.party.Node != nil
}

// guards says whether a firewall stands at an end of a packet: a subnet's sees
// only what crosses the subnet's border.
func (c cloud) guards(f *model.CloudFirewall, self, other end) bool {
	if f.AppliesTo != model.GuardsSubnets {
		return c.applies(f, self)
	}
	for _, subnet := range f.Subnets {
		if subnet.Contains(self.party.Addr) {
			return !subnet.Contains(other.party.Addr)
		}
	}
	return false
}

// applies says whether an end is behind a firewall. A pod that has an interface
// of its own, as a document says, is behind that of no node.
func (c cloud) applies(f *model.CloudFirewall, e end) bool {
	switch f.AppliesTo {
	case model.GuardsSubnets:
		return slices.ContainsFunc(f.Subnets, func(p netip.Prefix) bool { return p.Contains(e.party.Addr) })
	case model.GuardsPods:
		return selectsPod(f, e)
	}
	return e.node != nil && hasLabels(e.node.Labels, f.Selector) &&
		!slices.ContainsFunc(c.firewalls, func(other *model.CloudFirewall) bool {
			return other.AppliesTo == model.GuardsPods && selectsPod(other, e)
		})
}

func selectsPod(f *model.CloudFirewall, e end) bool {
	pod := e.party.Pod
	return e.party.Kind == model.PartyPod && pod != nil && hasLabels(pod.Labels, f.Selector) &&
		(len(f.Namespaces) == 0 || slices.Contains(f.Namespaces, pod.Namespace))
}

func hasLabels(labels, wanted model.Labels) bool {
	for key, value := range wanted {
		if got, there := labels[key]; !there || got != value {
			return false
		}
	}
	return true
}
