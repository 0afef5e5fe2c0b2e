package engine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"
)

// universe is every identity that the two ends of a packet can have, in a fixed
// order, and what selectors mean in it. Whether a selector means an identity is
// for Cilium to say; the universe knows which identities are worth asking about.
type universe struct {
	ids   []*identity.Identity
	index map[*identity.Identity]uint32
	// notPods are the identities of nodes and of what is outside; selectors of
	// addresses mean them alone, unless cidrMeansPods.
	notPods       *idSet
	cidrMeansPods bool
	// labelled are the identities with a label, whatever its source.
	labelled map[labelValue][]uint32
	scopes   []scope
	// selected holds whom selectors match, and meant whom they mean, by their kind
	// and text.
	selected, meant map[string]*idSet
	// everyone and nobody are the sets that need no asking.
	everyone, nobody *idSet
}

// learnFrom takes over whom selectors match in a universe of the same identities.
func (u *universe) learnFrom(other *universe) {
	same := func(a, b *identity.Identity) bool { return a.ID == b.ID && a.LabelArray.Equals(b.LabelArray) }
	if u.cidrMeansPods == other.cidrMeansPods && slices.EqualFunc(u.ids, other.ids, same) {
		u.selected, u.meant = maps.Clone(other.selected), maps.Clone(other.meant)
	}
}

type labelValue struct{ key, value string }

// scope is an aggregate with the identities that it stands for.
type scope struct {
	aggregate *identity.Identity
	members   *idSet
}

func newUniverse(ids *identities) *universe {
	u := &universe{
		index: map[*identity.Identity]uint32{}, labelled: map[labelValue][]uint32{},
		selected: map[string]*idSet{}, meant: map[string]*idSet{}, nobody: &idSet{}, cidrMeansPods: ids.options.cidrMeansPods(),
	}
	var notPods []uint32
	for _, id := range ids.distinct() {
		at := uint32(len(u.ids))
		u.ids, u.index[id] = append(u.ids, id), at
		if !isPodIdentity(id) {
			notPods = append(notPods, at)
		}
		for _, l := range id.LabelArray {
			u.labelled[labelValue{l.Key, l.Value}] = append(u.labelled[labelValue{l.Key, l.Value}], at)
		}
	}
	u.scopes, u.notPods = scopes(ids, u.ids), newIDSet(notPods, len(u.ids))
	everyone := newBitset(len(u.ids))
	everyone.fill(len(u.ids))
	u.everyone = &idSet{many: everyone}
	return u
}

func scopes(ids *identities, all []*identity.Identity) []scope {
	members := map[*identity.Identity][]uint32{}
	for i, id := range all {
		if aggregate := ids.aggregateOf(id); aggregate != nil {
			members[aggregate] = append(members[aggregate], uint32(i))
		}
	}
	var out []scope
	for aggregate, m := range members {
		out = append(out, scope{aggregate, newIDSet(m, len(all))})
	}
	return out
}

// isPodIdentity says whether an identity is one that pods have.
func isPodIdentity(id *identity.Identity) bool {
	return id.ID >= firstPodIdentity && id.ID <= lastPodIdentity
}

// nodes are the identities of nodes.
func (u *universe) nodes() *idSet {
	var members []uint32
	for _, i := range u.notPods.members() {
		if lbls := u.ids[i].Labels; lbls.HasHostLabel() || lbls.HasRemoteNodeLabel() {
			members = append(members, i)
		}
	}
	return newIDSet(members, len(u.ids))
}

// distinct are all identities that a party of a packet can have, in order.
func (ids *identities) distinct() []*identity.Identity {
	seen := map[*identity.Identity]bool{}
	for _, id := range ids.pods {
		seen[id] = true
	}
	for _, id := range ids.remotes {
		seen[id] = true
	}
	for _, id := range ids.prefixes {
		seen[id] = true
	}
	for _, id := range ids.reserved {
		seen[id] = true
	}
	all := make([]*identity.Identity, 0, len(seen))
	for id := range seen {
		all = append(all, id)
	}
	slices.SortFunc(all, func(a, b *identity.Identity) int {
		if a.ID != b.ID {
			return cmp.Compare(a.ID, b.ID)
		}
		return bytes.Compare(a.Labels.SortedList(), b.Labels.SortedList())
	})
	return all
}

