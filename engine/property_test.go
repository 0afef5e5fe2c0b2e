package engine_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/cilium/cilium/pkg/identity"
	ciliumk8s "github.com/cilium/cilium/pkg/k8s"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim_networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	policytest "github.com/cilium/cilium/pkg/policy/testutils"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"
	"github.com/cilium/cilium/pkg/u8proto"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

var clusters = flag.Int("clusters", 150, "how many random clusters to compare with Cilium's simulator")

// TestVerdictsEqualThoseOfCiliumsSimulator draws random clusters, policies and
// flows and compares netsim's verdict with that of pkg/policy/testutils'
// evaluator, which walks the rules one by one and shares nothing with the
// policy maps that netsim reads. It knows no allow-localhost, no policy modes,
// no empty rule ({} matches everything to it, nothing to Cilium) and no
// unresolved named ports: those are kept out and tested by hand.
func TestVerdictsEqualThoseOfCiliumsSimulator(t *testing.T) {
	n := *clusters
	if testing.Short() {
		n = 20
	}
	seen := counts{}
	for seed := range n {
		w := newWorld(rand.New(rand.NewPCG(uint64(seed), 7)), seen)
		w.compare(t, fmt.Sprintf("seed %d", seed))
		if t.Failed() {
			return
		}
	}
	t.Log(seen)
	if testing.Short() {
		return // too few clusters to meet everything
	}
	for _, feature := range slices.Concat(features(), []string{"verdict allowed", "verdict denied", "verdict mixed"}) {
		require.NotZero(t, seen[feature], "the comparison never met %q, so it says nothing about it", feature)
	}
}

// counts says how often each feature and verdict occurred.
type counts map[string]int

func (c counts) String() string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(c)) {
		text += fmt.Sprintf("\n%8d %s", c[name], name)
	}
	return text
}

// features are what a run must have met at least once.
func features() []string {
	return []string{
		"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy", "ClusterNetworkPolicy",
		"tier Admin", "tier Baseline", "action Accept", "action Deny", "action Pass", "peers networks",
		"ingress", "egress", "ingressDeny", "egressDeny", "enableDefaultDeny false",
		"peers endpoints", "peers other namespace", "peers expressions", "peers entities", "peers cidr", "peers cidrSet except", "peers all pods", "peers empty list", "peers absent",
		"ports absent", "ports number", "ports range", "ports ANY", "ports UDP", "ports all", "ports named",
		"np podSelector", "np namespaceSelector", "np ipBlock", "np ports", "np no rules",
		"to pod", "to clusterIP", "to address", "to node",
	}
}

// world is one random cluster.
type world struct {
	rnd      *rand.Rand
	seen     counts
	objects  []map[string]any
	pods     []*testPod
	services []*testService
	entries  types.PolicyEntries
}

type testPod struct {
	namespace, name, node, ip string
	labels                    map[string]string
	named                     uint16
}

type testService struct {
	namespace, name, ip string
	selector            map[string]string
}

// object is one JSON object.
type object = map[string]any

func newWorld(rnd *rand.Rand, seen counts) *world {
	w := &world{rnd: rnd, seen: seen}
	for i, ns := range namespaceNames {
		w.add("v1", "Namespace", "", ns, object{"metadata": object{"name": ns, "labels": object{"team": fmt.Sprint("t", i%2)}}})
	}
	for i, node := range nodeNames {
		w.add("v1", "Node", "", node, object{
			"spec":   object{"podCIDR": fmt.Sprintf("10.244.%d.0/24", i+1)},
			"status": object{"addresses": []object{{"type": "InternalIP", "address": nodeIP(i)}}},
		})
	}
	for i := range 8 {
		w.addPod(i)
	}
	for i := range 3 {
		w.addService(i)
	}
	for i := range 1 + w.rnd.IntN(6) {
		w.addPolicy(i)
	}
	return w
}

