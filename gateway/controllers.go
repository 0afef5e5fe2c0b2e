package gateway

import (
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// Controller is an implementation of gateways: what makes a data plane of a
// Gateway, and how that answers where the specification leaves it to them.
type Controller struct {
	// Name is what people call it.
	Name string
	// names are the controllerNames of its classes.
	names []string
	// class is the name of the class that its installation brings along.
	class string
	// skipsInvalid is true where invalid backends get no share of the requests
	// while there are valid ones.
	skipsInvalid bool
	// wholeExpressions is true where an expression must match all of a path.
	wholeExpressions bool
	// NoEndpoints is the status where a Service has no ready endpoint.
	NoEndpoints int
	// Timeout and Refused are the statuses where the data plane's connection to
	// an endpoint times out, or is refused.
	Timeout, Refused int
	// secureStatus is the status that sends clients of an Ingress to https.
	secureStatus int
	// OnNode is true where the data plane is Envoy on the nodes, with the
	// identity reserved:ingress, and no pod.
	OnNode bool
	// dataPlane finds the Service of a Gateway's data plane.
	dataPlane func(*Table, *Gateway) DataPlane
	// made are the pods that it makes for a Gateway whose data plane no file
	// holds, nil where it makes none, or they cannot be told from the Gateway.
	made func(*Table, *Gateway) *MadePods
	// agent finds the Service that data plane pods must reach to become ready,
	// nil for none.
	agent func(*Table, *Gateway) *AgentTarget
}

// DataPlane is where a Gateway's traffic is served.
type DataPlane struct {
	// Service is what clients connect to, nil where no file holds it.
	Service *model.Service
	// Why says how it was found, or what was looked for.
	Why string
}

// MadePods are what a controller makes for a Gateway.
type MadePods struct {
	Name   string
	Labels model.Labels
}

// MadePods are the pods of a Gateway's data plane, nil where its controller makes
// none, or is not known.
func (t *Table) MadePods(g *Gateway) *MadePods {
	if g.Controller.made == nil {
		return nil
	}
	return g.Controller.made(t, g)
}

// AgentTarget is where the agent in a data plane pod connects to.
type AgentTarget struct {
	Service *model.Service
	Port    uint16
	Why     string
}

// controllers is the table of the implementations, one file each.
func controllers() []*Controller {
	return []*Controller{nginxGatewayFabric(), ingressNginx(), cilium()}
}

// controllerOf goes by the class's controllerName; without the class's object,
// by the name that an installation gives it. Others are known by nothing but
// the labels that the specification asks for.
func (t *Table) controllerOf(g *Gateway) *Controller {
	name, loaded := t.classes[g.Class]
	for _, c := range controllers() {
		if loaded && slices.Contains(c.names, name) || !loaded && c.class == g.Class {
			return c
		}
	}
	return anyController(name)
}

// DataPlane finds what serves a Gateway.
func (t *Table) DataPlane(g *Gateway) DataPlane { return g.Controller.dataPlane(t, g) }

// Agent is where the pods of a Gateway's data plane have to connect to before
// they become ready, nil for nowhere.
func (t *Table) Agent(g *Gateway) *AgentTarget {
	if g.Controller.agent == nil {
		return nil
	}
	return g.Controller.agent(t, g)
}

// ServedBy finds the Gateway whose data plane a Service is, nil if there is
// none.
func (t *Table) ServedBy(svc *model.Service) *Gateway {
	for _, g := range t.gateways {
		if t.DataPlane(g).Service == svc {
			return g
		}
	}
	return nil
}

// serviceWith finds the first Service in a namespace that satisfies a
// condition.
func (t *Table) serviceWith(namespace string, is func(*model.Service) bool) *model.Service {
	for _, s := range t.index.Cluster.Services {
		if s.Namespace == namespace && is(s) {
			return s
		}
	}
	return nil
}
