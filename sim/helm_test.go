package sim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// valuesOf is a HelmRelease of Cilium's chart whose values begin on line 8 of
// its document.
func valuesOf(version, values string) string {
	return "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {namespace: kube-system, name: cilium}\nspec:\n" +
		"  chart: {spec: {chart: cilium, version: \"" + version + "\"}}\n  values:\n    " + strings.ReplaceAll(strings.TrimSpace(values), "\n", "\n    ") + "\n"
}

func TestHelmValuesBecomeTheOptionsThatTheChartWrites(t *testing.T) {
	for _, r := range []struct {
		claim, version, values string
		want                   map[string]string
	}{
		{"by their own names", "1.20.2", "kubeProxyReplacement: true\nroutingMode: native\nsocketLB: {hostNamespaceOnly: true}",
			map[string]string{"kube-proxy-replacement": "true", "routing-mode": "native", "bpf-lb-sock-hostns-only": "true"}},
		{"lists are joined", "1.20.2", "policyCIDRMatchMode: [nodes, pods]\nnodePort: {addresses: [10.0.0.0/8]}\nl7Proxy: true",
			map[string]string{"policy-cidr-match-mode": "nodes pods", "nodeport-addresses": "10.0.0.0/8"}},
		{"capitals in the enforcement mode do not matter", "1.20.2", "policyEnforcementMode: Always", map[string]string{"enable-policy": "always"}},
		{"ENI mode from 1.19 on", "1.19.4", "eni: {enabled: true}", map[string]string{"ipam": "eni", "routing-mode": "native", "enable-ipv4-masquerade": "false"}},
		{"in 1.18 ENI mode leaves routing alone", "1.18.4", "eni: {enabled: true}\nipam: {mode: eni}", map[string]string{"ipam": "eni", "routing-mode": "tunnel", "enable-ipv4-masquerade": "false"}},
		{"before 1.18 it masquerades", "1.17.4", "eni: {enabled: true}\nipam: {mode: eni}\nroutingMode: native", map[string]string{"routing-mode": "native", "enable-ipv4-masquerade": ""}},
		{"a value of its own is stronger than what another implies", "1.20.2", "eni: {enabled: true}\nenableIPv4Masquerade: true", map[string]string{"enable-ipv4-masquerade": "true"}},
		{"GKE's switch", "1.18.4", "gke: {enabled: true}\nhubble: {}", map[string]string{"routing-mode": "native"}},
		{"the Gateway API keeps the socket load balancer out of pods from 1.20 on", "1.20.2", "gatewayAPI: {enabled: true}\nsocketLB: {hostNamespaceOnly: false}", map[string]string{"bpf-lb-sock-hostns-only": "true", "enable-envoy-config": "true"}},
		{"and not before", "1.19.4", "gatewayAPI: {enabled: true}\nl7Proxy: true", map[string]string{"bpf-lb-sock-hostns-only": "false", "enable-envoy-config": "true"}},
		{"encryption is IPsec unless it says otherwise", "1.20.2", "encryption: {enabled: true}\nl7Proxy: true", map[string]string{"enable-ipsec": "true", "enable-wireguard": ""}},
		{"as here", "1.20.2", "encryption: {enabled: true, type: wireguard, nodeEncryption: true}\nl7Proxy: true", map[string]string{"enable-ipsec": "", "enable-wireguard": "true", "encrypt-node": "true"}},
		{"extraConfig is copied, over all others", "1.20.2", "routingMode: tunnel\nextraConfig: {routing-mode: native, enable-host-firewall: \"true\", cilium.version: \"1.16\"}", map[string]string{"routing-mode": "native", "enable-host-firewall": "true", "cilium.version": "1.20.2"}},
		{"an empty value is the chart's default", "1.20.2", "routingMode: \"\"\nl7Proxy: true", map[string]string{"routing-mode": "tunnel"}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			dp := newSim(t, sim.Options{}, valuesOf(r.version, r.values)).Datapath()
			for option, want := range r.want {
				assert.Equal(t, want, dp.Options[option], option)
			}
		})
	}
}

