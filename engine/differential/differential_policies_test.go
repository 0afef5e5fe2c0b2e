package differential_test

import "fmt"

var appNames = []string{"a", "b", "c"}

func (w *world) addPolicy(i int) {
	name, namespace := fmt.Sprint("policy", i), pickOne(w, namespaceNames)
	switch draw := w.rnd.IntN(100); {
	case draw < 15:
		w.count("NetworkPolicy")
		w.add("networking.k8s.io/v1", "NetworkPolicy", namespace, name, object{"spec": w.networkPolicy()})
	case draw < 35:
		w.count("ClusterNetworkPolicy")
		w.add("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "", name, object{"spec": w.clusterNetworkPolicy()})
	case draw < 60:
		w.count("CiliumClusterwideNetworkPolicy")
		w.add("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", name, w.ciliumPolicy(w.chance(25)))
	default:
		w.count("CiliumNetworkPolicy")
		w.add("cilium.io/v2", "CiliumNetworkPolicy", namespace, name, w.ciliumPolicy(w.chance(2)))
	}
}

// ciliumPolicy draws the spec of a CNP or CCNP, or several.
func (w *world) ciliumPolicy(host bool) object {
	spec := w.ciliumSpec
	if host {
		w.count("nodeSelector")
		spec = w.hostSpec
	}
	if w.chance(20) {
		w.count("specs")
		return object{"specs": []object{spec(), spec()}}
	}
	return object{"spec": spec()}
}

// hostSpec selects nodes, and so no pod.
func (w *world) hostSpec() object {
	spec := w.ciliumSpec()
	delete(spec, "endpointSelector")
	spec["nodeSelector"] = pickOne(w, []object{
		{}, {}, {"matchLabels": object{"zone": "z1"}}, {"matchLabels": object{"k8s:zone": "z2"}}, {"matchLabels": object{"kubernetes.io/os": "linux"}},
		{"matchExpressions": []object{{"key": "node-role.kubernetes.io/control-plane", "operator": pickOne(w, []string{"Exists", "DoesNotExist"})}}},
		{"matchExpressions": []object{{"key": "zone", "operator": "NotIn", "values": []string{"z1"}}}},
	})
	return spec
}

// ruleList is one of the four lists of rules that a spec has.
type ruleList struct {
	name, peer string
	deny       bool
}

var ruleLists = []ruleList{{"ingress", "from", false}, {"egress", "to", false}, {"ingressDeny", "from", true}, {"egressDeny", "to", true}}

func (w *world) ciliumSpec() object {
	spec := object{"endpointSelector": w.subject()}
	for _, list := range ruleLists {
		if w.chance(map[bool]int{false: 60, true: 25}[list.deny]) {
			spec[list.name] = w.rules(list)
		}
	}
	if len(spec) == 1 {
		spec["ingress"] = w.rules(ruleLists[0])
	}
	if w.chance(20) {
		w.count("enableDefaultDeny")
		spec["enableDefaultDeny"] = object{"ingress": w.chance(30), "egress": w.chance(30)}
	}
	return spec
}

func (w *world) rules(list ruleList) []object {
	w.count(list.name)
	switch w.rnd.IntN(15) {
	case 0:
		w.count("rules []")
		return []object{}
	case 1:
		w.count("rules [{}]")
		return []object{{}}
	}
	rules := []object{w.rule(list)}
	if w.chance(50) {
		rules = append(rules, w.rule(list))
	}
	return rules
}

// subject draws whom a policy selects.
func (w *world) subject() object {
	switch w.rnd.IntN(6) {
	case 0:
		return object{}
	case 1:
		return object{"matchLabels": object{"io.cilium.k8s.policy.serviceaccount": "robot"}}
	case 2:
		return object{"matchExpressions": []object{w.expression()}}
	default:
		return object{"matchLabels": object{"app": pickOne(w, appNames)}}
	}
}

// expression draws a requirement, often on a label that not all have.
func (w *world) expression() object {
	e := object{"key": pickOne(w, []string{"app", "tier", "absent", "io.cilium.k8s.namespace.labels.team", "k8s:tier"}), "operator": pickOne(w, []string{"In", "NotIn", "Exists", "DoesNotExist"})}
	w.count("operator " + e["operator"].(string))
	if e["operator"] == "In" || e["operator"] == "NotIn" {
		e["values"] = []string{"a", "y", "red"}
	}
	return e
}

// labels that peers are selected by, with and without the source's prefix.
func (w *world) peerLabels() object {
	feature := pickOne(w, []string{"plain", "plain", "any:", "k8s:", "namespace", "namespace labels", "service account", "cluster", "reserved:"})
	w.count("labels " + feature)
	app := pickOne(w, appNames)
	switch feature {
	case "any:", "k8s:":
		return object{feature + "app": app}
	case "namespace":
		return object{"app": app, pickOne(w, []string{"k8s:", ""}) + "io.kubernetes.pod.namespace": pickOne(w, namespaceNames)}
	case "namespace labels":
		return object{"k8s:io.cilium.k8s.namespace.labels.team": pickOne(w, []string{"blue", "red"})}
	case "service account":
		return object{"io.cilium.k8s.policy.serviceaccount": "robot"}
	case "cluster":
		return object{"app": app, "io.cilium.k8s.policy.cluster": pickOne(w, clusterNames)}
	case "reserved:":
		return object{"reserved:" + pickOne(w, []string{"host", "remote-node", "world", "kube-apiserver", "health"}): ""}
	default:
		return object{"app": app}
	}
}

func (w *world) peerSelector() object {
	switch w.rnd.IntN(8) {
	case 0:
		return object{}
	case 1, 2:
		return object{"matchExpressions": []object{w.expression()}}
	case 3:
		return object{"matchLabels": w.peerLabels(), "matchExpressions": []object{w.expression()}}
	default:
		return object{"matchLabels": w.peerLabels()}
	}
}
