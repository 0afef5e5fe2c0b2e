package sim_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

const (
	kindDefault = `---
{apiVersion: kind.x-k8s.io/v1alpha4, kind: Cluster, nodes: [{role: control-plane}, {role: worker}]}
`
	kindWithout = `---
apiVersion: kind.x-k8s.io/v1alpha4
kind: Cluster
networking: {disableDefaultCNI: true, kubeProxyMode: none}
nodes: [{role: control-plane}]
`
	kindIPVS = `---
{apiVersion: kind.x-k8s.io/v1alpha4, kind: Cluster, networking: {kubeProxyMode: ipvs}, nodes: [{role: control-plane}]}
`
	kubeProxy = `---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: kube-system, name: kube-proxy}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: kube-proxy, image: "registry.k8s.io/kube-proxy:v1.37.2"}]}}}}
`
	kindNode = `---
{apiVersion: v1, kind: Node, metadata: {name: one}, spec: {providerID: "kind://docker/kind/one"}, status: {addresses: [{type: InternalIP, address: 172.18.0.9}]}}
`
)

func config(data string) string {
	return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: kube-system, name: cilium-config}\ndata:\n" + data
}

func agent(name, image string) string {
	return fmt.Sprintf(`---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: kube-system, name: %s}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: agent, image: %q}]}}}}
`, name, image)
}

func TestDatapathIsReadFromWhatIsLoaded(t *testing.T) {
	for _, r := range []struct {
		claim, documents string
		profile          string
		set              map[string]string
		want             string
	}{
		{"nothing known", "", "", nil, "generic 1.20.2 kpr=false kube-proxy=iptables tunnel"},
		{"a kind config", kindDefault, "", nil, "kind 1.20.2 kpr=false kube-proxy=iptables tunnel"},
		{"kind without kube-proxy means that Cilium replaces it", kindWithout, "", nil, "kind-kpr 1.20.2 kpr=true kube-proxy=none tunnel"},
		{"kind with another kube-proxy", kindIPVS, "", nil, "kind 1.20.2 kpr=false kube-proxy=ipvs tunnel"},
		{"a node's providerID shows kind", kindNode, "", nil, "kind 1.20.2 kpr=false kube-proxy=iptables tunnel"},
		{"cilium-config", config("  routing-mode: native\n  kube-proxy-replacement: \"true\"\n"), "", nil, "generic 1.20.2 kpr=true kube-proxy=none native"},
		{"strict was an old word for true", config("  kube-proxy-replacement: strict\n"), "", nil, "generic 1.20.2 kpr=true kube-proxy=none tunnel"},
		{"disabled is not true", config("  kube-proxy-replacement: disabled\n"), "", nil, "generic 1.20.2 kpr=false kube-proxy=iptables tunnel"},
		{"cilium-config beats the kind config", kindWithout + config("  kube-proxy-replacement: \"false\"\n"), "", nil, "kind 1.20.2 kpr=false kube-proxy=none tunnel"},
		{"a kube-proxy that runs counts beside the replacement", kubeProxy + config("  kube-proxy-replacement: \"true\"\n"), "", nil, "generic 1.20.2 kpr=true kube-proxy=iptables tunnel"},
		{"the agent's image tells the version", agent("cilium", "quay.io/cilium/cilium:v1.18.4@sha256:0123"), "", nil, "generic 1.18.4 kpr=false kube-proxy=iptables tunnel"},
		{"a mirror with a port serves the agent too", agent("cilium", "mirror.example:5000/cilium/cilium:v1.19.4"), "", nil, "generic 1.19.4 kpr=false kube-proxy=iptables tunnel"},
		{"another image is not the agent", agent("cilium", "quay.io/cilium/operator:v1.18.4"), "", nil, "generic 1.20.2 kpr=false kube-proxy=iptables tunnel"},
		{"another DaemonSet is not the agent", agent("cilium-envoy", "quay.io/cilium/cilium:v1.18.4"), "", nil, "generic 1.20.2 kpr=false kube-proxy=iptables tunnel"},
		{"a tag without a version tells nothing", agent("cilium", "quay.io/cilium/cilium:latest"), "", nil, "generic 1.20.2 kpr=false kube-proxy=iptables tunnel"},
		{"a profile", "", "kind-kpr", nil, "kind-kpr 1.20.2 kpr=true kube-proxy=none native"},
		{"the other profile", "", "kind", nil, "kind 1.20.2 kpr=false kube-proxy=iptables native"},
		{"a profile beats cilium-config", config("  routing-mode: tunnel\n  kube-proxy-replacement: \"true\"\n"), "kind", nil, "kind 1.20.2 kpr=false kube-proxy=iptables native"},
		{"a flag beats the profile", "", "kind", map[string]string{"routingMode": "tunnel"}, "kind 1.20.2 kpr=false kube-proxy=iptables tunnel"},
		{"a flag beats the image", agent("cilium", "quay.io/cilium/cilium:v1.18.4"), "", map[string]string{"cilium.version": "v1.19"}, "generic 1.19 kpr=false kube-proxy=iptables tunnel"},
		{"flags take Helm's names and the agent's", "", "", map[string]string{"kubeProxyReplacement": "true", "routing-mode": "native"}, "generic 1.20.2 kpr=true kube-proxy=none native"},
		{"kube-proxy's mode is a setting", "", "", map[string]string{"kubeProxyMode": "nftables"}, "generic 1.20.2 kpr=false kube-proxy=nftables tunnel"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			c, issues := cluster(t, "", r.documents)
			s, err := sim.New(c, issues, sim.Options{Datapath: r.profile, Set: r.set})
			require.NoError(t, err)
			dp := s.Datapath()
			assert.Equal(t, r.want, fmt.Sprintf("%s %s kpr=%t kube-proxy=%s %s", dp.Name, dp.CiliumVersion, dp.KubeProxyReplacement, dp.KubeProxyMode, dp.RoutingMode))
		})
	}
}

