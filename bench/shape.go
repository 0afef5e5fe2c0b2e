package bench

// Shape is what a generated cluster is made of.
type Shape struct {
	// Pods is about how many pods there are.
	Pods int
	// Seed picks one of all the clusters of that size.
	Seed uint64
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
	// and Workloads[i] calls Services[i+1], the last the first. The first two
	// are the crowds.
	Workloads, Services []string
}
