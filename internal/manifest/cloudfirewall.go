package manifest

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/model"
)

// cloudFirewall is a document of netsim's own, which docs/cloud-firewall.md
// explains.
type cloudFirewall struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   any    `json:"metadata"`
	Spec       struct {
		AppliesTo    string         `json:"appliesTo"`
		NodeSelector *matchLabels   `json:"nodeSelector"`
		PodSelector  *matchLabels   `json:"podSelector"`
		Namespaces   []string       `json:"namespaces"`
		Subnets      []string       `json:"subnets"`
		Stateful     *bool          `json:"stateful"`
		Ingress      []*ingressRule `json:"ingress"`
		Egress       []*egressRule  `json:"egress"`
	} `json:"spec"`
}

type matchLabels struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

type ingressRule struct {
	From   []string    `json:"from"`
	Ports  []cloudPort `json:"ports"`
	Action string      `json:"action"`
}

type egressRule struct {
	To     []string    `json:"to"`
	Ports  []cloudPort `json:"ports"`
	Action string      `json:"action"`
}

type cloudPort struct {
	Protocol string `json:"protocol"`
	Port     int32  `json:"port"`
	EndPort  int32  `json:"endPort"`
}

// firewallReader reads a CloudFirewall. What it cannot take is an Issue and
// makes the firewall unreadable rather than absent: a rule that got lost would
// open, or close, what nobody stated.
type firewallReader struct {
	*document
	out *model.CloudFirewall
}

func readCloudFirewall(d *document) any {
	r := firewallReader{d, &model.CloudFirewall{Origin: d.origin}}
	var in cloudFirewall
	strict, err := kjson.UnmarshalStrict(d.json, &in, kjson.DisallowUnknownFields)
	if err != nil {
		r.fail(d.typeProblem(err))
		return r.out
	}
	for _, unknown := range strict {
		at, do := fieldRemedy(unknown, reflect.TypeFor[cloudFirewall]())
		r.fail(problem{at, "the field is not known", do})
	}
	r.place(in)
	spec := in.Spec
	r.out.Stateless = spec.Stateful != nil && !*spec.Stateful
	if spec.Ingress == nil && spec.Egress == nil {
		r.fail(problem{"spec", "states neither ingress nor egress", "list what may enter or leave; [] is nothing"})
	}
	r.out.Ingress = each(spec.Ingress, func(i int, rule *ingressRule) model.CloudRule {
		at := index("spec.ingress", i)
		if rule == nil {
			return r.noRule(at)
		}
		return r.rule(at, "from", rule.From, rule.Ports, rule.Action)
	})
	r.out.Egress = each(spec.Egress, func(i int, rule *egressRule) model.CloudRule {
		at := index("spec.egress", i)
		if rule == nil {
			return r.noRule(at)
		}
		return r.rule(at, "to", rule.To, rule.Ports, rule.Action)
	})
	return r.out
}

// each converts a list; one that is absent stays so, and an empty one empty.
func each[From, To any](list []From, convert func(int, From) To) []To {
	if list == nil {
		return nil
	}
	out := make([]To, len(list))
	for i, item := range list {
		out[i] = convert(i, item)
	}
	return out
}

func (r firewallReader) noRule(at string) model.CloudRule {
	r.fail(problem{at, "is empty", "remove it, or write {} for anybody on every port"})
	return model.CloudRule{}
}

func (r firewallReader) fail(p problem) {
	p.says += ": what this firewall lets through is not known"
	r.report(model.Error, p)
	r.out.Unreadable = true
}

// place reads what the firewall applies to.
func (r firewallReader) place(in cloudFirewall) {
	spec := in.Spec
	r.out.AppliesTo = cmp.Or(spec.AppliesTo, model.GuardsNodes)
	places := []string{model.GuardsNodes, model.GuardsPods, model.GuardsSubnets}
	if !slices.Contains(places, r.out.AppliesTo) {
		r.fail(problem{"spec.appliesTo", quoted(spec.AppliesTo) + " is not known", "write " + strings.Join(places, " or ")})
		return
	}
	for _, only := range []struct {
		field, place string
		given        bool
	}{
		{"nodeSelector", model.GuardsNodes, spec.NodeSelector != nil},
		{"podSelector", model.GuardsPods, spec.PodSelector != nil},
		{"namespaces", model.GuardsPods, spec.Namespaces != nil},
		{"subnets", model.GuardsSubnets, spec.Subnets != nil},
	} {
		if only.given && only.place != r.out.AppliesTo {
			r.fail(problem{"spec." + only.field, "does not go with appliesTo: " + r.out.AppliesTo, "write appliesTo: " + only.place + ", or remove it"})
		}
	}
	for _, selector := range []*matchLabels{spec.NodeSelector, spec.PodSelector} {
		if selector != nil {
			r.out.Selector = selector.MatchLabels
		}
	}
	r.out.Namespaces = spec.Namespaces
	for i, text := range spec.Subnets {
		if prefix, ok := r.cidr(index("spec.subnets", i), text); ok {
			r.out.Subnets = append(r.out.Subnets, prefix)
		}
	}
	if r.out.AppliesTo == model.GuardsSubnets && len(spec.Subnets) == 0 {
		r.fail(problem{"spec.subnets", "is missing", "list the address ranges of the subnets"})
	}
}

