package engine

import (
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/model"
)

// match is the policy map entry that decides a packet.
type match struct {
	found bool
	deny  bool
	// chosen is the entry itself, and other the one that it was preferred to.
	chosen, other candidate
}

type candidate struct {
	key   policy.Key
	entry types.MapStateEntry
	found bool
}

// lookup finds the entry that the kernel would choose. It does not use
// EndpointPolicy.Lookup, which breaks ties between an L3 and an L4 entry the
// other way round than the datapath (cilium v1.20.2 pkg/policy/mapstate.go,
// lookup, against bpf/lib/policy.h, __policy_can_access).
func (m *policyMap) lookup(d model.Direction, peer identity.NumericIdentity, proto u8proto.U8proto, port uint16) match {
	key := trafficKey(d).WithIdentity(peer).WithPortProto(proto, port)
	specific, aggregate := m.candidates(key)
	if !specific.found && !aggregate.found {
		// The datapath's last resort is the entry for any identity.
		specific, aggregate = m.candidates(key.WithIdentity(identity.IdentityUnknown))
	}
	chosen, other := specific, aggregate
	if aggregate.beats(specific) {
		chosen, other = aggregate, specific
	}
	if !chosen.found {
		return match{}
	}
	return match{
		found:  true,
		deny:   chosen.entry.IsDeny(),
		chosen: chosen,
		other:  other,
	}
}

// candidates are the longest matches for the peer's own identity and for the
// aggregate that it belongs to.
func (m *policyMap) candidates(key policy.Key) (specific, aggregate candidate) {
	for k, v := range m.policy.GetMapState().LPMAncestors(key) {
		if !v.IsValid() {
			continue
		}
		slot := &aggregate
		if k.Identity == key.Identity {
			slot = &specific
		}
		if !slot.found {
			*slot = candidate{k, v.MapStateEntry, true}
		}
	}
	return specific, aggregate
}

// beats is the datapath's choice: higher precedence, then the longer match on
// protocol and port, then the specific identity.
func (c candidate) beats(specific candidate) bool {
	switch {
	case !c.found || !specific.found:
		return c.found
	case c.entry.Precedence != specific.entry.Precedence:
		return c.entry.Precedence > specific.entry.Precedence
	default:
		return c.key.PrefixLength() > specific.key.PrefixLength()
	}
}
