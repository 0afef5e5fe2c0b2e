package sim

import (
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// Obstacle is something in a policy that no Kubernetes NetworkPolicy can say.
type Obstacle struct {
	// Where is the policy, with the rule and line.
	Where model.Origin `json:"where"`
	Why   string       `json:"why"`
}

// Rewriting is what it takes to say a policy of Cilium's as Kubernetes
// NetworkPolicies.
type Rewriting struct {
	// Obstacles are what cannot be said; without any, all of it can be.
	Obstacles []Obstacle
	// Cautions are what must be written otherwise to mean the same.
	Cautions []string
}

// AsNetworkPolicy says whether NetworkPolicies can say what a policy does: peers
// by labels, namespaces and address blocks, and ports of TCP, UDP and SCTP. It
// goes by the text alone. A NetworkPolicy itself needs nothing.
func AsNetworkPolicy(o *model.Object) Rewriting {
	var r Rewriting
	switch o.Origin.Kind {
	case "NetworkPolicy":
		return r
	case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy":
	default:
		return Rewriting{Obstacles: []Obstacle{{o.Origin, "a NetworkPolicy has no tiers, no Deny and no Pass"}}}
	}
	all := writings(o)
	for _, w := range all {
		if why := w.obstacle(); why != "" {
			r.Obstacles = append(r.Obstacles, Obstacle{w.origin(), why})
		}
		if caution := w.caution(); caution != "" && !slices.Contains(r.Cautions, caution) {
			r.Cautions = append(r.Cautions, caution)
		}
	}
	if o.Origin.Kind == "CiliumClusterwideNetworkPolicy" {
		r.addScope(o, all)
	}
	return r
}

// addScope: a NetworkPolicy is in one namespace.
func (r *Rewriting) addScope(o *model.Object, all []written) {
	for _, w := range all {
		if w.namesNamespace() {
			r.Cautions = append(r.Cautions, "write it in each namespace that its endpointSelector names")
			return
		}
	}
	where := o.Origin
	where.Rule, where.Line = "endpointSelector", o.Line("spec.endpointSelector")
	r.Obstacles = append(r.Obstacles, Obstacle{where, "it selects pods of every namespace: it takes a NetworkPolicy in each, and one more with each new namespace"})
}

// namesNamespace is true where a policy's own selector demands some namespaces by
// name.
func (w written) namesNamespace() bool {
	if label, found := strings.CutPrefix(w.field, "endpointSelector.matchLabels."); found {
		return bareKey(label) == podNamespaceKey
	}
	demand, _ := w.value.(map[string]any)
	key, _ := demand["key"].(string)
	return w.field == "endpointSelector.matchExpressions[]" && bareKey(key) == podNamespaceKey && demand["operator"] == "In"
}

// obstacle says why a NetworkPolicy cannot say what is written, "" if it can.
func (w written) obstacle() string {
	if strings.HasSuffix(w.section, "Deny") {
		if w.field == "" {
			return "a NetworkPolicy cannot deny, it can only allow less"
		}
		return "" // the rule is told once
	}
	text := w.text()
	switch w.field {
	case "nodeSelector":
		return "it is for nodes, and a NetworkPolicy is for pods"
	case "enableDefaultDeny.ingress", "enableDefaultDeny.egress":
		if w.value == false {
			return "a NetworkPolicy always switches default deny on"
		}
	case "Entities[]":
		return entityObstacle(text)
	case "Groups[]":
		return "a NetworkPolicy does not know the cloud's groups: write the addresses"
	case "Nodes[]":
		return "a NetworkPolicy does not select nodes"
	case "Services[]":
		return "Services are no peers of a NetworkPolicy: select the pods behind them by labels"
	case "FQDNs[]":
		return "a NetworkPolicy does not know names: write the addresses, if they are few and stay"
	case "Requires[]":
		return "a NetworkPolicy has no requirements beside what it allows"
	case "icmps[]":
		return "a NetworkPolicy does not know ICMP types"
	case "authentication.mode":
		if text != "disabled" {
			return "a NetworkPolicy does not demand authentication"
		}
	case "Ports[].rules.http[]", "Ports[].rules.dns[]", "Ports[].rules.kafka[]", "Ports[].rules.l7[]", "Ports[].serverNames[]":
		return "a NetworkPolicy ends at ports: it knows neither requests nor names"
	case "Ports[].listener", "Ports[].terminatingTLS", "Ports[].originatingTLS":
		return "a NetworkPolicy does not redirect to Envoy"
	case "Ports[].ports[].protocol":
		if !slices.Contains([]string{"ANY", "TCP", "UDP", "SCTP"}, strings.ToUpper(text)) {
			return "a NetworkPolicy knows TCP, UDP and SCTP only"
		}
	default:
		return w.selectorObstacle()
	}
	return ""
}

// entityObstacle: ipBlock 0.0.0.0/0 and ::/0 are the world to Cilium, and a rule
// without peers is everybody (cilium v1.20.2 pkg/policy/types/selector.go,
// pkg/k8s/network_policy.go).
func entityObstacle(entity string) string {
	switch entity {
	case "all", "world", "none":
		return ""
	case "cluster":
		return "entity cluster means nodes, the API server and Cilium's own endpoints besides pods, and only pods can be said: namespaceSelector: {}"
	}
	return "a NetworkPolicy does not know entity " + entity
}

const (
	podNamespaceKey    = "io.kubernetes.pod.namespace"
	namespaceLabelKey  = "io.cilium.k8s.namespace.labels."
	ciliumPolicyPrefix = "io.cilium.k8s.policy."
)

// selectorKey is the label that a selector demands at this place, "" where it is
// no such place. peers is false for the policy's own pods.
func (w written) selectorKey() (key string, peers bool) {
	for _, place := range []struct {
		prefix string
		peers  bool
	}{{"endpointSelector.", false}, {"Endpoints[].", true}} {
		rest, found := strings.CutPrefix(w.field, place.prefix)
		if label, isLabel := strings.CutPrefix(rest, "matchLabels."); found && isLabel {
			return label, place.peers
		}
		if found && rest == "matchExpressions[].key" {
			return w.text(), place.peers
		}
	}
	return "", false
}

func (w written) selectorObstacle() string {
	key, peers := w.selectorKey()
	source, _, sourced := strings.Cut(key, ":")
	switch bare := bareKey(key); {
	case sourced && source != "k8s" && source != "any":
		return "a NetworkPolicy selects by labels of Kubernetes, not by " + key
	case strings.HasPrefix(bare, ciliumPolicyPrefix):
		return "a NetworkPolicy selects by labels of pods and namespaces, not by " + bare
	case strings.HasPrefix(bare, namespaceLabelKey) && !peers:
		return "a NetworkPolicy selects its own pods by their labels, not by those of the namespace"
	}
	return ""
}

// bareKey is a label's key without the source that Cilium puts before it.
func bareKey(key string) string {
	for _, source := range []string{"k8s:", "any:"} {
		key = strings.TrimPrefix(key, source)
	}
	return key
}

// caution is what to mind when a rule is written as one of a NetworkPolicy, "" for
// nothing.
func (w written) caution() string {
	key, peers := w.selectorKey()
	switch {
	case w.section != "" && w.field == "" && saysNothing(w.rule):
		return "leave out rules that say nothing: they allow nobody here and everybody in a NetworkPolicy"
	case w.field == "Ports[].ports[]" && !namesProtocol(w.value):
		return "write TCP, UDP and SCTP each where no protocol or ANY stands: a NetworkPolicy then means TCP"
	case w.field == "CIDRSet[].cidrGroupRef", w.field == "CIDRSet[].cidrGroupSelector":
		return "write the CIDRs of groups out"
	case w.field == "Entities[]" && w.text() == "world":
		return "world is the ipBlocks 0.0.0.0/0 and ::/0"
	case w.field == "Entities[]" && w.text() == "all":
		return "all is a rule without from or to"
	case peers && bareKey(key) == podNamespaceKey:
		return "namespaces of peers are namespaceSelectors on kubernetes.io/metadata.name"
	case peers && strings.HasPrefix(bareKey(key), namespaceLabelKey):
		return "labels of peers' namespaces are namespaceSelectors"
	}
	return ""
}

// saysNothing is true for a rule that is empty or has an empty list of peers or
// an empty port rule.
func saysNothing(rule map[string]any) bool {
	for key, value := range rule {
		ports, _ := value.([]any)
		if isEmpty(value) && key != "toPorts" || key == "toPorts" && slices.ContainsFunc(ports, isEmpty) {
			return true
		}
	}
	return len(rule) == 0
}

func namesProtocol(port any) bool {
	fields, _ := port.(map[string]any)
	protocol, _ := fields["protocol"].(string)
	return protocol != "" && !strings.EqualFold(protocol, "ANY")
}
