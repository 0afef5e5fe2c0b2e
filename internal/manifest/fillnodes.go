package manifest

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

// fillNodes makes the nodes that no file holds, and gives addresses and pod
// CIDRs to those that have none.
func (f *filler) fillNodes() {
	f.nodeByName = map[string]*node{}
	for _, n := range f.nodes {
		f.nodeByName[n.Name] = n
	}
	if len(f.nodes) == 0 {
		f.makeNodes()
	}
	f.makeReferredNodes()
	slices.SortFunc(f.nodes, func(a, b *node) int { return cmp.Compare(a.Name, b.Name) })
	f.fillNodeIPs()
	f.fillPodCIDRs()
}

// makeNodes makes what a kind config says, or the default set. Pods on nodes
// of other names mean that the cluster's nodes are those, and not the default
// set.
func (f *filler) makeNodes() {
	if k := f.cluster.Kind; k != nil {
		f.makeKindNodes(k)
		return
	}
	standard := f.standardNodes()
	for _, p := range f.pods {
		if p.Node != "" && !slices.Contains(standard, p.Node) {
			return
		}
	}
	for i, name := range standard {
		f.makeNode(name, i == 0, i == 0, nil)
	}
	f.reports.add(model.Issue{
		Severity: model.Info, Message: "no nodes are given: " + listNodes(standard) + " are assumed",
		Remedy: "pass the Nodes (kubectl get nodes -o yaml) or a kind cluster config",
	})
}

// podsPerNode is the kubelet's default limit (maxPods,
// k8s.io/kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go).
const podsPerNode = 110

// standardNodes are a control plane and as many workers as the pods need, at
// least two: with fewer, pods would be left without an address.
func (f *filler) standardNodes() []string {
	pods := len(f.pods)
	for _, w := range f.workloads {
		pods += min(w.Replicas, maxMade)
	}
	names := []string{"control-plane", "worker"}
	for i := 2; i <= max(2, pods/podsPerNode+1); i++ {
		names = append(names, "worker"+strconv.Itoa(i))
	}
	return names
}

func listNodes(names []string) string {
	const few = 4
	if len(names) > few {
		return fmt.Sprintf("%s and %d workers", names[0], len(names)-1)
	}
	return strings.Join(names, ", ")
}

// makeKindNodes makes a kind cluster's nodes, and taints control planes unless
// there is no other node. Source: kind v0.31
// pkg/cluster/internal/create/actions/kubeadminit.
func (f *filler) makeKindNodes(k *model.KindConfig) {
	for i, name := range k.NodeNames() {
		n := k.Nodes[i]
		f.makeNode(name, n.ControlPlane, n.ControlPlane && len(k.Nodes) > 1, n.Labels)
	}
}

func (f *filler) makeNode(name string, controlPlane, tainted bool, labels model.Labels) {
	n := &node{Node: &model.Node{
		Origin: model.Origin{Kind: "Node", Name: name}, Name: name, Made: true,
		ControlPlane: controlPlane, Assigned: model.Assigned{},
		Labels: model.Labels{
			corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		},
	}}
	if controlPlane {
		n.Labels[labelControlPlane] = ""
		n.Labels[corev1.LabelNodeExcludeBalancers] = ""
	}
	for key, value := range labels {
		n.Labels[key] = value
	}
	if tainted {
		n.taints = []corev1.Taint{{Key: labelControlPlane, Effect: corev1.TaintEffectNoSchedule}}
	}
	f.nodes = append(f.nodes, n)
	f.nodeByName[name] = n
}

// makeReferredNodes makes the nodes that pods say they are on. One that runs
// an API server is a control plane.
func (f *filler) makeReferredNodes() {
	controlPlane := map[string]bool{}
	for _, p := range f.pods {
		if p.Namespace == "kube-system" && p.Labels["component"] == "kube-apiserver" {
			controlPlane[p.Node] = true
		}
	}
	refer := func(p *pod) {
		if p.Node == "" || f.nodeByName[p.Node] != nil {
			return
		}
		f.makeNode(p.Node, controlPlane[p.Node], controlPlane[p.Node], nil)
		p.doc.note(problem{"", fmt.Sprintf("node %s is not given and was made", p.Node), "pass the Nodes (kubectl get nodes -o yaml)"})
	}
	for _, p := range f.pods {
		refer(p)
	}
	for _, w := range f.workloads {
		refer(w.pattern)
	}
	if len(f.nodes) == 1 && f.nodes[0].Made {
		f.nodes[0].taints = nil // kubeadm users and kind untaint an only node
	}
}

// nodePools are the networks that made node addresses come from: Docker's
// second network, where kind puts its nodes.
func nodePools() map[string]*pool {
	return map[string]*pool{
		ipv4: newPool(netip.MustParsePrefix("172.18.0.0/16"), 2),
		ipv6: newPool(netip.MustParsePrefix("fc00:f853:ccd:e793::/64"), 2),
	}
}

func (f *filler) fillNodeIPs() {
	taken := map[netip.Addr]bool{}
	for _, p := range f.pods {
		n := f.nodeByName[p.Node]
		if n != nil && len(n.InternalIPs) == 0 {
			n.InternalIPs = p.hostIPs
		}
		for _, ip := range slices.Concat(p.IPs, p.hostIPs) {
			taken[ip] = true
		}
	}
	for _, n := range f.nodes {
		for _, ip := range slices.Concat(n.InternalIPs, n.ExternalIPs) {
			taken[ip] = true
		}
	}
	pools := nodePools()
	for _, n := range f.nodes {
		if len(n.InternalIPs) > 0 {
			continue
		}
		n.Assigned["ip"] = true
		for _, family := range f.families {
			if ip, ok := pools[family].take(taken); ok {
				n.InternalIPs = append(n.InternalIPs, ip)
			}
		}
	}
}

func (f *filler) fillPodCIDRs() {
	var taken []netip.Prefix
	for _, n := range f.nodes {
		taken = append(taken, n.PodCIDRs...)
	}
	pools := map[string]*subnets{}
	for _, family := range f.families {
		pools[family] = newSubnets(f.podSubnet(family))
	}
	for _, n := range f.nodes {
		if len(n.PodCIDRs) > 0 {
			continue
		}
		n.Assigned["podCIDR"] = true
		for _, family := range f.families {
			if prefix, ok := pools[family].take(taken); ok {
				n.PodCIDRs = append(n.PodCIDRs, prefix)
			}
		}
	}
}

func (f *filler) podSubnet(family string) netip.Prefix {
	if k := f.cluster.Kind; k != nil {
		for _, prefix := range k.PodSubnets {
			if familyOf(prefix.Addr()) == family {
				return prefix
			}
		}
	}
	return netip.MustParsePrefix(kindSubnets()[lowerFamily(family)].pods)
}

// lowerFamily is the family as a kind config writes it.
func lowerFamily(family string) string { return strings.ToLower(family) }
