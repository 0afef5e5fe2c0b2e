package model

import (
	"net/netip"
	"slices"
	"strings"
)

// DNSAnswers are the addresses that DNS gives for names: lower case, without
// the trailing dot. A name with no addresses is one that DNS does not resolve.
type DNSAnswers map[string][]netip.Addr

// Add notes that a name has these addresses too.
func (a DNSAnswers) Add(name string, addrs ...netip.Addr) {
	name = CanonicalName(name)
	known := a[name]
	for _, addr := range addrs {
		if addr = addr.Unmap(); !slices.Contains(known, addr) {
			known = append(known, addr)
		}
	}
	a[name] = known
}

// CanonicalName is a DNS name as DNSAnswers spells it.
func CanonicalName(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
