package sim

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// reference is a FROM or TO as written, taken apart but not yet looked up.
type reference struct {
	text string
	// Exactly one of these says what is meant: world, an address, a node, an
	// object of the cluster, or a host name.
	world bool
	// laptop is true, beside world, for the machine that runs a kind cluster.
	laptop bool
	addr   netip.Addr
	node   string
	kind   string
	name   objectName
	host   string

	port portRef
	// frontend is the kind of address after "@", with its argument.
	frontend, frontendArg string
}

type objectName struct{ namespace, name string }

// portRef is a port by number or name; the zero value is none.
type portRef struct {
	number   uint16
	name     string
	protocol model.Protocol
	// explicit is true where the protocol was written, not assumed.
	explicit bool
}

func (p portRef) given() bool { return p.number != 0 || p.name != "" || !p.protocol.HasPorts() }

// podKind is the kind of a reference NS/NAME.
const podKind = "Pod"

// kindNames are kubectl's names and short names of what a reference can mean.
func kindNames() map[string]string {
	return map[string]string{
		"pod": podKind, "pods": podKind, "po": podKind,
		"svc": "Service", "service": "Service", "services": "Service",
		"deploy": "Deployment", "deployment": "Deployment", "deployments": "Deployment",
		"sts": "StatefulSet", "statefulset": "StatefulSet", "statefulsets": "StatefulSet",
		"ds": "DaemonSet", "daemonset": "DaemonSet", "daemonsets": "DaemonSet",
		"rs": "ReplicaSet", "replicaset": "ReplicaSet", "replicasets": "ReplicaSet",
		"rc": "ReplicationController", "replicationcontroller": "ReplicationController",
		"job": "Job", "jobs": "Job",
		"cj": "CronJob", "cronjob": "CronJob", "cronjobs": "CronJob",
	}
}

// parseReference reads a FROM or TO, as the command line's help describes
// them. portFlag is the -p value, "" for none.
func parseReference(text, portFlag string) (reference, error) {
	r := reference{text: text, port: portRef{protocol: model.TCP}}
	rest, frontend, _ := strings.Cut(text, "@")
	r.frontend, r.frontendArg, _ = strings.Cut(frontend, "=")
	rest, port := splitPort(rest)
	if err := r.parsePort(port, portFlag); err != nil {
		return r, err
	}
	return r, r.parseTarget(rest)
}

// splitPort cuts ":PORT" off, leaving IPv6 addresses whole.
func splitPort(text string) (target, port string) {
	if strings.HasPrefix(text, "[") {
		target, port, _ = strings.Cut(text[1:], "]")
		return target, strings.TrimPrefix(port, ":")
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return text, ""
	}
	target, port, _ = strings.Cut(text, ":")
	return target, port
}

func (r *reference) parsePort(suffix, flag string) error {
	switch {
	case suffix != "" && flag != "" && suffix != flag:
		return fmt.Errorf("%s names port %s and -p says %s: give one of them", r.text, suffix, flag)
	case suffix == "":
		suffix = flag
	}
	if suffix == "" {
		return nil
	}
	port, err := parsePort(suffix)
	if err != nil {
		return fmt.Errorf("%s: %w", r.text, err)
	}
	r.port = port
	return nil
}

// parsePort reads "443", "https", "53/UDP", "ICMP" or "ICMP/8".
func parsePort(text string) (portRef, error) {
	number, proto, hasProto := strings.Cut(text, "/")
	if icmp := protocolNamed(number); icmp != "" && !icmp.HasPorts() {
		return parseICMP(icmp, proto)
	}
	p := portRef{protocol: model.TCP}
	if hasProto {
		if p.protocol = protocolNamed(proto); !p.protocol.HasPorts() {
			return p, fmt.Errorf("protocol %q is none of TCP, UDP, SCTP", proto)
		}
		p.explicit = true
	}
	n, err := strconv.ParseUint(number, 10, 64)
	switch {
	case err != nil && number != "" && !strings.ContainsAny(number[:1], "0123456789-"):
		p.name = number
	case err != nil || n == 0 || n > 65535:
		return p, fmt.Errorf("port %q is neither a number from 1 to 65535 nor a port's name", number)
	default:
		p.number = uint16(n)
	}
	return p, nil
}

