package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netsim-dev/netsim/model"
)

// Rules with toGroups and fromGroups mean addresses that Cilium's operator asks
// the cloud for. Since 1.20 it writes them into a CiliumCIDRGroup labelled with
// a hash of the group (operator/pkg/networkpolicy/external-groups), and where
// that is loaded the rule is like any other. Up to 1.19 the agent passes over a
// whole policy that has such a rule, and enforces a copy that the operator
// makes of it, with CIDRs in place of the groups (cilium v1.19.4
// pkg/policy/k8s/cilium_network_policy.go, onUpsert; pkg/policy/groups).

// unknownGroups are the groups whose addresses no file holds, as JSON.
func (r *reader) unknownGroups(groups []api.Groups) []string {
	var unknown []string
	for _, g := range groups {
		resolved := slices.ContainsFunc(r.groups, func(known cidrGroup) bool {
			l, found := known.labels[g.LabelKey()]
			return found && l.Source == labels.LabelSourceCIDRGroup
		})
		if !resolved || !r.dp.Version().AtLeast(1, 20, 0) {
			text, _ := json.Marshal(g)
			unknown = append(unknown, string(text))
		}
	}
	return unknown
}

// unknownText is unknownPeers with the groups that are meant.
func (r *rule) unknownText() string {
	if len(r.unknownGroups) == 0 {
		return r.unknownPeers
	}
	return fmt.Sprintf("%s %s", r.unknownPeers, strings.Join(r.unknownGroups, ", "))
}

// groupsIssues says of rules with the cloud's groups what netsim takes for
// granted.
func (r *reader) groupsIssues(o *model.Object, sources []ruleSource) []model.Issue {
	var issues []model.Issue
	for _, s := range sources {
		unknown := r.unknownGroups(s.groups)
		if len(unknown) == 0 {
			continue
		}
		path := s.path + "." + s.groupsField
		says, remedy := "no CiliumCIDRGroup was loaded that holds the addresses of %s: verdicts that hang on them are undetermined", "load the CiliumCIDRGroups that Cilium's operator made"
		if !r.dp.Version().AtLeast(1, 20, 0) {
			says, remedy = "Cilium puts the policy in force through a copy that its operator makes once the cloud has said what %s is; netsim takes it that it has, and verdicts that hang on the addresses are undetermined", "load that copy, NAME-groups-UID, too"
		}
		issues = append(issues, issue(o, path, model.Warning,
			fmt.Sprintf("%s: %s: "+says, o.Origin.ID(), ruleName(path), strings.Join(unknown, ", ")), remedy))
	}
	return issues
}

// derivatives are the policies, by ID, that a loaded policy is the operator's
// copy of.
func derivatives(objects []*model.Object, v model.Version) map[string]bool {
	owners := map[string]bool{}
	if v.AtLeast(1, 20, 0) {
		return owners
	}
	for _, o := range objects {
		var copied struct{ Metadata metav1.ObjectMeta }
		if json.Unmarshal(o.JSON, &copied) != nil || copied.Metadata.Labels["io.cilium.network.policy.kind"] != "derivative" {
			continue
		}
		for _, owner := range copied.Metadata.OwnerReferences {
			owners[model.Origin{Kind: owner.Kind, Namespace: o.Origin.Namespace, Name: owner.Name}.ID()] = true
		}
	}
	return owners
}

func derived(o *model.Object) model.Issue {
	return issue(o, "", model.Info, fmt.Sprintf("%s has groups of the cloud's, and is in force through the copy that Cilium's operator made of it", o.Origin.ID()), "")
}
