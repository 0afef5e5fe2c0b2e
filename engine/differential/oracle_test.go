package differential_test

import (
	"iter"
	"log/slog"
	"sync"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/policy"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// agent is Cilium's policy repository as the agent of one node has it. It is
// made from the drawn cluster and uses none of netsim's code.
type agent struct {
	w    *world
	lore lore
	ids  known
	repo *policy.Repository
	maps map[string]*policy.EndpointPolicy
}

func newAgent(l lore, node *testNode, entries policytypes.PolicyEntries) *agent {
	a := &agent{w: l.w, lore: l, ids: l.identities(node), maps: map[string]*policy.EndpointPolicy{}}
	all := identity.IdentityMap{}
	for _, id := range a.ids {
		all[id.ID] = id.LabelArray
	}
	// The reserved host is the node itself.
	all[identity.ReservedIdentityHost] = a.ids[node.name].LabelArray
	log := slog.New(slog.DiscardHandler)
	a.repo = policy.NewPolicyRepository(log, all, nil, envoypolicy.NewEnvoyL7RulesTranslator(log, nil), identitymanager.NewIDManager(log), nil)
	a.repo.SetNamedPortsGetter(a)
	a.repo.UpdateIdentities(all, nil)
	var wg sync.WaitGroup
	a.repo.GetSelectorCache().UpdateIdentities(all, nil, &wg)
	wg.Wait()
	a.repo.ReplaceByResource(entries, ipcachetypes.NewResourceID("all", "", "all"))
	return a
}

// policyOf computes the policy map of a pod; nil where Cilium cannot.
func (a *agent) policyOf(p *testPod) *policy.EndpointPolicy {
	if m, known := a.maps[p.name]; known {
		return m
	}
	a.maps[p.name] = nil
	selectors, _, err := a.repo.ComputeSelectorPolicy(a.ids[p.name])
	if err != nil {
		return nil
	}
	log := slog.New(slog.DiscardHandler)
	m := selectors.DistillPolicy(log, owner{p}, map[string]uint16{policy.FallbackRedirectID: 9999})
	if m.Ready() != nil {
		return nil
	}
	m.Detach(log)
	selectors.Supersede()
	a.maps[p.name] = m
	return m
}

// number is a pod's own number for a port's name, 0 for none.
func (p *testPod) number(name string, proto u8proto.U8proto) uint16 {
	for _, port := range p.named {
		if port.name == name && port.protocol == proto.String() {
			return port.number
		}
	}
	return 0
}

// GetNamedPorts makes an agent the getter of its pods' named ports.
func (a *agent) GetNamedPorts() types.NamedPortMultiMap { return peerNames{a} }

type peerNames struct{ a *agent }

func (n peerNames) GetNamedPorts(name string, proto u8proto.U8proto, nids iter.Seq[identity.NumericIdentity]) types.NidPortSeq {
	return func(yield func(identity.NumericIdentity, uint16) bool) {
		for id := range nids {
			for _, p := range n.a.w.pods {
				number := p.number(name, proto)
				if n.a.ids[p.name].ID == id && number != 0 && !yield(id, number) {
					return
				}
			}
		}
	}
}

func (n peerNames) GetNamedPort(name string, proto u8proto.U8proto, nids iter.Seq[identity.NumericIdentity]) (uint16, error) {
	for _, number := range n.GetNamedPorts(name, proto, nids) {
		return number, nil
	}
	return 0, types.ErrUnknownNamedPort
}

func (n peerNames) Len() int { return len(n.a.w.pods) }

// owner is the endpoint that a policy is computed for.
type owner struct{ pod *testPod }

func (o owner) GetID() uint64                                          { return 1 }
func (o owner) PolicyDebug(string, ...any)                             {}
func (o owner) IsHost() bool                                           { return false }
func (o owner) PreviousMapStateSizes() policy.MapStateSizes            { return policy.MapStateSizes{} }
func (o owner) GetIngressNamedPort(n string, p u8proto.U8proto) uint16 { return o.pod.number(n, p) }

func (o owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}
