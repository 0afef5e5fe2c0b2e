package replay

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// kind is what a recorded end is in the files.
type kind uint8

const (
	unknown kind = iota
	pod
	// host is the node that judges, remote another one.
	host
	remote
	// outside is an address outside the cluster.
	outside
)

// end is a recorded end as the files know it.
type end struct {
	kind kind
	// pod stands for all that the record could mean: they share an identity.
	pod *model.Pod
	// apiServer is true where the record says that the API server is there.
	apiServer bool
	// ref names the end in groups: the pod's workload, "host", "world".
	ref string
	// cluster is where the record says that it is, "" where it does not.
	cluster string
	// problem says why no file knows it, "" where one does, and absent is what to
	// look for in the files.
	problem string
	absent  absent
}

// people finds recorded ends among the files.
type people struct {
	sim   *sim.Sim
	index *model.Index
	// cluster is the cluster's name, "" where no file gives it.
	cluster   string
	workloads map[model.WorkloadRef]*model.Pod
	// identities are pods by all labels of their identity, and own by their
	// namespace and their own labels; nil where several identities have those.
	identities, own map[string]*model.Pod
	// numbers are the labels of the CiliumIdentity objects.
	numbers map[uint32][]string
}

func newPeople(s *sim.Sim) *people {
	p := &people{
		sim: s, index: model.NewIndex(s.Cluster()), workloads: map[model.WorkloadRef]*model.Pod{},
		identities: map[string]*model.Pod{}, own: map[string]*model.Pod{}, numbers: map[uint32][]string{},
	}
	if dp := s.Datapath(); dp.Sources["cluster-name"] != "default" {
		p.cluster = dp.ClusterName
	}
	for _, o := range s.Cluster().Others {
		if o.Origin.Kind == "CiliumIdentity" {
			if number, labels, ok := model.CiliumIdentity(o); ok {
				p.numbers[number] = labels
			}
		}
	}
	whole := map[string]string{}
	for _, pod := range s.Cluster().Pods {
		if pod.Finished || pod.HostNetwork {
			continue
		}
		p.add(pod, whole)
	}
	return p
}

// add puts a pod under its names. whole holds the identity of those in own.
func (p *people) add(pod *model.Pod, whole map[string]string) {
	labels := p.sim.Identity(p.index.PodParty(pod, false), nil)
	if len(labels) == 0 {
		return
	}
	all, own := strings.Join(labels, ","), ownLabels(pod.Namespace, labels)
	if p.identities[all] == nil {
		p.identities[all] = pod
	}
	switch known, taken := whole[own]; {
	case !taken:
		whole[own], p.own[own] = all, pod
	case known != all:
		p.own[own] = nil
	}
	if pod.Owner != nil && p.workloads[*pod.Owner] == nil {
		p.workloads[*pod.Owner] = pod
	}
}

// ownLabels are what an identity has of the pod itself: the rest comes from its
// namespace and its cluster, and changes with those.
func ownLabels(namespace string, labels []string) string {
	kept := []string{namespace}
	for _, label := range labels {
		if strings.HasPrefix(label, "k8s:") && !strings.HasPrefix(label, "k8s:io.cilium.k8s.") && !strings.HasPrefix(label, "k8s:io.kubernetes.pod.namespace=") {
			kept = append(kept, label)
		}
	}
	slices.Sort(kept[1:])
	return strings.Join(kept, ",")
}

// find says what a recorded end is in the files.
func (p *people) find(r *model.RecordedEnd) end {
	labels := r.Labels
	if len(labels) == 0 {
		labels = p.numbers[r.Identity]
	}
	if r.Pod == "" {
		if e, is := reserved(r.Identity, labels); is {
			return e
		}
	}
	if r.Pod == "" && len(labels) == 0 {
		return end{ref: "unknown", problem: "the record does not say who an end is"}
	}
	if p.cluster != "" && r.Cluster != "" && r.Cluster != p.cluster {
		return end{ref: "cluster " + r.Cluster, problem: fmt.Sprintf("an end is in cluster %s, and the files are those of cluster %s", r.Cluster, p.cluster)}
	}
	namespace := cmp.Or(r.Namespace, namespaceOf(labels))
	if found := p.pod(r, namespace, labels); found != nil {
		return end{kind: pod, pod: found, ref: sim.WorkloadOf(found), cluster: r.Cluster}
	}
	return notThere(r, namespace, labels)
}

// pod is a pod by its name, its workload or its labels, nil where the files hold
// none. Pods of one workload are alike.
func (p *people) pod(r *model.RecordedEnd, namespace string, labels []string) *model.Pod {
	if found := p.index.Pod(namespace, r.Pod); found != nil && !found.Finished {
		return found
	}
	if r.Workload != nil {
		if found := p.workloads[model.WorkloadRef{Kind: r.Workload.Kind, Namespace: namespace, Name: r.Workload.Name}]; found != nil {
			return found
		}
	}
	sorted := slices.Sorted(slices.Values(labels))
	if found := p.identities[strings.Join(sorted, ",")]; found != nil {
		return found
	}
	return p.own[ownLabels(namespace, sorted)]
}

