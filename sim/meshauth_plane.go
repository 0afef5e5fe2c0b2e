package sim

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// The ports of the identity plane that Cilium's chart does not let anybody
// choose (cilium v1.20.2 install/kubernetes/cilium/templates/spire).
const (
	spireServerPort = 8081
	spireHealthPort = 8080
	apiServerPort   = 6443
)

// identityPlane follows what SPIRE and Cilium's agents need to reach. SPIRE's
// agents run on every node, with the node's own network: they look up SPIRE's
// server and get certificates from it, as Cilium's operator registers
// identities with it. The server asks the API server who the agents are. The
// agents of Cilium shake hands with each other, and talk to SPIRE's agent by a
// local socket, which no policy sees.
func (s *Sim) identityPlane() []PlaneFlow {
	bare := s.withoutPlane()
	plane := s.engine.IdentityPlane()
	var flows []PlaneFlow
	if plane.Server.Found {
		for _, n := range s.index.Cluster.Nodes {
			flows = append(flows, bare.toServer(n, plane.Server.Pods, plane.ServerAddress)...)
		}
	}
	for _, server := range plane.Server.Pods {
		for _, f := range bare.fromServer(server) {
			f.everywhere = true
			flows = append(flows, f)
		}
	}
	return append(flows, bare.handshakes(plane.Port)...)
}

// withoutPlane is the Sim without regard to the plane's own traffic, by which
// that traffic is judged.
func (s *Sim) withoutPlane() *Sim {
	bare := *s
	bare.plane, bare.verdicts = nil, newVerdicts()
	return &bare
}

// toServer is what the agents on a node need.
func (s *Sim) toServer(n *model.Node, servers []*model.Pod, address string) []PlaneFlow {
	node := "node/" + n.Name
	lookup := s.flow(agentLooksUp, node, "kube-system/svc/kube-dns", portRef{number: 53, protocol: model.UDP})
	lookup.node = n.Name
	flows := []PlaneFlow{lookup}
	for _, to := range s.serverRefs(servers, address) {
		f := s.flow(agentToServer, node, to, portRef{number: spireServerPort, protocol: model.TCP})
		f.node = n.Name
		flows = append(flows, f)
	}
	return flows
}

// serverRefs are SPIRE's server as its clients name it: the Service that
// cilium-config names, or else the pods.
func (s *Sim) serverRefs(servers []*model.Pod, address string) []string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = "spire-server.cilium-spire.svc"
	}
	if labels := strings.Split(host, "."); len(labels) >= 3 && s.index.Service(labels[1], labels[0]) != nil {
		return []string{labels[1] + "/svc/" + labels[0]}
	}
	var refs []string
	for _, p := range servers {
		refs = append(refs, p.Namespace+"/pod/"+p.Name)
	}
	return refs
}

// fromServer is what a pod of SPIRE's server needs: the API server, and the
// kubelet's probes.
func (s *Sim) fromServer(server *model.Pod) []PlaneFlow {
	ref := server.Namespace + "/pod/" + server.Name
	flows := []PlaneFlow{s.toAPIServer(ref)}
	if server.Node != "" {
		flows = append(flows, s.flow(probes, "node/"+server.Node, ref, portRef{number: spireHealthPort, protocol: model.TCP}))
	}
	return flows
}

func (s *Sim) toAPIServer(from string) PlaneFlow {
	if svc := s.index.Service("default", "kubernetes"); svc != nil && len(svc.Ports) > 0 {
		return s.flow(serverToAPI, from, "default/svc/kubernetes", portRef{number: svc.Ports[0].Port, protocol: model.TCP})
	}
	for _, n := range s.index.Cluster.Nodes {
		if n.ControlPlane {
			return s.flow(serverToAPI, from, "node/"+n.Name, portRef{number: apiServerPort, protocol: model.TCP})
		}
	}
	return PlaneFlow{
		What: serverToAPI, From: []string{from}, To: "default/svc/kubernetes", Port: 443, Protocol: model.TCP, By: []model.Origin{},
		Why: "no file says where the API server is", asIfKnown: true,
	}
}

// handshakes are those between Cilium's agents, each node's with one other.
// Without a host firewall Cilium has no say in them.
func (s *Sim) handshakes(port uint16) []PlaneFlow {
	nodes := s.index.Cluster.Nodes
	if port == 0 || len(nodes) < 2 {
		return nil
	}
	var flows []PlaneFlow
	for i, n := range nodes {
		flows = append(flows, s.handshake(nodes[(i+1)%len(nodes)], n, port))
	}
	return flows
}

func (s *Sim) handshake(from, to *model.Node, port uint16) PlaneFlow {
	return s.flow(shakesHands, "node/"+from.Name, "node/"+to.Name, portRef{number: port, protocol: model.TCP})
}

// What is asked for, as a reader knows the parties.
const (
	agentLooksUp  = "spire-agent looks up spire-server"
	agentToServer = "spire-agent, cilium-operator → spire-server"
	serverToAPI   = "spire-server → kube-apiserver"
	probes        = "kubelet probes spire-server"
	shakesHands   = "cilium-agent shakes hands with cilium-agent"
)

// planeRules are the rules that let each of it through a default deny.
func planeRules() map[string]string {
	return map[string]string{
		agentLooksUp:  "add an ingress rule for the DNS pods: fromEntities [host, remote-node] on their port for 53/UDP",
		agentToServer: "add an ingress rule for spire-server: fromEntities [host, remote-node] on 8081/TCP",
		serverToAPI:   "add an egress rule for spire-server: toEntities [kube-apiserver]",
		probes:        "add an ingress rule for spire-server: fromEntities [host] on 8080/TCP",
		shakesHands:   "add an ingress rule to the nodes' policy: fromEntities [remote-node] on the handshake's port, and an egress rule that matches",
	}
}

// flow asks for one connection of the plane.
func (s *Sim) flow(what, from, to string, port portRef) PlaneFlow {
	f := PlaneFlow{What: what, From: []string{from}, To: to, Port: port.number, Protocol: port.protocol, By: []model.Origin{}}
	a, err := s.Query(Query{From: from, To: to, Port: fmt.Sprintf("%d/%s", port.number, port.protocol)})
	if err != nil {
		f.Why, f.asIfKnown = err.Error(), true
		return f
	}
	f.Verdict, f.Why, f.Hint = a.Verdict, "the connection opens", a.Hint
	if a.DropReason != nil && *a.DropReason == model.DropPolicyDenied {
		f.Hint = planeRules()[what]
	}
	if f.Verdict == model.Mixed {
		// One of several backends is enough, if it is the one that is chosen.
		f.Verdict = model.Undetermined
	}
	if p, i := a.decisive(); p != nil {
		f.By, f.Why = p.Steps[i].By, fmt.Sprintf("%s: %s", p.Steps[i].Stage, p.Steps[i].Why)
	}
	return f
}

// joinFlows puts flows that fare alike together.
func joinFlows(flows []PlaneFlow) []PlaneFlow {
	var out []PlaneFlow
	for _, f := range flows {
		i := slices.IndexFunc(out, func(o PlaneFlow) bool { return o.alike(f) })
		if i < 0 {
			out = append(out, f)
			continue
		}
		out[i].From = append(out[i].From, f.From...)
		if out[i].To != f.To {
			out[i].To = "other nodes"
		}
	}
	return out
}

// alike says whether two flows of one kind are to be told in one breath.
func (f PlaneFlow) alike(o PlaneFlow) bool {
	if f.What != o.What || f.Verdict != o.Verdict {
		return false
	}
	return f.Verdict == model.Allowed || f.To == o.To && slices.Equal(f.By, o.By)
}
