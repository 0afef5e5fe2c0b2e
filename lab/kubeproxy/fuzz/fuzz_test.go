package fuzz

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

var (
	configs = flag.Int("configs", 80, "how many clusters to make up")
	seed    = flag.Uint64("seed", 1, "of all that is made up")
	only    = flag.Int("only", -1, "ask about this one of the clusters, and show the rules where a difference is")
)

// enough differences to look at.
const enough = 20

func TestDnatAgreesWithTheRulesOfTheRealKubeProxy(t *testing.T) {
	klog.SetLogger(logr.Discard())
	r := &run{T: t, tally: tally{}}
	for i := range *configs {
		if *only < 0 || i == *only {
			r.askAll(i)
		}
	}
	if *only >= 0 {
		return
	}
	t.Logf("seed %d: %d configurations, %d flows, %d differences, %d undetermined\n%s",
		*seed, *configs, r.flows, r.differences, r.undetermined, r.tally.lines(wanted()))
	if missing := r.tally.missing(wanted()); len(missing) > 0 {
		t.Errorf("never came up: %s", strings.Join(missing, ", "))
	}
}

// run is all the questions of one test.
type run struct {
	*testing.T
	tally                            tally
	flows, differences, undetermined int
}

// askAll makes up one cluster and asks everything about it.
func (r *run) askAll(configuration int) {
	r.Helper()
	w := newWorld(*seed, configuration, r.tally)
	o, err := newOracle(w)
	if err != nil {
		r.Fatalf("cluster %d: %v", configuration, err)
	}
	for _, f := range w.flows() {
		r.flows++
		done, err := o.ask(f)
		if err != nil {
			r.Fatalf("cluster %d: %v: %v", configuration, f, err)
		}
		said, doubts := answers(dnat.Resolve(w.ix, w.datapath, f.Request))
		r.tell(w, f, done)
		switch {
		case len(doubts) > 0:
			r.doubt(configuration, f, doubts)
		case !agree(said, done):
			r.differ(configuration, o, f, said, done)
		}
	}
}

func (r *run) differ(configuration int, o *oracle, f flow, said, done []result) {
	r.Helper()
	r.differences++
	r.Errorf("cluster %d (go test ./fuzz -seed %d -only %d): %v\n dnat %v\nrules %v", configuration, *seed, configuration, f, said, done)
	if *only >= 0 && r.differences == 1 {
		for at, rules := range o.rules {
			r.Logf("node %s, IPv6 %v:\n%s", at.node, at.is6, rules.Text())
		}
	}
	if r.differences >= enough {
		r.FailNow()
	}
}

// doubt takes an answer that is undetermined for what it may be: a load balancer
// outside the cluster does with its packets what no rule says.
func (r *run) doubt(configuration int, f flow, doubts []string) {
	r.Helper()
	r.undetermined++
	for _, why := range doubts {
		if !strings.Contains(why, "has ipMode Proxy") {
			r.Errorf("cluster %d: %v is undetermined: %s", configuration, f, why)
		}
	}
}

// tell counts what a flow is about and what it came to.
func (r *run) tell(w *world, f flow, done []result) {
	r.tally.add("to " + string(f.Frontend) + ": " + strings.SplitN(f.tag, " of svc", 2)[0])
	r.tally.add("from " + sender(f))
	r.tally.addIf(f.Via == nil && f.Source.Outside(), "from outside by any node")
	r.tally.addIf(f.Source.Kind == model.PartyPod && w.nodeWith(f.Addr) == f.Source.Node, "from a pod to its own node")
	r.tally.addIf(f.Source.Kind == model.PartyPod && w.nodeWith(f.Addr) != nil && w.nodeWith(f.Addr) != f.Source.Node, "from a pod to another node")
	for _, d := range done {
		for _, outcome := range outcomes(f, d, len(done)) {
			r.tally.add(w.settings.Mode + ": " + outcome)
		}
	}
}

