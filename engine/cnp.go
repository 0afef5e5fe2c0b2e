package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"

	"github.com/netsim-dev/netsim/engine/internal/crd"
	"github.com/netsim-dev/netsim/model"
)

// ciliumPolicy reads a CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy:
// first the CRD's schema, as the API server checks it, then the agent's own
// checks, then one rule for each entry of its rule lists.
func (r *reader) ciliumPolicy(o *model.Object) ([]*rule, []model.Issue) {
	stored, issues := r.checkSchema(o)
	if stored == nil {
		return nil, issues
	}
	if r.hasDerivative[o.Origin.ID()] {
		return nil, append(issues, derived(o))
	}
	var policy ciliumv2.CiliumNetworkPolicy
	if err := json.Unmarshal(stored, &policy); err != nil {
		r.opaque = append(r.opaque, o)
		return nil, append(issues, issue(o, "", model.Error, fmt.Sprintf(
			"%s passes the CRD's schema, but Cilium cannot decode it (%v): every verdict that it could touch is undetermined", o.Origin.ID(), err), ""))
	}
	paths := specPaths(policy)
	if !r.dp.Version().AtLeast(1, 17, 0) {
		if policy, paths = withoutEmptySpecs(policy); len(paths) == 0 {
			return nil, append(issues, issue(o, "", model.Warning, fmt.Sprintf("%s has no rules and no effect", o.Origin.ID()), "add a rule: an empty list alone says nothing"))
		}
	}
	var parsed ciliumSpecs
	problem := r.guard(o, func() (err error) {
		parsed, err = r.parseCilium(o, policy)
		return err
	}, func(err error) model.Issue { return refused(o, policy, err) })
	if problem != nil {
		return nil, append(issues, *problem)
	}
	var rules []*rule
	for i, path := range paths {
		rules = append(rules, r.ciliumRules(o, path, parsed.rules[i])...)
		issues = append(issues, r.groupIssues(o, ruleSources(path, parsed.rules[i]))...)
		issues = append(issues, r.groupsIssues(o, ruleSources(path, parsed.rules[i]))...)
		issues = append(issues, r.ignoredInCilium(o, path, parsed.rules[i])...)
		issues = append(issues, r.idleNodePolicy(o, path, parsed.rules[i])...)
		issues = append(issues, unresolvedServices(o, path, parsed.rules[i], parsed.unresolved[i])...)
	}
	return rules, issues
}

// ciliumSpecs are the parsed rules of one document, and for each the egress
// rules whose toServices mean no Service.
type ciliumSpecs struct {
	rules      api.Rules
	unresolved [][]int
}

// checkSchema gives the document as an API server would store it, nil if it
// would refuse it. Unknown fields are pruned, so they are warnings. What is
// decoded later must be the stored form: encoding/json matches names in any
// case and would read a "toports" that no cluster does.
func (r *reader) checkSchema(o *model.Object) (stored []byte, issues []model.Issue) {
	var doc map[string]any
	if err := json.Unmarshal(o.JSON, &doc); err != nil {
		return nil, []model.Issue{issue(o, "", model.Error, fmt.Sprintf("%s cannot be read: %v", o.Origin.ID(), err), "")}
	}
	refused := false
	for _, p := range r.crds.Validate(o.Origin.Kind, doc) {
		if stillInForce(p, r.dp.Version()) {
			return nil, append(issues, r.outlived(o, p))
		}
		if p.Unknown {
			issues = append(issues, unknownField(o, p))
			continue
		}
		refused = true
		issues = append(issues, issue(o, p.Path, model.Error,
			fmt.Sprintf("%s is invalid and counts as absent: %s", o.Origin.ID(), atPath(p.Path, p.Message)), didYouMean(p.Suggestion)))
	}
	if refused {
		return nil, issues
	}
	pruned, err := r.crds.Stored(o.Origin.Kind, doc)
	if err == nil {
		stored, err = json.Marshal(pruned)
	}
	if err != nil {
		issues = append(issues, issue(o, "", model.Error, fmt.Sprintf("%s cannot be read: %v", o.Origin.ID(), err), ""))
	}
	return stored, issues
}

