package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/internal/nearest"
	"github.com/netsim-dev/netsim/model"
)

// defaultCilium is the version whose policy code netsim runs; it is assumed
// where no file names one.
const defaultCilium = "1.20.2"

// The names under which settings are shown and their sources kept; those with
// a dash are keys of the cilium-config ConfigMap.
const (
	settingVersion       = "cilium.version"
	settingKubeProxyMode = "kubeProxyMode"
	settingDetectLocal   = "kubeProxy.detectLocalMode"
	optionKPR            = "kube-proxy-replacement"
	optionRouting        = "routing-mode"
	optionHostNSOnly     = "bpf-lb-sock-hostns-only"
	optionClusterName    = "cluster-name"
	optionIPAM           = "ipam"
	optionEnforcement    = "enable-policy"
	optionLBMode         = "bpf-lb-mode"
	optionDSRDispatch    = "bpf-lb-dsr-dispatch"
	optionTunnel         = "tunnel-protocol"
	optionChaining       = "cni-chaining-mode"
)

// sourceDefault is where settings are from that nobody gives.
const sourceDefault = "default"

// knownOptions are the cilium-config keys that change an answer, each with the
// values that it may have (nil for any). A --set of another key would do
// nothing, so it is refused.
func knownOptions() map[string][]string {
	known := map[string][]string{
		optionKPR:                       {"true", "false", "strict", "partial", "probe", "disabled"},
		optionRouting:                   {model.RoutingTunnel, model.RoutingNative},
		"allow-localhost":               {"auto", "always", "policy"},
		"enable-policy":                 {"default", "always", "never"},
		"policy-cidr-match-mode":        {"", "nodes", "pods", "nodes,pods", "pods,nodes", "nodes pods", "pods nodes"},
		"service-no-backend-response":   {"reject", "drop"},
		optionClusterName:               nil,
		"default-lb-service-ipam":       nil,
		"ipv4-native-routing-cidr":      nil,
		"ipv4-service-loopback-address": nil,
		"ipv6-native-routing-cidr":      nil,
		"k8s-service-proxy-name":        nil,
		"labels":                        nil,
		optionIngressMode:               {"dedicated", "shared"},
		optionIngressService:            nil,
		optionIngressPort:               nil,
		optionIngressHTTPPort:           nil,
		optionIngressHTTPSPort:          nil,
		optionIngressNodes:              nil,
		optionGatewayNodes:              nil,
		"policy-deny-response":          {"none", "icmp"},
		"node-labels":                   nil,
		optionTunnel:                    {"vxlan", "geneve"},
		"tunnel-port":                   nil,
		"underlay-protocol":             {"auto", "ipv4", "ipv6"},
		"cluster-pool-ipv4-cidr":        nil,
		"cluster-pool-ipv6-cidr":        nil,
		"nodeport-addresses":            nil,
		optionLBMode:                    {"snat", "dsr", "hybrid"},
		optionDSRDispatch:               {"opt", "ipip", "geneve"},
		optionChaining:                  nil,
		"kubeProxy.clusterCIDR":         nil,
		settingDetectLocal:              {"ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"},
		"kubeProxy.nodePortAddresses":   nil,
		optionIPAM:                      nil,
		settingFirewall:                 {firewallOpen, firewallUnknown},

		"identity-allocation-mode":       {"crd", "kvstore", "doublewrite-readkvstore", "doublewrite-readcrd"},
		"mesh-auth-mutual-listener-port": nil,
		"mesh-auth-spire-admin-socket":   nil,
		"mesh-auth-spire-server-address": nil,
		"mesh-auth-spiffe-trust-domain":  nil,
	}
	for _, name := range []string{
		optionHostNSOnly, "bpf-lb-enable-wildcard-entries", "bpf-lb-sock", "enable-bpf-masquerade",
		"enable-cilium-clusterwide-network-policy", "enable-cilium-network-policy", "enable-envoy-config",
		"enable-extended-ip-protocols", "enable-host-firewall", "enable-icmp-rules", "enable-ipv4",
		"enable-egress-gateway", "enable-ipv4-egress-gateway", "enable-node-port", "enable-external-ips", "enable-host-port", "enable-ipv4-masquerade", "enable-ipv6", "enable-ipv6-masquerade", "enable-k8s-cluster-network-policy",
		"enable-k8s-networkpolicy", "enable-l7-proxy", "enable-local-redirect-policy",
		"enable-no-service-endpoints-routable", "enable-node-selector-labels", "enable-non-default-deny-policies",
		"enable-remote-node-masquerade", "enable-sctp", "enable-service-topology", "disable-external-ip-mitigation", "mesh-auth-enabled", "mesh-auth-mutual-enabled",
		"enable-ipsec", "enable-wireguard", "encrypt-node",
		"policy-audit-mode", "policy-default-local-cluster", "bpf-lb-external-clusterip",
		"bpf-lb-source-range-all-types", "bpf-lb-mode-annotation", "kubeProxy.localhostNodePorts",
		"kubeProxy.masqueradeAll",
		optionGatewayAPI, optionIngress, optionIngressHTTPS, optionGatewayHost, optionIngressHost,
	} {
		known[name] = []string{"true", "false"}
	}
	return known
}