func TestEverySettingSaysWhereItWasRead(t *testing.T) {
	documents := kindWithout + config("  routing-mode: native\n  cluster-name: home\n  bpf-lb-sock-hostns-only: \"true\"\n") + agent("cilium", "quay.io/cilium/cilium:v1.18.4")
	c, issues := cluster(t, stage, documents)
	s, err := sim.New(c, issues, sim.Options{Set: map[string]string{"policyEnforcementMode": "always"}})
	require.NoError(t, err)
	dp := s.Datapath()
	assert.Equal(t, "home", dp.ClusterName)
	assert.True(t, dp.SocketLBHostNamespaceOnly)
	assert.Equal(t, "always", dp.Options["enable-policy"])
	assert.Equal(t, "--set policyEnforcementMode", dp.Sources["enable-policy"])
	at := func(text string) string {
		return fmt.Sprintf("more.yaml:%d", strings.Count(documents[:strings.Index(documents, text)], "\n")+1)
	}
	info := ask(t, s, "dev/client", "world:80").Datapath
	assert.Equal(t, map[string]string{
		"ciliumVersion":        at("{apiVersion: apps/v1"),
		"kubeProxyReplacement": "more.yaml:2",
		"kubeProxyMode":        "more.yaml:2",
		"routingMode":          at("routing-mode"),
	}, info.Sources)
	assert.Equal(t, "1.18.4", info.CiliumVersion)
	assert.Equal(t, "kind-kpr", info.Name)
	bare := newSim(t, sim.Options{Datapath: "kind"}, "").Datapath()
	assert.Equal(t, "default", bare.Sources["cilium.version"])
	assert.Equal(t, "profile kind", bare.Sources["routing-mode"])
	assert.Equal(t, "default", bare.ClusterName)
	assert.False(t, bare.SocketLBHostNamespaceOnly)
}

