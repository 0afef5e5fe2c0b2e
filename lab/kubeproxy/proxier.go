// Package kubeproxy holds netsim's dnat against the real kube-proxy: it drives
// the proxiers of k8s.io/kubernetes as a library, with the objects of a
// model.Cluster, and reads or loads the rules that they write.
//
// Record gives the rules of one node as text; it needs neither privileges nor a
// network namespace. Machine reads that text as the kernel would. Install writes
// the rules into the kernel, for packets to meet.
//
// Everything that decides a rule is kube-proxy's own code. Replaced are its ends
// only: what writes the rules, what lists the node's addresses, and what listens
// on ports.
package kubeproxy

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/go-logr/logr"
	v1 "k8s.io/api/core/v1"
	utilsysctl "k8s.io/component-helpers/node/util/sysctl"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/proxy"
	"k8s.io/kubernetes/pkg/proxy/conntrack"
	"k8s.io/kubernetes/pkg/proxy/healthcheck"
	"k8s.io/kubernetes/pkg/proxy/iptables"
	"k8s.io/kubernetes/pkg/proxy/nftables"
	proxyutil "k8s.io/kubernetes/pkg/proxy/util"
	"k8s.io/kubernetes/pkg/proxy/util/nfacct"
	utiliptables "k8s.io/kubernetes/pkg/util/iptables"
	"sigs.k8s.io/knftables"

	"github.com/netsim-dev/netsim/model"
)

// Where is the kube-proxy that is asked about: that of one node, for one of its
// families.
type Where struct {
	Cluster  *model.Cluster
	Node     *model.Node
	IPv6     bool
	Settings Settings
	// Addresses are the node's, as its interfaces have them. Record needs them
	// for nodePortAddresses; Install reads the namespace's own.
	Addresses []netip.Prefix
	// ServiceCIDRs are the cluster's ranges of ClusterIPs, where it has
	// ServiceCIDR objects. Only nftables looks at them.
	ServiceCIDRs []string
}

// Rules are what the proxier of one node wrote.
type Rules struct {
	// IPTables is the text for iptables-restore or ip6tables-restore, of both
	// tables with all their chains; "" in the other mode.
	IPTables string
	// IPv6 is their family.
	IPv6 bool
	// NFTables is the table as the proxier left it, nil in the other mode.
	NFTables *knftables.Fake
	// HealthChecks are the ports on which the proxier answers health checks, with
	// the number of endpoints that it tells of; HealthAddresses are those of the
	// node on which it listens for them.
	HealthChecks    map[uint16]int
	HealthAddresses []netip.Addr
}

// Text is the rules as iptables-restore or nft -f take them.
func (r Rules) Text() string {
	if r.NFTables != nil {
		return r.NFTables.Dump()
	}
	return r.IPTables
}

// Record gives the rules that the real kube-proxy would write.
func Record(w Where) (Rules, error) {
	if w.Settings.nftables() {
		return w.recordNFTables()
	}
	return w.recordIPTables()
}

func (w Where) recordIPTables() (Rules, error) {
	ipt := newRecorder(w.IPv6)
	proxier, err := w.newIPTables(quietly(), ipt, fixedSysctls{})
	if err != nil {
		return Rules{}, err
	}
	seal(proxier, "nfacct", nfacct.Interface(allCounters{}))
	rules, err := w.record(proxier)
	rules.IPTables = ipt.text()
	return rules, err
}

func (w Where) recordNFTables() (Rules, error) {
	proxier, err := withoutNft(func() (*nftables.Proxier, error) { return w.newNFTables(quietly()) })
	if err != nil {
		return Rules{}, err
	}
	fake := knftables.NewFake(w.nftFamily(), "kube-proxy")
	seal(proxier, "nftables", knftables.Interface(fake))
	rules, err := w.record(proxier)
	rules.NFTables = fake
	return rules, err
}