// checkValue says what is wrong with a setting's value, "" for nothing.
// Settings that netsim does not read can have any.
func checkValue(name, value string) string {
	allowed := knownOptions()[name]
	if name == settingKubeProxyMode {
		allowed = []string{model.KubeProxyIPTables, model.KubeProxyNFTables, model.KubeProxyIPVS, model.KubeProxyNone}
	}
	if allowed == nil || slices.Contains(allowed, value) {
		return ""
	}
	return fmt.Sprintf("%s is %q, which is none of %s", name, value, strings.Join(slices.DeleteFunc(allowed, func(s string) bool { return s == "" }), ", "))
}

// settings collects values by name, later sources over earlier ones.
type settings struct {
	values, sources map[string]string
	issues          []model.Issue
}

func (s *settings) set(name, value, source string) {
	s.values[name] = value
	s.sources[name] = source
}

// readDatapath takes each setting from the strongest source that has it: the
// agent's defaults, the platform that nodes show, the kind config, kube-proxy's
// own configuration, the values and version of Cilium's chart, the cilium-config ConfigMap and the agent's
// image, a profile asked for by name, and --set.
func readDatapath(c *model.Cluster, opt Options) (model.Datapath, []model.Issue, error) {
	s := &settings{values: map[string]string{}, sources: map[string]string{}}
	s.readDefaults()
	if opt.Datapath == "" {
		s.readPlatform(c.Nodes)
	}
	s.readKind(c.Kind)
	s.readKubeProxy(c.KubeProxyConfig)
	s.readChartVersion(c.CiliumValues)
	s.readWorkloads(c.Workloads)
	s.readValues(c.CiliumValues, c.CiliumConfig, s.versionUnder(opt.Set))
	s.readConfigMap(c.CiliumConfig)
	if err := s.readProfile(opt.Datapath, opt.Set); err != nil {
		return model.Datapath{}, nil, err
	}
	if err := s.readFlags(opt.Set); err != nil {
		return model.Datapath{}, nil, err
	}
	s.completeMeshAuth(c.CiliumConfig)
	dp := s.datapath(c, opt.Datapath)
	issues := append(s.issues, contradictions(dp)...)
	if s.sources[settingVersion] == sourceDefault {
		issues = append(issues, model.Issue{Severity: model.Info,
			Message: "no file names Cilium's version: " + defaultCilium + " is assumed", Remedy: "use --set cilium.version=..."})
	}
	return dp, issues, nil
}

func (s *settings) readDefaults() {
	const source = sourceDefault
	s.set(settingVersion, defaultCilium, source)
	s.set(settingKubeProxyMode, model.KubeProxyIPTables, source)
	s.set(optionKPR, "false", source)
	s.set(optionRouting, model.RoutingTunnel, source)
	s.set(optionHostNSOnly, "false", source)
	s.set(optionClusterName, "default", source)
}

// readKind: a kind cluster without kube-proxy can serve nothing unless Cilium
// replaces it.
func (s *settings) readKind(k *model.KindConfig) {
	if k == nil || k.KubeProxyMode == "" {
		return
	}
	s.set(settingKubeProxyMode, k.KubeProxyMode, k.Origin.Position())
	if k.KubeProxyMode == model.KubeProxyNone {
		s.set(optionKPR, "true", k.Origin.Position())
	}
}

