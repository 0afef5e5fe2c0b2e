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
	"github.com/cilium/cilium/pkg/labels"
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
	maps map[party]*policy.EndpointPolicy
}

// newAgent knows first one selector before it knows any other, if that is given.
func newAgent(l lore, node *testNode, entries policytypes.PolicyEntries, first policytypes.Selectors) *agent {
	a := &agent{w: l.w, lore: l, ids: l.identities(node), maps: map[party]*policy.EndpointPolicy{}}
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
	if len(first) > 0 {
		a.repo.GetSelectorCache().AddSelectors(firstUser{}, first...)
	}
	a.repo.ReplaceByResource(entries, ipcachetypes.NewResourceID("all", "", "all"))
	return a
}

// policyOf computes the policy map of a flow's subject; nil where Cilium cannot.
func (a *agent) policyOf(f drawnFlow) *policy.EndpointPolicy {
	subject := f.subject
	if node := subject.asNode(); node != nil {
		subject = party{node: node}
	}
	if m, known := a.maps[subject]; known {
		return m
	}
	a.maps[subject] = nil
	selectors, _, err := a.repo.ComputeSelectorPolicy(a.subject(f))
	if err != nil {
		return nil
	}
	log := slog.New(slog.DiscardHandler)
	m := selectors.DistillPolicy(log, owner{subject}, map[string]uint16{policy.FallbackRedirectID: 9999})
	if m.Ready() != nil {
		return nil
	}
	m.Detach(log)
	selectors.Supersede()
	a.maps[subject] = m
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
				number := party{pod: p}.number(name, proto)
				if number != 0 && n.a.ids[p.name].ID == id && !yield(id, number) {
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
type owner struct{ party party }

func (o owner) GetID() uint64                                          { return 1 }
func (o owner) PolicyDebug(string, ...any)                             {}
func (o owner) IsHost() bool                                           { return o.party.node != nil }
func (o owner) PreviousMapStateSizes() policy.MapStateSizes            { return policy.MapStateSizes{} }
func (o owner) GetIngressNamedPort(n string, p u8proto.U8proto) uint16 { return o.party.number(n, p) }

func (o owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}

// firstUser is whoever used a selector before the rules did.
type firstUser struct{}

func (firstUser) IdentitySelectionUpdated(*slog.Logger, policytypes.CachedSelector, []identity.NumericIdentity, []identity.NumericIdentity) {
}
func (firstUser) IdentitySelectionCommit(*slog.Logger, policytypes.SelectorSnapshot) {}
func (firstUser) IsPeerSelector() bool                                               { return true }
func (firstUser) GetRuleLabels(policytypes.CachedSelector) labels.LabelArrayList     { return nil }

func (a *agent) hostFirewall() bool { return a.w.settings["enable-host-firewall"] == "true" }
