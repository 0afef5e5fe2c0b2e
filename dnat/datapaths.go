package dnat

import (
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// mode is who translates for a client, as the settings decide it.
type mode string

const (
	// anyMode marks rows that hold whoever translates.
	anyMode mode = ""
	// modeKubeProxy is kubeProxyReplacement=false: Cilium's per-packet load
	// balancer at the pod for the frontends that it knows, kube-proxy on the
	// node for all others.
	modeKubeProxy mode = "kube-proxy"
	// modeSocketLB translates inside the client's connect() or sendmsg().
	modeSocketLB mode = "socket LB"
	// modePerPacket is kubeProxyReplacement=true with the socket load balancer
	// kept out of pods (or unable to serve the protocol).
	modePerPacket mode = "per-packet LB"
)

// datapath is one row of the table: who sends, to which kind of frontend, and
// who translates; and the function that knows the way from there.
type datapath struct {
	source   model.PartyKind
	frontend model.Frontend
	mode     mode
	paths    func(*query) []Path
}

// datapaths is the table. A new datapath is one file and its rows here; the
// first row that fits answers.
func datapaths() []datapath {
	return []datapath{
		{model.PartyPod, model.FrontendNone, anyMode, direct},
		{model.PartyPod, model.FrontendHeadless, anyMode, headless},
		{model.PartyPod, model.FrontendClusterIP, modeKubeProxy, kubeProxyClusterIP},
		{model.PartyPod, model.FrontendClusterIP, modeSocketLB, socketLBClusterIP},
		{model.PartyPod, model.FrontendClusterIP, modePerPacket, perPacketClusterIP},
	}
}

func (q *query) row() (row datapath, found bool) {
	mode := q.settings.mode(q.Protocol)
	for _, d := range datapaths() {
		if d.source == q.Source.Kind && d.frontend == q.Frontend && (d.mode == anyMode || d.mode == mode) {
			return d, true
		}
	}
	return datapath{}, false
}

// unmodelled says why no row answers.
func unmodelled(req Request) string {
	switch req.Source.Kind {
	case model.PartyNode:
		return "netsim does not yet model packets that a node or a hostNetwork pod sends"
	case model.PartyAddress, model.PartyWorld:
		return "netsim does not yet model packets that come from outside the cluster"
	}
	return fmt.Sprintf("netsim does not yet model how a pod reaches a frontend of type %s", req.Frontend)
}