// readWorkloads reads the version off the agent's image.
func (s *settings) readWorkloads(workloads []*model.Workload) {
	for _, w := range workloads {
		if w.Ref.Kind != "DaemonSet" || w.Ref.Name != "cilium" {
			continue
		}
		for _, image := range w.Images {
			if version := agentVersion(image); version != "" {
				s.set(settingVersion, version, w.Origin.Position())
			}
		}
	}
}

// agentVersion is the version in the tag of the agent's image
// ("quay.io/cilium/cilium:v1.18.4@sha256:..."), "" for any other image.
func agentVersion(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	if name != "cilium" || !model.ParseVersion(tag).Known() {
		return ""
	}
	return strings.TrimPrefix(tag, "v")
}

func (s *settings) readConfigMap(c *model.ConfigMap) {
	if c == nil {
		return
	}
	for key, value := range c.Data {
		switch problem, origin := checkValue(key, value), lineOf(c, key); {
		case isOurs(key):
			// No key of Cilium's, and it must not pass for one of netsim's.
		case problem != "":
			s.tell(model.Error, origin, "ConfigMap cilium-config: "+problem+": the agent would not start, and netsim takes the default", "correct the value")
		default:
			s.set(key, value, origin.Position())
		}
	}
}

// isOurs says whether a setting is netsim's own, and none of Cilium's.
func isOurs(name string) bool { return strings.Contains(name, ".") || name == settingKubeProxyMode }

// lineOf is where a key of a ConfigMap stands.
func lineOf(c *model.ConfigMap, key string) model.Origin {
	origin := c.Origin
	if line, ok := c.Lines[key]; ok {
		origin.Line = line
	}
	return origin
}

// readProfile takes the settings of a profile that hold for the version.
func (s *settings) readProfile(name string, set map[string]string) error {
	if name == "" {
		return nil
	}
	profile, err := ProfileNamed(name)
	if err != nil {
		return err
	}
	version := s.versionUnder(set)
	for _, setting := range profile.Settings {
		if setting.holdsFor(version) {
			s.set(setting.Name, setting.Value, "profile "+name)
		}
	}
	return nil
}

// versionUnder is the version that holds once the flags are read.
func (s *settings) versionUnder(set map[string]string) model.Version {
	if given, ok := set[settingVersion]; ok {
		return model.ParseVersion(given)
	}
	return model.ParseVersion(s.values[settingVersion])
}

func (s *settings) readFlags(set map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(set)) {
		name, err := settingName(key)
		if err != nil {
			return err
		}
		value := set[key]
		if name == settingVersion {
			value = strings.TrimPrefix(value, "v")
			if !model.ParseVersion(value).Known() {
				return fmt.Errorf("cilium.version %q is no version: write it as 1.20 or 1.20.2", set[key])
			}
		}
		if problem := checkValue(name, value); problem != "" {
			return fmt.Errorf("--set %s: %s", key, problem)
		}
		s.set(name, value, "--set "+key)
	}
	return nil
}

// settingName is the name of a setting that a flag gives by its Helm value or
// its cilium-config key.
func settingName(key string) (string, error) {
	if name, ok := helmNames()[key]; ok {
		return name, nil
	}
	known := append(slices.Sorted(maps.Keys(knownOptions())), settingVersion, settingKubeProxyMode)
	if slices.Contains(known, key) {
		return key, nil
	}
	err := fmt.Errorf("unknown setting %q", key)
	candidates := append(known, slices.Sorted(maps.Keys(helmNames()))...)
	if near := nearest.Word(key, candidates); near != "" {
		return "", fmt.Errorf("%w: did you mean %s?", err, near)
	}
	return "", fmt.Errorf("%w: netsim reads %s", err, strings.Join(candidates, ", "))
}

