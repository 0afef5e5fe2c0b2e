package gateway

import (
	"net"
	"strings"
)

// anyHost stands for a listener or route without a hostname.
const anyHost = "*"

// canonicalHost is a Host header's or URL's host as it is compared: without a
// port, in lower case.
func canonicalHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// matchHost says whether a hostname, possibly with a wildcard for its first
// labels, stands for a host. Source: gateway-api v1.6.1 apis/v1
// shared_types.go Hostname and HTTPRouteSpec.Hostnames: *.example.com stands for
// a.b.example.com too, and not for example.com.
func matchHost(pattern, host string) bool {
	switch {
	case pattern == anyHost:
		return true
	case strings.HasPrefix(pattern, "*."):
		suffix := pattern[1:]
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	default:
		return pattern == host
	}
}

// intersect is what two hostnames have in common, "" for nothing: the narrower
// one, if it lies within the other.
func intersect(a, b string) string {
	switch {
	case a == b || within(a, b):
		return a
	case within(b, a):
		return b
	default:
		return ""
	}
}

// within says whether every host that inner stands for is one of outer's.
func within(inner, outer string) bool {
	if outer == anyHost {
		return true
	}
	return matchHost(outer, inner) || strings.HasPrefix(inner, "*.") && strings.HasPrefix(outer, "*.") && strings.HasSuffix(inner, outer[1:])
}

// moreSpecific says whether a hostname that stands for some host goes before
// another that does too: an exact one before any wildcard, a longer wildcard
// before a shorter one.
func moreSpecific(a, b string) bool {
	wildA, wildB := strings.HasPrefix(a, "*"), strings.HasPrefix(b, "*")
	if wildA != wildB {
		return wildB
	}
	return len(a) > len(b)
}

// best is the most specific hostname that stands for a host, "" if none does.
func best(patterns []string, host string) string {
	found := ""
	for _, p := range patterns {
		if matchHost(p, host) && (found == "" || moreSpecific(p, found)) {
			found = p
		}
	}
	return found
}
