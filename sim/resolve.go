package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/internal/nearest"
	"github.com/netsim-dev/netsim/model"
)

// A RefError says that a FROM or TO names nothing, or cannot be asked that
// way. Its text lists what was probably meant.
type RefError struct{ msg string }

func (e *RefError) Error() string { return e.msg }

func refErrorf(format string, args ...any) error { return &RefError{fmt.Sprintf(format, args...)} }

// sources are the parties that a FROM means: one, or the pods of a workload.
func (s *Sim) sources(r reference) ([]model.Party, error) {
	switch {
	case r.world:
		return []model.Party{{Kind: model.PartyWorld}}, nil
	case r.addr.IsValid():
		if svc := s.serviceAt(r.addr); svc != nil {
			return nil, refErrorf("%s is the ClusterIP of Service %s/%s, and Services open no connections: name a pod or a workload", r.text, svc.Namespace, svc.Name)
		}
		return []model.Party{s.index.Party(r.addr)}, nil
	case r.node != "":
		node := s.index.Node(r.node)
		if node == nil {
			return nil, s.unknownNode(r)
		}
		return []model.Party{s.index.NodeParty(node, false)}, nil
	case r.kind == "Service":
		return nil, refErrorf("%s is a Service, and Services open no connections: name a pod or a workload, as in %s/deploy/%s", r.text, r.name.namespace, r.name.name)
	case r.host != "":
		return nil, refErrorf("%s is a host name: as a source, give its IP address, or world", r.text)
	}
	pods, err := s.pods(r)
	if err != nil {
		return nil, err
	}
	parties := make([]model.Party, len(pods))
	for i, p := range pods {
		parties[i] = s.index.PodParty(p, false)
	}
	return parties, nil
}

// entry is the node that --via names, nil for "".
func (s *Sim) entry(via string) (*model.Node, error) {
	if via == "" {
		return nil, nil
	}
	r, err := parseReference(via, "")
	if err != nil || r.node == "" {
		return nil, refErrorf("--via %s: name the node by which the packet enters, as in node/NAME", via)
	}
	node := s.index.Node(r.node)
	if node == nil {
		return nil, s.unknownNode(r)
	}
	return node, nil
}

// pods are the pod or the workload's pods that a reference names.
func (s *Sim) pods(r reference) ([]*model.Pod, error) {
	if r.kind == podKind {
		if pod := s.index.Pod(r.name.namespace, r.name.name); pod != nil {
			return []*model.Pod{pod}, nil
		}
		return nil, s.unknownObject(r)
	}
	ref := model.WorkloadRef{Kind: r.kind, Namespace: r.name.namespace, Name: r.name.name}
	var pods []*model.Pod
	for _, p := range s.index.Cluster.Pods {
		if p.Owner != nil && *p.Owner == ref && !p.Finished {
			pods = append(pods, p)
		}
	}
	if len(pods) > 0 {
		return pods, nil
	}
	if slices.ContainsFunc(s.index.Cluster.Workloads, func(w *model.Workload) bool { return w.Ref == ref }) {
		return nil, refErrorf("%s has no pods: its replicas are 0, or none of them is running", r.text)
	}
	return nil, s.unknownObject(r)
}

// destinations takes a TO apart into requests without a source.
func (s *Sim) destinations(r reference) ([]dnat.Request, error) {
	if r.kind == "Service" {
		return s.serviceRequests(r)
	}
	if r.frontend != "" {
		return nil, refErrorf("%s: only a Service has a frontend to choose with @", r.text)
	}
	if !r.port.given() {
		return nil, refErrorf("%s names no port: add :PORT or -p PORT, or -p ICMP", r.text)
	}
	switch {
	case r.laptop:
		return nil, refErrorf("%s: the laptop opens connections and takes none: to reach what kind publishes there, name the address, as in 127.0.0.1:443", r.text)
	case r.world:
		return s.addressRequest(r, model.Party{Kind: model.PartyWorld})
	case r.addr.IsValid():
		return s.addressRequest(r, s.index.Party(r.addr))
	case r.node != "":
		node := s.index.Node(r.node)
		if node == nil {
			return nil, s.unknownNode(r)
		}
		return s.addressRequest(r, s.index.NodeParty(node, r.port.protocol == model.ICMPv6))
	case r.host != "":
		return s.hostRequests(r)
	}
	return s.podRequests(r)
}

