package hubble

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"time"
	"unsafe"

	"github.com/netsim-dev/netsim/model"
)

// maxEnds bounds how many ends of flows a Decoder remembers: beyond it, it
// starts anew.
const maxEnds = 1 << 16

var (
	errNoJSON   = errors.New("the line is no JSON object: want one flow a line, as `hubble observe -o jsonpb` writes them")
	errCut      = errors.New("the line ends in the middle of a JSON object: it was cut, or the object goes over several lines (jq -c writes it on one)")
	errUTF16    = errors.New("the line is not in UTF-8: save the log as UTF-8 text")
	errNotAFlow = errors.New("the object is no flow: it has neither a verdict nor a flow in it, as `hubble observe -o jsonpb` writes them")
)

// Decoder decodes lines, one at a time.
type Decoder struct {
	ends  map[string]*model.RecordedEnd
	names map[string]string
	flow  flow
}

// NewDecoder makes a Decoder that has seen nothing.
func NewDecoder() *Decoder {
	return &Decoder{ends: map[string]*model.RecordedEnd{}, names: map[string]string{}}
}

// flow holds the fields of a flow that matter, as they are written (cilium
// v1.20.2 api/v1/flow/flow.proto, Flow).
type flow struct {
	verdict, dropReason, kind, direction, point, reason []byte
	time, node                                          []byte
	source, destination, names                          []byte
	sourceIP, destinationIP                             []byte
	protocol                                            model.Protocol
	port                                                uint64
	syn, ack, l7                                        bool
	// reply is 't', 'f' or 0 where the flow does not say.
	reply byte
}

// Decode reads a line. The error says what is wrong with it.
func (d *Decoder) Decode(line []byte, into *model.Record) error {
	*into = model.Record{}
	s := scanner{text: line}
	if !s.isObject() {
		if strings.IndexByte(unsafeString(line), 0) >= 0 {
			return errUTF16
		}
		return errNoJSON
	}
	d.flow = flow{}
	known := d.response(&s, into)
	switch {
	case s.bad || s.peek() != 0:
		return errCut
	case !known:
		return errNotAFlow
	case into.Aside != "":
		return nil
	}
	return d.record(into)
}

// response reads a GetFlowsResponse (cilium v1.20.2
// api/v1/observer/observer.proto), or a flow by itself.
func (d *Decoder) response(s *scanner, into *model.Record) (known bool) {
	s.enter()
	for key, more := s.key(); more; key, more = s.key() {
		switch string(key) {
		case "flow":
			if !s.open() {
				continue
			}
			for key, more := s.key(); more; key, more = s.key() {
				d.field(s, key)
			}
			known = known || d.flow.verdict != nil
		case "lost_events", "lostEvents":
			into.Lost, known = lost(s), true
			into.Aside = asideLost
		case "node_status", "nodeStatus", "agent_event", "agentEvent", "debug_event", "debugEvent":
			s.raw()
			into.Aside, known = asideNoFlow, true
		default:
			d.field(s, key)
			known = known || d.flow.verdict != nil
		}
	}
	return known
}

func lost(s *scanner) (events uint64) {
	if !s.open() {
		return 0
	}
	for key, more := s.key(); more; key, more = s.key() {
		switch string(key) {
		case "num_events_lost", "numEventsLost":
			events = s.number()
		default:
			s.raw()
		}
	}
	return events
}

// field reads one field of a flow, by its name in protobuf or in its JSON.
func (d *Decoder) field(s *scanner, key []byte) {
	f := &d.flow
	switch string(key) {
	case "time":
		f.time = s.raw()
	case "verdict":
		f.verdict = s.word()
	case "drop_reason_desc", "dropReasonDesc":
		f.dropReason = s.word()
	case "drop_reason", "dropReason":
		if word := s.word(); f.dropReason == nil {
			f.dropReason = word
		}
	case "Type", "type":
		f.kind = s.word()
	case "traffic_direction", "trafficDirection":
		f.direction = s.word()
	case "trace_observation_point", "traceObservationPoint":
		f.point = s.word()
	case "trace_reason", "traceReason":
		f.reason = s.word()
	case "is_reply", "isReply":
		f.reply = boolean(s)
	case "reply":
		if reply := boolean(s); f.reply == 0 && reply == 't' {
			f.reply = reply
		}
	case "node_name", "nodeName":
		f.node = s.word()
	case "source":
		f.source = s.raw()
	case "destination":
		f.destination = s.raw()
	case "destination_names", "destinationNames":
		f.names = s.raw()
	case "IP", "ip":
		f.addresses(s)
	case "l4":
		f.transport(s)
	case "l7":
		f.l7 = s.isObject() || f.l7
		s.raw()
	default:
		s.raw()
	}
}

