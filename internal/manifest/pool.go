package manifest

import "net/netip"

// pool gives out the addresses of a prefix in their order.
type pool struct {
	prefix netip.Prefix
	next   netip.Addr
}

// newPool starts at the address that is so many after the network's.
func newPool(prefix netip.Prefix, start int) *pool {
	p := &pool{prefix: prefix.Masked()}
	p.next = p.prefix.Addr()
	for range start {
		p.next = p.next.Next()
	}
	return p
}

// take gives the next address that nothing has; false once there is none. The
// last address of an IPv4 prefix is its broadcast address and stays.
func (p *pool) take(taken map[netip.Addr]bool) (netip.Addr, bool) {
	for ; p.next.IsValid() && p.prefix.Contains(p.next); p.next = p.next.Next() {
		if p.next.Is4() && !p.prefix.Contains(p.next.Next()) {
			break
		}
		if !taken[p.next] {
			taken[p.next] = true
			return p.next, true
		}
	}
	return netip.Addr{}, false
}

// subnets gives out the prefixes of one length inside a prefix.
type subnets struct {
	whole netip.Prefix
	next  netip.Prefix
}

// newSubnets cuts a cluster's pod subnet as kube-controller-manager does: a
// /24 for each node, or a /64 for IPv6 (node-cidr-mask-size-ipv4 and -ipv6).
func newSubnets(whole netip.Prefix) *subnets {
	bits := 24
	if whole.Addr().Is6() {
		bits = 64
	}
	return &subnets{whole, netip.PrefixFrom(whole.Addr(), max(bits, whole.Bits()))}
}

// take gives the next prefix that overlaps none of those; false once there is
// none.
func (s *subnets) take(taken []netip.Prefix) (netip.Prefix, bool) {
	for s.next.IsValid() && s.whole.Overlaps(s.next) {
		prefix := s.next
		s.next = after(prefix)
		if !overlaps(prefix, taken) {
			return prefix, true
		}
	}
	return netip.Prefix{}, false
}

func overlaps(prefix netip.Prefix, others []netip.Prefix) bool {
	for _, other := range others {
		if prefix.Overlaps(other) {
			return true
		}
	}
	return false
}

// after is the neighbour of the same length, invalid behind the last.
func after(prefix netip.Prefix) netip.Prefix {
	bytes := prefix.Addr().AsSlice()
	carry := 1 << ((8 - prefix.Bits()%8) % 8)
	for i := (prefix.Bits() - 1) / 8; i >= 0 && carry > 0; i-- {
		carry += int(bytes[i])
		bytes[i], carry = byte(carry), carry>>8
	}
	addr, _ := netip.AddrFromSlice(bytes)
	if carry > 0 || prefix.Bits() == 0 {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(addr, prefix.Bits())
}
