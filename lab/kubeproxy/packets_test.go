package kubeproxy_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/netsim-dev/netsim/lab/kubeproxy"
	"github.com/netsim-dev/netsim/model"
)

// setup is a kube-proxy with its settings.
type setup struct {
	claim    string
	settings kubeproxy.Settings
}

const podRanges = "10.244.0.0/16,fd00:10:244::/48"

// usual are kube-proxies as kubeadm and kind set them up.
var usual = []setup{
	{"iptables", kubeproxy.Settings{Mode: model.KubeProxyIPTables, ClusterCIDR: podRanges}},
	{"nftables", kubeproxy.Settings{Mode: model.KubeProxyNFTables, ClusterCIDR: podRanges}},
}

// unusual are those with other settings.
var unusual = []setup{
	{"iptables that knows pods by the node's CIDR", kubeproxy.Settings{Mode: model.KubeProxyIPTables, DetectLocalMode: "NodeCIDR"}},
	{"nftables that knows pods by the node's CIDR", kubeproxy.Settings{Mode: model.KubeProxyNFTables, DetectLocalMode: "NodeCIDR"}},
	{"iptables that knows pods by their interfaces", kubeproxy.Settings{Mode: model.KubeProxyIPTables, DetectLocalMode: "InterfaceNamePrefix", PodInterface: podInterface}},
	{"iptables that cannot tell pods", kubeproxy.Settings{Mode: model.KubeProxyIPTables}},
	{"nftables that cannot tell pods", kubeproxy.Settings{Mode: model.KubeProxyNFTables}},
	{"iptables that masquerades all", kubeproxy.Settings{Mode: model.KubeProxyIPTables, ClusterCIDR: podRanges, MasqueradeAll: true}},
	{"nftables that masquerades all", kubeproxy.Settings{Mode: model.KubeProxyNFTables, ClusterCIDR: podRanges, MasqueradeAll: true}},
	{"iptables with NodePorts on one range of IPv4", kubeproxy.Settings{Mode: model.KubeProxyIPTables, ClusterCIDR: podRanges, NodePortAddresses: []string{"192.168.60.0/24"}}},
	{"nftables with NodePorts on a range of each family", kubeproxy.Settings{Mode: model.KubeProxyNFTables, ClusterCIDR: podRanges, NodePortAddresses: []string{"192.168.60.0/24", "fd00:60::/64"}}},
	{"nftables with NodePorts on all addresses", kubeproxy.Settings{Mode: model.KubeProxyNFTables, ClusterCIDR: podRanges, NodePortAddresses: []string{"all"}}},
	{"iptables with NodePorts on loopback", kubeproxy.Settings{Mode: model.KubeProxyIPTables, ClusterCIDR: podRanges, NodePortAddresses: []string{"127.0.0.0/8"}}},
	{"iptables with NodePorts on the primary address", kubeproxy.Settings{Mode: model.KubeProxyIPTables, ClusterCIDR: podRanges, NodePortAddresses: []string{"primary"}}},
	{"iptables without NodePorts on localhost", kubeproxy.Settings{Mode: model.KubeProxyIPTables, ClusterCIDR: podRanges, NoLocalhostNodePorts: true}},
}

// The kernel and dnat give the same answer to everything that a pod, a node and
// an outside host can ask of a Service.
func TestPacketsMeetWhatDnatSays(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	for _, s := range usual {
		for shown := range slices.Chunk(exhibits, capacity()) {
			t.Run(s.claim, func(t *testing.T) {
				t.Parallel()
				l := newLaboratory(t, labCluster(shown), s.settings)
				t.Run("facts", l.checkFacts)
				l.compareFamilies(t, shown, everyClient)
			})
		}
	}
}

// capacity is how many Services a laboratory takes. Kube-proxy sends the kernel
// all its rules at once, and only with privileges may that be as much as it
// likes.
func capacity() int {
	if inUserNamespace() {
		return capacityInside
	}
	return len(exhibits)
}

// capacityInside is a laboratory's capacity in a user namespace, with the
// kernel's usual limit to a socket's buffer (net.core.wmem_max).
const capacityInside = 8

// telling are the Services to which a setting can make a difference.
var telling = []string{
	"spread", "external-local", "external-n2", "internal-n2", "empty", "self", "ipv4-only", "external-self", "external-self-and-other", "for-nodes", "every-node", "abroad",
}

func TestPacketsMeetWhatDnatSaysOfSettings(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	tell := slices.DeleteFunc(slices.Clone(exhibits), func(e exhibit) bool { return !slices.Contains(telling, e.name) })
	for _, s := range unusual {
		for shown := range slices.Chunk(tell, capacity()) {
			t.Run(s.claim, func(t *testing.T) {
				t.Parallel()
				newLaboratory(t, labCluster(shown), s.settings).compareFamilies(t, shown, spokesmen)
			})
		}
	}
}

func (l *laboratory) compareFamilies(t *testing.T, shown []exhibit, asks func(client) bool) {
	for _, is6 := range []bool{false, true} {
		t.Run(map[bool]string{false: "IPv4", true: "IPv6"}[is6], func(t *testing.T) {
			t.Parallel()
			l.compare(t, shown, l.questions(asks, is6))
			l.compareHealthChecks(t, is6)
		})
	}
}

func everyClient(client) bool { return true }

func spokesmen(c client) bool { return c.speaks }

func (l *laboratory) questions(asks func(client) bool, is6 bool) []question {
	var all []question
	for _, c := range clients(l.index, is6) {
		for _, s := range l.cluster.Services {
			if asks(c) {
				all = append(all, c.questions(l.index, s)...)
			}
		}
	}
	return all
}

// inFlight holds one item for each question that is being asked: most of the
// time goes into waiting for answers that do not come.
var inFlight = make(chan struct{}, 500)

// compare asks questions, and fails for each that the kernel and dnat answer
// differently.
func (l *laboratory) compare(t *testing.T, shown []exhibit, questions []question) {
	differences := make([]string, len(questions))
	var attempts atomic.Int64
	var waiting sync.WaitGroup
	for i, q := range questions {
		inFlight <- struct{}{}
		waiting.Go(func() {
			defer func() { <-inFlight }()
			e := l.expect(q)
			met, err := l.ask(q, e)
			attempts.Add(int64(len(met)))
			if err != nil {
				differences[i] = err.Error()
			} else if difference := e.difference(met); difference != "" {
				differences[i] = fmt.Sprintf("%s, which %s:%s", q, claimOf(shown, q.service), difference)
			}
		})
	}
	waiting.Wait()
	different := slices.DeleteFunc(differences, func(d string) bool { return d == "" })
	t.Logf("%d questions, asked %d times", len(questions), attempts.Load())
	if len(different) > 0 {
		t.Errorf("%d answers differ:\n%s", len(different), strings.Join(different, "\n"))
	}
}

func claimOf(shown []exhibit, s *model.Service) string {
	i := slices.IndexFunc(shown, func(e exhibit) bool { return e.name == s.Name })
	return shown[i].claim
}
