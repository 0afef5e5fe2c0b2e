package model

import "net/netip"

// Cluster is everything that was loaded, assigned or made. It is read-only
// once a loader has returned it. Slices are sorted by namespace and name, so
// that walking them is deterministic.
type Cluster struct {
	Nodes          []*Node
	Namespaces     []*Namespace
	Workloads      []*Workload
	Pods           []*Pod
	Services       []*Service
	EndpointSlices []*EndpointSlice
	// Policies are the objects of every policy kind, not yet understood:
	// reading them is the engine's business.
	Policies []*Object
	// CiliumConfig is the kube-system/cilium-config ConfigMap, nil if none.
	CiliumConfig *ConfigMap
	// CiliumValues are what files give to the Helm chart of Cilium, each over
	// those before it.
	CiliumValues []*HelmValues
	// KubeProxyConfig holds what the kube-system/kube-proxy ConfigMap or a
	// KubeProxyConfiguration says, by the field's name in the latter ("mode",
	// "clusterCIDR", "detectLocalMode", "nodePortAddresses", joined by commas,
	// "masqueradeAll" of the mode in force, "localhostNodePorts"); nil if none
	// was loaded. A field that is absent has kube-proxy's default.
	KubeProxyConfig *ConfigMap
	// CloudFirewalls are what the documents of that kind state.
	CloudFirewalls []*CloudFirewall
	// Kind is a kind cluster config, nil if none was loaded.
	Kind *KindConfig
	// Others are objects of all other kinds.
	Others []*Object
	// Doubts are what may change policies, or what they select, in a way that
	// cannot be known.
	Doubts []Doubt
}

// Labels are an object's labels, without Cilium's source prefix.
type Labels map[string]string

// Assigned names the fields of an object that no file gave and netsim filled
// in as a cluster would ("ip", "clusterIP", "node", ...). Whatever shows such
// a value says "assigned".
type Assigned map[string]bool

// Node is a machine of the cluster.
type Node struct {
	Origin       Origin
	Name         string
	Labels       Labels
	InternalIPs  []netip.Addr
	ExternalIPs  []netip.Addr
	PodCIDRs     []netip.Prefix
	ProviderID   string
	ControlPlane bool
	// Made is true for a node that no file holds.
	Made     bool
	Assigned Assigned
}

// Namespace is a namespace with its labels. Made is true where objects refer
// to it and no file holds it.
type Namespace struct {
	Origin Origin
	Name   string
	Labels Labels
	Made   bool
}

// WorkloadRef names the controller that a pod belongs to: the topmost one that
// was loaded (the Deployment, not its ReplicaSet).
type WorkloadRef struct {
	Kind, Namespace, Name string
}

// Workload is a controller with a pod template.
type Workload struct {
	Origin   Origin
	Ref      WorkloadRef
	Replicas int
	// Images are the images of its containers, in order; the Cilium version
	// is read off the agent's.
	Images []string
	// ContainerNames are the names that go with Images.
	ContainerNames []string
}

// Pod is a pod, loaded or made from a workload's template.
type Pod struct {
	Origin         Origin
	Namespace      string
	Name           string
	Labels         Labels
	ServiceAccount string
	// Node is the node's name; "" where the pod is not scheduled.
	Node string
	// IPs holds at most one address of each family, the primary first. A
	// hostNetwork pod has its node's.
	IPs         []netip.Addr
	HostNetwork bool
	// Ports are the declared ports of the containers and then of the
	// restartable init containers, in order.
	Ports []ContainerPort
	// Owner is nil for a bare pod.
	Owner *WorkloadRef
	// Ready is the Ready condition; a pod made from a template is ready.
	Ready bool
	// ReadyGiven is true where a file has that condition: it was measured.
	ReadyGiven bool
	// Probes are the checks without which the kubelet does not take it for ready.
	Probes []Probe
	// Needs are connections without which it does not become ready, as the
	// annotation ReadyNeeds declares them: references as a query takes them.
	Needs []string
	// Terminating is true once the pod has a deletion timestamp.
	Terminating bool
	// Finished is true for phases Succeeded and Failed: it has no address.
	Finished bool
	// Inferred says from what a pod was inferred that no file holds, as
	// something unrendered accounts for it ("HelmRelease dev/cache (cache.yaml:1)");
	// "" for all others. No verdict may rest on one.
	Inferred string
	// Made is true for a pod that stands for a template.
	Made     bool
	Assigned Assigned
}