// atPath puts the field that a message is about before it, if it is about one.
func atPath(path, message string) string {
	if path == "" {
		return message
	}
	return path + ": " + message
}

func didYouMean(suggestion string) string {
	if suggestion == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", suggestion)
}

func unknownField(o *model.Object, p crd.Problem) model.Issue {
	remedy := didYouMean(p.Suggestion)
	if remedy == "" {
		remedy = "remove the field"
	}
	return issue(o, p.Path, model.Warning,
		fmt.Sprintf("%s: field %s is not known: an API server drops it, and the rule means what is left", o.Origin.ID(), p.Path), remedy)
}

// parseCilium resolves toServices, then runs Cilium's own checks and parser
// (cilium v1.20.2 pkg/k8s/apis/cilium.io/v2, CiliumNetworkPolicy.Parse, which
// takes a document without a namespace for a clusterwide one).
func (r *reader) parseCilium(o *model.Object, p ciliumv2.CiliumNetworkPolicy) (parsed ciliumSpecs, err error) {
	// The document's own metadata may have generateName only.
	p.Name, p.Namespace = o.Origin.Name, o.Origin.Namespace
	for _, spec := range specs(p) {
		if problem := notYet(spec, r.dp.Version()); problem != "" {
			return parsed, fmt.Errorf("Cilium is %s here, and %s", r.dp.CiliumVersion, problem)
		}
		parsed.unresolved = append(parsed.unresolved, r.resolveToServices(spec))
	}
	parsed.rules, err = p.Parse(r.log, r.options.policyCluster)
	return parsed, err
}

// specs are a document's rules in the order in which Cilium's parser returns
// them: spec, then each of specs.
func specs(p ciliumv2.CiliumNetworkPolicy) api.Rules {
	if p.Spec == nil {
		return p.Specs
	}
	return append(api.Rules{p.Spec}, p.Specs...)
}

// specPaths are the field paths of specs.
func specPaths(p ciliumv2.CiliumNetworkPolicy) []string {
	var paths []string
	if p.Spec != nil {
		paths = append(paths, "spec")
	}
	for i := range p.Specs {
		paths = append(paths, fmt.Sprintf("specs[%d]", i))
	}
	return paths
}

// ciliumRules gives each entry that Cilium makes of a rule its place in the
// document. RulesToPolicyEntries keeps the order ingress, ingressDeny, egress,
// egressDeny (pkg/policy/utils/parserules.go).
func (r *reader) ciliumRules(o *model.Object, spec string, parsed *api.Rule) []*rule {
	sources := ruleSources(spec, parsed)
	entries := utils.RulesToPolicyEntries(api.Rules{parsed})
	rules := make([]*rule, len(entries))
	for i, entry := range entries {
		mendGroups(entry, sources[i].cidrSet, r.dp.Version())
		rules[i] = &rule{
			entry: entry, object: o, path: sources[i].path,
			ports:        sources[i].portPaths(),
			unknownPeers: r.unknownPeers(sources[i]), unknownGroups: r.unknownGroups(sources[i].groups), endpointPeers: sources[i].endpointPeers(),
			missingGroups: r.missingGroups(sources[i].cidrSet), emptyGroups: slices.ContainsFunc(sources[i].cidrSet, meansEverybody), readsNodes: sources[i].readsNodes,
		}
	}
	return rules
}

