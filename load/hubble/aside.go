package hubble

import "github.com/netsim-dev/netsim/model"

// Why a record tells of no decision of a policy on a new connection.
const (
	asideLost      = "the log says that events were lost here"
	asideNoFlow    = "no flow, but a message of Hubble's or the agent's own"
	asideReply     = "a reply"
	asideRelated   = "an ICMP message about another connection"
	asideL7        = "a request or answer that a proxy saw; its connection has records of its own"
	asideProxy     = "on its way to or from a proxy; the policy verdict has a record of its own"
	asideSocket    = "an address translated at the socket, before there is a packet"
	asideVerdict   = "neither forwarded nor dropped"
	asideReason    = "dropped for another reason than policy: "
	asideAuth      = "dropped until its ends have authenticated, which comes after policy"
	asideMidway    = "dropped in the middle of a connection"
	asideNoReply   = "the record does not say whether it is a reply"
	asideDirection = "the record does not say which side's policy decided"
	asideOnItsWay  = "seen on its way, where no policy decides"
	asideProtocol  = "of a protocol that policies know nothing of"
)

// judge says what a flow tells of a policy, or why nothing. Whose policy it was
// is the flow's traffic_direction (cilium v1.20.2
// pkg/hubble/parser/threefour/parser.go, decodeTrafficDirection): of a trace, it
// is right where the packet has just passed that policy.
func (f *flow) judge(into *model.Record) {
	if into.Aside = f.aside(); into.Aside != "" {
		return
	}
	into.Dropped = isOne(f.verdict, "DROPPED", "2")
	into.Direction = model.Egress
	if isOne(f.direction, "INGRESS", "1") {
		into.Direction = model.Ingress
	}
}

func (f *flow) aside() string {
	switch {
	case f.l7 || isOne(f.kind, "L7", "2"):
		return asideL7
	case isOne(f.kind, "SOCK", "3"):
		return asideSocket
	case f.reply == 't' || isOne(f.reason, "REPLY", "3"):
		return asideReply
	case isOne(f.reason, "RELATED", "4"):
		return asideRelated
	case isOne(f.verdict, "DROPPED", "2"):
		return f.droppedAside()
	case !isOne(f.verdict, "FORWARDED", "1") && !isOne(f.verdict, "REDIRECTED", "5") && !isOne(f.verdict, "AUDIT", "4"):
		return asideVerdict
	}
	return f.passedAside()
}

// droppedAside: of a drop the agent does not know whether it was a reply's
// (parser.go, decodeIsReply), but a TCP handshake tells.
func (f *flow) droppedAside() string {
	switch {
	case isOne(f.dropReason, "AUTH_REQUIRED", "189"):
		return asideAuth
	case !isOne(f.dropReason, "POLICY_DENIED", "133") && !isOne(f.dropReason, "POLICY_DENY", "181"):
		return asideReason + f.reasonText()
	case f.syn && f.ack:
		return asideReply
	case f.protocol == model.TCP && !f.syn && f.ack:
		return asideMidway
	}
	return f.unknownAside()
}

// passedAside: the points behind a pod's egress policy are those that bpf_lxc.c
// reports of its own pod, and that behind its ingress policy is the pod itself,
// or the host for what is sent to it (cilium v1.20.2 bpf/bpf_lxc.c, uses of
// send_trace_notify). A policy verdict has no point.
func (f *flow) passedAside() string {
	verdict := len(f.point) == 0 || isOne(f.point, "UNKNOWN_POINT", "0")
	switch {
	case isOne(f.point, "TO_PROXY", "1"), isOne(f.point, "FROM_PROXY", "6"):
		return asideProxy
	case f.unknownAside() != "":
		return f.unknownAside()
	case f.reply == 0 && f.syn && f.ack:
		return asideReply
	case f.reply == 0 && !verdict:
		return asideNoReply
	case verdict, f.behindPolicy():
		return ""
	}
	return asideOnItsWay
}

// behindPolicy says whether a trace comes from where the policy of its direction
// has just let the packet through.
func (f *flow) behindPolicy() bool {
	if isOne(f.direction, "INGRESS", "1") {
		return isOne(f.point, "TO_ENDPOINT", "101") || isOne(f.point, "TO_HOST", "2")
	}
	for _, point := range [][2]string{{"TO_STACK", "3"}, {"TO_OVERLAY", "4"}, {"TO_HOST", "2"}, {"TO_NETWORK", "11"}} {
		if isOne(f.point, point[0], point[1]) {
			return true
		}
	}
	return false
}

func (f *flow) unknownAside() string {
	switch {
	case f.protocol == "":
		return asideProtocol
	case !isOne(f.direction, "INGRESS", "1") && !isOne(f.direction, "EGRESS", "2"):
		return asideDirection
	}
	return ""
}

// reasonText is the reason of a drop as the log has it. What is no word of
// Hubble's is left out, so that the reasons stay few.
func (f *flow) reasonText() string {
	if len(f.dropReason) == 0 || len(f.dropReason) > 64 {
		return "none given"
	}
	for _, c := range f.dropReason {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return "none that Hubble knows"
		}
	}
	return string(f.dropReason)
}

// isOne compares a value of an enumeration, by name or by number.
func isOne(value []byte, name, number string) bool {
	return string(value) == name || string(value) == number
}
