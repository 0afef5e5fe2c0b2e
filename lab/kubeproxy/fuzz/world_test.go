package fuzz

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/lab/kubeproxy"
	"github.com/netsim-dev/netsim/model"
)

// world is one made-up cluster with the settings of its kube-proxy and of its
// Cilium.
type world struct {
	dice
	number   int
	tally    tally
	families []bool // of addresses: true is IPv6
	cluster  *model.Cluster
	ix       *model.Index
	settings kubeproxy.Settings
	datapath model.Datapath
	// serviceCIDRs are given where the cluster has ServiceCIDR objects.
	serviceCIDRs []string
	// nextPort is the port of the next Service: no two share one.
	nextPort uint16
}

// newWorld makes up a cluster. Its number picks the settings that are many, so
// that a short run has them all; the rest is left to the dice.
func newWorld(seed uint64, number int, t tally) *world {
	w := &world{dice: newDice(seed, uint64(number)), number: number, tally: t, cluster: &model.Cluster{}, nextPort: 1000}
	w.families = pick(w.dice, [][]bool{{false}, {false}, {true}, {false, true}, {true, false}})
	t.add(map[int]string{1: "single stack", 2: "dual stack"}[len(w.families)])
	t.addIf(slices.Contains(w.families, true), "IPv6")
	t.addIf(slices.Contains(w.families, false), "IPv4")
	w.makeNodes()
	w.makeSettings()
	w.makePods()
	for i := range w.between(2, 5) {
		w.makeService(i)
	}
	w.ix = model.NewIndex(w.cluster)
	return w
}

// addr is the n-th address of a network in a family.
func addr(is6 bool, network string, n int) netip.Addr {
	if is6 {
		return netip.MustParseAddr(fmt.Sprintf("%s%x", networks6[network], n))
	}
	return netip.MustParseAddr(fmt.Sprintf("%s%d", networks4[network], n))
}

// The networks of all worlds. Pods' networks are one for each node.
var (
	networks4 = map[string]string{
		"nodes": "192.168.0.", "nodes too": "172.16.0.", "public": "203.0.113.", "Services": "10.96.0.", "external IPs": "192.0.2.1",
		"load balancers": "192.0.2.2", "clients": "198.18.0.", "outside": "198.51.100.", "other pods": "10.200.0.",
		"pods of 1": "10.244.1.", "pods of 2": "10.244.2.", "pods of 3": "10.244.3.", "pods of 4": "10.244.4.",
	}
	networks6 = map[string]string{
		"nodes": "fd00::", "nodes too": "fd01::", "public": "2001:db8:1::", "Services": "fd96::", "external IPs": "2001:db8:2::1",
		"load balancers": "2001:db8:2::2", "clients": "2001:db8:18::", "outside": "2001:db8:51::", "other pods": "fd99::",
		"pods of 1": "fd44:0:0:1::", "pods of 2": "fd44:0:0:2::", "pods of 3": "fd44:0:0:3::", "pods of 4": "fd44:0:0:4::",
	}
)

func podNetwork(node int) string { return fmt.Sprintf("pods of %d", node) }

// around is the network of an address: a /24, or a /64.
func around(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a, bits).Masked()
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func (w *world) makeNodes() {
	for i := range w.between(1, 4) {
		n := &model.Node{Name: fmt.Sprintf("n%d", i+1), Labels: model.Labels{}}
		for _, is6 := range w.families {
			n.InternalIPs = append(n.InternalIPs, addr(is6, "nodes", i+1))
			n.PodCIDRs = append(n.PodCIDRs, around(addr(is6, podNetwork(i+1), 0)))
		}
		if w.oneIn(4) {
			n.InternalIPs = append(n.InternalIPs, addr(pick(w.dice, w.families), "nodes too", i+1))
			w.tally.add("node with a second internal address")
		}
		if w.oneIn(4) {
			n.ExternalIPs = append(n.ExternalIPs, addr(pick(w.dice, w.families), "public", i+1))
			w.tally.add("node with an external address")
		}
		if !w.oneIn(4) {
			n.Labels["topology.kubernetes.io/zone"] = pick(w.dice, zones)
		}
		w.cluster.Nodes = append(w.cluster.Nodes, n)
	}
	w.tally.add(fmt.Sprintf("%d nodes", len(w.cluster.Nodes)))
}

var zones = []string{"east", "west"}

// makePods gives each node some pods of its own and one in its own network.
func (w *world) makePods() {
	for i, n := range w.cluster.Nodes {
		for j := range w.between(2, 3) {
			pod := &model.Pod{Namespace: "dev", Name: fmt.Sprintf("pod-%d-%d", i+1, j+1), Node: n.Name, Ready: true}
			network := podNetwork(i + 1)
			if w.oneIn(8) && w.knowsClusterCIDR() {
				network = "other pods"
				w.tally.add("pod outside the ranges of pods")
			}
			for _, is6 := range w.families {
				pod.IPs = append(pod.IPs, addr(is6, network, 10*(i+1)+j))
			}
			w.cluster.Pods = append(w.cluster.Pods, pod)
		}
		w.cluster.Pods = append(w.cluster.Pods, &model.Pod{
			Namespace: "dev", Name: fmt.Sprintf("host-%d", i+1), Node: n.Name, Ready: true, HostNetwork: true,
			IPs: n.InternalIPs[:len(w.families)],
		})
	}
}

