package differential_test

// networkPolicy draws the spec of a Kubernetes NetworkPolicy.
func (w *world) networkPolicy() object {
	spec := object{"podSelector": w.plainSelector(), "policyTypes": []string{"Ingress"}}
	field, peers := "ingress", "from"
	if w.chance(50) {
		spec["policyTypes"] = []string{"Egress"}
		field, peers = "egress", "to"
	}
	switch w.rnd.IntN(8) {
	case 0:
		w.count("np no rules")
		return spec
	case 1:
		w.count("np [{}]")
		spec[field] = []object{{}}
		return spec
	}
	r := object{}
	kind := pickOne(w, []string{"podSelector", "namespaceSelector", "both", "ipBlock", "ipBlock"})
	w.count("np " + kind)
	switch kind {
	case "podSelector":
		r[peers] = []object{{"podSelector": w.plainSelector()}}
	case "namespaceSelector":
		r[peers] = []object{{"namespaceSelector": object{"matchLabels": object{"team": "red"}}}}
	case "both":
		r[peers] = []object{{"podSelector": w.plainSelector()}, {"namespaceSelector": object{}, "podSelector": w.plainSelector()}}
	case "ipBlock":
		r[peers] = []object{{"ipBlock": pickOne(w, []object{{"cidr": "203.0.113.0/24", "except": []string{"203.0.113.0/28"}}, {"cidr": "0.0.0.0/0"}, {"cidr": "2001:db8::/32"}, {"cidr": "10.0.0.0/8"}})}}
	}
	if w.chance(60) {
		w.count("np ports")
		r["ports"] = []object{pickOne(w, []object{
			{"port": pickOne(w, portNumbers), "protocol": "TCP"}, {"port": pickOne(w, portNumbers)}, {"protocol": "UDP"},
			{"port": "web", "protocol": "TCP"}, {"port": 8000, "endPort": 8443, "protocol": "TCP"}, {"port": pickOne(w, portNumbers), "protocol": "SCTP"},
		})}
	}
	spec[field] = []object{r}
	return spec
}

func (w *world) plainSelector() object {
	switch w.rnd.IntN(6) {
	case 0:
		return object{}
	case 1:
		return object{"matchExpressions": []object{{"key": "tier", "operator": pickOne(w, []string{"Exists", "DoesNotExist"})}}}
	case 2:
		return object{"matchExpressions": []object{{"key": "tier", "operator": "NotIn", "values": []string{"x"}}}}
	default:
		return object{"matchLabels": object{"app": pickOne(w, appNames)}}
	}
}

// clusterNetworkPolicy draws the spec of a ClusterNetworkPolicy. Few
// priorities, so that rules of equal rank meet.
func (w *world) clusterNetworkPolicy() object {
	tier := pickOne(w, []string{"Admin", "Baseline"})
	w.count("tier " + tier)
	spec := object{"tier": tier, "priority": w.rnd.IntN(3), "subject": object{"namespaces": object{}}}
	if w.chance(50) {
		spec["subject"] = object{"pods": w.namespacedPod()}
	}
	for _, list := range ruleLists[:2] {
		var rules []object
		for range 1 + w.rnd.IntN(3) {
			rules = append(rules, w.tierRule(list))
		}
		if w.chance(70) {
			spec[list.name] = rules
		}
	}
	return spec
}

func (w *world) tierRule(list ruleList) object {
	action := pickOne(w, []string{"Accept", "Deny", "Pass"})
	w.count("action " + action)
	r := object{"action": action, list.peer: several(w, func() object { return w.tierPeer(list) })}
	if w.chance(60) {
		r["protocols"] = []object{pickOne(w, []object{
			{"tcp": object{"destinationPort": object{"number": pickOne(w, portNumbers)}}},
			{"udp": object{"destinationPort": object{"number": pickOne(w, portNumbers)}}},
			{"sctp": object{"destinationPort": object{"number": pickOne(w, portNumbers)}}},
			{"tcp": object{"destinationPort": object{"range": object{"start": 8000, "end": 8443}}}},
			{"destinationNamedPort": "web"},
		})}
	}
	return r
}

func (w *world) tierPeer(list ruleList) object {
	switch draw := w.rnd.IntN(10); {
	case draw < 3 && list.name == "egress":
		w.count("peers networks")
		return object{"networks": []string{pickOne(w, cidrs)}}
	case draw < 4 && list.name == "egress":
		w.count("peers nodes of a ClusterNetworkPolicy")
		return object{"nodes": object{"matchLabels": object{"zone": "z1"}}}
	case draw < 5:
		return object{"namespaces": object{}}
	case draw < 6:
		return object{"namespaces": object{"matchLabels": object{"team": "red"}}}
	default:
		return object{"pods": w.namespacedPod()}
	}
}

func (w *world) namespacedPod() object {
	return object{"namespaceSelector": object{}, "podSelector": w.plainSelector()}
}
