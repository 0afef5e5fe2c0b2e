package fuzz

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/netsim-dev/netsim/lab/kubeproxy"
	"github.com/netsim-dev/netsim/model"
)

// oracle is the nodes of a world with the real kube-proxy's rules.
type oracle struct {
	*world
	machines map[place]*kubeproxy.Machine
	rules    map[place]kubeproxy.Rules
}

type place struct {
	node string
	is6  bool
}

func newOracle(w *world) (*oracle, error) {
	o := &oracle{w, map[place]*kubeproxy.Machine{}, map[place]kubeproxy.Rules{}}
	for _, n := range w.cluster.Nodes {
		for _, is6 := range w.families {
			rules, err := kubeproxy.Record(kubeproxy.Where{
				Cluster: w.cluster, Node: n, IPv6: is6, Settings: w.settings, Addresses: w.addressesOf(n), ServiceCIDRs: w.serviceCIDRs,
			})
			if err != nil {
				return nil, err
			}
			machine, err := kubeproxy.NewMachine(w.addressesOf(n), rules)
			if err != nil {
				return nil, fmt.Errorf("node %s: %w", n.Name, err)
			}
			o.machines[place{n.Name, is6}], o.rules[place{n.Name, is6}] = machine, rules
		}
	}
	return o, nil
}

// What a flow can come to, beside "10.244.1.7:8080".
const (
	dropped  = "dropped"
	rejected = "rejected"
	// closed is delivered to the node itself, where nobody listens.
	closed = "closed"
	// gone has left the node untranslated, for an address that no node has.
	gone = "gone"
)

// result is what a flow comes to on the node that decides.
type result struct {
	node string
	what string
	// masqueraded is true where the backend sees another address than the
	// client's own.
	masqueraded bool
	// stray is true where the backend's answer does not pass the node that
	// translated, and nothing makes it come back there.
	stray bool
}

func (r result) String() string {
	text := r.what + " on " + r.node
	if r.masqueraded {
		text += ", masqueraded"
	}
	if r.stray {
		text += ", answered around the node"
	}
	return text
}

// ask sends a flow's packet from where it starts through all nodes that it
// passes.
func (o *oracle) ask(f flow) ([]result, error) {
	var all []result
	var err error
	switch f.Source.Kind {
	case model.PartyPod:
		all, err = o.at(f.Source.Node, f, f.Source.Addr, o.settings.PodInterface)
	case model.PartyNode:
		all, err = o.at(f.Source.Node, f, o.nodeSource(f), "")
	default:
		for _, n := range o.entries(f) {
			results, wrong := o.at(n, f, f.Source.Addr, "eth0")
			all, err = append(all, results...), errors.Join(err, wrong)
		}
	}
	return sorted(all), err
}

// nodeSource is the source address of what a node sends: to an address of its
// own, that address, and 127.0.0.1 within 127.0.0.0/8. Source: Linux
// net/ipv4/route.c ip_route_output_key_hash_rcu.
func (o *oracle) nodeSource(f flow) netip.Addr {
	switch {
	case f.Addr.IsLoopback() && f.Addr.Is4():
		return netip.MustParseAddr("127.0.0.1")
	case f.Addr.IsLoopback(), o.nodeWith(f.Addr) == f.Source.Node:
		return f.Addr
	}
	return f.Source.Addr
}

// entries are the nodes by which a packet from outside comes in: the given one,
// the one that has the address, or any, for which a load balancer asks the health
// checks.
func (o *oracle) entries(f flow) []*model.Node {
	if f.Via != nil {
		return []*model.Node{f.Via}
	}
	if n := o.nodeWith(f.Addr); n != nil {
		return []*model.Node{n}
	}
	if f.Frontend == model.FrontendLoadBalancer && f.Service.HealthCheckNodePort != 0 {
		healthy := slices.DeleteFunc(slices.Clone(o.cluster.Nodes), func(n *model.Node) bool {
			return o.rules[place{n.Name, f.is6}].HealthChecks[f.Service.HealthCheckNodePort] == 0
		})
		if len(healthy) > 0 {
			return healthy
		}
	}
	return o.cluster.Nodes
}