// boolean reads true or false, or what encoding/json makes of a wrapped one:
// {"value":true}, or {} for false.
func boolean(s *scanner) byte {
	if s.isObject() {
		s.enter()
		value := byte('f')
		for _, more := s.key(); more; _, more = s.key() {
			value = boolean(s)
		}
		return value
	}
	if word := s.word(); len(word) > 0 && (word[0] == 't' || word[0] == 'f') {
		return word[0]
	}
	return 0
}

func (f *flow) addresses(s *scanner) {
	if !s.open() {
		return
	}
	for key, more := s.key(); more; key, more = s.key() {
		switch string(key) {
		case "source":
			f.sourceIP = s.word()
		case "destination":
			f.destinationIP = s.word()
		default:
			s.raw()
		}
	}
}

// transport reads the protocol, with the port or the ICMP type.
func (f *flow) transport(s *scanner) {
	if !s.open() {
		return
	}
	for key, more := s.key(); more; key, more = s.key() {
		switch string(key) {
		case "TCP":
			f.protocol = model.TCP
		case "UDP":
			f.protocol = model.UDP
		case "SCTP":
			f.protocol = model.SCTP
		case "ICMPv4":
			f.protocol = model.ICMP
		case "ICMPv6":
			f.protocol = model.ICMPv6
		}
		f.header(s)
	}
}

func (f *flow) header(s *scanner) {
	if !s.open() {
		return
	}
	for key, more := s.key(); more; key, more = s.key() {
		switch string(key) {
		case "destination_port", "destinationPort", "type":
			f.port = s.number()
		case "flags":
			f.flags(s)
		default:
			s.raw()
		}
	}
}

func (f *flow) flags(s *scanner) {
	if !s.open() {
		return
	}
	for key, more := s.key(); more; key, more = s.key() {
		switch string(key) {
		case "SYN":
			f.syn = boolean(s) == 't'
		case "ACK":
			f.ack = boolean(s) == 't'
		default:
			s.raw()
		}
	}
}

// record makes a Record of the fields.
func (d *Decoder) record(into *model.Record) error {
	f := &d.flow
	into.Time = when(f.time)
	f.judge(into)
	if into.Aside != "" {
		return nil
	}
	into.Protocol, into.Port = f.protocol, uint16(f.port)
	into.SourceIP, into.DestinationIP = address(f.sourceIP), address(f.destinationIP)
	into.Node = d.intern(nodeOf(f.node))
	if len(f.names) > 2 {
		into.Names = d.namesOf(f.names)
	}
	var err error
	if into.Source, err = d.end(f.source); err != nil {
		return err
	}
	into.Destination, err = d.end(f.destination)
	return err
}

// when reads a time as protobuf's JSON has it, or as encoding/json writes the
// struct of it.
func when(raw []byte) time.Time {
	var t time.Time
	if len(raw) > 2 && raw[0] == '"' {
		if t.UnmarshalText(raw[1:len(raw)-1]) == nil {
			return t.UTC()
		}
		return time.Time{}
	}
	var stamp struct{ Seconds, Nanos int64 }
	if len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &stamp) == nil {
		return time.Unix(stamp.Seconds, stamp.Nanos).UTC()
	}
	return t
}

func address(text []byte) netip.Addr {
	addr, err := netip.ParseAddr(unsafeString(text))
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// nodeOf drops the cluster's name: flows carry "cluster/node".
func nodeOf(name []byte) []byte {
	for i, c := range name {
		if c == '/' {
			return name[i+1:]
		}
	}
	return name
}

func (d *Decoder) intern(text []byte) string {
	if known, ok := d.names[string(text)]; ok {
		return known
	}
	if len(d.names) >= maxEnds {
		clear(d.names)
	}
	fresh := string(text)
	d.names[fresh] = fresh
	return fresh
}

func (d *Decoder) namesOf(raw []byte) string {
	var names []string
	if json.Unmarshal(raw, &names) != nil {
		return ""
	}
	return strings.Join(names, ",")
}

// unsafeString is a view of text for calls that keep nothing of it.
func unsafeString(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }
