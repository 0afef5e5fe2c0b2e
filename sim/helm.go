package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// helmNames are the Helm values that become an option by themselves, whatever
// other values say. Source, also of the tables below: cilium v1.20.2
// install/kubernetes/cilium/templates/cilium-configmap.yaml, compared with
// v1.16.19, v1.18.4 and v1.19.4.
func helmNames() map[string]string {
	return map[string]string{
		"kubeProxyReplacement": optionKPR,
		"routingMode":          optionRouting,
		"tunnelProtocol":       optionTunnel,
		"tunnelPort":           "tunnel-port",
		"ipam.mode":            optionIPAM,
		"ipam.operator.clusterPoolIPv4PodCIDRList": "cluster-pool-ipv4-cidr",
		"ipam.operator.clusterPoolIPv6PodCIDRList": "cluster-pool-ipv6-cidr",
		"ipv4.enabled":                          "enable-ipv4",
		"ipv6.enabled":                          "enable-ipv6",
		"enableIPv4Masquerade":                  "enable-ipv4-masquerade",
		"enableIPv6Masquerade":                  "enable-ipv6-masquerade",
		"ipv4NativeRoutingCIDR":                 "ipv4-native-routing-cidr",
		"ipv6NativeRoutingCIDR":                 "ipv6-native-routing-cidr",
		"bpf.masquerade":                        "enable-bpf-masquerade",
		"bpf.lbExternalClusterIP":               "bpf-lb-external-clusterip",
		"bpf.lbSourceRangeAllTypes":             "bpf-lb-source-range-all-types",
		"bpf.disableExternalIPMitigation":       "disable-external-ip-mitigation",
		"cluster.name":                          optionClusterName,
		"clustermesh.policyDefaultLocalCluster": "policy-default-local-cluster",
		"cni.chainingMode":                      optionChaining,
		"defaultLBServiceIPAM":                  "default-lb-service-ipam",
		"k8s.serviceProxyName":                  "k8s-service-proxy-name",
		"labels":                                "labels",
		"loadBalancer.mode":                     optionLBMode,
		"loadBalancer.dsrDispatch":              optionDSRDispatch,
		"loadBalancer.serviceTopology":          "enable-service-topology",
		"nodePort.addresses":                    "nodeport-addresses",
		"enableNoServiceEndpointsRoutable":      "enable-no-service-endpoints-routable",
		"serviceNoBackendResponse":              "service-no-backend-response",
		"socketLB.enabled":                      "bpf-lb-sock",
		"socketLB.hostNamespaceOnly":            optionHostNSOnly,
		"localRedirectPolicies.enabled":         "enable-local-redirect-policy",
		"egressGateway.enabled":                 "enable-egress-gateway",
		"envoyConfig.enabled":                   "enable-envoy-config",
		"policyEnforcementMode":                 optionEnforcement,
		"policyCIDRMatchMode":                   "policy-cidr-match-mode",
		"policyAuditMode":                       "policy-audit-mode",
		"policyDenyResponse":                    "policy-deny-response",
		"enableNonDefaultDenyPolicies":          "enable-non-default-deny-policies",
		"k8sNetworkPolicy.enabled":              "enable-k8s-networkpolicy",
		"k8sClusterNetworkPolicy.enabled":       "enable-k8s-cluster-network-policy",
		"nodeLabels":                            "node-labels",
		"nodeSelectorLabels":                    "enable-node-selector-labels",
		"hostFirewall.enabled":                  "enable-host-firewall",
		"authentication.enabled":                "mesh-auth-enabled",
		"authentication.mutual.port":            "mesh-auth-mutual-listener-port",

		"authentication.mutual.spire.enabled":         "mesh-auth-mutual-enabled",
		"authentication.mutual.spire.adminSocketPath": "mesh-auth-spire-admin-socket",
		"authentication.mutual.spire.serverAddress":   "mesh-auth-spire-server-address",
		"authentication.mutual.spire.trustDomain":     "mesh-auth-spiffe-trust-domain",
		"identityAllocationMode":                      "identity-allocation-mode",
		"sctp.enabled":                                "enable-sctp",
		"l7Proxy":                                     "enable-l7-proxy",
		"gatewayAPI.enabled":                          optionGatewayAPI,
		"gatewayAPI.hostNetwork.enabled":              optionGatewayHost,
		"ingressController.enabled":                   optionIngress,
		"ingressController.enforceHttps":              optionIngressHTTPS,
		"ingressController.loadbalancerMode":          optionIngressMode,
		"ingressController.service.name":              optionIngressService,
		"ingressController.hostNetwork.enabled":       optionIngressHost,

		"ingressController.hostNetwork.sharedListenerPort": optionIngressPort,
		"ingressController.hostNetwork.httpPort":           optionIngressHTTPPort,
		"ingressController.hostNetwork.httpsPort":          optionIngressHTTPSPort,
	}
}

// chartRule is an option that the chart sets because another value is true.
type chartRule struct {
	value, option, sets string
	// from is the first minor of Cilium's version 1 whose chart does so, 0 for
	// all.
	from int
}

// chartDefaults hold unless the option's own value is given.
func chartDefaults() []chartRule {
	return []chartRule{
		{"eni.enabled", optionRouting, model.RoutingNative, 19},
		{"eni.enabled", "enable-ipv4-masquerade", "false", 18},
		{"gke.enabled", optionRouting, model.RoutingNative, 0},
		{"aksbyocni.enabled", optionRouting, model.RoutingTunnel, 0},
		{"aksbyocni.enabled", optionIPAM, "cluster-pool", 0},
	}
}

