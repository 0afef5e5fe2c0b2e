package symptom

import (
	"errors"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/internal/nearest"
	"github.com/netsim-dev/netsim/model"
)

// Sighting is what was read out of what people see.
type Sighting struct {
	// Drop is the reason, nil where the client speaks and not the datapath.
	Drop       *model.DropReason `json:"dropReason,omitempty"`
	ClientSees model.ClientSees  `json:"clientSees,omitempty"`
	// Probe is the kubelet's that fails: "readiness", "startup" or "liveness".
	Probe string `json:"probe,omitempty"`
	// From and To are the packet's ends, nil where the text has none.
	From *End `json:"from,omitempty"`
	To   *End `json:"to,omitempty"`
	// Protocol is "" where the text does not tell.
	Protocol model.Protocol `json:"protocol,omitempty"`
	// Direction is whose policy it was, "egress" or "ingress"; "" where the text
	// does not tell.
	Direction string `json:"direction,omitempty"`
}

// End is one end of a packet, as far as the text names it.
type End struct {
	IP        string `json:"ip,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Pod       string `json:"pod,omitempty"`
	// Workloads are the names of the pod's controllers.
	Workloads []string `json:"workloads,omitempty"`
	// Port is 0 where there is none.
	Port uint16 `json:"port,omitempty"`
	// Identity is Cilium's, a number or a name: numbers are those of the live
	// cluster, and only the reserved ones mean the same everywhere.
	Identity string `json:"identity,omitempty"`
}

// readers try the forms in order; each says whether the text is of its form.
func readers() []func(text string) (Sighting, bool) {
	return []func(string) (Sighting, bool){readJSON, readMonitor, readVerdict, readCompact, readReason, readProbe, readClient}
}

// Read finds out what a text is. The error says what can be read.
func Read(text string) (Sighting, error) {
	text = strings.TrimSpace(text)
	for _, read := range readers() {
		if s, found := read(text); found {
			return s, nil
		}
	}
	return Sighting{}, unknownText(text)
}

// passed is what the monitor and Hubble say of packets that go on.
var passed = regexp.MustCompile(`\b(FORWARDED|REDIRECTED|TRACED|TRANSLATED|AUDIT|ALLOWED|action allow)\b`)

// unknownText says what netsim explain can read.
func unknownText(text string) error {
	if passed.MatchString(text) {
		return errors.New("nothing was dropped here, so there is nothing to explain: netsim query says why a connection is allowed")
	}
	var names []string
	for _, d := range model.DropReasons() {
		names = append(names, d.Name)
	}
	const few = 3
	message := "netsim cannot tell what this is: want a line of cilium monitor or hubble observe, a drop reason by name, number or text (POLICY_DENIED, 133, \"Policy denied\"), or what a client says (\"connection refused\", \"timeout\")"
	if near := nearest.Words(strings.ToUpper(strings.ReplaceAll(text, " ", "_")), names, few); len(near) > 0 {
		message += "; did you mean " + strings.Join(near, ", ") + "?"
	}
	return errors.New(message)
}

// dropNamed finds a drop reason by text, name or number, nil if there is none.
// The monitor adds an extended error behind a comma.
func dropNamed(text string) *model.DropReason {
	text = strings.TrimSpace(text)
	cut, _, _ := strings.Cut(text, ",")
	code, err := strconv.ParseUint(text, 0, 8)
	for _, d := range model.DropReasons() {
		if strings.EqualFold(text, d.Text) || strings.EqualFold(cut, d.Text) ||
			d.Name != "" && strings.EqualFold(text, d.Name) || err == nil && d.Code == int(code) {
			return &d
		}
	}
	return nil
}

// readReason reads a drop reason by itself.
func readReason(text string) (Sighting, bool) {
	d := dropNamed(strings.Trim(text, `"' `))
	return Sighting{Drop: d}, d != nil
}

// readClient reads what a client says.
func readClient(text string) (Sighting, bool) {
	for _, w := range clientWords() {
		if w.says.MatchString(text) {
			return Sighting{ClientSees: w.sees}, true
		}
	}
	return Sighting{}, false
}

// connection is "10.0.0.1:1234 -> 10.0.0.2:80 tcp SYN" of the monitor's lines.
// Source: cilium v1.20.2 pkg/monitor/dissect.go GetConnectionSummary.
var connection = regexp.MustCompile(`(\S+) -> (\S+)(?: (tcp|udp|sctp|icmp|icmpv6)\b)?`)

// addConnection reads the summary that ends a monitor's line.
func (s *Sighting) addConnection(summary string) {
	m := connection.FindStringSubmatch(summary)
	if m == nil {
		return
	}
	s.From, s.To = s.From.at(m[1]), s.To.at(m[2])
	s.Protocol = protocols[m[3]]
	if !strings.Contains(m[2], ".") && s.Protocol == model.ICMP {
		s.Protocol = model.ICMPv6
	}
}

var protocols = map[string]model.Protocol{
	"tcp": model.TCP, "udp": model.UDP, "sctp": model.SCTP, "icmp": model.ICMP, "icmpv4": model.ICMP, "icmpv6": model.ICMPv6,
}

// at is an end with its address, and port if one is there.
func (e *End) at(address string) *End {
	out := End{}
	if e != nil {
		out = *e
	}
	if addrPort, err := netip.ParseAddrPort(address); err == nil {
		out.IP, out.Port = addrPort.Addr().Unmap().String(), addrPort.Port()
	} else if addr, err := netip.ParseAddr(address); err == nil {
		out.IP = addr.Unmap().String()
	}
	return &out
}
