package engine

import (
	"log/slog"
	"maps"
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/k8s"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"

	"github.com/netsim-dev/netsim/model"
)

const (
	// firstPodIdentity is the first number that Cilium gives to a set of pod
	// labels, lastPodIdentity the last that leaves the cluster id bits alone
	// (cilium v1.20.2 pkg/identity/numericidentity.go).
	firstPodIdentity = identity.NumericIdentity(256)
	lastPodIdentity  = identity.NumericIdentity(65535)
)

// numbers gives equal label sets equal identities. The numbers follow the
// cluster's order; Cilium's own come from a race between agents, and no
// verdict hangs on them.
type numbers map[string]*identity.Identity

// number is the identity of a label set that is no pod's: a reserved one, or
// one in the scope of its kind (cilium v1.20.2 pkg/identity/identity.go,
// LookupReservedIdentityByLabels and ScopeForLabels).
func (n numbers) number(lbls labels.Labels) *identity.Identity {
	key := string(lbls.SortedList())
	if n[key] == nil {
		n[key] = identity.LookupReservedIdentityByLabels(lbls)
	}
	if n[key] == nil {
		n[key] = identity.NewIdentity(identity.ScopeForLabels(lbls)+identity.NumericIdentity(len(n)), lbls)
	}
	return n[key]
}

// numberPods numbers the pods, as far as Cilium could.
func (ids *identities) numberPods() {
	next := firstPodIdentity
	for _, pod := range ids.index.Cluster.Pods {
		if pod.HostNetwork {
			continue
		}
		lbls := ids.podLabels(pod)
		if ids.options.cidrMeansPods() {
			lbls.MergeLabels(ids.cidrLabels(single(pod.IPs)))
		}
		key := string(lbls.SortedList())
		if !ids.version.AtLeast(1, 20, 0) {
			// Named ports still tell pods apart, but are no label to select by.
			lbls.RemoveFromSource(labels.LabelSourceGenerated)
		}
		id, known := ids.numbers[key]
		if !known {
			if next > lastPodIdentity {
				ids.unnumbered++
				continue
			}
			id = identity.NewIdentity(next, lbls)
			ids.numbers[key] = id
			ids.named[next] = newPortNames(pod)
			next++
		}
		ids.pods[pod] = id
	}
}

// podLabels are the labels that make a pod's identity: its own, its
// namespace's, its service account's and its cluster's, as Cilium filters
// them, and the named ports.
func (ids *identities) podLabels(pod *model.Pod) labels.Labels {
	ns := &slim_corev1.Namespace{ObjectMeta: slim_metav1.ObjectMeta{Name: pod.Namespace}}
	if n := ids.index.Namespace(pod.Namespace); n != nil {
		ns.Labels = n.Labels
	}
	slim := &slim_corev1.Pod{
		ObjectMeta: slim_metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels},
		Spec:       slim_corev1.PodSpec{ServiceAccountName: pod.ServiceAccount},
	}
	_, k8sLabels := k8s.GetPodMetadata(slog.New(slog.DiscardHandler), ns, slim)
	identityLabels := ids.filter.identityLabels(labels.Map2Labels(k8sLabels, labels.LabelSourceK8s))
	for _, l := range k8s.NamedPortsIdentityLabels(ciliumNamedPorts(pod)) {
		identityLabels[l.Key] = l
	}
	return identityLabels
}

// numberPrefixes numbers the addresses in the ipcache. 0.0.0.0/0 alone is the
// world, which has a number already.
func (ids *identities) numberPrefixes() {
	for _, p := range slices.SortedFunc(maps.Keys(ids.ipcache), netip.Prefix.Compare) {
		ids.prefixes[p] = ids.numbers.number(ids.asReleased(ids.ipcache.labels(p)))
	}
}

// asReleased takes from labels of addresses what the cluster's release does not
// know of.
func (ids *identities) asReleased(lbls labels.Labels) labels.Labels {
	if !ids.version.AtLeast(1, 19, 4) {
		keepOneValue(lbls)
	}
	return lbls
}
