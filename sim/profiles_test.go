package sim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

func TestEveryProfileSetsWhatItSays(t *testing.T) {
	for _, p := range sim.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			assert.NotEmpty(t, p.Summary)
			assert.NotEmpty(t, p.Notes)
			dp := newSim(t, sim.Options{Datapath: p.Name}, "").Datapath()
			assert.Equal(t, p.Name, dp.Name)
			for _, setting := range p.Settings {
				assert.NotEmpty(t, setting.Source, setting.Name)
				assert.Equal(t, setting.Value, dp.Options[setting.Name], setting.Name)
				assert.Equal(t, "profile "+p.Name, dp.Sources[setting.Name], setting.Name)
				_, err := sim.New(&model.Cluster{}, nil, sim.Options{Set: map[string]string{setting.Name: setting.Value}})
				require.NoError(t, err, "--set knows the setting and its value")
			}
		})
	}
}

func TestProfilesLeaveOpenWhatThePlatformDoes(t *testing.T) {
	for _, r := range []struct{ profile, services, routing string }{
		{"kind", "kube-proxy iptables", "native"},
		{"kind-kpr", "Cilium (KPR)", "native"},
		{"bare-metal", "Cilium (KPR)", ""},
		{"aks-byocni", "", "tunnel"},
		{"aks-cilium", "Cilium (KPR)", ""},
		{"eks-eni", "", "native"},
		{"eks-chaining", "", "native"},
		{"gke-dpv2", "Cilium (KPR)", ""},
	} {
		p, err := sim.ProfileNamed(r.profile)
		require.NoError(t, err)
		assert.Equal(t, r.services, p.Services(), r.profile)
		assert.Equal(t, r.routing, p.Routing(), r.profile)
	}
	open := newSim(t, sim.Options{Datapath: "eks-eni"}, config("  kube-proxy-replacement: \"true\"\n  routing-mode: tunnel\n")).Datapath()
	assert.True(t, open.KubeProxyReplacement, "the files decide")
	assert.Equal(t, "native", open.RoutingMode, "the platform decides")
}

func TestASettingOfAProfileCanBeginWithAVersion(t *testing.T) {
	for version, want := range map[string]string{"1.17": "", "1.18": "false", "1.20.2": "false"} {
		dp := newSim(t, sim.Options{Datapath: "eks-eni", Set: map[string]string{"cilium.version": version}}, "").Datapath()
		assert.Equal(t, want, dp.Options["enable-ipv4-masquerade"], version)
	}
	old := newSim(t, sim.Options{Datapath: "eks-eni"}, agent("cilium", "quay.io/cilium/cilium:v1.17.3")).Datapath()
	assert.Empty(t, old.Options["enable-ipv4-masquerade"], "the version of the agent's image counts too")
}

func TestPolicyKindsThatAPlatformDoesNotEnforceAreIgnoredWithAWarning(t *testing.T) {
	const denyAll = "ingress: [{}]"
	clusterwide := "---\n{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: api}, spec: {endpointSelector: {matchLabels: {app: api}}, " + denyAll + "}}\n"
	native := "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: dev, name: api}, spec: {podSelector: {}, policyTypes: [Ingress]}}\n"
	for _, r := range []struct {
		claim, profile, documents string
		set                       map[string]string
		verdict, warns            string
	}{
		{"a CiliumNetworkPolicy where Cilium is whole", "kind-kpr", policy("api", denyAll), nil, "denied", ""},
		{"a CiliumNetworkPolicy on GKE", "gke-dpv2", policy("api", denyAll), nil, "allowed", "CiliumNetworkPolicy dev/api has no effect: enable-cilium-network-policy is off (profile gke-dpv2)"},
		{"a clusterwide one on GKE is enforced", "gke-dpv2", clusterwide, nil, "denied", ""},
		{"a NetworkPolicy on GKE", "gke-dpv2", native, nil, "denied", ""},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := newSim(t, sim.Options{Datapath: r.profile, Set: r.set}, r.documents)
			assert.Equal(t, r.verdict, ask(t, s, "dev/client", "dev/api-0:8080").Verdict.String())
			var warnings []string
			for _, i := range s.Issues() {
				if i.Severity == model.Warning {
					warnings = append(warnings, i.Message)
				}
			}
			assert.Equal(t, r.warns, strings.Join(warnings, "\n"))
		})
	}
}

const proxyFile = `---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: 10.244.0.0/16
detectLocalMode: NodeCIDR
nodePortAddresses: [10.0.0.0/8]
nftables: {masqueradeAll: true}
iptables: {localhostNodePorts: false}
`

func TestKubeProxysOwnSettingsAreRead(t *testing.T) {
	dp := newSim(t, sim.Options{}, proxyFile).Datapath()
	for name, want := range map[string][2]string{
		"kubeProxyMode":                {"nftables", "more.yaml:4"},
		"kubeProxy.clusterCIDR":        {"10.244.0.0/16", "more.yaml:5"},
		"kubeProxy.detectLocalMode":    {"NodeCIDR", "more.yaml:6"},
		"kubeProxy.nodePortAddresses":  {"10.0.0.0/8", "more.yaml:7"},
		"kubeProxy.masqueradeAll":      {"true", "more.yaml:8"},
		"kubeProxy.localhostNodePorts": {"false", "more.yaml:9"},
	} {
		assert.Equal(t, want, [2]string{dp.Options[name], dp.Sources[name]}, name)
	}
	assert.Equal(t, "nftables", dp.KubeProxyMode)
}

func TestWhoSaysWhatKubeProxysModeIs(t *testing.T) {
	for _, r := range []struct {
		claim, documents string
		opt              sim.Options
		mode, source     string
	}{
		{"its own configuration beats the kind config", kindIPVS + proxyFile, sim.Options{}, "nftables", "more.yaml:6"},
		{"a profile beats its configuration", proxyFile, sim.Options{Datapath: "kind"}, "iptables", "profile kind"},
		{"a flag beats both", proxyFile, sim.Options{Datapath: "kind", Set: map[string]string{"kubeProxyMode": "ipvs"}}, "ipvs", "--set kubeProxyMode"},
		{"no configuration leaves the kind config", kindIPVS, sim.Options{}, "ipvs", "more.yaml:2"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			dp := newSim(t, r.opt, r.documents).Datapath()
			assert.Equal(t, r.mode, dp.KubeProxyMode)
			assert.Equal(t, r.source, dp.Sources["kubeProxyMode"])
		})
	}
}

func TestAKubeProxyThatIsConfiguredBesideKPRIsAContradiction(t *testing.T) {
	s := newSim(t, sim.Options{Set: map[string]string{"kubeProxyReplacement": "true"}}, proxyFile)
	assert.True(t, slices.ContainsFunc(s.Issues(), func(i model.Issue) bool {
		return strings.Contains(i.Message, "kube-proxy runs (nftables, more.yaml:4)")
	}))
}
