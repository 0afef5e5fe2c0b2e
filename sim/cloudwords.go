package sim

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// words are the packet and its ends: "30080/TCP from 203.0.113.9 to node a".
func (x crossing) words() string {
	text := fmt.Sprintf("%s from %s to %s", x.port(), x.from().words(), x.to().words())
	if x.Tunnel == "" {
		return text
	}
	return fmt.Sprintf("the %s packet that carries this one (%s)", x.Tunnel, text)
}

func (x crossing) port() string {
	switch p := x.Packet.Protocol; {
	case !p.HasPorts():
		return string(p)
	case x.first != x.last:
		return "the nodePort (" + string(p) + ")"
	default:
		return fmt.Sprintf("%d/%s", x.first, p)
	}
}

func (e end) words() string {
	switch p := e.party; {
	case p.Kind == model.PartyPod && p.Pod != nil:
		return "pod " + p.Pod.Namespace + "/" + p.Pod.Name
	case p.Kind == model.PartyNode && p.Node != nil:
		return "node " + p.Node.Name
	case p.Addr.IsValid():
		return p.Addr.String()
	}
	return "the outside"
}

// why says what a ruling that does not allow means.
func (r ruling) why(x crossing) string {
	name, what := r.firewall.Origin.ID(), x.words()
	if r.reply {
		what = fmt.Sprintf("the reply to %s", what)
	}
	switch {
	case r.firewall.Unreadable:
		return fmt.Sprintf("%s stands in the way of %s, and cannot be read: its Issue says why", name, what)
	case r.verdict == model.Undetermined:
		return fmt.Sprintf("on some ports only %s lets through %s, and which the packet carries is not known", name, what)
	case r.denies:
		return fmt.Sprintf("rule %s of %s drops %s", r.origin.Rule, name, what)
	case r.reply && x.Tunnel == "":
		return fmt.Sprintf("%s is stateless, and no %s rule of it lets through %s", name, r.at, what)
	}
	return fmt.Sprintf("no %s rule of %s lets through %s", r.at, name, what)
}

// hint is a rule that would let the packet through.
func (r ruling) hint(x crossing) string {
	if r.denies {
		return fmt.Sprintf("only a change to rule %s of %s, or an allow rule before it, opens this", r.origin.Rule, r.firewall.Origin.ID())
	}
	ports := x.port()
	if r.reply && x.Tunnel == "" && x.Packet.Protocol.HasPorts() {
		ports = fmt.Sprintf("ports %d to %d (%s)", firstClientPort, lastClientPort, x.Packet.Protocol)
	}
	peer, word := x.from(), "from"
	if (r.at == model.Egress) != r.reply {
		peer = x.to()
	}
	if r.at == model.Egress {
		word = "to"
	}
	return fmt.Sprintf("add to %s an %s rule for %s %s %s", r.firewall.Origin.ID(), r.at, ports, word, peer.words())
}