// addressRequest is a plain address, which may be a frontend all the same.
func (s *Sim) addressRequest(r reference, party model.Party) ([]dnat.Request, error) {
	if r.port.name != "" {
		return nil, refErrorf("%s: an address has no port names: give the number", r.text)
	}
	if party.Addr.IsValid() { // the world has no family
		port, err := r.port.forFamily(party.Addr.Is6())
		if err != nil {
			return nil, refErrorf("%s: %v", r.text, err)
		}
		r.port = port
	}
	if svc := s.serviceAt(party.Addr); svc != nil {
		return []dnat.Request{serviceRequest(svc, r.port, model.FrontendClusterIP, party.Addr)}, nil
	}
	if req, found := s.otherFrontend(party, r.port); found {
		return []dnat.Request{req}, nil
	}
	if svc, f := s.virtualAt(party); svc != nil {
		return []dnat.Request{{Service: svc, Frontend: f, Addr: party.Addr, PortNumber: r.port.number, Protocol: r.port.protocol}}, nil
	}
	return []dnat.Request{{
		Frontend: model.FrontendNone, Addr: party.Addr, Destination: party,
		PortNumber: r.port.number, Protocol: r.port.protocol,
	}}, nil
}

func (s *Sim) podRequests(r reference) ([]dnat.Request, error) {
	pods, err := s.pods(r)
	if err != nil {
		return nil, err
	}
	var out []dnat.Request
	for _, p := range pods {
		port, err := podPort(r, p)
		if err != nil {
			return nil, err
		}
		party := s.index.PodParty(p, r.port.protocol == model.ICMPv6)
		family, err := portRef{number: port, protocol: r.port.protocol, explicit: r.port.explicit}.forFamily(party.Addr.Is6())
		if err != nil {
			return nil, refErrorf("%s: %v", r.text, err)
		}
		out = append(out, dnat.Request{
			Frontend: model.FrontendNone, Addr: party.Addr, Destination: party,
			PortNumber: family.number, Protocol: family.protocol,
		})
	}
	return out, nil
}

// podPort is the number that a pod means by a port's name.
func podPort(r reference, pod *model.Pod) (uint16, error) {
	if r.port.name == "" {
		return r.port.number, nil
	}
	var names []string
	for _, p := range pod.Ports {
		if p.Name == r.port.name && p.Protocol == r.port.protocol {
			return p.Port, nil
		}
		names = append(names, p.Name)
	}
	return 0, refErrorf("pod %s/%s has no port named %s (it has: %s)", pod.Namespace, pod.Name, r.port.name, strings.Join(names, ", "))
}

// frontends are the words that may follow "@".
func frontends() map[string]model.Frontend {
	return map[string]model.Frontend{
		"clusterip": model.FrontendClusterIP, "nodeport": model.FrontendNodePort,
		"externalip": model.FrontendExternalIP, "loadbalancer": model.FrontendLoadBalancer,
	}
}

func (s *Sim) serviceRequests(r reference) ([]dnat.Request, error) {
	svc := s.index.Service(r.name.namespace, r.name.name)
	if svc == nil {
		return nil, s.unknownObject(r)
	}
	port, err := servicePort(r, svc)
	if err != nil {
		return nil, err
	}
	frontend, err := chooseFrontend(r, svc)
	if err != nil {
		return nil, err
	}
	if frontend == model.FrontendExternalName && len(s.dns[model.CanonicalName(svc.ExternalName)]) > 0 {
		r.host, r.port = svc.ExternalName, port
		return s.hostRequests(r)
	}
	addrs, err := s.frontendAddrs(frontend, r, svc)
	if err != nil {
		return nil, err
	}
	requests := make([]dnat.Request, len(addrs))
	for i, addr := range addrs {
		requests[i] = serviceRequest(svc, port, frontend, addr)
		if frontend != model.FrontendNodePort {
			continue
		}
		if requests[i].Port == nil {
			return nil, refErrorf("%s: Service %s/%s has no port %d/%s; it has %s", r.text, svc.Namespace, svc.Name, port.number, port.protocol, portNames(svc))
		}
		requests[i].PortNumber = requests[i].Port.NodePort
	}
	return requests, nil
}

