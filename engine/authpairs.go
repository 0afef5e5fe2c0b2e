package engine

import (
	"cmp"

	"slices"

	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/netsim-dev/netsim/model"
)

// AuthPair is a connection that a rule means which demands authentication: two
// ends that stand for all of their identity and workload, and a port.
type AuthPair struct {
	Source, Destination model.Party
	// Port is 0 where the rule is for every port and the destination declares
	// none.
	Port     uint16
	Protocol model.Protocol
	// Rule is what demands it.
	Rule model.Origin
}

// AuthPairs are the connections that rules with an authentication mode other
// than disabled mean, each once, in the order of the policies. Whether such a
// connection passes is for Judge to say.
func (e *Engine) AuthPairs() []AuthPair {
	var pairs []AuthPair
	e.options.withOptions(func() {
		for _, r := range e.rules {
			if demands(r) && r.unknownPeers == "" && !r.entry.Node {
				pairs = append(pairs, e.pairsOf(r)...)
			}
		}
	})
	seen := map[AuthPair]bool{}
	return slices.DeleteFunc(pairs, func(p AuthPair) bool {
		again := seen[p]
		seen[p] = true
		return again
	})
}

// demands says whether a rule requires authentication.
func demands(r *rule) bool {
	mode, _ := hit{rule: r}.authentication()
	return mode != types.AuthTypeDisabled
}

func (e *Engine) pairsOf(r *rule) []AuthPair {
	var pairs []AuthPair
	for _, pod := range e.distinctPods(func(p model.Party) bool { return r.entry.Subject.Matches(e.ids.pods[p.Pod].LabelArray) }) {
		for _, peer := range e.peersFor(r, pod) {
			pair := AuthPair{Source: pod, Destination: peer}
			if r.direction() == model.Ingress {
				pair.Source, pair.Destination = peer, pod
			}
			pairs = append(pairs, e.withPorts(pair, r)...)
		}
	}
	return pairs
}

// distinctPods are pods that a condition holds for, one for each identity and
// workload.
func (e *Engine) distinctPods(want func(model.Party) bool) []model.Party {
	type kind struct {
		labels string
		owner  model.WorkloadRef
	}
	seen := map[kind]bool{}
	var out []model.Party
	for _, pod := range e.index.Cluster.Pods {
		id := e.ids.pods[pod]
		if id == nil || len(pod.IPs) == 0 || pod.Inferred != "" {
			continue
		}
		key := kind{labels: string(id.Labels.SortedList())}
		if pod.Owner != nil {
			key.owner = *pod.Owner
		}
		party := e.index.PodParty(pod, false)
		if !seen[key] && want(party) {
			seen[key] = true
			out = append(out, party)
		}
	}
	return out
}

// peersFor are those whom a rule for a pod means: pods, the pod's own node,
// another node, the world, and addresses that the rule names.
func (e *Engine) peersFor(r *rule, subject model.Party) []model.Party {
	candidates := e.distinctPods(func(p model.Party) bool { return p.Pod != subject.Pod })
	candidates = append(candidates, e.twoNodes(subject)...)
	candidates = append(candidates, model.Party{Kind: model.PartyWorld})
	for _, s := range r.entry.L3 {
		for _, prefix := range s.GetCIDRPrefixes() {
			candidates = append(candidates, e.index.Party(prefix.Addr()))
		}
	}
	return slices.DeleteFunc(candidates, func(peer model.Party) bool {
		id := e.ids.of(peer, subject.Node)
		return id == nil || !(&flow{peer: id}).peerMatches(r)
	})
}

// twoNodes are a pod's own node and another one.
func (e *Engine) twoNodes(subject model.Party) []model.Party {
	var nodes []model.Party
	if subject.Node != nil {
		nodes = append(nodes, e.index.NodeParty(subject.Node, false))
	}
	for _, n := range e.index.Cluster.Nodes {
		if n != subject.Node {
			return append(nodes, e.index.NodeParty(n, false))
		}
	}
	return nodes
}

// withPorts are a pair on each of the ports that a rule means: those that it
// names, or those that the destination declares.
func (e *Engine) withPorts(pair AuthPair, r *rule) []AuthPair {
	var pairs []AuthPair
	for i, rule := range r.entry.L4 {
		pair.Rule = r.origin(i)
		for _, p := range rule.Ports {
			port, known := e.portOf(p, pair)
			switch {
			case known && port != 0:
				pair.Port, pair.Protocol = port, protocolOf(p)
				pairs = append(pairs, pair)
			case known:
				pairs = append(pairs, declaredPorts(pair)...)
			}
		}
	}
	if len(r.entry.L4) == 0 {
		pair.Rule = r.origin(-1)
		pairs = append(pairs, declaredPorts(pair)...)
	}
	return pairs
}

// portOf is the number that a rule's port has at the pair's destination, 0 for
// every port.
func (e *Engine) portOf(p api.PortProtocol, pair AuthPair) (port uint16, known bool) {
	number, isNumber := portNumber(p.Port)
	if isNumber {
		return number, true
	}
	if pair.Destination.Kind != model.PartyPod {
		return 0, false
	}
	proto, err := u8proto.ParseProtocol(string(protocolOf(p)))
	if err != nil {
		return 0, false
	}
	port = e.ids.named[e.ids.pods[pair.Destination.Pod].ID][portName{p.Port, proto}]
	return port, port != 0
}

// protocolOf takes TCP for ANY.
func protocolOf(p api.PortProtocol) model.Protocol {
	if p.Protocol.IsAny() {
		return model.TCP
	}
	return model.Protocol(cmp.Or(string(p.Protocol), string(model.TCP)))
}

// declaredPorts are a pair on the ports that its destination declares.
func declaredPorts(pair AuthPair) []AuthPair {
	var pairs []AuthPair
	if pair.Destination.Kind == model.PartyPod {
		for _, p := range pair.Destination.Pod.Ports {
			pair.Port, pair.Protocol = p.Port, p.Protocol
			pairs = append(pairs, pair)
		}
	}
	if len(pairs) == 0 {
		pair.Port, pair.Protocol = 0, model.TCP
		pairs = append(pairs, pair)
	}
	return pairs
}