// selection is whom a selector matches, by Cilium's own word. Call it with
// Cilium's options set.
func (u *universe) selection(s types.Selector) *idSet {
	if s.IsWildcard() {
		return u.everyone
	}
	return once(u.selected, s, func() *idSet { return newIDSet(u.matching(s), len(u.ids)) })
}

// once is the set of a selector, found the first time.
func once(sets map[string]*idSet, s types.Selector, find func() *idSet) *idSet {
	key := fmt.Sprintf("%T %s", s, s.Key())
	set, found := sets[key]
	if !found {
		set = find()
		sets[key] = set
	}
	return set
}

func (u *universe) matching(s types.Selector) []uint32 {
	var members []uint32
	for _, i := range u.candidates(s) {
		if s.Matches(u.ids[i].LabelArray) {
			members = append(members, i)
		}
	}
	return members
}

// meaning is whom a selector means as a peer: whom it matches, and all those for
// which an aggregate stands that it matches.
func (u *universe) meaning(s types.Selector) *idSet {
	return once(u.meant, s, func() *idSet {
		sets := []*idSet{u.selection(s)}
		for _, scope := range u.scopes {
			if s.Matches(scope.aggregate.LabelArray) {
				sets = append(sets, scope.members)
			}
		}
		return union(len(u.ids), sets)
	})
}

// candidates are the identities that a selector could mean, as few as can be
// told without a look at what it demands of each.
func (u *universe) candidates(s types.Selector) []uint32 {
	switch s.(type) {
	case *types.CIDRSelector, *types.FQDNSelector:
		if !u.cidrMeansPods {
			return u.notPods.members()
		}
	}
	best, narrowed := []uint32(nil), false
	for _, required := range requiredLabels(s) {
		var having []uint32
		for _, value := range required.values {
			having = append(having, u.labelled[labelValue{required.key, value}]...)
		}
		if !narrowed || len(having) < len(best) {
			best, narrowed = having, true
		}
	}
	if narrowed {
		slices.Sort(best)
		return slices.Compact(best)
	}
	return u.everyone.members()
}

// requiredLabel is a demand that a label has one of some values.
type requiredLabel struct {
	key    string
	values []string
}

// requiredLabels are those that a selector by labels surely makes of an identity. To
// leave one out is safe: then the selector is asked about more identities.
func requiredLabels(s types.Selector) []requiredLabel {
	byLabels, ok := s.(*types.LabelSelector)
	if !ok {
		return nil
	}
	text, err := json.Marshal(byLabels)
	if err != nil {
		return nil
	}
	var selector slim_metav1.LabelSelector
	if err := json.Unmarshal(text, &selector); err != nil {
		return nil
	}
	var out []requiredLabel
	for key, value := range selector.MatchLabels {
		if l := labels.ParseSelectLabel(key); hasPlainSource(l) {
			out = append(out, requiredLabel{l.Key, []string{value}})
		}
	}
	for _, e := range selector.MatchExpressions {
		if l := labels.ParseSelectLabel(e.Key); hasPlainSource(l) && e.Operator == slim_metav1.LabelSelectorOpIn {
			out = append(out, requiredLabel{l.Key, e.Values})
		}
	}
	return out
}

// hasPlainSource says whether Cilium looks a label up by its very key: for those
// of CIDRs and the like it does more.
func hasPlainSource(l labels.Label) bool {
	return l.Source == labels.LabelSourceAny || l.Source == labels.LabelSourceK8s || l.Source == labels.LabelSourceReserved
}

// meaningOf is whom any of some selectors means.
func (u *universe) meaningOf(selectors types.Selectors) *idSet {
	sets := make([]*idSet, 0, len(selectors))
	for _, s := range selectors {
		set := u.meaning(s)
		if set == u.everyone {
			return set
		}
		sets = append(sets, set)
	}
	if len(sets) == 0 {
		return u.nobody
	}
	return union(len(u.ids), sets)
}