func chooseFrontend(r reference, svc *model.Service) (model.Frontend, error) {
	switch {
	case r.frontend != "":
		f, known := frontends()[strings.ToLower(r.frontend)]
		if !known {
			return "", refErrorf("%s: unknown frontend @%s: use clusterip, nodeport=NODE, externalip or loadbalancer", r.text, r.frontend)
		}
		return f, nil
	case svc.Type == model.ExternalNameService:
		return model.FrontendExternalName, nil
	case svc.Headless:
		return model.FrontendHeadless, nil
	default:
		return model.FrontendClusterIP, nil
	}
}

// frontendAddrs are the addresses of a frontend: each is a path of its own. An
// invalid one stands for a frontend that no file gives an address.
func (s *Sim) frontendAddrs(f model.Frontend, r reference, svc *model.Service) ([]netip.Addr, error) {
	var addrs []netip.Addr
	switch f {
	case model.FrontendClusterIP:
		addrs = svc.ClusterIPs[:min(1, len(svc.ClusterIPs))]
	case model.FrontendExternalIP:
		if addrs = svc.ExternalIPs; len(addrs) == 0 {
			return nil, refErrorf("%s: Service %s/%s has no externalIPs", r.text, svc.Namespace, svc.Name)
		}
	case model.FrontendLoadBalancer:
		for _, ip := range svc.LoadBalancerIPs {
			addrs = append(addrs, ip.Addr)
		}
		if len(addrs) == 0 && svc.Type != model.LoadBalancerService {
			return nil, refErrorf("%s: Service %s/%s is of type %s and has no load balancer", r.text, svc.Namespace, svc.Name, svc.Type)
		}
	case model.FrontendNodePort:
		return s.nodePortAddrs(r, svc)
	}
	if len(addrs) == 0 {
		return []netip.Addr{{}}, nil
	}
	return addrs, nil
}

// nodePortAddrs is the node's address of the Service's own family.
func (s *Sim) nodePortAddrs(r reference, svc *model.Service) ([]netip.Addr, error) {
	if svc.Type != model.NodePortService && svc.Type != model.LoadBalancerService {
		return nil, refErrorf("%s: Service %s/%s is of type %s and has no nodePort", r.text, svc.Namespace, svc.Name, svc.Type)
	}
	if svc.NoNodePorts && !slices.ContainsFunc(svc.Ports, func(p model.ServicePort) bool { return p.NodePort != 0 }) {
		return nil, refErrorf("%s: Service %s/%s has no nodePort: allocateLoadBalancerNodePorts is false", r.text, svc.Namespace, svc.Name)
	}
	if r.frontendArg == "" {
		return nil, refErrorf("%s: say on which node, as in @nodeport=%s", r.text, s.someNode())
	}
	node := s.index.Node(strings.TrimPrefix(r.frontendArg, "node/"))
	if node == nil {
		r.node = r.frontendArg
		return nil, s.unknownNode(r)
	}
	is6 := len(svc.IPFamilies) > 0 && svc.IPFamilies[0] == "IPv6"
	return []netip.Addr{s.index.NodeParty(node, is6).Addr}, nil
}

// someNode is the name of a node, for an example.
func (s *Sim) someNode() string {
	if nodes := s.index.Cluster.Nodes; len(nodes) > 0 {
		return nodes[0].Name
	}
	return "NODE"
}

// servicePort is the port that a reference means: its own, or the Service's
// only one.
func servicePort(r reference, svc *model.Service) (portRef, error) {
	if r.port.given() {
		return namedServicePort(r, svc)
	}
	if len(svc.Ports) == 1 {
		p := svc.Ports[0]
		return portRef{number: p.Port, protocol: p.Protocol}, nil
	}
	return portRef{}, refErrorf("%s names no port: %s has %s", r.text, svc.Name, portNames(svc))
}

