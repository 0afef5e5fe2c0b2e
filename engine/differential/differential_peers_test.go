package differential_test

import "fmt"

var entities = []string{"all", "world", "world", "cluster", "cluster-mesh", "host", "init", "ingress", "unmanaged", "remote-node", "health", "none", "kube-apiserver"}

// peerKinds are the ways to say whom a rule means. The unknown ones are drawn
// only in a cluster of theirs.
var peerKinds = []string{
	"Endpoints", "Endpoints", "Endpoints", "Endpoints [{}]", "Endpoints []", "Entities", "Entities", "Entities []", "CIDR", "CIDR", "CIDR []",
	"CIDRSet except", "CIDRSet group", "CIDRSet groupSelector", "CIDRSet groupSelector {}", "Nodes", "Services", "Services unresolved", "absent", "unknown",
}

// rule draws one rule of a list.
func (w *world) rule(list ruleList) object {
	r := object{}
	kind := pickOne(w, peerKinds)
	if kind == "unknown" {
		kind = w.unknown
	}
	if kind == "Services unresolved" || kind == "Services" {
		if list.peer == "from" {
			kind = "Endpoints"
		}
	}
	if kind == "FQDNs" && list.name != "egress" || kind == "" {
		kind = "absent"
	}
	w.peers(r, list, kind)
	w.count("peers " + kind)
	if list.deny {
		w.count("deny " + kind)
	}
	w.addPorts(r, list)
	if !list.deny && w.chance(12) {
		w.count("authentication")
		r["authentication"] = object{"mode": pickOne(w, []string{"required", "disabled"})}
	}
	return r
}

func (w *world) peers(r object, list ruleList, kind string) {
	switch kind {
	case "Endpoints":
		r[list.peer+"Endpoints"] = several(w, w.peerSelector)
	case "Endpoints [{}]":
		r[list.peer+"Endpoints"] = []object{{}}
	case "Endpoints []", "Entities []", "CIDR []":
		r[list.peer+kind[:len(kind)-3]] = []object{}
	case "Entities":
		r[list.peer+"Entities"] = several(w, func() string {
			e := pickOne(w, entities)
			w.count("entity " + e)
			return e
		})
	case "CIDR":
		r[list.peer+"CIDR"] = several(w, func() string { return pickOne(w, cidrs) })
	case "CIDRSet except", "CIDRSet group", "CIDRSet groupSelector", "CIDRSet groupSelector {}":
		r[list.peer+"CIDRSet"] = several(w, func() object { return w.cidrRule(kind) })
	case "Nodes":
		r[list.peer+"Nodes"] = []object{w.nodeSelector()}
	case "Services", "Services unresolved":
		r["toServices"] = several(w, func() object { return w.serviceRef(kind) })
	case "FQDNs":
		r["toFQDNs"] = []object{{"matchName": fqdn}}
	case "Groups":
		r[list.peer+"Groups"] = []object{cloudGroup}
	}
}

const fqdn = "example.org"

var cloudGroup = object{"aws": object{"securityGroupsNames": []string{"sg"}}}

// several draws one or two.
func several[T any](w *world, draw func() T) []T {
	out := []T{draw()}
	if w.chance(25) {
		out = append(out, draw())
	}
	return out
}

func (w *world) cidrRule(kind string) object {
	c := object{"cidr": "203.0.113.0/24"}
	switch kind {
	case "CIDRSet group":
		c = object{"cidrGroupRef": pickOne(w, []string{"g0", "g1", "missing"})}
	case "CIDRSet groupSelector":
		c = object{"cidrGroupSelector": pickOne(w, []object{
			{"matchLabels": object{"zone": "z1"}}, {"matchLabels": object{"zone": "z2"}},
			{"matchExpressions": []object{{"key": "zone", "operator": "Exists"}}}, {"matchExpressions": []object{{"key": "zone", "operator": "NotIn", "values": []string{"z1"}}}},
		})}
	}
	if kind == "CIDRSet groupSelector {}" {
		c = object{"cidrGroupSelector": object{}}
	}
	if kind == "CIDRSet except" && w.chance(30) {
		c["cidr"] = "0.0.0.0/0"
	}
	if kind == "CIDRSet except" || w.chance(25) {
		c["except"] = pickOne(w, [][]string{{"203.0.113.128/25"}, {"203.0.113.0/25"}, {"203.0.113.8/29", "203.0.113.200/32"}})
	}
	return c
}

func (w *world) nodeSelector() object {
	return pickOne(w, []object{
		{}, {"matchLabels": object{"zone": "z1"}}, {"matchLabels": object{"node:zone": "z2"}},
		{"matchExpressions": []object{{"key": "node-role.kubernetes.io/control-plane", "operator": pickOne(w, []string{"Exists", "DoesNotExist"})}}},
	})
}

func (w *world) serviceRef(kind string) object {
	if kind == "Services unresolved" {
		return object{"k8sService": object{"serviceName": "nobody", "namespace": "dev"}}
	}
	s := pickOne(w, w.services)
	w.count(fmt.Sprint("toServices with selector ", len(s.selector) > 0))
	if w.chance(40) {
		w.count("k8sServiceSelector")
		return object{"k8sServiceSelector": object{"selector": object{"matchLabels": object{"of": pickOne(w, []string{"shop", "bank"})}}, "namespace": s.namespace}}
	}
	return object{"k8sService": object{"serviceName": s.name, "namespace": s.namespace}}
}
