package differential_test

import (
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/model"
)

// judgement is what a side's policies do with a packet.
type judgement struct {
	verdict string
	// proxied and auth say what an allowed packet must pass next.
	proxied, auth bool
	// authOpen is true where netsim leaves it to the order of Go's maps in
	// Cilium whether auth holds.
	authOpen bool
}

// lookup does with a policy map what bpf/lib/policy.h does (cilium v1.20.2,
// __policy_can_access): the longest match for the peer's identity, the longest
// for the aggregate of it, and where there is neither that for anybody. It
// walks the whole map rather than Cilium's index of it.
func lookup(m *policy.EndpointPolicy, d model.Direction, peer identity.NumericIdentity, proto u8proto.U8proto, port uint16) judgement {
	var own, aggregate, anybody longest
	group := aggregateNumber(peer)
	m.GetMapState().ForEach(func(k policy.Key, e policytypes.MapStateEntry) bool {
		if e.IsValid() && k.IsIngress() == (d == model.Ingress) && covers(k, proto, port) {
			switch k.Identity {
			case peer:
				own.offer(k, e)
			case group:
				aggregate.offer(k, e)
			case 0:
				anybody.offer(k, e)
			}
		}
		return true
	})
	if !own.found && !aggregate.found && group != 0 {
		aggregate = anybody
	}
	chosen, other := own, aggregate
	if aggregate.found && (!own.found || aggregate.entry.Precedence > own.entry.Precedence || aggregate.entry.Precedence == own.entry.Precedence && aggregate.bits > own.bits) {
		chosen, other = aggregate, own
	}
	return chosen.judge(other)
}

// longest is the entry with the longest match on protocol and port so far.
type longest struct {
	found bool
	bits  int
	entry policytypes.MapStateEntry
}

func (l *longest) offer(k policy.Key, e policytypes.MapStateEntry) {
	bits := int(k.PortPrefixLen())
	if k.Nexthdr != 0 {
		bits += 8
	}
	if !l.found || bits > l.bits {
		*l = longest{true, bits, e}
	}
}

func (l longest) judge(other longest) judgement {
	switch {
	case !l.found:
		return judgement{verdict: denied}
	case l.entry.IsDeny():
		return judgement{verdict: denyRule}
	}
	auth := l.entry.AuthRequirement.AuthType()
	if other.found && other.entry.Precedence == l.entry.Precedence && !l.entry.AuthRequirement.IsExplicit() {
		auth = max(auth, other.entry.AuthRequirement.AuthType())
	}
	return judgement{verdict: allowed, proxied: l.entry.ProxyPort != 0, auth: auth != policytypes.AuthTypeDisabled}
}

func covers(k policy.Key, proto u8proto.U8proto, port uint16) bool {
	if k.Nexthdr == 0 {
		return true
	}
	mask := uint16(0xffff) << (16 - k.PortPrefixLen())
	return k.Nexthdr == proto && k.DestPort&mask == port&mask
}

// aggregateNumber is bpf/lib/identity.h, aggregate_for_identity.
func aggregateNumber(id identity.NumericIdentity) identity.NumericIdentity {
	switch {
	case id < 100:
		return 0
	case id&0xff000000 == identity.IdentityScopeRemoteNode:
		return identity.ReservedIdentityAggregateRemoteNode
	case id&0xff000000 == identity.IdentityScopeLocal:
		return identity.ReservedIdentityAggregateWorld
	default:
		return identity.ReservedIdentityAggregateCluster
	}
}