// ruleSource is one element of a rule list, whatever its direction and action.
type ruleSource struct {
	path   string
	nPorts int
	icmps  api.ICMPRules
	// cidrSet are the peers of the field fromCIDRSet or toCIDRSet.
	cidrField string
	cidrSet   api.CIDRRuleSlice
	// endpoints are the peers of the field fromEndpoints or toEndpoints.
	endpointsField string
	endpoints      []api.EndpointSelector
	// groups are the peers of the field fromGroups or toGroups.
	groupsField string
	groups      []api.Groups
	// readsNodes is true where its peers are nodes by their labels.
	readsNodes bool
	// unresolved are the peer fields whose meaning lies outside the files.
	unresolved []string
}

func ruleSources(spec string, r *api.Rule) []ruleSource {
	var out []ruleSource
	add := func(list string, i int, s ruleSource) {
		s.path = fmt.Sprintf("%s.%s[%d]", spec, list, i)
		out = append(out, s)
	}
	for i, x := range r.Ingress {
		s := ingressSource(x.IngressCommonRule)
		s.nPorts, s.icmps = len(x.ToPorts), x.ICMPs
		add("ingress", i, s)
	}
	for i, x := range r.IngressDeny {
		s := ingressSource(x.IngressCommonRule)
		s.nPorts, s.icmps = len(x.ToPorts), x.ICMPs
		add("ingressDeny", i, s)
	}
	for i, x := range r.Egress {
		s := egressSource(x.EgressCommonRule)
		s.nPorts, s.icmps = len(x.ToPorts), x.ICMPs
		if slices.ContainsFunc(x.ToEndpoints, isUnknownAPIServer) {
			s.note("toServices", 1)
		}
		add("egress", i, s)
	}
	for i, x := range r.EgressDeny {
		s := egressSource(x.EgressCommonRule)
		s.nPorts, s.icmps = len(x.ToPorts), x.ICMPs
		add("egressDeny", i, s)
	}
	return out
}

func ingressSource(c api.IngressCommonRule) ruleSource {
	s := ruleSource{
		cidrField: "fromCIDRSet", cidrSet: c.FromCIDRSet,
		endpointsField: "fromEndpoints", endpoints: c.FromEndpoints,
		readsNodes: len(c.FromNodes) > 0, groupsField: "fromGroups", groups: c.FromGroups,
	}
	return s
}

func egressSource(c api.EgressCommonRule) ruleSource {
	s := ruleSource{
		cidrField: "toCIDRSet", cidrSet: c.ToCIDRSet,
		endpointsField: "toEndpoints", endpoints: c.ToEndpoints,
		readsNodes: len(c.ToNodes) > 0, groupsField: "toGroups", groups: c.ToGroups,
	}
	return s
}

func (s *ruleSource) note(field string, n int) {
	if n > 0 {
		s.unresolved = append(s.unresolved, field)
	}
}

// endpointPeers are the peers given by labels that a file holds.
func (s ruleSource) endpointPeers() []endpointSelector {
	peers := []endpointSelector{}
	for i, e := range s.endpoints {
		if !e.Generated {
			path := fmt.Sprintf("%s.%s[%d]", s.path, s.endpointsField, i)
			peers = append(peers, endpointSelector{path, types.NewLabelSelector(e), namedNamespaces(e)})
		}
	}
	return peers
}

// unknownPeers says which fields keep netsim from knowing the rule's peers.
func (r *reader) unknownPeers(s ruleSource) string {
	if len(r.unknownGroups(s.groups)) > 0 {
		s.note(s.groupsField, 1)
	}
	return s.unresolvedText()
}

func (s ruleSource) unresolvedText() string { return strings.Join(s.unresolved, ", ") }

// portPaths are the paths of the port rules in the order of PolicyEntry.L4:
// toPorts first, then icmps.
func (s ruleSource) portPaths() []string {
	var paths []string
	for i := range s.nPorts {
		paths = append(paths, fmt.Sprintf("%s.toPorts[%d]", s.path, i))
	}
	for i := range s.icmps {
		paths = append(paths, fmt.Sprintf("%s.icmps[%d]", s.path, i))
	}
	return paths
}
