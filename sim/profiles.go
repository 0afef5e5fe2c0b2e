package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// Profile is a named set of settings: what a platform decides about a cluster's
// datapath, whatever the files say. What a platform leaves to its users, and
// what is not established, is not set: the files, or the defaults, decide that.
type Profile struct {
	// Name is what --datapath takes.
	Name string `json:"name"`
	// Summary says in one line what the profile stands for.
	Summary  string           `json:"summary"`
	Settings []ProfileSetting `json:"settings"`
	// Notes say what the settings do not: what to know, and what is
	// unconfirmed.
	Notes []string `json:"notes"`
}

// ProfileSetting is one setting of a profile.
type ProfileSetting struct {
	// Name is a key of the cilium-config ConfigMap, or a name of netsim's own
	// ("kubeProxyMode").
	Name  string `json:"name"`
	Value string `json:"value"`
	// Since is the first minor of Cilium ("1.18") for which the setting holds,
	// "" for all.
	Since string `json:"since,omitempty"`
	// Source says where the fact is established.
	Source string `json:"source"`
}

func (s ProfileSetting) holdsFor(version model.Version) bool {
	since := model.ParseVersion(s.Since)
	return version.AtLeast(since.Major, since.Minor, 0)
}

// Setting is a setting's value, and whether the profile has it.
func (p Profile) Setting(name string) (value string, set bool) {
	for _, s := range p.Settings {
		if s.Name == name {
			return s.Value, true
		}
	}
	return "", false
}

// Services says who translates Services: "Cilium (KPR)", "kube-proxy" and its
// mode, or "" where the files decide.
func (p Profile) Services() string {
	replaced, set := p.Setting(optionKPR)
	mode, _ := p.Setting(settingKubeProxyMode)
	switch {
	case !set:
		return ""
	case replacesKubeProxy(replaced):
		return "Cilium (KPR)"
	default:
		return strings.TrimSpace("kube-proxy " + mode)
	}
}

// Routing is the routing mode, "" where the files decide.
func (p Profile) Routing() string {
	mode, _ := p.Setting(optionRouting)
	return mode
}

// Profiles is the table of the profiles that --datapath knows. It is a new one
// at each call.
func Profiles() []Profile {
	return slices.Concat(kindProfiles(), azureProfiles(), awsProfiles(), googleProfiles())
}

// ProfileNamed finds a profile; its error lists those that there are.
func ProfileNamed(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("unknown datapath %q: netsim knows %s", name, strings.Join(names, ", "))
}

// Sources that several profiles share, in files of Cilium v1.20.2.
const (
	sourceHelmKPR  = "Cilium's Helm default: kubeProxyReplacement is false (install/kubernetes/cilium/values.yaml)"
	sourceENI      = "Cilium's Helm chart with eni.enabled (install/kubernetes/cilium/templates/cilium-configmap.yaml)"
	sourceChaining = "Cilium's guide to chaining with the AWS VPC CNI (Documentation/installation/cni-chaining-aws-cni.rst)"
	sourceKPRFree  = "KPR is what the profile stands for; Cilium's guide removes kube-proxy (Documentation/network/kubernetes/kubeproxy-free.rst)"
	sourceRoutes   = "what the profile stands for: the nodes share one Docker network, where Cilium can route pods' addresses (autoDirectNodeRoutes)"
	sourceMSCilium = "Microsoft's documentation of Azure CNI powered by Cilium"
	sourceDPv2     = "Google's documentation of GKE Dataplane V2"

	sourceAWSFirewall    = "AWS's documentation of security groups: what no rule lets in is dropped"
	sourceAzureFirewall  = "Microsoft's documentation of network security groups: what comes from the Internet is dropped unless a rule allows it (DenyAllInbound)"
	sourceGoogleFirewall = "Google's documentation of VPC firewall rules: what no rule lets in is dropped (the implied rule)"

	noteCloudFirewall = "The cloud's own firewall is judged where a CloudFirewall document states it (docs/cloud-firewall.md). Where none does, what comes from outside to a node or pod is undetermined if everything else lets it in, unless --set cloud.firewall=open says that nothing is filtered; between the cluster's machines and outwards everything passes, which is how these clouds set it up."
	noteControlEKS    = "Whether the control plane reaches a pod hangs on security groups: EKS's own lets it through to managed nodes, eksctl's to others on 443 and from 1025 on (eksctl v0.215.0 pkg/cfn/builder/nodegroup.go); without a CloudFirewall document it is undetermined."
	noteControlAKS    = "AKS's control plane reaches pods through its konnectivity-agent pods: ask about those. From the API server's own address the answer is undetermined."
	noteControlGKE    = "GKE's control plane reaches nodes and pods on 443 and 10250 (Google's documentation of private clusters); on other ports, as those of many webhooks, a firewall rule must allow it, and without a CloudFirewall document it is undetermined."
	noteFilesDecide   = "Who translates Services is the installation's choice: the files decide, and without them it is kube-proxy, Cilium's Helm default."
	noteAPIServer     = "An ingress rule for the entity kube-apiserver may miss the API server of a managed control plane (Documentation/security/policy/layer3.rst)."
)

