package kubeproxy_test

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// addNodes gives each node its external addresses on an interface of their own:
// those of the wire are then the ones that it masquerades with.
func (n *network) addNodes() error {
	for _, node := range n.cluster.Nodes {
		host, err := n.plug(node.Name, node.InternalIPs...)
		if err != nil {
			return err
		}
		if err := host.set(forwarding); err != nil {
			return err
		}
		commands := []string{"link add external type veth peer name elsewhere", "link set external up", "link set elsewhere up"}
		for _, addr := range node.ExternalIPs {
			commands = append(commands, addAddr(addr, "external"))
		}
		for _, router := range routers {
			commands = append(commands, addRoute("default", router))
		}
		if err := host.ip(commands...); err != nil {
			return err
		}
	}
	return nil
}

// gateways are the addresses by which a node's pods know it, the first of each
// of its pod CIDRs.
func gateways(node *model.Node) []netip.Addr {
	var addrs []netip.Addr
	for _, cidr := range node.PodCIDRs {
		addrs = append(addrs, cidr.Addr().Next())
	}
	return addrs
}

// podInterface begins the names of the nodes' interfaces to their pods.
const podInterface = "lxc-"

func (n *network) addPods() error {
	for _, pod := range n.cluster.Pods {
		if pod.HostNetwork {
			continue
		}
		if err := n.addPod(pod); err != nil {
			return err
		}
	}
	return nil
}

func (n *network) addPod(pod *model.Pod) error {
	host, err := n.addHost(pod.Name)
	if err != nil {
		return err
	}
	device := podInterface + pod.Name
	atNode := []string{
		fmt.Sprintf("link add %s type veth peer name eth0 netns %s", device, host.path()),
		fmt.Sprintf("link set %s up", device),
	}
	inPod := []string{"link set eth0 up"}
	gateways := gateways(nodeOf(n.cluster, pod))
	for _, gateway := range gateways {
		atNode = append(atNode, addAddr(gateway, device))
	}
	for _, addr := range pod.IPs {
		gateway := ofFamily(gateways, addr.Is6())
		atNode = append(atNode, fmt.Sprintf("route add %s dev %s", addr, device))
		inPod = append(inPod, addAddr(addr, "eth0"), fmt.Sprintf("route add %s dev eth0", gateway), addRoute("default", gateway))
	}
	if err := n.hosts[pod.Node].ip(atNode...); err != nil {
		return err
	}
	return host.ip(inPod...)
}

func nodeOf(c *model.Cluster, pod *model.Pod) *model.Node {
	i := slices.IndexFunc(c.Nodes, func(node *model.Node) bool { return node.Name == pod.Node })
	return c.Nodes[i]
}

// outsider is a host outside the cluster, which sends to whatever is not on the
// wire by one node.
type outsider struct {
	name  string
	via   *model.Node
	addrs []netip.Addr
}

// outsiders are the hosts outside a cluster, one for each node.
func outsiders(c *model.Cluster) []outsider {
	var all []outsider
	for i, node := range c.Nodes {
		all = append(all, outsider{
			name: "outside-" + node.Name, via: node,
			addrs: []netip.Addr{nth(netip.MustParseAddr("203.0.113.10"), i), nth(netip.MustParseAddr("2001:db8::10"), i)},
		})
	}
	return all
}

func (n *network) addOutsiders() error {
	for _, o := range outsiders(n.cluster) {
		host, err := n.plug(o.name, o.addrs...)
		if err != nil {
			return err
		}
		var routes []string
		for _, addr := range o.via.InternalIPs {
			routes = append(routes, addRoute("default", addr))
		}
		if err := host.ip(routes...); err != nil {
			return err
		}
	}
	return nil
}
