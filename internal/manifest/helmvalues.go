package manifest

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/netsim-dev/netsim/internal/nearest"
	"github.com/netsim-dev/netsim/model"
)

// cilium is the name of the chart, and of itself as another chart's dependency.
const cilium = "cilium"

// ciliumAlone are values at the top that no other chart has: a document without
// apiVersion and kind that has one of them is for Cilium's chart.
const ciliumAlone = "aksbyocni autoDirectNodeRoutes bgpControlPlane bpf ciliumEndpointSlice egressGateway " +
	"enableIPv4Masquerade enableIPv6Masquerade eni hostFirewall hubble ipv4NativeRoutingCIDR ipv6NativeRoutingCIDR " +
	"k8sServiceHost kubeProxyReplacement l2announcements l7Proxy localRedirectPolicies policyCIDRMatchMode " +
	"policyEnforcementMode routingMode serviceNoBackendResponse socketLB tunnelProtocol"

// ciliumShared are its other values at the top. Source of both: cilium v1.16.19,
// v1.18.4, v1.19.4 and v1.20.2 install/kubernetes/cilium/values.yaml.
const ciliumShared = "MTU affinity agent agentNotReadyTaintKey alibabacloud annotateK8sNode annotations apiRateLimit " +
	"authentication azure bandwidthManager bgp bpfClockProbe certgen cgroup cleanBpfState cleanState cluster clustermesh " +
	"cni commonLabels configDriftDetection connectivityProbeFrequencyRatio conntrackGCInterval conntrackGCMaxInterval " +
	"crdWaitTimeout customCalls daemon dashboards datapathPlugins debug defaultLBServiceIPAM devices " +
	"directRoutingSkipUnreachable disableEndpointCRD dnsPolicy dnsProxy enableCiliumEndpointSlice " +
	"enableCriticalPriorityClass enableIPv4BIGTCP enableIPv6BIGTCP enableIdentityMark enableInternalTrafficPolicy " +
	"enableK8sTerminatingEndpoint enableLBIPAM enableMasqueradeRouteSource enableNoServiceEndpointsRoutable " +
	"enableNonDefaultDenyPolicies enableRuntimeDeviceDetection enableXTSocketFallback encryption endpointHealthChecking " +
	"endpointLockdownOnMapOverflow endpointPolicyUpdateTimeoutDuration endpointRoutes envoy envoyConfig etcd externalIPs " +
	"externalWorkloads extraArgs extraConfig extraContainers extraEnv extraHostPathMounts extraInitContainers " +
	"extraVolumeMounts extraVolumes forceDeviceDetection gatewayAPI gke global healthCheckICMPFailureThreshold " +
	"healthChecking healthPort highScaleIPcache hostPort identityAllocationMode identityChangeGracePeriod " +
	"identityManagementMode image imagePullSecrets ingressController initResources installNoConntrackIptablesRules " +
	"ipMasqAgent ipam iptablesRandomFully ipv4 ipv6 k8s k8sClientExponentialBackoff k8sClientRateLimit " +
	"k8sClusterNetworkPolicy k8sNetworkPolicy k8sServiceHostRef k8sServiceLookupConfigMapName k8sServiceLookupNamespace " +
	"k8sServicePort keepDeprecatedLabels keepDeprecatedProbes kubeConfigPath kubeProxyReplacementHealthzBindAddr " +
	"l2NeighDiscovery l2podAnnouncements labels livenessProbe loadBalancer localRedirectPolicy logSystemLoad maglev " +
	"minReadySeconds monitor name namespaceOverride nat46x64Gateway nat nativeRoutingCIDRFromClusterPool nodeIPAM " +
	"nodeLabels nodePort nodeSelector nodeSelectorLabels nodeinit operator pmtuDiscovery podAnnotations podLabels " +
	"podSecurityContext policyAuditMode policyDenyResponse pprof preferIpv6 preflight priorityClassName prometheus rbac " +
	"readinessProbe resourceQuotas resources rollOutCiliumPods scheduling sctp secretsNamespaceAnnotations " +
	"secretsNamespaceLabels securityContext serviceAccounts sleepAfterInit standaloneDnsProxy startupProbe " +
	"svcSourceRangeCheck synchronizeK8sNodes sysctlfix terminationGracePeriodSeconds tls tmpVolume tolerations " +
	"tunnelPort tunnelSourcePortRange underlayProtocol updateStrategy upgradeCompatibility vtep waitForKubeProxy " +
	"wellKnownIdentities"

