package engine

import (
	"encoding/json"
	"fmt"
	"slices"

	ciliumk8s "github.com/cilium/cilium/pkg/k8s"
	"github.com/cilium/cilium/pkg/policy/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	policyv1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/netsim-dev/netsim/model"
)

// clusterNetworkPolicy reads a Kubernetes ClusterNetworkPolicy: the CRD's
// schema first, which Cilium's parser trusts, then that parser.
func (r *reader) clusterNetworkPolicy(o *model.Object) ([]*rule, []model.Issue) {
	stored, issues := r.checkSchema(o)
	if stored == nil {
		return nil, issues
	}
	var p policyv1alpha2.ClusterNetworkPolicy
	if err := json.Unmarshal(stored, &p); err != nil {
		r.opaque = append(r.opaque, o)
		return nil, append(issues, issue(o, "", model.Error, fmt.Sprintf(
			"%s passes the CRD's schema, but Cilium cannot decode it (%v): every verdict that it could touch is undetermined", o.Origin.ID(), err), ""))
	}
	issues = append(issues, experimentalFields(o, &p)...)
	issues = append(issues, looseSelectors(o, &p)...)
	var entries types.PolicyEntries
	problem := r.guard(o, func() (err error) {
		entries, err = r.parseClusterNetworkPolicy(p)
		return err
	}, func(err error) model.Issue { return r.refusedClusterNetworkPolicy(o, p, err) })
	if problem != nil {
		return nil, append(issues, *problem)
	}
	return clusterNetworkPolicyRules(o, &p, entries), issues
}

func (r *reader) parseClusterNetworkPolicy(p policyv1alpha2.ClusterNetworkPolicy) (types.PolicyEntries, error) {
	return ciliumk8s.ParseClusterNetworkPolicy(r.log, r.options.policyCluster, &p)
}

// refusedClusterNetworkPolicy says that the agent does not take a policy that
// the API server would, and finds the egress rule: only those can be refused,
// and Cilium's message names none.
func (r *reader) refusedClusterNetworkPolicy(o *model.Object, p policyv1alpha2.ClusterNetworkPolicy, err error) model.Issue {
	path := ""
	for i := range p.Spec.Egress {
		one := p
		one.Spec.Ingress, one.Spec.Egress = nil, p.Spec.Egress[i:i+1]
		if _, refusal := r.parseClusterNetworkPolicy(one); refusal != nil {
			path, err = fmt.Sprintf("spec.egress[%d]", i), refusal
			break
		}
	}
	message := fmt.Sprintf("%s is refused by Cilium's agent and has no effect: %s", o.Origin.ID(), atPath(path, plainly(err)))
	return issue(o, path, model.Error, message, remedyFor(err))
}

// clusterNetworkPolicyRules gives each entry its place in the document.
// ParseClusterNetworkPolicy makes one entry for each peer of each rule, ingress
// before egress, and two for a peer with domainNames: the lookup, then the
// names (cilium v1.20.2 pkg/k8s/cluster_network_policy.go).
func clusterNetworkPolicyRules(o *model.Object, p *policyv1alpha2.ClusterNetworkPolicy, entries types.PolicyEntries) []*rule {
	var sources []ruleSource
	for i, in := range p.Spec.Ingress {
		sources = append(sources, peerSources(fmt.Sprintf("spec.ingress[%d]", i), "from", len(in.From), len(in.Protocols))...)
	}
	for i, out := range p.Spec.Egress {
		for j, s := range peerSources(fmt.Sprintf("spec.egress[%d]", i), "to", len(out.To), len(out.Protocols)) {
			if out.To[j].DomainNames != nil {
				sources = append(sources, s)
			}
			s.readsNodes = out.To[j].Nodes != nil
			sources = append(sources, s)
		}
	}
	rules := make([]*rule, len(entries))
	for i, entry := range entries {
		s := sources[i]
		rules[i] = &rule{entry: entry, object: o, path: s.path, ports: s.ports(entry), unknownPeers: s.unresolvedText(), readsNodes: s.readsNodes}
	}
	return rules
}

// experimentalFields points at what only the CRD's experimental channel has
// (network-policy-api v0.2.0 config/crd). That the policy is in the files says
// that the cluster took it.
func experimentalFields(o *model.Object, p *policyv1alpha2.ClusterNetworkPolicy) []model.Issue {
	var issues []model.Issue
	for i, out := range p.Spec.Egress {
		for j, to := range out.To {
			name := ""
			switch {
			case to.Nodes != nil:
				name = "nodes"
			case to.DomainNames != nil:
				name = "domainNames"
			default:
				continue
			}
			path := fmt.Sprintf("spec.egress[%d].to[%d].%s", i, j, name)
			issues = append(issues, issue(o, path, model.Info, fmt.Sprintf(
				"%s: %s is a field of the CRD's experimental channel: with the standard one an API server refuses the policy", o.Origin.ID(), path), ""))
		}
	}
	return issues
}

// looseSelectors warns of selectors that nobody validates: the CRD does not
// know the operators, and Cilium leaves an expression out whose operator it
// does not know, which widens the selector (cilium v1.20.2
// pkg/policy/types/requirements.go, LabelSelectorToRequirements).
func looseSelectors(o *model.Object, p *policyv1alpha2.ClusterNetworkPolicy) []model.Issue {
	var issues []model.Issue
	for _, s := range selectorsOf(p) {
		opts := metav1validation.LabelSelectorValidationOptions{}
		for _, e := range metav1validation.ValidateLabelSelector(s.selector, opts, field.NewPath(s.path)) {
			issues = append(issues, issue(o, e.Field, model.Warning, fmt.Sprintf(
				"%s: %s: %s: no API server checks selectors of this kind, and Cilium ignores an expression whose operator it does not know, so that the selector means more than it says",
				o.Origin.ID(), e.Field, e.ErrorBody()), "operators are In and NotIn (with values), Exists and DoesNotExist (without)"))
		}
	}
	return issues
}

type placedSelector struct {
	path     string
	selector *metav1.LabelSelector
}

// selectorsOf lists the label selectors of a policy.
func selectorsOf(p *policyv1alpha2.ClusterNetworkPolicy) []placedSelector {
	all := peerSelectors("spec.subject", p.Spec.Subject.Namespaces, p.Spec.Subject.Pods)
	for i, in := range p.Spec.Ingress {
		for j, from := range in.From {
			all = append(all, peerSelectors(fmt.Sprintf("spec.ingress[%d].from[%d]", i, j), from.Namespaces, from.Pods)...)
		}
	}
	for i, out := range p.Spec.Egress {
		for j, to := range out.To {
			path := fmt.Sprintf("spec.egress[%d].to[%d]", i, j)
			all = append(all, peerSelectors(path, to.Namespaces, to.Pods)...)
			all = append(all, placedSelector{path + ".nodes", to.Nodes})
		}
	}
	return slices.DeleteFunc(all, func(s placedSelector) bool { return s.selector == nil })
}

func peerSelectors(path string, namespaces *metav1.LabelSelector, pods *policyv1alpha2.NamespacedPod) []placedSelector {
	all := []placedSelector{{path + ".namespaces", namespaces}}
	if pods != nil {
		all = append(all, placedSelector{path + ".pods.namespaceSelector", &pods.NamespaceSelector}, placedSelector{path + ".pods.podSelector", &pods.PodSelector})
	}
	return all
}
