package sim

import "github.com/netsim-dev/netsim/model"

// APIVersion is the version of the JSON form of an Answer.
const APIVersion = "netsim.dev/v1alpha1"

// Answer says whether one end would reach the other, and why. Its JSON form is
// stable within an APIVersion; lists are never null, and what does not apply
// is left out.
type Answer struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// ID echoes the id of a batch line.
	ID      any           `json:"id,omitempty"`
	Verdict model.Verdict `json:"verdict"`
	From    Source        `json:"from"`
	To      Target        `json:"to"`
	// Datapath is how this cluster carries packets.
	Datapath DatapathInfo `json:"datapath"`
	// ClientSees is what the client notices; "" where paths differ or the
	// verdict is undetermined.
	ClientSees model.ClientSees  `json:"clientSees,omitempty"`
	DropReason *model.DropReason `json:"dropReason,omitempty"`
	// Paths holds one entry for each source pod (or group of like ones) and
	// backend. It is empty where To is a URL: then the Hops have them.
	Paths []Path `json:"paths"`
	// Hops are the stretches of a request's way through a gateway, in order, and
	// BrokenHop the name of the first that denies it, or else of the first that
	// netsim cannot allow. All are judged, whatever those before them say.
	Hops      []Hop   `json:"hops,omitempty"`
	BrokenHop HopName `json:"brokenHop,omitempty"`
	// Unready are pods behind what was asked for that are predicted not to become
	// ready: no Service sends them connections.
	Unready    []Unready     `json:"unready,omitempty"`
	Conditions []string      `json:"conditions"`
	Issues     []model.Issue `json:"issues"`
	// Hint is one change that would alter the verdict.
	Hint string `json:"hint,omitempty"`

	// service is what To means, nil where it is no Service.
	service *model.Service
	// met are the pods behind what was asked for.
	met []*model.Pod
}

// Source is the end that opens the connection.
type Source struct {
	Ref  string `json:"ref"`
	IP   string `json:"ip,omitempty"`
	Node string `json:"node,omitempty"`
	// Identity is the list of Cilium's identity labels, sorted.
	Identity []string `json:"identity,omitempty"`
	// IdentityNumbers are those that the cluster gave to the pods' identity, as
	// CiliumIdentity and CiliumEndpoint objects among the files say.
	IdentityNumbers []uint32 `json:"identityNumbers,omitempty"`
	// Pods is how many pods a workload stands for.
	Pods int `json:"pods,omitempty"`
	// Assigned names the fields that no file gave ("ip", "node").
	Assigned []string `json:"assigned,omitempty"`
}

// Target is what the client connects to, as it was asked for.
type Target struct {
	Ref      string         `json:"ref"`
	Frontend model.Frontend `json:"frontend"`
	IP       string         `json:"ip,omitempty"`
	Port     uint16         `json:"port,omitempty"`
	Protocol model.Protocol `json:"protocol"`
	Identity []string       `json:"identity,omitempty"`
	// IdentityNumbers are as those of the Source.
	IdentityNumbers []uint32 `json:"identityNumbers,omitempty"`
	Assigned        []string `json:"assigned,omitempty"`
}

// DatapathInfo is the part of the datapath's settings that an answer shows.
type DatapathInfo struct {
	Name                 string `json:"name"`
	CiliumVersion        string `json:"ciliumVersion"`
	KubeProxyReplacement bool   `json:"kubeProxyReplacement"`
	KubeProxyMode        string `json:"kubeProxyMode"`
	RoutingMode          string `json:"routingMode"`
	// Sources says where each was read, by the JSON name of the setting.
	Sources map[string]string `json:"sources,omitempty"`
}

// Path is one way that the packet can take.
type Path struct {
	From        PathSource        `json:"from"`
	Backend     *Backend          `json:"backend,omitempty"`
	Verdict     model.Verdict     `json:"verdict"`
	ClientSees  model.ClientSees  `json:"clientSees,omitempty"`
	Translation Translation       `json:"translation"`
	DropReason  *model.DropReason `json:"dropReason,omitempty"`
	Steps       []model.Step      `json:"steps"`
	Hint        string            `json:"hint,omitempty"`

	// conditions end up in the Answer's.
	conditions []string
	// end is the backend's party, nil where there is none.
	end *model.Party
}

// PathSource is a source pod, or a group of pods that nothing tells apart.
type PathSource struct {
	Ref  string `json:"ref"`
	Pods int    `json:"pods"`
	Node string `json:"node,omitempty"`
	IP   string `json:"ip,omitempty"`
	// Assigned names the fields that no file gave.
	Assigned []string `json:"assigned,omitempty"`
	// Inferred says from what a pod was inferred that is in no file.
	Inferred string `json:"inferred,omitempty"`
}

// Backend is where the packet ends up.
type Backend struct {
	Ref  string `json:"ref,omitempty"`
	IP   string `json:"ip,omitempty"`
	Port uint16 `json:"port,omitempty"`
	Node string `json:"node,omitempty"`
	// IdentityNumbers are as those of the Source.
	IdentityNumbers []uint32 `json:"identityNumbers,omitempty"`
	Assigned        []string `json:"assigned,omitempty"`
	Inferred        string   `json:"inferred,omitempty"`
}

// Translation says who turned the frontend into a backend, and where.
type Translation struct {
	// By is "cilium-bpf", "socket-lb", "kube-proxy" or "none".
	By   string `json:"by"`
	Node string `json:"node,omitempty"`
	// BeforeEgressPolicy is true where the source's egress policy already sees
	// the backend.
	BeforeEgressPolicy bool   `json:"beforeEgressPolicy"`
	Masquerade         bool   `json:"masquerade"`
	SourceSeen         string `json:"sourceSeen,omitempty"`
}
