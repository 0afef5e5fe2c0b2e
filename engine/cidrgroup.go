package engine

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// cidrGroup is a CiliumCIDRGroup that is in force: addresses outside, and the
// labels that the agent gives them for being in it.
type cidrGroup struct {
	name     string
	prefixes []netip.Prefix
	labels   labels.Labels
}

// cidrGroup reads a CiliumCIDRGroup, which holds no rules of its own. Up to
// 1.17 the CRD knows only v2alpha1 (cilium v1.17.14
// pkg/k8s/apis/cilium.io/client/crds/v2alpha1/ciliumcidrgroups.yaml).
func (r *reader) cidrGroup(o *model.Object) ([]*rule, []model.Issue) {
	if o.APIVersion == "cilium.io/v2" && !r.dp.Version().AtLeast(1, 18, 0) {
		return nil, []model.Issue{issue(o, "", model.Error, fmt.Sprintf(
			"%s counts as absent: Cilium %s has CiliumCIDRGroup in cilium.io/v2alpha1 only", o.Origin.ID(), r.dp.CiliumVersion), "write apiVersion: cilium.io/v2alpha1")}
	}
	stored, issues := r.checkSchema(o)
	if stored == nil {
		return nil, issues
	}
	var group ciliumv2.CiliumCIDRGroup
	if err := json.Unmarshal(stored, &group); err != nil {
		return nil, append(issues, issue(o, "", model.Error, fmt.Sprintf("%s cannot be read and counts as absent: %v", o.Origin.ID(), err), ""))
	}
	g := cidrGroup{name: o.Origin.Name, labels: groupLabels(o.Origin.Name, group.Labels)}
	for i, cidr := range group.Spec.ExternalCIDRs {
		prefix, err := netip.ParsePrefix(string(cidr))
		if err != nil {
			path := fmt.Sprintf("spec.externalCIDRs[%d]", i)
			issues = append(issues, issue(o, path, model.Warning, fmt.Sprintf("%s: Cilium leaves out %q, which it cannot read", o.Origin.ID(), cidr), ""))
			continue
		}
		g.prefixes = append(g.prefixes, prefix)
	}
	r.groups = append(r.groups, g)
	return nil, issues
}

// groupLabels are the labels of a group's addresses: the group's name and its
// labels, those of Cilium's own left out. Each value is written into a key as
// well, so that an address in several groups keeps all of them (cilium v1.20.2
// pkg/policy/k8s/cilium_cidr_group.go, cidrsAndLabelsForCIDRGroup).
func groupLabels(name string, own map[string]string) labels.Labels {
	ref := api.LabelForCIDRGroupRef(name)
	lbls := labels.Labels{ref.Key: ref}
	for key, value := range utils.RemoveCiliumLabels(own) {
		l := labels.NewLabel(key, value, labels.LabelSourceCIDRGroup)
		encoded := labels.EncodedCIDRGroupLabel(l.Key, l.Value, l.Source)
		lbls[l.Key], lbls[encoded.Key] = l, encoded
	}
	return lbls
}

// keepOneValue leaves an address that is in several groups one value of each
// key, as releases before 1.19.4 do: the one of the narrowest group (cilium
// v1.19.3 has no EncodedCIDRGroupLabel).
func keepOneValue(lbls labels.Labels) {
	for key, l := range lbls {
		plain, value, _ := strings.Cut(key, labels.CIDRGroupEncodedSep)
		if isEncoded(l) && lbls[plain].Value != value {
			delete(lbls, key)
		}
	}
}

// isEncoded says whether a label is a value written into a key.
func isEncoded(l labels.Label) bool {
	return l.Source == labels.LabelSourceCIDRGroup && strings.Contains(l.Key, labels.CIDRGroupEncodedSep)
}

// unrestricted is a cidrGroupSelector as releases before 1.20 have it: they do
// not ask whether a peer is outside, so that one without demands, or with
// demands of absence only, means pods and nodes as well (cilium v1.19.4
// pkg/policy/types/selector.go, CIDRSelector.Matches; v1.18.4
// pkg/policy/api/cidr.go, GetAsEndpointSelectors).
type unrestricted struct{ types.Selector }

