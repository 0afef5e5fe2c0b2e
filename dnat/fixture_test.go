package dnat_test

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// The cluster of all tests: dev/a on worker is the client, Service dev/b (two
// backends, one on each node) what it usually wants. Tests change what they are
// about.
type fixture struct {
	cluster  *model.Cluster
	worker   *model.Node
	a        *model.Pod
	service  *model.Service
	slice    *model.EndpointSlice
	datapath model.Datapath
	request  dnat.Request
}

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

func newFixture(dp model.Datapath) *fixture {
	worker := &model.Node{Name: "worker", InternalIPs: []netip.Addr{addr("192.168.50.11"), addr("fd00::11")}, Labels: model.Labels{"topology.kubernetes.io/zone": "east"}}
	worker2 := &model.Node{Name: "worker2", InternalIPs: []netip.Addr{addr("192.168.50.12"), addr("fd00::12")}, Labels: model.Labels{"topology.kubernetes.io/zone": "west"}}
	a := pod("a", "worker", "10.244.1.5", "fd00:1::5")
	b0 := pod("b-0", "worker2", "10.244.2.7", "fd00:2::7")
	b1 := pod("b-1", "worker", "10.244.1.8")
	hostNetwork := pod("proxy", "worker2", "192.168.50.12", "fd00::12")
	hostNetwork.HostNetwork = true
	service := &model.Service{
		Origin:    model.Origin{File: "b.yaml", Line: 3, Kind: "Service", Namespace: "dev", Name: "b"},
		Namespace: "dev", Name: "b", Type: model.ClusterIPService,
		ClusterIPs: []netip.Addr{addr("10.96.0.20"), addr("fd00:96::20")},
		Selector:   model.Labels{"app": "b"},
		Ports: []model.ServicePort{
			{Name: "web", Protocol: model.TCP, Port: 80, TargetPort: model.TargetPort{Name: "http"}},
			{Name: "dns", Protocol: model.UDP, Port: 53, TargetPort: model.TargetPort{Number: 53}},
			{Name: "n2", Protocol: model.SCTP, Port: 38412, TargetPort: model.TargetPort{Number: 38412}},
			{Name: "metrics", Protocol: model.TCP, Port: 9090, TargetPort: model.TargetPort{Number: 9100}},
		},
	}
	slice := &model.EndpointSlice{
		Origin:    model.Origin{File: "slice.yaml", Line: 1, Kind: "EndpointSlice", Namespace: "dev", Name: "b-x1"},
		Namespace: "dev", Name: "b-x1", Service: "b",
		Ports: []model.EndpointPort{
			{Name: "web", Port: 8080, Protocol: model.TCP}, {Name: "dns", Port: 53, Protocol: model.UDP}, {Name: "n2", Port: 38412, Protocol: model.SCTP},
		},
		Endpoints: []model.Endpoint{endpoint("b-0", "worker2", "10.244.2.7"), endpoint("b-1", "worker", "10.244.1.8")},
	}
	f := &fixture{
		cluster: &model.Cluster{
			Nodes: []*model.Node{worker, worker2}, Pods: []*model.Pod{a, b0, b1, hostNetwork},
			Services: []*model.Service{service}, EndpointSlices: []*model.EndpointSlice{slice},
		},
		worker: worker, a: a, service: service, slice: slice, datapath: dp,
	}
	f.datapath.Options = map[string]string{}
	f.ask("10.96.0.20", 80, model.TCP)
	return f
}

func pod(name, node string, ips ...string) *model.Pod {
	p := &model.Pod{Namespace: "dev", Name: name, Node: node, Ready: true}
	for _, ip := range ips {
		p.IPs = append(p.IPs, addr(ip))
	}
	return p
}

func endpoint(podName, node, ip string) model.Endpoint {
	return model.Endpoint{Addr: addr(ip), Ready: true, Serving: true, Node: node, PodNamespace: "dev", PodName: podName}
}

// ask makes dev/a ask for an address of Service dev/b.
func (f *fixture) ask(to string, port uint16, protocol model.Protocol) {
	f.request = dnat.Request{Service: f.service, Frontend: model.FrontendClusterIP, Addr: addr(to), PortNumber: port, Protocol: protocol}
	for i := range f.service.Ports {
		if f.service.Ports[i].Port == port && f.service.Ports[i].Protocol == protocol {
			f.request.Port = &f.service.Ports[i]
		}
	}
}

// send makes dev/a send to an address that is no frontend.
func (f *fixture) send(to string, port uint16, protocol model.Protocol) {
	f.request = dnat.Request{Frontend: model.FrontendNone, Addr: addr(to), PortNumber: port, Protocol: protocol}
}

