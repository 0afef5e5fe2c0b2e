package manifest

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/model"
)

// ciliumNode is what an agent says of its node. It stands for the Node where no
// file holds that: it has the node's labels, addresses and, but for IPAM modes
// without such, the CIDRs that its pods really have addresses of. Source: cilium
// v1.20.2 pkg/nodediscovery/nodediscovery.go mutateNodeResource.
type ciliumNode struct{ *node }

func readCiliumNode(d *document) any {
	var in struct {
		Spec struct {
			Addresses []struct {
				Type corev1.NodeAddressType `json:"type"`
				IP   string                 `json:"ip"`
			} `json:"addresses"`
			IPAM struct {
				PodCIDRs []string `json:"podCIDRs"`
			} `json:"ipam"`
		} `json:"spec"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(d.json, &in); err != nil {
		d.wrongType(err)
		return nil
	}
	n := newNode(d)
	n.PodCIDRs = d.prefixes("spec.ipam.podCIDRs", in.Spec.IPAM.PodCIDRs)
	for i, address := range in.Spec.Addresses {
		var list *[]netip.Addr
		switch address.Type {
		case corev1.NodeInternalIP:
			list = &n.InternalIPs
		case corev1.NodeExternalIP:
			list = &n.ExternalIPs
		default:
			continue // CiliumInternalIP is the agent's own
		}
		if addr := d.addr(index("spec.addresses", i)+".ip", address.IP); addr.IsValid() {
			*list = append(*list, addr)
		}
	}
	return &ciliumNode{&node{Node: n}}
}

// takeCiliumNodes takes those whose Node no file holds, and the CIDRs of a Node that
// has none itself: where Cilium hands out addresses, Kubernetes need not.
func (f *filler) takeCiliumNodes(nodes []*ciliumNode) {
	held := map[string]*node{}
	for _, n := range f.nodes {
		held[n.Name] = n
	}
	alone := 0
	for _, n := range nodes {
		if real := held[n.Name]; real != nil {
			if len(real.PodCIDRs) == 0 {
				real.PodCIDRs = n.PodCIDRs
			}
			continue
		}
		f.nodes = append(f.nodes, n.node)
		alone++
	}
	if alone > 0 {
		f.reports.add(model.Issue{
			Severity: model.Info, Message: fmt.Sprintf("%d CiliumNodes stand for Nodes that are not given: taints and provider ids are not known", alone),
			Remedy: "pass the Nodes, too (kubectl get nodes -o yaml)",
		})
	}
}