func TestContradictionsAreIssues(t *testing.T) {
	for _, r := range []struct {
		claim, documents string
		set              map[string]string
		says             string
	}{
		{"two translate", kubeProxy, map[string]string{"kubeProxyReplacement": "true"}, "both translate Services, and neither knows the other's connections. Cilium comes first"},
		{"two translate, by the kind config", kindIPVS, map[string]string{"kubeProxyReplacement": "true"}, "kube-proxy runs (ipvs"},
		{"nobody translates", kindWithout, map[string]string{"kubeProxyReplacement": "false"}, "nobody serves NodePorts"},
		{"one translates", "", map[string]string{"kubeProxyReplacement": "true"}, ""},
		{"the other translates", kubeProxy, nil, ""},
		{"DSR through a tunnel", "", with(kpr, "loadBalancer.mode", "dsr"), "bpf-lb-mode is dsr (--set loadBalancer.mode)"},
		{"hybrid through a tunnel", "", with(kpr, "loadBalancer.mode", "hybrid"), "the agent would not start"},
		{"DSR through Geneve, dispatched otherwise", "", with(kpr, "loadBalancer.mode", "dsr", "tunnelProtocol", "geneve"), "the agent would not start"},
		{"DSR through Geneve", "", with(kpr, "loadBalancer.mode", "dsr", "tunnelProtocol", "geneve", "loadBalancer.dsrDispatch", "geneve"), ""},
		{"DSR with native routing", "", with(kpr, "loadBalancer.mode", "dsr", "routingMode", "native"), ""},
		{"DSR with native routing, dispatched by a Geneve that is not there", "", with(kpr, "loadBalancer.mode", "dsr", "routingMode", "native", "loadBalancer.dsrDispatch", "geneve"), "the agent would not start"},
		{"DSR that kube-proxy does not know", "", map[string]string{"loadBalancer.mode": "dsr"}, ""},
	} {
		t.Run(r.claim, func(t *testing.T) {
			c, _ := cluster(t, "", r.documents)
			s, err := sim.New(c, nil, sim.Options{Set: r.set})
			require.NoError(t, err)
			said := ""
			for _, i := range s.Issues() {
				if i.Severity != model.Info {
					said += i.String()
				}
			}
			if r.says == "" {
				assert.Empty(t, said)
			}
			assert.Contains(t, said, r.says)
		})
	}
}

var kpr = map[string]string{"kubeProxyReplacement": "true"}

