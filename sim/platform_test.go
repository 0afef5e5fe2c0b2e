package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// nodeOn is a node with a providerID and labels.
func nodeOn(provider, labels string) string {
	return fmt.Sprintf("---\n{apiVersion: v1, kind: Node, metadata: {name: one, labels: {%s}}, spec: {providerID: %q}, status: {addresses: [{type: InternalIP, address: 10.0.0.9}]}}\n", labels, provider)
}

const (
	onAWS    = "aws:///eu-west-1a/i-0123"
	onAzure  = "azure:///subscriptions/a/vm/0"
	onGoogle = "gce://project/zone/vm"
)

func TestTheDatapathIsNamedWhereFilesShowAllOfAProfile(t *testing.T) {
	const aks = "kubernetes.azure.com/cluster: a"
	for _, r := range []struct {
		claim, documents string
		set              map[string]string
		name             string
		suggests         string
	}{
		{"AWS and ENI mode, from values", nodeOn(onAWS, "") + valuesOf("1.20.2", "eni: {enabled: true}"), nil, "eks-eni", ""},
		{"or from the ConfigMap", nodeOn(onAWS, "") + config("  ipam: eni\n  routing-mode: native\n  enable-ipv4-masquerade: \"false\"\n"), nil, "eks-eni", ""},
		{"before 1.18 whatever it masquerades", nodeOn(onAWS, "") + config("  ipam: eni\n  routing-mode: native\n"), map[string]string{"cilium.version": "1.17"}, "eks-eni", ""},
		{"EKS by its label", nodeOn("", "eks.amazonaws.com/nodegroup: a") + valuesOf("1.20.2", "eni: {enabled: true}"), nil, "eks-eni", ""},
		{"ENI mode that masquerades is no profile", nodeOn(onAWS, "") + valuesOf("1.20.2", "eni: {enabled: true}\nenableIPv4Masquerade: true"), nil, "generic", ""},
		{"chained to the VPC's own CNI", nodeOn(onAWS, "") + valuesOf("1.20.2", "cni: {chainingMode: aws-cni}\nenableIPv4Masquerade: false\nroutingMode: native"), nil, "eks-chaining", ""},
		{"an overlay on AWS is no profile", nodeOn(onAWS, "") + config("  ipam: cluster-pool\n  routing-mode: tunnel\n"), nil, "generic", ""},
		{"nothing but AWS", nodeOn(onAWS, ""), nil, "generic", "--datapath eks-eni or --datapath eks-chaining"},
		{"AKS with Cilium's own chart", nodeOn(onAzure, aks) + valuesOf("1.20.2", "aksbyocni: {enabled: true}"), nil, "aks-byocni", ""},
		{"or its ConfigMap", nodeOn(onAzure, aks) + config("  ipam: cluster-pool\n  routing-mode: tunnel\n"), nil, "aks-byocni", ""},
		{"the same on machines that AKS does not run", nodeOn(onAzure, "") + config("  ipam: cluster-pool\n  routing-mode: tunnel\n  kube-proxy-replacement: \"false\"\n"), nil, "generic", ""},
		{"nothing but AKS", nodeOn(onAzure, aks), nil, "generic", "--datapath aks-byocni or --datapath aks-cilium"},
		{"nothing but GKE", nodeOn(onGoogle, ""), nil, "generic", "--datapath gke-dpv2"},
		{"Cilium of one's own on GKE", nodeOn(onGoogle, "") + config("  kube-proxy-replacement: \"false\"\n"), nil, "generic", ""},
		{"kind", nodeOn("kind://docker/kind/one", ""), nil, "kind", ""},
		{"another provider", nodeOn("hcloud://1", ""), nil, "generic", ""},
	} {
		t.Run(r.claim, func(t *testing.T) {
			c, issues := cluster(t, "", r.documents)
			s, err := sim.New(c, issues, sim.Options{Set: r.set})
			require.NoError(t, err)
			assert.Equal(t, r.name, s.Datapath().Name)
			assert.Equal(t, r.suggests, suggested(s))
			if r.name != "generic" && r.name != "kind" {
				p, err := sim.ProfileNamed(r.name)
				require.NoError(t, err)
				with, err := sim.New(c, issues, sim.Options{Datapath: r.name, Set: r.set})
				require.NoError(t, err)
				for _, setting := range p.Settings {
					assert.Equal(t, with.Datapath().Options[setting.Name], s.Datapath().Options[setting.Name], "a name says no more than the files: %s", setting.Name)
				}
			}
		})
	}
}

// suggested are the profiles that an Issue points to.
func suggested(s *sim.Sim) string {
	for _, i := range s.Issues() {
		if strings.Contains(i.Message, "the files leave open how Cilium is set up there") {
			if i.Severity != model.Info || i.File != "more.yaml" || i.Line != 2 {
				return "an Issue that is not as it should be: " + i.String()
			}
			_, profiles, _ := strings.Cut(i.Remedy, "use ")
			return profiles
		}
	}
	return ""
}

func TestACloudsNodesAreKnownToStandBehindItsFirewall(t *testing.T) {
	for provider, want := range map[string]string{onAWS: "unknown more.yaml:2", onAzure: "unknown more.yaml:2", onGoogle: "unknown more.yaml:2", "kind://a": " ", "": " "} {
		dp := newSim(t, sim.Options{}, nodeOn(provider, "")).Datapath()
		assert.Equal(t, want, dp.Options["cloud.firewall"]+" "+dp.Sources["cloud.firewall"], provider)
	}
	elsewhere := newSim(t, sim.Options{Datapath: "bare-metal"}, nodeOn(onAWS, "")).Datapath()
	assert.Empty(t, elsewhere.Options["cloud.firewall"], "a profile asked for is another place")
	_, err := sim.New(&model.Cluster{}, nil, sim.Options{Set: map[string]string{"cloud.firewall": "closed"}})
	assert.ErrorContains(t, err, "which is none of open, unknown")
}

func TestTheNamedPlatformSpeaksOfItsOwnFirewall(t *testing.T) {
	a := ask(t, newSim(t, sim.Options{}, nodeOn(onGoogle, "")), "203.0.113.9", "node/one:22")
	assert.Contains(t, a.Paths[0].Steps[0].Why, "whether VPC firewall rules let 22/TCP from 203.0.113.9 to node one in")
}