func sender(f flow) string {
	switch {
	case f.Source.Outside():
		return "outside"
	case f.Source.Kind == model.PartyPod:
		return "a pod"
	case f.Source.Pod != nil:
		return "a pod in its node's network"
	}
	return "a node"
}

// outcomes names what a result is an example of.
func outcomes(f flow, d result, of int) []string {
	if slices.Contains(plainOutcomes, d.what) {
		return []string{d.what}
	}
	if rest, found := strings.CutPrefix(d.what, healthCheck); found {
		return []string{map[bool]string{true: "health check 503", false: "health check 200"}[rest == " 0"]}
	}
	found := []string{map[bool]string{true: "masqueraded", false: "not masqueraded"}[d.masqueraded]}
	found = append(found, map[bool]string{true: "one backend", false: "one of several"}[of == 1])
	if d.stray {
		found = append(found, "answered around the node")
	}
	if f.Source.Addr.IsValid() && strings.HasPrefix(d.what, fmt.Sprintf("%s:", bracketed(f.Source.Addr.String()))) {
		found = append(found, "the client itself")
	}
	return found
}

var plainOutcomes = []string{dropped, rejected, closed, gone}

func bracketed(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}

// wanted are the features and outcomes that a run has to have seen.
func wanted() []string {
	all := slices.Clone(features)
	for _, list := range nodePortAddresses {
		all = append(all, "nodePortAddresses "+strings.Join(list, ","))
	}
	for _, mode := range []string{model.KubeProxyIPTables, model.KubeProxyNFTables} {
		for _, outcome := range append(slices.Clone(plainOutcomes), "health check 200", "health check 503",
			"masqueraded", "not masqueraded", "one backend", "one of several", "answered around the node", "the client itself") {
			all = append(all, mode+": "+outcome)
		}
	}
	return slices.Compact(all)
}

var features = []string{
	"IPv4", "IPv6", "single stack", "dual stack", "1 nodes", "2 nodes", "3 nodes", "4 nodes",
	"node with a second internal address", "node with an external address", "pod outside the ranges of pods",
	"mode iptables", "mode nftables", "routing mode native", "routing mode tunnel", "masqueradeAll", "localhostNodePorts false",
	"detectLocalMode ", "detectLocalMode ClusterCIDR", "detectLocalMode NodeCIDR", "detectLocalMode BridgeInterface", "detectLocalMode InterfaceNamePrefix",
	"no clusterCIDR", "clusterCIDR in no file", "node CIDRs of one family only", "ServiceCIDRs",
	"Service ClusterIP", "Service NodePort", "Service LoadBalancer", "headless Service with external IPs", "single stack Service in a dual stack cluster",
	"external IPs", "load balancer IPs", "ipMode Proxy", "VIP that is a node's address too", "source ranges", "source range /0", "source range of the other family",
	"internalTrafficPolicy Local", "externalTrafficPolicy Local", "session affinity", "publishNotReadyAddresses", "allocateLoadBalancerNodePorts false", "healthCheckNodePort",
	"port of TCP", "port of UDP", "port of SCTP", "named targetPort", "numeric targetPort",
	"Service without slices", "slice of several ports", "slice without a port of the Service", "slice port of another name", "endpoint in two slices",
	"endpoint ready", "endpoint not ready", "endpoint serving and terminating", "endpoint ready and terminating", "endpoint terminating and not serving",
	"endpoint outside the cluster", "endpoint that is no pod of the files", "endpoint in its node's network", "pod's endpoint without a node",
	"topology hints", "zone hint", "node hint",
	"from a pod", "from a node", "from a pod in its node's network", "from outside", "from outside by any node", "from a pod to its own node", "from a pod to another node",
	"to clusterIP: VIP", "to externalIP: VIP", "to loadBalancer: VIP", "to externalIP: VIP of a node", "to loadBalancer: VIP of a node",
	"to nodePort: NodePort", "to nodePort: localhost", "to none: health check",
	"to clusterIP: undefined port", "to externalIP: undefined port", "to loadBalancer: undefined port",
}
