package symptom

// Meaning is what a symptom means, in words for people.
type Meaning struct {
	Means string `json:"means"`
	// Where says at which point of the packet's way it happens.
	Where string `json:"where,omitempty"`
	// Causes are what usually brings it about, the likeliest first.
	Causes []string `json:"causes"`
}

// drops are the drop reasons that operators meet, by code. Sources: cilium
// v1.20.2 bpf/bpf_lxc.c, bpf/lib/policy.h, bpf/lib/nodeport.h, bpf/lib/auth.h,
// bpf/lib/lb.h, bpf/lib/conntrack.h, bpf/lib/fib.h.
func drops() map[int]Meaning {
	return map[int]Meaning{
		132: {"the packet's source address is not the one that Cilium gave the pod", "as the packet leaves the pod, before any policy",
			[]string{"the pod sends with an address of its own (a VPN, a bridge or nested containers inside it)", "a virtual address that moves between pods"}},
		133: {"no policy allows the packet, and policies that select the pod have switched default deny on for this direction", "egress policy on the client's node or ingress policy on the server's; the packet there carries the backend's address and port wherever the Service was translated before",
			[]string{"a rule names the Service's port where the packet already carries the targetPort", "a selector means the policy's own namespace only: fromEndpoints and toEndpoints without io.kubernetes.pod.namespace", "a default deny without an egress rule for DNS", "ipBlock or a CIDR rule meant for pods or nodes, which it never matches", "traffic from outside that arrives with a node's address, since kube-proxy masqueraded it"}},
		137: {"connection tracking does not know the packet's protocol", "as the packet leaves or reaches a pod, before policy",
			[]string{"SCTP while enable-sctp is off, which is the default", "protocols such as GRE, VRRP or IGMP while enable-extended-ip-protocols is off"}},
		139: {"the packet is neither IPv4 nor IPv6 as the node has it enabled", "as the packet leaves or reaches a pod",
			[]string{"IPv6 from a pod while enable-ipv6 is off", "other Ethernet protocols"}},
		140: {"the program for the next point of the way is not loaded", "between two programs of the datapath",
			[]string{"for a moment while an endpoint is made, regenerated or removed", "an agent that fails to load programs: see its log"}},
		142: {"the packet's protocol has no ports that policy or a Service could match", "where Services are translated or policy is asked",
			[]string{"protocols other than TCP, UDP, SCTP and ICMP to a Service's address"}},
		151: {"the agent knows no way to that address", "as the packet leaves the pod or enters a node",
			[]string{"the address of a pod that is gone", "an address within the pods' range that nobody has"}},
		154: {"the checksum could not be corrected after translation", "where a Service is translated",
			[]string{"SCTP through a translation to another port, which the datapath cannot do"}},
		155: {"the table of connections took no more entries", "as a connection opens",
			[]string{"the table is full: raise bpf-ct-global-tcp-max and bpf-ct-global-any-max, or look for a client that opens too many"}},
		157: {"a fragment of a packet was met while fragments are not tracked", "as the packet leaves or reaches a pod",
			[]string{"enable-ipv4-fragment-tracking is off", "a tunnel's overhead that the MTU does not leave room for"}},
		158: {"the Service has no backend that could take the packet", "where Cilium translates the Service: on the client's node, or on the node that a client from outside enters by",
			[]string{"no pod behind the Service is ready", "the Service's selector matches no pod, or its targetPort is a name that no pod has", "externalTrafficPolicy or internalTrafficPolicy Local, and no backend on this node"}},
		164: {"the packet is for the node itself and the node refused or could not take it", "on the node",
			[]string{"the host endpoint is not ready yet"}},
		167: {"no port was left to masquerade the connection with", "as the packet leaves the node",
			[]string{"very many connections from one node to one address and port"}},
		169: {"the kernel has no route or neighbour for the packet", "as the packet leaves the node",
			[]string{"native routing without a route to the other nodes' pods: autoDirectNodeRoutes off and no router that knows them", "a node that is gone"}},
		170: {"the packet looks like one of Cilium's own tunnel and comes from a pod or another machine that may not send such", "as the packet leaves the pod or enters a node",
			[]string{"UDP to the tunnel's own port (8472 for VXLAN, 6081 for Geneve)"}},
		171: {"the packet carries an identity that cannot be", "as a packet comes out of a tunnel",
			[]string{"nodes that do not agree about cluster-id or cluster-name"}},
		174: {"a client outside the cluster sent to a ClusterIP", "on the node that the packet enters by",
			[]string{"a route of ClusterIPs to a node: use a NodePort or a load balancer, or bpf-lb-external-clusterip"}},
		177: {"the client's address is in none of the Service's loadBalancerSourceRanges", "on the node that the packet enters by, before policy",
			[]string{"the ranges leave the client out", "a load balancer or a proxy before it put its own address in the client's place"}},
		178: {"the proxy's socket for the connection was not found", "where the packet is handed to a proxy for L7 rules",
			[]string{"the agent or its Envoy restarted", "a port of the proxy that is not open yet"}},
		180: {"an L7 rule covers a protocol that no proxy takes", "where policy redirects to a proxy",
			[]string{"L7 rules on a port without a protocol, met by UDP or SCTP"}},
		181: {"a deny rule matches the packet; no allow rule of the same tier or a later one outweighs it", "egress policy on the client's node or ingress policy on the server's",
			[]string{"ingressDeny or egressDeny, in any policy that selects the pod, clusterwide ones too", "a Deny of a ClusterNetworkPolicy", "a deny rule that is wider than meant: an empty peer, a whole CIDR"}},
		189: {"policy allows the packet, but only with mutual authentication, and the two identities have none that is valid", "after policy, mostly on the server's node; the first packets are dropped until the handshake is through",
			[]string{"authentication is demanded and mesh-auth-enabled is false: every such packet is dropped", "SPIRE is not there, not ready, or policies keep the agents from it", "a peer that can never authenticate: a node (kubelet probes), the world", "for a moment, when a connection is the first between two identities"}},
		190: {"there is no table of connections for this endpoint", "as the packet leaves or reaches a pod", []string{"an endpoint that is being removed"}},
		194: {"the egress gateway that a policy names does not exist", "as the packet leaves the pod's node",
			[]string{"a CiliumEgressGatewayPolicy whose nodeSelector matches no node"}},
		195: {"strict encryption is on and the packet would go in the clear", "as the packet leaves the node",
			[]string{"a node without a WireGuard key yet", "an address in the strict range that is no pod of another node"}},
		196: {"the packet went over too many hops", "on a node that routes it", []string{"a routing loop between nodes"}},
		197: {"Cilium does not know the peer's node, which authentication needs", "where an authenticated packet leaves or enters a node",
			[]string{"an address that belongs to no node of the cluster", "a node that has just joined"}},
		198: {"more of such packets came than the limit lets through", "as the node answers with ICMP, or tells of drops", []string{"a flood, or a loop"}},
		202: {"the node's own programs are not loaded yet", "as a packet reaches the node", []string{"the agent is starting"}},
		203: {"the programs of the pod's endpoint are not loaded yet", "as a packet reaches the pod", []string{"the pod is starting, or its endpoint is being removed", "an agent that fails to load programs: see its log"}},
		204: {"the egress gateway has no address to send with", "on the gateway's node", []string{"egressIP or interface of the CiliumEgressGatewayPolicy is none that the node has"}},
		207: {"a later fragment came from outside and the first was never seen", "on the node that the packet enters by, where the host firewall is on", []string{"fragments that arrive out of order or on different nodes"}},
	}
}

// other is what is said of a drop reason that has no words of its own.
var other = Meaning{
	"the datapath could not carry the packet on; that has to do with neither policies nor Services", "",
	[]string{"a packet that is malformed or of a kind that Cilium does not handle", "a state of the agent: see its log and cilium-dbg status"},
}