// echoRequest is the ICMP type that "ICMP" alone means, by protocol.
func echoRequest(p model.Protocol) uint16 {
	if p == model.ICMPv6 {
		return 128
	}
	return 8
}

func parseICMP(p model.Protocol, typ string) (portRef, error) {
	if typ == "" {
		return portRef{number: echoRequest(p), protocol: p}, nil
	}
	n, err := strconv.ParseUint(typ, 10, 8)
	if err != nil {
		return portRef{}, fmt.Errorf("%s type %q is no number from 0 to 255", p, typ)
	}
	return portRef{number: uint16(n), protocol: p, explicit: true}, nil
}

// forFamily is the port for an address of a family: "ICMP" alone means the
// ping of that family, and a type that was written must be of the family.
func (p portRef) forFamily(is6 bool) (portRef, error) {
	want := model.ICMP
	if is6 {
		want = model.ICMPv6
	}
	switch {
	case p.protocol.HasPorts() || p.protocol == want:
		return p, nil
	case p.explicit:
		return p, fmt.Errorf("%s type %d cannot be sent to an address of the other family: use %s", p.protocol, p.number, want)
	default:
		return portRef{number: echoRequest(want), protocol: want}, nil
	}
}

func protocolNamed(text string) model.Protocol {
	for _, p := range []model.Protocol{model.TCP, model.UDP, model.SCTP, model.ICMP, model.ICMPv6} {
		if strings.EqualFold(text, string(p)) {
			return p
		}
	}
	return ""
}

func (r *reference) parseTarget(text string) error {
	if text == "world" || text == "laptop" {
		r.world, r.laptop = true, text == "laptop"
		return nil
	}
	if text == "localhost" {
		text = "127.0.0.1"
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		r.addr = addr.Unmap()
		return nil
	}
	parts := strings.Split(text, "/")
	for _, part := range parts {
		if part == "" {
			return fmt.Errorf("%q is no reference: %s", r.text, referenceHelp)
		}
	}
	switch len(parts) {
	case 1:
		return r.parseHost(text)
	case 2:
		if parts[0] == "node" || parts[0] == "no" || parts[0] == "nodes" {
			r.node = parts[1]
			return nil
		}
		r.kind, r.name = podKind, objectName{parts[0], parts[1]}
		return nil
	case 3:
		kind, known := kindNames()[strings.ToLower(parts[1])]
		if !known {
			return fmt.Errorf("%q: netsim does not know the kind %q; use pod, svc, deploy, sts, ds, rs, job or cronjob", r.text, parts[1])
		}
		r.kind, r.name = kind, objectName{parts[0], parts[2]}
		return nil
	default:
		return fmt.Errorf("%q is no reference: %s", r.text, referenceHelp)
	}
}

// referenceHelp is the one line that an unreadable reference needs.
const referenceHelp = "write NAMESPACE/POD, NAMESPACE/deploy/NAME, NAMESPACE/svc/NAME:PORT, node/NAME, an IP, a DNS name or world"

// parseHost takes NAME.NAMESPACE.svc, with or without the cluster domain, for
// a Service; any other dotted name is a host outside.
func (r *reference) parseHost(text string) error {
	if !strings.Contains(text, ".") {
		return fmt.Errorf("%q is no reference: a name needs its namespace, as in default/%s; %s", r.text, text, referenceHelp)
	}
	r.host = strings.TrimSuffix(text, ".")
	labels := strings.Split(strings.TrimSuffix(r.host, ".cluster.local"), ".")
	if len(labels) == 3 && labels[2] == "svc" {
		r.kind, r.name = "Service", objectName{labels[1], labels[0]}
	}
	return nil
}