// bareValues takes a document that is nothing but values for Cilium's chart, as
// `helm -f` takes it, or for a chart that depends on Cilium's.
func (l *loader) bareValues(d *document) bool {
	for _, at := range []string{"", cilium} {
		tree := d.tree
		if at != "" {
			tree = d.field(at)
		}
		if tree == nil || d.encrypted() || !isForCilium(tree) {
			continue
		}
		if l.ownCharts[path.Dir(d.origin.File)] {
			d.note(problem{says: "these are the defaults of Cilium's own chart, and no settings of a cluster", do: "pass the values that the cluster's chart is installed with"})
			return true
		}
		d.warnUnknownValues(tree)
		l.objects.addValues(d.newValues(tree))
		return true
	}
	return false
}

// isForCilium says whether a map is values for Cilium's chart: it has one that
// only this chart has, and at least half of all are known to it.
func isForCilium(n *yaml.Node) bool {
	alone, shared := wordSet(ciliumAlone), wordSet(ciliumShared)
	keys, found, strange := keysOf(n), false, 0
	for _, key := range keys {
		found = found || alone[key]
		if !alone[key] && !shared[key] {
			strange++
		}
	}
	return found && strange*2 <= len(keys)
}

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// warnUnknownValues warns of misspelt values, which Helm takes in silence. What
// is like no value at all is perhaps of a later version, or an anchor.
func (d *document) warnUnknownValues(n *yaml.Node) {
	known := strings.Fields(ciliumAlone + " " + ciliumShared)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if near := nearest.Word(key.Value, known); near != "" && near != key.Value {
			d.tell(model.Issue{Severity: model.Warning, File: d.origin.File, Line: d.before + key.Line,
				Message: "Cilium's chart has no value " + key.Value + ": Helm ignores it", Remedy: "did you mean " + near + "?"})
		}
	}
}

// ReadValues reads a text of values for a chart. forCilium says whether it can be
// for no other than Cilium's. What cannot be parsed is the error.
func ReadValues(file File) (v *model.HelmValues, forCilium bool, err error) {
	v = &model.HelmValues{Data: map[string]string{}, Lines: map[string]int{}}
	trees, problem := parse(file.Data)
	switch {
	case problem != nil:
		return v, false, fmt.Errorf("line %d: %s", max(problem.line, 1), problem.message)
	case len(trees) == 0:
		return v, false, nil
	}
	d := &document{tree: trees[0], resolver: newResolver(), reports: &reports{}, borrowed: new(int)}
	if d = newDocument(*d); d == nil {
		return v, false, errors.New("it is not to be had as JSON: write it out in plain")
	}
	d.addValues(v, d.tree, "", d.tree.Line)
	return v, isForCilium(d.tree), nil
}

// newValues are the values in a map of the document, nil for none.
func (d *document) newValues(n *yaml.Node) *model.HelmValues {
	v := &model.HelmValues{Origin: d.origin, Data: map[string]string{}, Lines: map[string]int{}}
	if v.Origin.Kind == "" {
		v.Origin.Kind, v.Origin.Name = "HelmValues", cilium
	}
	if n != nil {
		d.addValues(v, n, "", n.Line)
	}
	return v
}

// addValues puts the values below a node over those that are there.
func (d *document) addValues(v *model.HelmValues, n *yaml.Node, at string, line int) {
	e := &encoder{resolver: d.resolver, borrowed: new(int)}
	switch n = follow(n); n.Kind {
	case yaml.MappingNode:
		pairs, err := e.pairs(n)
		if err != nil {
			return // newDocument has told of it
		}
		for _, p := range pairs {
			d.addValues(v, p.value, join(at, p.key), p.line)
		}
	case yaml.SequenceNode:
		if at == "" {
			return // values are a map
		}
		v.Data[at], v.Lines[at] = e.words(n), d.before+line
	default:
		if text, ok := e.word(n); ok && at != "" {
			v.Data[at], v.Lines[at] = text, d.before+line
		}
	}
}

// words joins the single values of a list.
func (e *encoder) words(n *yaml.Node) string {
	var words []string
	for _, item := range n.Content {
		if text, ok := e.word(follow(item)); ok {
			words = append(words, text)
		}
	}
	return strings.Join(words, " ")
}

// word is a single value as text; false for null and for what is none.
func (e *encoder) word(n *yaml.Node) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode || isNull(n):
		return "", false
	case n.Tag == literal:
		return n.Value, true
	}
	return keyText(e.resolved(n))
}