// at is what becomes of a packet on a node, and on the node that has its address
// where this one lets it go on there.
func (o *oracle) at(n *model.Node, f flow, source netip.Addr, device string) ([]result, error) {
	outcomes, err := o.machines[place{n.Name, f.is6}].Treat(kubeproxy.Packet{
		Source: source, Destination: f.Addr, Port: f.PortNumber, Protocol: f.Protocol, Interface: device,
	})
	var all []result
	for _, outcome := range outcomes {
		if next := o.nodeWith(outcome.Destination.Addr()); outcome.Fate == kubeproxy.SentOn && !outcome.Translated && next != nil {
			results, wrong := o.at(next, f, o.seenByNode(n, f, source), "eth0")
			all, err = append(all, results...), errors.Join(err, wrong)
			continue
		}
		all = append(all, o.result(n, f, source, device, outcome))
	}
	return all, err
}

// seenByNode is the source of a packet that one node sends to another: with a
// tunnel Cilium masquerades pods' packets to nodes.
func (o *oracle) seenByNode(n *model.Node, f flow, source netip.Addr) netip.Addr {
	if f.Source.Kind == model.PartyPod && o.datapath.RoutingMode == model.RoutingTunnel && o.masquerades() {
		return o.ix.NodeParty(n, f.is6).Addr
	}
	return source
}

func (o *oracle) masquerades() bool { return o.datapath.On("enable-ipv4-masquerade", true) }

func (o *oracle) result(n *model.Node, f flow, source netip.Addr, device string, outcome kubeproxy.Outcome) result {
	r := result{node: n.Name}
	switch {
	case outcome.Fate == kubeproxy.Dropped:
		r.what = dropped
	case outcome.Fate == kubeproxy.Rejected:
		r.what = rejected
	case !outcome.Translated && outcome.Fate == kubeproxy.Delivered:
		r.what = o.listener(n, f)
	case !outcome.Translated:
		r.what = gone
	default:
		r.what = outcome.Destination.String()
		backend := outcome.Destination.Addr()
		toItself := f.Source.Kind == model.PartyNode && o.nodeWith(backend) == n
		r.masqueraded = outcome.Masqueraded && !toItself || source != f.Source.Addr && f.Source.Kind != model.PartyNode ||
			device == o.settings.PodInterface && o.masqueradedByCilium(n, f, backend)
		r.stray = device == "eth0" && !outcome.Masqueraded && o.holder(backend, f.Service) != n.Name
	}
	return r
}

// listener is who answers on a node's own port: kube-proxy's health checks, or
// nobody.
func (o *oracle) listener(n *model.Node, f flow) string {
	rules := o.rules[place{n.Name, f.is6}]
	endpoints, served := rules.HealthChecks[f.PortNumber]
	if !served || !slices.Contains(rules.HealthAddresses, f.Addr) {
		return closed
	}
	return fmt.Sprintf("%s %d", healthCheck, endpoints)
}

// healthCheck is followed by the number of endpoints that it tells of.
const healthCheck = "health check of"

// masqueradedByCilium: on top of kube-proxy, Cilium masquerades what a pod sends
// out of the cluster, with a tunnel what it sends to other nodes, and what has
// been translated on its way to another pod, unless that is routed to another
// node. Source: cilium v1.20.2 pkg/datapath/iptables/iptables.go
// installMasqueradeRules.
func (o *oracle) masqueradedByCilium(n *model.Node, f flow, backend netip.Addr) bool {
	tunnel := o.datapath.RoutingMode == model.RoutingTunnel
	holder := o.holder(backend, f.Service)
	switch {
	case o.nodeWith(backend) != nil:
		return o.masquerades() && tunnel && holder != n.Name
	case holder == "":
		return o.masquerades()
	}
	return tunnel || holder == n.Name
}

// holder is the name of the node that has an address or on which something has
// it, "" for an address outside the cluster.
func (o *oracle) holder(a netip.Addr, s *model.Service) string {
	if node := o.nodeWith(a); node != nil {
		return node.Name
	}
	if pod := o.ix.Party(a).Pod; pod != nil {
		return pod.Node
	}
	for _, slice := range o.ix.Slices(s) {
		for _, e := range slice.Endpoints {
			if e.Addr == a && e.Node != "" {
				return e.Node
			}
		}
	}
	return ""
}

func sorted(results []result) []result {
	slices.SortFunc(results, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.String(), b.String()))
	})
	return slices.Compact(results)
}
