package differential_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
)

// object is one JSON object.
type object = map[string]any

// counts says how often each feature and verdict occurred.
type counts map[string]int

func (c counts) String() string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(c)) {
		text += fmt.Sprintf("\n%8d %s", c[name], name)
	}
	return text
}

// world is one random cluster: its documents, for netsim, and what is in them,
// for whoever judges them without netsim.
type world struct {
	rnd      *rand.Rand
	seen     counts
	objects  []object
	cluster  string
	settings map[string]string
	dual     bool
	nodes    []*testNode
	pods     []*testPod
	services []*testService
	groups   []testGroup
	// apiServer is an address outside where the API server listens, invalid
	// where it does so on the control plane's node.
	apiServer netip.Addr
	// unknown is the one peer field of this cluster that no file resolves:
	// "FQDNs", "Groups" or none.
	unknown string
}

type testNode struct {
	name   string
	ips    []netip.Addr
	router netip.Addr
	labels map[string]string
	// apiServer is true for the node of the control plane.
	apiServer bool
}

type testPod struct {
	namespace, name string
	node            *testNode
	ips             []netip.Addr
	labels          map[string]string
	account         string
	named           []testPort
	hostNetwork     bool
}

type testPort struct {
	name, protocol string
	number         uint16
}

// testService has a selector or the addresses of its backends.
type testService struct {
	namespace, name  string
	labels, selector map[string]string
	backends         []netip.Addr
}

type testGroup struct {
	name   string
	labels map[string]string
	cidrs  []string
}

var (
	namespaceTeams = map[string]string{"dev": "blue", "uat": "red", "ops": "blue"}
	namespaceNames = []string{"dev", "uat", "ops"}
	clusterNames   = []string{"default", "east"}
	portNumbers    = []int{53, 80, 443, 8080, 8100, 8443, 9999}
	addresses      = []string{"203.0.113.10", "203.0.113.200", "198.51.100.7", "10.9.9.9", "192.0.2.1", "2001:db8::7", "2001:db8:1::9"}
	// The pod CIDRs among them hold whole nodes' pods: of a narrower one no
	// file says whether a node's router is in it.
	cidrs = []string{
		"203.0.113.0/24", "203.0.113.0/25", "203.0.113.8/29", "198.51.100.7/32", "0.0.0.0/0", "10.0.0.0/8", "10.244.1.0/24",
		"172.18.0.0/16", "172.18.0.3/32", "::/0", "2001:db8::/32", "2001:db8:1::/48",
	}
)

func newWorld(rnd *rand.Rand, seen counts) *world {
	w := &world{rnd: rnd, seen: seen}
	w.drawSettings()
	for _, ns := range namespaceNames {
		w.add("v1", "Namespace", "", ns, object{"metadata": object{"name": ns, "labels": object{"team": namespaceTeams[ns]}}})
	}
	w.addNodes()
	for i := range 8 {
		w.addPod(i)
	}
	w.addServices()
	w.addGroups()
	for i := range 1 + w.rnd.IntN(7) {
		w.addPolicy(i)
	}
	return w
}

// drawSettings draws the keys of cilium-config that Cilium's engine reads.
func (w *world) drawSettings() {
	w.cluster = pickOne(w, clusterNames)
	w.dual = w.chance(40)
	w.unknown = pickOne(w, []string{"", "", "", "FQDNs", "Groups"})
	w.settings = map[string]string{
		"enable-node-selector-labels": fmt.Sprint(w.chance(40)), "enable-ipv6": fmt.Sprint(w.dual), "enable-host-firewall": fmt.Sprint(w.chance(50)),
		"enable-policy": pickOne(w, []string{"default", "default", "default", "default", "default", "default", "always", "never"}),
	}
	if w.chance(30) {
		w.settings["policy-cidr-match-mode"] = pickOne(w, []string{"nodes", "pods", "nodes,pods"})
	}
	if w.chance(10) {
		w.settings["allow-localhost"] = "policy"
	}
	for _, key := range slices.Sorted(maps.Keys(w.settings)) {
		w.count(key + " " + w.settings[key])
	}
	w.count("cluster " + w.cluster)
}

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

// ips are an IPv4 address and, in a dual-stack cluster, an IPv6 one.
func (w *world) ips(four, six string) []netip.Addr {
	if !w.dual {
		return []netip.Addr{netip.MustParseAddr(four)}
	}
	return []netip.Addr{netip.MustParseAddr(four), netip.MustParseAddr(six)}
}

func (w *world) addNodes() {
	if w.chance(25) {
		w.count("API server outside")
		w.apiServer = netip.MustParseAddr("198.51.100.7")
		w.add("discovery.k8s.io/v1", "EndpointSlice", "default", "kubernetes", object{
			"metadata":    object{"name": "kubernetes", "labels": object{"kubernetes.io/service-name": "kubernetes"}},
			"addressType": "IPv4", "endpoints": []object{{"addresses": []string{w.apiServer.String()}}}, "ports": []object{{"port": 6443}},
		})
	}
	for i := range 3 {
		n := &testNode{
			name: fmt.Sprint("n", i), labels: map[string]string{"zone": pickOne(w, []string{"z1", "z2"}), "kubernetes.io/os": "linux"},
			ips:    w.ips(fmt.Sprintf("172.18.0.%d", i+2), fmt.Sprintf("fd00:18::%d", i+2)),
			router: netip.MustParseAddr(fmt.Sprintf("10.244.%d.1", i)),
		}
		if i == 0 {
			n.labels["node-role.kubernetes.io/control-plane"] = ""
			n.apiServer = !w.apiServer.IsValid()
		}
		w.nodes = append(w.nodes, n)
		var status []object
		for _, ip := range n.ips {
			status = append(status, object{"type": "InternalIP", "address": ip.String()})
		}
		w.add("v1", "Node", "", n.name, object{
			"metadata": object{"name": n.name, "labels": n.labels},
			"spec":     object{"podCIDR": fmt.Sprintf("10.244.%d.0/24", i)}, "status": object{"addresses": status},
		})
	}
}

