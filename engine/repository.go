package engine

import (
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"sync"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/model"
)

// repository is Cilium's policy repository with the cluster's rules in it, and
// the policy maps computed from it so far. It is filled for the first map: to
// read policies, or to compile them, takes none.
type repository struct {
	log     *slog.Logger
	ids     *identities
	known   identity.IdentityMap
	rules   []*rule
	version model.Version

	// repo is nil until it is filled.
	repo *policy.Repository
	// host are the labels that identity 1 has at present.
	host     labels.LabelArray
	computed map[view]*policyMap
}

// view is an identity on a node whose agent knows itself as host.
type view struct{ subject, host *identity.Identity }

// policyMap is what the agent would load into the kernel for one identity, or
// the reason why it could not compute it.
type policyMap struct {
	policy *policy.EndpointPolicy
	// proxies are the rules of the directions in which some are L7.
	proxies map[model.Direction][]proxyRule
	err     error
}

// newRepository is for the rules in a world of known identities.
func newRepository(ids *identities, known identity.IdentityMap, rules []*rule, version model.Version) *repository {
	return &repository{
		log: slog.New(slog.DiscardHandler), ids: ids, known: known, rules: rules, version: version,
		host: known[identity.ReservedIdentityHost], computed: map[view]*policyMap{},
	}
}

// fill loads the rules. The identities go in before them: the other order
// starts a goroutine for each repository that nothing ever stops.
func (r *repository) fill() {
	if r.repo != nil {
		return
	}
	r.repo = policy.NewPolicyRepository(r.log, r.known, secretsByName{}, envoypolicy.NewEnvoyL7RulesTranslator(r.log, secretsByName{}), identitymanager.NewIDManager(r.log), nil)
	r.repo.SetNamedPortsGetter(namedPortsGetter{newPeerPorts(r.ids, r.version)})
	r.repo.UpdateIdentities(r.known, nil)
	r.updateIdentities(r.known)
	for resource, entries := range byResource(r.rules) {
		r.repo.ReplaceByResource(entries, resource)
	}
}

// byResource groups the rules' entries by the policy that holds them. Each
// entry gets a label of its own, so that what the engine reports back names
// the rule and not just the policy.
func byResource(rules []*rule) map[ipcachetypes.ResourceID]types.PolicyEntries {
	out := map[ipcachetypes.ResourceID]types.PolicyEntries{}
	for i, r := range rules {
		o := r.object.Origin
		id := ipcachetypes.NewResourceID(ipcachetypes.ResourceKind(o.Kind), o.Namespace, o.Name)
		entry := *r.entry
		entry.Labels = append(labels.LabelArray{labelFor(i)}, r.entry.Labels...)
		if r.unknownPeers != "" {
			// Keep what the rule does to default deny; its peers are judged
			// apart (unknown.go).
			entry.L3 = nil
		}
		out[id] = append(out[id], &entry)
	}
	return out
}

// prefixes are the CIDRs that the rules name.
func prefixes(rules []*rule) []netip.Prefix {
	entries := make(types.PolicyEntries, len(rules))
	for i, r := range rules {
		entries[i] = r.entry
	}
	return policy.GetCIDRPrefixes(entries)
}

func (r *repository) updateIdentities(known identity.IdentityMap) {
	var wg sync.WaitGroup
	r.repo.GetSelectorCache().UpdateIdentities(known, nil, &wg)
	wg.Wait()
}

// policyMap computes the policy of an identity, once for each host that its
// node can be. Call it with Cilium's options set, which also keeps callers
// apart.
func (r *repository) policyMap(subject, host *identity.Identity) *policyMap {
	key := view{subject, host}
	if m, ok := r.computed[key]; ok {
		return m
	}
	r.fill()
	r.setHost(host)
	m := &policyMap{}
	m.err = r.compute(subject, m)
	r.computed[key] = m
	return m
}

// setHost gives identity 1 the labels that it has on a node: on every node it
// stands for another machine, and agents change its labels as they learn them
// (cilium v1.20.2 pkg/ipcache/metadata.go, updateReservedHostLabels).
func (r *repository) setHost(host *identity.Identity) {
	if !r.host.Equals(host.LabelArray) {
		r.host = host.LabelArray
		r.updateIdentities(identity.IdentityMap{identity.ReservedIdentityHost: host.LabelArray})
	}
}

func (r *repository) compute(id *identity.Identity, m *policyMap) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("computing the policy failed: %v", p)
		}
	}()
	selectors, _, err := r.repo.ComputeSelectorPolicy(id)
	if err != nil {
		return err
	}
	owner := policyOwner{id: id.ID, ports: r.ids.named[id.ID]}
	redirects := map[string]uint16{policy.FallbackRedirectID: math.MaxUint16}
	m.policy = selectors.DistillPolicy(r.log, owner, redirects)
	m.proxies = proxyRules(m.policy)
	if err := m.policy.Ready(); err != nil {
		return err
	}
	m.policy.Detach(r.log)
	selectors.Supersede()
	return nil
}

// policyOwner is the endpoint that a policy is computed for.
type policyOwner struct {
	id    identity.NumericIdentity
	ports portNames
}

func (o policyOwner) GetID() uint64              { return uint64(o.id) }
func (o policyOwner) PolicyDebug(string, ...any) {}
func (o policyOwner) IsHost() bool               { return o.id == identity.ReservedIdentityHost }

func (o policyOwner) GetIngressNamedPort(name string, proto u8proto.U8proto) uint16 {
	return o.ports[portName{name, proto}]
}

func (o policyOwner) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

func (o policyOwner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}

func trafficKey(d model.Direction) policy.Key {
	if d == model.Ingress {
		return policy.IngressKey()
	}
	return policy.EgressKey()
}