// record cuts a proxier off from the machine that it runs on and has it write
// its rules.
func (w Where) record(proxier proxy.Provider) (Rules, error) {
	health := &healthRecorder{}
	seal(proxier, "networkInterfacer", proxyutil.NetworkInterfacer(fixedAddresses(w.Addresses)))
	seal(proxier, "serviceHealthServer", healthcheck.ServiceHealthServer(health))
	seal(proxier, "conntrack", conntrack.NewFake())
	w.feed(proxier)
	return Rules{IPv6: w.IPv6, HealthChecks: health.checks(), HealthAddresses: w.healthAddresses(proxier)}, w.written(proxier)
}

// written: a proxier only logs that it could not write its rules, and would try
// again later.
func (w Where) written(proxier proxy.Provider) error {
	if peek[bool](proxier, "needFullSync") {
		return fmt.Errorf("kube-proxy on %s could not write its rules: its log says why", w.Node.Name)
	}
	return nil
}

// healthAddresses: the health checks' listeners are on the addresses of
// NodePorts. Source: k8s.io/kubernetes v1.37.2
// pkg/proxy/healthcheck/service_health.go newServiceHealthServer.
func (w Where) healthAddresses(proxier proxy.Provider) []netip.Addr {
	served := peek[*proxyutil.NodePortAddresses](proxier, "nodePortAddresses")
	var found []netip.Addr
	ips, _ := served.GetNodeIPs(fixedAddresses(w.Addresses))
	for _, p := range w.Addresses {
		if served.MatchAll() && p.Addr().Is6() == w.IPv6 || slices.ContainsFunc(ips, asIP(p.Addr()).Equal) {
			found = append(found, p.Addr())
		}
	}
	return found
}

func (w Where) newIPTables(ctx context.Context, ipt utiliptables.Interface, sysctl utilsysctl.Interface) (*iptables.Proxier, error) {
	return iptables.NewProxier(ctx, w.Settings.config(w.Node), family(w.IPv6), ipt, sysctl,
		w.Settings.localDetector(w.Node, w.IPv6), w.Node.Name, asIP(nodeIP(w.Node, w.IPv6)), nil, healthServer(), false)
}

func (w Where) newNFTables(ctx context.Context) (*nftables.Proxier, error) {
	return nftables.NewProxier(ctx, w.Settings.config(w.Node), family(w.IPv6),
		w.Settings.localDetector(w.Node, w.IPv6), w.Node.Name, asIP(nodeIP(w.Node, w.IPv6)), nil, healthServer(), false)
}

// quietly: kube-proxy logs what it misses on a machine that has no rules yet.
func quietly() context.Context { return klog.NewContext(context.Background(), logr.Discard()) }

func healthServer() *healthcheck.ProxyHealthServer {
	return healthcheck.NewProxyHealthServer("", time.Minute, nil)
}

// feed gives a proxier all objects and has it write its rules: the last call
// does, before it returns.
func (w Where) feed(proxier proxy.Provider) {
	proxier.OnTopologyChange(topologyLabels(w.Node))
	proxier.OnServiceCIDRsChanged(w.ServiceCIDRs)
	for _, s := range w.Cluster.Services {
		proxier.OnServiceAdd(apiService(s))
	}
	for _, s := range w.Cluster.EndpointSlices {
		proxier.OnEndpointSliceAdd(apiSlice(s, w.IPv6))
	}
	proxier.OnServiceSynced()
	proxier.OnEndpointSlicesSynced()
}

// topologyLabels are those that kube-proxy takes of its node: its zone. Source:
// k8s.io/kubernetes v1.37.2 pkg/proxy/config/config.go NodeTopologyConfig.
func topologyLabels(node *model.Node) map[string]string {
	labels := map[string]string{}
	if zone, given := node.Labels[v1.LabelTopologyZone]; given {
		labels[v1.LabelTopologyZone] = zone
	}
	return labels
}

func (w Where) iptProtocol() utiliptables.Protocol {
	if w.IPv6 {
		return utiliptables.ProtocolIPv6
	}
	return utiliptables.ProtocolIPv4
}

func (w Where) nftFamily() knftables.Family {
	if w.IPv6 {
		return knftables.IPv6Family
	}
	return knftables.IPv4Family
}