// nodePort makes dev/a ask for the Service on a node's address.
func (f *fixture) nodePort(node string) {
	ip := map[string]string{"worker": "192.168.50.11", "worker2": "192.168.50.12", "worker3": "192.168.50.13", "localhost": "127.0.0.1"}[node]
	f.frontend(model.FrontendNodePort, ip)
	f.request.PortNumber = 30080
}

// frontend makes dev/a ask for an address of the Service.
func (f *fixture) frontend(kind model.Frontend, ip string) {
	f.ask(ip, 80, model.TCP)
	f.request.Frontend = kind
}

// fromNode makes a node the client.
func (f *fixture) fromNode(name string) {
	ix := model.NewIndex(f.cluster)
	f.request.Source = ix.NodeParty(ix.Node(name), false)
}

// fromOutside makes an address outside the client, which enters by a node.
func (f *fixture) fromOutside(via string) {
	f.request.Source = model.Party{Addr: addr("203.0.113.10")}
	f.request.Via = model.NewIndex(f.cluster).Node(via)
}

// thirdNode adds a node without pods.
func (f *fixture) thirdNode() {
	f.cluster.Nodes = append(f.cluster.Nodes, &model.Node{Name: "worker3", InternalIPs: []netip.Addr{addr("192.168.50.13")}})
}

func (f *fixture) only(endpoints ...model.Endpoint) { f.slice.Endpoints = endpoints }

func (f *fixture) set(option, value string) { f.datapath.Options[option] = value }

func (f *fixture) resolve() []dnat.Path {
	ix := model.NewIndex(f.cluster)
	if f.request.Source == (model.Party{}) {
		f.request.Source = ix.PodParty(f.a, false)
	}
	return dnat.Resolve(ix, f.datapath, f.request)
}

// summary tells Paths in one line each: what is compared in the tables.
func summary(paths []dnat.Path) []string {
	lines := make([]string, len(paths))
	for i, p := range paths {
		lines[i] = line(p)
	}
	return lines
}

func line(p dnat.Path) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if p.Service.Stage == "" {
		add("no service step")
	} else {
		add("%s by %s", p.Service.Verdict, p.Translation.By)
		if p.Service.Node != "worker" && p.Service.Node != "" {
			add("on %s", p.Service.Node)
		}
	}
	if p.Backend != nil {
		add("to %s:%d", who(p.Backend.Party), p.Backend.Port)
	}
	if p.Egress != nil {
		add("egress sees %s:%d", who(p.Egress.Destination), p.Egress.Port)
	}
	if p.Ingress != nil {
		add("ingress sees %s", who(p.Ingress.Source))
	}
	if p.Translation.Masquerade && !p.Translation.SourceSeen.IsValid() {
		add("masqueraded")
	} else if p.Translation.Masquerade {
		add("masqueraded as %s", p.Translation.SourceSeen)
	}
	if p.HostIngress != nil {
		add("host firewall of %s sees %s:%d", who(p.HostIngress.Destination), who(p.HostIngress.Source), p.HostIngress.Port)
	}
	if p.Return.Stage != "" {
		add("reply %s", p.Return.Verdict)
	}
	if p.SkipPolicy != "" {
		add("policy skipped")
	}
	if p.Service.DropReason != nil {
		add("drop %d", p.Service.DropReason.Code)
	}
	if p.ClientSees != "" {
		add("client sees %s", p.ClientSees)
	}
	return strings.Join(parts, ", ")
}

func who(p model.Party) string {
	switch {
	case p.Kind == model.PartyPod:
		return p.Pod.Name
	case p.Kind == model.PartyNode:
		return p.Node.Name
	case p.Kind == model.PartyWorld:
		return "the world"
	}
	return "address " + p.Addr.String()
}

// The datapaths that the tables compare.
var (
	kubeProxy118 = model.Datapath{CiliumVersion: "1.18.4", KubeProxyMode: model.KubeProxyIPTables, RoutingMode: model.RoutingNative}
	kubeProxy119 = model.Datapath{CiliumVersion: "1.19.4", KubeProxyMode: model.KubeProxyIPTables, RoutingMode: model.RoutingNative}
	kubeProxy120 = model.Datapath{CiliumVersion: "1.20.2", KubeProxyMode: model.KubeProxyIPTables, RoutingMode: model.RoutingNative}
	socketLB120  = model.Datapath{CiliumVersion: "1.20.2", KubeProxyReplacement: true, KubeProxyMode: model.KubeProxyNone, RoutingMode: model.RoutingNative}
	hybrid120    = model.Datapath{CiliumVersion: "1.20.2", KubeProxyReplacement: true, KubeProxyMode: model.KubeProxyIPTables, RoutingMode: model.RoutingNative}
	perPacket119 = model.Datapath{CiliumVersion: "1.19.4", KubeProxyReplacement: true, SocketLBHostNamespaceOnly: true, KubeProxyMode: model.KubeProxyNone, RoutingMode: model.RoutingNative}
)
