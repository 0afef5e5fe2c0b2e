package manifest

import (
	"fmt"
	"slices"

	kjson "sigs.k8s.io/json"

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

// snapshot is a Snapshot that was read.
type snapshot struct {
	missing []Missing
	// unreadable is true where it does not say what is missing.
	unreadable bool
}

// readSnapshot makes an Issue of each thing that is missing. A document that cannot be
// read is kept all the same: something is missing, whatever it is.
func readSnapshot(d *document) any {
	d.origin.Name = "cluster"
	var in Snapshot
	if err := kjson.UnmarshalCaseSensitivePreserveInts(d.json, &in); err != nil {
		d.report(model.Error, d.typeProblem(err))
		return &snapshot{unreadable: true}
	}
	for i, m := range in.Missing {
		d.report(model.Error, problem{index("missing", i), "the snapshot lacks " + m.What() + ": " + m.Why,
			"make it again with the rights that netsim snapshot --rbac prints; or pass the objects with another -f, and remove this entry"})
	}
	return &snapshot{missing: in.Missing}
}

// doubts are for all whose absence could let through what the cluster forbids, or send
// it elsewhere: policies, settings, whose an address is.
func (s *snapshot) doubts(d *document) []model.Doubt {
	origin := d.origin
	if s.unreadable {
		return []model.Doubt{{Origin: origin, Nodes: true, Why: "what is missing from the snapshot cannot be read, and could change this"}}
	}
	var list []model.Doubt
	for i, m := range s.missing {
		if m.decides() {
			origin.Line = d.line(index("missing", i))
			list = append(list, model.Doubt{Origin: origin, Nodes: true, Why: m.What() + " is missing from the snapshot, and could change this"})
		}
	}
	return list
}

func (m Missing) decides() bool {
	if m.Name != "" {
		return slices.Contains(SettingsMaps(), m.Namespace+"/"+m.Name)
	}
	return !slices.Contains(idle(), m.Kind)
}

// idle are the kinds that decide nothing by themselves: what makes pods, which are
// there (a DaemonSet tells Cilium's version, too); numbers of identities; options that
// netsim only warns of; and what is asked for web requests alone. Labels of namespaces
// decide, but the engine knows by itself which verdicts hang on those that no file
// holds.
func idle() []string {
	return []string{
		"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Job", "CronJob",
		"Namespace", "CiliumIdentity", "CiliumNodeConfig", "Ingress", "IngressClass", "Gateway", "GatewayClass",
		"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "ReferenceGrant", "ListenerSet", "XListenerSet",
	}
}
