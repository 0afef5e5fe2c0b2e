package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// apply does what a rule says.
func (t *Table) apply(d *Decision, g *Gateway, l *listener, r Request, c candidate) {
	d.Why = fmt.Sprintf("%s takes it by %s", ruleName(c), c.match)
	if d.Raw {
		d.Why = ruleName(c) + " takes the connection"
	}
	d.Conditions = append(d.Conditions, c.rule.conditions...)
	if c.route.secured && r.Scheme == HTTP && g.Controller.secureStatus > 0 {
		d.Status, d.Location = g.Controller.secureStatus, fmt.Sprintf("https://%s%s", canonicalHost(r.Host), r.Path)
		d.Why += ", and sends the client to " + d.Location + ", since the host has TLS"
		return
	}
	for _, f := range c.rule.filters {
		d.filter(f, l, r, *c.match)
	}
	if d.Status != 0 || d.Unknown != "" {
		return
	}
	for _, b := range c.rule.backends {
		if deref(b.Weight, 1) > 0 {
			d.Backends = append(d.Backends, t.backend(*d, b, c, l))
		}
	}
	d.settle(g)
}

func ruleName(c candidate) string {
	name := fmt.Sprintf("%s %s/%s", c.route.kind, c.route.namespace, c.route.name)
	if c.rule.at.Rule != "" {
		name += " " + c.rule.at.Rule
	}
	return name
}

// settle answers by itself where no backend is any good. Cilium leaves invalid
// backends out while there are others: v1.20.2
// operator/pkg/model/ingestion/gateway.go extractRoutes.
func (d *Decision) settle(g *Gateway) {
	valid := slices.DeleteFunc(slices.Clone(d.Backends), func(b Backend) bool { return b.Status != 0 })
	switch {
	case len(d.Backends) == 0:
		d.Status, d.Why = 500, d.Why+", and has no backend with a weight"
		d.Hint = "give the rule a backendRef with a weight above 0"
	case len(valid) == 0:
		first := d.Backends[0]
		d.Status, d.Why, d.Hint, d.By = first.Status, d.Why+", and "+first.Why, first.Hint, []model.Origin{first.At}
	case g.Controller != nil && g.Controller.skipsInvalid:
		d.Backends = valid
	}
	if d.Raw && d.Status != 0 {
		d.Status, d.Sees = 0, model.SeesReset
	}
}

// backend looks a backendRef up. Source of the statuses: gateway-api v1.6.1
// apis/v1 httproute_types.go HTTPRouteRule.BackendRefs.
func (t *Table) backend(d Decision, b backendRef, c candidate, l *listener) Backend {
	group, kind := string(deref(b.Group, "")), string(deref(b.Kind, "Service"))
	namespace := string(deref(b.Namespace, gatewayapi.Namespace(c.route.namespace)))
	out := Backend{
		Namespace: namespace, Service: string(b.Name), Port: uint16(deref(b.Port, 0)), Weight: int(deref(b.Weight, 1)),
		At: b.at, Forward: d.Forward,
	}
	for _, f := range b.filters {
		d.filter(f, l, d.Forward, *c.match)
	}
	out.Forward = d.Forward
	name := fmt.Sprintf("%s/%s", namespace, b.Name)
	svc := t.index.Service(namespace, string(b.Name))
	switch {
	case group != "" || kind != "Service":
		out.fail(fmt.Sprintf("its backend %s is a %s, which is no Service", name, strings.Trim(group+"/"+kind, "/")), "name a Service")
	case !t.granted(reference{gatewayGroup, c.route.kind, c.route.namespace, "", "Service", namespace, string(b.Name)}):
		out.fail(fmt.Sprintf("no ReferenceGrant in namespace %s lets an %s of namespace %s use Service %s", namespace, c.route.kind, c.route.namespace, name),
			fmt.Sprintf("add a ReferenceGrant in namespace %s, from %s in %s to Services", namespace, c.route.kind, c.route.namespace))
	case svc == nil:
		out.fail(fmt.Sprintf("its backend Service %s is in no file", name), "name a Service that there is, or load the file that holds it")
	default:
		out.findPort(svc, b)
	}
	return out
}

func (b *Backend) fail(why, hint string) { b.Status, b.Why, b.Hint = 500, why, hint }

// findPort checks that the Service has the port.
func (b *Backend) findPort(svc *model.Service, ref backendRef) {
	var has []string
	for _, p := range svc.Ports {
		if p.Protocol == model.TCP && (p.Port == b.Port || ref.portName != "" && p.Name == ref.portName) {
			b.Port = p.Port
			return
		}
		has = append(has, strconv.Itoa(int(p.Port)))
	}
	asked := cmp.Or(ref.portName, strconv.Itoa(int(b.Port)))
	b.fail(fmt.Sprintf("Service %s/%s has no port %s: it has %s", b.Namespace, b.Service, asked, strings.Join(has, ", ")),
		"a backendRef names the Service's port, not the container's: write "+strings.Join(has, " or "))
}