func (r firewallReader) rule(at, field string, peers []string, ports []cloudPort, action string) model.CloudRule {
	out := model.CloudRule{Deny: action == "deny", Line: r.line(at)}
	if action != "" && action != "allow" && action != "deny" {
		r.fail(problem{at + ".action", quoted(action) + " is not known", "write allow or deny"})
	}
	if peers != nil && len(peers) == 0 || ports != nil && len(ports) == 0 {
		r.fail(problem{at, "has an empty list", "leave " + field + " out for anybody, and ports for every port"})
	}
	for i, text := range peers {
		out.Peers = append(out.Peers, r.peer(index(at+"."+field, i), text))
	}
	for i, port := range ports {
		out.Ports = append(out.Ports, r.ports(index(at+".ports", i), port))
	}
	return out
}

// firewallPrefix begins a peer that is another CloudFirewall.
const firewallPrefix = "firewall/"

func (r firewallReader) peer(at, text string) model.CloudPeer {
	name, named := strings.CutPrefix(text, firewallPrefix)
	switch {
	case text == "nodes":
		return model.CloudPeer{Nodes: true}
	case text == "pods":
		return model.CloudPeer{Pods: true}
	case text == "self":
		return model.CloudPeer{Firewall: r.meta.Name}
	case named && name != "":
		return model.CloudPeer{Firewall: name}
	case text == "world" || text == "any":
		r.fail(problem{at, quoted(text) + " is no peer", "write 0.0.0.0/0 or ::/0, or leave the list out for anybody"})
		return model.CloudPeer{}
	}
	prefix, _ := r.cidr(at, text)
	return model.CloudPeer{CIDR: prefix}
}

func (r firewallReader) cidr(at, text string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		r.fail(problem{at, quoted(text) + " is no CIDR", "write one like 10.0.0.0/16, or nodes, pods, self or firewall/NAME where a rule has its peers"})
		return netip.Prefix{}, false
	}
	return prefix.Masked(), true
}

// ports reads a protocol and its ports; TCP where only a port is given.
func (r firewallReader) ports(at string, in cloudPort) model.CloudPorts {
	known := []model.Protocol{model.TCP, model.UDP, model.SCTP, model.ICMP, model.ICMPv6}
	out := model.CloudPorts{Protocol: model.Protocol(cmp.Or(in.Protocol, string(model.TCP)))}
	last := cmp.Or(in.EndPort, in.Port)
	switch {
	case !slices.Contains(known, out.Protocol):
		r.fail(problem{at + ".protocol", quoted(in.Protocol) + " is no protocol", "write TCP, UDP, SCTP, ICMP or ICMPv6"})
	case in == cloudPort{}:
		r.fail(problem{at, "names neither a port nor a protocol", "write port: 443, or protocol: UDP for all its ports"})
	case in.Port == 0 && in.EndPort == 0:
	case !out.Protocol.HasPorts():
		r.fail(problem{at, string(out.Protocol) + " has no ports", "remove port and endPort"})
	case in.Port < 1 || last > 65535:
		r.fail(problem{at, fmt.Sprintf("%d to %d is no range of ports", in.Port, last), "write numbers from 1 to 65535"})
	case last < in.Port:
		r.fail(problem{at, fmt.Sprintf("endPort %d is below port %d", last, in.Port), "write the lower one as port"})
	default:
		out.First, out.Last = uint16(in.Port), uint16(last)
	}
	return out
}

// checkFirewalls looks for peers that are firewalls which no file holds.
func (o *objects) checkFirewalls() {
	names := map[string]bool{}
	for _, e := range o.entries {
		if f, is := e.value.(*model.CloudFirewall); is {
			names[f.Origin.Name] = true
		}
	}
	for _, e := range o.entries {
		f, is := e.value.(*model.CloudFirewall)
		if !is {
			continue
		}
		for _, rule := range slices.Concat(f.Ingress, f.Egress) {
			for _, peer := range rule.Peers {
				if peer.Firewall != "" && !names[peer.Firewall] {
					firewallReader{e.doc, f}.unknownFirewall(rule.Line, peer.Firewall)
				}
			}
		}
	}
}

func (r firewallReader) unknownFirewall(line int, name string) {
	r.out.Unreadable = true
	r.tell(model.Issue{Severity: model.Error, File: r.origin.File, Line: line,
		Message: r.title() + "no CloudFirewall named " + name + " was loaded: what this firewall lets through is not known",
		Remedy:  "pass its document too, or write the addresses"})
}
