package symptom

import (
	"encoding/json"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// denied is the reason behind a policy's verdict, by what matched.
func denied(match string) *model.DropReason {
	drop := model.DropPolicyDeny
	if strings.EqualFold(match, "none") {
		drop = model.DropPolicyDenied
	}
	return &drop
}

// compact is a line of `hubble observe`. Source: cilium v1.20.2
// hubble/pkg/printer/printer.go WriteProtoFlow, CompactOutput.
var compact = regexp.MustCompile(`(?:^|: )(\S+) \((?:ID:)?([^)]+)\) (<>|->|<-) (\S+) \((?:ID:)?([^)]+)\) (.+?) (?:DENIED|DROPPED|ERROR)\b(?: BY \S+)?(.*)`)

// readCompact reads a flow that was dropped, as text.
func readCompact(text string) (Sighting, bool) {
	m := compact.FindStringSubmatch(text)
	if m == nil {
		return Sighting{}, false
	}
	s := Sighting{From: named(m[1], m[2]), To: named(m[4], m[5])}
	if m[3] == "<-" { // a reply, written the way its connection went
		s.From, s.To = s.To, s.From
	}
	what, rest := m[6], m[7]
	if verdict, found := strings.CutPrefix(what, "policy-verdict:"); found {
		match, direction, _ := strings.Cut(verdict, " ")
		s.Drop, s.Direction = denied(match), strings.ToLower(direction)
	} else {
		s.Drop = dropNamed(what)
	}
	for _, p := range []model.Protocol{model.TCP, model.UDP, model.SCTP, model.ICMPv6, model.ICMP} {
		if strings.Contains(strings.ToUpper(rest), strings.ToUpper(string(p))) {
			s.Protocol = p
			break
		}
	}
	return s, s.Drop != nil
}

// named is an end as `hubble observe` writes it: NAMESPACE/POD:PORT, or an address.
func named(host, identity string) *End {
	e := (&End{Identity: identity}).at(host)
	if e.IP != "" {
		return e
	}
	name := host
	if h, port, err := net.SplitHostPort(host); err == nil {
		n, _ := strconv.ParseUint(port, 10, 16)
		name, e.Port = h, uint16(n)
	}
	if namespace, pod, found := strings.Cut(name, "/"); found {
		e.Namespace, e.Pod = namespace, pod
	}
	return e
}

// flow is the part of a Hubble flow that tells of a drop. Source: cilium v1.20.2
// api/v1/flow/flow.proto Flow, as protojson writes it.
type flow struct {
	Verdict         string `json:"verdict"`
	DropReason      int    `json:"drop_reason"`
	DropReasonDesc  string `json:"drop_reason_desc"`
	Direction       string `json:"traffic_direction"`
	PolicyMatchType int    `json:"policy_match_type"`
	// IsReply is true where the packet goes the other way than its connection.
	IsReply   bool `json:"is_reply"`
	EventType struct {
		Type    int `json:"type"`
		SubType int `json:"sub_type"`
	} `json:"event_type"`
	IP struct {
		Source      string `json:"source"`
		Destination string `json:"destination"`
	} `json:"IP"`
	L4 map[string]struct {
		Source      uint16 `json:"source_port"`
		Destination uint16 `json:"destination_port"`
	} `json:"l4"`
	Source      flowEnd `json:"source"`
	Destination flowEnd `json:"destination"`
}

type flowEnd struct {
	Identity  uint64 `json:"identity"`
	Namespace string `json:"namespace"`
	Pod       string `json:"pod_name"`
	Workloads []struct {
		Name string `json:"name"`
	} `json:"workloads"`
}

func (e flowEnd) end(ip string, port uint16) *End {
	out := &End{IP: ip, Namespace: e.Namespace, Pod: e.Pod, Port: port}
	if e.Identity != 0 { // 0 is not known
		out.Identity = strconv.FormatUint(e.Identity, 10)
	}
	for _, w := range e.Workloads {
		out.Workloads = append(out.Workloads, w.Name)
	}
	return out
}

// readJSON reads flows as `hubble observe -o json` writes them, by themselves or in
// its responses, and takes the first that was dropped.
func readJSON(text string) (Sighting, bool) {
	for objects := json.NewDecoder(strings.NewReader(text)); ; {
		var in struct {
			Flow *flow `json:"flow"`
			flow
		}
		if objects.Decode(&in) != nil {
			return Sighting{}, false
		}
		if in.Flow != nil {
			in.flow = *in.Flow
		}
		if s := in.sighting(); s.Drop != nil {
			return s, true
		}
	}
}

func (f flow) sighting() Sighting {
	s := Sighting{Drop: f.drop(), Direction: strings.ToLower(f.Direction)}
	if s.Direction != "egress" && s.Direction != "ingress" {
		s.Direction = ""
	}
	source, destination := uint16(0), uint16(0)
	for name, ports := range f.L4 {
		s.Protocol = protocols[strings.ToLower(name)]
		source, destination = ports.Source, ports.Destination
	}
	s.From, s.To = f.Source.end(f.IP.Source, source), f.Destination.end(f.IP.Destination, destination)
	if f.IsReply { // no policy judges replies
		s.From, s.To, s.Direction = s.To, s.From, ""
	}
	return s
}

// drop is the reason of a flow, nil where it was not dropped: by number, by name,
// or by the policy's verdict.
func (f flow) drop() *model.DropReason {
	const policyVerdict = 5 // pkg/monitor/api/types.go MessageTypePolicyVerdict
	switch {
	case f.Verdict != "DROPPED" && f.Verdict != "ERROR":
		return nil
	case dropNamed(strconv.Itoa(f.DropReason)) != nil:
		return dropNamed(strconv.Itoa(f.DropReason))
	case f.DropReasonDesc != "":
		return dropNamed(f.DropReasonDesc)
	case f.EventType.Type == policyVerdict && f.PolicyMatchType == 0:
		return denied("none")
	default:
		return nil
	}
}