func (s *settings) datapath(c *model.Cluster, profile string) model.Datapath {
	v := s.values
	dp := model.Datapath{
		Name:                 profile,
		CiliumVersion:        v[settingVersion],
		KubeProxyReplacement: replacesKubeProxy(v[optionKPR]),
		KubeProxyMode:        v[settingKubeProxyMode],
		RoutingMode:          v[optionRouting],
		ClusterName:          v[optionClusterName],
		Options:              v,
		Sources:              s.sources,
	}
	dp.SocketLBHostNamespaceOnly = dp.On(optionHostNSOnly, false)
	kubeProxyRuns := s.sources[settingKubeProxyMode] != sourceDefault || hasKubeProxy(c.Workloads)
	if dp.KubeProxyReplacement && !kubeProxyRuns {
		dp.KubeProxyMode = model.KubeProxyNone
	}
	if dp.Name == "" {
		dp.Name = s.recognise(c, dp)
	}
	return dp
}

// replacesKubeProxy reads the option as every release from 1.16 on does:
// "true", or "strict" in old configurations.
func replacesKubeProxy(value string) bool { return value == "true" || value == "strict" }

func hasKubeProxy(workloads []*model.Workload) bool {
	return slices.ContainsFunc(workloads, func(w *model.Workload) bool {
		return w.Ref.Kind == "DaemonSet" && w.Ref.Name == "kube-proxy"
	})
}

// contradictions are settings that cannot both be meant, or that netsim has no
// facts about.
func contradictions(dp model.Datapath) []model.Issue {
	if v := dp.Version(); !v.AtLeast(1, 16, 0) || v.AtLeast(1, 21, 0) {
		return []model.Issue{{Severity: model.Warning,
			Message: fmt.Sprintf("Cilium %s (%s) is outside what netsim knows, 1.16 to 1.20: policy is judged as 1.20 does", dp.CiliumVersion, dp.Sources[settingVersion]),
			Remedy:  "take verdicts with care, or use --set cilium.version=..."}}
	}
	return append(translators(dp), directReturn(dp)...)
}

// translators are who translates Services, where that is both or nobody.
func translators(dp model.Datapath) []model.Issue {
	noKubeProxy := dp.KubeProxyMode == model.KubeProxyNone
	switch {
	case dp.KubeProxyReplacement && !noKubeProxy:
		return []model.Issue{{Severity: model.Warning,
			Message: fmt.Sprintf("kube-proxy runs (%s, %s) and Cilium replaces it (%s): both translate Services, and neither knows the other's connections. "+
				"Cilium comes first wherever it knows the frontend, at the client's connect() and where a packet enters a node, and that is what netsim answers for; kube-proxy's rules meet what is left",
				dp.KubeProxyMode, dp.Sources[settingKubeProxyMode], dp.Sources[optionKPR]),
			Remedy: "remove kube-proxy with its rules, or set kube-proxy-replacement to false"}}
	case !dp.KubeProxyReplacement && noKubeProxy:
		return []model.Issue{{Severity: model.Warning,
			Message: fmt.Sprintf("nobody serves NodePorts and load balancers: kube-proxy is off (%s) and Cilium does not replace it (%s)",
				dp.Sources[settingKubeProxyMode], dp.Sources[optionKPR]),
			Remedy: "set kube-proxy-replacement to true, or run kube-proxy"}}
	default:
		return nil
	}
}

// directReturn is what keeps an agent with DSR from starting. Source: cilium
// v1.20.2 pkg/kpr/initializer/kube_proxy_replacement.go
// InitKubeProxyReplacementOptions, and daemon/cmd/kube_proxy_replacement.go up to
// 1.18.
func directReturn(dp model.Datapath) []model.Issue {
	mode, geneve := dp.Options[optionLBMode], "geneve"
	byGeneve := dp.Options[optionDSRDispatch] == geneve
	tunnelled := dp.RoutingMode == model.RoutingTunnel
	switch {
	case !dp.KubeProxyReplacement || mode != "dsr" && mode != "hybrid":
		return nil
	case byGeneve && dp.Options[optionTunnel] == geneve, !byGeneve && !tunnelled:
		return nil
	}
	return []model.Issue{{Severity: model.Error,
		Message: fmt.Sprintf("%s is %s (%s), which goes with native routing and another %s than geneve, or with geneve for both %s and %s: the agent would not start",
			optionLBMode, mode, dp.Sources[optionLBMode], optionDSRDispatch, optionDSRDispatch, optionTunnel),
		Remedy: fmt.Sprintf("set %s to snat, or both of the others to geneve", optionLBMode)}}
}
