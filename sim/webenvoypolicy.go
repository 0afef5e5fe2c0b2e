package sim

import (
	"fmt"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/model"
)

// envoyHop is what the policies of the ingress endpoint say of the client.
func (w *web) envoyHop(d gateway.Decision) {
	hop := Hop{Name: HopEnvoy, From: w.from.text, To: "ingress", Why: "Envoy asks the ingress policy of the entity ingress about the client, on the port that the client connected to"}
	var paths []Path
	for _, a := range w.arrived {
		packet := model.Packet{Source: a.client, Destination: a.party(), Protocol: model.TCP, Port: a.port}
		steps := w.atEnvoy(model.Ingress, packet, a.port, d)
		if why := w.unsettled(a, packet, steps[0], d); why != "" {
			steps = []model.Step{{Stage: steps[0].Stage, Node: steps[0].Node, By: steps[0].By, Why: why}}
		}
		p := Path{From: pathSource(a.client, a.pods), Translation: Translation{By: dnat.ByNone}, Steps: steps}
		p.conclude(dnat.Path{})
		paths = append(paths, p)
	}
	conditions := hop.judged(paths, w.upstream(d.Raw))
	w.answer.add(hop, conditions)
}

// unsettled says why a verdict on a client is none: policy would say something
// else of what Envoy may see instead.
func (w *web) unsettled(a arrived, packet model.Packet, found model.Step, d gateway.Decision) string {
	if a.unknown != "" {
		packet.Source = model.Party{Kind: model.PartyWorld}
		step := w.atEnvoy(model.Ingress, packet, a.port, d)[0]
		if step.Verdict != model.Allowed || len(step.By) > 0 {
			return a.unknown
		}
	}
	if a.nodePort {
		packet.Port = model.LastNodePort
		if step := w.atEnvoy(model.Ingress, packet, a.port, d)[0]; step.Verdict != found.Verdict {
			return fmt.Sprintf("whether the load balancer, whose address no file gives, sends to port %d or to a NodePort is in no file, and rules for the entity ingress tell them apart", a.port)
		}
	}
	return ""
}

// skippedL7 doubts a denial by HTTP rules for the egress of the ingress endpoint:
// cilium/filter_state_cilium_policy.cc enforceIngressHTTPPolicy never comes to
// them where its ingress has no HTTP rules on the client's port.
func skippedL7(steps []model.Step) []model.Step {
	for i := range steps {
		if steps[i].Stage == model.StageL7 && steps[i].Verdict == model.Denied {
			steps[i].Verdict, steps[i].ClientSees = model.Undetermined, ""
			steps[i].Why += "; but Envoy skips these rules where the ingress policy of the entity ingress has no HTTP rules for the client's port"
		}
	}
	return steps
}

// atEnvoy asks a policy that Envoy holds against a connection. It answers where
// the datapath would drop, and knows neither audit mode nor authentication.
func (w *web) atEnvoy(direction model.Direction, packet model.Packet, asked uint16, d gateway.Decision) []model.Step {
	r := inquiry{dnat.Request{PortNumber: asked}, Query{asks: w.envoyAsks(d)}}
	steps := w.judge(direction, packet, r)
	for i := range steps {
		step := &steps[i]
		switch {
		case step.Stage == model.StageAuth:
			step.Verdict, step.DropReason, step.ClientSees = model.Undetermined, nil, ""
			step.Why = "a rule demands authentication, which the agent does for the datapath: what Envoy makes of such a rule no source settles"
		case w.datapath.On("policy-audit-mode", false) && len(step.By) > 0:
			step.Verdict, step.ClientSees = model.Undetermined, ""
			step.Why = "policy-audit-mode is the datapath's, and whether Envoy keeps to it no source settles"
		case step.Verdict == model.Denied:
			step.DropReason, step.ClientSees = nil, model.SeesHTTP403
			if d.Raw {
				step.ClientSees = model.SeesReset
			}
		}
	}
	return steps
}

// envoyAsks is the request as the backend gets it: Envoy holds HTTP rules against
// what it sends on.
func (w *web) envoyAsks(d gateway.Decision) (asks engine.Request) {
	if w.target.request.Scheme == gateway.HTTPS {
		asks.SNI = w.target.request.SNI
	}
	if !d.Raw {
		asks.HTTP = httpRequest(d.Forward)
	}
	return asks
}