func (w *world) addPod(i int) {
	node := w.rnd.IntN(len(w.nodes))
	p := &testPod{
		namespace: pickOne(w, namespaceNames), name: fmt.Sprint("p", i), node: w.nodes[node],
		ips:     w.ips(fmt.Sprintf("10.244.%d.%d", node, 10+i), fmt.Sprintf("fd00:10:244:%d::%d", node, 10+i)),
		labels:  map[string]string{"app": pickOne(w, appNames), "pod-template-hash": fmt.Sprint("h", i)},
		account: pickOne(w, []string{"default", "robot"}),
	}
	if w.chance(15) {
		w.count("hostNetwork pod")
		p.hostNetwork, p.ips = true, p.node.ips
	}
	if w.chance(60) {
		p.labels["tier"] = pickOne(w, []string{"x", "y"})
	}
	if w.chance(70) {
		p.named = append(p.named, testPort{"web", "TCP", uint16(pickOne(w, []int{8080, 8443}))})
	}
	if w.chance(40) {
		p.named = append(p.named, testPort{"names", "UDP", 53})
	}
	w.pods = append(w.pods, p)
	ports := []object{}
	for _, port := range p.named {
		ports = append(ports, object{"name": port.name, "containerPort": port.number, "protocol": port.protocol})
	}
	var ips []object
	for _, ip := range p.ips {
		ips = append(ips, object{"ip": ip.String()})
	}
	w.add("v1", "Pod", p.namespace, p.name, object{
		"metadata": object{"name": p.name, "labels": p.labels},
		"spec":     object{"nodeName": p.node.name, "hostNetwork": p.hostNetwork, "serviceAccountName": p.account, "containers": []object{{"name": "c", "image": "i", "ports": ports}}},
		"status":   object{"phase": "Running", "podIP": p.ips[0].String(), "podIPs": ips},
	})
}

// addServices adds two Services that select pods and one whose endpoints are
// written by hand.
func (w *world) addServices() {
	for i := range 3 {
		s := &testService{namespace: pickOne(w, namespaceNames), name: fmt.Sprint("s", i), labels: map[string]string{"of": pickOne(w, []string{"shop", "bank"})}}
		spec := object{"clusterIP": fmt.Sprintf("10.96.0.%d", 20+i), "ports": []object{{"port": 80, "targetPort": 8080}}}
		if i < 2 {
			s.selector = map[string]string{"app": pickOne(w, appNames)}
			spec["selector"] = s.selector
		} else {
			s.backends = []netip.Addr{netip.MustParseAddr(pickOne(w, addresses[:5]))}
			w.add("discovery.k8s.io/v1", "EndpointSlice", s.namespace, s.name, object{
				"metadata":    object{"name": s.name, "labels": object{"kubernetes.io/service-name": s.name}},
				"addressType": "IPv4", "endpoints": []object{{"addresses": []string{s.backends[0].String()}}}, "ports": []object{{"port": 8080}},
			})
		}
		w.services = append(w.services, s)
		w.add("v1", "Service", s.namespace, s.name, object{"metadata": object{"name": s.name, "labels": s.labels}, "spec": spec})
	}
}

// addGroups adds two CIDR groups that may overlap.
func (w *world) addGroups() {
	for i := range 2 {
		g := testGroup{name: fmt.Sprint("g", i), labels: map[string]string{"zone": pickOne(w, []string{"z1", "z2"})}, cidrs: []string{pickOne(w, cidrs[:5]), pickOne(w, cidrs[5:])}}
		w.groups = append(w.groups, g)
		w.add("cilium.io/v2", "CiliumCIDRGroup", "", g.name, object{
			"metadata": object{"name": g.name, "labels": g.labels}, "spec": object{"externalCIDRs": g.cidrs},
		})
	}
}

func pickOne[T any](w *world, of []T) T { return of[w.rnd.IntN(len(of))] }

func (w *world) chance(percent int) bool { return w.rnd.IntN(100) < percent }

func (w *world) count(feature string) { w.seen[feature]++ }

// json is the whole cluster as one document.
func (w *world) json() []byte {
	data, _ := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": w.objects})
	return data
}

// policies are the documents that hold rules, to print.
func (w *world) policies() string {
	out := []string{fmt.Sprint(w.settings)}
	for _, o := range w.objects {
		if strings.Contains(o["kind"].(string), "Policy") {
			text, _ := json.Marshal(o)
			out = append(out, string(text))
		}
	}
	return strings.Join(out, "\n")
}