func namedServicePort(r reference, svc *model.Service) (portRef, error) {
	if r.port.name == "" {
		return r.port, nil
	}
	for _, p := range svc.Ports {
		if p.Name == r.port.name && r.port.explicit && p.Protocol != r.port.protocol {
			return portRef{}, refErrorf("%s: port %s of Service %s/%s is %d/%s", r.text, p.Name, svc.Namespace, svc.Name, p.Port, p.Protocol)
		}
		if p.Name == r.port.name {
			return portRef{number: p.Port, protocol: p.Protocol}, nil
		}
	}
	return portRef{}, refErrorf("%s: Service %s/%s has no port named %s; it has %s", r.text, svc.Namespace, svc.Name, r.port.name, portNames(svc))
}

func portNames(svc *model.Service) string {
	if len(svc.Ports) == 0 {
		return "no ports"
	}
	out := make([]string, len(svc.Ports))
	for i, p := range svc.Ports {
		out[i] = fmt.Sprintf("%d/%s", p.Port, p.Protocol)
		if p.Name != "" {
			out[i] = fmt.Sprintf("%s (%s)", p.Name, out[i])
		}
	}
	return strings.Join(out, ", ")
}

func serviceRequest(svc *model.Service, port portRef, f model.Frontend, addr netip.Addr) dnat.Request {
	req := dnat.Request{Service: svc, Frontend: f, Addr: addr, PortNumber: port.number, Protocol: port.protocol}
	for i := range svc.Ports {
		if p := &svc.Ports[i]; p.Port == port.number && p.Protocol == port.protocol {
			req.Port = p
		}
	}
	return req
}

// serviceAt finds the Service that has an address as its ClusterIP.
func (s *Sim) serviceAt(addr netip.Addr) *model.Service {
	for _, svc := range s.index.Cluster.Services {
		if slices.Contains(svc.ClusterIPs, addr) {
			return svc
		}
	}
	return nil
}

// otherFrontend says whether an address and port are a frontend of another
// kind: an external or load balancer IP, or a node's address with a NodePort
// or a host port.
func (s *Sim) otherFrontend(party model.Party, port portRef) (dnat.Request, bool) {
	for _, svc := range s.index.Cluster.Services {
		for i := range svc.Ports {
			p := &svc.Ports[i]
			if p.Protocol != port.protocol {
				continue
			}
			if f := frontendAt(svc, p, party, port.number); f != "" {
				return dnat.Request{Service: svc, Port: p, Frontend: f, Addr: party.Addr, PortNumber: port.number, Protocol: port.protocol}, true
			}
		}
	}
	if s.hostPort(party, port) {
		return dnat.Request{Frontend: model.FrontendHostPort, Addr: party.Addr, Destination: party, PortNumber: port.number, Protocol: port.protocol}, true
	}
	return dnat.Request{}, false
}

// virtualAt finds the Service that has an address as an external or load
// balancer IP, whatever its ports: an address that only Services have. nil for
// all others.
func (s *Sim) virtualAt(party model.Party) (*model.Service, model.Frontend) {
	if party.Kind != model.PartyAddress {
		return nil, ""
	}
	for _, svc := range s.index.Cluster.Services {
		switch {
		case slices.Contains(svc.ExternalIPs, party.Addr):
			return svc, model.FrontendExternalIP
		case hasLoadBalancerIP(svc, party.Addr):
			return svc, model.FrontendLoadBalancer
		}
	}
	return nil, ""
}

func hasLoadBalancerIP(svc *model.Service, addr netip.Addr) bool {
	return slices.ContainsFunc(svc.LoadBalancerIPs, func(ip model.LoadBalancerIP) bool { return ip.Addr == addr })
}

func frontendAt(svc *model.Service, p *model.ServicePort, party model.Party, port uint16) model.Frontend {
	onNode := party.Kind == model.PartyNode || party.Addr.IsLoopback()
	switch {
	case onNode && p.NodePort != 0 && p.NodePort == port:
		return model.FrontendNodePort
	case p.Port != port:
		return ""
	case slices.Contains(svc.ExternalIPs, party.Addr):
		return model.FrontendExternalIP
	case hasLoadBalancerIP(svc, party.Addr):
		return model.FrontendLoadBalancer
	default:
		return ""
	}
}

