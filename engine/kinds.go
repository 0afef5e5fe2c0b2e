package engine

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// policyKind is how one kind of policy is read.
type policyKind struct {
	// read turns a document into rules. What an API server or Cilium's agent
	// would refuse comes back as issues without rules.
	read func(*reader, *model.Object) ([]*rule, []model.Issue)
	// option is the cilium-config key that switches the kind on, and byDefault
	// what its absence means. No option: always on.
	option    string
	byDefault bool
	// since is the first minor release of Cilium 1.x that knows the kind.
	since int
	// referred is true for what policies refer to: it is read before them.
	referred bool
	// ignored says why Cilium does not act on the kind at all, "" if it does,
	// and instead what to write.
	ignored, instead string
}

// kinds is the table of policy kinds: a new one is a file and a row here.
func kinds() map[string]policyKind {
	return map[string]policyKind{
		"CiliumNetworkPolicy": {
			read: (*reader).ciliumPolicy, option: "enable-cilium-network-policy", byDefault: true,
		},
		"CiliumClusterwideNetworkPolicy": {
			read: (*reader).ciliumPolicy, option: "enable-cilium-clusterwide-network-policy", byDefault: true,
		},
		"NetworkPolicy": {
			read: (*reader).networkPolicy, option: "enable-k8s-networkpolicy", byDefault: true,
		},
		"ClusterNetworkPolicy": {
			read: (*reader).clusterNetworkPolicy, option: "enable-k8s-cluster-network-policy", since: 20,
		},
		"CiliumCIDRGroup":           {read: (*reader).cidrGroup, referred: true},
		"CiliumLocalRedirectPolicy": {read: (*reader).reference},
		"AdminNetworkPolicy": {
			ignored: "Cilium does not implement AdminNetworkPolicy",
			instead: "Cilium 1.20 implements its successor: a ClusterNetworkPolicy of the Admin tier",
		},
		"BaselineAdminNetworkPolicy": {
			ignored: "Cilium does not implement BaselineAdminNetworkPolicy",
			instead: "Cilium 1.20 implements its successor: a ClusterNetworkPolicy of the Baseline tier",
		},
	}
}

// readPolicies reads every policy of the cluster by the table.
func (r *reader) readPolicies(objects []*model.Object) ([]*rule, []model.Issue) {
	var (
		rules  []*rule
		issues []model.Issue
		table  = kinds()
	)
	referred := func(o *model.Object) int {
		if table[o.Origin.Kind].referred {
			return 0
		}
		return 1
	}
	inOrder := slices.SortedStableFunc(slices.Values(objects), func(a, b *model.Object) int { return referred(a) - referred(b) })
	for _, o := range inOrder {
		kind, known := table[o.Origin.Kind]
		if !known {
			issues = append(issues, issue(o, "", model.Warning, o.Origin.Kind+" is not a policy that netsim knows", "it is left out of every verdict"))
			continue
		}
		if why := r.switchedOff(kind, o.Origin.Kind); why != "" {
			r.absent[o] = issue(o, "", model.Warning, fmt.Sprintf("%s has no effect: %s", o.Origin.ID(), why), kind.instead)
			issues = append(issues, r.absent[o])
			continue
		}
		read, problems := kind.read(r, o)
		if len(read) == 0 {
			r.noteAbsent(o, problems)
		}
		for _, rule := range read {
			if r.options.cidrMeansNodes() && !r.dp.Version().AtLeast(1, 19, 0) {
				everythingMeansNodes(rule.entry)
			}
		}
		rules = append(rules, read...)
		issues = append(issues, problems...)
	}
	return rules, issues
}

// switchedOff says why a kind is not enforced on this cluster, "" if it is.
func (r *reader) switchedOff(kind policyKind, name string) string {
	switch {
	case kind.ignored != "":
		return kind.ignored
	case kind.since > 0 && !r.dp.Version().AtLeast(1, kind.since, 0):
		return fmt.Sprintf("Cilium %s does not know %s, which came with 1.%d", r.dp.CiliumVersion, name, kind.since)
	case kind.option != "" && !r.dp.On(kind.option, kind.byDefault || r.index.Cluster.CiliumConfig == nil):
		return fmt.Sprintf("%s is off%s", kind.option, r.source(kind.option))
	default:
		return ""
	}
}

// source says where an option was set, in brackets; "" where nothing says.
func (r *reader) source(option string) string {
	if source := r.dp.Sources[option]; source != "" {
		return " (" + source + ")"
	}
	return ""
}

// reference is the reader of kinds that others refer to and that hold no rules
// of their own.
func (r *reader) reference(*model.Object) ([]*rule, []model.Issue) { return nil, nil }

func issue(o *model.Object, path string, severity model.Severity, message, remedy string) model.Issue {
	return model.Issue{
		Severity: severity, File: o.Origin.File, Line: o.Line(path),
		Message: message, Remedy: remedy,
	}
}
