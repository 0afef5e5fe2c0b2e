package symptom

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// reference says which object of the loaded cluster an end is; missing says why
// none, and what to do.
func reference(s *sim.Sim, e *End, role, flag string) (ref, missing string) {
	switch {
	case e == nil:
		return "", fmt.Sprintf("the text does not name the %s: give it with %s to ask the loaded files", role, flag)
	case e.Pod != "":
		if ref := podReference(s.Cluster(), e); ref != "" {
			return ref, ""
		}
		return "", fmt.Sprintf("no loaded file has pod %s/%s, nor a workload of its name: name the %s with %s", e.Namespace, e.Pod, role, flag)
	case e.IP != "":
		return addressReference(s.Cluster(), e, role, flag)
	default:
		return "", fmt.Sprintf("the text does not say which pod or address the %s is: name it with %s", role, flag)
	}
}

// podReference finds the pod by its name, or else the workload whose pod it is:
// the pods that netsim makes of a workload have other names than the cluster's.
func podReference(c *model.Cluster, e *End) string {
	for _, p := range c.Pods {
		if p.Namespace == e.Namespace && p.Name == e.Pod {
			return p.Namespace + "/pod/" + p.Name
		}
	}
	best := ""
	var found model.WorkloadRef
	for _, w := range c.Workloads {
		mine := slices.Contains(e.Workloads, w.Ref.Name) || strings.HasPrefix(e.Pod, w.Ref.Name+"-")
		if w.Ref.Namespace == e.Namespace && mine && len(w.Ref.Name) > len(best) {
			best, found = w.Ref.Name, w.Ref
		}
	}
	if best == "" {
		return ""
	}
	return found.Namespace + "/" + strings.ToLower(found.Kind) + "/" + found.Name
}

// addressReference takes an address that a file gives to a pod or a node, or one
// of the world. Others are pods whose addresses no file gives.
func addressReference(c *model.Cluster, e *End, role, flag string) (ref, missing string) {
	addr, err := netip.ParseAddr(e.IP)
	if err != nil {
		return "", fmt.Sprintf("%s %s is no address", role, e.IP)
	}
	switch {
	case slices.ContainsFunc(c.Pods, func(p *model.Pod) bool { return !p.HostNetwork && !p.Assigned["ip"] && slices.Contains(p.IPs, addr) }):
		return e.IP, ""
	case slices.ContainsFunc(c.Nodes, func(n *model.Node) bool {
		return !n.Made && !n.Assigned["ip"] && (slices.Contains(n.InternalIPs, addr) || slices.Contains(n.ExternalIPs, addr))
	}):
		return e.IP, ""
	case outside(e.Identity):
		return e.IP, ""
	}
	return "", fmt.Sprintf("no loaded file says who has %s, and its identity %s is the live cluster's: name the %s with %s, or load kubectl get pods,nodes -A -o yaml too", e.IP, cmp.Or(e.Identity, "(not given)"), role, flag)
}

// outside says whether an identity is that of an address outside the cluster:
// the world, or one that a CIDR rule or a name made on the node. Source: cilium
// v1.20.2 pkg/identity/numericidentity.go IdentityScopeLocal.
func outside(identity string) bool {
	const local, remoteNodes = 1 << 24, 2 << 24
	n, err := strconv.ParseUint(identity, 10, 32)
	if err != nil {
		return strings.HasPrefix(strings.TrimPrefix(identity, "reserved:"), "world")
	}
	return n == 2 || n == 9 || n == 10 || n >= local && n < remoteNodes
}
