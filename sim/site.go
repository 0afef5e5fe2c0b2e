package sim

import (
	"cmp"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// site is what a policy's words hang on besides the policy: the datapath, and who
// runs the control plane.
type site struct {
	dp       model.Datapath
	platform platform
	// place is where the machines are, "" where nothing says.
	place string
}

func (s *Sim) site() site {
	p := platformOf(s.datapath.Name, s.index.Cluster.Nodes)
	place := p.name
	switch s.datapath.Name {
	case "kind", "kind-kpr":
		place = "kind"
	case "bare-metal":
		place = "own machines"
	}
	return site{s.datapath, p, place}
}

// sameAs is true for the same settings, whatever they are called.
func (t site) sameAs(other site) bool {
	return t.place == other.place && t.dp.Name == other.dp.Name && sameOptions(t.dp, other.dp)
}

func sameOptions(a, b model.Datapath) bool {
	for name, value := range a.Options {
		if b.Options[name] != value {
			return false
		}
	}
	return len(a.Options) == len(b.Options)
}

// name is how texts call it.
func (t site) name() string {
	if t.dp.Name == nameGeneric {
		return cmp.Or(t.place, nameGeneric)
	}
	return t.dp.Name
}

// managed is true where the API server is the provider's and none of the nodes.
func (t site) managed() bool { return t.platform.controlPlane != "" }

// ciliumRunByPlatform is true where users do not install Cilium themselves.
func (t site) ciliumRunByPlatform() bool {
	return slices.Contains([]string{"aks-cilium", "gke-dpv2"}, t.dp.Name)
}

// chained is true where another CNI sets pods' network up.
func (t site) chained() bool {
	mode := cmp.Or(t.dp.Options[optionChaining], "none")
	return mode != "none" && mode != "portmap"
}

// masqueradedAsNode is true where a node that passes a connection from outside
// on to a pod of another node makes it one of its own for policy: with native
// routing by kube-proxy, or by Cilium without DSR. Through a tunnel it stays the
// world. Source: kube-proxy and Cilium 1.20.2 on live clusters (lab/groundtruth);
// cilium v1.20.2 bpf/lib/nodeport.h.
func (t site) masqueradedAsNode() bool {
	if t.dp.RoutingMode == model.RoutingTunnel {
		return false
	}
	mode := t.dp.Options[optionLBMode]
	return !t.dp.KubeProxyReplacement || mode != "dsr" && mode != "hybrid"
}

// nodePortsTranslated is true where Cilium translates NodePorts of nodes before
// policy for egress of pods.
func (t site) nodePortsTranslated() bool { return t.dp.KubeProxyReplacement }

// loadBalancersTranslated is the same of load balancers' addresses: Cilium 1.19
// does so beside kube-proxy too (v1.19.4 pkg/loadbalancer/reflectors/conversions.go;
// v1.20.2 pkg/loadbalancer/reconciler/bpf_reconciler.go, isDatapathCandidate).
func (t site) loadBalancersTranslated() bool {
	v := t.dp.Version()
	return t.dp.KubeProxyReplacement || v.AtLeast(1, 19, 0) && !v.AtLeast(1, 20, 0)
}

// apiServerPeer is how to write the API server as a peer of pods.
func (t site) apiServerPeer(d model.Direction) string {
	switch {
	case d == model.Egress:
		return "toEntities: kube-apiserver"
	case t.platform.name == "Azure":
		return "the konnectivity-agent pods of kube-system, through which it comes in"
	case t.platform.name == "Google Cloud":
		return "fromEntities: cluster, as it comes in through nodes (Documentation/security/policy/layer3.rst)"
	}
	return "fromEntities: kube-apiserver"
}