// ContainerPort is a port that a container declares.
type ContainerPort struct {
	// Name may be empty.
	Name     string
	Port     uint16
	Protocol Protocol
	// HostPort is 0 where the port is not published on the node.
	HostPort uint16
	// HostIP is invalid where the host port is on every address.
	HostIP netip.Addr
	// Container is the name of the container that declares it.
	Container string
	// Init is true for a restartable init container: Kubernetes resolves
	// targetPorts through those too, Cilium's policies do not.
	Init bool
}

// ReadyNeeds is the annotation of a pod, or of a template, that lists what the pod
// must reach to become ready: references with commas between them, such as
// "shop/svc/db:5432".
const ReadyNeeds = "netsim.dev/ready-needs"

// Probe is a connection that the kubelet of the pod's node opens to a container.
type Probe struct {
	// Field is "readinessProbe" or "startupProbe".
	Field string
	// Handler is "httpGet", "tcpSocket" or "grpc".
	Handler   string
	Port      uint16
	Container string
}

// Service types, as Kubernetes names them.
const (
	ClusterIPService    = "ClusterIP"
	NodePortService     = "NodePort"
	LoadBalancerService = "LoadBalancer"
	ExternalNameService = "ExternalName"
)

// Service is a Kubernetes Service.
type Service struct {
	Origin    Origin
	Namespace string
	Name      string
	Labels    Labels
	// Type is one of the four types above.
	Type string
	// ClusterIPs holds at most one address of each family, the primary
	// first; empty for headless and ExternalName Services.
	ClusterIPs []netip.Addr
	// Headless is true for clusterIP: None.
	Headless     bool
	ExternalName string
	// Selector is nil for a Service whose endpoints somebody else writes.
	Selector Labels
	Ports    []ServicePort

	ExternalIPs     []netip.Addr
	LoadBalancerIPs []LoadBalancerIP
	// IPFamilies are "IPv4" and "IPv6", the primary first.
	IPFamilies []string
	// InternalTrafficLocal and ExternalTrafficLocal are true for the policy
	// Local, false for Cluster.
	InternalTrafficLocal, ExternalTrafficLocal bool
	// TrafficDistribution is "PreferClose", "PreferSameZone" or
	// "PreferSameNode", "" for none.
	TrafficDistribution string
	// TopologyMode is true where the annotation
	// service.kubernetes.io/topology-mode, or its predecessor
	// topology-aware-hints, asks for hints.
	TopologyMode bool
	// SourceRanges are loadBalancerSourceRanges.
	SourceRanges        []netip.Prefix
	PublishNotReady     bool
	SessionAffinity     bool
	HealthCheckNodePort uint16
	// NoNodePorts is true for allocateLoadBalancerNodePorts: false.
	NoNodePorts bool
	// CiliumAnnotations are the annotations under service.cilium.io/, by the
	// name after the slash: they change how Cilium serves the Service.
	CiliumAnnotations map[string]string
	Assigned          Assigned
}

// LoadBalancerIP is an address in a Service's load balancer status.
type LoadBalancerIP struct {
	Addr netip.Addr
	// Proxy is true for ipMode: Proxy, which makes it no frontend inside the
	// cluster.
	Proxy bool
}

// ZoneLabel is the well-known label of a node's zone.
const ZoneLabel = "topology.kubernetes.io/zone"

// The range from which an API server takes nodePorts, by default.
const FirstNodePort, LastNodePort = 30000, 32767

// ServicePort is one port of a Service. TargetPort is a number, or a name that
// each pod resolves for itself; exactly one of Number and Name is set.
type ServicePort struct {
	Name     string
	Protocol Protocol
	Port     uint16
	// NodePort is 0 where there is none or no file gives it.
	NodePort   uint16
	TargetPort TargetPort
	// AppProtocol may be empty.
	AppProtocol string
}