func (s unrestricted) Matches(ls labels.LabelArray) bool {
	return s.Selector.Matches(append(ls[:len(ls):len(ls)], labels.WorldLabel))
}

// mendGroups gives the cidrGroupSelectors of a rule their meaning. One that
// demands nothing means everybody in all releases: Cilium keeps selectors by
// their text, and that is the text of the selector of everything (cilium
// v1.20.2 pkg/policy/selectorcache_selector.go, IsWildcard).
func mendGroups(entry *types.PolicyEntry, cidrs api.CIDRRuleSlice, v model.Version) {
	for i, s := range entry.L3 {
		bySelector := slices.ContainsFunc(cidrs, func(c api.CIDRRule) bool {
			return c.CIDRGroupSelector.LabelSelector != nil && s.Key() == c.SelectorKey()
		})
		switch {
		case !bySelector:
		case s.Key() == types.WildcardSelector.Key():
			entry.L3[i] = types.WildcardSelector
		case !v.AtLeast(1, 20, 0):
			entry.L3[i] = unrestricted{s}
		}
	}
}

// meansEverybody is true of a cidrGroupSelector that demands nothing.
func meansEverybody(c api.CIDRRule) bool { return c.SelectorKey() == types.WildcardSelector.Key() }

// applyEmptyGroups: since 1.20 a port by name in an egress rule is looked up for
// the identities that the selector object in the agent's cache selects. Under
// the text of the selector of everything that is either it or an empty
// cidrGroupSelector of whatever rule, which selects addresses only: the one that
// the agent met first. The rules of equal rank that share the name go with it,
// as covered by it (cilium v1.20.2 pkg/policy/l4.go, toMapState and
// selectorCoveredByWildcard; selectorcache.go, addSelectorsTxn).
func (e *Engine) applyEmptyGroups(f *flow, hits []hit, before model.Step, step *model.Step) {
	byName := slices.DeleteFunc(known(hits), func(h hit) bool { return !f.meansByName(h.rule, e.ports()) })
	meansAll := func(h hit) bool { return h.rule.entry.L3.SelectsAllEndpoints() }
	all := slices.DeleteFunc(slices.Clone(byName), func(h hit) bool { return !meansAll(h) })
	if len(all) == 0 || !e.emptyGroupsHide(f) {
		return
	}
	gone := slices.DeleteFunc(byName, func(h hit) bool {
		equal := slices.ContainsFunc(all, func(a hit) bool { return compareRank(a, h) == 0 })
		return !equal || f.meansByNumber(h.rule, e.ports())
	})
	mayPassOtherwise := before.Verdict == model.Allowed && slices.ContainsFunc(hits, leavesMore)
	if mayPassOtherwise || e.hangsOn(f, gone, hits, before) {
		doubt(step, all[0].origin(), fmt.Sprintf("rule %s names everybody and a port by name: whether that means %s hangs on which selector Cilium has met first, that of everything or an empty cidrGroupSelector",
			ruleName(all[0].rule.path), describe(f.other)))
	}
}

// emptyGroupsHide says whether an empty cidrGroupSelector can keep a flow's peer
// from having named ports.
func (e *Engine) emptyGroupsHide(f *flow) bool {
	return f.direction == model.Egress && f.other.Kind == model.PartyPod && !e.options.cidrMeansPods() &&
		e.dp.Version().AtLeast(1, 20, 0) && slices.ContainsFunc(e.rules, func(r *rule) bool { return r.emptyGroups })
}

// leavesMore says whether a hit leaves something to a proxy or to authentication.
func leavesMore(h hit) bool {
	_, explicit := h.authentication()
	return explicit || slices.ContainsFunc(h.rule.entry.L4, func(p api.PortRule) bool { return describeL7(p) != "" })
}

// meansByName says whether a rule means the flow's port by a name.
func (f *flow) meansByName(r *rule, named peerPorts) bool { return f.meansPortAs(r, named, isNamed) }

