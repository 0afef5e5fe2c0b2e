package engine

import (
	"fmt"
	"slices"
	"strings"

	ciliumk8s "github.com/cilium/cilium/pkg/k8s"
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	slim_networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	networkingv1 "k8s.io/api/networking/v1"
	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/model"
)

// networkPolicy reads a Kubernetes NetworkPolicy: decoding and validation as
// the API server does them, then Cilium's parser.
func (r *reader) networkPolicy(o *model.Object) ([]*rule, []model.Issue) {
	var np networkingv1.NetworkPolicy
	strict, err := kjson.UnmarshalStrict(o.JSON, &np)
	if err != nil {
		return nil, []model.Issue{issue(o, "", model.Error,
			fmt.Sprintf("%s is invalid and counts as absent: %v", o.Origin.ID(), err), "")}
	}
	var issues []model.Issue
	for _, e := range strict {
		issues = append(issues, strictIssue(o, e))
	}
	if problems := validateNetworkPolicy(&np); len(problems) > 0 {
		for _, p := range problems {
			issues = append(issues, issue(o, p.path, model.Error,
				fmt.Sprintf("%s is invalid and counts as absent: %s: %s", o.Origin.ID(), p.path, p.message), p.remedy))
		}
		return nil, issues
	}
	var entries types.PolicyEntries
	problem := r.guard(o, func() (err error) {
		entries, err = r.parseNetworkPolicy(o)
		return err
	}, func(err error) model.Issue {
		return issue(o, "", model.Error, fmt.Sprintf("%s is refused by Cilium's agent and has no effect: %v", o.Origin.ID(), err), "")
	})
	if problem != nil {
		return nil, append(issues, *problem)
	}
	issues = append(issues, r.ignoredInSelectors(o, podSelectors(&np))...)
	rules := networkPolicyRules(o, &np, entries)
	if r.ipBlockMeansNamespace() {
		widenIPBlocks(rules, o.Origin.Namespace, r.options.policyCluster)
	}
	return rules, issues
}

// ipBlockMeansNamespace: from 1.19.0 to 1.19.4 a peer with an ipBlock also
// selects every pod of the policy's own namespace, because the selector of the
// local cluster is added before the peer is found to have none (cilium v1.19.4
// pkg/k8s/network_policy.go, parseNetworkPolicyPeer; seen on a live cluster;
// gone in 1.19.5).
func (r *reader) ipBlockMeansNamespace() bool {
	v := r.dp.Version()
	return v.AtLeast(1, 19, 0) && !v.AtLeast(1, 19, 5) && r.options.policyCluster != ""
}

func widenIPBlocks(rules []*rule, namespace, cluster string) {
	own := api.NewESFromMatchRequirements(map[string]string{
		labels.LabelSourceK8sKeyPrefix + podNamespaceLabel:           namespace,
		labels.LabelSourceK8sKeyPrefix + ciliumio.PolicyLabelCluster: cluster,
	}, nil)
	for _, r := range rules {
		if slices.ContainsFunc(r.entry.L3, isCIDR) {
			r.entry.L3 = append(r.entry.L3, types.NewLabelSelector(own))
		}
	}
}

// isCIDR says whether a selector was written as a CIDR, 0.0.0.0/0 included.
func isCIDR(s types.Selector) bool {
	if group, ok := s.(unrestricted); ok {
		s = group.Selector
	}
	_, ok := s.(*types.CIDRSelector)
	return ok
}

func strictIssue(o *model.Object, err error) model.Issue {
	path := ""
	if _, rest, found := strings.Cut(err.Error(), `"`); found {
		path, _, _ = strings.Cut(rest, `"`)
	}
	return issue(o, path, model.Warning,
		fmt.Sprintf("%s: %v: an API server drops it", o.Origin.ID(), err), "remove or correct the field")
}

func (r *reader) parseNetworkPolicy(o *model.Object) (types.PolicyEntries, error) {
	var np slim_networkingv1.NetworkPolicy
	if err := kjson.UnmarshalCaseSensitivePreserveInts(o.JSON, &np); err != nil {
		return nil, err
	}
	np.Name, np.Namespace = o.Origin.Name, o.Origin.Namespace
	return ciliumk8s.ParseNetworkPolicy(r.log, r.options.policyCluster, &np)
}

// networkPolicyRules gives each entry its place in the document.
// ParseNetworkPolicy makes one entry for each peer of each rule (one for a
// rule without peers), ingress before egress, and one without peers for a
// direction that is isolated and has no rules (cilium v1.20.2
// pkg/k8s/network_policy.go).
func networkPolicyRules(o *model.Object, np *networkingv1.NetworkPolicy, entries types.PolicyEntries) []*rule {
	var sources []ruleSource
	for i, in := range np.Spec.Ingress {
		sources = append(sources, peerSources(fmt.Sprintf("spec.ingress[%d]", i), "from", len(in.From), len(in.Ports))...)
	}
	if len(np.Spec.Ingress) == 0 && len(entries) > 0 && entries[0].Ingress {
		sources = append(sources, ruleSource{path: "spec.policyTypes"})
	}
	for i, out := range np.Spec.Egress {
		sources = append(sources, peerSources(fmt.Sprintf("spec.egress[%d]", i), "to", len(out.To), len(out.Ports))...)
	}
	if len(sources) < len(entries) {
		sources = append(sources, ruleSource{path: "spec.policyTypes"})
	}
	rules := make([]*rule, len(entries))
	for i, entry := range entries {
		rules[i] = &rule{entry: entry, object: o, path: sources[i].path, ports: sources[i].ports(entry)}
		rules[i].undeclared = undeclared(np, entry)
	}
	return rules
}

func undeclared(np *networkingv1.NetworkPolicy, entry *types.PolicyEntry) bool {
	declared := networkingv1.PolicyTypeEgress
	if entry.Ingress {
		declared = networkingv1.PolicyTypeIngress
	}
	return len(np.Spec.PolicyTypes) > 0 && !slices.Contains(np.Spec.PolicyTypes, declared)
}

func peerSources(path, field string, peers, ports int) []ruleSource {
	if peers == 0 {
		return []ruleSource{{path: path, nPorts: ports}}
	}
	out := make([]ruleSource, peers)
	for i := range out {
		out[i] = ruleSource{path: fmt.Sprintf("%s.%s[%d]", path, field, i), nPorts: ports}
	}
	return out
}

// ports names a NetworkPolicy's peers rather than its ports where a rule has
// both: the port list is shared by all peers of the rule.
func (s ruleSource) ports(entry *types.PolicyEntry) []string {
	paths := make([]string, len(entry.L4))
	for i := range paths {
		paths[i] = s.path
	}
	return paths
}
