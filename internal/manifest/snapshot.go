package manifest

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// netsimGroup is the API group of netsim's own documents.
const netsimGroup = "netsim.dev"

// Snapshot stands in a dump of a cluster that lacks something, and says what: what
// got lost is not taken for what was never there.
type Snapshot struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Metadata   any       `json:"metadata,omitempty"`
	Missing    []Missing `json:"missing"`
}

// Missing is a kind of object that could not be read, or one ConfigMap.
type Missing struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Namespace and Name are those of one object; "" where none of the kind was
	// read.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	// Why is what the API server said.
	Why string `json:"why"`
}

// What names it: "every Pod", "ConfigMap kube-system/cilium-config".
func (m Missing) What() string {
	if m.Name == "" {
		return "every " + m.Kind
	}
	return fmt.Sprintf("%s %s/%s", m.Kind, m.Namespace, m.Name)
}

// NewSnapshot is the document that names what is missing.
func NewSnapshot(missing []Missing) Snapshot {
	return Snapshot{APIVersion: netsimGroup + "/v1alpha1", Kind: "Snapshot", Missing: missing}
}

// readSnapshot makes an Issue of each thing that is missing.
func readSnapshot(d *document) any {
	d.origin.Name = "cluster"
	var in Snapshot
	if !d.decode(&in) {
		return nil
	}
	for i, m := range in.Missing {
		d.report(model.Error, problem{index("missing", i), "the snapshot lacks " + m.What() + ": " + m.Why, "make it again with the rights that netsim snapshot --rbac prints, or pass the objects with another -f"})
	}
	return &in
}

// doubts are for the kinds whose absence could let through what the cluster
// forbids, or send it elsewhere. What netsim fills in (nodes, pods, endpoints) or
// misses by itself (labels of namespaces, routes) needs none.
func (s *Snapshot) doubts(d *document) []model.Doubt {
	var list []model.Doubt
	for i, m := range s.Missing {
		if !slices.Contains(decisive(), m.Kind) {
			continue
		}
		at := d.origin
		at.Line = d.line(index("missing", i))
		list = append(list, model.Doubt{Origin: at, Nodes: true,
			Why: fmt.Sprintf("every %s is missing from the snapshot, and one may be in force", m.Kind)})
	}
	return list
}

func decisive() []string {
	return []string{
		"NetworkPolicy", "ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy",
		"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup", "CiliumLocalRedirectPolicy",
		"CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig", "CiliumEgressGatewayPolicy",
	}
}
