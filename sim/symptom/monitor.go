package symptom

import "regexp"

// monitorDrop is a line of `cilium monitor --type drop`. Source: cilium v1.20.2
// pkg/monitor/datapath_drop.go DumpInfo.
var monitorDrop = regexp.MustCompile(`xx drop \((.+?)\) flow \S+ to endpoint (\d+),.*?identity (\S+?)->(\S+?): (.*)`)

// readMonitor reads a drop. A drop by a pod's egress names no endpoint as
// destination (bpf/bpf_lxc.c: TRACE_EP_ID_UNKNOWN, which is 0).
func readMonitor(text string) (Sighting, bool) {
	m := monitorDrop.FindStringSubmatch(text)
	if m == nil {
		return Sighting{}, false
	}
	s := Sighting{Drop: dropNamed(m[1]), From: &End{Identity: m[3]}, To: &End{Identity: m[4]}, Direction: "ingress"}
	if m[2] == "0" {
		s.Direction = "egress"
	}
	s.addConnection(m[5])
	return s, s.Drop != nil
}

// monitorVerdict is a line of `cilium monitor --type policy-verdict`. Source:
// cilium v1.20.2 pkg/monitor/datapath_policy.go DumpInfo.
var monitorVerdict = regexp.MustCompile(`Policy verdict log: flow .*?remote ID (\S+?), proto \d+, (ingress|egress), action (\S+?), auth: \S+?, match (\S+?), (.*)`)

// readVerdict reads a policy's verdict, which is a drop where it is "deny". No
// entry that matches means a default deny, and one that does a deny rule.
func readVerdict(text string) (Sighting, bool) {
	m := monitorVerdict.FindStringSubmatch(text)
	if m == nil || m[3] != "deny" {
		return Sighting{}, false
	}
	s := Sighting{Direction: m[2], Drop: denied(m[4])}
	remote := &End{Identity: m[1]}
	if s.Direction == "egress" {
		s.To = remote
	} else {
		s.From = remote
	}
	s.addConnection(m[5])
	return s, true
}
