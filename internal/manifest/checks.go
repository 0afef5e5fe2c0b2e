package manifest

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

// port checks a port number that must be set.
func (d *document) port(at string, number int32) uint16 {
	if number < 1 || number > 65535 {
		d.reject(problem{at, fmt.Sprintf("%d is no port", number), "write a number from 1 to 65535"})
		return 0
	}
	return uint16(number)
}

// optionalPort checks a port number that 0 leaves out.
func (d *document) optionalPort(at string, number int32) uint16 {
	if number == 0 {
		return 0
	}
	return d.port(at, number)
}

// protocol is TCP where none is given.
func (d *document) protocol(at string, p corev1.Protocol) model.Protocol {
	switch p {
	case "":
		return model.TCP
	case corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP:
		return model.Protocol(p)
	}
	d.reject(problem{at, quoted(string(p)) + " is no protocol", "write TCP, UDP or SCTP"})
	return ""
}

// addr is the invalid address where the text is none.
func (d *document) addr(at, text string) netip.Addr {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		d.reject(problem{at, quoted(text) + " is no IP address", "write an address like 10.0.0.1 or fd00::1"})
		return netip.Addr{}
	}
	return addr.Unmap()
}

// addrs checks a list of addresses.
func (d *document) addrs(at string, texts []string) []netip.Addr {
	var list []netip.Addr
	for i, text := range texts {
		if addr := d.addr(index(at, i), text); addr.IsValid() {
			list = append(list, addr)
		}
	}
	return list
}

// prefixes checks a list of CIDRs and clears their host bits.
func (d *document) prefixes(at string, texts []string) []netip.Prefix {
	var list []netip.Prefix
	for i, text := range texts {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			d.reject(problem{index(at, i), quoted(text) + " is no CIDR", "write one like 10.0.0.0/16 or fd00::/64"})
			continue
		}
		list = append(list, prefix.Masked())
	}
	return list
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// oneOf checks a value that must be one of a few, or absent.
func (d *document) oneOf(at, value string, allowed ...string) {
	if value == "" {
		return
	}
	for _, a := range allowed {
		if a == value {
			return
		}
	}
	d.reject(problem{at, quoted(value) + " is not known", "write " + strings.Join(allowed, " or ")})
}
