package dnat

import (
	"fmt"
	"net/netip"

	"github.com/netsim-dev/netsim/model"
)

// query is a Request in its cluster, with what every datapath needs of it.
type query struct {
	Request
	ix       *model.Index
	settings settings
	// node is the name of the source's node, "" if it has none.
	node string
	// byKubeProxy is true where kube-proxy's reading of the slices counts.
	byKubeProxy bool
}

func newQuery(ix *model.Index, dp model.Datapath, req Request) *query {
	q := &query{Request: req, ix: ix, settings: newSettings(dp)}
	q.Addr = q.Addr.Unmap()
	q.Source = placed(ix, req.Source)
	if q.Frontend == "" {
		q.Frontend = model.FrontendNone
	}
	if q.Frontend == model.FrontendNone {
		q.completeDestination()
	}
	if q.Source.Node != nil {
		q.node = q.Source.Node.Name
	}
	return q
}

// completeDestination fills in whichever of Addr and Destination is left out.
func (q *query) completeDestination() {
	if !q.Addr.IsValid() {
		q.Addr = q.Destination.Addr.Unmap()
	}
	if q.Destination == (model.Party{}) {
		q.Destination = q.ix.Party(q.Addr)
	}
	q.Destination = placed(q.ix, q.Destination)
	q.Destination.Addr = q.Addr
}

// placed fills in the node of a pod's Party.
func placed(ix *model.Index, p model.Party) model.Party {
	if p.Node == nil && p.Pod != nil {
		p.Node = ix.Node(p.Pod.Node)
	}
	return p
}

// sourceFor is the source with its address of the family of destination; the
// address is invalid where it has none.
func (q *query) sourceFor(destination netip.Addr) model.Party {
	source := q.Source
	if source.Outside() || source.Addr.IsValid() && source.Addr.Is6() == destination.Is6() {
		return source
	}
	source.Addr = netip.Addr{}
	for _, ip := range ownAddresses(source) {
		if ip.Is6() == destination.Is6() {
			source.Addr = ip
			break
		}
	}
	return source
}

// ownAddresses are those of a pod, or of a node.
func ownAddresses(p model.Party) []netip.Addr {
	switch {
	case p.Pod != nil && len(p.Pod.IPs) > 0:
		return p.Pod.IPs
	case p.Kind == model.PartyNode && p.Node != nil:
		return p.Node.InternalIPs
	}
	return nil
}

// step is a Service step on the source's node that sees the packet as the
// client sent it.
func (q *query) step(verdict model.Verdict, why string) model.Step {
	sees := &model.Sees{Port: q.PortNumber, Protocol: q.Protocol}
	if q.Addr.IsValid() {
		sees.DestinationIP = q.Addr.String()
		if q.sourceFor(q.Addr).Addr.IsValid() {
			sees.SourceIP = q.sourceFor(q.Addr).Addr.String()
		}
	}
	return model.Step{Stage: model.StageService, Node: q.node, Verdict: verdict, Sees: sees, By: q.origins(), Why: why}
}

// origins are the Service's origin, with the rule of the port that is asked
// for, and those of the given slices that a file holds.
func (q *query) origins(slices ...*model.EndpointSlice) []model.Origin {
	origins := []model.Origin{}
	if q.Service != nil {
		origin := q.Service.Origin
		origin.Rule = q.portRule()
		origins = append(origins, origin)
	}
	for _, s := range slices {
		if !s.Made {
			origins = append(origins, s.Origin)
		}
	}
	return model.SortOrigins(origins)
}

func (q *query) portRule() string {
	for i := range q.Service.Ports {
		if q.Port != nil && q.Service.Ports[i] == *q.Port {
			return fmt.Sprintf("ports[%d]", i)
		}
	}
	return ""
}

// undetermined is the one Path of what netsim cannot know.
func (q *query) undetermined(why string) []Path {
	return []Path{{
		Translation: Translation{By: ByNone},
		Service:     q.step(model.Undetermined, why),
	}}
}

// denied is the one Path of a packet that reaches nobody.
func (q *query) denied(by, why string, sees model.ClientSees) []Path {
	t := Translation{By: by}
	if by != ByNone {
		t.Node = q.node
	}
	return []Path{{Translation: t, Service: q.step(model.Denied, why), ClientSees: sees}}
}