// TargetPort is a port number, or a container port's name where Name is set.
type TargetPort struct {
	Number uint16
	Name   string
}

// EndpointSlice is a set of addresses behind a Service, all with the same
// ports. Endpoints objects are loaded as slices too; slices made from a
// Service's selector have Made set.
type EndpointSlice struct {
	Origin    Origin
	Namespace string
	Name      string
	// Service is the name of the Service, in the same namespace.
	Service   string
	Ports     []EndpointPort
	Endpoints []Endpoint
	Made      bool
}

// EndpointPort is a port of a slice, matched to the Service's by Name.
type EndpointPort struct {
	Name     string
	Port     uint16
	Protocol Protocol
}

// Endpoint is one backend of a slice.
type Endpoint struct {
	// Addr is the first address of the endpoint, as kube-proxy reads it.
	Addr                        netip.Addr
	Ready, Serving, Terminating bool
	// Node and Zone may be empty.
	Node, Zone string
	// HintZones and HintNodes are the topology hints.
	HintZones, HintNodes []string
	// PodNamespace and PodName name the target pod; both empty for an address
	// that belongs to no pod.
	PodNamespace, PodName string
}

// ConfigMap is a ConfigMap whose content netsim reads.
type ConfigMap struct {
	Origin Origin
	Data   map[string]string
	// Lines gives the line of each key, where known.
	Lines map[string]int
}

// HelmValues are the values that one document gives to a Helm chart, not yet
// understood: which setting of the chart's product each becomes is for others
// to say.
type HelmValues struct {
	Origin Origin
	// ChartVersion is the version of the chart as it is written ("1.18.4",
	// "~1.18.0"), "" where the document names none.
	ChartVersion string
	// VersionLine is the line of ChartVersion, and VersionFile its file where
	// that is another than Origin's.
	VersionLine int
	VersionFile string
	// Data are the values by dotted path ("socketLB.hostNamespaceOnly"); those
	// of a list are joined by spaces.
	Data map[string]string
	// Lines gives the line of each of Data.
	Lines map[string]int
	// Files gives the file of those of Data that stand in another than Origin's.
	Files map[string]string
}

// At is where a value of Data stands.
func (v *HelmValues) At(path string) Origin {
	origin := v.Origin
	origin.Line = v.Lines[path]
	if file := v.Files[path]; file != "" {
		origin.File = file
	}
	return origin
}

// KindConfig is what a kind cluster config (kind.x-k8s.io/v1alpha4) says of
// the network and the nodes.
type KindConfig struct {
	Origin Origin
	// Name of the cluster; kind's own default is "kind".
	Name string
	// KubeProxyMode is "iptables", "nftables", "ipvs" or "none".
	KubeProxyMode     string
	DisableDefaultCNI bool
	PodSubnets        []netip.Prefix
	ServiceSubnets    []netip.Prefix
	// IPFamily is "ipv4", "ipv6" or "dual".
	IPFamily string
	Nodes    []KindNode
}

// KindNode is one node of a kind cluster config.
type KindNode struct {
	ControlPlane bool
	Labels       Labels
	PortMappings []KindPortMapping
}

// KindPortMapping publishes a node's port on the laptop that runs kind.
type KindPortMapping struct {
	ContainerPort, HostPort uint16
	ListenAddress           netip.Addr
	Protocol                Protocol
}

// Object is an object of any kind, kept as it was written.
type Object struct {
	Origin     Origin
	APIVersion string
	// JSON is the whole document as JSON.
	JSON []byte
	// Lines gives the line of each field by its path
	// ("spec.ingress[0].toPorts[1].ports"), for policies and their like only.
	Lines map[string]int
}

// Line is the line of the field at path, or of the nearest field above it that
// is known, or of the object.
func (o *Object) Line(path string) int {
	for path != "" {
		if line, ok := o.Lines[path]; ok {
			return line
		}
		path = parentPath(path)
	}
	return o.Origin.Line
}

func parentPath(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}
