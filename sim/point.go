package sim

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// Point is a packet where the policies of one side judge it, after whatever
// translation comes before: what the datapath of a cluster records.
type Point struct {
	// Direction says which side: that of the source for Egress, that of the
	// destination for Ingress.
	Direction model.Direction
	Packet    model.Packet
	// Names are those by which the agent on the source's node knows the
	// destination, joined by commas; "" leaves it to Options.DNS.
	Names string
}

// Ruling is what the policies of one side do with a packet.
type Ruling struct {
	Verdict model.Verdict
	// By names the rules that decided; for a default deny, the policies that
	// switched it on.
	By []model.Origin
	// Why says of an undetermined verdict why, in words that hold for all
	// packets with the same PointKey.
	Why string
}

// PointKey is what tells Points apart: those with equal keys get equal Rulings.
type PointKey struct {
	direction model.Direction
	self      model.Party
	identity  uint32
	peer      uint32
	// other is the peer where it is no pod, or its address matters.
	other    model.Party
	port     uint16
	protocol model.Protocol
	names    string
}

// PointKey gives the key of a Point. It costs much less than a Ruling.
func (s *Sim) PointKey(p Point) PointKey {
	self, other := p.sides()
	key := PointKey{direction: p.Direction, port: p.Packet.Port, protocol: p.Packet.Protocol, names: p.Names}
	subject, known := s.engine.Compiled().Identity(self, self.Node)
	peer, knownToo := s.engine.Compiled().Identity(other, self.Node)
	if key.identity, key.peer = subject, peer; !known || !knownToo || self.Kind != model.PartyPod {
		key.self, key.other = self, other
		return key
	}
	switch {
	case other.Kind == model.PartyPod && s.engine.Compiled().Judge(p.Direction, p.Packet).Auth:
		key.self.Node, key.other.Node = self.Node, other.Node // what authentication needs hangs on both
	case other.Kind == model.PartyPod:
	case other.Kind == model.PartyNode:
		key.self.Node, key.other = self.Node, other
	case p.Names == "" && len(s.dns) > 0:
		key.other = other
	default:
		key.other.Kind, key.other.Addr = other.Kind, family(other.Addr)
	}
	return key
}

// family is an address that stands for all of one family.
func family(addr netip.Addr) netip.Addr {
	switch {
	case addr.Is4():
		return netip.IPv4Unspecified()
	case addr.Is6():
		return netip.IPv6Unspecified()
	}
	return addr
}

func (p Point) sides() (self, other model.Party) {
	if p.Direction == model.Ingress {
		return p.Packet.Destination, p.Packet.Source
	}
	return p.Packet.Source, p.Packet.Destination
}

// Rule asks the policies of the Point's side, and nothing else: no translation,
// no other side.
func (s *Sim) Rule(p Point) Ruling {
	q := engine.Question{Direction: p.Direction, Packet: p.Packet, AskedPort: p.Packet.Port, IdentityMissing: s.identityMissing}
	if p.Direction == model.Egress {
		q.Names = s.recordedNames(p)
	}
	steps := s.engine.Judge(q)
	s.applyIdentityPlane(steps, p.Packet)
	ruling := Ruling{Verdict: model.Allowed}
	for _, step := range steps {
		ruling.Verdict = model.Steps(ruling.Verdict, step.Verdict)
	}
	for _, step := range steps {
		if step.Verdict != ruling.Verdict {
			continue
		}
		ruling.By = append(ruling.By, step.By...)
		if ruling.Why == "" && step.Verdict == model.Undetermined {
			ruling.Why = p.unnamed(step.Why)
		}
	}
	ruling.By = model.SortOrigins(ruling.By)
	return ruling
}

// recordedNames are those that the agent knew, where it knew any.
func (s *Sim) recordedNames(p Point) *engine.Names {
	if p.Names == "" || p.Packet.Source.Kind != model.PartyPod {
		return s.names(p.Packet, "")
	}
	names := &engine.Names{}
	fqdns := s.engine.FQDNs(p.Packet.Source)
	for _, name := range strings.Split(p.Names, ",") {
		name = model.CanonicalName(name)
		if slices.ContainsFunc(fqdns, func(f engine.FQDN) bool { return f.Matches(name) }) {
			names.Known = append(names.Known, engine.Name{Text: name, State: engine.NameLearned})
		}
	}
	return names
}

// unnamed takes the names of both ends out of a text.
func (p Point) unnamed(why string) string {
	for _, end := range []struct {
		party model.Party
		as    string
	}{{p.Packet.Source, "the source"}, {p.Packet.Destination, "the destination"}} {
		if pod := end.party.Pod; pod != nil {
			why = strings.ReplaceAll(why, "pod "+pod.Namespace+"/"+pod.Name, end.as)
		}
		if node := end.party.Node; node != nil {
			why = strings.ReplaceAll(why, "node "+node.Name, "its node")
		}
		if end.party.Addr.IsValid() {
			why = strings.ReplaceAll(why, "address "+end.party.Addr.String(), end.as)
			why = strings.ReplaceAll(why, end.party.Addr.String(), "its address")
		}
	}
	return why
}

// Rules names every rule of the policies that are judged, sorted.
func (s *Sim) Rules() []model.Origin { return s.engine.Rules() }

// Identity lists the labels of a party's identity, sorted, as the agent on the
// judging node (nil for none in particular) knows it.
func (s *Sim) Identity(p model.Party, judge *model.Node) []string { return s.engine.Identity(p, judge) }

// DatapathInfo is how the cluster carries packets, as Answers show it.
func (s *Sim) DatapathInfo() DatapathInfo { return s.datapathInfo() }