// meansByNumber says whether a rule means the flow's port by other than a name.
func (f *flow) meansByNumber(r *rule, named peerPorts) bool {
	return len(r.entry.L4) == 0 || f.meansPortAs(r, named, func(p api.PortProtocol) bool { return !isNamed(p) })
}

func (f *flow) meansPortAs(r *rule, named peerPorts, kind func(api.PortProtocol) bool) bool {
	return slices.ContainsFunc(r.entry.L4, func(ports api.PortRule) bool {
		return slices.ContainsFunc(ports.Ports, func(p api.PortProtocol) bool { return kind(p) && f.portMatch(p, named) })
	})
}

func isNamed(p api.PortProtocol) bool {
	_, isNumber := portNumber(p.Port)
	return !isNumber
}

// groupName says in words which CIDR groups a selector means, "" for none.
func groupName(s types.Selector) string {
	switch name, isRef := strings.CutPrefix(s.Key(), api.CIDRGroupRef("").SelectorKey()); {
	case isRef:
		return "CIDR group " + name
	case isCIDR(s) && !strings.HasPrefix(s.Key(), labels.LabelSourceCIDR+":"):
		return "the CIDR groups that its cidrGroupSelector means"
	case strings.Contains(s.Key(), api.LabelGroupKeyPrefix):
		return "the cloud's groups that it names"
	default:
		return ""
	}
}

// groupIssues warns of references to CIDR groups that mean nobody, or everybody.
func (r *reader) groupIssues(o *model.Object, sources []ruleSource) []model.Issue {
	var issues []model.Issue
	for _, s := range sources {
		for i, c := range s.cidrSet {
			path := fmt.Sprintf("%s.%s[%d]", s.path, s.cidrField, i)
			says, remedy := "", "load the CiliumCIDRGroup too, or correct the reference"
			switch {
			case meansEverybody(c):
				says, remedy = "means EVERYBODY, pods and nodes too: its cidrGroupSelector is empty", "name a label, or use entity all"
			case c.Cidr != "" || r.hasGroup(c):
				continue
			case c.CIDRGroupRef != "":
				says = fmt.Sprintf("means no address: no CiliumCIDRGroup %s with addresses was loaded", c.CIDRGroupRef)
			default:
				says = "means no group: no CiliumCIDRGroup that it selects was loaded"
			}
			issues = append(issues, issue(o, path, model.Warning, fmt.Sprintf("%s: %s %s", o.Origin.ID(), ruleName(path), says), remedy))
		}
	}
	return issues
}

func (r *reader) hasGroup(c api.CIDRRule) bool {
	c.ExceptCIDRs = nil
	s := unrestricted{types.ToSelector(c)}
	return slices.ContainsFunc(r.groups, func(g cidrGroup) bool {
		return len(g.prefixes) > 0 && s.Matches(g.labels.LabelArray())
	})
}

// missingGroups are the groups that a rule refers to and no file holds.
func (r *reader) missingGroups(cidrs api.CIDRRuleSlice) []string {
	var missing []string
	for _, c := range cidrs {
		loaded := slices.ContainsFunc(r.groups, func(g cidrGroup) bool { return g.name == string(c.CIDRGroupRef) })
		if c.CIDRGroupRef != "" && !loaded {
			missing = append(missing, string(c.CIDRGroupRef))
		}
	}
	return missing
}

// applyMissingGroups: a deny rule whose group was forgotten must not make an
// allow that nobody doubts.
func (e *Engine) applyMissingGroups(f *flow, step *model.Step) {
	if step.Verdict != model.Allowed || !f.other.Outside() {
		return
	}
	for _, r := range e.rulesFor(f) {
		port, ok := f.portMatches(r, e.ports())
		if ok && r.entry.IsDeny() && len(r.missingGroups) > 0 {
			step.Conditions = append(step.Conditions, fmt.Sprintf("CIDR group %s, which no file holds and rule %s denies, does not hold the address",
				strings.Join(r.missingGroups, ", "), at(r, port)))
		}
	}
}
