package engine

import (
	"fmt"
	"slices"
	"sync"

	"github.com/cilium/cilium/pkg/identity"

	"github.com/netsim-dev/netsim/model"
)

// Engine judges packets by the policies of one cluster. It is safe for
// concurrent use.
type Engine struct {
	index   *model.Index
	dp      model.Datapath
	options *options
	ids     *identities
	rules   []*rule
	doubts  []model.Doubt
	absent  map[*model.Object]model.Issue
	repo    *repository
	plane   *IdentityPlane
	// numbers are those of the CiliumIdentity objects, by their labels.
	numbers map[string][]string
	// selected holds the rules that select an identity, per direction: every
	// step asks for them several times.
	selected map[selection][]*rule
	// refusers are the rules that may refuse a pod's own node, nil until asked for,
	// and refused is whether one selects a pod and means its node.
	refusers []*rule
	refused  map[ownNode]bool
	// named holds the maps for addresses whose names an agent has learned.
	named map[namedPolicy]*policyMap
	// conflicts are why the policy of an identity cannot be computed.
	conflicts map[identity.NumericIdentity][]conflict
	// compiled is made when many verdicts are wanted at once.
	compiled *Compiled
	// like is an Engine whose selections hold here too, if the identities are the
	// same; nil for none.
	like        *Engine
	compileOnce sync.Once
}

// selection is a subject and the direction in which rules select it.
type selection struct {
	subject   *identity.Identity
	direction model.Direction
}

// New reads the cluster's policies and numbers its identities. Policies that
// an API server or Cilium's agent would refuse are left out, each with an
// issue; those that a cluster would take and netsim cannot judge make every
// verdict that they could touch undetermined.
func New(ix *model.Index, dp model.Datapath) (*Engine, []model.Issue) {
	o := optionsFrom(dp, ix.Cluster)
	r := newReader(ix, dp, o)
	e := &Engine{
		index: ix, dp: dp,
		selected: map[selection][]*rule{}, refused: map[ownNode]bool{}, named: map[namedPolicy]*policyMap{}, conflicts: map[identity.NumericIdentity][]conflict{},
	}
	e.plane, e.numbers = newIdentityPlane(ix, dp), readIdentityNumbers(ix.Cluster)
	var issues []model.Issue
	o.withOptions(func() {
		e.rules, issues = r.readPolicies(ix.Cluster.Policies)
		e.absent = r.absent
		e.doubts = slices.Concat(doubtsOf(r.opaque), ix.Cluster.Doubts)
	})
	e.options = o.neededBy(e.rules)
	e.options.withOptions(func() {
		e.ids = newIdentities(ix, e.options, dp.Version(), newIPCache(apiServers(ix), prefixes(e.rules), r.groups))
		e.repo = newRepository(e.ids, e.ids.all(), e.rules, dp.Version())
	})
	if n := e.ids.unnumbered; n > 0 {
		issues = append(issues, model.Issue{Severity: model.Warning, Message: fmt.Sprintf(
			"%d pods have no identity: the cluster holds more label sets than Cilium can number; verdicts about them are undetermined", n)})
	}
	return e, append(issues, optionIssues(dp)...)
}

// Identity lists the identity labels of a party, sorted, as the agent on the
// judging node (nil for none in particular) knows it. It is empty for a pod
// without an identity.
func (e *Engine) Identity(party model.Party, judge *model.Node) []string {
	return slices.Clip(labelList(e.ids.of(party, judge), e.dp.Version()))
}

// IdentityPlane is what the files say of the machinery behind mutual
// authentication.
func (e *Engine) IdentityPlane() IdentityPlane { return *e.plane }

// rulesFor are the rules that select the flow's subject in its direction.
// Call it with Cilium's options set, which also keeps callers apart.
func (e *Engine) rulesFor(f *flow) []*rule {
	key := selection{f.subject, f.direction}
	rules, known := e.selected[key]
	if !known {
		for _, r := range e.rules {
			if f.selects(r) {
				rules = append(rules, r)
			}
		}
		e.selected[key] = rules
	}
	return rules
}