// hostPort says whether a pod on the node publishes a port; a loopback address
// is that of any node.
func (s *Sim) hostPort(party model.Party, port portRef) bool {
	onNode := party.Kind == model.PartyNode && party.Node != nil
	for _, pod := range s.index.Cluster.Pods {
		there := onNode && pod.Node == party.Node.Name || party.Addr.IsLoopback()
		if !there || pod.HostNetwork {
			continue
		}
		for _, p := range pod.Ports {
			if p.HostPort == port.number && p.Protocol == port.protocol {
				return true
			}
		}
	}
	return false
}

func (s *Sim) unknownNode(r reference) error {
	names := make([]string, len(s.index.Cluster.Nodes))
	for i, n := range s.index.Cluster.Nodes {
		names[i] = "node/" + n.Name
	}
	return unknown(r.text, "node/"+r.node, names)
}

// unknownObject lists what was probably meant: the same name as another kind
// or in another namespace first, then names that are spelt alike.
func (s *Sim) unknownObject(r reference) error {
	all := s.objectRefs()
	same := refsWhere(all, func(_, name string) bool { return name == r.name.name })
	if len(same) == 0 {
		same = refsWhere(all, func(namespace, name string) bool {
			return namespace == r.name.namespace && strings.Contains(name, r.name.name)
		})
	}
	if len(same) > 0 {
		return refErrorf("no %s named %s in namespace %s; there is %s", kindWord(r.kind), r.name.name, r.name.namespace, listFew(same))
	}
	wanted := r.name.namespace + "/" + r.name.name
	if r.kind != podKind {
		wanted = r.name.namespace + "/" + shortKind(r.kind) + "/" + r.name.name
	}
	return unknown(r.text, wanted, all)
}

// refsWhere are the references whose namespace and name satisfy a condition.
func refsWhere(refs []string, want func(namespace, name string) bool) []string {
	return slices.DeleteFunc(slices.Clone(refs), func(ref string) bool {
		namespace, rest, _ := strings.Cut(ref, "/")
		return !want(namespace, rest[strings.LastIndex(rest, "/")+1:])
	})
}

func unknown(text, wanted string, candidates []string) error {
	const few = 5
	if near := nearest.Words(wanted, candidates, few); len(near) > 0 {
		return refErrorf("%s names nothing that was loaded; did you mean %s?", text, listFew(near))
	}
	return refErrorf("%s names nothing that was loaded: `netsim list` shows what there is, and `netsim list issues` what was left out", text)
}

func listFew(refs []string) string {
	const few = 5
	if len(refs) > few {
		return strings.Join(refs[:few], ", ") + fmt.Sprintf(" and %d more", len(refs)-few)
	}
	return strings.Join(refs, " or ")
}

// objectRefs are the references of everything that can be asked about.
func (s *Sim) objectRefs() []string {
	var refs []string
	for _, w := range s.index.Cluster.Workloads {
		refs = append(refs, workloadRef(w.Ref))
	}
	for _, svc := range s.index.Cluster.Services {
		refs = append(refs, svc.Namespace+"/svc/"+svc.Name)
	}
	for _, p := range s.index.Cluster.Pods {
		refs = append(refs, p.Namespace+"/"+p.Name)
	}
	return refs
}

func workloadRef(w model.WorkloadRef) string {
	return w.Namespace + "/" + shortKind(w.Kind) + "/" + w.Name
}

// shortKind is the short form of a kind in references.
func shortKind(kind string) string {
	short := map[string]string{
		"Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds", "ReplicaSet": "rs",
		"Service": "svc", "ReplicationController": "rc",
	}
	if s, ok := short[kind]; ok {
		return s
	}
	return strings.ToLower(kind)
}

func kindWord(kind string) string {
	if kind == podKind {
		return "pod"
	}
	return kind
}