// addressesOf are all that a node's interfaces have: its own, loopback, and the
// pods' gateway.
func (w *world) addressesOf(n *model.Node) []netip.Prefix {
	found := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("::1/128")}
	for _, a := range slices.Concat(n.InternalIPs, n.ExternalIPs) {
		found = append(found, netip.PrefixFrom(a, around(a).Bits()))
	}
	for _, cidr := range n.PodCIDRs {
		found = append(found, single(cidr.Addr().Next()))
	}
	return found
}

// knowsClusterCIDR is false where netsim has to assume the range of pods.
func (w *world) knowsClusterCIDR() bool {
	_, given := w.datapath.Options["kubeProxy.clusterCIDR"]
	return given
}

const allPods = "10.244.0.0/16,fd44::/16"

func (w *world) makeSettings() {
	w.settings = kubeproxy.Settings{
		Mode:                 pick(w.dice, []string{model.KubeProxyIPTables, model.KubeProxyNFTables}),
		MasqueradeAll:        w.oneIn(6),
		NoLocalhostNodePorts: w.oneIn(4),
		NodePortAddresses:    nodePortAddresses[w.number%len(nodePortAddresses)],
		PodInterface:         "lxc",
	}
	w.datapath = model.Datapath{
		CiliumVersion: pick(w.dice, []string{"1.18.4", "1.19.4", "1.20.2"}), KubeProxyMode: w.settings.Mode,
		RoutingMode: pick(w.dice, []string{model.RoutingNative, model.RoutingTunnel}),
		Options: map[string]string{
			"enable-sctp":                  "true",
			"kubeProxy.masqueradeAll":      fmt.Sprint(w.settings.MasqueradeAll),
			"kubeProxy.localhostNodePorts": fmt.Sprint(!w.settings.NoLocalhostNodePorts),
		},
	}
	if list := w.settings.NodePortAddresses; len(list) > 0 {
		w.datapath.Options["kubeProxy.nodePortAddresses"] = strings.Join(list, ",")
	}
	if w.oneIn(2) {
		w.datapath.Options["enable-ipv4-masquerade"], w.datapath.Options["enable-ipv6-masquerade"] = "false", "false"
	}
	w.makeDetector()
	if w.oneIn(2) {
		w.serviceCIDRs = []string{"10.96.0.0/16", "fd96::/108"}
		w.tally.add("ServiceCIDRs")
	}
	w.tally.add("mode " + w.settings.Mode)
	w.tally.add("routing mode " + w.datapath.RoutingMode)
	w.tally.add("nodePortAddresses " + strings.Join(w.settings.NodePortAddresses, ","))
	w.tally.addIf(w.settings.MasqueradeAll, "masqueradeAll")
	w.tally.addIf(w.settings.NoLocalhostNodePorts, "localhostNodePorts false")
}

var nodePortAddresses = [][]string{
	nil, nil, nil, {"primary"}, {"192.168.0.0/16"}, {"fd00::/16"}, {"172.16.0.0/12", "fd00::/64"}, {"127.0.0.0/8", "192.168.0.0/24"},
	{"203.0.113.0/24", "2001:db8:1::/64"}, {"localhost"}, {"all"}, {"0.0.0.0/0"}, {"primary", "localhost"}, {"192.168.0.1/32", "::1/128"},
}

// makeDetector chooses how kube-proxy knows pods.
func (w *world) makeDetector() {
	modes := []string{"", "ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"}
	mode := modes[w.number%len(modes)]
	w.settings.DetectLocalMode = mode
	cidr := pick(w.dice, []string{allPods, allPods, allPods, allPods, allPods, "10.244.0.0/16", "fd44::/16", "10.244.1.0/24,fd44:0:0:1::/64", "10.0.0.0/8,fd00::/8", ""})
	w.settings.ClusterCIDR = cidr
	w.datapath.Options["kubeProxy.detectLocalMode"] = mode
	w.datapath.Options["kubeProxy.clusterCIDR"] = cidr
	if mode == "" && cidr == allPods {
		delete(w.datapath.Options, "kubeProxy.clusterCIDR")
		w.tally.add("clusterCIDR in no file")
	}
	if mode == "NodeCIDR" && len(w.families) == 2 && w.oneIn(2) {
		for _, n := range w.cluster.Nodes {
			n.PodCIDRs = n.PodCIDRs[:1]
		}
		w.tally.add("node CIDRs of one family only")
	}
	w.tally.add("detectLocalMode " + mode)
	w.tally.addIf(cidr == "" && (mode == "" || mode == "ClusterCIDR"), "no clusterCIDR")
}
