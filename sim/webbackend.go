package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/model"
)

// dataPlanePods are the pods behind the data plane's Service; why says why there
// are none.
func (w *web) dataPlanePods() (parties []model.Party, why string) {
	plane := w.gateways.DataPlane(w.gateway)
	switch {
	case plane.Service == nil:
		return nil, plane.Why
	}
	for _, slice := range w.index.Slices(plane.Service) {
		for _, e := range slice.Endpoints {
			pod := w.index.Pod(e.PodNamespace, e.PodName)
			known := slices.ContainsFunc(parties, func(p model.Party) bool { return p.Pod == pod })
			if pod != nil && !known && !pod.Finished {
				parties = append(parties, w.index.PodParty(pod, false))
			}
		}
	}
	if len(parties) == 0 {
		return nil, fmt.Sprintf("Service %s/%s selects no pod that was loaded: export the data plane's Deployment too", plane.Service.Namespace, plane.Service.Name)
	}
	return parties, ""
}

// agent is the hop from the data plane to its control plane.
func (w *web) agent(pods []model.Party) {
	target := w.gateways.Agent(w.gateway)
	if target == nil || len(pods) == 0 {
		return
	}
	ref := reference{kind: "Service", name: objectName{target.Service.Namespace, target.Service.Name}, port: portRef{number: target.Port, protocol: model.TCP}}
	ref.text = fmt.Sprintf("%s/svc/%s:%d", target.Service.Namespace, target.Service.Name, target.Port)
	requests, err := w.serviceRequests(ref)
	if err != nil {
		return // the Service was found by this very port
	}
	var paths []Path
	for _, g := range w.groups(pods, requests) {
		paths = append(paths, w.groupPaths(Query{}, ref, g, requests)...)
	}
	hop := Hop{Name: HopAgent, From: podsRef(pods), To: ref.text, Why: target.Why}
	conditions := hop.judged(paths, func(model.ClientSees) model.ClientSees { return w.unready() })
	w.answer.add(hop, conditions)
}

// unready is what a client sees where the data plane has no ready pod: kube-proxy
// refuses, and Cilium lets a client from outside wait. "" where it depends.
func (w *web) unready() model.ClientSees {
	switch {
	case !w.datapath.KubeProxyReplacement && w.from.world:
		return model.SeesRefused
	case w.from.world:
		return model.SeesTimeout
	default:
		return ""
	}
}

// podsRef names the pods of a data plane.
func podsRef(pods []model.Party) string {
	first := pods[0].Pod
	if first.Owner != nil {
		return workloadRef(*first.Owner)
	}
	return partyRef(pods[0])
}

// backend is the hop from the data plane to one backend. The data plane goes to
// endpoints, not to the Service's address.
func (w *web) backend(d gateway.Decision, b gateway.Backend, pods []model.Party, why string) {
	hop := Hop{Name: HopBackend, From: "Gateway " + w.gateway.Ref(), To: b.Ref(), By: []model.Origin{b.At}}
	if len(d.Backends) > 1 {
		hop.Weight = b.Weight
	}
	requests := w.endpointRequests(b)
	w.meet(w.answer, []dnat.Request{{Service: w.index.Service(b.Namespace, b.Service)}})
	switch {
	case b.Status != 0:
		hop.Verdict, hop.ClientSees, hop.Why, hop.Hint = model.Denied, model.SeesHTTP(b.Status), b.Why, b.Hint
	case w.index.Service(b.Namespace, b.Service).Type == model.ExternalNameService:
		hop.Why = fmt.Sprintf("Service %s/%s is of type ExternalName, and whether %s follows that depends on its version", b.Namespace, b.Service, w.gateway.Controller.Name)
	case len(requests) == 0:
		hop.Verdict, hop.ClientSees = model.Denied, model.SeesHTTP(w.gateway.Controller.NoEndpoints)
		hop.Why, hop.Hint = w.noEndpoints(b)
		hop.By = append(hop.By, w.index.Service(b.Namespace, b.Service).Origin)
		if why, by := w.missing(w.index.Service(b.Namespace, b.Service)); why != "" {
			hop.Why, hop.By, hop.Hint = hop.Why+"; "+why, append(hop.By, by...), ""
		}
	case why != "":
		hop.Why = why
	default:
		w.toEndpoints(d, b, pods, requests, hop)
		return
	}
	w.answer.add(hop, nil)
}

func (w *web) toEndpoints(d gateway.Decision, b gateway.Backend, pods []model.Party, requests []dnat.Request, hop Hop) {
	var paths []Path
	if w.gateway.Controller.OnNode {
		hop.From, paths = "ingress", w.envoyPaths(d, b, requests)
	} else {
		hop.From = podsRef(pods)
		to := reference{text: b.Ref(), kind: "Service", frontend: "endpoints"} // no name is looked up
		for _, g := range w.groups(pods, requests) {
			paths = append(paths, w.groupPaths(w.upstreamQuery(d, b), to, g, requests)...)
		}
	}
	conditions := hop.judged(paths, w.upstream(d.Raw))
	w.answer.add(hop, conditions)
}

// upstreamQuery is what the data plane asks a backend.
func (w *web) upstreamQuery(d gateway.Decision, b gateway.Backend) (q Query) {
	if d.Raw {
		q.asks.SNI = w.target.request.SNI
	} else {
		q.asks.HTTP = httpRequest(b.Forward)
	}
	return q
}

// upstream says what a client of the gateway sees of what happens to the data
// plane's own connection.
func (w *web) upstream(raw bool) func(model.ClientSees) model.ClientSees {
	c := w.gateway.Controller
	return func(sees model.ClientSees) model.ClientSees {
		switch {
		case sees == model.SeesHTTP403:
			return sees
		case raw:
			return model.SeesReset
		case sees == model.SeesTimeout:
			return model.SeesHTTP(c.Timeout)
		default:
			return model.SeesHTTP(c.Refused)
		}
	}
}

// endpointRequests are the ready endpoints of a backend, each as a destination.
func (w *web) endpointRequests(b gateway.Backend) []dnat.Request {
	svc := w.index.Service(b.Namespace, b.Service)
	if svc == nil {
		return nil
	}
	port := serviceRequest(svc, portRef{number: b.Port, protocol: model.TCP}, "", netip.Addr{}).Port
	var list []dnat.Request
	for _, slice := range w.index.Slices(svc) {
		for _, p := range slice.Ports {
			if port == nil || p.Name != port.Name || p.Protocol != model.TCP {
				continue
			}
			for _, e := range slice.Endpoints {
				if e.Ready {
					list = append(list, dnat.Request{Frontend: model.FrontendNone, Addr: e.Addr, Destination: w.index.Party(e.Addr), PortNumber: p.Port, Protocol: model.TCP})
				}
			}
		}
	}
	return list
}

// noEndpoints says why a Service has none.
func (w *web) noEndpoints(b gateway.Backend) (why, hint string) {
	svc := w.index.Service(b.Namespace, b.Service)
	why = fmt.Sprintf("Service %s/%s has no ready endpoint for port %d", b.Namespace, b.Service, b.Port)
	if svc.Selector == nil {
		return why, "it has no selector: give it an EndpointSlice"
	}
	var words []string
	for key, value := range svc.Selector {
		words = append(words, key+"="+value)
	}
	slices.Sort(words)
	return why, fmt.Sprintf("its selector is %s: compare it with the labels of the pods, and see whether they are ready", strings.Join(words, ","))
}