var (
	namespaceNames = []string{"dev", "uat", "ops"}
	nodeNames      = []string{"n1", "n2"}
	portNumbers    = []int{80, 443, 8080, 8443}
	addresses      = []string{"203.0.113.10", "203.0.113.200", "198.51.100.7", "10.9.9.9"}
	cidrs          = []string{"203.0.113.0/24", "203.0.113.0/25", "198.51.100.7/32", "0.0.0.0/0", "10.0.0.0/8"}
)

func nodeIP(i int) string { return fmt.Sprintf("172.18.0.%d", i+2) }

func (w *world) add(apiVersion, kind, namespace, name string, fields object) {
	o := object{"apiVersion": apiVersion, "kind": kind}
	maps.Copy(o, fields)
	if o["metadata"] == nil {
		o["metadata"] = object{"name": name}
	}
	if namespace != "" {
		o["metadata"].(object)["namespace"] = namespace
	}
	w.objects = append(w.objects, o)
}

func (w *world) addPod(i int) {
	node := w.rnd.IntN(len(nodeNames))
	p := &testPod{
		namespace: pickOne(w, namespaceNames), name: fmt.Sprint("p", i), node: nodeNames[node],
		ip:     fmt.Sprintf("10.244.%d.%d", node+1, 10+i),
		labels: map[string]string{"app": pickOne(w, []string{"a", "b", "c"}), "tier": pickOne(w, []string{"x", "y2"})},
		named:  uint16(pickOne(w, []int{8080, 8443})),
	}
	w.pods = append(w.pods, p)
	w.add("v1", "Pod", p.namespace, p.name, object{
		"metadata": object{"name": p.name, "labels": p.labels},
		"spec": object{"nodeName": p.node, "containers": []object{{
			"name": "c", "image": "i", "ports": []object{{"name": "web", "containerPort": p.named, "protocol": "TCP"}},
		}}},
		"status": object{"phase": "Running", "podIP": p.ip, "podIPs": []object{{"ip": p.ip}}},
	})
}

// addService: port 80 of every Service leads to the named port, 443 to 8443.
func (w *world) addService(i int) {
	s := &testService{
		namespace: pickOne(w, namespaceNames), name: fmt.Sprint("s", i), ip: fmt.Sprintf("10.96.0.%d", 20+i),
		selector: map[string]string{"app": pickOne(w, []string{"a", "b", "c"})},
	}
	w.services = append(w.services, s)
	w.add("v1", "Service", s.namespace, s.name, object{"spec": object{
		"clusterIP": s.ip, "selector": s.selector, "ports": []object{
			{"name": "http", "port": 80, "targetPort": "web"}, {"name": "https", "port": 443, "targetPort": 8443},
		},
	}})
}

func pickOne[T any](w *world, of []T) T { return of[w.rnd.IntN(len(of))] }

func (w *world) chance(percent int) bool { return w.rnd.IntN(100) < percent }

func (w *world) count(feature string) { w.seen[feature]++ }

