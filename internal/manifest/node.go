package manifest

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

// node is a node with what the scheduler asks of it.
type node struct {
	*model.Node
	taints []corev1.Taint
}

// Labels of control planes, as kubeadm sets them.
const (
	labelControlPlane = "node-role.kubernetes.io/control-plane"
	labelMaster       = "node-role.kubernetes.io/master"
)

func readNode(d *document) any {
	var in corev1.Node
	if !d.decode(&in) {
		return nil
	}
	n := newNode(d)
	n.ProviderID, n.PodCIDRs = in.Spec.ProviderID, d.podCIDRs(&in.Spec)
	n.InternalIPs = d.nodeAddrs(&in.Status, corev1.NodeInternalIP)
	n.ExternalIPs = d.nodeAddrs(&in.Status, corev1.NodeExternalIP)
	taints := in.Spec.Taints
	if in.Spec.Unschedulable {
		taints = append(taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
	}
	return &node{Node: n, taints: taints}
}

// newNode is a node with what its metadata say.
func newNode(d *document) *model.Node {
	n := &model.Node{Origin: d.origin, Name: d.meta.Name, Labels: model.Labels(d.meta.Labels), Assigned: model.Assigned{}}
	_, controlPlane := n.Labels[labelControlPlane]
	_, master := n.Labels[labelMaster]
	n.ControlPlane = controlPlane || master
	return n
}

func (d *document) podCIDRs(spec *corev1.NodeSpec) []netip.Prefix {
	if len(spec.PodCIDRs) == 0 && spec.PodCIDR != "" {
		return d.prefixes("spec.podCIDR", []string{spec.PodCIDR})
	}
	return d.prefixes("spec.podCIDRs", spec.PodCIDRs)
}

func (d *document) nodeAddrs(status *corev1.NodeStatus, wanted corev1.NodeAddressType) []netip.Addr {
	var list []netip.Addr
	for i, address := range status.Addresses {
		if address.Type != wanted {
			continue
		}
		if addr := d.addr(index("status.addresses", i)+".address", address.Address); addr.IsValid() {
			list = append(list, addr)
		}
	}
	return list
}
