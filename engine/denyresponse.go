package engine

import "github.com/netsim-dev/netsim/model"

// denyResponse is what the client sees of a packet that its own pod's egress
// policy drops, "" for the silence that is usual. With policy-deny-response: icmp
// Cilium answers that it is administratively prohibited, and connect() fails with
// EHOSTUNREACH: in IPv4 since 1.19 (cilium v1.19.0 bpf/bpf_lxc.c,
// tail_policy_denied_ipv4), in IPv6 since 1.20. The answer is made like that for a
// Service without backends, and 1.20.2 loses it alike: see rejectSeen in package
// dnat.
func (e *Engine) denyResponse(f *flow) model.ClientSees {
	v := e.dp.Version()
	if e.dp.Options["policy-deny-response"] != "icmp" || f.direction != model.Egress || f.self.Kind != model.PartyPod {
		return ""
	}
	is6 := f.other.Addr.Is6()
	if v.AtLeast(1, 19, 0) && !is6 && !v.AtLeast(1, 20, 2) || v.AtLeast(1, 20, 0) && is6 {
		return model.SeesUnreachable
	}
	return ""
}