// chartForces hold whatever the option's own value is.
func chartForces() []chartRule {
	return []chartRule{
		{"eni.enabled", optionIPAM, "eni", 19},
		{"gatewayAPI.enabled", optionHostNSOnly, "true", 20},
		{"gatewayAPI.enabled", "enable-envoy-config", "true", 0},
		{"ingressController.enabled", "enable-envoy-config", "true", 0},
		{"localRedirectPolicy", "enable-local-redirect-policy", "true", 0},
	}
}

// extraConfig are values that the chart copies into the ConfigMap as they are,
// over all others.
const extraConfig = "extraConfig."

// value is a setting and where it was read.
type value struct {
	text   string
	origin model.Origin
}

// readChartVersion takes Cilium's version from its chart's, which is the same.
// Of a range that names a minor ("1.18.x") the newest patch is taken.
func (s *settings) readChartVersion(values []*model.HelmValues) {
	for _, v := range values {
		version := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(v.ChartVersion, "v"), ".x"), ".*")
		origin := v.Origin
		origin.Line, origin.File = v.VersionLine, cmp.Or(v.VersionFile, origin.File)
		if tag, given := v.Data["image.tag"]; given {
			version, origin = strings.TrimPrefix(tag, "v"), v.At("image.tag")
		}
		if !model.ParseVersion(version).Known() {
			continue
		}
		if before, at := s.values[settingVersion], s.sources[settingVersion]; at != sourceDefault && before != version {
			s.tell(model.Warning, origin, fmt.Sprintf("Cilium's chart is named in two versions: %s is taken, %s (%s) is not", version, before, at), "pass the files of one cluster only")
		}
		s.set(settingVersion, version, origin.Position())
	}
}

// readValues takes the options that the chart would write into cilium-config.
// Where that ConfigMap itself is loaded, it alone is what the agents read: a
// key that it lacks has the agent's default, whatever values say, so they only
// serve to warn that the two differ.
func (s *settings) readValues(values []*model.HelmValues, rendered *model.ConfigMap, version model.Version) {
	options := chartOptions(s.mergeValues(values), version)
	for _, option := range slices.Sorted(maps.Keys(options)) {
		given := options[option]
		switch problem := valueProblem(option, given.text); {
		case rendered != nil:
			s.compare(option, given, rendered)
		case problem != "":
			s.tell(model.Error, given.origin, "Cilium's Helm values: "+problem+": netsim takes the default", "correct the value")
		default:
			s.set(option, given.text, given.origin.Position())
		}
	}
}

// mergeValues lays the documents over each other, as helm does with several
// files. Which are meant together is not in the files, so it warns where they
// differ in what netsim reads.
func (s *settings) mergeValues(documents []*model.HelmValues) map[string]value {
	merged, names := map[string]value{}, helmNames()
	for _, v := range documents {
		for _, path := range slices.Sorted(maps.Keys(v.Data)) {
			origin := v.At(path)
			now := value{v.Data[path], origin}
			before, twice := merged[path]
			if _, read := names[path]; read && twice && before.text != now.text {
				s.tell(model.Warning, origin,
					fmt.Sprintf("Cilium's Helm values give %s twice: %s is taken, %s (%s) is not", path, now.text, before.text, before.origin.Position()),
					"pass the values of one cluster only")
			}
			merged[path] = now
		}
	}
	return merged
}

// chartOptions are the options that values lead to.
func chartOptions(values map[string]value, version model.Version) map[string]value {
	options := map[string]value{}
	follow := func(rules []chartRule) {
		for _, r := range rules {
			if v := values[r.value]; v.text == "true" && version.AtLeast(1, r.from, 0) {
				options[r.option] = value{r.sets, v.origin}
			}
		}
	}
	follow(chartDefaults())
	for path, option := range helmNames() {
		if v := values[path]; v.text != "" {
			options[option] = v
		}
	}
	if v, given := options[optionEnforcement]; given {
		options[optionEnforcement] = value{strings.ToLower(v.text), v.origin}
	}
	follow(chartForces())
	if on := values["encryption.enabled"]; on.text == "true" {
		options["enable-"+cmp.Or(values["encryption.type"].text, "ipsec")] = on
		if node := values["encryption.nodeEncryption"]; node.text != "" {
			options["encrypt-node"] = node
		}
	}
	for path, v := range values {
		if option, extra := strings.CutPrefix(path, extraConfig); extra && !isOurs(option) {
			options[option] = v
		}
	}
	return options
}

// valueProblem says what is wrong with a value, "" for nothing.
func valueProblem(option, text string) string {
	for _, mark := range []string{"${", "{{", "ENC["} {
		if _, known := knownOptions()[option]; known && strings.Contains(text, mark) {
			return fmt.Sprintf("%s is %q, a place holder that nothing has filled in", option, text)
		}
	}
	return checkValue(option, text)
}

// compare warns where values and the rendered ConfigMap differ in an option.
func (s *settings) compare(option string, given value, rendered *model.ConfigMap) {
	text, there := rendered.Data[option]
	if _, known := knownOptions()[option]; !known || !there || text == given.text {
		return
	}
	s.tell(model.Warning, given.origin,
		fmt.Sprintf("Cilium's Helm values make %s %q, and ConfigMap cilium-config has %q (%s), which is taken: it is what the agents read", option, given.text, text, lineOf(rendered, option).Position()),
		"render the chart again, or leave out the one that is out of date")
}

func (s *settings) tell(severity model.Severity, at model.Origin, message, remedy string) {
	s.issues = append(s.issues, model.Issue{Severity: severity, File: at.File, Line: at.Line, Message: message, Remedy: remedy})
}
