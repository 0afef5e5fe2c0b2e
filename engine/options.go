package engine

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/logging"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// options are the settings that Cilium reads from process-wide variables while
// it parses and computes policy.
type options struct {
	clusterName       string
	policyMode        string
	cidrMatchMode     string
	labelPrefixes     string
	nodeLabelPrefixes string
	localhostAlways   bool
	ipv4, ipv6        bool
	hostFirewall      bool
	l7Proxy           bool
	icmpRules         bool
	nodeSelectors     bool
	nonDefaultDeny    bool
	extendedProtocols bool
	// nodeSelectorsSet is true where a setting says whether they are on.
	nodeSelectorsSet bool
	// policyCluster is what the parsers are given: the cluster that a peer
	// selector means when it names none.
	policyCluster string
}

// ciliumLock guards Cilium's process-wide settings: whoever holds it has them
// set to its own. It is the one global here, because they are global.
var ciliumLock struct {
	sync.Mutex
	current *options
}

// withOptions runs f while Cilium's process-wide settings are o.
func (o *options) withOptions(f func()) {
	ciliumLock.Lock()
	defer ciliumLock.Unlock()
	if ciliumLock.current == nil {
		// Some of Cilium's code writes to its own default logger; nothing may
		// reach an output but answers.
		logging.DefaultSlogLogger = slog.New(slog.DiscardHandler)
	}
	if ciliumLock.current == nil || *ciliumLock.current != *o {
		o.apply()
		ciliumLock.current = o
	}
	f()
}

func (o *options) apply() {
	c := option.Config
	c.ClusterName = o.clusterName
	c.EnableIPv4, c.EnableIPv6 = o.ipv4, o.ipv6
	c.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostPolicy
	if o.localhostAlways {
		c.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	}
	c.EnableHostFirewall = o.hostFirewall
	c.EnableL7Proxy = o.l7Proxy
	c.EnableICMPRules = o.icmpRules
	c.EnableNodeSelectorLabels = o.nodeSelectors
	c.EnableNonDefaultDenyPolicies = o.nonDefaultDeny
	c.EnableExtendedIPProtocols = o.extendedProtocols
	c.PolicyCIDRMatchMode = strings.Fields(strings.ReplaceAll(o.cidrMatchMode, ",", " "))
	policy.SetPolicyEnabled(o.policyMode)
	api.InitEntities(o.clusterName)
	log := slog.New(slog.DiscardHandler)
	if err := labelsfilter.ParseLabelPrefixCfg(log, strings.Fields(o.labelPrefixes), strings.Fields(o.nodeLabelPrefixes), ""); err != nil {
		// An agent would not start with such a list; the default one is at
		// least not what another Engine has left behind.
		_ = labelsfilter.ParseLabelPrefixCfg(log, nil, nil, "")
	}
}

// optionsFrom reads the settings from the keys of the cilium-config ConfigMap,
// with the agent's defaults (cilium v1.20.2 pkg/option/config.go) for absent
// ones.
func optionsFrom(dp model.Datapath, c *model.Cluster) *options {
	read := func(key, fallback string) string {
		if v, ok := dp.Options[key]; ok && v != "" {
			return v
		}
		return fallback
	}
	o := &options{
		clusterName:       dp.ClusterName,
		policyMode:        read("enable-policy", option.DefaultEnforcement),
		cidrMatchMode:     read("policy-cidr-match-mode", ""),
		labelPrefixes:     read("labels", ""),
		nodeLabelPrefixes: read("node-labels", ""),
		localhostAlways:   read("allow-localhost", option.AllowLocalhostAuto) != option.AllowLocalhostPolicy,
		ipv4:              dp.On("enable-ipv4", true),
		ipv6:              dp.On("enable-ipv6", hasIPv6(c)),
		hostFirewall:      dp.On("enable-host-firewall", false),
		l7Proxy:           dp.On("enable-l7-proxy", true),
		icmpRules:         dp.On("enable-icmp-rules", true),
		// Without a cilium-config, a rule that needs an option speaks for it.
		nodeSelectors: dp.On("enable-node-selector-labels", c.CiliumConfig == nil),
		// 1.16 has no such option (pkg/policy/api/rule_validation.go).
		nonDefaultDeny:    !dp.Version().AtLeast(1, 17, 0) || dp.On("enable-non-default-deny-policies", true),
		extendedProtocols: dp.On("enable-extended-ip-protocols", c.CiliumConfig == nil),
		policyCluster:     cmtypes.PolicyAnyCluster,
	}
	_, o.nodeSelectorsSet = dp.Options["enable-node-selector-labels"]
	if !dp.Version().AtLeast(1, 20, 0) {
		o.cidrMatchMode = strings.ReplaceAll(o.cidrMatchMode, "pods", "")
	}
	// Since 1.19 a selector that names no cluster means the local one; 1.18 had
	// the option, off by default (pkg/clustermesh/types/option.go).
	if dp.Version().AtLeast(1, 18, 0) && dp.On("policy-default-local-cluster", dp.Version().AtLeast(1, 19, 0)) {
		o.policyCluster = dp.ClusterName
	}
	return o
}

// optionIssues says which settings the cluster's release does not know. Its
// agent would not start; netsim takes them as absent.
func optionIssues(dp model.Datapath) []model.Issue {
	if dp.Version().AtLeast(1, 20, 0) || !strings.Contains(dp.Options["policy-cidr-match-mode"], "pods") {
		return nil
	}
	return []model.Issue{{Severity: model.Error, Message: fmt.Sprintf(
		"policy-cidr-match-mode \"pods\" came with 1.20: the agent of Cilium %s would not start with it, and netsim takes it as absent", dp.CiliumVersion),
		Remedy: "remove it, or name Cilium's version"}}
}

// neededBy switches node selectors off where only their default was on and no
// rule has any: node labels are then no part of identities.
func (o *options) neededBy(rules []*rule) *options {
	needed := *o
	needed.nodeSelectors = o.nodeSelectors && (o.nodeSelectorsSet || slices.ContainsFunc(rules, func(r *rule) bool { return r.readsNodes }))
	return &needed
}

// cidrMeansNodes says whether CIDR rules can mean nodes.
func (o *options) cidrMeansNodes() bool { return strings.Contains(o.cidrMatchMode, "nodes") }

// cidrMeansPods says whether CIDR rules can mean pods.
func (o *options) cidrMeansPods() bool { return strings.Contains(o.cidrMatchMode, "pods") }

// cidrMeans says whether CIDR rules can mean a kind of party inside the cluster.
func (o *options) cidrMeans(kind model.PartyKind) bool {
	return kind == model.PartyNode && o.cidrMeansNodes() || kind == model.PartyPod && o.cidrMeansPods()
}

// hasIPv6 is true where any pod has an IPv6 address: the agents must have been
// told so.
func hasIPv6(c *model.Cluster) bool {
	for _, p := range c.Pods {
		for _, ip := range p.IPs {
			if ip.Is6() {
				return true
			}
		}
	}
	return false
}
