package differential_test

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"

	ciliumk8s "github.com/cilium/cilium/pkg/k8s"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim_networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"
	policyv1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// withSettings runs f with Cilium's process-wide settings as the cluster's
// cilium-config has them, and puts back what was there.
func (w *world) withSettings(f func()) {
	before, enabled := *option.Config, policy.GetPolicyEnabled()
	defer func() {
		c := option.Config
		c.ClusterName, c.EnableIPv4, c.EnableIPv6 = before.ClusterName, before.EnableIPv4, before.EnableIPv6
		c.EnableHostFirewall = before.EnableHostFirewall
		c.EnableNodeSelectorLabels, c.PolicyCIDRMatchMode = before.EnableNodeSelectorLabels, before.PolicyCIDRMatchMode
		c.UnsafeDaemonConfigOption.AllowLocalhost = before.UnsafeDaemonConfigOption.AllowLocalhost
		policy.SetPolicyEnabled(enabled)
		api.InitEntities(before.ClusterName)
	}()
	c := option.Config
	c.ClusterName, c.EnableIPv4, c.EnableIPv6 = w.cluster, true, w.dual
	c.EnableNodeSelectorLabels = w.settings["enable-node-selector-labels"] == "true"
	c.EnableHostFirewall = w.settings["enable-host-firewall"] == "true"
	c.PolicyCIDRMatchMode = strings.Split(w.settings["policy-cidr-match-mode"], ",")
	c.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	if w.settings["allow-localhost"] == "policy" {
		c.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostPolicy
	}
	policy.SetPolicyEnabled(w.settings["enable-policy"])
	_ = labelsfilter.ParseLabelPrefixCfg(slog.New(slog.DiscardHandler), nil, nil, "")
	api.InitEntities(w.cluster)
	f()
}

// parse reads the policies with Cilium's parsers; refused are those that they
// do not take.
func (w *world) parse() (entries policytypes.PolicyEntries, refused []string) {
	for _, o := range w.objects {
		data, _ := json.Marshal(o)
		name := o["metadata"].(object)["name"].(string)
		if breaksSchema(o) {
			w.count("policy that breaks the schema")
			refused = append(refused, name)
			continue
		}
		parsed, err := w.parseOne(o["kind"].(string), data)
		if err != nil {
			w.count("policy that the agent refuses")
			refused = append(refused, name)
			continue
		}
		entries = append(entries, parsed...)
	}
	slices.Sort(refused)
	return entries, refused
}

// breaksSchema knows the one demand of the CRDs' schemas that drawn policies
// can miss and that Cilium's parser does not make: addresses and nodes have no
// named ports (network-policy-api v0.2.0,
// apis/v1alpha2/clusternetworkpolicy_types.go, XValidation of
// ClusterNetworkPolicyEgressRule).
func breaksSchema(o object) bool {
	if o["kind"] != "ClusterNetworkPolicy" {
		return false
	}
	rules, _ := o["spec"].(object)["egress"].([]object)
	return slices.ContainsFunc(rules, func(r object) bool {
		protocols, _ := r["protocols"].([]object)
		named := slices.ContainsFunc(protocols, func(p object) bool { return p["destinationNamedPort"] != nil })
		return named && slices.ContainsFunc(r["to"].([]object), func(p object) bool { return p["networks"] != nil || p["nodes"] != nil })
	})
}

func (w *world) parseOne(kind string, data []byte) (policytypes.PolicyEntries, error) {
	log := slog.New(slog.DiscardHandler)
	switch kind {
	case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy":
		var p ciliumv2.CiliumNetworkPolicy
		if err := json.Unmarshal(data, &p); err != nil {
			return nil, err
		}
		w.resolveServices(p.Spec)
		for _, spec := range p.Specs {
			w.resolveServices(spec)
		}
		rules, err := p.Parse(log, w.cluster)
		return utils.RulesToPolicyEntries(rules), err
	case "ClusterNetworkPolicy":
		var p policyv1alpha2.ClusterNetworkPolicy
		if err := json.Unmarshal(data, &p); err != nil {
			return nil, err
		}
		return ciliumk8s.ParseClusterNetworkPolicy(log, w.cluster, &p)
	case "NetworkPolicy":
		var p slim_networkingv1.NetworkPolicy
		if err := json.Unmarshal(data, &p); err != nil {
			return nil, err
		}
		return ciliumk8s.ParseNetworkPolicy(log, w.cluster, &p)
	}
	return nil, nil
}

// resolveServices does what pkg/policy/k8s/service.go, processRule, does.
func (w *world) resolveServices(spec *api.Rule) {
	if spec == nil {
		return
	}
	for i := range spec.Egress {
		for _, ref := range spec.Egress[i].ToServices {
			for _, s := range w.services {
				if w.means(ref, s) {
					addService(&spec.Egress[i], s)
				}
			}
		}
	}
}

func (w *world) means(ref api.Service, s *testService) bool {
	if sel := ref.K8sServiceSelector; sel != nil {
		wanted := slices.Collect(maps.Values(sel.Selector.MatchLabels))
		return sel.Namespace == s.namespace && slices.Equal(wanted, []string{s.labels["of"]})
	}
	return ref.K8sService.Namespace == s.namespace && ref.K8sService.ServiceName == s.name
}

func addService(rule *api.EgressRule, s *testService) {
	for _, ip := range s.backends {
		rule.ToCIDRSet = append(rule.ToCIDRSet, api.CIDRRule{Cidr: api.CIDR(netip.PrefixFrom(ip, ip.BitLen()).String()), Generated: true})
	}
	if len(s.selector) > 0 {
		selector := maps.Clone(s.selector)
		selector["io.kubernetes.pod.namespace"] = s.namespace
		es := api.NewESFromK8sLabelSelector(labels.LabelSourceK8sKeyPrefix, &slim_metav1.LabelSelector{MatchLabels: selector})
		es.Generated = true
		rule.ToEndpoints = append(rule.ToEndpoints, es)
	}
}
