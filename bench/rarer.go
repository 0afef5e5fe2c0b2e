package bench

import "fmt"

// partners is the CIDR group that some policies name.
const partners = "partners"

func cidrGroup() object {
	return object{
		"apiVersion": "cilium.io/v2", "kind": "CiliumCIDRGroup", "metadata": object{"name": partners},
		"spec": object{"externalCIDRs": []string{"203.0.113.0/25", "203.0.113.128/26"}},
	}
}

// anyProtocol is a port without one, which stands for all.
func anyProtocol(g *generator, subject *app) object {
	peer := g.next(subject)
	rule := g.peers("toEndpoints", subject, peer, peer.port)
	rule["toPorts"] = []object{{"ports": []object{{"port": fmt.Sprint(peer.port)}}}}
	return rule
}

func exceptCIDR(g *generator, _ *app) object {
	third := g.random.IntN(256)
	return object{"toCIDRSet": []object{{
		"cidr": fmt.Sprintf("198.19.%d.0/24", third), "except": []string{fmt.Sprintf("198.19.%d.64/26", third)},
	}}}
}

func portRange(g *generator, subject *app) object {
	rule := g.peers("toEndpoints", subject, g.next(subject), 8000)
	rule["toPorts"] = []object{{"ports": []object{{"port": "8000", "endPort": 8999, "protocol": "TCP"}}}}
	return rule
}

func authenticated(g *generator, subject *app) object {
	rule := fromEndpoints(g, subject)
	rule["authentication"] = object{"mode": "required"}
	return rule
}

// clusterNetworkPolicy is one that an administrator writes for the namespace of
// an app: what it does not pass on or settle is the team's to decide.
func (g *generator) clusterNetworkPolicy(a *app, name string) object {
	tier, actions := "Admin", []string{"Accept", "Pass", "Deny"}
	if g.chance(50) {
		tier, actions = "Baseline", []string{"Accept", "Deny"}
	}
	return object{
		"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
		"metadata": object{"name": a.namespace + "-" + name},
		"spec": object{
			"tier": tier, "priority": g.random.IntN(1000), "subject": object{"namespaces": team(a.namespace)},
			"ingress": g.tierRules(a, actions),
		},
	}
}

// tierRules are one rule for each action: the first for the app's caller, the
// others for namespaces drawn by lot.
func (g *generator) tierRules(a *app, actions []string) []object {
	from := team(g.caller(a).namespace)
	var rules []object
	for _, action := range actions {
		if g.shape.Wide {
			from = g.anyTeam()
		}
		rules = append(rules, object{
			"action": action, "from": []object{{"namespaces": from}},
			"protocols": []object{{"tcp": object{"destinationPort": object{"number": a.port}}}},
		})
		from = team(teamName(g.random.IntN(g.shape.namespaces())))
	}
	return rules
}

func team(name string) object { return object{"matchLabels": object{"team": name}} }
