package engine

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// podNamespaceLabel is the label key by which Cilium scopes selectors to a
// namespace (cilium v1.20.2 pkg/k8s/apis/cilium.io/const.go, PodNamespaceLabel).
const podNamespaceLabel = "io.kubernetes.pod.namespace"

// hintDefaultDeny names the rule that was nearest to allowing the packet, the
// likeliest mistake first.
func (e *Engine) hintDefaultDeny(f *flow) string {
	misses := []func(*flow, *rule) string{e.servicePortMiss, e.cidrMiss, e.namespaceMiss, e.portMiss}
	for _, miss := range misses {
		for _, r := range e.rulesFor(f) {
			if !r.entry.IsAllow() || r.unknownPeers != "" {
				continue
			}
			if hint := miss(f, r); hint != "" {
				return hint
			}
		}
	}
	selector := selectorFor(f.direction, f.other)
	if f.names != nil && f.names.Asked != "" && f.other.Outside() {
		selector = fmt.Sprintf("toFQDNs {matchName: %s}, and rules.dns where the DNS server is reached,", f.names.Asked)
	}
	return fmt.Sprintf("add %s rule for it with %s on %s", article(f.direction.String()), selector, portText(f.port, f.packet.Protocol))
}

// servicePortMiss: the rule means the peer, and allows the port that the
// client asked for, but the packet carries another one by now. This is the
// mistake that costs people days.
func (e *Engine) servicePortMiss(f *flow, r *rule) string {
	if f.askedPort == 0 || f.askedPort == f.port || !f.peerMatches(r) {
		return ""
	}
	asked := *f
	asked.port = f.askedPort
	i, ok := asked.portMatches(r, e.ports())
	if !ok {
		return ""
	}
	return fmt.Sprintf("rule %s allows port %d, the Service's port; at this point the packet already carries the targetPort %d: allow %s there",
		at(r, i), f.askedPort, f.port, portText(f.port, f.packet.Protocol))
}

// cidrMiss: the rule names a CIDR that holds the peer's address, but the peer
// is in the cluster, where Cilium goes by labels.
func (e *Engine) cidrMiss(f *flow, r *rule) string {
	if f.other.Outside() || e.options.cidrMeans(f.other.Kind) {
		return ""
	}
	for _, s := range r.entry.L3 {
		if isCIDR(s) && s.Matches(e.ids.outside(f.other.Addr)) {
			return fmt.Sprintf("rule %s names a CIDR that holds %s, but CIDR rules never match pods or nodes of the cluster: use %s instead",
				at(r, -1), f.other.Addr, selectorFor(f.direction, f.other))
		}
	}
	return ""
}

// namespaceMiss: the rule would mean the peer if it were in the policy's own
// namespace.
func (e *Engine) namespaceMiss(f *flow, r *rule) string {
	if f.self.Pod == nil || f.other.Kind != model.PartyPod || f.self.Pod.Namespace == f.other.Pod.Namespace || f.peerMatches(r) {
		return ""
	}
	moved := *f
	moved.peer = identity.NewIdentityFromLabelArray(f.peer.ID, inNamespace(f.peer.LabelArray, f.self.Pod.Namespace))
	_, port := f.portMatches(r, e.ports())
	if !port || !moved.peerMatches(r) {
		return ""
	}
	remedy := fmt.Sprintf("k8s:%s: %s", podNamespaceLabel, f.other.Pod.Namespace)
	if r.object.Origin.Kind == "NetworkPolicy" {
		remedy = fmt.Sprintf("namespaceSelector with kubernetes.io/metadata.name: %s", f.other.Pod.Namespace)
	}
	return fmt.Sprintf("rule %s means pods in namespace %s only; %s is in %s: name its namespace there (%s)",
		at(r, -1), f.self.Pod.Namespace, describe(f.other), f.other.Pod.Namespace, remedy)
}

// portMiss: the rule means the peer, on other ports.
func (e *Engine) portMiss(f *flow, r *rule) string {
	if !f.peerMatches(r) || len(r.entry.L4) == 0 {
		return ""
	}
	return fmt.Sprintf("rule %s means this peer, but on %s, not on %s", at(r, -1), portList(r.entry.L4), portText(f.port, f.packet.Protocol))
}

// at is a rule by name and place.
func at(r *rule, port int) string {
	o := r.origin(port)
	place := o.ID()
	if pos := o.Position(); pos != "" {
		place += ", " + pos
	}
	return fmt.Sprintf("%s (%s)", o.Rule, place)
}

// article puts "a" or "an" before words.
func article(words string) string {
	if strings.ContainsRune("AEIOUaeiou", rune(words[0])) {
		return "an " + words
	}
	return "a " + words
}

// selectorFor is the peer field of a rule that would mean a party.
func selectorFor(d model.Direction, p model.Party) string {
	side := sideOf(d)
	switch {
	case p.Kind == model.PartyPod:
		return fmt.Sprintf("%sEndpoints {%s: %s%s}", side, podNamespaceLabel, p.Pod.Namespace, tellingLabel(p.Pod))
	case p.Kind == model.PartyNode:
		return side + "Entities host (a pod's own node) or remote-node (any other)"
	case p.Kind == model.PartyIngress:
		return side + "Entities ingress"
	case p.Kind == model.PartyAddress:
		return fmt.Sprintf("%sCIDR %s, or entity world,", side, netip.PrefixFrom(p.Addr, p.Addr.BitLen()))
	default:
		return side + "Entities world"
	}
}

// tellingLabel is the label that most probably tells a pod from others, "" if
// it has none that Cilium keeps.
func tellingLabel(pod *model.Pod) string {
	for _, key := range []string{"app.kubernetes.io/name", "app", "k8s-app", "name", "app.kubernetes.io/component"} {
		if value, ok := pod.Labels[key]; ok {
			return fmt.Sprintf(", %s: %s", key, value)
		}
	}
	return ""
}

func portList(rules api.PortRules) string {
	var out []string
	for _, r := range rules {
		for _, p := range r.Ports {
			out = append(out, portProtocolText(p))
		}
	}
	const few = 6
	if len(out) > few {
		out = append(out[:few], "...")
	}
	return strings.Join(out, ", ")
}

func portProtocolText(p api.PortProtocol) string {
	text := p.Port
	if text == "" || text == "0" {
		text = "every port"
	}
	if p.EndPort != 0 {
		text += fmt.Sprintf("-%d", p.EndPort)
	}
	if p.Protocol != "" {
		text += "/" + string(p.Protocol)
	}
	return text
}

// inNamespace are an identity's labels as they would be in another namespace.
func inNamespace(ls labels.LabelArray, namespace string) labels.LabelArray {
	out := make(labels.LabelArray, 0, len(ls))
	for _, l := range ls {
		if l.Key == podNamespaceLabel {
			l = labels.NewLabel(l.Key, namespace, l.Source)
		}
		out = append(out, l)
	}
	return out
}
