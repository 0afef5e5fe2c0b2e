package kubeproxy_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/netsim-dev/netsim/lab/kubeproxy"
	"github.com/netsim-dev/netsim/model"
)

// laboratory is a network whose nodes run kube-proxy with the same settings, and
// what dnat is told of it.
type laboratory struct {
	*network
	index    *model.Index
	datapath model.Datapath
}

// newLaboratory builds a cluster, has its backends listen and its nodes load
// their rules.
func newLaboratory(t *testing.T, c *model.Cluster, s kubeproxy.Settings) *laboratory {
	net, err := newNetwork(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(net.close)
	l := &laboratory{network: net, index: model.NewIndex(c), datapath: datapath(s)}
	if err := l.listen(); err != nil {
		t.Fatal(err)
	}
	if err := l.install(s); err != nil {
		t.Fatal(err)
	}
	return l
}

// datapath is that of a cluster in which kube-proxy translates all frontends but
// the ClusterIPs that pods ask for, as it does beside Cilium 1.18. Nothing
// masquerades but kube-proxy, since nothing else is in the laboratory.
func datapath(s kubeproxy.Settings) model.Datapath {
	return model.Datapath{
		CiliumVersion: "1.18.4", KubeProxyMode: s.Mode, RoutingMode: model.RoutingNative,
		Options: map[string]string{
			"enable-ipv4-masquerade": "false", "enable-ipv6-masquerade": "false",
			"kubeProxy.clusterCIDR":        s.ClusterCIDR,
			"kubeProxy.detectLocalMode":    s.DetectLocalMode,
			"kubeProxy.masqueradeAll":      fmt.Sprint(s.MasqueradeAll),
			"kubeProxy.nodePortAddresses":  strings.Join(s.NodePortAddresses, ","),
			"kubeProxy.localhostNodePorts": fmt.Sprint(!s.NoLocalhostNodePorts),
		},
	}
}

// install has every node's kube-proxy write its rules of both families.
func (l *laboratory) install(s kubeproxy.Settings) error {
	for _, node := range l.cluster.Nodes {
		for _, is6 := range []bool{false, true} {
			err := l.hosts[node.Name].do(func() error {
				return kubeproxy.Install(kubeproxy.Where{Cluster: l.cluster, Node: node, IPv6: is6, Settings: s})
			})
			if err != nil {
				return fmt.Errorf("kube-proxy on %s: %w", node.Name, err)
			}
		}
	}
	return nil
}

// listen has every endpoint answer on its ports, whatever its state: a packet
// that a rule sends to the wrong one shall be seen there.
func (l *laboratory) listen() error {
	open := map[string]bool{}
	for _, slice := range l.cluster.EndpointSlices {
		for _, endpoint := range slice.Endpoints {
			for _, port := range slice.Ports {
				on := netip.AddrPortFrom(endpoint.Addr, port.Port)
				if socket := fmt.Sprint(on, port.Protocol); !open[socket] {
					open[socket] = true
					if err := l.hosts[l.nameOf(l.index.Party(endpoint.Addr))].listen(on, port.Protocol); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// How the kernel is asked. A backend is one of n by chance, so a question is
// repeated: some times in any case, lest something unexpected stay unseen, and
// until all that is expected was seen.
const (
	patience = 300 * time.Millisecond
	// attempts at least, and at most.
	fewAttempts  = 2
	manyAttempts = 60
	// longPatience is for a second look at silence that surprises: a machine
	// that is busy must not pass for a packet that is lost.
	longPatience = 3 * time.Second
)

// ask asks the kernel until what is expected was met, or something else.
func (l *laboratory) ask(q question, e expectation) (met []outcome, err error) {
	err = l.hosts[q.client.name].do(func() error {
		for i := 0; i < fewAttempts || i < manyAttempts && !e.metBy(met); i++ {
			got, err := q.attempt(patience)
			if got.sees == model.SeesTimeout && !e.allows(got) {
				got, err = q.attempt(longPatience)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
			met = append(met, got)
			if !e.allows(got) {
				return nil
			}
		}
		return nil
	})
	return met, err
}
