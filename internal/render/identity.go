package render

import (
	"cmp"
	"slices"
	"strings"
)

// Label keys that Cilium adds to an identity, without the source prefix.
// Source: Cilium v1.20.2, pkg/k8s/apis/cilium.io/const.go and
// pkg/policy/api/cidr.go.
const (
	namespaceLabel = "io.kubernetes.pod.namespace"
	addedLabels    = "io.cilium.k8s."
	groupLabel     = "io.cilium.policy.cidrgroupname/"
)

// shownLabels is how many labels the short form of an identity keeps.
const shownLabels = 3

// tellingLabels are the keys that tell workloads apart, best first.
var tellingLabels = []string{
	"app.kubernetes.io/name",
	"app",
	"k8s-app",
	"name",
	"app.kubernetes.io/component",
	"component",
	"app.kubernetes.io/instance",
}

// identity is the short form of Cilium's identity labels: "dev{app=a}" for a
// pod, "host" for a reserved identity, "world{cidr:1.2.3.0/24}" for a CIDR.
func identity(labels []string) string {
	var name, rest []string
	namespace := ""
	for _, label := range labels {
		source, key, found := strings.Cut(clean(strings.TrimSpace(label)), ":")
		switch {
		case !found:
			rest = append(rest, source)
		case source == "reserved":
			name = append(name, key)
		case strings.HasPrefix(key, namespaceLabel+"="):
			namespace = strings.TrimPrefix(key, namespaceLabel+"=")
		case source == "cidr", source == "fqdn":
			rest = append(rest, source+":"+key)
		case source == "cidrgroup" && strings.HasPrefix(key, groupLabel):
			rest = append(rest, source+":"+strings.TrimPrefix(key, groupLabel))
		case source == "cidrgroup" && strings.Contains(key, "+"):
			// The label that follows, once more, with its value in the key.
		case source == "gen", strings.HasPrefix(key, addedLabels):
		default:
			rest = append(rest, key)
		}
	}
	if namespace != "" {
		name = append(name, namespace)
	}
	slices.Sort(name)
	return strings.Join(name, "+") + braces(rest)
}

// identityText is identity for the labels of a Step, which are one string.
func identityText(labels string) string {
	if labels == "" {
		return ""
	}
	return identity(strings.Split(labels, ","))
}

func braces(labels []string) string {
	labels = slices.DeleteFunc(labels, func(label string) bool { return label == "" })
	if len(labels) == 0 {
		return ""
	}
	slices.SortFunc(labels, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
	})
	if len(labels) > shownLabels {
		labels = append(labels[:shownLabels:shownLabels], "...")
	}
	return "{" + strings.Join(labels, ",") + "}"
}

func rank(label string) int {
	key, _, _ := strings.Cut(label, "=")
	if i := slices.Index(tellingLabels, key); i >= 0 {
		return i
	}
	return len(tellingLabels)
}