// with is settings with more of them.
func with(set map[string]string, more ...string) map[string]string {
	all := maps.Clone(set)
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

func TestAnAssumedVersionIsSaid(t *testing.T) {
	said := func(s *sim.Sim) bool {
		return slices.ContainsFunc(s.Issues(), func(i model.Issue) bool { return strings.Contains(i.Message, "1.20.2 is assumed") })
	}
	assert.True(t, said(newSim(t, sim.Options{}, "")))
	assert.False(t, said(newSim(t, sim.Options{Set: map[string]string{"cilium.version": "1.20.2"}}, "")))
	assert.False(t, said(newSim(t, sim.Options{}, agent("cilium", "quay.io/cilium/cilium:v1.20.2"))))
}

func TestConfigThatNoAgentWouldStartWithIsAnIssue(t *testing.T) {
	c, _ := cluster(t, "", config("  enable-policy: sometimes\n  routing-mode: native\n  cilium.version: \"1.18\"\n"))
	s, err := sim.New(c, nil, sim.Options{})
	require.NoError(t, err)
	assert.Equal(t, "native", s.Datapath().RoutingMode, "the rest holds")
	assert.Equal(t, "1.20.2", s.Datapath().CiliumVersion, "a key of netsim's own is none of Cilium's")
	assert.NotEqual(t, "sometimes", s.Datapath().Options["enable-policy"])
	i := s.Issues()[0]
	assert.Equal(t, model.Error, i.Severity)
	assert.Equal(t, 6, i.Line)
	assert.Contains(t, i.Message, `enable-policy is "sometimes"`)
}

func TestEachBadValueInTheConfigIsSaidAndTheDefaultTaken(t *testing.T) {
	for key, r := range map[string]struct{ bad, byDefault, says string }{
		"routing-mode":           {"direct", "tunnel", "none of tunnel, native"},
		"kube-proxy-replacement": {"yes", "false", "none of true, false, strict, partial, probe, disabled"},
		"enable-policy":          {"Always", "", "none of default, always, never"},
		"enable-host-firewall":   {"on", "", "none of true, false"},
		"policy-cidr-match-mode": {"node", "", "none of nodes, pods"},
		"tunnel-protocol":        {"gre", "", "none of vxlan, geneve"},
	} {
		t.Run(key, func(t *testing.T) {
			c, _ := cluster(t, "", config("  cluster-name: home\n  "+key+": \""+r.bad+"\"\n"))
			s, err := sim.New(c, nil, sim.Options{})
			require.NoError(t, err)
			assert.Equal(t, r.byDefault, s.Datapath().Options[key])
			assert.Equal(t, "home", s.Datapath().ClusterName, "the rest holds")
			i := s.Issues()[0]
			assert.Equal(t, model.Error, i.Severity)
			assert.Equal(t, "more.yaml", i.File)
			assert.Equal(t, 7, i.Line)
			assert.Contains(t, i.Message, key+` is "`+r.bad+`"`)
			assert.Contains(t, i.Message, r.says)
			assert.NotEmpty(t, i.Remedy)
		})
	}
}

func TestConfigOfWhichNetsimReadsNothingIsNoIssue(t *testing.T) {
	c, _ := cluster(t, "", config("  cilium-endpoint-gc-interval: 5m0s\n  policy-cidr-match-mode: \"\"\n  cilium.version: \"1.18\"\n  kubeProxyMode: ipvs\n  kubeProxyReplacement: \"true\"\n  routingMode: native\n"))
	s, err := sim.New(c, nil, sim.Options{})
	require.NoError(t, err)
	for _, i := range s.Issues() {
		assert.Equal(t, model.Info, i.Severity, i.String())
	}
	dp := s.Datapath()
	assert.Equal(t, "1.20.2", dp.CiliumVersion, "netsim's own settings are no keys of Cilium's")
	assert.Equal(t, "iptables", dp.KubeProxyMode)
	assert.Equal(t, "tunnel", dp.RoutingMode, "nor are Helm's values")
	assert.False(t, dp.KubeProxyReplacement)
	assert.Equal(t, "default", dp.Sources["cilium.version"])
}

func TestVersionsOutsideWhatNetsimKnowsAreSaid(t *testing.T) {
	for version, known := range map[string]bool{"1.15.9": false, "1.15": false, "1.16": true, "1.16.0": true, "1.18.4": true, "v1.20": true, "1.20.2": true, "1.21.0-rc.0": false, "1.21": false, "2.0": false} {
		s := newSim(t, sim.Options{Set: map[string]string{"cilium.version": version}}, "")
		said := slices.ContainsFunc(s.Issues(), func(i model.Issue) bool {
			return i.Severity == model.Warning && strings.Contains(i.Message, "outside what netsim knows") && strings.Contains(i.Message, "--set cilium.version")
		})
		assert.Equal(t, !known, said, version)
	}
}

func TestUnknownSettingsAreRefused(t *testing.T) {
	c, _ := cluster(t, stage)
	for _, r := range []struct {
		opt  sim.Options
		says string
	}{
		{sim.Options{Datapath: "kid"}, `unknown datapath "kid": netsim knows kind, kind-kpr`},
		{sim.Options{Set: map[string]string{"routingmode": "native"}}, `unknown setting "routingmode": did you mean routing`},
		{sim.Options{Set: map[string]string{"cillium.version": "1.20"}}, "did you mean cilium.version?"},
		{sim.Options{Set: map[string]string{"zzzzzzzzzzzzzzzzzzz": "1"}}, "netsim reads "},
		{sim.Options{Set: map[string]string{"cilium.version": "new"}}, `cilium.version "new" is no version: write it as 1.20 or 1.20.2`},
		{sim.Options{Set: map[string]string{"cilium.version": "1"}}, "is no version"},
		{sim.Options{Set: map[string]string{"routingMode": "direct"}}, `--set routingMode: routing-mode is "direct", which is none of tunnel, native`},
		{sim.Options{Set: map[string]string{"kubeProxyMode": "userspace"}}, "none of iptables, nftables, ipvs, none"},
		{sim.Options{Set: map[string]string{"enable-sctp": "yes"}}, "none of true, false"},
	} {
		_, err := sim.New(c, nil, r.opt)
		require.ErrorContains(t, err, r.says)
	}
}

func TestSettingsReachThePolicyEngine(t *testing.T) {
	for name, value := range map[string]string{
		"policyEnforcementMode": "always", "enable-policy": "always",
	} {
		a := ask(t, newSim(t, sim.Options{Set: map[string]string{name: value}}, ""), "dev/client", "dev/api-0:80")
		assert.Equal(t, "denied", a.Verdict.String(), name)
	}
	gateway := "---\n{apiVersion: cilium.io/v2, kind: CiliumEgressGatewayPolicy, metadata: {name: exit}, spec: {}}\n"
	for value, want := range map[string]string{"true": "undetermined", "false": "allowed"} {
		s := newSim(t, sim.Options{Set: map[string]string{"enable-ipv4-egress-gateway": value}}, gateway)
		assert.Equal(t, want, ask(t, s, "dev/client", "203.0.113.9:443").Verdict.String(), "the egress gateway can be set")
	}
	hosts := "---\n{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: hosts}, spec: {nodeSelector: {}, ingress: [{}]}}\n"
	for value, want := range map[string]string{"true": "denied", "false": "allowed"} {
		s := newSim(t, sim.Options{Set: map[string]string{"hostFirewall.enabled": value}}, hosts)
		assert.Equal(t, want, ask(t, s, "dev/client", "node/w2:22").Verdict.String(), "the host firewall can be switched")
	}
}
