package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// settingFirewall says what is known of the firewall that a cloud puts before
// machines and pods.
const settingFirewall = "cloud.firewall"

// Its values: firewallOpen lets everything through; firewallUnknown filters what
// comes from outside, and no file says how. Without either there is none but
// what CloudFirewall documents state.
const (
	firewallOpen    = "open"
	firewallUnknown = "unknown"
)

// nameGeneric is the name of a datapath that is no profile's.
const nameGeneric = "generic"

// platform is where machines run, as nodes show it.
type platform struct {
	name string
	// provider is how their providerIDs begin, and label a label that only
	// managed nodes have.
	provider, label string
	profiles        []mark

	// firewall is what the cloud's firewalls are called, "" where none stands
	// before every machine.
	firewall string
	// toNodePorts is true where load balancers send to NodePorts.
	toNodePorts bool
	// controlPlane is how a managed API server comes in, and controlPorts the
	// ports that are open to it by default.
	controlPlane string
	controlPorts []uint16
}

// mark is a profile of a platform and what tells it from the platform's others:
// an option with one of a few values, and perhaps the platform's label.
type mark struct {
	profile, option string
	values          []string
	managed         bool
}

// platforms is the table. Sources of provider: kind v0.31
// pkg/cluster/internal/kubeadm/config.go; k8s.io/cloud-provider-aws v1.37.1
// pkg/providers/v1/instances.go; cilium v1.20.2 pkg/azure/types/types.go
// ProviderPrefix; k8s.io/cloud-provider-gcp/providers v0.28.2 gce. A profile
// without an option is never recognised: what would tell it is not in files, or
// not established. Of the control planes the clouds' own documentation is the
// source, and no live cluster was asked.
func platforms() []platform {
	return []platform{
		{name: "kind", provider: "kind://"},
		{
			name: "AWS", provider: "aws://", label: "eks.amazonaws.com/nodegroup", profiles: []mark{
				{profile: "eks-eni", option: optionIPAM, values: []string{"eni"}},
				{profile: "eks-chaining", option: optionChaining, values: []string{"aws-cni"}},
			},
			firewall: "security groups", toNodePorts: true,
			controlPlane: "EKS's control plane comes in by interfaces and security groups of its own",
		},
		{
			name: "Azure", provider: "azure://", label: "kubernetes.azure.com/cluster", profiles: []mark{
				{profile: "aks-byocni", option: optionIPAM, values: []string{"cluster-pool", "multi-pool"}, managed: true},
				{profile: "aks-cilium"},
			},
			firewall:     "network security groups",
			controlPlane: "AKS's control plane comes in through its konnectivity-agent pods rather than from this address",
		},
		{
			name: "Google Cloud", provider: "gce://", label: "cloud.google.com/gke-nodepool", profiles: []mark{
				{profile: "gke-dpv2"},
			},
			firewall:     "VPC firewall rules",
			controlPlane: "GKE opens only ports 443 and 10250 to its control plane", controlPorts: []uint16{443, 10250},
		},
	}
}

// platformOf is the platform of a datapath by its name, or, where that says
// nothing, by the nodes.
func platformOf(datapath string, nodes []*model.Node) platform {
	for _, p := range platforms() {
		if slices.ContainsFunc(p.profiles, func(m mark) bool { return m.profile == datapath }) {
			return p
		}
	}
	if at, found := findPlace(nodes); found && datapath == nameGeneric {
		return at.platform
	}
	return platform{}
}

// place is the platform of a cluster, and the node that shows it.
type place struct {
	platform
	node    *model.Node
	managed bool
}

// findPlace goes by the first node that shows where it runs.
func findPlace(nodes []*model.Node) (place, bool) {
	for _, n := range nodes {
		for _, p := range platforms() {
			_, labelled := n.Labels[p.label]
			labelled = labelled && p.label != ""
			if labelled || strings.HasPrefix(n.ProviderID, p.provider) {
				return place{p, n, labelled}, true
			}
		}
	}
	return place{}, false
}

// readPlatform takes what nodes prove by where they run, and nothing else: a
// platform seen is not a profile asked for, whose other settings the cluster may
// have changed.
func (s *settings) readPlatform(nodes []*model.Node) {
	if at, found := findPlace(nodes); found && at.firewall != "" {
		s.set(settingFirewall, firewallUnknown, at.node.Origin.Position())
	}
}

// recognise names the datapath that the files show. A profile's name is given
// only where all of its settings hold already, so that a name says no more than
// the files do; where they leave some of them open, an Issue points to the
// profiles that fit.
func (s *settings) recognise(c *model.Cluster, dp model.Datapath) string {
	at, found := findPlace(c.Nodes)
	if c.Kind != nil || found && at.name == "kind" {
		if dp.KubeProxyReplacement {
			return "kind-kpr"
		}
		return "kind"
	}
	var possible []string
	for _, m := range at.profiles {
		profile, err := ProfileNamed(m.profile)
		if err != nil || !m.fits(at, c, dp) {
			continue
		}
		switch known, contradicted := profile.compare(dp); {
		case known && slices.Contains(m.values, dp.Options[m.option]):
			return m.profile
		case !contradicted:
			possible = append(possible, "--datapath "+m.profile)
		}
	}
	if len(possible) > 0 {
		s.tell(model.Info, at.node.Origin, fmt.Sprintf("the nodes run on %s, and the files leave open how Cilium is set up there: what they do not say is taken as anywhere", at.name),
			"pass the cilium-config ConfigMap, or use "+strings.Join(possible, " or "))
	}
	return nameGeneric
}

// fits says whether the mark is there. Where Cilium's configuration is loaded,
// an option that it lacks is not set.
func (m mark) fits(at place, c *model.Cluster, dp model.Datapath) bool {
	configured := c.CiliumConfig != nil || len(c.CiliumValues) > 0
	value := dp.Options[m.option]
	switch {
	case m.managed && !at.managed:
		return false
	case m.option == "" || value == "" && !configured:
		return true
	}
	return slices.Contains(m.values, value)
}

// compare says whether a datapath has all settings of a profile, and whether a
// file or flag gives one of them another value.
func (p Profile) compare(dp model.Datapath) (known, contradicted bool) {
	known = true
	for _, setting := range p.Settings {
		if !setting.holdsFor(dp.Version()) || setting.Value == shown(dp, setting.Name) {
			continue
		}
		known = false
		contradicted = contradicted || cmp.Or(dp.Sources[setting.Name], sourceDefault) != sourceDefault
	}
	return known, contradicted
}

// shown is a setting as it came out in the end.
func shown(dp model.Datapath, name string) string {
	switch name {
	case optionKPR:
		return strconv.FormatBool(dp.KubeProxyReplacement)
	case settingKubeProxyMode:
		return dp.KubeProxyMode
	}
	return dp.Options[name]
}