func TestEachSettingFromValuesSaysItsLine(t *testing.T) {
	s := newSim(t, sim.Options{}, valuesOf("1.18.4", "kubeProxyReplacement: true\neni: {enabled: true}\nroutingMode: native"))
	assert.Equal(t, map[string]string{
		"ciliumVersion": "more.yaml:6", "kubeProxyReplacement": "more.yaml:8", "kubeProxyMode": "default", "routingMode": "more.yaml:10",
	}, ask(t, s, "dev/client", "world:80").Datapath.Sources)
	assert.Equal(t, "more.yaml:9", s.Datapath().Sources["enable-ipv4-masquerade"], "what a value implies has the line of that value")
}

func TestTheChartsVersionIsCiliums(t *testing.T) {
	for version, want := range map[string]string{"1.18.4": "1.18.4", "v1.19.4": "1.19.4", "1.18.x": "1.18", "1.18.*": "1.18", "1.19": "1.19", ">=1.17": "1.20.2", "": "1.20.2"} {
		dp := newSim(t, sim.Options{}, valuesOf(version, "l7Proxy: true")).Datapath()
		assert.Equal(t, want, dp.CiliumVersion, version)
	}
	tagged := newSim(t, sim.Options{}, valuesOf("1.18.4", "image: {tag: v1.19.4}")).Datapath()
	assert.Equal(t, "1.19.4 more.yaml:8", tagged.CiliumVersion+" "+tagged.Sources["cilium.version"], "an image that is asked for counts more")
	running := newSim(t, sim.Options{}, valuesOf("1.18.4", "l7Proxy: true")+agent("cilium", "quay.io/cilium/cilium:v1.17.3")).Datapath()
	assert.Equal(t, "1.17.3", running.CiliumVersion, "the agent's own image counts most")
}

func TestTheConfigMapIsStrongerThanValues(t *testing.T) {
	s := newSim(t, sim.Options{}, valuesOf("1.20.2", "routingMode: native\nhostFirewall: {enabled: true}\nl7Proxy: true")+config("  routing-mode: tunnel\n  enable-l7-proxy: \"true\"\n"))
	assert.Equal(t, "tunnel", s.Datapath().RoutingMode)
	assert.Equal(t, "", s.Datapath().Options["enable-host-firewall"], "what the ConfigMap lacks is not set")
	require.Len(t, grave(s), 1)
	assert.Equal(t, `more.yaml:8: warning: Cilium's Helm values make routing-mode "native", and ConfigMap cilium-config has "tunnel" (more.yaml:16), which is taken: it is what the agents read (render the chart again, or leave out the one that is out of date)`, grave(s)[0])

	flagged := newSim(t, sim.Options{Datapath: "kind", Set: map[string]string{"kubeProxyReplacement": "true"}}, valuesOf("1.20.2", "routingMode: tunnel\nkubeProxyReplacement: false")).Datapath()
	assert.Equal(t, "native", flagged.RoutingMode, "a profile is stronger than values")
	assert.True(t, flagged.KubeProxyReplacement, "and a flag than both")
}

func TestValuesThatCannotBeMeantAreIssues(t *testing.T) {
	for _, r := range []struct{ claim, values, says string }{
		{"a value that the agent does not know", "routingMode: direct", `more.yaml:8: error: Cilium's Helm values: routing-mode is "direct", which is none of tunnel, native: netsim takes the default`},
		{"a place holder", "ipv4NativeRoutingCIDR: ${POD_CIDR}", `more.yaml:8: error: Cilium's Helm values: ipv4-native-routing-cidr is "${POD_CIDR}", a place holder that nothing has filled in`},
		{"a place holder in what does not matter", "k8sServiceHost: ${API}", ""},
	} {
		said := strings.Join(grave(newSim(t, sim.Options{}, valuesOf("1.20.2", r.values))), "\n")
		assert.Contains(t, said, r.says, r.claim)
		assert.Equal(t, r.says == "", said == "", r.claim)
	}
	twice := newSim(t, sim.Options{}, valuesOf("1.20.2", "routingMode: native\nlogOptions: a")+valuesOf("1.20.2", "routingMode: tunnel\nlogOptions: b"))
	assert.Equal(t, "tunnel", twice.Datapath().RoutingMode, "the last counts")
	require.Len(t, grave(twice), 2)
	assert.Contains(t, grave(twice)[1], "Cilium's Helm values give routingMode twice: tunnel is taken, native (more.yaml:8) is not")
}

// grave are the Issues that --strict makes fatal, as text.
func grave(s *sim.Sim) []string {
	var list []string
	for _, i := range s.Issues() {
		if i.Severity != model.Info {
			list = append(list, i.String())
		}
	}
	return list
}