// kindProfiles are the clusters that their owner installs whole.
func kindProfiles() []Profile {
	tunnelNote := "Cilium's own default is tunnel: --set routingMode=tunnel."
	return []Profile{
		{Name: "kind", Summary: "kind with its kube-proxy, native routing",
			Settings: []ProfileSetting{
				{Name: optionKPR, Value: "false", Source: sourceHelmKPR},
				{Name: settingKubeProxyMode, Value: model.KubeProxyIPTables, Source: "kind's default (kind v0.31 pkg/apis/config/v1alpha4/default.go)"},
				{Name: optionRouting, Value: model.RoutingNative, Source: sourceRoutes},
			},
			Notes: []string{tunnelNote}},
		{Name: "kind-kpr", Summary: "kind without kube-proxy, native routing",
			Settings: []ProfileSetting{
				{Name: optionKPR, Value: "true", Source: sourceKPRFree},
				{Name: settingKubeProxyMode, Value: model.KubeProxyNone, Source: "kind's networking.kubeProxyMode: none, which this profile stands for"},
				{Name: optionRouting, Value: model.RoutingNative, Source: sourceRoutes},
			},
			Notes: []string{tunnelNote}},
		{Name: "bare-metal", Summary: "own machines, Cilium in place of kube-proxy",
			Settings: []ProfileSetting{
				{Name: optionKPR, Value: "true", Source: sourceKPRFree},
				{Name: settingKubeProxyMode, Value: model.KubeProxyNone, Source: sourceKPRFree},
			},
			Notes: []string{
				"Routing and bpf-lb-mode are the installation's choice: the files decide, and without them they are tunnel and snat.",
				"Which source a backend's policy sees from outside hangs on externalTrafficPolicy and bpf-lb-mode: --set loadBalancer.mode=dsr.",
			}},
	}
}

func azureProfiles() []Profile {
	return []Profile{
		{Name: "aks-byocni", Summary: "AKS without a CNI of its own, and Cilium installed on it",
			Settings: []ProfileSetting{
				{Name: optionRouting, Value: model.RoutingTunnel, Source: "Cilium's Helm chart refuses any other with aksbyocni.enabled (install/kubernetes/cilium/templates/cilium-configmap.yaml)"},
				{Name: settingFirewall, Value: firewallUnknown, Source: sourceAzureFirewall},
			},
			Notes: []string{noteFilesDecide, "Cilium is the open-source one with all its policy kinds.", noteAPIServer, noteCloudFirewall, noteControlAKS}},
		{Name: "aks-cilium", Summary: "Azure CNI powered by Cilium, run by AKS",
			Settings: []ProfileSetting{
				{Name: optionKPR, Value: "true", Source: sourceMSCilium + ": no kube-proxy runs"},
				{Name: settingKubeProxyMode, Value: model.KubeProxyNone, Source: sourceMSCilium + ": no kube-proxy runs"},
				{Name: "policy-cidr-match-mode", Value: "", Source: sourceMSCilium + ": an ipBlock selects neither pods nor nodes"},
				{Name: settingFirewall, Value: firewallUnknown, Source: sourceAzureFirewall},
			},
			Notes: []string{
				"L7 and FQDN rules need Advanced Container Networking Services (advancedNetworkPolicies None, FQDN or L7); how they are refused without is unconfirmed, and they are judged as Cilium does.",
				"Unconfirmed and not set: the routing mode, and whether CiliumClusterwideNetworkPolicies and host policies are enforced.",
				noteAPIServer, noteCloudFirewall, noteControlAKS,
			}},
	}
}

func awsProfiles() []Profile {
	return []Profile{
		{Name: "eks-eni", Summary: "EKS with Cilium in ENI mode: pods have addresses of the VPC",
			Settings: []ProfileSetting{
				{Name: optionRouting, Value: model.RoutingNative, Source: sourceENI},
				{Name: "enable-ipv4-masquerade", Value: "false", Since: "1.18", Source: sourceENI},
				{Name: settingFirewall, Value: firewallUnknown, Source: sourceAWSFirewall},
			},
			Notes: []string{noteFilesDecide, "Before Cilium 1.18 the chart masquerades in ENI mode too.", noteCloudFirewall, noteControlEKS}},
		{Name: "eks-chaining", Summary: "EKS with Cilium chained to the AWS VPC CNI",
			Settings: []ProfileSetting{
				{Name: optionChaining, Value: "aws-cni", Source: sourceChaining},
				{Name: optionRouting, Value: model.RoutingNative, Source: sourceChaining},
				{Name: "enable-ipv4-masquerade", Value: "false", Source: sourceChaining},
				{Name: settingFirewall, Value: firewallUnknown, Source: sourceAWSFirewall},
			},
			Notes: []string{
				noteFilesDecide,
				"Policy is not enforced on pods that ran before the chaining was set up, until they restart: netsim takes all as restarted.",
				"L7 policy may be limited with chaining (Documentation/installation/cni-chaining-limitations.rst).",
				noteCloudFirewall, noteControlEKS,
			}},
	}
}

func googleProfiles() []Profile {
	return []Profile{
		{Name: "gke-dpv2", Summary: "GKE Dataplane V2, run by Google: no CiliumNetworkPolicy",
			Settings: []ProfileSetting{
				{Name: optionKPR, Value: "true", Source: sourceDPv2 + ": no kube-proxy runs"},
				{Name: settingKubeProxyMode, Value: model.KubeProxyNone, Source: sourceDPv2 + ": no kube-proxy runs"},
				{Name: "enable-cilium-network-policy", Value: "false", Source: sourceDPv2 + ": the CRD is not exposed (unconfirmed)"},
				{Name: settingFirewall, Value: firewallUnknown, Source: sourceGoogleFirewall},
			},
			Notes: []string{
				"CiliumNetworkPolicies are ignored with a warning each. That their CRD is missing was not seen on a live cluster; where it is there, use --set enable-cilium-network-policy=true.",
				"CiliumClusterwideNetworkPolicies are judged: Google documents them for L3 and L4 rules.",
				"Unconfirmed and not set: the routing mode. Cilium's default, tunnel, is taken unless the files or --set routingMode say otherwise.",
				"FQDNNetworkPolicy, GKE's own kind, is not judged.",
				noteAPIServer, noteCloudFirewall, noteControlGKE,
			}},
	}
}