func (w *world) addPolicy(i int) {
	name, namespace := fmt.Sprint("policy", i), pickOne(w, namespaceNames)
	switch {
	case w.chance(25):
		w.count("NetworkPolicy")
		w.add("networking.k8s.io/v1", "NetworkPolicy", namespace, name, object{"spec": w.networkPolicy()})
	case w.chance(30):
		w.count("ClusterNetworkPolicy")
		w.add("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "", name, object{"spec": w.clusterNetworkPolicy()})
	case w.chance(30):
		w.count("CiliumClusterwideNetworkPolicy")
		w.add("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", name, object{"spec": w.ciliumPolicy()})
	default:
		w.count("CiliumNetworkPolicy")
		w.add("cilium.io/v2", "CiliumNetworkPolicy", namespace, name, object{"spec": w.ciliumPolicy()})
	}
}

// ciliumPolicy draws the spec of a CNP or CCNP.
func (w *world) ciliumPolicy() object {
	spec := object{"endpointSelector": w.selector(false)}
	for _, list := range []struct {
		name, peer string
		percent    int
	}{{"ingress", "from", 60}, {"egress", "to", 60}, {"ingressDeny", "from", 15}, {"egressDeny", "to", 15}} {
		if !w.chance(list.percent) {
			continue
		}
		w.count(list.name)
		var rules []object
		for range 1 + w.rnd.IntN(2) {
			rules = append(rules, w.rule(list.peer))
		}
		spec[list.name] = rules
	}
	if len(spec) == 1 {
		w.count("ingress")
		spec["ingress"] = []object{w.rule("from")}
	}
	if w.chance(15) {
		w.count("enableDefaultDeny false")
		spec["enableDefaultDeny"] = object{"ingress": false, "egress": false}
	}
	return spec
}

// rule draws one rule. One without peers and without ports is left out: the
// simulator takes it for a wildcard.
func (w *world) rule(peer string) object {
	r := object{}
	switch draw := w.rnd.IntN(10); {
	case draw < 3:
		w.count("peers endpoints")
		r[peer+"Endpoints"] = []object{w.selector(true)}
	case draw < 4:
		w.count("peers all pods")
		r[peer+"Endpoints"] = []object{{}}
	case draw < 5:
		w.count("peers empty list")
		r[peer+"Endpoints"] = []object{}
	case draw < 7:
		w.count("peers entities")
		r[peer+"Entities"] = []string{pickOne(w, []string{"world", "cluster", "all", "remote-node", "kube-apiserver"})}
	case draw < 8:
		w.count("peers cidr")
		r[peer+"CIDR"] = []string{pickOne(w, cidrs)}
	case draw < 9:
		w.count("peers cidrSet except")
		r[peer+"CIDRSet"] = []object{{"cidr": "203.0.113.0/24", "except": []string{"203.0.113.128/25"}}}
	default:
		w.count("peers absent")
		r["toPorts"] = w.ports()
		return r
	}
	if w.chance(70) {
		r["toPorts"] = w.ports()
	} else {
		w.count("ports absent")
	}
	return r
}

// selector draws a label selector; as a peer it may name another namespace.
func (w *world) selector(peer bool) object {
	s := object{"matchLabels": object{"app": pickOne(w, []string{"a", "b", "c"})}}
	switch {
	case w.chance(15):
		return object{}
	case w.chance(20):
		w.count("peers expressions")
		s = object{"matchExpressions": []object{{
			"key": pickOne(w, []string{"app", "tier", "absent"}), "operator": pickOne(w, []string{"In", "NotIn"}), "values": []string{"a", "y2"},
		}}}
	case peer && w.chance(40):
		w.count("peers other namespace")
		s["matchLabels"].(object)["k8s:io.kubernetes.pod.namespace"] = pickOne(w, namespaceNames)
	}
	return s
}

func (w *world) ports() []object {
	port := object{"port": fmt.Sprint(pickOne(w, portNumbers)), "protocol": "TCP"}
	feature := pickOne(w, []string{"ports number", "ports number", "ports range", "ports ANY", "ports UDP", "ports all", "ports named"})
	w.count(feature)
	switch feature {
	case "ports range":
		port = object{"port": "8000", "endPort": 8443, "protocol": "TCP"}
	case "ports ANY":
		port["protocol"] = "ANY"
	case "ports UDP":
		port["protocol"] = "UDP"
	case "ports all":
		port["port"] = "0"
	case "ports named":
		port["port"] = "web"
	}
	return []object{{"ports": []object{port}}}
}

// networkPolicy draws the spec of a Kubernetes NetworkPolicy.
func (w *world) networkPolicy() object {
	spec := object{"podSelector": w.plainSelector(), "policyTypes": []string{"Ingress"}}
	field, peers := "ingress", "from"
	if w.chance(50) {
		spec["policyTypes"] = []string{"Egress"}
		field, peers = "egress", "to"
	}
	if w.chance(20) {
		w.count("np no rules")
		return spec
	}
	r := object{}
	switch pickOne(w, []string{"pod", "namespace", "both", "ip"}) {
	case "pod":
		w.count("np podSelector")
		r[peers] = []object{{"podSelector": w.plainSelector()}}
	case "namespace":
		w.count("np namespaceSelector")
		r[peers] = []object{{"namespaceSelector": object{"matchLabels": object{"team": "t1"}}}}
	case "both":
		r[peers] = []object{{"podSelector": w.plainSelector()}, {"namespaceSelector": object{}, "podSelector": w.plainSelector()}}
	case "ip":
		w.count("np ipBlock")
		r[peers] = []object{{"ipBlock": object{"cidr": "203.0.113.0/24", "except": []string{"203.0.113.0/28"}}}}
	}
	if w.chance(60) {
		w.count("np ports")
		r["ports"] = []object{{"port": pickOne(w, portNumbers), "protocol": "TCP"}}
	}
	spec[field] = []object{r}
	return spec
}

func (w *world) plainSelector() object {
	if w.chance(20) {
		return object{}
	}
	return object{"matchLabels": object{"app": pickOne(w, []string{"a", "b", "c"})}}
}

// compare asks netsim and the simulator about every pair.
func (w *world) compare(t *testing.T, seed string) {
	t.Helper()
	data, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": w.objects})
	require.NoError(t, err)
	cluster, issues := manifest.Load([]manifest.File{{Name: "cluster.json", Data: data}})
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	for _, i := range s.Issues() {
		require.NotEqual(t, model.Error, i.Severity, "%s: %s", seed, i)
	}
	w.parse(t)
	w.addDefaults()
	for _, from := range w.pods {
		for _, to := range w.targets() {
			want := w.expected(from, to)
			if want == "" {
				continue
			}
			w.count(to.feature)
			answer, err := s.Query(sim.Query{From: from.namespace + "/" + from.name, To: to.ref})
			require.NoError(t, err)
			w.count("verdict " + want)
			require.Equal(t, want, answer.Verdict.String(), "%s: %s/%s to %s\n%s\n%s", seed, from.namespace, from.name, to.ref, w.policies(), steps(answer))
			if to.feature == "to pod" {
				w.compareReasons(t, from, to.ends[0], answer)
			}
		}
	}
}

func steps(a *sim.Answer) string {
	text, _ := json.MarshalIndent(a.Paths, "", " ")
	return string(text)
}

func (w *world) policies() string {
	var out []object
	for _, o := range w.objects {
		if o["kind"] != "Pod" && o["kind"] != "Service" && o["kind"] != "Namespace" {
			out = append(out, o)
		}
	}
	text, _ := json.MarshalIndent(out, "", " ")
	return string(text)
}

// target is somewhere to connect to, and where that leads.
type target struct {
	feature, ref string
	ends         []end
}

// end is one place where the packet may arrive, as the simulator sees it.
type end struct {
	pod    *testPod
	labels labels.LabelArray
	port   uint16
	named  uint16
	proto  u8proto.U8proto
}

func (w *world) targets() []target {
	var out []target
	for _, p := range w.pods {
		port := pickOne(w, portNumbers)
		proto, name := u8proto.TCP, "TCP"
		if w.chance(20) {
			proto, name = u8proto.UDP, "UDP"
		}
		out = append(out, target{"to pod", fmt.Sprintf("%s:%d/%s", p.ip, port, name), []end{{p, podLabels(p), uint16(port), p.named, proto}}})
	}
	for _, s := range w.services {
		out = append(out, w.serviceTarget(s, "http", 80), w.serviceTarget(s, "https", 443))
	}
	for _, a := range addresses {
		addr := netip.MustParseAddr(a)
		cidr := labels.GetCIDRLabels(netip.PrefixFrom(addr, addr.BitLen())).LabelArray()
		port := pickOne(w, portNumbers)
		out = append(out, target{"to address", fmt.Sprintf("%s:%d", a, port), []end{{nil, cidr, uint16(port), 0, u8proto.TCP}}})
	}
	for i, n := range nodeNames {
		remote := labels.LabelArray{labels.NewLabel(labels.IDNameRemoteNode, "", labels.LabelSourceReserved)}
		out = append(out, target{"to node", fmt.Sprintf("%s:%d", nodeIP(i), 9999), []end{{&testPod{node: n}, remote, 9999, 0, u8proto.TCP}}})
	}
	return out
}

func (w *world) serviceTarget(s *testService, port string, number int) target {
	t := target{feature: "to clusterIP", ref: fmt.Sprintf("%s/svc/%s:%s", s.namespace, s.name, port)}
	if w.chance(30) {
		t.ref = fmt.Sprintf("%s:%d", s.ip, number)
	}
	for _, p := range w.pods {
		if p.namespace != s.namespace || p.labels["app"] != s.selector["app"] {
			continue
		}
		targetPort := uint16(8443)
		if port == "http" {
			targetPort = p.named
		}
		t.ends = append(t.ends, end{p, podLabels(p), targetPort, p.named, u8proto.TCP})
	}
	return t
}

func podLabels(p *testPod) labels.LabelArray {
	ls := labels.Map2Labels(p.labels, labels.LabelSourceK8s)
	team := fmt.Sprint("t", slices.Index(namespaceNames, p.namespace)%2)
	ls.MergeLabels(labels.Map2Labels(map[string]string{
		"io.kubernetes.pod.namespace": p.namespace, "io.cilium.k8s.policy.cluster": "default",
		"io.cilium.k8s.namespace.labels.team":                        team,
		"io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": p.namespace,
	}, labels.LabelSourceK8s))
	return ls.LabelArray()
}

// expected is the simulator's verdict, "" where it cannot be asked: no
// backend, the pod itself among them (hairpin), or the pod's own node.
func (w *world) expected(from *testPod, to target) string {
	allowed := 0
	for _, e := range to.ends {
		if e.pod == from || to.feature == "to node" && e.pod.node == from.node {
			return ""
		}
		if w.simulate(from, e, to.feature) {
			allowed++
		}
	}
	switch {
	case len(to.ends) == 0:
		return ""
	case allowed == len(to.ends):
		return "allowed"
	case allowed == 0:
		return "denied"
	default:
		return "mixed"
	}
}

func (w *world) simulate(from *testPod, e end, feature string) bool {
	result, _, _ := policytest.IteratePolicy(w.entries, flowOf(from, e))
	if feature == "to pod" || feature == "to clusterIP" {
		return result.Egress == types.DecisionAllowed && result.Ingress == types.DecisionAllowed
	}
	return result.Egress == types.DecisionAllowed
}

func flowOf(from *testPod, e end) types.Flow {
	flow := types.Flow{
		From: identity.NewIdentityFromLabelArray(1000, podLabels(from)), To: identity.NewIdentityFromLabelArray(1001, e.labels),
		Proto: e.proto, Dport: e.port, NamedPortsTCP: map[string]uint16{"web": 1},
	}
	if e.named != 0 {
		flow.NamedPortsTCP["web"] = e.named
	}
	return flow
}

// parse reads the policies for the simulator with Cilium's parsers alone.
func (w *world) parse(t *testing.T) {
	t.Helper()
	for _, o := range w.objects {
		data, err := json.Marshal(o)
		require.NoError(t, err)
		switch o["kind"] {
		case "CiliumNetworkPolicy":
			w.parseCilium(t, data, &ciliumv2.CiliumNetworkPolicy{})
		case "CiliumClusterwideNetworkPolicy":
			w.parseCilium(t, data, &ciliumv2.CiliumClusterwideNetworkPolicy{})
		case "ClusterNetworkPolicy":
			w.parseClusterNetworkPolicy(t, data)
		case "NetworkPolicy":
			var p slim_networkingv1.NetworkPolicy
			require.NoError(t, json.Unmarshal(data, &p))
			entries, err := ciliumk8s.ParseNetworkPolicy(slog.New(slog.DiscardHandler), "default", &p)
			require.NoError(t, err)
			w.entries = append(w.entries, entries...)
		}
	}
}

func (w *world) parseCilium(t *testing.T, data []byte, policy interface {
	Parse(log *slog.Logger, cluster string) (api.Rules, error)
}) {
	t.Helper()
	require.NoError(t, json.Unmarshal(data, policy))
	rules, err := policy.Parse(slog.New(slog.DiscardHandler), "default")
	require.NoError(t, err)
	w.entries = append(w.entries, utils.RulesToPolicyEntries(rules)...)
}