func namespaceOf(labels []string) string {
	for _, label := range labels {
		if namespace, is := strings.CutPrefix(label, "k8s:io.kubernetes.pod.namespace="); is {
			return namespace
		}
	}
	return ""
}

// notThere is a pod or an identity that no file holds.
func notThere(r *model.RecordedEnd, namespace string, labels []string) end {
	name := r.Pod
	if r.Workload != nil {
		name = r.Workload.Name
	}
	switch {
	case name != "":
		ref := namespace + "/" + name
		return end{ref: ref, problem: "no file holds a pod of an end, or one with its labels", absent: absent{"pod", namespace, name}}
	default:
		ref := namespace + "{" + strings.TrimPrefix(ownLabels(namespace, labels), namespace+",") + "}"
		return end{ref: ref, problem: "no file holds a pod with the labels of an end", absent: absent{"identity", namespace, ref}}
	}
}

// reserved is an end that is no pod: by a label that Cilium keeps for itself, or
// by its number (cilium v1.20.2 pkg/identity/numericidentity.go).
func reserved(identity uint32, labels []string) (end, bool) {
	name, apiServer := "", false
	for _, label := range labels {
		switch reserved, is := strings.CutPrefix(label, "reserved:"); {
		case is && reserved == "kube-apiserver":
			apiServer = true
		case is:
			name = reserved
		case strings.HasPrefix(label, "cidr:") || strings.HasPrefix(label, "fqdn:") || strings.HasPrefix(label, "cidrgroup:"):
			name = cmp.Or(name, "world")
		}
	}
	switch {
	case name != "":
	case apiServer, identity == 7:
		name, apiServer = "kube-apiserver", true
	case identity < 11:
		name = [...]string{"", "host", "world", "unmanaged", "health", "init", "remote-node", "", "ingress", "world", "world"}[identity]
	case identity>>24 == 2:
		name = "remote-node"
	case identity>>24 == 1:
		name = "world"
	}
	switch name {
	case "":
		return end{}, false
	case "host":
		return end{kind: host, ref: "host", apiServer: apiServer}, true
	case "remote-node":
		return end{kind: remote, ref: "remote-node", apiServer: apiServer}, true
	case "world", "world-ipv4", "world-ipv6", "kube-apiserver":
		return end{kind: outside, ref: "world", apiServer: apiServer}, true
	case "health":
		return end{ref: "health", problem: "an end is Cilium's own health probe"}, true
	default:
		return end{ref: name, problem: "an end has the reserved identity " + name + ", which no file gives to anything"}, true
	}
}

// party puts an end where it stands on a node: the node itself is not the same
// party there as elsewhere. problem says why it cannot be told.
func (p *people) party(e *end, addr netip.Addr, at *model.Node) (party model.Party, problem string) {
	switch e.kind {
	case pod:
		return p.index.PodParty(e.pod, addr.Is6()), ""
	case host:
		if at == nil {
			return party, "no file holds the node that an end is"
		}
		party = model.Party{Kind: model.PartyNode, Node: at, Addr: addr}
	case remote:
		if party, problem = p.remote(addr, at); problem != "" {
			return party, problem
		}
	default:
		if !addr.IsValid() {
			return party, "the record gives no address of an end outside the cluster"
		}
		party = model.Party{Kind: model.PartyAddress, Addr: addr}
		if e.apiServer {
			party = p.index.Party(addr)
		}
	}
	if e.apiServer && !slices.Contains(p.sim.Identity(party, at), "reserved:kube-apiserver") {
		return party, "no file says that the API server has the address of an end"
	}
	return party, ""
}

// remote is another node, by its address. Where nothing tells nodes apart, any
// will do.
func (p *people) remote(addr netip.Addr, at *model.Node) (model.Party, string) {
	if party := p.index.Party(addr); party.Kind == model.PartyNode && party.Node != at {
		return party, ""
	}
	for _, n := range p.index.Cluster.Nodes {
		party := model.Party{Kind: model.PartyNode, Node: n, Addr: addr}
		if n != at && slices.Equal(p.sim.Identity(party, at), []string{"reserved:remote-node"}) {
			return party, ""
		}
	}
	return model.Party{}, "no file holds the node that an end is"
}

// named is the end's name in groups, with what tells addresses apart: the longest
// prefix of a rule that holds it, or the API server.
func (p *people) named(e *end, party model.Party, names string) string {
	switch {
	case e.kind != outside && e.kind != remote && e.kind != host:
		return e.ref
	case e.apiServer:
		return "kube-apiserver"
	case e.kind != outside:
		return e.ref
	case names != "":
		return names
	}
	longest := netip.Prefix{}
	for _, label := range p.sim.Identity(party, nil) {
		text, is := strings.CutPrefix(label, "cidr:")
		prefix, err := netip.ParsePrefix(text)
		if is && err == nil && (!longest.IsValid() || prefix.Bits() > longest.Bits()) {
			longest = prefix
		}
	}
	if longest.IsValid() && longest.Bits() > 0 {
		return longest.String()
	}
	return e.ref
}
