package bench

import (
	"fmt"
	"strings"
)

// Shape is what a generated cluster is made of. Without Identities and
// Policies, workloads have between one replica and ten, two of them are crowds,
// and each has a policy of the common kinds.
type Shape struct {
	// Pods is about how many pods there are; exactly so many with Identities.
	// Cilium's agents come on top, one a node.
	Pods int
	// Seed picks one of all the clusters of that size.
	Seed uint64
	// Identities is how many workloads share the pods evenly. Each has labels
	// of its own, so that Cilium gives each a number of its own.
	Identities int
	// Policies is how many there are; rarer kinds and features are among them.
	Policies int
	// Wide makes rules for pods name every namespace of the cluster, as those
	// do that a tool has written.
	Wide bool
}

// mostIdentities is how many sets of pod labels Cilium can number (cilium
// v1.20.2 pkg/identity/numericidentity.go: 256 to 65535).
const mostIdentities = 65535 - 256 + 1

// Shapes are those of the benchmarks about whole clusters, the smallest first.
func Shapes() []Shape {
	return []Shape{
		{Pods: 1_000, Identities: 100, Policies: 200, Seed: 1},
		{Pods: 10_000, Identities: 1_000, Policies: 1_000, Seed: 1},
		{Pods: 20_000, Identities: 5_000, Policies: 3_000, Seed: 1},
		{Pods: 20_000, Identities: 5_000, Policies: 3_000, Seed: 1, Wide: true},
		{Pods: mostIdentities, Identities: mostIdentities, Policies: 5_000, Seed: 1},
	}
}

// String names the shape as benchmarks do: "pods=1000/identities=100".
func (s Shape) String() string {
	parts := []string{fmt.Sprintf("pods=%d", s.Pods)}
	if s.Identities > 0 {
		parts = append(parts, fmt.Sprintf("identities=%d", s.Identities))
	}
	if s.Policies > 0 {
		parts = append(parts, fmt.Sprintf("policies=%d", s.Policies))
	}
	if s.Wide {
		parts = append(parts, "wide")
	}
	return strings.Join(parts, "/")
}

// Pods that the parts of a cluster stand for: thirty on a node and fifty in a
// namespace are common. Each of the two crowds has every hundredth pod, but ten
// at least: an answer names each way from any of the one to any of the other,
// so its size grows with the square of theirs.
const (
	podsPerNode      = 30
	podsPerNamespace = 50
	podsPerCrowdPod  = 100
	fewestCrowdPods  = 10
)

func (s Shape) nodes() int      { return max(3, s.Pods/podsPerNode) }
func (s Shape) namespaces() int { return max(2, s.Pods/podsPerNamespace) }
func (s Shape) crowd() int      { return max(fewestCrowdPods, s.Pods/podsPerCrowdPod) }

// File is one generated manifest.
type File struct {
	Name string
	Data []byte
}

// Cluster is a generated cluster, and what can be asked about it, as
// references.
type Cluster struct {
	Files []File
	// Workloads and Services go together: Services[i] leads to Workloads[i],
	// and Workloads[i] calls Services[i+1], the last the first. Without
	// Identities the first two are the crowds.
	Workloads, Services []string
}
