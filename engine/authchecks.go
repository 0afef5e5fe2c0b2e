package engine

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// alwaysFails: see pkg/auth/always_fail_authhandler.go.
func (a authentication) alwaysFails() Finding {
	if a.mode != types.AuthTypeAlwaysFail {
		return passes
	}
	return Finding{model.Denied, "mode test-always-fail fails by design", a.orDisable("set authentication.mode: required")}
}

// reserved: the agent authenticates no reserved identity (pkg/auth/manager.go,
// handleAuthRequest), and SPIRE knows those of pods alone, for which there are
// CiliumIdentity objects (operator/auth/watcher.go).
func (a authentication) reserved() Finding {
	for _, side := range []model.Party{a.flow.other, a.flow.self} {
		switch side.Kind {
		case model.PartyPod:
		case model.PartyAddress:
			return Finding{model.Denied, describe(side) + " is outside the cluster and has no certificate", a.hintReserved()}
		default:
			return Finding{model.Denied, describe(side) + " is a reserved identity and has no certificate", a.hintReserved()}
		}
	}
	return passes
}

// hintReserved: a plain rule would take over the demand of the other one.
func (a authentication) hintReserved() string {
	f := a.flow
	return fmt.Sprintf("bind the rule to peers that can authenticate (%sEndpoints), or add a rule with %s on %s and authentication.mode: disabled, which must be written",
		sideOf(f.direction), selectorFor(f.direction, f.other), portText(f.port, f.packet.Protocol))
}

// sideOf begins the names of the peer fields of a direction's rules.
func sideOf(d model.Direction) string {
	if d == model.Ingress {
		return "from"
	}
	return "to"
}

func (a authentication) processing() Finding {
	found := a.plane.Processing()
	if found.Verdict == model.Denied {
		found.Hint = a.orDisable(found.Hint)
	}
	return found
}

// orDisable adds the other way out to a hint.
func (a authentication) orDisable(hint string) string {
	if len(a.demand.by) == 0 {
		return hint
	}
	return fmt.Sprintf("%s, or write authentication.mode: disabled in rule %s", hint, a.demand.by[0].Rule)
}

func (a authentication) certificate() Finding {
	if !a.flow.identityMissing {
		return passes
	}
	return Finding{model.Denied, "the ends are asked about as if they had no certificates", ""}
}

func (a authentication) server() Finding     { return a.plane.ServerReady() }
func (a authentication) ownAgent() Finding   { return a.plane.AgentReady(a.flow.self) }
func (a authentication) otherAgent() Finding { return a.plane.AgentReady(a.flow.other) }

// otherNode: the datapath finds the peer's node by the IPv4 address that its
// packet leads to (bpf/lib/auth.h, auth_lookup).
func (a authentication) otherNode() Finding {
	self, other := a.flow.self, a.flow.other
	switch {
	case self.Node == other.Node || self.Node == nil || other.Node == nil:
		return passes
	case !hasIPv4(other.Node):
		return Finding{model.Undetermined, fmt.Sprintf("Cilium knows nodes by IPv4 here, and %s has no such address (drop reason NO_NODE_ID, or a handshake with the wrong node)", describeNode(other)), ""}
	case a.flow.direction == model.Ingress && !carriesOwnAddress(other):
		return Finding{model.Undetermined, fmt.Sprintf("the packet does not carry %s's own address, by which Cilium finds its node", describe(other)), ""}
	default:
		return passes
	}
}

func hasIPv4(n *model.Node) bool { return slices.ContainsFunc(n.InternalIPs, netip.Addr.Is4) }

func carriesOwnAddress(p model.Party) bool { return slices.Contains(p.Pod.IPs, p.Addr) }

func describeNode(p model.Party) string { return "node " + p.Node.Name }
