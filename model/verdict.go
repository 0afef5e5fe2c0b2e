package model

import "fmt"

// Verdict is the answer to "would it reach?". The zero Verdict is
// Undetermined: what nobody decided is never taken for an Allowed.
type Verdict uint8

const (
	// Undetermined means that netsim cannot know; a reason always goes with it.
	Undetermined Verdict = iota
	// Allowed means that the connection opens and the reply comes back.
	Allowed
	// Denied means that it does not.
	Denied
	// Mixed means that some paths are allowed and some denied. Only a whole
	// answer is mixed, never one path.
	Mixed
)

var verdictNames = [...]string{"undetermined", "allowed", "denied", "mixed"}

func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

// MarshalText writes the name that String returns.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText accepts the four names; anything else is an error rather than
// Undetermined.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdictNames {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("unknown verdict %q: want allowed, denied, mixed or undetermined", text)
}

// Steps folds the verdicts along one path: every step must allow. A denial
// decides even where another step is undetermined, since no outcome of that
// step could open the connection.
func Steps(verdicts ...Verdict) Verdict {
	folded := Allowed
	for _, v := range verdicts {
		switch {
		case v == Denied:
			return Denied
		case v != Allowed:
			folded = Undetermined
		}
	}
	return folded
}

// Paths folds the verdicts of alternative paths: any undetermined makes the
// whole undetermined, else equal ones stay and different ones are Mixed. No
// path at all is Undetermined.
func Paths(verdicts ...Verdict) Verdict {
	if len(verdicts) == 0 {
		return Undetermined
	}
	folded := verdicts[0]
	for _, v := range verdicts {
		switch {
		case v == Undetermined:
			return Undetermined
		case v != folded:
			folded = Mixed
		}
	}
	return folded
}

// Direction says whose policy judges a packet: the sender's or the receiver's.
// It is a type so that no bool can be passed the wrong way round.
type Direction uint8

const (
	// Egress is judged by the policies that select the source.
	Egress Direction = iota
	// Ingress is judged by the policies that select the destination.
	Ingress
)

func (d Direction) String() string {
	if d == Ingress {
		return "ingress"
	}
	return "egress"
}

// Protocol is an IP protocol by the name that Kubernetes and Cilium give it.
type Protocol string

// The protocols that a query can name.
const (
	TCP    Protocol = "TCP"
	UDP    Protocol = "UDP"
	SCTP   Protocol = "SCTP"
	ICMP   Protocol = "ICMP"
	ICMPv6 Protocol = "ICMPv6"
)

// HasPorts says whether packets of this protocol carry port numbers.
func (p Protocol) HasPorts() bool { return p == TCP || p == UDP || p == SCTP }

// DropReason is why a packet was dropped, in the three forms that people meet
// it: the datapath's code, Hubble's name and `cilium monitor`'s text.
// Source: cilium v1.20.2 pkg/monitor/api/drop.go and api/v1/flow/flow.proto.
type DropReason struct {
	Code int    `json:"code"`
	Name string `json:"name"`
	Text string `json:"text"`
}

// The drop reasons that netsim can conclude.
var (
	DropPolicyDenied      = DropReason{133, "POLICY_DENIED", "Policy denied"}
	DropPolicyDeny        = DropReason{181, "POLICY_DENY", "Policy denied by denylist"}
	DropAuthRequired      = DropReason{189, "AUTH_REQUIRED", "Authentication required"}
	DropServiceNoBackend  = DropReason{158, "SERVICE_BACKEND_NOT_FOUND", "Service backend not found"}
	DropEncapProhibited   = DropReason{170, "ENCAPSULATION_TRAFFIC_IS_PROHIBITED", "Encapsulation traffic is prohibited"}
	DropUnknownL4Protocol = DropReason{137, "CT_UNKNOWN_L4_PROTOCOL", "CT: Unknown L4 protocol"}
	DropChecksumL4        = DropReason{154, "ERROR_WHILE_CORRECTING_L4_CHECKSUM", "Error while correcting L4 checksum"}
)
