package kubeproxy_test

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// network is a cluster made of network namespaces, and what is around it:
//
//	pods ── node ── wire ── node ── pods
//	                 ├── router, where everybody's default route ends
//	                 └── for each node a host outside, which sends by that node
//
// The wire is one L2 segment. A pod hangs on its node by a link of its own,
// whose end on the node has the gateway's address, and nodes know each other's
// pod CIDRs: native routing without masquerading, and no Cilium in the way.
type network struct {
	cluster *model.Cluster
	// hosts are the namespaces of nodes, pods and outside hosts by their names.
	hosts map[string]*namespace
	wire  *namespace
}

var (
	// The router has these addresses; it forwards nothing and answers nothing.
	routers = []netip.Addr{netip.MustParseAddr("192.168.50.254"), netip.MustParseAddr("fd00:50::fe")}
	// onWire are the ranges whose addresses are all on the wire.
	onWire = []string{"192.168.50.0/24", "fd00:50::/64", "203.0.113.0/24", "2001:db8::/64"}
)

// newNetwork builds the network of a cluster: its nodes, and those of its pods
// that have an address of their own.
func newNetwork(c *model.Cluster) (*network, error) {
	n := &network{cluster: c, hosts: map[string]*namespace{}}
	for _, build := range []func() error{n.addWire, n.addRouter, n.addNodes, n.addPods, n.addOutsiders} {
		if err := build(); err != nil {
			n.close()
			return nil, err
		}
	}
	return n, nil
}

func (n *network) close() {
	for _, host := range n.hosts {
		host.close()
	}
}

func (n *network) addHost(name string) (host *namespace, err error) {
	if host, err = newNamespace(name); err == nil {
		n.hosts[name] = host
	}
	return host, err
}

func (n *network) addWire() (err error) {
	if n.wire, err = n.addHost("wire"); err != nil {
		return err
	}
	return n.wire.ip("link add wire type bridge", "link set wire up")
}

// plug puts a host on the wire, with addresses and with routes to all that the
// nodes have: their other addresses and their pods.
func (n *network) plug(name string, addrs ...netip.Addr) (*namespace, error) {
	host, err := n.addHost(name)
	if err != nil {
		return nil, err
	}
	err = n.wire.ip(
		fmt.Sprintf("link add %s type veth peer name eth0 netns %s", name, host.path()),
		fmt.Sprintf("link set %s master wire up", name),
	)
	if err != nil {
		return nil, err
	}
	commands := []string{"link set eth0 up"}
	for _, addr := range addrs {
		commands = append(commands, addAddr(addr, "eth0"))
	}
	for _, prefix := range onWire {
		commands = append(commands, "route add "+prefix+" dev eth0")
	}
	for _, node := range n.cluster.Nodes {
		if node.Name != name {
			commands = append(commands, routesTo(node)...)
		}
	}
	return host, host.ip(commands...)
}

// routesTo lead to what a node has beside its address on the wire.
func routesTo(node *model.Node) []string {
	var routes []string
	for _, addr := range node.ExternalIPs {
		routes = append(routes, addRoute(addr.String(), ofFamily(node.InternalIPs, addr.Is6())))
	}
	for _, cidr := range node.PodCIDRs {
		routes = append(routes, addRoute(cidr.String(), ofFamily(node.InternalIPs, cidr.Addr().Is6())))
	}
	return routes
}

// addAddr gives an interface an address without a route: a host's routes are
// written out.
func addAddr(addr netip.Addr, device string) string {
	options := ""
	if addr.Is6() {
		options = " nodad"
	}
	return fmt.Sprintf("address add %s/%d dev %s%s", addr, addr.BitLen(), device, options)
}

func addRoute(to string, via netip.Addr) string {
	return fmt.Sprintf("route add %s via %s dev eth0", to, via)
}

func (n *network) addRouter() error {
	router, err := n.plug("router", routers...)
	if err != nil {
		return err
	}
	return router.ip("route add blackhole 0.0.0.0/0", "route add blackhole ::/0")
}

// nth is the address n after another.
func nth(addr netip.Addr, n int) netip.Addr {
	for range n {
		addr = addr.Next()
	}
	return addr
}

// ofFamily is the first address of a family, invalid where there is none.
func ofFamily(addrs []netip.Addr, is6 bool) netip.Addr {
	i := slices.IndexFunc(addrs, func(a netip.Addr) bool { return a.Is6() == is6 })
	if i < 0 {
		return netip.Addr{}
	}
	return addrs[i]
}
